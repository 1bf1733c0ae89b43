#include "libs/cel/operators.h"

#include <cmath>
#include <limits>

#include "absl/hash/hash.h"
#include "libs/cel/text.h"
#include "libs/cel/time_math.h"

namespace agentflow::cel {
namespace {

constexpr double kTwo63 = 9223372036854775808.0;
constexpr double kTwo64 = 18446744073709551616.0;

std::partial_ordering CompareIntUint(int64_t a, uint64_t b) {
  if (a < 0) return std::partial_ordering::less;
  return static_cast<uint64_t>(a) <=> b;
}

// An integer and a double compare as doubles, as the reference implementation does, once it is
// clear that the double is in the integers' range.
std::partial_ordering CompareIntDouble(int64_t a, double b) {
  if (b > kTwo63) return std::partial_ordering::less;
  if (b < -kTwo63) return std::partial_ordering::greater;
  return static_cast<double>(a) <=> b;
}

std::partial_ordering CompareUintDouble(uint64_t a, double b) {
  if (b > kTwo64) return std::partial_ordering::less;
  if (b < 0) return std::partial_ordering::greater;
  return static_cast<double>(a) <=> b;
}

std::partial_ordering Reverse(std::partial_ordering order) { return 0 <=> order; }

std::partial_ordering CompareNumbers(const Value& a, const Value& b) {
  switch (a.kind()) {
    case Kind::kInt:
      if (b.is(Kind::kInt)) return a.as_int() <=> b.as_int();
      if (b.is(Kind::kUint)) return CompareIntUint(a.as_int(), b.as_uint());
      return CompareIntDouble(a.as_int(), b.as_double());
    case Kind::kUint:
      if (b.is(Kind::kUint)) return a.as_uint() <=> b.as_uint();
      if (b.is(Kind::kInt)) return Reverse(CompareIntUint(b.as_int(), a.as_uint()));
      return CompareUintDouble(a.as_uint(), b.as_double());
    default:
      if (b.is(Kind::kDouble)) return a.as_double() <=> b.as_double();
      if (b.is(Kind::kInt)) return Reverse(CompareIntDouble(b.as_int(), a.as_double()));
      return Reverse(CompareUintDouble(b.as_uint(), a.as_double()));
  }
}

// The bits of a whole number, which are those of an int64_t or uint64_t of its value.
std::optional<uint64_t> ExactUint(const Value& number) {
  if (auto exact = ExactInt(number)) return static_cast<uint64_t>(*exact);
  if (number.is(Kind::kUint)) return number.as_uint();
  double value = number.as_double();
  bool whole = number.is(Kind::kDouble) && value >= 0 && value < kTwo64;
  if (whole && std::trunc(value) == value) return static_cast<uint64_t>(value);
  return std::nullopt;
}

// Exactly, where comparing as doubles would take 2^53 + 1 for 2^53.
bool SameNumber(const Value& a, const Value& b) {
  if (a.kind() == b.kind()) return a.is(Kind::kDouble) ? a.as_double() == b.as_double()
                                                       : a.as_uint() == b.as_uint();
  auto x = ExactInt(a);
  auto y = ExactInt(b);
  if (x || y) return x == y;
  auto large_x = ExactUint(a);
  return large_x && large_x == ExactUint(b);
}

bool EqualLists(Context& context, const Value& a, const Value& b) {
  size_t size = ListSize(a);
  if (size != ListSize(b)) return false;
  for (size_t i = 0; i < size; ++i) {
    if (!Equal(context, ListAt(a, i), ListAt(b, i))) return false;
  }
  return true;
}

bool ChargeCompared(Context& context, const Value& value) {
  if (value.is(Kind::kList)) return context.ChargeItems(ListSize(value));
  return context.Charge(1 + static_cast<int64_t>(MapSize(value)));
}

bool EqualMaps(Context& context, const Value& a, const Value& b) {
  if (MapSize(a) != MapSize(b)) return false;
  MapCursor cursor(context, a);
  while (cursor.Next()) {
    Value other;
    if (!MapFind(b, cursor.key(), other)) return false;
    if (!Equal(context, cursor.value(), other)) return false;
  }
  return true;
}

Value AddText(Context& context, const Value& a, const Value& b) {
  size_t size = a.text().size() + b.text().size();
  if (!context.ChargeBytes(size)) return context.OutOfCost();
  char* memory = static_cast<char*>(context.arena.Allocate(size ? size : 1));
  if (!memory) return context.OutOfBytes();
  std::memcpy(memory, a.text().data(), a.text().size());
  std::memcpy(memory + a.text().size(), b.text().data(), b.text().size());
  std::string_view text(memory, size);
  return a.is(Kind::kString) ? Value::String(text) : Value::Bytes(text);
}

Value AddLists(Context& context, const Value& a, const Value& b) {
  size_t first = ListSize(a);
  size_t size = first + ListSize(b);
  if (!context.ChargeItems(size)) return context.OutOfCost();
  Value* items = context.NewItems(size);
  if (!items) return context.OutOfBytes();
  for (size_t i = 0; i < first; ++i) items[i] = ListAt(a, i);
  for (size_t i = first; i < size; ++i) items[i] = ListAt(b, i - first);
  return context.MakeList(items, size);
}

Value CalculateInt(Context& context, Arithmetic operation, int64_t a, int64_t b) {
  int64_t out = 0;
  bool overflow = false;
  switch (operation) {
    case Arithmetic::kAdd: overflow = __builtin_add_overflow(a, b, &out); break;
    case Arithmetic::kSubtract: overflow = __builtin_sub_overflow(a, b, &out); break;
    case Arithmetic::kMultiply: overflow = __builtin_mul_overflow(a, b, &out); break;
    case Arithmetic::kDivide:
      if (b == 0) return context.Fail(ErrorCode::kDivideByZero);
      overflow = b == -1 && a == std::numeric_limits<int64_t>::min();
      if (!overflow) out = a / b;
      break;
    case Arithmetic::kModulo:
      if (b == 0) return context.Fail(ErrorCode::kModulusByZero);
      overflow = b == -1 && a == std::numeric_limits<int64_t>::min();
      if (!overflow) out = a % b;
      break;
  }
  return overflow ? context.Fail(ErrorCode::kOverflow) : Value::Int(out);
}

Value CalculateUint(Context& context, Arithmetic operation, uint64_t a, uint64_t b) {
  uint64_t out = 0;
  bool overflow = false;
  switch (operation) {
    case Arithmetic::kAdd: overflow = __builtin_add_overflow(a, b, &out); break;
    case Arithmetic::kSubtract: overflow = __builtin_sub_overflow(a, b, &out); break;
    case Arithmetic::kMultiply: overflow = __builtin_mul_overflow(a, b, &out); break;
    case Arithmetic::kDivide:
      if (b == 0) return context.Fail(ErrorCode::kDivideByZero);
      out = a / b;
      break;
    case Arithmetic::kModulo:
      if (b == 0) return context.Fail(ErrorCode::kModulusByZero);
      out = a % b;
      break;
  }
  return overflow ? context.Fail(ErrorCode::kOverflow) : Value::Uint(out);
}

std::string_view SymbolOf(Arithmetic operation) {
  switch (operation) {
    case Arithmetic::kAdd: return "+";
    case Arithmetic::kSubtract: return "-";
    case Arithmetic::kMultiply: return "*";
    case Arithmetic::kDivide: return "/";
    case Arithmetic::kModulo: return "%";
  }
  return "";
}

// Everything but numbers of one kind.
Value CalculateOther(Context& context, Arithmetic operation, const Value& a, const Value& b) {
  if (operation == Arithmetic::kAdd) {
    if (a.kind() == b.kind()) {
      if (a.is(Kind::kString) || a.is(Kind::kBytes)) return AddText(context, a, b);
      if (a.is(Kind::kList)) return AddLists(context, a, b);
    }
    if (IsTime(a) && IsTime(b) && !(a.is(Kind::kTimestamp) && b.is(Kind::kTimestamp))) {
      return AddTimes(context, a, b);
    }
  }
  if (operation == Arithmetic::kSubtract && IsTime(a) && IsTime(b) &&
      !(a.is(Kind::kDuration) && b.is(Kind::kTimestamp))) {
    return SubtractTimes(context, a, b);
  }
  Value operands[] = {a, b};
  return context.NoOverload(SymbolOf(operation), operands);
}

std::string KeyText(const Value& key) {
  switch (key.kind()) {
    case Kind::kString: return std::string(key.text());
    case Kind::kInt: return std::to_string(key.as_int());
    case Kind::kUint: return std::to_string(key.as_uint());
    case Kind::kBool: return key.as_bool() ? "true" : "false";
    case Kind::kDouble: return std::to_string(key.as_double());
    default: return std::string(TypeNameOf(key));
  }
}

Value NoSuchKey(Context& context, const Value& key) {
  std::string_view text = key.is(Kind::kString) ? key.text() : context.Copy(KeyText(key));
  return context.Fail(ErrorCode::kNoSuchKey, text);
}

Value NoSuchField(Context& context, const Value& operand, std::string_view name) {
  if (operand.is_error()) return operand;
  Value error = context.Fail(ErrorCode::kNoSuchField, name);
  const_cast<ErrorData&>(error.error()).operands[0] = operand.kind();
  return error;
}

// Finds an element. 1: found, 0: not there, -1: `error` says why it cannot be.
int Find(Context& context, const Value& operand, const Value& key, Value& found) {
  if (operand.is(Kind::kMap)) return MapFind(operand, key, found);
  if (operand.is(Kind::kList)) {
    auto index = ExactInt(key);
    if (!index) {
      Value operands[] = {operand, key};
      found = context.NoOverload("[]", operands);
      return -1;
    }
    if (*index < 0 || static_cast<uint64_t>(*index) >= ListSize(operand)) return 0;
    found = ListAt(operand, static_cast<size_t>(*index));
    return 1;
  }
  Value operands[] = {operand, key};
  found = context.NoOverload("[]", operands);
  return -1;
}

}  // namespace

bool KeysEqual(const Value& a, const Value& b) {
  if (a.is_number() && b.is_number()) return SameNumber(a, b);
  if (a.kind() != b.kind()) return false;
  if (a.is(Kind::kString)) return a.text() == b.text();
  return a.is(Kind::kBool) && a.as_bool() == b.as_bool();
}

// By a hash that is another one in every process: nobody can choose keys that collide. No result
// depends on it, since maps keep the order of their entries.
size_t HashKey(const Value& key) {
  switch (key.kind()) {
    case Kind::kString:
      return absl::HashOf(absl::string_view(key.text().data(), key.text().size()));
    case Kind::kDouble: {
      // A double equal to an integer hashes like it; others are no key and find nothing.
      auto exact = ExactUint(key);
      return exact ? absl::HashOf(*exact) : 0;
    }
    default: return absl::HashOf(key.as_uint());
  }
}

bool Equal(Context& context, const Value& a, const Value& b) {
  if (a.is_number() && b.is_number()) return CompareNumbers(a, b) == 0;
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case Kind::kNull: return true;
    case Kind::kBool: return a.as_bool() == b.as_bool();
    case Kind::kString:
    case Kind::kBytes:
      if (a.text().size() != b.text().size()) return false;
      if (a.text().size() > 64 && !context.ChargeBytes(a.text().size())) {
        context.OutOfCost();
        return false;
      }
      return a.text() == b.text();
    case Kind::kType: return a.text() == b.text();
    case Kind::kTimestamp:
    case Kind::kDuration: return a.seconds() == b.seconds() && a.nanos() == b.nanos();
    case Kind::kOptional:
      if (!a.optional() || !b.optional()) return a.optional() == b.optional();
      return Equal(context, *a.optional(), *b.optional());
    case Kind::kList:
    case Kind::kMap:
      if (!ChargeCompared(context, a)) {
        context.OutOfCost();
        return false;
      }
      return a.is(Kind::kList) ? EqualLists(context, a, b) : EqualMaps(context, a, b);
    default: return false;
  }
}

