#pragma once

#include <compare>
#include <cstddef>
#include <cstring>
#include <optional>
#include <string_view>

#include "libs/cel/context.h"
#include "libs/cel/value.h"

// What the operators of the language do, for every kind of value.
namespace agentflow::cel {

// Keys of maps: bool, string and numbers, where 1, 1u and 1.0 are the same key.
bool KeysEqual(const Value& a, const Value& b);
size_t HashKey(const Value& key);

// ==, which never fails: values of different kinds are unequal, numbers compare by value.
// Charges what it compares; out of cost counts as unequal (the context knows).
bool Equal(Context& context, const Value& a, const Value& b);

// <, <=, ...: unordered for NaN. Nothing where there is no order between the kinds.
std::optional<std::partial_ordering> Compare(const Value& a, const Value& b);

enum class Arithmetic { kAdd, kSubtract, kMultiply, kDivide, kModulo };
Value Calculate(Context& context, Arithmetic operation, const Value& a, const Value& b);
Value Negate(Context& context, const Value& value);

// `needle in haystack`
Value Contains(Context& context, const Value& needle, const Value& haystack);

// list[index], map[key], optional[...]; a missing key is an error.
Value Index(Context& context, const Value& operand, const Value& key);
// operand[?key]: an optional.
Value OptionalIndex(Context& context, const Value& operand, const Value& key);
// operand.name; for an optional operand an optional.
Value Select(Context& context, const Value& operand, std::string_view name);
Value OptionalSelect(Context& context, const Value& operand, std::string_view name);
// has(operand.name)
Value Has(Context& context, const Value& operand, std::string_view name);

// Whether two texts are the same. Names are short: most need two loads of each, and no call.
inline bool SameText(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  const size_t size = a.size();
  auto same = [&]<typename Word>(Word) {
    Word a_first, b_first, a_last, b_last;
    std::memcpy(&a_first, a.data(), sizeof(Word));
    std::memcpy(&b_first, b.data(), sizeof(Word));
    std::memcpy(&a_last, a.data() + size - sizeof(Word), sizeof(Word));
    std::memcpy(&b_last, b.data() + size - sizeof(Word), sizeof(Word));
    return ((a_first ^ b_first) | (a_last ^ b_last)) == 0;
  };
  if (size > 16) return std::memcmp(a.data(), b.data(), size) == 0;
  if (size >= 8) return same(uint64_t{});
  if (size >= 4) return same(uint32_t{});
  if (size >= 2) return same(uint16_t{});
  return size == 0 || a[0] == b[0];
}

// The member of a JSON object; in small ones faster than a binary search.
inline const json::Value* FindMember(const json::Object& object, std::string_view name) {
  if (object.size() > 8) return object.Find(name);
  for (const json::Object::Member& member : object) {
    if (SameText(member.first, name)) return &member.second;
  }
  return nullptr;
}

// Lists and maps wherever they live. REQUIRES: the kind fits.
size_t ListSize(const Value& list);
Value ListAt(const Value& list, size_t index);
size_t MapSize(const Value& map);
bool MapFind(const Value& map, const Value& key, Value& value);
bool MapFindText(const Value& map, std::string_view key, Value& value);

// Walks a map: while (cursor.Next()) use cursor.key(), cursor.value().
class MapCursor {
 public:
  MapCursor(Context& context, const Value& map);
  bool Next();
  const Value& key() const { return key_; }
  const Value& value() const { return value_; }

 private:
  Context& context_;
  Value map_;
  size_t next_ = 0;
  size_t size_ = 0;
  const Value* host_keys_ = nullptr;
  Value key_;
  Value value_;
};

// Whether `a` and `b` are whole numbers of the same value; what list indices accept.
std::optional<int64_t> ExactInt(const Value& number);

bool IsZeroValue(const Value& value);  // false, 0, "", [], {}, null, ...

}  // namespace agentflow::cel
