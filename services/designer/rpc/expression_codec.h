#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "agentflow/api/v1/expression.pb.h"
#include "libs/cel/complete.h"
#include "libs/schema/schema.h"
#include "libs/workflow/expression_context.h"
#include "services/designer/expressions/evaluation.h"
#include "services/designer/expressions/text_positions.h"
#include "services/designer/rpc/codec.h"

// Between the messages of expressions and plain structs.
namespace agentflow::designer {

// INVALID_ARGUMENT, reason FIELD_INVALID, for a number that is no unit.
absl::StatusOr<OffsetUnit> UnitFrom(api::OffsetUnit unit);

// The schemas of a request by name. INVALID_ARGUMENT: SCHEMA_INVALID, or VARIABLE_NAME_INVALID for
// what cannot be the name of a variable.
using Schemas = std::vector<std::pair<std::string, schema::Schema>>;
absl::StatusOr<Schemas> SchemasFrom(
    const google::protobuf::Map<std::string, google::protobuf::Value>& from);
absl::Status CheckVariableName(std::string_view name, std::string_view field);

// An issue of the language alone as one of a document.
workflow::ExpressionIssue IssueFrom(const cel::Issue& issue);

using Problems = google::protobuf::RepeatedPtrField<api::ExpressionProblem>;
void AddProblem(const workflow::ExpressionIssue& issue, const TextPositions& positions,
                Problems* out);
// Why an evaluation gave no value.
void AddFailure(const absl::Status& error, std::string_view text, const TextPositions& positions,
                Problems* out);
bool HasError(const Problems& problems);

// At most `items` each; what is left out sets `truncated`.
void SetVariables(const std::vector<workflow::SeenVariable>& variables, int items,
                  api::CheckExpressionResponse* out);
void SetCompletions(const cel::Completions& completions, const TextPositions& positions, int items,
                    api::CheckExpressionResponse* out);
void SetType(const cel::Type& type, api::CheckExpressionResponse* out);

void SetOutcome(const Outcome& outcome, std::string_view text, const TextPositions& positions,
                api::EvaluateExpressionResponse* out);

}  // namespace agentflow::designer
