#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "agentflow/api/v1/workflow.pb.h"
#include "google/protobuf/empty.pb.h"
#include "libs/base/clock.h"
#include "libs/pg/pool.h"
#include "libs/rpc/call.h"
#include "libs/workflow/node_type.h"
#include "services/designer/client/quotas.h"
#include "services/designer/rpc/codec.h"

namespace agentflow::rpc {
class Server;
}

namespace agentflow::designer {

// WorkflowService, one method a file. The contract is in proto/agentflow/api/v1/workflow.proto.
// Thread-safe.
class WorkflowRpc {
 public:
  struct Parts {
    pg::Pool& pool;
    const Clock& clock;
    Quotas& quotas;
    const workflow::NodeTypes& types = workflow::NodeTypes::Builtin();
  };
  explicit WorkflowRpc(Parts parts) : parts_(parts) {}

  void Register(rpc::Server& server);

  absl::StatusOr<api::Workflow> Create(const rpc::Call&, const api::CreateWorkflowRequest&);
  absl::StatusOr<api::Workflow> Get(const rpc::Call&, const api::GetWorkflowRequest&);
  absl::StatusOr<api::ListWorkflowsResponse> List(const rpc::Call&,
                                                  const api::ListWorkflowsRequest&);
  absl::StatusOr<api::Workflow> Update(const rpc::Call&, const api::UpdateWorkflowRequest&);
  absl::StatusOr<google::protobuf::Empty> Delete(const rpc::Call&,
                                                 const api::DeleteWorkflowRequest&);
  absl::StatusOr<api::ValidateWorkflowResponse> Validate(const rpc::Call&,
                                                         const api::ValidateWorkflowRequest&);
  absl::StatusOr<api::ImportWorkflowResponse> Import(const rpc::Call&,
                                                     const api::ImportWorkflowRequest&);
  absl::StatusOr<api::WorkflowVersion> Publish(const rpc::Call&,
                                               const api::PublishWorkflowRequest&);
  absl::StatusOr<api::ExportWorkflowResponse> Export(const rpc::Call&,
                                                     const api::ExportWorkflowRequest&);
  absl::StatusOr<api::WorkflowVersion> GetVersion(const rpc::Call&,
                                                  const api::GetWorkflowVersionRequest&);
  absl::StatusOr<api::ListWorkflowVersionsResponse> ListVersions(
      const rpc::Call&, const api::ListWorkflowVersionsRequest&);

 private:
  // In a transaction of the caller's tenant; see pg::Pool::InTenant.
  absl::Status InTenant(const rpc::Call& call,
                        const std::function<absl::Status(pg::TenantTx&)>& body);
  // Inserts under the quota. ALREADY_EXISTS, WORKFLOW_EXISTS, where the id is taken.
  absl::StatusOr<Draft> InsertUnderQuota(pg::TenantTx& tx, int64_t limit, const Draft& draft);
  // WORKFLOW_NOT_FOUND, or ETAG_MISMATCH where `etag` is not empty and not the draft's.
  static absl::StatusOr<Draft> LockDraft(pg::TenantTx& tx, std::string_view id,
                                         std::string_view etag);
  static absl::Status Audit(pg::TenantTx& tx, const rpc::Call& call, std::string_view resource,
                            json::Object detail);

  Parts parts_;
};

}  // namespace agentflow::designer
