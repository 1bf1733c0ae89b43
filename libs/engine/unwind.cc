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
  auto order = [&](StepRef a, StepRef b) {
    return CompletionOf(state, a) < CompletionOf(state, b);
  };
  std::sort(left.begin(), left.end(), order);
  left.erase(std::unique(left.begin(), left.end()), left.end());
  std::erase_if(left, [&](StepRef step) {
    return std::find(found.in_hand.begin(), found.in_hand.end(), step) != found.in_hand.end();
  });
  return found;
}

int64_t CompletionOf(const ExecutionState& state, StepRef step) {
  auto found = state.undoable.find(step);
  return found == state.undoable.end() ? 0 : found->second;
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

bool Transition::Unwind(StepRef target, bool everything, Ending ending,
                        std::optional<TimerKind> fired) {
  Unwinding found = ToUndo(state_, target, everything);
  if (found.left.empty() && found.in_hand.empty()) return false;
  Closing closing;
  if (target.node != kNone) {
    CollectTimers(target, fired, /*whole_step=*/true, &closing.actions);
    CollectBodies(target, "UNWINDING", &closing);
  } else {
    CollectActivation(target.activation, "UNWINDING", &closing);
  }
  bool root = target == StepRef{0, kNone};
  if (root && ExecutionTimerRuns(state_) && fired != TimerKind::kExecution) {
    closing.actions.push_back(CancelTimer{{TimerKind::kExecution, {}, 0}, state_.deadline, true});
  }
  const bool paused = state_.paused;
  const uint64_t cause =
      EmitClosing(UnwindingStarted{target, everything, std::move(ending)}, std::move(closing));
  // Compensations that are in hand already go on with it.
  if (paused && !state_.paused) OfferAgain(cause);
  return true;
}

void Transition::FinishUndo(StepRef compensation, bool undone) {
  auto target = UnwindingOf(state_, compensation.activation);
  if (undone) Emit(StepCompensated{{compensation.activation, NodeOf(compensation).undoes}});
  if (!target) return;
  const Unwinding& unwinding = state_.unwindings.at(*target);
  if (unwinding.left.empty() && unwinding.in_hand.empty()) FinishUnwinding(*target);
}

void Transition::FinishUnwinding(StepRef target) {
  Ending ending = state_.unwindings.at(target).ending;
  Error broken = CompensationError(state_.unwindings.at(target).failed, ending);
  if (target == StepRef{0, kNone}) return EndExecution(EventOf(ending, std::move(broken)));
  bool clean = broken.reason.empty();
  Error error = clean ? ending.error : std::move(broken);
  if (target.node == kNone) {
    if (ending.kind != Ending::Kind::kComplete || !clean) {
      return FailActivation(target.activation, std::move(error));
    }
    Emit(ActivationClosed{target.activation, std::move(ending.output), Error()});
  } else if (ending.kind == Ending::Kind::kCancel) {
    CancelStep(target, ending.cause);
    FinishScopeIfSettled(target.activation);
  } else {
    FailStep(target, Attempt(target), std::move(error));
  }
}

Error Transition::CompensationError(const std::vector<StepRef>& failed,
                                    const Ending& ending) const {
  if (failed.empty()) return {};
  std::string names;
  for (StepRef step : failed) {
    names += (names.empty() ? "" : ", ") + StepKey(state_, step);
    const Step& undo = state_.step({step.activation, NodeOf(step).policy.compensate});
    if (undo.error) names += " (" + undo.error->reason + ")";
  }
  std::string after = ending.error.reason;
  if (ending.kind == Ending::Kind::kCancel) after = ending.cause;
  if (ending.kind == Ending::Kind::kTimeOut) after = "the execution's timeout";
  return {"COMPENSATION_FAILED",
          "Not undone: " + names + "." + (after.empty() ? "" : " It was to be undone after: ") +
              after + (ending.error.message.empty() ? "" : ": " + ending.error.message),
          ending.error.node};
}

EventBody Transition::EventOf(const Ending& ending, Error compensation) {
  switch (ending.kind) {
    case Ending::Kind::kCancel:
      return ExecutionCanceled{ending.principal, ending.cause, std::move(compensation)};
    case Ending::Kind::kTimeOut:
      return ExecutionTimedOut{std::move(compensation)};
    case Ending::Kind::kComplete:
      if (compensation.reason.empty()) return ExecutionCompleted{ending.output};
      return ExecutionFailed{std::move(compensation)};
    case Ending::Kind::kFail:
      break;
  }
  return ExecutionFailed{compensation.reason.empty() ? ending.error : std::move(compensation)};
}

}  // namespace agentflow::engine
