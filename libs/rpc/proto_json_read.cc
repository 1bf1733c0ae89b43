#include <google/protobuf/any.pb.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/field_mask.pb.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/timestamp.pb.h>
#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

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

constexpr int kMaxDepth = 32;

// Where in the JSON we are; lives on the stack and becomes text only for an error.
struct Path {
  const Path* parent = nullptr;
  std::string_view name;
  int index = -1;

  std::string Text() const {
    std::string out = parent == nullptr ? std::string() : parent->Text();
    if (index >= 0) return out + "[" + std::to_string(index) + "]";
    if (!out.empty() && !name.empty()) out += '.';
    return out + std::string(name);
  }
};

absl::Status Invalid(const Path& path, const std::string& expected, const json::Value& found) {
  std::string at = path.Text();
  std::string shown = json::Dump(found);
  if (found.is_object() || found.is_array()) shown = "an " + std::string(KindName(found.kind()));
  if (shown.size() > 60) shown = shown.substr(0, 57) + "...";
  return InvalidArgument(
      "FIELD_INVALID", at,
      (at.empty() ? "the body" : "\"" + at + "\"") + ": expected " + expected + ", found " + shown);
}

const FieldDescriptor* FindField(const pb::Descriptor& type, std::string_view name) {
  std::string key(name);
  const FieldDescriptor* field = type.FindFieldByCamelcaseName(key);
  if (field != nullptr && field->json_name() == key) return field;
  field = type.FindFieldByName(key);
  if (field != nullptr) return field;
  for (int i = 0; i < type.field_count(); ++i) {
    if (type.field(i)->json_name() == key) return type.field(i);
  }
  return nullptr;
}

absl::Status UnknownField(const pb::Descriptor& type, const Path& path) {
  std::string known;
  for (int i = 0; i < type.field_count(); ++i) {
    known += (i == 0 ? "" : ", ") + type.field(i)->json_name();
  }
  return InvalidArgument("FIELD_UNKNOWN", path.Text(),
                         "there is no field \"" + path.Text() + "\"; " + type.name() + " has " +
                             (known.empty() ? "none" : known));
}

template <typename T>
std::string IntegerName() {
  return std::string(std::is_signed_v<T> ? "a" : "a non-negative") +
         (sizeof(T) == 8 ? " 64-bit integer (as a number up to 2^53 or as text)"
                         : " 32-bit integer");
}

// Exact or not at all.
template <typename T>
std::optional<T> ToInteger(const json::Value& value) {
  if (value.is_int()) {
    int64_t number = value.as_int();
    if constexpr (sizeof(T) == 4) {
      if (number < int64_t{std::numeric_limits<T>::min()} ||
          number > int64_t{std::numeric_limits<T>::max()}) {
        return std::nullopt;
      }
    } else if (std::is_unsigned_v<T> && number < 0) {
      return std::nullopt;
    }
    return static_cast<T>(number);
  }
  if (!value.is_string()) return std::nullopt;
  const std::string& text = value.as_string();
  T number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return number;
}

std::optional<double> ToDouble(const json::Value& value) {
  if (value.is_number()) return value.as_number();
  if (!value.is_string()) return std::nullopt;
  const std::string& text = value.as_string();
  if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (text == "Infinity") return std::numeric_limits<double>::infinity();
  if (text == "-Infinity") return -std::numeric_limits<double>::infinity();
  double number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || text.empty() ||
      !std::isfinite(number)) {
    return std::nullopt;
  }
  return number;
}

std::optional<float> ToFloat(const json::Value& value) {
  std::optional<double> number = ToDouble(value);
  if (!number) return std::nullopt;
  if (std::isfinite(*number) && std::abs(*number) > std::numeric_limits<float>::max()) {
    return std::nullopt;
  }
  return static_cast<float>(*number);
}

