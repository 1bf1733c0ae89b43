#pragma once

#include <map>
#include <string>
#include <string_view>

#include "libs/engine/state.h"

namespace agentflow::executor {

// What a batch changed about one execution, for projections.
struct ChangedStep {
  engine::StepState before = engine::StepState::kPending;
  engine::StepState after = engine::StepState::kPending;
  uint32_t attempt = 0;
};
using ChangedSteps = std::map<engine::StepRef, ChangedStep>;

// As agentflow.internal.executor.v1.ExecutionChange, serialised. `before` is kNone for a new
// execution.
std::string EncodeChange(const engine::ExecutionState& state, engine::Phase before,
                         const ChangedSteps& steps);

// The same with nothing but steps; appended to what EncodeChange gives it is a part of it.
std::string EncodeSteps(const engine::ExecutionState& state, const ChangedSteps& steps);

// Appends an encoded change to the body of a feed row, which is a serialised
// agentflow.internal.executor.v1.FeedBatch with `changes` alone.
void AppendToFeedBody(std::string_view change, std::string* body);

}  // namespace agentflow::executor
