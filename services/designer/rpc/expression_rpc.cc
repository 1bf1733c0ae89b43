#include "services/designer/rpc/expression_rpc.h"

#include "libs/auth/principal.h"
#include "libs/base/status.h"
#include "libs/rpc/json_value.h"
#include "libs/rpc/server.h"
#include "services/designer/store/version_store.h"
#include "services/designer/store/workflow_store.h"

namespace agentflow::designer {

void ExpressionRpc::Register(rpc::Server& server) {
  server.Unary<api::CheckExpressionRequest, api::CheckExpressionResponse>(
      "agentflow.api.v1.ExpressionService/CheckExpression",
      [this](const rpc::Call& call, const api::CheckExpressionRequest& request) {
        return Check(call, request);
      });
  server.Unary<api::EvaluateExpressionRequest, api::EvaluateExpressionResponse>(
      "agentflow.api.v1.ExpressionService/EvaluateExpression",
      [this](const rpc::Call& call, const api::EvaluateExpressionRequest& request) {
        return Evaluate(call, request);
      });
}

absl::Status ExpressionRpc::CheckSize(const std::string& expression) const {
  if (expression.size() <= static_cast<size_t>(parts_.limits.bytes)) return absl::OkStatus();
  return InvalidArgument("EXPRESSION_TOO_LARGE", "expression",
                         "The expression has " + std::to_string(expression.size()) +
                             " bytes; at most " + std::to_string(parts_.limits.bytes) +
                             " are taken. Split it over several nodes.");
}

absl::StatusOr<std::optional<ExpressionRpc::Standing>> ExpressionRpc::FindStanding(
    const rpc::Call& call, const api::CheckExpressionRequest& request) {
  const bool in_text = request.has_document() || !request.source().empty();
  const bool in_workflow = !request.workflow().empty();
  const bool in_execution = !request.execution().empty();
  int given = request.has_document() + !request.source().empty() + in_workflow + in_execution +
              !request.schemas().empty();
  if (given > 1) {
    return InvalidArgument("EXPRESSION_PLACE_TWICE", "document",
                           "Send at most one of `document`, `source`, `workflow`, `execution` and "
                           "`schemas`.");
  }
  if (request.version() != 0 && !in_workflow) {
    return InvalidArgument("VERSION_INVALID", "version",
                           "A version is one of a workflow. Send `workflow` too.");
  }
  if (!request.step().empty() && !in_execution) {
    return InvalidArgument("STEP_INVALID", "step",
                           "A step is one of an execution. Send `execution` too.");
  }
  if (!request.place().empty() && !in_text && !in_workflow) {
    return InvalidArgument("PLACE_INVALID", "place",
                           "A place is one of a document. Send `document`, `source` or `workflow` "
                           "too; of an execution name the `step`.");
  }
  if (request.has_document()) {
    AF_ASSIGN_OR_RETURN(const json::Value document, rpc::ToJson(request.document()));
    return InDocument(document, request.place());
  }
  if (in_text) {
    AF_ASSIGN_OR_RETURN(const workflow::SourceText text, workflow::ParseText(request.source()));
    return InDocument(text.value, request.place());
  }
  if (in_workflow) return InWorkflow(call, request);
  if (in_execution) return InExecution(call, request.execution(), request.step());
  return std::nullopt;
}

absl::StatusOr<ExpressionRpc::Standing> ExpressionRpc::InDocument(const json::Value& document,
                                                                  const std::string& place) {
  Standing standing;
  standing.content_hash = ContentHash(document);
  AF_ASSIGN_OR_RETURN(standing.context,
                      parts_.contexts.Get(standing.content_hash, [&] { return document; }));
  AF_ASSIGN_OR_RETURN(standing.place, standing.context->FindPlace(place));
  return standing;
}

absl::StatusOr<ExpressionRpc::Standing> ExpressionRpc::InWorkflow(
    const rpc::Call& call, const api::CheckExpressionRequest& request) {
  AF_RETURN_IF_ERROR(auth::RequirePermission(call.principal(), "workflows.get"));
  AF_ASSIGN_OR_RETURN(const std::string id, WorkflowId(request.workflow(), "workflow"));
  if (request.version() < 0) {
    return InvalidArgument("VERSION_INVALID", "version",
                           "A version is a positive number; 0 is the draft.");
  }
  json::Value document;
  Standing standing;
  AF_RETURN_IF_ERROR(parts_.pool.InTenant(call.tenant(), [&](pg::TenantTx& tx) -> absl::Status {
    AF_ASSIGN_OR_RETURN(std::optional<Draft> draft, FindDraft(tx, id, false));
    if (!draft) return WorkflowNotFound(id);
    if (request.version() == 0) {
      standing.content_hash = draft->text.content_hash;
      document = draft->text.document;
      return absl::OkStatus();
    }
    AF_ASSIGN_OR_RETURN(std::optional<Version> version, FindVersion(tx, id, request.version()));
    if (!version) return VersionNotFound(id, request.version());
    standing.content_hash = version->content_hash;
    document = version->document;
    return absl::OkStatus();
  }));
  AF_ASSIGN_OR_RETURN(standing.context,
                      parts_.contexts.Get(standing.content_hash, [&] { return document; }));
  AF_ASSIGN_OR_RETURN(standing.place, standing.context->FindPlace(request.place()));
  return standing;
}

absl::StatusOr<ExpressionRpc::Standing> ExpressionRpc::InExecution(const rpc::Call& call,
                                                                   const std::string& execution,
                                                                   const std::string& step) {
  Standing standing;
  standing.rigor = Rigor::kExecution;
  // The executor looks after permission and tenant; what comes after is about what it allowed.
  AF_ASSIGN_OR_RETURN(const ExecutionData data,
                      parts_.executions.Read(call, {.execution = execution, .step = step}));
  standing.content_hash = data.content_hash;
  auto load = [&]() -> absl::StatusOr<json::Value> {
    std::optional<std::string> content;
    AF_RETURN_IF_ERROR(parts_.pool.InTenant(call.tenant(), [&](pg::TenantTx& tx) -> absl::Status {
      AF_ASSIGN_OR_RETURN(content, FindContent(tx, data.content_hash));
      return absl::OkStatus();
    }));
    if (content) return json::Parse(*content, {.depth = 64, .bytes = 64u << 20});
    return NotFound("DOCUMENT_NOT_FOUND", "The document that the execution runs is not stored.");
  };
  AF_ASSIGN_OR_RETURN(standing.context, parts_.contexts.Get(data.content_hash, load));
  if (step.empty()) {
    AF_ASSIGN_OR_RETURN(standing.place, standing.context->FindPlace(""));
  } else {
    AF_ASSIGN_OR_RETURN(standing.place,
                        standing.context->PlaceOfNode(step.substr(0, step.find('#'))));
  }
  return standing;
}

}  // namespace agentflow::designer
