#include "libs/engine/unwind.h"

#include <algorithm>

#include "libs/engine/transition.h"

namespace agentflow::engine {

using workflow::kNone;

namespace {

bool Inside(const ExecutionState& state, ActivationIndex activation, StepRef target) {
  for (ActivationIndex a = activation;; a = state.activations[a].owner.activation) {
    if (target.node == kNone && a == target.activation) return true;
    if (a <= target.activation) return false;  // what is inside came later
    if (state.activations[a].owner == target) return true;
  }
}

bool Inside(const ExecutionState& state, StepRef inner, StepRef target) {
  return inner == target || Inside(state, inner.activation, target);
}

// Whether a transaction that has not ended lies around the activation, inside the target.
bool InOpenTransaction(const ExecutionState& state, ActivationIndex activation, StepRef target) {
  for (ActivationIndex a = activation; a != 0; a = state.activations[a].owner.activation) {
    if (target.node == kNone && a == target.activation) return false;
    StepRef owner = state.activations[a].owner;
    if (state.plan->nodes[owner.node].kind == workflow::NodeKind::kTransaction &&
        state.step(owner).state == StepState::kRunning) {
      return true;
    }
    if (owner == target) return false;
  }
  return false;
}

}  // namespace

Unwinding ToUndo(const ExecutionState& state, StepRef target, bool everything) {
  Unwinding found;
  if (state.undoable.empty() && state.unwindings.empty()) return found;
  std::vector<StepRef>& left = found.left;
  for (const auto& [inner, unwinding] : state.unwindings) {
    if (!Inside(state, inner, target)) continue;
    left.insert(left.end(), unwinding.left.begin(), unwinding.left.end());
    auto append = [](const std::vector<StepRef>& from, std::vector<StepRef>& to) {
      to.insert(to.end(), from.begin(), from.end());
    };
    append(unwinding.in_hand, found.in_hand);
    append(unwinding.failed, found.failed);
  }
  auto from = state.undoable.lower_bound({target.activation, 0});
  for (; from != state.undoable.end(); ++from) {
    StepRef step = from->first;
    if (!Inside(state, step.activation, target)) continue;
    if (everything || InOpenTransaction(state, step.activation, target)) left.push_back(step);
  }
  auto order = [&](StepRef a, StepRef b) { return state.undoable.at(a) < state.undoable.at(b); };
  std::sort(left.begin(), left.end(), order);
  left.erase(std::unique(left.begin(), left.end()), left.end());
  std::erase_if(left, [&](StepRef step) {
    return std::find(found.in_hand.begin(), found.in_hand.end(), step) != found.in_hand.end();
  });
  return found;
}

Unwinding TakeUp(ExecutionState& state, StepRef target, bool everything) {
  Unwinding found = ToUndo(state, target, everything);
  std::erase_if(state.unwindings,
                [&](const auto& entry) { return Inside(state, entry.first, target); });
  return found;
}

std::optional<StepRef> UnwindingOf(const ExecutionState& state, ActivationIndex activation) {
  for (ActivationIndex a = activation;; a = state.activations[a].owner.activation) {
    StepRef whole{a, kNone};
    if (state.unwindings.contains(whole)) return whole;
    if (a == 0) return std::nullopt;
    StepRef owner = state.activations[a].owner;
    if (state.unwindings.contains(owner)) return owner;
  }
}

}  // namespace agentflow::engine
