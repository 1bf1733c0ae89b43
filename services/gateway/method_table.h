#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "absl/status/statusor.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "libs/contract/binding.h"
#include "libs/contract/route_table.h"
#include "libs/rpc/access.h"

namespace agentflow::gateway {

// One public method, with everything the gateway wants to know about it.
struct Method {
  const google::protobuf::MethodDescriptor* descriptor = nullptr;
  std::string path;  // "agentflow.api.v1.WorkflowService/GetWorkflow"
  std::string name;  // "WorkflowService.GetWorkflow", for metrics
  std::string backend;
  rpc::MethodAccess access;
  bool streaming = false;
  // The request field that fixes the lane; empty: any instance answers.
  contract::FieldPath lane_from;
  // Default instances of the generated messages; New() makes one.
  const google::protobuf::Message* request = nullptr;
  const google::protobuf::Message* response = nullptr;
};

// Every public method of the protos linked into this program, by gRPC path and by HTTP route.
// Built once at start; immutable, safe from any thread.
class MethodTable {
 public:
  // `backends`: services of the glossary to take methods from. Errors: ACCESS_UNDECLARED,
  // HTTP_RULE_INVALID, PATH_TEMPLATE_INVALID, ROUTE_CONFLICT: the gateway does not start.
  static absl::StatusOr<std::unique_ptr<MethodTable>> Build(
      const std::vector<std::string>& backends);

  // Null for methods that are not public or not known.
  const Method* Find(std::string_view grpc_path) const;
  // The method of a binding that routes() found.
  const Method& Of(const contract::HttpBinding& binding) const;
  const contract::RouteTable& routes() const { return routes_; }
  // Full names of the public services.
  const std::vector<std::string>& services() const { return services_; }
  size_t size() const { return methods_.size(); }

 private:
  absl::Status Add(const google::protobuf::MethodDescriptor& method);

  std::vector<std::unique_ptr<Method>> methods_;
  std::unordered_map<std::string, const Method*> by_path_;
  std::unordered_map<const google::protobuf::MethodDescriptor*, const Method*> by_descriptor_;
  contract::RouteTable routes_;
  std::vector<std::string> services_;
};

}  // namespace agentflow::gateway
