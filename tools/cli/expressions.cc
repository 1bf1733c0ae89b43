#include <cstdlib>
#include <iostream>

#include "libs/base/status.h"
#include "libs/cel/cel.h"
#include "libs/cel/conformance.h"
#include "libs/tz/time_zones.h"
#include "tools/cli/commands.h"

namespace agentflow::cli {
namespace {

json::Value ErrorJson(const absl::Status& status) {
  json::Object error{{"reason", ReasonOf(status)}, {"message", MessageOf(status)}};
  for (const auto& [key, value] : MetadataOf(status)) error.Set(key, value);
  return json::Object{{"error", json::Value(error)}};
}

absl::StatusOr<json::Value> Variables(const std::string& vars) {
  if (vars.empty()) return json::Value(json::Object());
  std::string text = vars;
  if (text[0] == '@') {
    AF_ASSIGN_OR_RETURN(text, ReadFile(text.substr(1)));
  }
  AF_ASSIGN_OR_RETURN(json::Value value, json::Parse(text));
  if (!value.is_object()) {
    return InvalidArgument("INPUT_MALFORMED", "vars", "--vars must be a JSON object");
  }
  return value;
}

absl::StatusOr<json::Value> Evaluate(const std::string& expression, const std::string& vars) {
  AF_ASSIGN_OR_RETURN(json::Value variables, Variables(vars));
  cel::Environment environment;
  for (const auto& [name, value] : variables.as_object()) {
    environment.Declare(name, cel::Type());
  }
  cel::Compiled compiled = cel::Compile(expression, environment);
  if (!compiled.program) return cel::ToStatus(compiled.issues);
  tz::SystemTimeZones time_zones;
  return compiled.program->Evaluate(cel::JsonActivation(variables), {.time_zones = &time_zones});
}

// The errors among the problems of an answer as the local evaluation would say them.
absl::Status ErrorOf(const json::Value& answer) {
  const json::Value* problems = answer.Find("problems");
  if (problems == nullptr || !problems->is_array()) return absl::OkStatus();
  std::string text;
  const json::Value* first = nullptr;
  for (const json::Value& problem : problems->as_array()) {
    if (problem.StringOr("severity") != "ERROR") continue;
    if (first == nullptr) first = &problem;
    text += (text.empty() ? "" : "\n") + std::to_string(problem.IntOr("line", 1)) + ":" +
            std::to_string(problem.IntOr("column", 1)) + ": " + problem.StringOr("message");
  }
  if (first == nullptr) return absl::OkStatus();
  return Error(absl::StatusCode::kInvalidArgument, first->StringOr("reason"), text,
               {{"line", std::to_string(first->IntOr("line", 1))},
                {"column", std::to_string(first->IntOr("column", 1))}});
}

// {"value": ..., "type": ..., "cost": ...}
absl::StatusOr<json::Value> EvaluateThere(Session& session, const std::string& expression,
                                          const std::string& execution, const std::string& step) {
  constexpr std::string_view kPrefix = "executions/";
  const bool full = execution.starts_with(kPrefix);
  json::Object request{{"expression", expression},
                       {"execution", full ? execution : std::string(kPrefix) + execution},
                       // Columns as the local evaluation counts them.
                       {"offsetUnit", "CODE_POINTS"}};
  if (!step.empty()) request.Set("step", step);
  AF_ASSIGN_OR_RETURN(json::Value answer,
                      session.Post("/v1/expressions:evaluate", json::Value(request)));
  AF_RETURN_IF_ERROR(ErrorOf(answer));
  const json::Value* value = answer.Find("value");
  return json::Value(
      json::Object{{"value", value ? *value : json::Value()},
                   {"type", answer.StringOr("type")},
                   // 64-bit integers travel as text.
                   {"cost", int64_t{std::atoll(answer.StringOr("cost", "0").c_str())}}});
}

int Print(const absl::Status& error) {
  std::cout << json::Dump(ErrorJson(error)) << "\n";
  return kFailed;
}

}  // namespace

absl::StatusOr<int> EvaluateInExecution(Session& session, const std::string& expression,
                                        const std::string& execution, const std::string& step,
                                        bool as_json) {
  absl::StatusOr<json::Value> result = EvaluateThere(session, expression, execution, step);
  if (!result.ok()) {
    if (as_json) return Print(result.status());
    return result.status();
  }
  std::cout << json::Dump(as_json ? *result : *result->Find("value")) << "\n";
  return kOk;
}

absl::StatusOr<int> EvaluateCel(const std::string& expression, const std::string& vars,
                                bool as_json) {
  absl::StatusOr<json::Value> value = Evaluate(expression, vars);
  if (!value.ok()) {
    if (as_json) return Print(value.status());
    return value.status();
  }
  std::cout << (as_json ? json::Dump(json::Object{{"value", *value}}) : json::Dump(*value)) << "\n";
  return kOk;
}

absl::StatusOr<int> TestCel(const std::string& file) {
  AF_ASSIGN_OR_RETURN(std::string text, ReadFile(file));
  tz::SystemTimeZones time_zones;
  AF_ASSIGN_OR_RETURN(std::vector<cel::CaseResult> results, cel::RunCases(text, &time_zones));
  int failed = 0;
  int unescaped = 0;
  for (const cel::CaseResult& result : results) {
    unescaped += result.unescaped;
    if (result.passed) continue;
    ++failed;
    std::cout << "FAILED " << result.name << ": " << result.detail << "\n";
  }
  if (unescaped > 0) {
    std::cout << unescaped << " of them after reading escapes (\\u0100) in the expected text\n";
  }
  std::cout << results.size() - static_cast<size_t>(failed) << " passed, " << failed
            << " failed\n";
  return failed == 0 ? kOk : kFailed;
}

}  // namespace agentflow::cli
