#pragma once

#include <string>

#include "libs/engine/engine.h"

// Decisions and states as lines that people can read and tests can compare. Times are relative
// to the execution's start.
namespace agentflow::engine::testing {

// "  2 StepCompleted a port=out output=1"
std::string Describe(const ExecutionState& state, const Event& event);
// "  ! OfferTask b attempt=1 agent=worker input=null (2)"
std::string Describe(const ExecutionState& state, const Action& action);
// "  ~ b PENDING -> READY"
std::string Describe(const ExecutionState& state, const StepChange& change);
// Events, actions, changes and the phases.
std::string Describe(const ExecutionState& state, const Decision& decision);

// The phase and every step that has left PENDING.
std::string Describe(const ExecutionState& state);

// Whether both are the same in every field that is not volatile.
bool Same(ExecutionState a, ExecutionState b);

// The first broken invariant of `decision`, which led to `state`; empty where all hold.
//  - a decision's actions name one of its events (or a volatile one) as their cause
//  - sequences have no gap
//  - an open execution has a task, an in-process task, a timer, or more to do
//  - an execution that is over has no open step, and nothing outstanding
//  - counters and the agenda agree with the steps
std::string BrokenInvariant(const ExecutionState& state, const Decision& decision);

}  // namespace agentflow::engine::testing
