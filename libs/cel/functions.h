#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "libs/cel/context.h"
#include "libs/cel/type.h"

// The functions an expression may call.
namespace agentflow::cel {

// Gets as many arguments as some overload takes (the receiver first) and looks at their kinds;
// for kinds it does not know it answers context.NoOverload(). Errors are never passed in.
using Implementation = Value (*)(Context& context, const Value* args, size_t count);

struct Overload {
  std::string signature;  // as it was written: "string.startsWith(string) -> bool"
  bool member = false;    // called on its first parameter: x.f(y)
  bool variadic = false;  // the last parameter may be repeated
  std::vector<Type> parameters;
  Type result;
};

struct Function {
  std::string name;  // "startsWith", "math.abs"
  std::vector<Overload> overloads;
  Implementation implementation = nullptr;  // null: known to the checker only
  std::string documentation;
  std::string example;
  std::string group;  // a heading of the documentation

  // Whether some overload is called in this way.
  bool Accepts(bool member, size_t arguments) const;
};

// Functions by name. Built once, then only read.
class Functions {
 public:
  Functions() = default;
  Functions(const Functions& other);  // to declare more
  Functions& operator=(const Functions&) = delete;

  // The language's own and the extensions strings, math, optionals, encoders.
  static const Functions& Standard();

  // Signatures are "name(T, ...) -> R" or "R.name(T, ...) -> R" over the type names null_type,
  // bool, int, uint, double, string, bytes, timestamp, duration, dyn, list(T), map(K, V), type,
  // optional_type(T) and single capital letters as type variables; "T..." repeats.
  // REQUIRES: well-formed signatures of one name.
  void Add(std::string_view group, const std::vector<std::string_view>& signatures,
           Implementation implementation, std::string_view documentation,
           std::string_view example = "");
  // The same with types instead of text.
  void Declare(std::string name, Overload overload);

  const Function* Find(std::string_view name) const;
  // Whether some function's name begins with `prefix` and a dot: "math".
  bool IsNamespace(std::string_view prefix) const;
  // In the order they were added.
  const std::vector<const Function*>& all() const { return order_; }

 private:
  std::map<std::string, Function, std::less<>> functions_;
  std::vector<const Function*> order_;
};

// One of each library_*.cc.
void AddCoreFunctions(Functions& functions);
void AddTimeFunctions(Functions& functions);
void AddStringFunctions(Functions& functions);
void AddMathFunctions(Functions& functions);
void AddOptionalFunctions(Functions& functions);

}  // namespace agentflow::cel
