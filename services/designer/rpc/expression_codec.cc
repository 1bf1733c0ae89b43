#include "services/designer/rpc/expression_codec.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "libs/base/status.h"
#include "libs/rpc/json_value.h"
#include "libs/workflow/names.h"
#include "libs/workflow/reporter.h"

namespace agentflow::designer {
namespace {

constexpr size_t kMaxVariableName = 200;

bool IsIdentifier(std::string_view text) {
  if (text.empty() || (text[0] >= '0' && text[0] <= '9')) return false;
  return !workflow::IsCelKeyword(text) && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

api::ExpressionCompletion::Kind KindOf(cel::Completion::Kind kind) {
  switch (kind) {
    case cel::Completion::Kind::kVariable:
      return api::ExpressionCompletion::VARIABLE;
    case cel::Completion::Kind::kField:
      return api::ExpressionCompletion::FIELD;
    case cel::Completion::Kind::kFunction:
      return api::ExpressionCompletion::FUNCTION;
    case cel::Completion::Kind::kMacro:
      return api::ExpressionCompletion::MACRO;
    case cel::Completion::Kind::kValue:
      return api::ExpressionCompletion::VALUE;
  }
  return api::ExpressionCompletion::KIND_UNSPECIFIED;
}

void Set(const TextPositions::Place& place, api::ExpressionProblem* out) {
  out->set_offset(place.offset);
  out->set_length(place.length);
  out->set_line(place.line);
  out->set_column(place.column);
}

int Number(const ErrorMetadata& metadata, const char* key) {
  auto found = metadata.find(key);
  return found == metadata.end() ? 0 : std::atoi(found->second.c_str());
}

}  // namespace

absl::StatusOr<OffsetUnit> UnitFrom(api::OffsetUnit unit) {
  switch (unit) {
    case api::OFFSET_UNIT_UNSPECIFIED:
    case api::UTF8_BYTES:
      return OffsetUnit::kUtf8Bytes;
    case api::UTF16_UNITS:
      return OffsetUnit::kUtf16Units;
    case api::CODE_POINTS:
      return OffsetUnit::kCodePoints;
    default:
      return InvalidArgument("FIELD_INVALID", "offsetUnit",
                             "The unit is UTF8_BYTES, UTF16_UNITS or CODE_POINTS.");
  }
}

absl::Status CheckVariableName(std::string_view name, std::string_view field) {
  std::string_view rest = name;
  bool fits = name.size() <= kMaxVariableName;
  while (fits) {
    size_t dot = rest.find('.');
    fits = IsIdentifier(rest.substr(0, dot));
    if (dot == rest.npos) break;
    rest.remove_prefix(dot + 1);
  }
  if (fits) return absl::OkStatus();
  return InvalidArgument("VARIABLE_NAME_INVALID", field,
                         "`" + std::string(name.substr(0, 100)) +
                             "` is no name of a variable: letters, digits and _, none of the "
                             "language's own words, at most " +
                             std::to_string(kMaxVariableName) + " characters.");
}

absl::StatusOr<Schemas> SchemasFrom(
    const google::protobuf::Map<std::string, google::protobuf::Value>& from) {
  Schemas schemas;
  for (const auto& [name, value] : from) {
    AF_RETURN_IF_ERROR(CheckVariableName(name, "schemas"));
    AF_ASSIGN_OR_RETURN(const json::Value document, rpc::ToJson(value));
    absl::StatusOr<schema::Schema> schema = schema::Schema::Compile(document);
    if (!schema.ok()) {
      return InvalidArgument(ReasonOf(schema.status()), "schemas." + name,
                             "The schema of `" + name + "`: " + MessageOf(schema.status()));
    }
    schemas.emplace_back(name, *std::move(schema));
  }
  std::sort(schemas.begin(), schemas.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  return schemas;
}

workflow::ExpressionIssue IssueFrom(const cel::Issue& issue) {
  const bool error = issue.severity == cel::Issue::Severity::kError;
  return {.severity = error ? workflow::Severity::kError : workflow::Severity::kWarning,
          .reason = error ? "EXPRESSION_INVALID" : "EXPRESSION_DOUBTFUL",
          .message =
              issue.message + (issue.suggestion.empty() ? std::string(".")
                                                        : workflow::DidYouMean(issue.suggestion)),
          .suggestion = issue.suggestion,
          .begin = issue.begin,
          .end = issue.end};
}

void AddProblem(const workflow::ExpressionIssue& issue, const TextPositions& positions,
                Problems* out) {
  api::ExpressionProblem* problem = out->Add();
  problem->set_severity(issue.severity == workflow::Severity::kError ? api::Problem::ERROR
                                                                     : api::Problem::WARNING);
  problem->set_reason(issue.reason);
  problem->set_message(issue.message);
  problem->set_suggestion(issue.suggestion);
  Set(positions.Of(issue.begin.offset, issue.end.offset), problem);
}

void AddFailure(const absl::Status& error, std::string_view text, const TextPositions& positions,
                Problems* out) {
  const ErrorMetadata metadata = MetadataOf(error);
  const int line = Number(metadata, "line");
  const int column = Number(metadata, "column");
  std::string message = MessageOf(error);
  api::ExpressionProblem* problem = out->Add();
  problem->set_severity(api::Problem::ERROR);
  problem->set_reason(ReasonOf(error));
  if (line > 0) {
    const uint32_t begin = positions.ByteOfLine(line, column);
    Set(positions.Of(begin, EndOfToken(text, begin)), problem);
    // The place is told by fields of its own.
    const std::string prefix = std::to_string(line) + ":" + std::to_string(column) + ": ";
    if (message.starts_with(prefix)) message.erase(0, prefix.size());
  } else {
    Set(positions.Of(0, 0), problem);
  }
  problem->set_message(std::move(message));
}

bool HasError(const Problems& problems) {
  return std::any_of(problems.begin(), problems.end(), [](const api::ExpressionProblem& problem) {
    return problem.severity() == api::Problem::ERROR;
  });
}

void SetVariables(const std::vector<workflow::SeenVariable>& variables, int items,
                  api::CheckExpressionResponse* out) {
  for (const workflow::SeenVariable& from : variables) {
    if (out->variables_size() == items) {
      out->set_truncated(true);
      return;
    }
    api::ExpressionVariable* variable = out->add_variables();
    variable->set_name(from.name);
    variable->set_type(from.type.ToString());
    variable->set_description(from.description);
    variable->set_may_be_missing(from.may_be_missing);
  }
}

void SetCompletions(const cel::Completions& completions, const TextPositions& positions, int items,
                    api::CheckExpressionResponse* out) {
  const TextPositions::Place place = positions.Of(completions.begin, completions.end);
  out->mutable_completions()->set_offset(place.offset);
  out->mutable_completions()->set_length(place.length);
  for (const cel::Completion& from : completions.items) {
    if (out->completions().items_size() == items) {
      out->set_truncated(true);
      return;
    }
    api::ExpressionCompletion* item = out->mutable_completions()->add_items();
    item->set_kind(KindOf(from.kind));
    item->set_label(from.label);
    item->set_insert(from.insert);
    item->set_detail(from.detail);
    item->set_documentation(from.documentation);
  }
}

void SetType(const cel::Type& type, api::CheckExpressionResponse* out) {
  out->set_type(type.ToString());
  const json::Value schema = type.ToSchema().ToJsonSchema();
  // An object always: Struct takes it.
  if (!schema.as_object().empty()) (void)rpc::ToProto(schema, out->mutable_schema());
}

void SetOutcome(const Outcome& outcome, std::string_view text, const TextPositions& positions,
                api::EvaluateExpressionResponse* out) {
  out->set_cost(outcome.cost);
  if (!outcome.error.ok()) {
    return AddFailure(outcome.error, text, positions, out->mutable_problems());
  }
  out->set_type(outcome.type);
  rpc::ToProto(*outcome.value, out->mutable_value());
}

}  // namespace agentflow::designer
