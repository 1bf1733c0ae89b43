#pragma once

#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/engine/state.h"

// Expressions and templates of a node, read against the state.
namespace agentflow::engine {

// What exists in one place only; null: it does not exist there.
struct Locals {
  const json::Value* signal = nullptr;
  const json::Value* error = nullptr;
  // A flow.loop's own `while` is evaluated outside its body, before the next round.
  NodeIndex loop = workflow::kNone;
  const json::Value* previous = nullptr;
  uint32_t iteration = 0;
};

// What is visible inside `activation`: its own nodes and those of the scopes around it.
// Error: INVALID_ARGUMENT with reason EXPRESSION_FAILED; the message begins with the field and
// carries the position in the source.
absl::StatusOr<json::Value> Evaluate(const ExecutionState& state, ActivationIndex activation,
                                     const workflow::Expression& expression,
                                     const Locals& locals = {});
absl::StatusOr<json::Value> Evaluate(const ExecutionState& state, ActivationIndex activation,
                                     const workflow::Template& value);
// The same for conditions; another type than bool is an EXPRESSION_FAILED.
absl::StatusOr<bool> EvaluateCondition(const ExecutionState& state, ActivationIndex activation,
                                       const workflow::Expression& expression,
                                       const Locals& locals = {});

// What the references stand for inside `activation`, in their order; nothing where there is no
// value. For expressions that are no part of the plan.
std::vector<std::optional<json::Value>> ReadReferences(
    const ExecutionState& state, ActivationIndex activation,
    const std::vector<workflow::Reference>& references);

}  // namespace agentflow::engine
