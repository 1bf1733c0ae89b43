#include "libs/cel/value.h"

#include "libs/cel/arena.h"

namespace agentflow::cel {

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

const json::Array* Value::json_array() const {
  return is(Kind::kList, kJson)
             ? &static_cast<const json::Value*>(pointer_)->as_array()
             : nullptr;
}

const json::Object* Value::json_object() const {
  return is(Kind::kMap, kJson)
             ? &static_cast<const json::Value*>(pointer_)->as_object()
             : nullptr;
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
