#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "libs/cel/environment.h"

// What an editor offers while an expression is typed.
namespace agentflow::cel {

struct Completion {
  enum class Kind { kVariable, kField, kFunction, kMacro, kValue };
  Kind kind;
  std::string label;   // "amount", "startsWith"
  std::string insert;  // what to put in place of the typed part: "startsWith("
  std::string detail;  // a type or a signature: "number", "string.startsWith(string) -> bool"
  std::string documentation;
};

struct Completions {
  uint32_t begin = 0;  // bytes of the text that `insert` replaces: [begin, end)
  uint32_t end = 0;
  std::vector<Completion> items;  // best first
};

// `offset` is the cursor in bytes. The text may be unfinished.
Completions Complete(std::string_view text, uint32_t offset, const Environment& environment);

}  // namespace agentflow::cel
