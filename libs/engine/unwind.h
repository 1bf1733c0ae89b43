#pragma once

#include <optional>

#include "libs/engine/state.h"

// What has to be undone, and by whom. A target is a container's step, or with node kNone a whole
// activation.
namespace agentflow::engine {

// What an unwinding of the target has to do: the compensations of unwindings inside of it that
// have not ended, steps that completed inside of transactions that are open, and with
// `everything` every step that completed inside of it.
Unwinding ToUndo(const ExecutionState& state, StepRef target, bool everything);
// The same, and takes the unwindings inside of it away. For Apply.
Unwinding TakeUp(ExecutionState& state, StepRef target, bool everything);

// The sequence of a step's completion; 0 where there is nothing to undo.
int64_t CompletionOf(const ExecutionState& state, StepRef step);

// The unwinding that the compensations of an activation belong to.
std::optional<StepRef> UnwindingOf(const ExecutionState& state, ActivationIndex activation);

}  // namespace agentflow::engine
