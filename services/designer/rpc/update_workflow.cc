#include <set>

#include "libs/base/status.h"
#include "services/designer/rpc/workflow_rpc.h"
#include "services/designer/store/workflow_store.h"

namespace agentflow::designer {
namespace {

absl::StatusOr<std::set<std::string>> FieldsToChange(const api::UpdateWorkflowRequest& request) {
  std::set<std::string> fields;
  const api::Workflow& workflow = request.workflow();
  if (!request.has_update_mask() || request.update_mask().paths().empty()) {
    if (!workflow.title().empty()) fields.insert("title");
    if (!workflow.labels().empty()) fields.insert("labels");
    if (HasText(workflow)) fields.insert("text");
    return fields;
  }
  for (const std::string& path : request.update_mask().paths()) {
    if (path == "title" || path == "labels")
      fields.insert(path);
    else if (path == "document" || path == "source")
      fields.insert("text");
    else {
      return InvalidArgument("UPDATE_MASK_INVALID", "update_mask",
                             "`" + path.substr(0, 100) +
                                 "` cannot be changed. There are title, document, source, labels.");
    }
  }
  if (fields.contains("text") && !HasText(workflow)) {
    return InvalidArgument(
        "UPDATE_MASK_INVALID", "update_mask",
        "The mask names the document, but the request has neither `document` nor "
        "`source`.");
  }
  return fields;
}

}  // namespace

absl::StatusOr<api::Workflow> WorkflowRpc::Update(const rpc::Call& call,
                                                  const api::UpdateWorkflowRequest& request) {
  const api::Workflow& wanted = request.workflow();
  AF_ASSIGN_OR_RETURN(std::string id, WorkflowId(wanted.name(), "workflow.name"));
  AF_ASSIGN_OR_RETURN(std::set<std::string> fields, FieldsToChange(request));
  DraftText text;
  if (fields.contains("text")) {
    AF_ASSIGN_OR_RETURN(text, TextFrom(wanted));
  }
  AF_RETURN_IF_ERROR(CheckTitle(wanted.title()));
  Labels labels = LabelsFrom(wanted);
  AF_RETURN_IF_ERROR(CheckLabels(labels));

  api::Workflow response;
  AF_RETURN_IF_ERROR(InTenant(call, [&](pg::TenantTx& tx) -> absl::Status {
    AF_ASSIGN_OR_RETURN(Draft draft, LockDraft(tx, id, wanted.etag()));
    Draft before = draft;
    if (fields.contains("text")) {
      // What the document says of itself follows the document, unless the request says more.
      if (std::string title = TitleOf(text.document); !title.empty()) draft.title = title;
      if (Labels own = LabelsOf(text.document); !own.empty()) draft.labels = own;
      draft.text = text;
    }
    if (fields.contains("title")) draft.title = wanted.title();
    if (fields.contains("labels")) draft.labels = labels;
    AF_RETURN_IF_ERROR(CheckTitle(draft.title));
    AF_RETURN_IF_ERROR(CheckLabels(draft.labels));
    if (draft.title != before.title || draft.labels != before.labels ||
        draft.text.source != before.text.source) {
      AF_RETURN_IF_ERROR(UpdateDraft(tx, parts_.clock.Now(), draft));
      AF_RETURN_IF_ERROR(Audit(tx, call, "workflows/" + id,
                               {{"etag", draft.etag()}, {"contentHash", draft.text.content_hash}}));
    }
    AF_ASSIGN_OR_RETURN(response, ToProto(draft, true));
    return absl::OkStatus();
  }));
  return response;
}

}  // namespace agentflow::designer
