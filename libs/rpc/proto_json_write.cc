#include <google/protobuf/any.pb.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/field_mask.pb.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/timestamp.pb.h>
#include <google/protobuf/util/time_util.h>

#include <charconv>
#include <cmath>
#include <memory>
#include <utility>
#include <vector>

#include "agentflow/options/v1/options.pb.h"
#include "libs/base/status.h"
#include "libs/crypto/encoding.h"
#include "libs/rpc/json_value.h"
#include "libs/rpc/proto_json.h"
#include "libs/rpc/well_known.h"

namespace agentflow::rpc {
namespace {

namespace pb = google::protobuf;
using pb::FieldDescriptor;
using pb::util::TimeUtil;

json::Value FromDouble(double number) {
  if (std::isnan(number)) return json::Value("NaN");
  if (std::isinf(number)) return json::Value(number > 0 ? "Infinity" : "-Infinity");
  return json::Value::Number(number);
}

// The shortest decimal that is this float, so that 0.1f is written 0.1.
json::Value FromFloat(float number) {
  if (!std::isfinite(number)) return FromDouble(number);
  char buffer[32];
  char* end = std::to_chars(buffer, buffer + sizeof buffer, number).ptr;
  double shortest = 0;
  std::from_chars(buffer, end, shortest);
  return FromDouble(shortest);
}

json::Value FromEnum(const pb::EnumDescriptor& type, int number) {
  if (type.full_name() == "google.protobuf.NullValue") return json::Value();
  const pb::EnumValueDescriptor* value = type.FindValueByNumber(number);
  return value == nullptr ? json::Value(number) : json::Value(value->name());
}

class Writer {
 public:
  explicit Writer(const ToJsonOptions& options) : options_(options) {}

  absl::StatusOr<json::Value> Write(const pb::Message& message) const {
    switch (WellKnownOf(*message.GetDescriptor())) {
      case WellKnown::kTimestamp:
        return json::Value(TimeUtil::ToString(As<pb::Timestamp>(message)));
      case WellKnown::kDuration:
        return json::Value(TimeUtil::ToString(As<pb::Duration>(message)));
      case WellKnown::kFieldMask:
        return WriteMask(As<pb::FieldMask>(message));
      case WellKnown::kStruct:
        return ToJson(As<pb::Struct>(message));
      case WellKnown::kValue:
        return ToJson(As<pb::Value>(message));
      case WellKnown::kListValue:
        return ToJson(As<pb::ListValue>(message));
      case WellKnown::kWrapper:
        return WriteSingle(message, *message.GetDescriptor()->FindFieldByName("value"));
      case WellKnown::kAny:
        return WriteAny(As<pb::Any>(message));
      case WellKnown::kNone:
        break;
    }
    std::vector<json::Object::Member> members;
    AF_RETURN_IF_ERROR(WriteMembers(message, &members));
    return json::Value(json::Object(std::move(members)));
  }

 private:
  absl::Status WriteMembers(const pb::Message& message,
                            std::vector<json::Object::Member>* out) const {
    const pb::Descriptor& type = *message.GetDescriptor();
    std::vector<const FieldDescriptor*> fields;
    if (options_.defaults) {
      for (int i = 0; i < type.field_count(); ++i) fields.push_back(type.field(i));
    } else {
      message.GetReflection()->ListFields(message, &fields);
    }
    out->reserve(fields.size());
    for (const FieldDescriptor* field : fields) {
      if (field->is_extension()) continue;
      bool absent = options_.defaults && field->has_presence() &&
                    !message.GetReflection()->HasField(message, field);
      if (absent) continue;
      if (options_.redact_secrets && field->options().GetExtension(options::v1::secret)) {
        out->emplace_back(field->json_name(), json::Value("***"));
        continue;
      }
      AF_ASSIGN_OR_RETURN(json::Value value, WriteField(message, *field));
      out->emplace_back(field->json_name(), std::move(value));
    }
    return absl::OkStatus();
  }

  absl::StatusOr<json::Value> WriteField(const pb::Message& message,
                                         const FieldDescriptor& field) const {
    if (field.is_map()) return WriteMap(message, field);
    if (!field.is_repeated()) return WriteSingle(message, field);
    const pb::Reflection& reflection = *message.GetReflection();
    int size = reflection.FieldSize(message, &field);
    json::Array items;
    items.reserve(static_cast<size_t>(size));
    for (int i = 0; i < size; ++i) {
      AF_ASSIGN_OR_RETURN(json::Value item, WriteItem(message, field, i));
      items.push_back(std::move(item));
    }
    return json::Value(std::move(items));
  }

  absl::StatusOr<json::Value> WriteMap(const pb::Message& message,
                                       const FieldDescriptor& field) const {
    const pb::Reflection& reflection = *message.GetReflection();
    const FieldDescriptor& key_field = *field.message_type()->map_key();
    const FieldDescriptor& value_field = *field.message_type()->map_value();
    std::vector<json::Object::Member> members;
    int size = reflection.FieldSize(message, &field);
    members.reserve(static_cast<size_t>(size));
    for (int i = 0; i < size; ++i) {
      const pb::Message& entry = reflection.GetRepeatedMessage(message, &field, i);
      AF_ASSIGN_OR_RETURN(json::Value key, WriteSingle(entry, key_field));
      AF_ASSIGN_OR_RETURN(json::Value value, WriteSingle(entry, value_field));
      members.emplace_back(key.is_string() ? key.as_string() : json::Dump(key), std::move(value));
    }
    return json::Value(json::Object(std::move(members)));
  }

