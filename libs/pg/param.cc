#include "libs/pg/param.h"

#include <charconv>
#include <cstdio>
#include <ctime>

namespace agentflow::pg {
namespace {

template <typename T, typename F>
std::string ArrayText(const T& array, const F& append) {
  std::string out = "{";
  for (const auto& element : array) {
    if (out.size() > 1) out += ',';
    append(out, element);
  }
  return out + "}";
}

// Reads exactly `digits` digits at `at`; -1 where there are none.
int ReadDigits(std::string_view text, size_t at, size_t digits) {
  int value = -1;
  if (at + digits > text.size()) return -1;
  auto [end, error] = std::from_chars(text.data() + at, text.data() + at + digits, value);
  return error == std::errc() && end == text.data() + at + digits ? value : -1;
}

}  // namespace

Param::Param(double value) {
  char buffer[40];
  auto [end, error] = std::to_chars(buffer, buffer + sizeof(buffer), value);
  text_ = std::string(buffer, end);
}

Param::Param(Timestamp value) : text_(FormatTimestamp(value.micros)) {}

Param::Param(Bytea value) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out = "\\x";
  out.reserve(2 + 2 * value.bytes.size());
  for (unsigned char byte : value.bytes) {
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  }
  text_ = std::move(out);
}

Param::Param(std::span<const std::string> array)
    : text_(ArrayText(array, [](std::string& out, const std::string& element) {
        out += '"';
        for (char c : element) {
          if (c == '"' || c == '\\') out += '\\';
          out += c;
        }
        out += '"';
      })) {}

Param::Param(const std::vector<int64_t>& array)
    : text_(ArrayText(array,
                      [](std::string& out, int64_t element) { out += std::to_string(element); })) {}

Param::Param(const std::vector<Uuid>& array)
    : text_(ArrayText(array, [](std::string& out, const Uuid& id) { out += id.ToString(); })) {}

std::string FormatTimestamp(UnixMicros micros) {
  std::time_t seconds = micros / 1'000'000;
  int64_t fraction = micros % 1'000'000;
  if (fraction < 0) {
    fraction += 1'000'000;
    --seconds;
  }
  std::tm tm{};
  gmtime_r(&seconds, &tm);
  char buffer[64];
  std::snprintf(buffer, sizeof(buffer), "%04d-%02d-%02d %02d:%02d:%02d.%06d+00", tm.tm_year + 1900,
                tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
                static_cast<int>(fraction));
  return buffer;
}

std::optional<UnixMicros> ParseTimestamp(std::string_view text) {
  std::tm tm{};
  tm.tm_year = ReadDigits(text, 0, 4) - 1900;
  tm.tm_mon = ReadDigits(text, 5, 2) - 1;
  tm.tm_mday = ReadDigits(text, 8, 2);
  tm.tm_hour = ReadDigits(text, 11, 2);
  tm.tm_min = ReadDigits(text, 14, 2);
  tm.tm_sec = ReadDigits(text, 17, 2);
  if (tm.tm_mon < 0 || tm.tm_mday < 1 || tm.tm_hour < 0 || tm.tm_min < 0 || tm.tm_sec < 0) {
    return std::nullopt;
  }
  int64_t fraction = 0;
  size_t at = 19;
  if (at < text.size() && text[at] == '.') {
    int64_t unit = 100'000;
    for (++at; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, unit /= 10) {
      fraction += unit * (text[at] - '0');
    }
  }
  if (text.substr(at) != "+00") return std::nullopt;
  return static_cast<int64_t>(timegm(&tm)) * 1'000'000 + fraction;
}

}  // namespace agentflow::pg
