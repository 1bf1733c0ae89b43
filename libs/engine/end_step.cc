#include "libs/engine/evaluate.h"
#include "libs/engine/retry.h"
#include "libs/engine/transition.h"

namespace agentflow::engine {

using workflow::kErrorPort;
using workflow::kNoPort;
using workflow::Node;
using workflow::NodeKind;

void Transition::Complete(StepRef ref, uint32_t attempt, PortIndex port, json::Value output,
                          std::optional<TimerKind> fired, uint64_t signal) {
  if (!Fits(output)) {
    return FailStep(ref, attempt, {"OUTPUT_TOO_LARGE", TooLarge("The output", output), ""});
  }
  Actions leftovers;
  CollectTimers(ref, fired, /*whole_step=*/true, &leftovers);
  CollectWait(ref, std::nullopt, &leftovers);
  UnixMicros started = state_.step(ref).claimed_at;
  uint64_t cause = Emit(StepCompleted{ref, attempt, port, std::move(output), started, signal});
  ActAll(cause, std::move(leftovers));
  if (NodeOf(ref).compensation) return FinishUndo(ref, /*undone=*/true);
  FinishScopeIfSettled(ref.activation);
}

absl::StatusOr<bool> Transition::IsPointless(StepRef ref, const Error& error) const {
  const workflow::Expression& except_when = NodeOf(ref).policy.retry.except_when;
  if (except_when.empty()) return false;
  json::Value failure = ToJson({error.reason, error.message, NodeOf(ref).path});
  return EvaluateCondition(state_, ref.activation, except_when, Locals{.error = &failure});
}

void Transition::FailAttempt(StepRef ref, Error error, bool retryable, bool cancel_task,
                             std::optional<TimerKind> fired) {
  const Step& step = state_.step(ref);
  const workflow::Retry& retry = NodeOf(ref).policy.retry;
  bool again = MayRetry(retry, error.reason, retryable);
  if (again) {
    auto pointless = IsPointless(ref, error);
    if (!pointless.ok()) {
      Error broken = ErrorOf(pointless.status());
      broken.message += " (after " + error.reason + ": " + error.message + ")";
      return FailStep(ref, step.attempt, std::move(broken), cancel_task, fired);
    }
    again = !*pointless;
  }
  uint32_t tries = step.attempt - step.lost - step.forgiven;
  if (again && tries < retry.max_attempts) {
    UnixMicros ready_at = now_ + RetryDelay(retry, tries, command_.random);
    if (step.deadline == 0 || ready_at < step.deadline) {
      return TryAgain(ref, std::move(error), ready_at, /*lost=*/false, cancel_task, fired);
    }
  }
  if (again && retry.pause_at_end) {
    return HoldStep(ref, step.attempt, std::move(error), cancel_task, fired);
  }
  FailStep(ref, step.attempt, std::move(error), cancel_task, fired);
}

void Transition::TryAgain(StepRef ref, Error error, UnixMicros ready_at, bool lost,
                          bool cancel_task, std::optional<TimerKind> fired) {
  Actions leftovers;
  CollectTimers(ref, fired, /*whole_step=*/false, &leftovers);
  if (cancel_task) CollectTask(ref, error.reason, &leftovers);
  error.node = NodeOf(ref).path;
  uint32_t attempt = state_.step(ref).attempt;
  uint64_t cause = Emit(AttemptFailed{ref, attempt, std::move(error), ready_at, lost});
  ActAll(cause, std::move(leftovers));
  if (state_.step(ref).state == StepState::kWaiting) return RequestChildAgain(ref, cause);
  OfferAttempt(ref, cause);
}

void Transition::FailStep(StepRef ref, uint32_t attempt, Error error, bool cancel_task,
                          std::optional<TimerKind> fired) {
  const Node& node = NodeOf(ref);
  if (error.node.empty()) error.node = node.path;
  bool container = node.body != workflow::kNone;
  if (container && Unwind(ref, /*everything=*/false, {.error = error}, fired)) return;
  PortIndex port = PortAfterFailure(ref, error.reason);
  bool pauses = node.policy.on_error == workflow::OnError::kPause && !state_.step(ref).held;
  if (port == kNoPort && pauses) {
    return HoldStep(ref, attempt, std::move(error), cancel_task, fired);
  }
  Closing closing;
  CollectTimers(ref, fired, /*whole_step=*/true, &closing.actions);
  if (cancel_task) CollectTask(ref, error.reason, &closing.actions);
  std::optional<std::string_view> take_back;
  if (cancel_task) take_back = error.reason;
  CollectWait(ref, take_back, &closing.actions);
  CollectBodies(ref, "SCOPE_FAILED", &closing);
  UnixMicros started = state_.step(ref).claimed_at;
  EmitClosing(StepFailed{ref, attempt, error, port, started}, std::move(closing));
  if (node.compensation) return FinishUndo(ref, /*undone=*/false);
  bool handled = port != kNoPort || node.policy.on_error == workflow::OnError::kContinue;
  if (handled) {
    FinishScopeIfSettled(ref.activation);
  } else {
    bool undo = node.policy.on_error == workflow::OnError::kCompensate;
    FailScope(ref.activation, std::move(error), undo);
  }
}

PortIndex Transition::PortAfterFailure(StepRef ref, std::string_view reason) const {
  const Node& node = NodeOf(ref);
  for (EdgeIndex e : node.out_edges) {
    const workflow::Edge& edge = state_.plan->edges[e];
    if (edge.port != kErrorPort) continue;
    if (edge.reasons.empty() || workflow::MatchesReason(edge.reasons, reason)) return kErrorPort;
  }
  bool goes_on = node.policy.on_error == workflow::OnError::kContinue;
  return goes_on ? node.policy.continue_port : kNoPort;
}

void Transition::CancelRest(StepRef join) {
  for (NodeIndex node : NodeOf(join).rest) {
    StepRef ref{join.activation, node};
    if (!IsOver(state_.step(ref).state)) CancelStep(ref, "CANCEL_REST");
  }
}

void Transition::CancelStep(StepRef ref, std::string_view reason) {
  Ending ending{.kind = Ending::Kind::kCancel, .cause = std::string(reason)};
  bool container = NodeOf(ref).body != workflow::kNone;
  if (container && Unwind(ref, /*everything=*/false, std::move(ending))) return;
  Closing closing;
  CollectTimers(ref, std::nullopt, /*whole_step=*/true, &closing.actions);
  CollectTask(ref, reason, &closing.actions);
  CollectWait(ref, reason, &closing.actions);
  CollectBodies(ref, reason, &closing);
  EmitClosing(StepCanceled{ref, std::string(reason)}, std::move(closing));
}

void Transition::FinishScopeIfSettled(ActivationIndex index) {
  const Activation& activation = state_.activations[index];
  if (!activation.open || activation.unsettled > 0 || state_.over()) return;
  if (index != 0) return FinishActivation(index);
  auto output = Evaluate(state_, 0, state_.plan->outputs);
  if (!output.ok()) return EndExecution(ExecutionFailed{ErrorOf(output.status())});
  if (!Fits(*output)) {
    return EndExecution(ExecutionFailed{{"OUTPUT_TOO_LARGE", TooLarge("The output", *output), ""}});
  }
  EndExecution(ExecutionCompleted{*std::move(output)});
}

void Transition::FailScope(ActivationIndex index, Error error, bool everything) {
  if (index == 0) return End({.error = std::move(error)}, everything);
  bool transaction = NodeOf(state_.activations[index].owner).kind == NodeKind::kTransaction;
  StepRef target{index, workflow::kNone};
  if (Unwind(target, everything || transaction, {.error = error})) return;
  FailActivation(index, std::move(error));
}

void Transition::End(Ending ending, bool everything, bool timer_fired) {
  std::optional<TimerKind> fired;
  if (timer_fired) fired = TimerKind::kExecution;
  if (Unwind({0, workflow::kNone}, everything, ending, fired)) return;
  EndExecution(EventOf(ending, Error()), timer_fired);
}

void Transition::EndExecution(EventBody end, bool timer_fired) {
  Closing closing;
  if (state_.active > 0 || state_.waiting > 0 || !state_.containers.empty() || state_.paused) {
    CollectActivation(0, "EXECUTION_OVER", &closing);
  }
  CollectUndoing(&closing);
  if (ExecutionTimerRuns(state_) && !timer_fired) {
    closing.actions.push_back(CancelTimer{{TimerKind::kExecution, {}, 0}, state_.deadline, true});
  }
  const std::string& key = state_.start->concurrency.key;
  const bool asked = !key.empty() && (state_.holds & kHoldAdmission) == 0;
  if (asked) closing.actions.push_back(ReleaseKey{{}, key});
  uint64_t cause = EmitClosing(std::move(end), std::move(closing));
  Act(cause, FinishExecution{state_.phase});
}

void Transition::CollectTimers(StepRef ref, std::optional<TimerKind> fired, bool whole_step,
                               Actions* out) const {
  const Step& step = state_.step(ref);
  auto wait = state_.waits.find(ref);
  bool waits = wait != state_.waits.end();
  UnixMicros wake_at = waits ? wait->second.deadline : step.deadline;
  bool asleep = step.state == StepState::kWaiting && !step.held && wake_at != 0;
  if (asleep && fired != TimerKind::kWait) {
    out->push_back(CancelTimer{{TimerKind::kWait, ref, 0}, wake_at, true});
  }
  bool offered = waits || step.state == StepState::kReady || step.state == StepState::kRunning;
  if (offered && whole_step && step.deadline != 0 && fired != TimerKind::kScheduleToClose) {
    out->push_back(CancelTimer{{TimerKind::kScheduleToClose, ref, 0}, step.deadline, true});
  }
  UnixMicros start_deadline = StartDeadline(state_, ref);
  if (start_deadline != 0 && fired != TimerKind::kScheduleToStart) {
    out->push_back(
        CancelTimer{{TimerKind::kScheduleToStart, ref, step.attempt}, start_deadline, false});
  }
  if (step.attempt_deadline != 0 && fired != TimerKind::kStartToClose) {
    out->push_back(
        CancelTimer{{TimerKind::kStartToClose, ref, step.attempt}, step.attempt_deadline, false});
  }
}

void Transition::CollectTask(StepRef ref, std::string_view reason, Actions* out) const {
  const Step& step = state_.step(ref);
  bool offered = step.state == StepState::kReady || step.state == StepState::kRunning;
  if (!offered || !step.offer) return;
  out->push_back(CancelTask{ref, step.attempt, std::string(reason)});
}

void Transition::CollectWait(StepRef ref, std::optional<std::string_view> reason,
                             Actions* out) const {
  if (state_.waits.empty()) return;
  auto found = state_.waits.find(ref);
  if (found == state_.waits.end()) return;
  const OpenWait& wait = found->second;
  if (wait.what->kind == WaitKind::kApproval && !wait.granted) {
    out->push_back(CloseApproval{ref});
  } else if (wait.what->kind == WaitKind::kKey) {
    out->push_back(ReleaseKey{{ref}, wait.what->name});
  } else if (wait.what->kind == WaitKind::kChild && reason && wait.deadline == 0) {
    out->push_back(CancelChild{ref, state_.step(ref).attempt, wait.child, std::string(*reason)});
  }
}

void Transition::CollectActivation(ActivationIndex index, std::string_view reason,
                                   Closing* closing) const {
  if (index >= state_.activations.size()) return;  // QUEUED: nothing has begun
  const Activation& activation = state_.activations[index];
  if (!activation.open) return;
  NodeIndex first = state_.plan->scopes[activation.scope].first_node;
  for (uint32_t i = 0; i < activation.steps.size(); ++i) {
    StepState before = activation.steps[i].state;
    if (before == StepState::kPending || IsOver(before)) continue;
    StepRef ref{index, first + i};
    CollectTimers(ref, std::nullopt, /*whole_step=*/true, &closing->actions);
    CollectTask(ref, reason, &closing->actions);
    CollectWait(ref, reason, &closing->actions);
    CollectBodies(ref, reason, closing);
    closing->open.emplace_back(ref, before);
  }
}

void Transition::CollectBodies(StepRef container, std::string_view reason, Closing* closing) const {
  if (NodeOf(container).body == workflow::kNone) return;
  auto child = state_.children.lower_bound({container, 0});
  for (; child != state_.children.end() && child->first.first == container; ++child) {
    CollectActivation(child->second, reason, closing);
  }
}

void Transition::CollectUndoing(Closing* closing) const {
  for (const auto& [target, unwinding] : state_.unwindings) {
    for (StepRef undone : unwinding.in_hand) {
      StepRef ref{undone.activation, NodeOf(undone).policy.compensate};
      StepState before = state_.step(ref).state;
      if (before == StepState::kPending || IsOver(before)) continue;
      CollectTimers(ref, std::nullopt, /*whole_step=*/true, &closing->actions);
      CollectTask(ref, "EXECUTION_OVER", &closing->actions);
      CollectWait(ref, "EXECUTION_OVER", &closing->actions);
      closing->open.emplace_back(ref, before);
    }
  }
}

uint64_t Transition::EmitClosing(EventBody body, Closing closing) {
  uint64_t cause = Emit(std::move(body));
  for (const auto& [ref, before] : closing.open) {
    const Step& after = state_.step(ref);
    decision_.changes.push_back({ref, before, after.state, after.attempt});
  }
  ActAll(cause, std::move(closing.actions));
  return cause;
}

}  // namespace agentflow::engine