  absl::StatusOr<json::Value> WriteSingle(const pb::Message& message,
                                          const FieldDescriptor& field) const {
    const pb::Reflection& reflection = *message.GetReflection();
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_INT32:
        return json::Value(int64_t{reflection.GetInt32(message, &field)});
      case FieldDescriptor::CPPTYPE_UINT32:
        return json::Value(int64_t{reflection.GetUInt32(message, &field)});
      case FieldDescriptor::CPPTYPE_INT64:
        return json::Value(std::to_string(reflection.GetInt64(message, &field)));
      case FieldDescriptor::CPPTYPE_UINT64:
        return json::Value(std::to_string(reflection.GetUInt64(message, &field)));
      case FieldDescriptor::CPPTYPE_DOUBLE:
        return FromDouble(reflection.GetDouble(message, &field));
      case FieldDescriptor::CPPTYPE_FLOAT:
        return FromFloat(reflection.GetFloat(message, &field));
      case FieldDescriptor::CPPTYPE_BOOL:
        return json::Value(reflection.GetBool(message, &field));
      case FieldDescriptor::CPPTYPE_ENUM:
        return FromEnum(*field.enum_type(), reflection.GetEnumValue(message, &field));
      case FieldDescriptor::CPPTYPE_STRING:
        return FromText(field, reflection.GetString(message, &field));
      case FieldDescriptor::CPPTYPE_MESSAGE:
        return Write(reflection.GetMessage(message, &field));
    }
    return json::Value();
  }

  absl::StatusOr<json::Value> WriteItem(const pb::Message& message, const FieldDescriptor& field,
                                        int index) const {
    const pb::Reflection& reflection = *message.GetReflection();
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_INT32:
        return json::Value(int64_t{reflection.GetRepeatedInt32(message, &field, index)});
      case FieldDescriptor::CPPTYPE_UINT32:
        return json::Value(int64_t{reflection.GetRepeatedUInt32(message, &field, index)});
      case FieldDescriptor::CPPTYPE_INT64:
        return json::Value(std::to_string(reflection.GetRepeatedInt64(message, &field, index)));
      case FieldDescriptor::CPPTYPE_UINT64:
        return json::Value(std::to_string(reflection.GetRepeatedUInt64(message, &field, index)));
      case FieldDescriptor::CPPTYPE_DOUBLE:
        return FromDouble(reflection.GetRepeatedDouble(message, &field, index));
      case FieldDescriptor::CPPTYPE_FLOAT:
        return FromFloat(reflection.GetRepeatedFloat(message, &field, index));
      case FieldDescriptor::CPPTYPE_BOOL:
        return json::Value(reflection.GetRepeatedBool(message, &field, index));
      case FieldDescriptor::CPPTYPE_ENUM:
        return FromEnum(*field.enum_type(),
                        reflection.GetRepeatedEnumValue(message, &field, index));
      case FieldDescriptor::CPPTYPE_STRING:
        return FromText(field, reflection.GetRepeatedString(message, &field, index));
      case FieldDescriptor::CPPTYPE_MESSAGE:
        return Write(reflection.GetRepeatedMessage(message, &field, index));
    }
    return json::Value();
  }

  static json::Value FromText(const FieldDescriptor& field, std::string text) {
    return json::Value(field.type() == FieldDescriptor::TYPE_BYTES ? crypto::Base64Encode(text)
                                                                   : std::move(text));
  }

  static json::Value WriteMask(const pb::FieldMask& mask) {
    std::string out;
    for (const std::string& path : mask.paths()) {
      if (!out.empty()) out += ',';
      out += CamelFromSnake(path);
    }
    return json::Value(std::move(out));
  }

  absl::StatusOr<json::Value> WriteAny(const pb::Any& any) const {
    std::string name = any.type_url().substr(any.type_url().rfind('/') + 1);
    const pb::Descriptor* type = pb::DescriptorPool::generated_pool()->FindMessageTypeByName(name);
    const pb::Message* prototype =
        type == nullptr ? nullptr : pb::MessageFactory::generated_factory()->GetPrototype(type);
    std::vector<json::Object::Member> members = {{"@type", json::Value(any.type_url())}};
    std::unique_ptr<pb::Message> message(prototype == nullptr ? nullptr : prototype->New());
    if (message == nullptr || !message->ParseFromString(any.value())) {
      members.emplace_back("value", json::Value(crypto::Base64Encode(any.value())));
    } else if (WellKnownOf(*type) != WellKnown::kNone) {
      AF_ASSIGN_OR_RETURN(json::Value value, Write(*message));
      members.emplace_back("value", std::move(value));
    } else {
      AF_RETURN_IF_ERROR(WriteMembers(*message, &members));
    }
    return json::Value(json::Object(std::move(members)));
  }

  const ToJsonOptions options_;
};

}  // namespace

absl::StatusOr<json::Value> MessageToJson(const pb::Message& message,
                                          const ToJsonOptions& options) {
  return Writer(options).Write(message);
}

absl::StatusOr<std::string> MessageToJsonText(const pb::Message& message,
                                              const ToJsonOptions& options) {
  AF_ASSIGN_OR_RETURN(json::Value value, MessageToJson(message, options));
  return json::Dump(value);
}

}  // namespace agentflow::rpc