std::optional<int> ToEnum(const pb::EnumDescriptor& type, const json::Value& value) {
  const pb::EnumValueDescriptor* found = nullptr;
  if (value.is_string()) {
    found = type.FindValueByName(value.as_string());
  } else if (value.is_int() && value.as_int() == static_cast<int>(value.as_int())) {
    found = type.FindValueByNumber(static_cast<int>(value.as_int()));
  }
  if (found == nullptr) return std::nullopt;
  return found->number();
}

std::string EnumNames(const pb::EnumDescriptor& type) {
  std::string out = "one of ";
  for (int i = 0; i < type.value_count(); ++i) {
    out += (i == 0 ? "" : ", ") + type.value(i)->name();
  }
  return out;
}

absl::Status ReadMessage(const json::Value& value, const Path& path, int depth, pb::Message* out);

// Sets, or appends to, one field from one JSON value. Used for the items of lists too.
class FieldReader {
 public:
  FieldReader(pb::Message* message, const FieldDescriptor& field, const Path& path, int depth)
      : message_(*message),
        reflection_(*message->GetReflection()),
        field_(field),
        path_(path),
        depth_(depth),
        append_(field.is_repeated()) {}

  absl::Status Read(const json::Value& value) {
    switch (field_.cpp_type()) {
      case FieldDescriptor::CPPTYPE_INT32:
        return Put(ToInteger<int32_t>(value), value, IntegerName<int32_t>(),
                   &pb::Reflection::SetInt32, &pb::Reflection::AddInt32);
      case FieldDescriptor::CPPTYPE_UINT32:
        return Put(ToInteger<uint32_t>(value), value, IntegerName<uint32_t>(),
                   &pb::Reflection::SetUInt32, &pb::Reflection::AddUInt32);
      case FieldDescriptor::CPPTYPE_INT64:
        return Put(ToInteger<int64_t>(value), value, IntegerName<int64_t>(),
                   &pb::Reflection::SetInt64, &pb::Reflection::AddInt64);
      case FieldDescriptor::CPPTYPE_UINT64:
        return Put(ToInteger<uint64_t>(value), value, IntegerName<uint64_t>(),
                   &pb::Reflection::SetUInt64, &pb::Reflection::AddUInt64);
      case FieldDescriptor::CPPTYPE_DOUBLE:
        return Put(ToDouble(value), value, "a number", &pb::Reflection::SetDouble,
                   &pb::Reflection::AddDouble);
      case FieldDescriptor::CPPTYPE_FLOAT:
        return Put(ToFloat(value), value, "a number", &pb::Reflection::SetFloat,
                   &pb::Reflection::AddFloat);
      case FieldDescriptor::CPPTYPE_BOOL:
        return Put(value.is_bool() ? std::optional<bool>(value.as_bool()) : std::nullopt, value,
                   "true or false", &pb::Reflection::SetBool, &pb::Reflection::AddBool);
      case FieldDescriptor::CPPTYPE_ENUM:
        return Put(ToEnum(*field_.enum_type(), value), value, EnumNames(*field_.enum_type()),
                   &pb::Reflection::SetEnumValue, &pb::Reflection::AddEnumValue);
      case FieldDescriptor::CPPTYPE_STRING:
        return ReadText(value);
      case FieldDescriptor::CPPTYPE_MESSAGE:
        return ReadMessage(value, path_, depth_,
                           append_ ? reflection_.AddMessage(&message_, &field_)
                                   : reflection_.MutableMessage(&message_, &field_));
    }
    return absl::OkStatus();
  }

 private:
  template <typename T, typename Set, typename Add>
  absl::Status Put(std::optional<T> converted, const json::Value& value,
                   const std::string& expected, Set set, Add add) {
    if (!converted) return Invalid(path_, expected, value);
    append_ ? (reflection_.*add)(&message_, &field_, *converted)
            : (reflection_.*set)(&message_, &field_, *converted);
    return absl::OkStatus();
  }

