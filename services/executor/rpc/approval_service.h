#pragma once

#include "services/executor/approvals/approval_reader.h"
#include "services/executor/rpc/execution_service.h"

namespace agentflow::executor {

// agentflow.api.v1.ApprovalService. Decisions go to the lane of the approval's execution, so the
// first one counts; `approvals` shows them once they are durable.
void RegisterApprovalService(rpc::Server& server, ExecutionPartsPtr parts,
                             ApprovalReader& approvals);

}  // namespace agentflow::executor
