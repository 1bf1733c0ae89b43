#include "libs/cel/value.h"

#include "libs/cel/arena.h"

namespace agentflow::cel {

Value Value::Bool(bool value) {
  Value out(Kind::kBool, 0, 0);
  out.int_ = value;
  return out;
}

Value Value::Int(int64_t value) {
  Value out(Kind::kInt, 0, 0);
  out.int_ = value;
  return out;
}

Value Value::Uint(uint64_t value) {
  Value out(Kind::kUint, 0, 0);
  out.uint_ = value;
  return out;
}

Value Value::Double(double value) {
  Value out(Kind::kDouble, 0, 0);
  out.double_ = value;
  return out;
}

Value Value::String(std::string_view text) {
  Value out(Kind::kString, 0, static_cast<uint32_t>(text.size()));
  out.data_ = text.data();
  return out;
}

Value Value::Bytes(std::string_view bytes) {
  Value out(Kind::kBytes, 0, static_cast<uint32_t>(bytes.size()));
  out.data_ = bytes.data();
  return out;
}

Value Value::TypeName(std::string_view name) {
  Value out(Kind::kType, 0, static_cast<uint32_t>(name.size()));
  out.data_ = name.data();
  return out;
}

Value Value::Json(const json::Value& value) {
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

Value Value::Host(const HostMap& map) {
  Value out(Kind::kMap, kHost, 0);
  out.pointer_ = &map;
  return out;
}

Value Value::Timestamp(int64_t seconds, int32_t nanos) {
  Value out(Kind::kTimestamp, 0, static_cast<uint32_t>(nanos));
  out.int_ = seconds;
  return out;
}

Value Value::Duration(int64_t seconds, int32_t nanos) {
  Value out(Kind::kDuration, 0, static_cast<uint32_t>(nanos));
  out.int_ = seconds;
  return out;
}

Value Value::List(const ListData* list) {
  Value out(Kind::kList, kArena, 0);
  out.pointer_ = list;
  return out;
}

Value Value::Map(const MapData* map) {
  Value out(Kind::kMap, kArena, 0);
  out.pointer_ = map;
  return out;
}

Value Value::Optional(const Value* value) {
  Value out(Kind::kOptional, 0, 0);
  out.pointer_ = value;
  return out;
}

Value Value::Error(const ErrorData* error) {
  Value out(Kind::kError, 0, 0);
  out.pointer_ = error;
  return out;
}

const ListData* Value::list_data() const {
  return kind_ == Kind::kList && rep_ == kArena ? static_cast<const ListData*>(pointer_) : nullptr;
}

const json::Value* Value::json() const {
  bool wraps = (kind_ == Kind::kList || kind_ == Kind::kMap) && rep_ == kJson;
  return wraps ? static_cast<const json::Value*>(pointer_) : nullptr;
}

const json::Array* Value::json_array() const {
  return kind_ == Kind::kList && rep_ == kJson
             ? &static_cast<const json::Value*>(pointer_)->as_array()
             : nullptr;
}

const MapData* Value::map_data() const {
  return kind_ == Kind::kMap && rep_ == kArena ? static_cast<const MapData*>(pointer_) : nullptr;
}

const json::Object* Value::json_object() const {
  return kind_ == Kind::kMap && rep_ == kJson
             ? &static_cast<const json::Value*>(pointer_)->as_object()
             : nullptr;
}

const HostMap* Value::host_map() const {
  return kind_ == Kind::kMap && rep_ == kHost ? static_cast<const HostMap*>(pointer_) : nullptr;
}

std::string_view TypeNameOf(const Value& value) {
  switch (value.kind()) {
    case Kind::kNull: return "null_type";
    case Kind::kBool: return "bool";
    case Kind::kInt: return "int";
    case Kind::kUint: return "uint";
    case Kind::kDouble: return "double";
    case Kind::kString: return "string";
    case Kind::kBytes: return "bytes";
    case Kind::kList: return "list";
    case Kind::kMap: return "map";
    case Kind::kTimestamp: return "google.protobuf.Timestamp";
    case Kind::kDuration: return "google.protobuf.Duration";
    case Kind::kType: return "type";
    case Kind::kOptional: return "optional_type";
    case Kind::kError: return "error";
  }
  return "";
}

}  // namespace agentflow::cel
