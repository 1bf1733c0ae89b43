#include "libs/base/status.h"
#include "services/designer/rpc/workflow_rpc.h"
#include "services/designer/store/workflow_store.h"

namespace agentflow::designer {

absl::StatusOr<google::protobuf::Empty> WorkflowRpc::Delete(
    const rpc::Call& call, const api::DeleteWorkflowRequest& request) {
  AF_ASSIGN_OR_RETURN(std::string id, WorkflowId(request.name(), "name"));
  AF_RETURN_IF_ERROR(InTenant(call, [&](pg::TenantTx& tx) -> absl::Status {
    AF_ASSIGN_OR_RETURN(Draft draft, LockDraft(tx, id, request.etag()));
    AF_RETURN_IF_ERROR(DeleteDraft(tx, id, parts_.clock.Now()));
    return Audit(tx, call, "workflows/" + id, {{"latestVersion", draft.latest_version}});
  }));
  return google::protobuf::Empty();
}

}  // namespace agentflow::designer