std::optional<std::partial_ordering> Compare(const Value& a, const Value& b) {
  if (a.is_number() && b.is_number()) return CompareNumbers(a, b);
  if (a.kind() != b.kind()) return std::nullopt;
  switch (a.kind()) {
    case Kind::kBool: return a.as_bool() <=> b.as_bool();
    case Kind::kString:
    case Kind::kBytes: return a.text() <=> b.text();
    case Kind::kTimestamp:
    case Kind::kDuration:
      if (auto order = a.seconds() <=> b.seconds(); order != 0) return order;
      return a.nanos() <=> b.nanos();
    default: return std::nullopt;
  }
}

Value Calculate(Context& context, Arithmetic operation, const Value& a, const Value& b) {
  if (a.kind() == b.kind()) {
    if (a.is(Kind::kInt)) return CalculateInt(context, operation, a.as_int(), b.as_int());
    if (a.is(Kind::kUint)) return CalculateUint(context, operation, a.as_uint(), b.as_uint());
    if (a.is(Kind::kDouble) && operation != Arithmetic::kModulo) {
      double x = a.as_double();
      double y = b.as_double();
      switch (operation) {
        case Arithmetic::kAdd: return Value::Double(x + y);
        case Arithmetic::kSubtract: return Value::Double(x - y);
        case Arithmetic::kMultiply: return Value::Double(x * y);
        default: return Value::Double(x / y);
      }
    }
  }
  return CalculateOther(context, operation, a, b);
}

