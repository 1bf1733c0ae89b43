#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "libs/json/value.h"

// Values while an expression is evaluated.
namespace agentflow::cel {

class Value;
class ListData;
class MapData;
struct ErrorData;

enum class Kind : uint8_t {
  kNull, kBool, kInt, kUint, kDouble, kString, kBytes, kList, kMap, kTimestamp, kDuration, kType,
  kOptional, kError
};

// A map that the caller implements, asked only for what the expression reads: the nodes of a
// running execution, say. Must outlive the evaluation.
class HostMap {
 public:
  virtual ~HostMap() = default;
  // False where there is no such key.
  virtual bool Find(std::string_view key, Value& value) const = 0;
  // All keys, in a stable order. Called only by expressions that walk, count or compare the map.
  virtual std::vector<std::string> Keys() const = 0;
};

// 16 bytes, trivially copied, never owns: it points into the caller's JSON, into the program's
// constants or into the evaluation's arena, and is valid as long as they are.
class Value {
 public:
  Value() : Value(Kind::kNull, 0, 0) {}
  static Value Null() { return Value(); }
  static Value Bool(bool value);
  static Value Int(int64_t value);
  static Value Uint(uint64_t value);
  static Value Double(double value);
  static Value String(std::string_view text);  // REQUIRES: valid UTF-8
  static Value Bytes(std::string_view bytes);
  // Wraps without converting; members and elements are wrapped when they are read.
  static Value Json(const json::Value& value);
  static Value Json(json::Value&&) = delete;  // would dangle
  static Value Host(const HostMap& map);
  // Normalised: 0 <= nanos < 1e9 for a timestamp, the sign of both is the same for a duration.
  static Value Timestamp(int64_t seconds, int32_t nanos);
  static Value Duration(int64_t seconds, int32_t nanos);
  static Value TypeName(std::string_view name);  // of static or arena text
  static Value List(const ListData* list);
  static Value Map(const MapData* map);
  static Value Optional(const Value* value);  // null: optional.none()
  static Value Error(const ErrorData* error);

  Kind kind() const { return static_cast<Kind>(head_ & 0xff); }
  bool is_error() const { return is(Kind::kError); }
  bool is(Kind kind) const { return this->kind() == kind; }
  bool is_number() const { return is(Kind::kInt) || is(Kind::kUint) || is(Kind::kDouble); }
  bool is_text() const { return is(Kind::kString) || is(Kind::kBytes); }
  bool is_true() const { return is(Kind::kBool) && int_ != 0; }

  // REQUIRES: the kind fits.
  bool as_bool() const { return int_ != 0; }
  int64_t as_int() const { return int_; }
  uint64_t as_uint() const { return uint_; }
  double as_double() const { return double_; }
  std::string_view text() const { return {data_, aux()}; }  // string, bytes, type
  int64_t seconds() const { return int_; }
  int32_t nanos() const { return static_cast<int32_t>(aux()); }
  const Value* optional() const { return static_cast<const Value*>(pointer_); }
  const ErrorData& error() const { return *static_cast<const ErrorData*>(pointer_); }

  // Where a list or map lives; exactly one of these is not null.
  const ListData* list_data() const;
  const json::Array* json_array() const;
  const MapData* map_data() const;
  const json::Object* json_object() const;
  const HostMap* host_map() const;
  // The wrapped list or map itself; null for others.
  const json::Value* json() const;

 private:
  enum Rep : uint8_t { kArena, kJson, kHost };
  Value(Kind kind, uint8_t rep, uint32_t aux)
      : head_(static_cast<uint64_t>(kind) | uint64_t{rep} << 8 | uint64_t{aux} << 32), int_(0) {}
  bool is(Kind kind, Rep rep) const {
    return (head_ & 0xffff) == (static_cast<uint64_t>(kind) | uint64_t{rep} << 8);
  }
  uint32_t aux() const { return static_cast<uint32_t>(head_ >> 32); }

  // Kind, where a list or map lives (Rep), size of a text or nanos of a time. One word, since a
  // value that is written in parts cannot be read as a whole without waiting.
  uint64_t head_;
  union {
    int64_t int_;
    uint64_t uint_;
    double double_;
    const char* data_;
    const void* pointer_;
  };
};
static_assert(sizeof(Value) == 16);

inline Value Value::Bool(bool value) {
  Value out(Kind::kBool, 0, 0);
  out.int_ = value;
  return out;
}

inline Value Value::Int(int64_t value) {
  Value out(Kind::kInt, 0, 0);
  out.int_ = value;
  return out;
}

inline Value Value::Uint(uint64_t value) {
  Value out(Kind::kUint, 0, 0);
  out.uint_ = value;
  return out;
}

inline Value Value::Double(double value) {
  Value out(Kind::kDouble, 0, 0);
  out.double_ = value;
  return out;
}

inline Value Value::String(std::string_view text) {
  Value out(Kind::kString, 0, static_cast<uint32_t>(text.size()));
  out.data_ = text.data();
  return out;
}

inline Value Value::Bytes(std::string_view bytes) {
  Value out(Kind::kBytes, 0, static_cast<uint32_t>(bytes.size()));
  out.data_ = bytes.data();
  return out;
}

inline Value Value::TypeName(std::string_view name) {
  Value out(Kind::kType, 0, static_cast<uint32_t>(name.size()));
  out.data_ = name.data();
  return out;
}

inline const ListData* Value::list_data() const {
  return is(Kind::kList, kArena) ? static_cast<const ListData*>(pointer_) : nullptr;
}

inline const json::Value* Value::json() const {
  bool wraps = is(Kind::kList, kJson) || is(Kind::kMap, kJson);
  return wraps ? static_cast<const json::Value*>(pointer_) : nullptr;
}

inline const MapData* Value::map_data() const {
  return is(Kind::kMap, kArena) ? static_cast<const MapData*>(pointer_) : nullptr;
}

inline const HostMap* Value::host_map() const {
  return is(Kind::kMap, kHost) ? static_cast<const HostMap*>(pointer_) : nullptr;
}

inline Value Value::Json(const json::Value& value) {
  switch (value.kind()) {
    case json::Value::Kind::kNull: return Null();
    case json::Value::Kind::kBool: return Bool(value.as_bool());
    case json::Value::Kind::kInt: return Int(value.as_int());
    case json::Value::Kind::kDouble: return Double(value.as_double());
    case json::Value::Kind::kString: return String(value.as_string());
    case json::Value::Kind::kArray: {
      Value out(Kind::kList, kJson, 0);
      out.pointer_ = &value;
      return out;
    }
    case json::Value::Kind::kObject: {
      Value out(Kind::kMap, kJson, 0);
      out.pointer_ = &value;
      return out;
    }
  }
  return Null();
}

// "int", "google.protobuf.Timestamp", ...: what type(value) yields.
std::string_view TypeNameOf(const Value& value);

}  // namespace agentflow::cel
