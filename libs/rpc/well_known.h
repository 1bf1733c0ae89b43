#pragma once

// For the .cc files of this library only: the well-known types that JSON writes in forms of
// their own.

#include <google/protobuf/message.h>

#include <string>
#include <string_view>

namespace agentflow::rpc {

enum class WellKnown {
  kNone,
  kTimestamp,
  kDuration,
  kFieldMask,
  kStruct,
  kValue,
  kListValue,
  kWrapper,
  kAny,
};

WellKnown WellKnownOf(const google::protobuf::Descriptor& descriptor);

// `message` as the generated type T, also where it is a dynamic one of the same name.
template <typename T>
T As(const google::protobuf::Message& message) {
  if (const auto* same = dynamic_cast<const T*>(&message)) return *same;
  T out;
  out.ParsePartialFromString(message.SerializePartialAsString());
  return out;
}

template <typename T>
void Store(const T& value, google::protobuf::Message* out) {
  if (auto* same = dynamic_cast<T*>(out)) {
    *same = value;
  } else {
    out->ParsePartialFromString(value.SerializePartialAsString());
  }
}

// "update_mask" <-> "updateMask"; dots are kept.
std::string CamelFromSnake(std::string_view snake);
std::string SnakeFromCamel(std::string_view camel);

}  // namespace agentflow::rpc
