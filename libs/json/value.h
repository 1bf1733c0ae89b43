#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"

// JSON as the whole platform holds it: inputs, outputs, documents, schemas.
//
// Numbers follow one rule at every edge: integral with |x| <= 2^53 is an int, all else a double;
// a schema that declares `number` or `integer` may convert afterwards (libs/schema).
namespace agentflow::json {

class Value;
using Array = std::vector<Value>;

inline constexpr int64_t kMaxExactInt = int64_t{1} << 53;

// Members sorted by key, each key once. Look-up is a binary search.
class Object {
 public:
  using Member = std::pair<std::string, Value>;

  Object() = default;
  // Of members with the same key the last one stays.
  Object(std::initializer_list<Member> members);
  explicit Object(std::vector<Member> members);

  // Null where there is no such member.
  const Value* Find(std::string_view key) const;
  void Set(std::string_view key, Value value);
  bool Erase(std::string_view key);

  size_t size() const;
  bool empty() const { return size() == 0; }
  const Member* begin() const;
  const Member* end() const;
  bool operator==(const Object&) const;

 private:
  std::vector<Member> members_;
};

// An immutable JSON value. A copy is 24 bytes and shares what it holds, from any thread.
class Value {
 public:
  enum class Kind { kNull, kBool, kInt, kDouble, kString, kArray, kObject };

  Value() = default;
  Value(std::nullptr_t) {}                       // NOLINT: literals read as JSON
  Value(bool value) : data_(value) {}            // NOLINT
  Value(int value) : data_(int64_t{value}) {}    // NOLINT
  Value(int64_t value) : data_(value) {}         // NOLINT
  Value(double value) : data_(value) {}          // NOLINT
  Value(const char* text) : Value(std::string(text)) {}  // NOLINT
  Value(std::string_view text) : Value(std::string(text)) {}  // NOLINT
  Value(std::string text);                       // NOLINT
  Value(Array array);                            // NOLINT
  Value(Object object);                          // NOLINT

  // The number rule: an int where `number` is integral and exact, else a double.
  static Value Number(double number);

  Kind kind() const { return static_cast<Kind>(data_.index()); }
  bool is_null() const { return kind() == Kind::kNull; }
  bool is_bool() const { return kind() == Kind::kBool; }
  bool is_int() const { return kind() == Kind::kInt; }
  bool is_double() const { return kind() == Kind::kDouble; }
  bool is_number() const { return is_int() || is_double(); }
  bool is_string() const { return kind() == Kind::kString; }
  bool is_array() const { return kind() == Kind::kArray; }
  bool is_object() const { return kind() == Kind::kObject; }

  // REQUIRES: the kind fits; as_number takes both.
  bool as_bool() const { return std::get<bool>(data_); }
  int64_t as_int() const { return std::get<int64_t>(data_); }
  double as_double() const { return std::get<double>(data_); }
  double as_number() const { return is_int() ? static_cast<double>(as_int()) : as_double(); }
  const std::string& as_string() const { return *std::get<4>(data_); }
  const Array& as_array() const { return *std::get<5>(data_); }
  const Object& as_object() const { return *std::get<6>(data_); }

  // The member of an object; null for a missing member and for every other kind.
  const Value* Find(std::string_view key) const;
  // The string member `key`, or `fallback` where it is missing or no string.
  std::string StringOr(std::string_view key, std::string_view fallback = "") const;
  int64_t IntOr(std::string_view key, int64_t fallback) const;
  bool BoolOr(std::string_view key, bool fallback) const;

  // Deep. 1 and 1.0 are equal.
  bool operator==(const Value& other) const;

  // Whether both share the same memory (or are the same scalar): a cheap "certainly equal".
  bool SharesWith(const Value& other) const { return data_ == other.data_; }

  // Rough heap and text size, for limits.
  size_t ByteSize() const;

 private:
  std::variant<std::monostate, bool, int64_t, double, std::shared_ptr<const std::string>,
               std::shared_ptr<const Array>, std::shared_ptr<const Object>>
      data_;
};

// Here, because a member can only be looked into where Value is complete.
inline size_t Object::size() const { return members_.size(); }
inline const Object::Member* Object::begin() const { return members_.data(); }
inline const Object::Member* Object::end() const { return members_.data() + members_.size(); }

// "null", "boolean", "integer", "number", "string", "array", "object".
std::string_view KindName(Value::Kind kind);

struct ParseLimits {
  int depth = 32;
  size_t bytes = 8u << 20;
};

// Errors: INVALID_ARGUMENT with reason JSON_MALFORMED (with line and column), JSON_TOO_DEEP,
// JSON_TOO_LARGE or JSON_DUPLICATE_KEY.
absl::StatusOr<Value> Parse(std::string_view text, const ParseLimits& limits = {});

// Compact text, members in key order. A double that JSON cannot hold becomes null.
std::string Dump(const Value& value);
// The same, indented by two spaces.
std::string DumpPretty(const Value& value);
// Canonical text for hashes and signatures: RFC 8785 (JCS).
std::string DumpCanonical(const Value& value);

// Follows a JSON Pointer (RFC 6901). Null where it leads nowhere.
const Value* Resolve(const Value& root, std::string_view pointer);
// "a/b~c" -> "a~1b~0c"
std::string EscapePointerToken(std::string_view token);

}  // namespace agentflow::json
