#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/message.h"
#include "libs/json/value.h"

// Whole messages to and from JSON: ProtoJSON by reflection, with AgentFlow's rules.
//
// Out: lowerCamelCase names, enums by name, 64-bit integers as strings, bytes as base64,
// Timestamp, Duration and FieldMask in their text forms, Struct and Value as JSON, Any of linked
// types with "@type"; fields that are not set are left out.
// In: both spellings of names; numbers also as strings; enums by name or number; null is "not
// set" (except for Value). Refused, all with INVALID_ARGUMENT and the JSON path in metadata
// `field` ("workflow.labels.team", "nodes[2].id"):
//   FIELD_UNKNOWN   no such field
//   FIELD_INVALID   wrong type or out of range; the message names the type expected
//   FIELD_DUPLICATE both spellings of one field, or two members of a oneof
//   JSON_TOO_DEEP   nested beyond 32
namespace agentflow::rpc {

struct ToJsonOptions {
  // Also write fields without presence that hold their default (0, "", false, [], {}).
  bool defaults = false;
  // Write "***" for fields with option `secret`; for logs and audit records.
  bool redact_secrets = false;
};

absl::StatusOr<json::Value> MessageToJson(const google::protobuf::Message& message,
                                          const ToJsonOptions& options = {});
// Merges into `message`, which should be empty.
absl::Status JsonToMessage(const json::Value& value, google::protobuf::Message* message);

// The same with text. Malformed text: reasons of json::Parse.
absl::StatusOr<std::string> MessageToJsonText(const google::protobuf::Message& message,
                                              const ToJsonOptions& options = {});
absl::Status JsonTextToMessage(std::string_view text, google::protobuf::Message* message);

// One field from a text such as a query parameter or a path segment: `path` is a dotted path in
// either spelling ("page_size", "workflow.name", "updateMask"); repeated fields are appended to.
// The same refusals.
absl::Status SetFieldFromText(google::protobuf::Message* message, std::string_view path,
                              std::string_view text);

}  // namespace agentflow::rpc
