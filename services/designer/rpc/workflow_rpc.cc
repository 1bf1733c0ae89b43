#include "services/designer/rpc/workflow_rpc.h"

#include <utility>

#include "libs/base/status.h"
#include "libs/pg/audit.h"
#include "libs/rpc/server.h"
#include "services/designer/store/workflow_store.h"

namespace agentflow::designer {

void WorkflowRpc::Register(rpc::Server& server) {
  auto add = [&]<class Request, class Response>(std::string_view method,
                                                absl::StatusOr<Response> (WorkflowRpc::*handler)(
                                                    const rpc::Call&, const Request&)) {
    server.Unary<Request, Response>("agentflow.api.v1.WorkflowService/" + std::string(method),
                                    [this, handler](const rpc::Call& call, const Request& request) {
                                      return (this->*handler)(call, request);
                                    });
  };
  add("CreateWorkflow", &WorkflowRpc::Create);
  add("GetWorkflow", &WorkflowRpc::Get);
  add("ListWorkflows", &WorkflowRpc::List);
  add("UpdateWorkflow", &WorkflowRpc::Update);
  add("DeleteWorkflow", &WorkflowRpc::Delete);
  add("ValidateWorkflow", &WorkflowRpc::Validate);
  add("ImportWorkflow", &WorkflowRpc::Import);
  add("PublishWorkflow", &WorkflowRpc::Publish);
  add("ExportWorkflow", &WorkflowRpc::Export);
  add("GetWorkflowVersion", &WorkflowRpc::GetVersion);
  add("ListWorkflowVersions", &WorkflowRpc::ListVersions);
}

absl::Status WorkflowRpc::InTenant(const rpc::Call& call,
                                   const std::function<absl::Status(pg::TenantTx&)>& body) {
  return parts_.pool.InTenant(call.tenant(), body);
}

absl::StatusOr<Draft> WorkflowRpc::InsertUnderQuota(pg::TenantTx& tx, int64_t limit,
                                                    const Draft& draft) {
  AF_ASSIGN_OR_RETURN(int64_t count, CountForInsert(tx));
  if (count >= limit) {
    AF_ASSIGN_OR_RETURN(std::optional<Draft> taken, FindDraft(tx, draft.id, false));
    if (!taken) {
      return Error(absl::StatusCode::kResourceExhausted, "QUOTA_EXCEEDED",
                   "The tenant has " + std::to_string(count) + " workflows and may have " +
                       std::to_string(limit) + ". Delete some, or ask for a higher quota.",
                   {{kErrorLimit, "workflows"}});
    }
  }
  AF_ASSIGN_OR_RETURN(std::optional<Draft> stored, InsertDraft(tx, draft));
  if (stored) return *std::move(stored);
  return Error(absl::StatusCode::kAlreadyExists, "WORKFLOW_EXISTS",
               "There is a workflow `" + draft.id +
                   "` already. Change that one, or choose another "
                   "id.");
}

absl::StatusOr<Draft> WorkflowRpc::LockDraft(pg::TenantTx& tx, std::string_view id,
                                             std::string_view etag) {
  AF_ASSIGN_OR_RETURN(std::optional<Draft> draft, FindDraft(tx, id, true));
  if (!draft) return WorkflowNotFound(id);
  if (!etag.empty() && etag != draft->etag()) return EtagMismatch(*draft);
  return *std::move(draft);
}

absl::Status WorkflowRpc::Audit(pg::TenantTx& tx, const rpc::Call& call, std::string_view resource,
                                json::Object detail) {
  std::string method = call.method;
  if (size_t slash = method.find('/'); slash != method.npos) method[slash] = '.';
  return pg::WriteAudit(tx, {.principal = call.principal().name,
                             .method = std::move(method),
                             .resource = std::string(resource),
                             .trace_id = call.trace.trace_id,
                             .remote_address = call.peer,
                             .detail_json = json::Dump(json::Value(std::move(detail)))});
}

}  // namespace agentflow::designer