Value Negate(Context& context, const Value& value) {
  if (value.is(Kind::kDouble)) return Value::Double(-value.as_double());
  if (value.is(Kind::kInt)) {
    if (value.as_int() == std::numeric_limits<int64_t>::min()) {
      return context.Fail(ErrorCode::kOverflow);
    }
    return Value::Int(-value.as_int());
  }
  return context.NoOverload("-", {&value, 1});
}

Value Contains(Context& context, const Value& needle, const Value& haystack) {
  if (haystack.is(Kind::kList)) {
    size_t size = ListSize(haystack);
    if (!context.ChargeItems(size)) return context.OutOfCost();
    for (size_t i = 0; i < size; ++i) {
      if (Equal(context, needle, ListAt(haystack, i))) return Value::Bool(true);
      if (context.cost < 0) return context.OutOfCost();
    }
    return Value::Bool(false);
  }
  if (haystack.is(Kind::kMap)) {
    Value found;
    return Value::Bool(MapFind(haystack, needle, found));
  }
  Value operands[] = {needle, haystack};
  return context.NoOverload("in", operands);
}

Value Index(Context& context, const Value& operand, const Value& key) {
  if (operand.is(Kind::kOptional)) return OptionalIndex(context, operand, key);
  Value found;
  int result = Find(context, operand, key, found);
  if (result != 0) return found;
  if (operand.is(Kind::kList)) {
    return context.Fail(ErrorCode::kIndexOutOfRange, context.Copy(KeyText(key)));
  }
  return NoSuchKey(context, key);
}

