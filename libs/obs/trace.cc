#include "libs/obs/trace.h"

#include <algorithm>
#include <cstdint>

namespace agentflow::obs {
namespace {

bool IsLowerHex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool IsZero(std::string_view text) {
  return text.find_first_not_of('0') == std::string_view::npos;
}

void AppendHex(std::string& out, uint64_t number) {
  constexpr char kDigits[] = "0123456789abcdef";
  for (int shift = 60; shift >= 0; shift -= 4) out += kDigits[(number >> shift) & 15];
}

std::string RandomSpan(Random& random) {
  std::string out;
  uint64_t number = 0;
  while (number == 0) number = random.Next();
  AppendHex(out, number);
  return out;
}

}  // namespace

std::string TraceContext::ToTraceparent() const {
  if (empty()) return {};
  std::string out;
  out.reserve(55);
  out += "00-";
  out += trace_id;
  out += '-';
  out += span_id;
  out += sampled ? "-01" : "-00";
  return out;
}

TraceContext TraceContext::Child(Random& random) const {
  return {trace_id, RandomSpan(random), sampled};
}

TraceContext TraceContext::Make(Random& random) {
  return {RandomSpan(random) + RandomSpan(random), RandomSpan(random), true};
}

std::optional<TraceContext> TraceContext::Parse(std::string_view traceparent) {
  // Later versions may append fields; version ff is forbidden.
  if (traceparent.size() < 55 || traceparent[2] != '-' || traceparent[35] != '-' ||
      traceparent[52] != '-') {
    return std::nullopt;
  }
  std::string_view version = traceparent.substr(0, 2);
  std::string_view trace_id = traceparent.substr(3, 32);
  std::string_view span_id = traceparent.substr(36, 16);
  std::string_view flags = traceparent.substr(53, 2);
  if (!IsLowerHex(version) || !IsLowerHex(trace_id) || !IsLowerHex(span_id) || !IsLowerHex(flags) ||
      version == "ff" || IsZero(trace_id) || IsZero(span_id)) {
    return std::nullopt;
  }
  if (traceparent.size() > 55 && (version == "00" || traceparent[55] != '-')) return std::nullopt;
  int low = flags[1] <= '9' ? flags[1] - '0' : flags[1] - 'a' + 10;
  return TraceContext{std::string(trace_id), std::string(span_id), (low & 1) != 0};
}

}  // namespace agentflow::obs
