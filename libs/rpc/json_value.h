#pragma once

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/struct.pb.h"
#include "libs/json/value.h"

// google.protobuf.Value and Struct to and from json::Value, under the number rule (an integral
// double up to 2^53 is an int) and the depth limit of 32.
namespace agentflow::rpc {

// INVALID_ARGUMENT with reason JSON_TOO_DEEP, or FIELD_INVALID for NaN and infinities. A Value
// with no kind set is null.
absl::StatusOr<json::Value> ToJson(const google::protobuf::Value& value);
absl::StatusOr<json::Value> ToJson(const google::protobuf::Struct& object);
absl::StatusOr<json::Value> ToJson(const google::protobuf::ListValue& list);

// Never fails: json::Value holds nothing that Value cannot (ints beyond 2^53 do not occur).
void ToProto(const json::Value& value, google::protobuf::Value* out);
// INVALID_ARGUMENT, reason FIELD_INVALID, unless `value` is an object or an array respectively.
absl::Status ToProto(const json::Value& value, google::protobuf::Struct* out);
absl::Status ToProto(const json::Value& value, google::protobuf::ListValue* out);

}  // namespace agentflow::rpc
