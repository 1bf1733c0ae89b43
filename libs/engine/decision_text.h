#pragma once

#include <string>

#include "libs/engine/event.h"
#include "libs/engine/state.h"

namespace agentflow::engine {

// A decision as people read it and as replays compare it: without messages, which are for people
// and may be reworded, without numbers of steps, and with times counted from the decision.
struct DecisionText {
  std::string step;  // key; empty: the execution itself
  std::string node;  // path
  std::string text;  // "StepCompleted of pay, port out, output 3"

  bool operator==(const DecisionText&) const = default;
};

// Of the node of `step`: its name, "error", or "none" and "listed" for what is no single port.
std::string PortName(const ExecutionState& state, StepRef step, PortIndex port);

// `state`: the execution after the event, or later.
DecisionText TextOf(const ExecutionState& state, const Event& event);

}  // namespace agentflow::engine
