#include "tools/openapi/schema.h"

#include "agentflow/options/v1/options.pb.h"
#include "tools/openapi/naming.h"

namespace agentflow::openapi {
namespace {

namespace pb = google::protobuf;
namespace options = agentflow::options::v1;

json::Value Ref(const std::string& name) {
  return json::Object{{"$ref", "#/components/schemas/" + name}};
}

// "agentflow.api.v1.Execution.State" -> "Execution.State".
template <typename D>
std::string ComponentName(const D& descriptor) {
  const std::string& package = descriptor.file()->package();
  return descriptor.full_name().substr(package.empty() ? 0 : package.size() + 1);
}

// Schemas of the types that ProtoJSON writes in a form of their own.
const json::Value* WellKnown(const std::string& name) {
  static const std::map<std::string, json::Value> types = {
      {"google.protobuf.Timestamp",
       json::Object{{"type", "string"},
                    {"format", "date-time"},
                    {"examples", json::Array{"2026-01-31T08:30:00Z"}}}},
      {"google.protobuf.Duration", json::Object{{"type", "string"},
                                                {"pattern", "^-?[0-9]+(\\.[0-9]{1,9})?s$"},
                                                {"examples", json::Array{"1.5s"}}}},
      {"google.protobuf.FieldMask",
       json::Object{{"type", "string"}, {"examples", json::Array{"title,labels"}}}},
      {"google.protobuf.Struct", json::Object{{"type", "object"}, {"additionalProperties", true}}},
      {"google.protobuf.Value", json::Object{{"description", "Any JSON value."}}},
      {"google.protobuf.ListValue", json::Object{{"type", "array"}, {"items", json::Object{}}}},
      {"google.protobuf.Empty", json::Object{{"type", "object"}, {"additionalProperties", false}}},
  };
  auto it = types.find(name);
  return it == types.end() ? nullptr : &it->second;
}

json::Value Scalar(const pb::FieldDescriptor& field) {
  switch (field.cpp_type()) {
    case pb::FieldDescriptor::CPPTYPE_INT32:
      return json::Object{{"type", "integer"}, {"format", "int32"}};
    case pb::FieldDescriptor::CPPTYPE_UINT32:
      return json::Object{{"type", "integer"}, {"format", "int64"}, {"minimum", 0}};
    case pb::FieldDescriptor::CPPTYPE_INT64:
      return json::Object{{"type", "string"}, {"format", "int64"}, {"pattern", "^-?[0-9]+$"}};
    case pb::FieldDescriptor::CPPTYPE_UINT64:
      return json::Object{{"type", "string"}, {"format", "uint64"}, {"pattern", "^[0-9]+$"}};
    case pb::FieldDescriptor::CPPTYPE_DOUBLE:
      return json::Object{{"type", "number"}, {"format", "double"}};
    case pb::FieldDescriptor::CPPTYPE_FLOAT:
      return json::Object{{"type", "number"}, {"format", "float"}};
    case pb::FieldDescriptor::CPPTYPE_BOOL:
      return json::Object{{"type", "boolean"}};
    default:
      if (field.type() == pb::FieldDescriptor::TYPE_BYTES) {
        return json::Object{{"type", "string"}, {"contentEncoding", "base64"}};
      }
      return json::Object{{"type", "string"}};
  }
}

// What a field says about itself; beside a $ref too, as 2020-12 allows.
void Annotate(const pb::FieldDescriptor& field, json::Object& schema) {
  std::string comment = CommentOf(field);
  if (comment.empty()) comment = StandardFieldSentence(field.name());
  if (!comment.empty()) schema.Set("description", comment);
  if (field.options().GetExtension(options::output_only)) schema.Set("readOnly", true);
  if (field.options().GetExtension(options::expression)) schema.Set("x-expression", true);
  if (field.options().GetExtension(options::secret)) {
    schema.Set("x-secret", true);
    if (schema.Find("$ref") == nullptr) schema.Set("format", "password");
  }
  if (const pb::OneofDescriptor* oneof = field.real_containing_oneof()) {
    schema.Set("x-oneof", CamelPath(oneof->name()));
  }
}

}  // namespace

json::Value SchemaCollector::Of(const pb::EnumDescriptor& type) {
  if (type.full_name() == "google.protobuf.NullValue") return json::Object{{"type", "null"}};
  std::string name = ComponentName(type);
  if (components_.contains(name)) return Ref(name);
  json::Array values;
  std::string notes;
  for (int i = 0; i < type.value_count(); ++i) {
    const pb::EnumValueDescriptor& value = *type.value(i);
    std::string comment = CommentOf(value);
    if (!comment.empty()) notes += "\n- `" + value.name() + "`: " + comment;
    // "Not given" is said by leaving the field out.
    if (value.number() != 0) values.push_back(value.name());
  }
  json::Object schema{{"type", "string"}, {"enum", values}};
  std::string comment = CommentOf(type);
  if (!notes.empty()) comment += (comment.empty() ? notes.substr(1) : "\n" + notes);
  if (!comment.empty()) schema.Set("description", comment);
  components_[name] = schema;
  return Ref(name);
}

json::Value SchemaCollector::Of(const pb::FieldDescriptor& field) {
  json::Object schema;
  if (field.is_map()) {
    schema = {{"type", "object"}, {"additionalProperties", Of(*field.message_type()->map_value())}};
  } else {
    json::Value one;
    if (field.cpp_type() == pb::FieldDescriptor::CPPTYPE_MESSAGE) {
      one = Of(*field.message_type());
    } else if (field.cpp_type() == pb::FieldDescriptor::CPPTYPE_ENUM) {
      one = Of(*field.enum_type());
    } else {
      one = Scalar(field);
    }
    schema =
        field.is_repeated() ? json::Object{{"type", "array"}, {"items", one}} : one.as_object();
  }
  Annotate(field, schema);
  return schema;
}

json::Object SchemaCollector::Without(const pb::Descriptor& message,
                                      const std::set<std::string>& fields) {
  json::Object properties;
  json::Array required;
  for (int i = 0; i < message.field_count(); ++i) {
    const pb::FieldDescriptor& field = *message.field(i);
    if (fields.contains(field.name())) continue;
    properties.Set(field.json_name(), Of(field));
    if (field.options().GetExtension(options::required)) required.push_back(field.json_name());
  }
  json::Object schema{{"type", "object"}, {"properties", properties}};
  if (!required.empty()) schema.Set("required", required);
  std::string comment = CommentOf(message);
  if (!comment.empty()) schema.Set("description", comment);
  return schema;
}

json::Value SchemaCollector::Of(const pb::Descriptor& message) {
  if (const json::Value* known = WellKnown(message.full_name())) return *known;
  std::string name = ComponentName(message);
  if (!components_.contains(name)) {
    components_[name] = json::Object{};  // a message may hold itself
    components_[name] = Without(message, {});
  }
  return Ref(name);
}

}  // namespace agentflow::openapi
