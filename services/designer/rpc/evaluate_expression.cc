#include <utility>

#include "libs/base/status.h"
#include "libs/rpc/json_value.h"
#include "services/designer/rpc/expression_codec.h"
#include "services/designer/rpc/expression_rpc.h"

namespace agentflow::designer {
namespace {

// The sample data by the number rule: what a schema declares as a number is a double.
absl::StatusOr<json::Value> SampleFrom(const google::protobuf::Struct& variables,
                                       const Schemas& schemas) {
  AF_ASSIGN_OR_RETURN(const json::Value given, rpc::ToJson(variables));
  json::Object sample = given.as_object();
  for (const auto& [name, schema] : schemas) {
    const json::Value* value = given.Find(name);
    if (value == nullptr) continue;
    AF_ASSIGN_OR_RETURN(json::Value accepted, schema.Accept(*value, "variables." + name));
    sample.Set(name, std::move(accepted));
  }
  return json::Value(std::move(sample));
}

std::vector<VariableName> NamesOf(const std::vector<workflow::Reference>& references,
                                  const workflow::ExpressionContext& context) {
  std::vector<VariableName> names;
  for (const workflow::Reference& reference : references) {
    const bool of_node = reference.node != workflow::kNone;
    names.push_back({std::string(workflow::NameOf(reference.variable)),
                     of_node ? context.PathOf(reference.node) : "", reference.name});
  }
  return names;
}

}  // namespace

absl::StatusOr<api::EvaluateExpressionResponse> ExpressionRpc::Evaluate(
    const rpc::Call& call, const api::EvaluateExpressionRequest& request) {
  AF_RETURN_IF_ERROR(CheckSize(request.expression()));
  const bool in_execution = !request.execution().empty();
  if (in_execution && (request.has_variables() || !request.schemas().empty())) {
    return InvalidArgument("EXPRESSION_PLACE_TWICE", "variables",
                           "Send either sample data, `variables` with their `schemas`, or "
                           "`execution`.");
  }
  if (!request.step().empty() && !in_execution) {
    return InvalidArgument("STEP_INVALID", "step",
                           "A step is one of an execution. Send `execution` too.");
  }
  return in_execution ? EvaluateExecution(call, request) : EvaluateSample(request);
}

absl::StatusOr<api::EvaluateExpressionResponse> ExpressionRpc::EvaluateSample(
    const api::EvaluateExpressionRequest& request) {
  const std::string& text = request.expression();
  AF_ASSIGN_OR_RETURN(const OffsetUnit unit, UnitFrom(request.offset_unit()));
  AF_ASSIGN_OR_RETURN(const Schemas schemas, SchemasFrom(request.schemas()));
  AF_ASSIGN_OR_RETURN(const json::Value sample, SampleFrom(request.variables(), schemas));
  cel::Environment environment;
  for (const auto& [name, value] : sample.as_object()) {
    AF_RETURN_IF_ERROR(CheckVariableName(name, "variables"));
    environment.Declare(name, cel::Type());
  }
  for (const auto& [name, schema] : schemas) environment.Declare(name, schema.type());

  const TextPositions positions(text, unit);
  api::EvaluateExpressionResponse response;
  const cel::Compiled compiled = cel::Compile(text, environment);
  for (const cel::Issue& issue : compiled.issues) {
    AddProblem(IssueFrom(issue), positions, response.mutable_problems());
  }
  if (compiled.program == nullptr) return response;
  SetOutcome(designer::Evaluate(*compiled.program, cel::JsonActivation(sample), parts_.limits,
                                &parts_.time_zones),
             text, positions, &response);
  return response;
}

absl::StatusOr<api::EvaluateExpressionResponse> ExpressionRpc::EvaluateExecution(
    const rpc::Call& call, const api::EvaluateExpressionRequest& request) {
  const std::string& text = request.expression();
  AF_ASSIGN_OR_RETURN(const OffsetUnit unit, UnitFrom(request.offset_unit()));
  AF_ASSIGN_OR_RETURN(const Standing standing,
                      InExecution(call, request.execution(), request.step()));
  const TextPositions positions(text, unit);
  api::EvaluateExpressionResponse response;
  const workflow::CheckedExpression checked =
      standing.context->Check(text, standing.place, standing.rigor);
  for (const workflow::ExpressionIssue& issue : checked.issues) {
    AddProblem(issue, positions, response.mutable_problems());
  }
  if (checked.program == nullptr) return response;
  ExecutionData data;
  if (!checked.references.empty()) {
    AF_ASSIGN_OR_RETURN(
        data,
        parts_.executions.Read(call, {.execution = request.execution(),
                                      .step = request.step(),
                                      .variables = NamesOf(checked.references, *standing.context),
                                      .content_hash = standing.content_hash}));
  }
  std::vector<const json::Value*> values;
  for (const std::optional<json::Value>& value : data.values) {
    values.push_back(value ? &*value : nullptr);
  }
  const auto variables = checked.program->Bind(values);
  SetOutcome(
      designer::Evaluate(checked.program->program(), *variables, parts_.limits, &parts_.time_zones),
      text, positions, &response);
  return response;
}

}  // namespace agentflow::designer
