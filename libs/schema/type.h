#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "libs/json/value.h"

// What is known about a JSON value before there is one: the types behind ports, forms and the
// expression checker.
namespace agentflow::schema {

struct Property;

// An immutable type. Copies share; thread-safe.
class Type {
 public:
  enum class Kind { kAny, kNull, kBool, kInt, kNumber, kString, kArray, kObject };

  Type() = default;  // kAny: nothing is known
  static Type Any() { return Type(); }
  static Type Null();
  static Type Bool();
  static Type Int();
  static Type Number();
  static Type String();
  static Type Array(Type items);
  // `open`: members other than the listed ones may be there, each of type `additional`.
  static Type Object(std::vector<Property> properties, bool open, Type additional = Any());

  Type WithNullable() const;                                // or null
  Type WithValues(std::vector<json::Value> values) const;   // one of these only (enum, const)

  Kind kind() const;
  bool nullable() const;                          // kAny and kNull are
  const std::vector<json::Value>& values() const;  // empty: not restricted
  const Type& items() const;                      // of kArray; any for other kinds
  const std::vector<Property>& properties() const;  // of kObject, sorted by name
  bool open() const;                              // of kObject; true for kAny
  const Type& additional() const;                 // of an open kObject
  const Property* FindProperty(std::string_view name) const;

  // The type at a dotted path of property names. Any beneath something unknown; `missing_ok` is
  // set when some step of the path is not required, `found` is false when a closed object has no
  // such property.
  struct At;
  At Follow(const std::vector<std::string>& path) const;

  // As a JSON Schema, for programs: {"type": "array", "items": {"type": "integer"}}.
  json::Value ToJsonSchema() const;
  // For people: "string", "array of integer", "object {amount: number, label?: string}".
  std::string Describe() const;
  bool operator==(const Type& other) const;

 private:
  struct Rep;
  explicit Type(std::shared_ptr<const Rep> rep) : rep_(std::move(rep)) {}
  static const Rep& RepOf(const Type& type);
  std::shared_ptr<const Rep> rep_;
};

struct Property {
  std::string name;
  Type type;
  bool required = false;
  std::string description;  // title or description of the schema, for completions and forms
};

struct Type::At {
  Type type;
  bool found = true;
  bool missing_ok = false;
};

// Whether values of one type may be given where another is expected.
struct Compatibility {
  enum class Verdict { kAlways, kSometimes, kNever };
  Verdict verdict = Verdict::kAlways;
  std::string pointer;  // where in the value they part, "" for the whole
  std::string message;  // for people; empty when kAlways
  bool ok() const { return verdict != Verdict::kNever; }
};

// Edges and mappings between ports: kNever is an error of the workflow, kSometimes (something
// unknown or optional on the way) is checked when it runs.
Compatibility Compatible(const Type& from, const Type& to);

}  // namespace agentflow::schema
