#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "google/protobuf/descriptor.h"
#include "libs/json/value.h"

// The OpenAPI 3.1 description of the public API, made from the protos alone.
namespace agentflow::openapi {

// The public services in `files` of `pool`. The pool should hold source info: comments become
// descriptions. The same protos always give the same document.
// Errors: those of contract::BindingsOf; ALREADY_EXISTS, reason OPERATION_CONFLICT, when two
// methods would have the same path or operation id.
absl::StatusOr<json::Value> Generate(const google::protobuf::DescriptorPool& pool,
                                     const std::vector<std::string>& files);

}  // namespace agentflow::openapi
