#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// How everything fallible in this tree reports failure.
//
// An error has a canonical code, one reason (UPPER_SNAKE, stable, what programs match on), a
// message for people that says what to do next, and metadata: which field, which limit, when to
// try again. At the edge they become google.rpc.ErrorInfo and RFC 9457 problem details.
namespace agentflow {

using ErrorMetadata = std::map<std::string, std::string>;

// Keys of ErrorMetadata with a meaning everywhere.
inline constexpr char kErrorField[] = "field";               // path of the field at fault
inline constexpr char kErrorLimit[] = "limit";               // name of the limit that was met
inline constexpr char kErrorRetryAfterMs[] = "retryAfterMs";  // when trying again makes sense

absl::Status Error(absl::StatusCode code, std::string_view reason, std::string_view message,
                   ErrorMetadata metadata = {});

// Shorthands for the codes that handlers use most.
absl::Status InvalidArgument(std::string_view reason, std::string_view field,
                             std::string_view message);
absl::Status NotFound(std::string_view reason, std::string_view message);
absl::Status FailedPrecondition(std::string_view reason, std::string_view message);
absl::Status Unavailable(std::string_view reason, std::string_view message);
absl::Status Internal(std::string_view reason, std::string_view message);

// The reason of an error made by Error(); for others the canonical code's name.
std::string ReasonOf(const absl::Status& status);
ErrorMetadata MetadataOf(const absl::Status& status);
std::string MessageOf(const absl::Status& status);

// The same error with `prefix` before its message.
absl::Status Annotate(const absl::Status& status, std::string_view prefix);

// Whether the same call may succeed later without any change: UNAVAILABLE, ABORTED,
// RESOURCE_EXHAUSTED and DEADLINE_EXCEEDED.
bool IsRetryable(const absl::Status& status);

}  // namespace agentflow

// Returns from the enclosing function when `expr` is not OK.
#define AF_RETURN_IF_ERROR(expr)                      \
  do {                                                \
    if (absl::Status af_status_ = (expr); !af_status_.ok()) return af_status_; \
  } while (false)

// AF_ASSIGN_OR_RETURN(auto value, Compute());
#define AF_ASSIGN_OR_RETURN(lhs, expr) \
  AF_ASSIGN_OR_RETURN_IMPL_(AF_CONCAT_(af_status_or_, __LINE__), lhs, expr)
#define AF_ASSIGN_OR_RETURN_IMPL_(tmp, lhs, expr) \
  auto tmp = (expr);                              \
  if (!tmp.ok()) return std::move(tmp).status();  \
  lhs = *std::move(tmp)
#define AF_CONCAT_(a, b) AF_CONCAT_IMPL_(a, b)
#define AF_CONCAT_IMPL_(a, b) a##b

// Ends the process when an invariant of ours is broken. Never for input.
#define AF_CHECK(condition) \
  ((condition) ? (void)0 : ::agentflow::CheckFailed(#condition, __FILE__, __LINE__))

namespace agentflow {
[[noreturn]] void CheckFailed(const char* condition, const char* file, int line);
}  // namespace agentflow
