#include "services/designer/rpc/node_type_rpc.h"

#include "libs/base/status.h"
#include "libs/rpc/paging.h"
#include "libs/rpc/server.h"
#include "services/designer/rpc/codec.h"
#include "services/designer/store/pattern_store.h"

namespace agentflow::designer {

void NodeTypeRpc::Register(rpc::Server& server) {
  server.Unary<api::ListNodeTypesRequest, api::ListNodeTypesResponse>(
      "agentflow.api.v1.NodeTypeService/ListNodeTypes",
      [this](const rpc::Call& call, const api::ListNodeTypesRequest& request) {
        return List(call, request);
      });
  server.Unary<api::GetNodeTypeRequest, api::NodeType>(
      "agentflow.api.v1.NodeTypeService/GetNodeType",
      [this](const rpc::Call& call, const api::GetNodeTypeRequest& request) {
        return Get(call, request);
      });
}

absl::StatusOr<workflow::NodeTypes> NodeTypeRpc::TypesFor(const rpc::Call& call) {
  workflow::NodeTypes types = builtin_;
  AF_RETURN_IF_ERROR(pool_.InTenant(call.tenant(), [&](pg::TenantTx& tx) -> absl::Status {
    AF_ASSIGN_OR_RETURN(types, TypesOfTenant(tx, builtin_));
    return absl::OkStatus();
  }));
  return types;
}

absl::StatusOr<api::ListNodeTypesResponse> NodeTypeRpc::List(
    const rpc::Call& call, const api::ListNodeTypesRequest& request) {
  AF_ASSIGN_OR_RETURN(int size, rpc::PageSize(request.page_size()));
  rpc::PageQuery page{.tenant = call.tenant(), .method = "ListNodeTypes"};
  AF_ASSIGN_OR_RETURN(std::string after, rpc::ReadPageToken(page, request.page_token()));
  AF_ASSIGN_OR_RETURN(workflow::NodeTypes types, TypesFor(call));
  api::ListNodeTypesResponse response;
  for (const workflow::NodeType& type : types.all()) {
    if (type.type <= after) continue;
    if (response.node_types_size() == size) {
      response.set_next_page_token(
          rpc::MakePageToken(page, response.node_types(response.node_types_size() - 1).type()));
      break;
    }
    AF_ASSIGN_OR_RETURN(*response.add_node_types(), ToProto(type));
  }
  return response;
}

absl::StatusOr<api::NodeType> NodeTypeRpc::Get(const rpc::Call& call,
                                               const api::GetNodeTypeRequest& request) {
  constexpr std::string_view kPrefix = "nodeTypes/";
  std::string_view name = request.name();
  if (name.substr(0, kPrefix.size()) != kPrefix) {
    return InvalidArgument("NAME_INVALID", "name",
                           "Write nodeTypes/{type}, as in nodeTypes/flow.if@1.");
  }
  AF_ASSIGN_OR_RETURN(workflow::NodeTypes types, TypesFor(call));
  const workflow::NodeType* type = types.Find(name.substr(kPrefix.size()));
  if (type != nullptr) return ToProto(*type);
  return NotFound("NODE_TYPE_NOT_FOUND",
                  "There is no node type of that name. List them with GET /v1/nodeTypes.");
}

}  // namespace agentflow::designer
