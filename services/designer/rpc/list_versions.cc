#include <charconv>

#include "libs/base/status.h"
#include "libs/rpc/paging.h"
#include "services/designer/rpc/workflow_rpc.h"
#include "services/designer/store/version_store.h"
#include "services/designer/store/workflow_store.h"

namespace agentflow::designer {

absl::StatusOr<api::ListWorkflowVersionsResponse> WorkflowRpc::ListVersions(
    const rpc::Call& call, const api::ListWorkflowVersionsRequest& request) {
  AF_ASSIGN_OR_RETURN(std::string id, WorkflowId(request.parent(), "parent"));
  AF_ASSIGN_OR_RETURN(int size, rpc::PageSize(request.page_size()));
  rpc::PageQuery page{
      .tenant = call.tenant(), .method = "ListWorkflowVersions", .parent = request.parent()};
  AF_ASSIGN_OR_RETURN(std::string position, rpc::ReadPageToken(page, request.page_token()));
  int32_t before = 0;
  std::from_chars(position.data(), position.data() + position.size(), before);

  std::vector<Version> versions;
  AF_RETURN_IF_ERROR(InTenant(call, [&](pg::TenantTx& tx) -> absl::Status {
    AF_ASSIGN_OR_RETURN(std::optional<Draft> draft, FindDraft(tx, id, false));
    if (!draft) return WorkflowNotFound(id);
    AF_ASSIGN_OR_RETURN(versions, designer::ListVersions(tx, id, before, size + 1));
    return absl::OkStatus();
  }));
  api::ListWorkflowVersionsResponse response;
  bool more = versions.size() > static_cast<size_t>(size);
  if (more) versions.pop_back();
  for (const Version& version : versions) {
    AF_ASSIGN_OR_RETURN(*response.add_versions(), ToProto(id, version, false));
  }
  if (more) {
    response.set_next_page_token(rpc::MakePageToken(page, std::to_string(versions.back().version)));
  }
  return response;
}

}  // namespace agentflow::designer
