#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "libs/cel/functions.h"
#include "libs/cel/type.h"

namespace agentflow::cel {

// What is known about the type variables of an expression, and the rules of the checker for them:
// the algorithm of the reference implementation (cel-go, checker/types.go).
class Unifier {
 public:
  // A signature with type variables of its own.
  Overload Fresh(const Overload& overload);
  Type FreshParam();

  // Whether a value of type `from` may stand where `to` is expected; learns about variables.
  bool Assignable(const Type& from, const Type& to);
  bool AssignableAll(const std::vector<Type>& from, const std::vector<Type>& to);

  // The type of a list with elements of both types; dyn where they have nothing in common.
  Type Join(const Type& a, const Type& b);

  // Variables replaced by what is known; the unknown ones become dyn where `final`.
  Type Resolve(const Type& type, bool final = false);

 private:
  bool Assign(const Type& from, const Type& to);
  std::optional<bool> Substitute(const Type& type, const Type& param);
  bool AssignParameters(const Type& from, const Type& to);
  std::optional<bool> SubstituteVariable(const Type& type, const std::string& variable);
  bool Mentions(const Type& type, const std::string& variable);
  // What stands for `param`: the last one of the variables that were found to be the same.
  std::string VariableOf(const Type& param);
  const Type* Known(const std::string& variable) const;  // null: nothing
  Type Rename(const Type& type, std::map<std::string, Type>& names);
  void Bind(const std::string& param, const Type& type);
  void RollBack();

  // What variables stand for; another variable is always an older one.
  std::map<std::string, Type> bindings_;
  // What bindings_ held before each change of the current attempt; nothing: no entry.
  std::vector<std::pair<std::string, std::optional<Type>>> changes_;
  int next_ = 0;
};

// Whether `a` says the same as `b` or less: dyn and list(dyn) against list(int).
bool SaysNoMore(const Type& a, const Type& b);

}  // namespace agentflow::cel
