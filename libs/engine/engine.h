#pragma once

#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/engine/action.h"
#include "libs/engine/command.h"
#include "libs/engine/event.h"
#include "libs/engine/state.h"

// The one decider. All workflow logic is here, pure: no clock, no chance, no thread, no I/O.
//
//   Decision d = Advance(state, command);   // d.events are already applied to `state`
//   ... commit d.events ...
//   ... carry out d.actions, publish d.changes; if d.more, queue a Continue ...
//
// One execution belongs to one thread at a time; different ones are independent.
namespace agentflow::engine {

// Bounds that protect the platform. They shape decisions, never replays.
struct Limits {
  uint32_t transitions = 256;       // steps run in one decision, then Decision::more
  size_t value_bytes = 256 * 1024;  // one input or output
  uint32_t items = 100'000;         // of a flow.map
  uint32_t concurrency = 1000;      // open activations of one container
  uint32_t lost_attempts = 10;      // of one step, then it fails with ATTEMPT_LOST
  uint32_t signals = 1000;          // kept and not consumed
  uint32_t child_depth = 20;        // executions above one another
  uint32_t in_flight = 0;           // tasks of one execution at a time; 0: as its workflow says
};

// One transition of a step. A step that changes twice in a decision appears twice, in order.
struct StepChange {
  StepRef step;
  StepState before = StepState::kPending;
  StepState after = StepState::kPending;
  uint32_t attempt = 0;
};

struct Decision {
  std::vector<Event> events;
  std::vector<Action> actions;  // each caused by one event of this decision
  std::vector<StepChange> changes;
  Phase before = Phase::kNone;  // as users see it, see PhaseOf
  Phase after = Phase::kNone;
  bool more = false;  // send Continue: there is work left that needs no outside event
};

// Decides and applies in place: what executors use. On an error nothing has changed.
absl::StatusOr<Decision> Advance(ExecutionState& state, const Command& command,
                                 const Limits& limits = {});

// The same without touching the state (it works on a copy): Advance(state, c) is
// Decide(state, c) followed by Apply of each event.
absl::StatusOr<Decision> Decide(const ExecutionState& state, const Command& command,
                                const Limits& limits = {});

// Total: an event that does not fit the state is ignored.
void Apply(ExecutionState& state, const Event& event);

// The state after a history: a fold.
ExecutionState Replay(PlanPtr plan, std::span<const Event> events);

// Everything that must be going on outside for this state: the open tasks, in-process tasks,
// timers, approvals, children and tickets, with cause 0. What a new owner of the execution starts
// from. If `state.more()`, a Continue is owed as well.
std::vector<Action> Outstanding(const ExecutionState& state);

}  // namespace agentflow::engine
