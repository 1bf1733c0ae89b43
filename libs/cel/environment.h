#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "libs/cel/type.h"

// What an expression may name.
namespace agentflow::cel {

class Functions;  // libs/cel/functions.h

struct Variable {
  std::string name;  // may be qualified: "execution.id"; the longest declared prefix wins
  Type type;
  std::string description;  // shown in completions
};

// The variables and functions of a place. Build it once, compile many expressions against it.
// Not changed after the first Compile(); then thread-safe.
class Environment {
 public:
  Environment();  // no variables, Functions::Standard()
  explicit Environment(const Functions& functions);  // which must outlive it

  // Declaring a name again replaces its type and keeps its slot.
  Environment& Declare(std::string name, Type type, std::string description = "");
  Environment& Declare(std::string name, const schema::Type& type, std::string description = "");

  // The namespace that names are looked up in first: within "a.b" the name x is a.b.x, a.x or x,
  // the first of them that is declared. `.x` is x alone.
  Environment& SetContainer(std::string container);
  // The names that `name` may stand for, in this order.
  std::vector<std::string> Candidates(std::string_view name) const;

  // A variable's slot is its index here; an Activation is asked by slot.
  const std::vector<Variable>& variables() const { return variables_; }
  // -1 where there is no such variable.
  int FindSlot(std::string_view name) const;
  // Whether the name of some variable may begin with `root` and a dot.
  bool HasQualified(std::string_view root) const;
  const Functions& functions() const { return *functions_; }

 private:
  const Functions* functions_;
  std::string container_;
  std::vector<Variable> variables_;
  std::map<std::string, int, std::less<>> slots_;
};

}  // namespace agentflow::cel
