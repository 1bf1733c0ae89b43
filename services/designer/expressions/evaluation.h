#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "libs/cel/cel.h"
#include "services/designer/expressions/limits.h"

namespace agentflow::designer {

struct Outcome {
  std::optional<json::Value> value;  // of an evaluation that went well
  std::string type;                  // "int", "google.protobuf.Timestamp"
  int64_t cost = 0;
  // Why there is no value: EXPRESSION_FAILED (metadata line and column), EXPRESSION_LIMIT or
  // EXPRESSION_RESULT.
  absl::Status error;
};

// Runs a program within the limits.
Outcome Evaluate(const cel::Program& program, const cel::Activation& variables,
                 const ExpressionLimits& limits, const cel::TimeZones* time_zones);

}  // namespace agentflow::designer
