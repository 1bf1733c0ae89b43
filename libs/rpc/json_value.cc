#include "libs/rpc/json_value.h"

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "libs/base/status.h"

namespace agentflow::rpc {
namespace {

namespace pb = google::protobuf;

constexpr int kMaxDepth = 32;

absl::Status TooDeep() {
  return InvalidArgument("JSON_TOO_DEEP", "", "values nest to at most 32 levels");
}

absl::StatusOr<json::Value> Convert(const pb::Value& value, int depth);

absl::StatusOr<json::Value> Convert(const pb::Struct& object, int depth) {
  if (depth > kMaxDepth) return TooDeep();
  std::vector<json::Object::Member> members;
  members.reserve(object.fields_size());
  for (const auto& [key, field] : object.fields()) {
    AF_ASSIGN_OR_RETURN(json::Value converted, Convert(field, depth));
    members.emplace_back(key, std::move(converted));
  }
  return json::Value(json::Object(std::move(members)));
}

absl::StatusOr<json::Value> Convert(const pb::ListValue& list, int depth) {
  if (depth > kMaxDepth) return TooDeep();
  json::Array items;
  items.reserve(list.values_size());
  for (const pb::Value& item : list.values()) {
    AF_ASSIGN_OR_RETURN(json::Value converted, Convert(item, depth));
    items.push_back(std::move(converted));
  }
  return json::Value(std::move(items));
}

// `depth` is that of the containers around the value.
absl::StatusOr<json::Value> Convert(const pb::Value& value, int depth) {
  switch (value.kind_case()) {
    case pb::Value::kNullValue:
    case pb::Value::KIND_NOT_SET:
      return json::Value();
    case pb::Value::kBoolValue:
      return json::Value(value.bool_value());
    case pb::Value::kNumberValue:
      if (!std::isfinite(value.number_value())) {
        return InvalidArgument("FIELD_INVALID", "", "a JSON number is neither NaN nor infinite");
      }
      return json::Value::Number(value.number_value());
    case pb::Value::kStringValue:
      return json::Value(value.string_value());
    case pb::Value::kStructValue:
      return Convert(value.struct_value(), depth + 1);
    case pb::Value::kListValue:
      return Convert(value.list_value(), depth + 1);
  }
  return json::Value();
}

absl::Status Expected(const char* kind, const json::Value& value) {
  return InvalidArgument(
      "FIELD_INVALID", "",
      "expected an " + std::string(kind) + ", found " + std::string(json::KindName(value.kind())));
}

void FillStruct(const json::Object& object, pb::Struct* out) {
  for (const auto& [key, member] : object) ToProto(member, &(*out->mutable_fields())[key]);
}

void FillList(const json::Array& array, pb::ListValue* out) {
  out->mutable_values()->Reserve(static_cast<int>(array.size()));
  for (const json::Value& item : array) ToProto(item, out->add_values());
}

}  // namespace

absl::StatusOr<json::Value> ToJson(const pb::Value& value) {
  return Convert(value, 0);
}
absl::StatusOr<json::Value> ToJson(const pb::Struct& object) {
  return Convert(object, 1);
}
absl::StatusOr<json::Value> ToJson(const pb::ListValue& list) {
  return Convert(list, 1);
}

void ToProto(const json::Value& value, pb::Value* out) {
  switch (value.kind()) {
    case json::Value::Kind::kNull:
      out->set_null_value(pb::NULL_VALUE);
      break;
    case json::Value::Kind::kBool:
      out->set_bool_value(value.as_bool());
      break;
    case json::Value::Kind::kInt:
    case json::Value::Kind::kDouble:
      out->set_number_value(value.as_number());
      break;
    case json::Value::Kind::kString:
      out->set_string_value(value.as_string());
      break;
    case json::Value::Kind::kArray:
      FillList(value.as_array(), out->mutable_list_value());
      break;
    case json::Value::Kind::kObject:
      FillStruct(value.as_object(), out->mutable_struct_value());
      break;
  }
}

absl::Status ToProto(const json::Value& value, pb::Struct* out) {
  if (!value.is_object()) return Expected("object", value);
  FillStruct(value.as_object(), out);
  return absl::OkStatus();
}

absl::Status ToProto(const json::Value& value, pb::ListValue* out) {
  if (!value.is_array()) return Expected("array", value);
  FillList(value.as_array(), out);
  return absl::OkStatus();
}

}  // namespace agentflow::rpc
