#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/cel/ast.h"
#include "libs/cel/environment.h"
#include "libs/cel/functions.h"

// What the names of an expression mean.
namespace agentflow::cel {

// The variables of macros that enclose a place, innermost last.
struct Local {
  std::string_view name;
  int index;
  Type type;
};

class Scope {
 public:
  // Enters a variable and gives its index; indices are reused after Leave().
  int Enter(std::string_view name, Type type = Type());
  void Leave(size_t count);
  const Local* Find(std::string_view name) const;
  const std::vector<Local>& locals() const { return locals_; }
  int most() const { return most_; }  // how many indices were ever in use at once

 private:
  std::vector<Local> locals_;
  int most_ = 0;
};

struct Meaning {
  enum class Kind { kNone, kLocal, kVariable, kType };
  Kind kind = Kind::kNone;
  int index = -1;              // of the local, or the variable's slot
  std::string_view type_name;  // of kType; static
};

// What a name, or a chain of fields that is a qualified name, stands for.
Meaning Resolve(const Expr& expr, const Scope& scope, const Environment& environment);

// The function that a call means, also a qualified one such as math.abs(x), in which case
// `qualified` is set and the call's target is no argument. Null: unknown.
const Function* ResolveFunction(const Expr& call, const Scope& scope,
                                const Environment& environment, bool& qualified);

// "a.b.c" of a plain chain of fields; empty for anything else.
std::string QualifiedName(const Expr& expr);

// Type names as values: "int", "google.protobuf.Timestamp".
std::optional<Type> TypeNamed(std::string_view name);

// The candidate that `name` is most likely a misspelling of; empty when none is near.
std::string Nearest(std::string_view name, const std::vector<std::string>& candidates);

}  // namespace agentflow::cel
