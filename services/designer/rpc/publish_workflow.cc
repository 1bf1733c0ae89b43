#include "libs/base/status.h"
#include "libs/workflow/analyze.h"
#include "services/designer/rpc/workflow_rpc.h"
#include "services/designer/store/pattern_store.h"
#include "services/designer/store/version_store.h"
#include "services/designer/store/workflow_store.h"

namespace agentflow::designer {

absl::StatusOr<api::WorkflowVersion> WorkflowRpc::Publish(
    const rpc::Call& call, const api::PublishWorkflowRequest& request) {
  AF_ASSIGN_OR_RETURN(std::string id, WorkflowId(request.name(), "name"));
  if (request.comment().size() > 10'000 || request.comment().find('\0') != std::string::npos) {
    return InvalidArgument("COMMENT_INVALID", "comment",
                           "A comment has at most 10000 bytes and no NUL character.");
  }
  api::WorkflowVersion response;
  AF_RETURN_IF_ERROR(InTenant(call, [&](pg::TenantTx& tx) -> absl::Status {
    AF_ASSIGN_OR_RETURN(Draft draft, LockDraft(tx, id, request.etag()));
    AF_ASSIGN_OR_RETURN(workflow::SourceText text, workflow::ParseText(draft.text.source));
    AF_ASSIGN_OR_RETURN(workflow::NodeTypes types, TypesOfTenant(tx, parts_.types));
    AF_RETURN_IF_ERROR(workflow::InvalidStatus(workflow::Analyze(text, types).problems));

    AF_ASSIGN_OR_RETURN(std::optional<Version> version,
                        FindVersionByHash(tx, id, draft.text.content_hash));
    if (version) {
      if (version->version != draft.latest_version) {
        AF_RETURN_IF_ERROR(SetLatest(tx, id, *version));
      }
    } else {
      Version fresh{.content_hash = draft.text.content_hash,
                    .source = draft.text.source,
                    .document = draft.text.document,
                    .comment = request.comment(),
                    .creator = call.principal().name,
                    .create_time = parts_.clock.Now()};
      AF_ASSIGN_OR_RETURN(
          version, InsertVersion(tx, id, fresh, workflow::CanonicalContent(draft.text.document)));
    }
    AF_ASSIGN_OR_RETURN(response, ToProto(id, *version, true));
    return Audit(tx, call, response.name(), {{"contentHash", version->content_hash}});
  }));
  return response;
}

}  // namespace agentflow::designer
