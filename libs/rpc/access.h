#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace google::protobuf {
class DescriptorPool;
class MethodDescriptor;
class ServiceDescriptor;
}  // namespace google::protobuf

namespace agentflow::rpc {

// What a method declares about itself (agentflow.options.v1.access), as a plain struct.
struct MethodAccess {
  enum class Audit { kNone, kRead, kWrite, kSecurity };

  std::string permission;
  Audit audit = Audit::kNone;
  int cost = 1;
  bool is_public = false;
  bool authenticated = false;
  std::vector<std::string> callers;
};

// FAILED_PRECONDITION, reason ACCESS_UNDECLARED, when the method declares nothing. Works for
// descriptors of any pool.
absl::StatusOr<MethodAccess> AccessOf(const google::protobuf::MethodDescriptor& method);
// The service's `backend` option; empty where it has none.
std::string BackendOf(const google::protobuf::ServiceDescriptor& service);
// "agentflow.api.v1.WorkflowService/GetWorkflow"
std::string MethodPath(const google::protobuf::MethodDescriptor& method);
// Null where `path` (as above, a leading slash allowed) names no method of the pool.
const google::protobuf::MethodDescriptor* FindMethod(const google::protobuf::DescriptorPool& pool,
                                                     std::string_view path);
// Every service of the protos linked into this program whose backend is `backend`.
std::vector<const google::protobuf::ServiceDescriptor*> LinkedServices(std::string_view backend);

}  // namespace agentflow::rpc
