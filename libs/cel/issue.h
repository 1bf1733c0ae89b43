#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace agentflow::cel {

// A place in an expression's text.
struct Position {
  uint32_t offset = 0;  // bytes
  uint32_t line = 1;
  uint32_t column = 1;  // code points
};

Position PositionAt(std::string_view text, uint32_t offset);

// What parse and check have to say.
struct Issue {
  enum class Severity { kError, kWarning };
  Severity severity = Severity::kError;
  Position begin;
  Position end;
  std::string message;     // "undeclared name 'imputs'"
  std::string suggestion;  // "inputs": what to write instead of begin..end; empty where unknown
};

bool HasErrors(const std::vector<Issue>& issues);

// "1:4: undeclared name 'imputs'; did you mean 'inputs'?"
std::string ToString(const Issue& issue);

// INVALID_ARGUMENT, reason EXPRESSION_INVALID, all errors in the message, metadata line and column
// of the first. OK when there are only warnings.
absl::Status ToStatus(const std::vector<Issue>& issues);

}  // namespace agentflow::cel
