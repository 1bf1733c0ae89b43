#include "libs/workflow/reporter.h"

#include <algorithm>
#include <tuple>

namespace agentflow::workflow {

void Reporter::Add(Severity severity, std::string_view reason, std::string_view node,
                   std::string_view pointer, Position position, std::string message) {
  if (severity == Severity::kError) ++errors_;
  if (full()) {
    ++left_out_;
    return;
  }
  problems_.push_back({severity, std::string(reason), std::move(message), std::string(node),
                       std::string(pointer), position});
}

Problems Reporter::Take() {
  std::stable_sort(problems_.begin(), problems_.end(), [](const Problem& a, const Problem& b) {
    return std::tie(a.position.line, a.position.column) <
           std::tie(b.position.line, b.position.column);
  });
  if (left_out_ > 0) {
    problems_.push_back(
        {Severity::kError,
         "TOO_MANY_PROBLEMS",
         std::to_string(left_out_) + " more problems are not listed. Correct these first.",
         "",
         "",
         {}});
  }
  return std::move(problems_);
}

bool IsValid(const Problems& problems) {
  return std::none_of(problems.begin(), problems.end(),
                      [](const Problem& p) { return p.severity == Severity::kError; });
}

std::string Quoted(const std::vector<std::string>& names, size_t most) {
  std::string text;
  size_t shown = std::min(names.size(), most);
  for (size_t i = 0; i < shown; ++i) {
    if (i > 0) text += i + 1 == shown && shown == names.size() ? " and " : ", ";
    text += "`" + names[i] + "`";
  }
  if (shown < names.size()) text += ", ...";
  return text;
}

std::string DidYouMean(const std::string& suggestion) {
  return suggestion.empty() ? "" : "; did you mean `" + suggestion + "`?";
}

}  // namespace agentflow::workflow
