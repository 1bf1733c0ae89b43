#include "libs/pg/error.h"

#include <string>

namespace agentflow::pg {
namespace {

constexpr char kSqlState[] = "sqlstate";
constexpr char kConstraint[] = "constraint";

// The first quoted name after the word "constraint".
std::string ConstraintIn(std::string_view message) {
  size_t word = message.find("constraint \"");
  if (word == std::string_view::npos) return {};
  size_t start = word + 12;
  size_t end = message.find('"', start);
  return std::string(message.substr(start, end == std::string_view::npos ? end : end - start));
}

// "ERROR:  text\nDETAIL: ..." -> "text"
std::string FirstLine(std::string_view message) {
  message = message.substr(0, message.find('\n'));
  for (std::string_view prefix : {"ERROR:", "FATAL:", "PANIC:"}) {
    if (message.starts_with(prefix)) message.remove_prefix(prefix.size());
  }
  while (!message.empty() && message.front() == ' ') message.remove_prefix(1);
  return std::string(message);
}

struct Kind {
  absl::StatusCode code;
  const char* reason;
};

Kind KindOf(std::string_view sqlstate) {
  using absl::StatusCode;
  std::string_view group = sqlstate.substr(0, 2);
  if (group == "08" || group == "53" || sqlstate == "57P01" || sqlstate == "57P02" ||
      sqlstate == "57P03") {
    return {StatusCode::kUnavailable, "DATABASE_UNAVAILABLE"};
  }
  if (group == "40" || sqlstate == "55P03") return {StatusCode::kAborted, "DATABASE_CONFLICT"};
  if (sqlstate == "57014") return {StatusCode::kDeadlineExceeded, "DATABASE_TIMEOUT"};
  if (sqlstate == "23505") return {StatusCode::kAlreadyExists, "DATABASE_DUPLICATE"};
  if (group == "23") return {StatusCode::kFailedPrecondition, "DATABASE_CONSTRAINT"};
  if (group == "22" || group == "54") {
    return {StatusCode::kInvalidArgument, "DATABASE_VALUE_REFUSED"};
  }
  return {StatusCode::kInternal, "DATABASE_STATEMENT"};
}

}  // namespace

absl::Status FromSqlState(std::string_view sqlstate, std::string_view server_message,
                          std::string_view statement) {
  Kind kind = KindOf(sqlstate);
  ErrorMetadata metadata{{kSqlState, std::string(sqlstate)}};
  if (sqlstate.starts_with("23")) {
    if (std::string name = ConstraintIn(server_message); !name.empty()) {
      metadata[kConstraint] = name;
    }
  }
  if (kind.code == absl::StatusCode::kUnavailable) metadata[kErrorRetryAfterMs] = "500";
  return Error(
      kind.code, kind.reason,
      "database statement " + std::string(statement) + " failed: " + FirstLine(server_message),
      std::move(metadata));
}

std::string SqlStateOf(const absl::Status& status) {
  ErrorMetadata metadata = MetadataOf(status);
  auto found = metadata.find(kSqlState);
  return found == metadata.end() ? std::string() : found->second;
}

std::string ConstraintOf(const absl::Status& status) {
  ErrorMetadata metadata = MetadataOf(status);
  auto found = metadata.find(kConstraint);
  return found == metadata.end() ? std::string() : found->second;
}

bool IsDataError(std::string_view sqlstate) {
  std::string_view group = sqlstate.substr(0, 2);
  return group == "22" || group == "23" || group == "54";
}

}  // namespace agentflow::pg
