#pragma once

#include "absl/status/statusor.h"
#include "agentflow/api/v1/node_type.pb.h"
#include "libs/pg/pool.h"
#include "libs/rpc/call.h"
#include "libs/workflow/node_type.h"
#include "services/designer/rpc/codec.h"

namespace agentflow::rpc {
class Server;
}

namespace agentflow::designer {

// NodeTypeService over the catalogue of this build and the tenant's patterns. Thread-safe.
class NodeTypeRpc {
 public:
  explicit NodeTypeRpc(pg::Pool& pool,
                       const workflow::NodeTypes& builtin = workflow::NodeTypes::Builtin())
      : pool_(pool), builtin_(builtin) {}
  void Register(rpc::Server& server);

  absl::StatusOr<api::ListNodeTypesResponse> List(const rpc::Call&,
                                                  const api::ListNodeTypesRequest&);
  absl::StatusOr<api::NodeType> Get(const rpc::Call&, const api::GetNodeTypeRequest&);

 private:
  absl::StatusOr<workflow::NodeTypes> TypesFor(const rpc::Call& call);

  pg::Pool& pool_;
  const workflow::NodeTypes& builtin_;
};

}  // namespace agentflow::designer
