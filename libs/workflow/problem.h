#pragma once

#include <string>
#include <vector>

#include "libs/workflow/source_text.h"

namespace agentflow::workflow {

enum class Severity { kError, kWarning };

// One thing wrong with a document. Errors refuse publishing, warnings do not.
struct Problem {
  Severity severity = Severity::kError;
  std::string reason;   // UPPER_SNAKE, stable; the table is in README.md
  std::string message;  // what is wrong and the way out
  std::string node;     // path of the node ("outer.inner"); empty: the document itself
  std::string pointer;  // JSON Pointer into the document
  Position position;    // in the source text; {0, 0} where unknown
  bool operator==(const Problem&) const = default;
};

using Problems = std::vector<Problem>;

// No problem of severity error.
bool IsValid(const Problems& problems);

}  // namespace agentflow::workflow
