#include "libs/base/status.h"
#include "libs/workflow/analyze.h"
#include "libs/workflow/names.h"
#include "services/designer/rpc/workflow_rpc.h"
#include "services/designer/store/pattern_store.h"
#include "services/designer/store/workflow_store.h"

namespace agentflow::designer {
namespace {

absl::StatusOr<std::string> ChooseId(const api::ImportWorkflowRequest& request,
                                     const json::Value& document) {
  std::string id = request.workflow_id();
  const json::Value* metadata = document.Find("metadata");
  if (id.empty() && metadata != nullptr) id = metadata->StringOr("name");
  if (workflow::IsResourceId(id)) return id;
  return InvalidArgument("WORKFLOW_ID_INVALID", "workflow_id",
                         id.empty() ? "The text has no `metadata.name`. Set `workflow_id`."
                                    : "`" + id.substr(0, 100) +
                                          "` is no id: a small letter, then small letters, digits "
                                          "and -, at most 63 in all. Set `workflow_id`.");
}

}  // namespace

absl::StatusOr<api::ImportWorkflowResponse> WorkflowRpc::Import(
    const rpc::Call& call, const api::ImportWorkflowRequest& request) {
  Draft draft;
  AF_ASSIGN_OR_RETURN(draft.text, DraftFromSource(request.source()));
  AF_ASSIGN_OR_RETURN(draft.id, ChooseId(request, draft.text.document));
  draft.title = TitleOf(draft.text.document);
  draft.labels = LabelsOf(draft.text.document);
  AF_RETURN_IF_ERROR(CheckTitle(draft.title));
  AF_RETURN_IF_ERROR(CheckLabels(draft.labels));
  draft.create_time = parts_.clock.Now();
  int64_t limit = parts_.quotas.WorkflowLimit(call.tenant());

  api::ImportWorkflowResponse response;
  workflow::NodeTypes types = parts_.types;
  AF_RETURN_IF_ERROR(InTenant(call, [&](pg::TenantTx& tx) -> absl::Status {
    Draft stored;
    AF_ASSIGN_OR_RETURN(std::optional<Draft> existing, FindDraft(tx, draft.id, true));
    if (existing && request.replace()) {
      stored = *existing;
      stored.title = draft.title;
      stored.labels = draft.labels;
      stored.text = draft.text;
      AF_RETURN_IF_ERROR(UpdateDraft(tx, draft.create_time, stored));
    } else {
      AF_ASSIGN_OR_RETURN(stored, InsertUnderQuota(tx, limit, draft));
    }
    AF_ASSIGN_OR_RETURN(types, TypesOfTenant(tx, parts_.types));
    AF_ASSIGN_OR_RETURN(*response.mutable_workflow(), ToProto(stored, true));
    return Audit(tx, call, response.workflow().name(),
                 {{"contentHash", stored.text.content_hash}, {"replaced", existing.has_value()}});
  }));
  // The text is kept as it came; the report says what has to be done before it can be published.
  AF_ASSIGN_OR_RETURN(workflow::SourceText text, workflow::ParseText(request.source()));
  for (const workflow::Problem& problem : workflow::Analyze(text, types).problems) {
    *response.add_problems() = ToProto(problem);
  }
  return response;
}

}  // namespace agentflow::designer
