#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "libs/schema/type.h"

// The types of the expression checker.
namespace agentflow::cel {

// An immutable type. Copies share; thread-safe. A parameter of more than a hundred parts becomes
// dyn, so that no expression grows its type exponentially.
class Type {
 public:
  enum class Kind : uint8_t {
    kDyn, kError, kNull, kBool, kInt, kUint, kDouble, kString, kBytes, kTimestamp, kDuration,
    kList,      // parameters: element
    kMap,       // parameters: key, value
    kType,      // parameters: the type whose value it is, or none
    kAbstract,  // a name with parameters; "optional_type" is one of these
    kObject,    // a JSON object whose properties are known; behaves as map(string, dyn)
    kParam,     // a type variable of a function's signature
  };

  Type() : Type(Kind::kDyn) {}
  Type(Kind kind) : kind_(kind) {}  // NOLINT: Type::Kind::kInt reads as a type
  static Type List(Type element);
  static Type Map(Type key, Type value);
  static Type TypeOf(Type type);
  static Type Optional(Type type);
  static Type Abstract(std::string name, std::vector<Type> parameters);
  static Type Param(std::string name);
  // integer -> int, number -> double, array -> list, object with known properties -> kObject,
  // any and nullable -> dyn.
  static Type FromSchema(const schema::Type& type);

  Kind kind() const { return kind_; }
  bool is(Kind kind) const { return kind_ == kind; }
  bool is_optional() const;
  const std::vector<Type>& parameters() const;
  const Type& element() const;      // of kList and optional
  const std::string& name() const;  // of kAbstract and kParam
  const schema::Type& object() const;  // of kObject
  // All values there can be, where the schema lists them; else empty.
  const std::vector<json::Value>& values() const;

  Type WithoutValues() const;  // the same, values() forgotten
  bool has_params() const;     // a type variable is in it

  // The JSON that a value of this type becomes.
  schema::Type ToSchema() const;
  // "list(int)", "map(string, dyn)", "optional_type(string)"
  std::string ToString() const;
  bool operator==(const Type& other) const;
  // Whether both are the same in memory: a cheap "certainly equal".
  bool SharesWith(const Type& other) const { return kind_ == other.kind_ && rep_ == other.rep_; }

 private:
  struct Rep;
  Type(Kind kind, std::shared_ptr<const Rep> rep) : kind_(kind), rep_(std::move(rep)) {}
  Kind kind_;
  std::shared_ptr<const Rep> rep_;
};

inline constexpr char kOptionalTypeName[] = "optional_type";

}  // namespace agentflow::cel
