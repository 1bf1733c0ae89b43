#include "libs/http/problem.h"

#include <algorithm>
#include <cstdlib>

#include "libs/base/status.h"
#include "libs/json/value.h"

namespace agentflow::http {

int HttpStatusOf(const absl::Status& status) {
  const std::string reason = ReasonOf(status);
  if (reason == "BODY_TOO_LARGE" || reason == "MESSAGE_TOO_LARGE") return 413;
  if (reason == "METHOD_NOT_ALLOWED") return 405;
  if (reason == "MEDIA_TYPE_UNSUPPORTED") return 415;
  if (reason == "HEADER_TOO_LARGE") return 431;
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return 200;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kOutOfRange:
      return 400;
    case absl::StatusCode::kUnauthenticated:
      return 401;
    case absl::StatusCode::kPermissionDenied:
      return 403;
    case absl::StatusCode::kNotFound:
      return 404;
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kAlreadyExists:
      return 409;
    case absl::StatusCode::kResourceExhausted:
      return 429;
    case absl::StatusCode::kCancelled:
      return 499;
    case absl::StatusCode::kUnimplemented:
      return 501;
    case absl::StatusCode::kUnavailable:
      return 503;
    case absl::StatusCode::kDeadlineExceeded:
      return 504;
    default:
      return 500;
  }
}

Response ProblemResponse(const absl::Status& status, std::string_view instance,
                         std::string_view request_id) {
  const int code = HttpStatusOf(status);
  const std::string reason = ReasonOf(status);
  const ErrorMetadata metadata = MetadataOf(status);
  json::Object problem;
  for (const auto& [key, value] : metadata) {
    if (!value.empty()) problem.Set(key, value);
  }
  problem.Set("type", "https://agentflow.dev/errors/" + reason);
  problem.Set("title", absl::StatusCodeToString(status.code()));
  problem.Set("status", code);
  problem.Set("detail", MessageOf(status));
  if (!instance.empty()) problem.Set("instance", std::string(instance));
  problem.Set("reason", reason);
  if (!request_id.empty()) problem.Set("requestId", std::string(request_id));
  Response response{code, {{"Content-Type", "application/problem+json"}}, json::Dump(problem)};
  if (auto it = metadata.find(kErrorRetryAfterMs); it != metadata.end()) {
    long ms = std::strtol(it->second.c_str(), nullptr, 10);
    response.headers.Add("Retry-After", std::to_string(std::max(1L, (ms + 999) / 1000)));
  }
  if (auto it = metadata.find("allow"); it != metadata.end() && code == 405) {
    response.headers.Add("Allow", it->second);
  }
  if (code == 401) response.headers.Add("WWW-Authenticate", "Bearer realm=\"agentflow\"");
  return response;
}

}  // namespace agentflow::http