Value OptionalIndex(Context& context, const Value& operand, const Value& key) {
  if (operand.is(Kind::kOptional)) {
    return operand.optional() ? OptionalIndex(context, *operand.optional(), key) : operand;
  }
  Value found;
  int result = Find(context, operand, key, found);
  if (result < 0) return found;
  return result ? context.MakeOptional(found) : Value::Optional(nullptr);
}

Value Select(Context& context, const Value& operand, std::string_view name) {
  if (operand.is(Kind::kMap)) {
    Value found;
    if (MapFindText(operand, name, found)) return found;
    return context.Fail(ErrorCode::kNoSuchKey, name);
  }
  if (operand.is(Kind::kOptional)) return OptionalSelect(context, operand, name);
  return NoSuchField(context, operand, name);
}

Value OptionalSelect(Context& context, const Value& operand, std::string_view name) {
  if (operand.is(Kind::kOptional)) {
    return operand.optional() ? OptionalSelect(context, *operand.optional(), name) : operand;
  }
  if (!operand.is(Kind::kMap)) return NoSuchField(context, operand, name);
  Value found;
  if (!MapFindText(operand, name, found)) return Value::Optional(nullptr);
  return context.MakeOptional(found);
}

Value Has(Context& context, const Value& operand, std::string_view name) {
  if (operand.is(Kind::kOptional)) {
    return operand.optional() ? Has(context, *operand.optional(), name) : Value::Bool(false);
  }
  if (!operand.is(Kind::kMap)) return NoSuchField(context, operand, name);
  Value found;
  return Value::Bool(MapFindText(operand, name, found));
}

