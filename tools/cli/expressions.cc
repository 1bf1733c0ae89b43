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

}  // namespace

absl::StatusOr<int> EvaluateCel(const std::string& expression, const std::string& vars,
                                bool as_json) {
  absl::StatusOr<json::Value> value = Evaluate(expression, vars);
  if (!value.ok()) {
    if (!as_json) return value.status();
    std::cout << json::Dump(ErrorJson(value.status())) << "\n";
    return kFailed;
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