  absl::Status ReadText(const json::Value& value) {
    bool bytes = field_.type() == FieldDescriptor::TYPE_BYTES;
    if (!value.is_string()) return Invalid(path_, bytes ? "base64 text" : "a string", value);
    std::string text = value.as_string();
    if (bytes) {
      std::optional<std::string> decoded = crypto::Base64Decode(text);
      if (!decoded) return Invalid(path_, "base64 text", value);
      text = *std::move(decoded);
    }
    append_ ? reflection_.AddString(&message_, &field_, std::move(text))
            : reflection_.SetString(&message_, &field_, std::move(text));
    return absl::OkStatus();
  }

  pb::Message& message_;
  const pb::Reflection& reflection_;
  const FieldDescriptor& field_;
  const Path& path_;
  const int depth_;
  const bool append_;
};

// A map's key as a JSON value that FieldReader takes.
json::Value KeyValue(const FieldDescriptor& key_field, const std::string& key) {
  if (key_field.cpp_type() == FieldDescriptor::CPPTYPE_BOOL) {
    if (key == "true") return json::Value(true);
    if (key == "false") return json::Value(false);
  }
  return json::Value(key);
}

absl::Status ReadMap(const json::Value& value, const FieldDescriptor& field, const Path& path,
                     int depth, pb::Message* out) {
  if (!value.is_object()) return Invalid(path, "an object", value);
  if (depth + 1 > kMaxDepth) {
    return InvalidArgument("JSON_TOO_DEEP", path.Text(), "values nest to at most 32 levels");
  }
  const FieldDescriptor& key_field = *field.message_type()->map_key();
  const FieldDescriptor& value_field = *field.message_type()->map_value();
  for (const auto& [key, member] : value.as_object()) {
    Path at{&path, key};
    pb::Message* entry = out->GetReflection()->AddMessage(out, &field);
    AF_RETURN_IF_ERROR(FieldReader(entry, key_field, at, depth + 1).Read(KeyValue(key_field, key)));
    AF_RETURN_IF_ERROR(FieldReader(entry, value_field, at, depth + 1).Read(member));
  }
  return absl::OkStatus();
}

absl::Status ReadList(const json::Value& value, const FieldDescriptor& field, const Path& path,
                      int depth, pb::Message* out) {
  if (!value.is_array()) return Invalid(path, "an array", value);
  int index = 0;
  for (const json::Value& item : value.as_array()) {
    Path at{&path, {}, index++};
    AF_RETURN_IF_ERROR(FieldReader(out, field, at, depth + 1).Read(item));
  }
  return absl::OkStatus();
}

// Whether null means a value of its own rather than "not set".
bool TakesNull(const FieldDescriptor& field) {
  if (field.is_repeated()) return false;
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
    return WellKnownOf(*field.message_type()) == WellKnown::kValue;
  }
  return false;
}

absl::Status ReadField(const json::Value& value, const FieldDescriptor& field, const Path& path,
                       int depth, pb::Message* out) {
  if (value.is_null() && !TakesNull(field)) return absl::OkStatus();
  const pb::OneofDescriptor* oneof = field.real_containing_oneof();
  if (oneof != nullptr) {
    const FieldDescriptor* other = out->GetReflection()->GetOneofFieldDescriptor(*out, oneof);
    if (other != nullptr) {
      return InvalidArgument("FIELD_DUPLICATE", path.Text(),
                             "only one of \"" + other->json_name() + "\" and \"" +
                                 field.json_name() + "\" may be set");
    }
  }
  if (field.is_map()) return ReadMap(value, field, path, depth, out);
  if (field.is_repeated()) return ReadList(value, field, path, depth, out);
  return FieldReader(out, field, path, depth).Read(value);
}

