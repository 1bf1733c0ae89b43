#include "libs/base/status.h"
#include "libs/json/value.h"
#include "libs/workflow/analyze.h"
#include "services/designer/rpc/workflow_rpc.h"
#include "services/designer/store/version_store.h"
#include "services/designer/store/workflow_store.h"

namespace agentflow::designer {
namespace {

// The text as it was written where it is of the wanted form, else the document in that form.
std::string TextIn(api::ExportWorkflowRequest::Format format, const std::string& source,
                   const json::Value& document) {
  auto written = workflow::ParseText(source);
  bool is_json = written.ok() && written->format == workflow::TextFormat::kJson;
  bool wants_json = format == api::ExportWorkflowRequest::JSON;
  if (is_json == wants_json) return source;
  return wants_json ? json::DumpPretty(document) + "\n" : workflow::FormatYaml(document);
}

}  // namespace

absl::StatusOr<api::ExportWorkflowResponse> WorkflowRpc::Export(
    const rpc::Call& call, const api::ExportWorkflowRequest& request) {
  AF_ASSIGN_OR_RETURN(std::string id, WorkflowId(request.name(), "name"));
  api::ExportWorkflowResponse response;
  AF_RETURN_IF_ERROR(InTenant(call, [&](pg::TenantTx& tx) -> absl::Status {
    AF_ASSIGN_OR_RETURN(std::optional<Draft> draft, FindDraft(tx, id, false));
    if (!draft) return WorkflowNotFound(id);
    if (request.version() == 0) {
      response.set_source(TextIn(request.format(), draft->text.source, draft->text.document));
      return absl::OkStatus();
    }
    AF_ASSIGN_OR_RETURN(std::optional<Version> version, FindVersion(tx, id, request.version()));
    if (!version) return VersionNotFound(id, request.version());
    response.set_source(TextIn(request.format(), version->source, version->document));
    return absl::OkStatus();
  }));
  return response;
}

absl::StatusOr<api::WorkflowVersion> WorkflowRpc::GetVersion(
    const rpc::Call& call, const api::GetWorkflowVersionRequest& request) {
  AF_ASSIGN_OR_RETURN(VersionId id, ParseVersionName(request.name(), "name"));
  std::optional<Version> version;
  AF_RETURN_IF_ERROR(InTenant(call, [&](pg::TenantTx& tx) -> absl::Status {
    AF_ASSIGN_OR_RETURN(std::optional<Draft> draft, FindDraft(tx, id.workflow, false));
    if (!draft) return WorkflowNotFound(id.workflow);
    AF_ASSIGN_OR_RETURN(version, FindVersion(tx, id.workflow, id.version));
    if (!version) return VersionNotFound(id.workflow, id.version);
    return absl::OkStatus();
  }));
  return ToProto(id.workflow, *version, true);
}

}  // namespace agentflow::designer
