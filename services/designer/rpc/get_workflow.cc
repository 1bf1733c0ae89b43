#include "libs/base/status.h"
#include "services/designer/rpc/workflow_rpc.h"
#include "services/designer/store/workflow_store.h"

namespace agentflow::designer {

absl::StatusOr<api::Workflow> WorkflowRpc::Get(const rpc::Call& call,
                                               const api::GetWorkflowRequest& request) {
  AF_ASSIGN_OR_RETURN(std::string id, WorkflowId(request.name(), "name"));
  std::optional<Draft> draft;
  AF_RETURN_IF_ERROR(InTenant(call, [&](pg::TenantTx& tx) -> absl::Status {
    AF_ASSIGN_OR_RETURN(draft, FindDraft(tx, id, false));
    return absl::OkStatus();
  }));
  if (!draft) return WorkflowNotFound(id);
  return ToProto(*draft, request.view() != api::BASIC);
}

}  // namespace agentflow::designer
