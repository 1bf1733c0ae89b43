#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "libs/http/message.h"

// Errors as problem details (RFC 9457).
namespace agentflow::http {

// 400 for INVALID_ARGUMENT, 404 for NOT_FOUND, ...: the table of google/rpc/code.proto. Reasons
// that HTTP has a status of its own for get that: BODY_TOO_LARGE 413, METHOD_NOT_ALLOWED 405,
// MEDIA_TYPE_UNSUPPORTED 415, HEADER_TOO_LARGE 431.
int HttpStatusOf(const absl::Status& status);

// {type, title, status, detail, instance, reason, requestId, ...metadata}, without empty ones. Adds
// Retry-After for errors that say when to try again, Allow for METHOD_NOT_ALLOWED, WWW-Authenticate
// for 401.
Response ProblemResponse(const absl::Status& status, std::string_view instance,
                         std::string_view request_id);

}  // namespace agentflow::http