size_t ListSize(const Value& list) {
  if (const ListData* data = list.list_data()) return data->size();
  return list.json_array()->size();
}

Value ListAt(const Value& list, size_t index) {
  if (const ListData* data = list.list_data()) return (*data)[index];
  return Value::Json((*list.json_array())[index]);
}

size_t MapSize(const Value& map) {
  if (const json::Object* object = map.json_object()) return object->size();
  if (const MapData* data = map.map_data()) return data->size();
  return map.host_map()->Keys().size();
}

bool MapFind(const Value& map, const Value& key, Value& value) {
  if (const MapData* data = map.map_data()) {
    bool can_be_key = key.is_number() || key.is(Kind::kString) || key.is(Kind::kBool);
    const Value* found = can_be_key ? data->Find(key) : nullptr;
    if (found) value = *found;
    return found != nullptr;
  }
  return key.is(Kind::kString) && MapFindText(map, key.text(), value);
}

bool MapFindText(const Value& map, std::string_view key, Value& value) {
  if (const json::Object* object = map.json_object()) {
    const json::Value* found = FindMember(*object, key);
    if (found) value = Value::Json(*found);
    return found != nullptr;
  }
  if (const HostMap* host = map.host_map()) return host->Find(key, value);
  const Value* found = map.map_data()->Find(Value::String(key));
  if (found) value = *found;
  return found != nullptr;
}

MapCursor::MapCursor(Context& context, const Value& map) : context_(context), map_(map) {
  const HostMap* host = map.host_map();
  if (!host) {
    size_ = MapSize(map);
    return;
  }
  std::vector<std::string> keys = host->Keys();
  Value* copies = context.NewItems(keys.size());
  if (!copies) context.OutOfBytes();
  if (copies && !context.ChargeItems(keys.size())) context.OutOfCost();
  if (context.limit) return;
  for (size_t i = 0; i < keys.size(); ++i) copies[i] = context.MakeString(keys[i]);
  host_keys_ = copies;
  size_ = keys.size();
}

bool MapCursor::Next() {
  if (next_ >= size_ || context_.limit) return false;
  if (const MapData* data = map_.map_data()) {
    key_ = (*data)[next_].key;
    value_ = (*data)[next_].value;
  } else if (const json::Object* object = map_.json_object()) {
    const json::Object::Member& member = *(object->begin() + static_cast<ptrdiff_t>(next_));
    key_ = Value::String(member.first);
    value_ = Value::Json(member.second);
  } else {
    key_ = host_keys_[next_];
    if (!map_.host_map()->Find(key_.text(), value_)) value_ = Value();
  }
  ++next_;
  return true;
}

std::optional<int64_t> ExactInt(const Value& number) {
  if (number.is(Kind::kInt)) return number.as_int();
  if (number.is(Kind::kUint) && number.as_uint() < (uint64_t{1} << 63)) {
    return static_cast<int64_t>(number.as_uint());
  }
  if (number.is(Kind::kDouble) && number.as_double() >= -kTwo63 && number.as_double() < kTwo63 &&
      std::trunc(number.as_double()) == number.as_double()) {
    return static_cast<int64_t>(number.as_double());
  }
  return std::nullopt;
}

bool IsZeroValue(const Value& value) {
  switch (value.kind()) {
    case Kind::kNull: return true;
    case Kind::kBool: return !value.as_bool();
    case Kind::kInt:
    case Kind::kUint: return value.as_uint() == 0;
    case Kind::kDouble: return value.as_double() == 0;
    case Kind::kString:
    case Kind::kBytes: return value.text().empty();
    case Kind::kList: return ListSize(value) == 0;
    case Kind::kMap: return MapSize(value) == 0;
    case Kind::kDuration:
    case Kind::kTimestamp: return value.seconds() == 0 && value.nanos() == 0;
    case Kind::kOptional: return value.optional() == nullptr;
    default: return false;
  }
}

}  // namespace agentflow::cel
