#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/cel/time_zones.h"
#include "libs/json/value.h"

// Runs cases of the language's conformance suite in their JSON form: one object a line with
// section, name, expr and optionally bindings, type_env, disable_check, check_only, and one of
// value, eval_error, typed_result (none: the value true).
namespace agentflow::cel {

struct CaseResult {
  std::string name;    // "section/name"
  bool passed = false;
  // The expected text still had escapes of the suite's own files in it (\u0100), which were read
  // before it was compared.
  bool unescaped = false;
  std::string detail;  // for a failed one: what was expected and what came
};

CaseResult RunCase(const json::Value& test_case, const TimeZones* time_zones);

// All cases of a file's text. Errors: INVALID_ARGUMENT with the line that is no JSON object.
absl::StatusOr<std::vector<CaseResult>> RunCases(std::string_view lines,
                                                 const TimeZones* time_zones);

}  // namespace agentflow::cel
