#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/contract/path_template.h"

namespace google::protobuf {
class Descriptor;
class DescriptorPool;
class FieldDescriptor;
class MethodDescriptor;
class ServiceDescriptor;
}  // namespace google::protobuf

// What a method's google.api.http option says, checked against its messages.
namespace agentflow::contract {

using FieldPath = std::vector<const google::protobuf::FieldDescriptor*>;

struct BoundVariable {
  PathVariable variable;
  FieldPath fields;
};

// One way to call a method over HTTP.
struct HttpBinding {
  const google::protobuf::MethodDescriptor* method = nullptr;
  std::string verb;  // "GET", "POST", "PUT", "PATCH", "DELETE" or a custom kind
  PathTemplate path;
  std::vector<BoundVariable> variables;
  // How the body is used: not at all, as the whole request, or as one field of it.
  enum class Body { kNone, kWhole, kField };
  Body body = Body::kNone;
  const google::protobuf::FieldDescriptor* body_field = nullptr;
  // The answer's field that is the whole HTTP body; null: the answer itself.
  const google::protobuf::FieldDescriptor* response_field = nullptr;
};

// The bindings of a method, additional ones included; empty where it has none.
// Errors: INVALID_ARGUMENT, reason HTTP_RULE_INVALID or PATH_TEMPLATE_INVALID, naming the method.
absl::StatusOr<std::vector<HttpBinding>> BindingsOf(
    const google::protobuf::MethodDescriptor& method);

// "workflow.name" in `message`; either spelling of a field. Empty where there is no such path or
// where it leads through a repeated field.
FieldPath FindFieldPath(const google::protobuf::Descriptor& message, std::string_view path);

// Public services (package agentflow.api.*) of the given files of `pool`, sorted by full name.
std::vector<const google::protobuf::ServiceDescriptor*> PublicServices(
    const google::protobuf::DescriptorPool& pool, const std::vector<std::string>& files);

}  // namespace agentflow::contract
