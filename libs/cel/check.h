#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "libs/cel/ast.h"
#include "libs/cel/environment.h"
#include "libs/cel/type.h"

namespace agentflow::cel {

struct CheckResult {
  Type type;                  // of the whole
  std::vector<Type> types;    // by Expr::id
  std::vector<Issue> issues;
};

// Finds undeclared names, calls that no function answers, fields that are not there and
// comparisons that can never hold. All of them, each once: what depends on a wrong part is not
// complained about again.
CheckResult CheckTypes(const Ast& ast, const Environment& environment);

// The type of `container.name`: nothing where it has no such field. Used for completions too.
std::optional<Type> FieldType(const Type& container, std::string_view name);

}  // namespace agentflow::cel
