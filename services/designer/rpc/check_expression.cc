#include "libs/base/status.h"
#include "services/designer/rpc/expression_codec.h"
#include "services/designer/rpc/expression_rpc.h"

namespace agentflow::designer {
namespace {

// Of an expression that stands nowhere: its variables are those with a schema.
cel::Environment EnvironmentOf(const Schemas& schemas) {
  cel::Environment environment;
  for (const auto& [name, schema] : schemas) {
    environment.Declare(name, schema.type(), schema.document().StringOr("description"));
  }
  return environment;
}

std::vector<workflow::SeenVariable> VariablesOf(const cel::Environment& environment) {
  std::vector<workflow::SeenVariable> variables;
  for (const cel::Variable& variable : environment.variables()) {
    variables.push_back({variable.name, variable.type, variable.description});
  }
  return variables;
}

}  // namespace

absl::StatusOr<api::CheckExpressionResponse> ExpressionRpc::Check(
    const rpc::Call& call, const api::CheckExpressionRequest& request) {
  const std::string& text = request.expression();
  AF_RETURN_IF_ERROR(CheckSize(text));
  AF_ASSIGN_OR_RETURN(const OffsetUnit unit, UnitFrom(request.offset_unit()));
  const TextPositions positions(text, unit);
  uint32_t cursor = 0;
  if (request.has_cursor()) {
    AF_ASSIGN_OR_RETURN(cursor, positions.ByteAt(request.cursor()));
  }
  AF_ASSIGN_OR_RETURN(const std::optional<Standing> standing, FindStanding(call, request));

  api::CheckExpressionResponse response;
  cel::Type type;
  cel::Completions completions;
  if (standing) {
    const workflow::ExpressionContext& context = *standing->context;
    workflow::CheckedExpression checked = context.Check(text, standing->place, standing->rigor);
    type = checked.type;
    for (const workflow::ExpressionIssue& issue : checked.issues) {
      AddProblem(issue, positions, response.mutable_problems());
    }
    SetVariables(context.Variables(standing->place, standing->rigor), parts_.limits.items,
                 &response);
    if (request.has_cursor()) {
      completions = context.Complete(text, cursor, standing->place, standing->rigor);
    }
  } else {
    AF_ASSIGN_OR_RETURN(const Schemas schemas, SchemasFrom(request.schemas()));
    const cel::Environment environment = EnvironmentOf(schemas);
    cel::Compiled checked = cel::Check(text, environment);
    type = checked.type;
    for (const cel::Issue& issue : checked.issues) {
      AddProblem(IssueFrom(issue), positions, response.mutable_problems());
    }
    SetVariables(VariablesOf(environment), parts_.limits.items, &response);
    if (request.has_cursor()) completions = cel::Complete(text, cursor, environment);
  }
  response.set_valid(!HasError(response.problems()));
  if (response.valid()) SetType(type, &response);
  if (request.has_cursor()) {
    SetCompletions(completions, positions, parts_.limits.items, &response);
  }
  return response;
}

}  // namespace agentflow::designer
