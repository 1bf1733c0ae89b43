#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "libs/engine/engine.h"

// What came from outside while a journal was written, read back from its events: the start,
// results, timers, signals, approvals, ends of children, and what people asked for.
namespace agentflow::engine {

struct RecordedInput {
  size_t index = 0;            // of the first event that it led to
  UnixMicros claimed_at = 0;   // when a worker had taken the task; 0: not known
  std::string step;            // key; empty: the execution
  Command command;             // its steps are those of the recorded state
};

// The same input for another state of the execution, where steps may have other numbers.
// Error: STEP_UNKNOWN.
absl::StatusOr<Command> CommandFor(const RecordedInput& input, const ExecutionState& state);

// What the event at `index` was decided upon; nullopt where it followed by itself from what was
// before. `state` is the fold of what lies before it. The start and rebases are not read here.
std::optional<RecordedInput> InputOf(const ExecutionState& state, std::span<const Event> journal,
                                     size_t index, const Limits& limits);

}  // namespace agentflow::engine
