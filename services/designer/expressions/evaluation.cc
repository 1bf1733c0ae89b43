#include "services/designer/expressions/evaluation.h"

#include <algorithm>
#include <utility>

#include "libs/base/status.h"

namespace agentflow::designer {
namespace {

// As deep as JSON may be everywhere else.
constexpr int kMaxDepth = 32;

int DepthOf(const json::Value& value) {
  int deepest = 0;
  if (value.is_array()) {
    for (const json::Value& item : value.as_array()) deepest = std::max(deepest, DepthOf(item));
    return deepest + 1;
  }
  if (value.is_object()) {
    for (const auto& [key, item] : value.as_object()) deepest = std::max(deepest, DepthOf(item));
    return deepest + 1;
  }
  return 0;
}

absl::Status CheckResult(const json::Value& value, const ExpressionLimits& limits) {
  if (DepthOf(value) > kMaxDepth) {
    return InvalidArgument("EXPRESSION_RESULT", "",
                           "The result nests deeper than " + std::to_string(kMaxDepth) +
                               " levels, which JSON here may not.");
  }
  const size_t bytes = json::Dump(value).size();
  if (bytes <= static_cast<size_t>(limits.result_bytes)) return absl::OkStatus();
  return Error(absl::StatusCode::kResourceExhausted, "EXPRESSION_LIMIT",
               "The result has " + std::to_string(bytes) + " bytes; at most " +
                   std::to_string(limits.result_bytes) + " are answered. Take a part of it.",
               {{kErrorLimit, "result_bytes"}});
}

}  // namespace

Outcome Evaluate(const cel::Program& program, const cel::Activation& variables,
                 const ExpressionLimits& limits, const cel::TimeZones* time_zones) {
  const cel::EvaluateOptions options{
      .limits = {.cost = limits.cost, .bytes = static_cast<size_t>(limits.memory_bytes)},
      .time_zones = time_zones};
  const cel::Evaluation evaluation = program.Run(variables, options);
  Outcome outcome{.cost = evaluation.cost(), .error = evaluation.status()};
  if (!outcome.error.ok()) return outcome;
  absl::StatusOr<json::Value> value = cel::ToJson(evaluation.value());
  outcome.error = value.ok() ? CheckResult(*value, limits) : value.status();
  if (!outcome.error.ok()) return outcome;
  outcome.type = cel::TypeNameOf(evaluation.value());
  outcome.value = *std::move(value);
  return outcome;
}

}  // namespace agentflow::designer
