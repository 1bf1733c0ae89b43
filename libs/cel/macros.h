#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/cel/ast.h"

// Calls that are not calls: has(), list.all(x, ...) and their like.
namespace agentflow::cel {

struct MacroProblem {
  uint32_t begin;
  uint32_t end;
  std::string message;
};

// Turns `call` into the macro it names, if it names one with this number of arguments.
std::optional<MacroProblem> ExpandMacro(Expr& call);

// For completions and the documentation.
struct MacroDoc {
  std::string_view name;
  std::string_view signature;
  std::string_view documentation;
  std::string_view example;  // a condition that holds
};
const std::vector<MacroDoc>& MacroDocs();

}  // namespace agentflow::cel
