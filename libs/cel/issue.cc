#include "libs/cel/issue.h"

#include <algorithm>

#include "libs/base/status.h"

namespace agentflow::cel {

Position PositionAt(std::string_view text, uint32_t offset) {
  Position position{.offset = std::min(offset, static_cast<uint32_t>(text.size()))};
  for (uint32_t i = 0; i < position.offset; ++i) {
    if (text[i] == '\n') {
      ++position.line;
      position.column = 1;
    } else if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) {
      ++position.column;
    }
  }
  return position;
}

bool HasErrors(const std::vector<Issue>& issues) {
  return std::any_of(issues.begin(), issues.end(), [](const Issue& issue) {
    return issue.severity == Issue::Severity::kError;
  });
}

std::string ToString(const Issue& issue) {
  std::string text = std::to_string(issue.begin.line) + ":" + std::to_string(issue.begin.column) +
                     ": " + issue.message;
  if (!issue.suggestion.empty()) text += "; did you mean '" + issue.suggestion + "'?";
  return text;
}

absl::Status ToStatus(const std::vector<Issue>& issues) {
  std::string text;
  const Issue* first = nullptr;
  for (const Issue& issue : issues) {
    if (issue.severity != Issue::Severity::kError) continue;
    if (!first) first = &issue;
    if (!text.empty()) text += '\n';
    text += ToString(issue);
  }
  if (!first) return absl::OkStatus();
  return Error(absl::StatusCode::kInvalidArgument, "EXPRESSION_INVALID", text,
               {{"line", std::to_string(first->begin.line)},
                {"column", std::to_string(first->begin.column)}});
}

}  // namespace agentflow::cel
