#include "libs/rpc/well_known.h"

#include <google/protobuf/descriptor.h>

#include <unordered_map>

namespace agentflow::rpc {

WellKnown WellKnownOf(const google::protobuf::Descriptor& descriptor) {
  constexpr std::string_view kPackage = "google.protobuf.";
  std::string_view name = descriptor.full_name();
  if (!name.starts_with(kPackage)) return WellKnown::kNone;
  static const std::unordered_map<std::string_view, WellKnown> types = {
      {"Timestamp", WellKnown::kTimestamp},
      {"Duration", WellKnown::kDuration},
      {"FieldMask", WellKnown::kFieldMask},
      {"Struct", WellKnown::kStruct},
      {"Value", WellKnown::kValue},
      {"ListValue", WellKnown::kListValue},
      {"Any", WellKnown::kAny},
      {"DoubleValue", WellKnown::kWrapper},
      {"FloatValue", WellKnown::kWrapper},
      {"Int64Value", WellKnown::kWrapper},
      {"UInt64Value", WellKnown::kWrapper},
      {"Int32Value", WellKnown::kWrapper},
      {"UInt32Value", WellKnown::kWrapper},
      {"BoolValue", WellKnown::kWrapper},
      {"StringValue", WellKnown::kWrapper},
      {"BytesValue", WellKnown::kWrapper},
  };
  auto found = types.find(name.substr(kPackage.size()));
  return found == types.end() ? WellKnown::kNone : found->second;
}

std::string CamelFromSnake(std::string_view snake) {
  std::string out;
  bool upper = false;
  for (char c : snake) {
    if (c == '_') {
      upper = true;
    } else {
      out += upper && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
      upper = false;
    }
  }
  return out;
}

std::string SnakeFromCamel(std::string_view camel) {
  std::string out;
  for (char c : camel) {
    if (c >= 'A' && c <= 'Z') {
      out += '_';
      out += static_cast<char>(c - 'A' + 'a');
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace agentflow::rpc
