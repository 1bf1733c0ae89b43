#include "libs/base/status.h"
#include "libs/rpc/json_value.h"
#include "libs/workflow/analyze.h"
#include "services/designer/rpc/workflow_rpc.h"
#include "services/designer/store/pattern_store.h"
#include "services/designer/store/workflow_store.h"

namespace agentflow::designer {
namespace {

// Text that does not parse has one problem: where it stops being a document.
workflow::Problem SyntaxProblem(const absl::Status& status) {
  ErrorMetadata metadata = MetadataOf(status);
  workflow::Problem problem{.reason = ReasonOf(status), .message = MessageOf(status)};
  auto number = [&](const char* key) {
    auto it = metadata.find(key);
    return it == metadata.end() ? 0 : std::atoi(it->second.c_str());
  };
  problem.position = {number("line"), number("column")};
  return problem;
}

}  // namespace

absl::StatusOr<api::ValidateWorkflowResponse> WorkflowRpc::Validate(
    const rpc::Call& call, const api::ValidateWorkflowRequest& request) {
  int given = request.has_document() + !request.source().empty() + !request.name().empty();
  if (given != 1) {
    return InvalidArgument("VALIDATE_TARGET", "source",
                           "Send exactly one of `document`, `source` and `name`.");
  }
  std::string source = request.source();
  absl::StatusOr<workflow::SourceText> text;
  if (request.has_document()) {
    AF_ASSIGN_OR_RETURN(json::Value document, rpc::ToJson(request.document()));
    text = workflow::SourceText{.value = document, .format = workflow::TextFormat::kJson};
  } else {
    if (!request.name().empty()) {
      api::GetWorkflowRequest get;
      get.set_name(request.name());
      AF_ASSIGN_OR_RETURN(api::Workflow stored, Get(call, get));
      source = stored.source();
    }
    text = workflow::ParseText(source);
  }
  api::ValidateWorkflowResponse response;
  if (!text.ok()) {
    *response.add_problems() = ToProto(SyntaxProblem(text.status()));
    return response;
  }
  workflow::Analysis analysis;
  AF_RETURN_IF_ERROR(InTenant(call, [&](pg::TenantTx& tx) -> absl::Status {
    AF_ASSIGN_OR_RETURN(workflow::NodeTypes types, TypesOfTenant(tx, parts_.types));
    analysis = workflow::Analyze(*text, types);
    return absl::OkStatus();
  }));
  for (const workflow::Problem& problem : analysis.problems) {
    *response.add_problems() = ToProto(problem);
  }
  response.set_valid(workflow::IsValid(analysis.problems));
  if (response.valid()) response.set_content_hash(ContentHash(text->value));
  return response;
}

}  // namespace agentflow::designer
