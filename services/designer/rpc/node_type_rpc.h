#pragma once

#include "absl/status/statusor.h"
#include "agentflow/api/v1/node_type.pb.h"
#include "libs/rpc/call.h"
#include "libs/workflow/node_type.h"
#include "services/designer/rpc/codec.h"

namespace agentflow::rpc {
class Server;
}

namespace agentflow::designer {

// NodeTypeService over the catalogue of this build. Thread-safe.
class NodeTypeRpc {
 public:
  explicit NodeTypeRpc(const workflow::NodeTypes& types) : types_(types) {}
  void Register(rpc::Server& server);

  absl::StatusOr<api::ListNodeTypesResponse> List(const rpc::Call&,
                                                  const api::ListNodeTypesRequest&);
  absl::StatusOr<api::NodeType> Get(const rpc::Call&, const api::GetNodeTypeRequest&);

 private:
  const workflow::NodeTypes& types_;
};

}  // namespace agentflow::designer