absl::Status ReadObject(const json::Value& value, const Path& path, int depth, bool skip_type,
                        pb::Message* out) {
  if (!value.is_object()) return Invalid(path, "an object", value);
  const pb::Descriptor& type = *out->GetDescriptor();
  std::vector<const FieldDescriptor*> seen;
  seen.reserve(value.as_object().size());
  for (const auto& [name, member] : value.as_object()) {
    if (skip_type && name == "@type") continue;
    Path at{&path, name};
    const FieldDescriptor* field = FindField(type, name);
    if (field == nullptr) return UnknownField(type, at);
    if (std::find(seen.begin(), seen.end(), field) != seen.end()) {
      return InvalidArgument("FIELD_DUPLICATE", at.Text(),
                             "\"" + field->json_name() + "\" is given in both spellings");
    }
    seen.push_back(field);
    AF_RETURN_IF_ERROR(ReadField(member, *field, at, depth, out));
  }
  return absl::OkStatus();
}

absl::Status ReadMask(const json::Value& value, const Path& path, pb::Message* out) {
  if (!value.is_string()) return Invalid(path, "field names with commas between them", value);
  pb::FieldMask mask;
  std::string_view rest = value.as_string();
  while (!rest.empty()) {
    size_t comma = rest.find(',');
    std::string_view name = rest.substr(0, comma);
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
    while (name.starts_with(' ')) name.remove_prefix(1);
    while (name.ends_with(' ')) name.remove_suffix(1);
    if (name.empty()) return Invalid(path, "field names with commas between them", value);
    mask.add_paths(SnakeFromCamel(name));
  }
  Store(mask, out);
  return absl::OkStatus();
}

absl::Status ReadAny(const json::Value& value, const Path& path, int depth, pb::Message* out) {
  std::string url = value.StringOr("@type");
  const pb::Descriptor* type =
      pb::DescriptorPool::generated_pool()->FindMessageTypeByName(url.substr(url.rfind('/') + 1));
  if (url.empty() || type == nullptr) {
    return Invalid(path, "an object whose \"@type\" names a known type", value);
  }
  std::unique_ptr<pb::Message> message(
      pb::MessageFactory::generated_factory()->GetPrototype(type)->New());
  if (WellKnownOf(*type) != WellKnown::kNone) {
    const json::Value* inner = value.Find("value");
    if (inner == nullptr) return Invalid(path, "a member \"value\"", value);
    AF_RETURN_IF_ERROR(ReadMessage(*inner, path, depth, message.get()));
  } else {
    AF_RETURN_IF_ERROR(ReadObject(value, path, depth, /*skip_type=*/true, message.get()));
  }
  pb::Any any;
  any.set_type_url(url);
  any.set_value(message->SerializeAsString());
  Store(any, out);
  return absl::OkStatus();
}

int DepthOf(const json::Value& value) {
  int deepest = 0;
  if (value.is_array()) {
    for (const json::Value& item : value.as_array()) deepest = std::max(deepest, DepthOf(item));
    return deepest + 1;
  }
  if (value.is_object()) {
    for (const auto& [key, member] : value.as_object())
      deepest = std::max(deepest, DepthOf(member));
    return deepest + 1;
  }
  return 0;
}

template <typename T>
absl::Status ReadJson(const json::Value& value, const Path& path, int depth, pb::Message* out) {
  if (depth + DepthOf(value) > kMaxDepth) {
    return InvalidArgument("JSON_TOO_DEEP", path.Text(), "values nest to at most 32 levels");
  }
  T proto;
  if constexpr (std::is_same_v<T, pb::Value>) {
    ToProto(value, &proto);
  } else if (!ToProto(value, &proto).ok()) {
    return Invalid(path, std::is_same_v<T, pb::Struct> ? "an object" : "an array", value);
  }
  Store(proto, out);
  return absl::OkStatus();
}

template <typename T>
absl::Status ReadTime(const json::Value& value, const Path& path, const char* expected,
                      pb::Message* out) {
  T proto;
  if (!value.is_string() || !TimeUtil::FromString(value.as_string(), &proto)) {
    return Invalid(path, expected, value);
  }
  Store(proto, out);
  return absl::OkStatus();
}

