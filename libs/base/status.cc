#include "libs/base/status.h"

#include <cstdio>
#include <cstdlib>
#include <optional>

#include "absl/strings/cord.h"
#include "absl/strings/string_view.h"

namespace agentflow {
namespace {

constexpr char kReasonUrl[] = "agentflow/reason";
constexpr char kMetadataUrl[] = "agentflow/metadata";

// absl::string_view is a type of its own in this build of Abseil; this is the one bridge.
absl::string_view ToAbsl(std::string_view text) { return {text.data(), text.size()}; }

// Each text is preceded by its length, so that any byte may occur in it.
void AppendText(std::string& out, const std::string& text) {
  out += std::to_string(text.size());
  out += ':';
  out += text;
}

std::string TakeText(std::string_view& in) {
  size_t colon = in.find(':');
  if (colon == std::string_view::npos) return {};
  size_t size = std::strtoul(std::string(in.substr(0, colon)).c_str(), nullptr, 10);
  std::string text(in.substr(colon + 1, size));
  in.remove_prefix(colon + 1 + text.size());
  return text;
}

}  // namespace

absl::Status Error(absl::StatusCode code, std::string_view reason, std::string_view message,
                   ErrorMetadata metadata) {
  absl::Status status(code, ToAbsl(message));
  status.SetPayload(kReasonUrl, absl::Cord(ToAbsl(reason)));
  if (!metadata.empty()) {
    std::string encoded;
    for (const auto& [key, value] : metadata) {
      AppendText(encoded, key);
      AppendText(encoded, value);
    }
    status.SetPayload(kMetadataUrl, absl::Cord(encoded));
  }
  return status;
}

absl::Status InvalidArgument(std::string_view reason, std::string_view field,
                             std::string_view message) {
  return Error(absl::StatusCode::kInvalidArgument, reason, message,
               {{kErrorField, std::string(field)}});
}

absl::Status NotFound(std::string_view reason, std::string_view message) {
  return Error(absl::StatusCode::kNotFound, reason, message);
}

absl::Status FailedPrecondition(std::string_view reason, std::string_view message) {
  return Error(absl::StatusCode::kFailedPrecondition, reason, message);
}

absl::Status Unavailable(std::string_view reason, std::string_view message) {
  return Error(absl::StatusCode::kUnavailable, reason, message);
}

absl::Status Internal(std::string_view reason, std::string_view message) {
  return Error(absl::StatusCode::kInternal, reason, message);
}

std::string ReasonOf(const absl::Status& status) {
  if (auto payload = status.GetPayload(kReasonUrl)) return std::string(*payload);
  return absl::StatusCodeToString(status.code());
}

ErrorMetadata MetadataOf(const absl::Status& status) {
  ErrorMetadata metadata;
  auto payload = status.GetPayload(kMetadataUrl);
  if (!payload) return metadata;
  std::string encoded(*payload);
  std::string_view rest = encoded;
  while (!rest.empty()) {
    std::string key = TakeText(rest);
    metadata[key] = TakeText(rest);
  }
  return metadata;
}

std::string MessageOf(const absl::Status& status) { return std::string(status.message()); }

absl::Status Annotate(const absl::Status& status, std::string_view prefix) {
  if (status.ok()) return status;
  absl::Status annotated(status.code(),
                         ToAbsl(std::string(prefix) + ": " + std::string(status.message())));
  status.ForEachPayload([&](absl::string_view url, const absl::Cord& payload) {
    annotated.SetPayload(url, payload);
  });
  return annotated;
}

bool IsRetryable(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kDeadlineExceeded:
      return true;
    default:
      return false;
  }
}

void CheckFailed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: broken invariant: %s\n", file, line, condition);
  std::abort();
}

}  // namespace agentflow