// `depth` counts the containers around `value`.
absl::Status ReadMessage(const json::Value& value, const Path& path, int depth, pb::Message* out) {
  switch (WellKnownOf(*out->GetDescriptor())) {
    case WellKnown::kTimestamp:
      return ReadTime<pb::Timestamp>(value, path, "a time such as \"2026-01-31T12:00:00Z\"", out);
    case WellKnown::kDuration:
      return ReadTime<pb::Duration>(value, path, "a duration such as \"1.5s\"", out);
    case WellKnown::kFieldMask:
      return ReadMask(value, path, out);
    case WellKnown::kStruct:
      return ReadJson<pb::Struct>(value, path, depth, out);
    case WellKnown::kValue:
      return ReadJson<pb::Value>(value, path, depth, out);
    case WellKnown::kListValue:
      return ReadJson<pb::ListValue>(value, path, depth, out);
    case WellKnown::kWrapper:
      return FieldReader(out, *out->GetDescriptor()->FindFieldByName("value"), path, depth)
          .Read(value);
    case WellKnown::kAny:
      return ReadAny(value, path, depth + 1, out);
    case WellKnown::kNone:
      break;
  }
  if (depth + 1 > kMaxDepth) {
    return InvalidArgument("JSON_TOO_DEEP", path.Text(), "values nest to at most 32 levels");
  }
  return ReadObject(value, path, depth + 1, /*skip_type=*/false, out);
}

// The JSON value that a query parameter's text stands for.
json::Value ValueFromText(const FieldDescriptor& field, std::string_view text) {
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_BOOL) {
    if (text == "true" || text.empty()) return json::Value(true);
    if (text == "false") return json::Value(false);
  }
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_ENUM) {
    json::Value text_value(text);
    if (std::optional<int64_t> number = ToInteger<int64_t>(text_value)) return json::Value(*number);
  }
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
    WellKnown type = WellKnownOf(*field.message_type());
    if (type == WellKnown::kValue || type == WellKnown::kStruct || type == WellKnown::kListValue) {
      absl::StatusOr<json::Value> parsed = json::Parse(text);
      if (parsed.ok()) return *std::move(parsed);
    }
    if (type == WellKnown::kWrapper) {
      return ValueFromText(*field.message_type()->FindFieldByName("value"), text);
    }
  }
  return json::Value(text);
}

}  // namespace

absl::Status JsonToMessage(const json::Value& value, pb::Message* message) {
  return ReadMessage(value, Path(), 0, message);
}

absl::Status JsonTextToMessage(std::string_view text, pb::Message* message) {
  // Whoever received the text has held it to a limit, which may be above that of a JSON value.
  AF_ASSIGN_OR_RETURN(json::Value value, json::Parse(text, {.bytes = text.size()}));
  return JsonToMessage(value, message);
}

absl::Status SetFieldFromText(pb::Message* message, std::string_view path, std::string_view text) {
  Path whole{nullptr, path};
  std::string_view rest = path;
  while (true) {
    size_t dot = rest.find('.');
    const FieldDescriptor* field = FindField(*message->GetDescriptor(), rest.substr(0, dot));
    if (field == nullptr) return UnknownField(*message->GetDescriptor(), whole);
    bool last = dot == std::string_view::npos;
    bool nested = field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE && !field->is_repeated();
    if (last) {
      bool plain = field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE &&
                   WellKnownOf(*field->message_type()) == WellKnown::kNone;
      if (plain || field->is_map()) {
        return Invalid(whole, "one of its fields (\"" + std::string(path) + ".name\")",
                       json::Value(text));
      }
      return FieldReader(message, *field, whole, 1).Read(ValueFromText(*field, text));
    }
    if (!nested) return UnknownField(*message->GetDescriptor(), whole);
    message = message->GetReflection()->MutableMessage(message, field);
    rest = rest.substr(dot + 1);
  }
}

}  // namespace agentflow::rpc
