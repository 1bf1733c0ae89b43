#include <algorithm>
#include <set>

#include "libs/base/status.h"
#include "libs/engine/evaluate.h"
#include "libs/engine/transition.h"

namespace agentflow::engine {

using workflow::kNone;
using workflow::kNoPort;

absl::Status Transition::Handle(const PauseExecution& pause) {
  AF_RETURN_IF_ERROR(CheckOpen());
  if (Known(CommandId::Kind::kPause, pause.id)) return absl::OkStatus();
  if (state_.paused) {
    return FailedPrecondition("EXECUTION_PAUSED", "The execution is paused already.");
  }
  Closing closing;
  CollectStartTimers(&closing);
  EmitClosing(ExecutionPaused{command_.principal, pause.cause, pause.id}, std::move(closing));
  return absl::OkStatus();
}

absl::Status Transition::Handle(const ResumeExecution& resume) {
  AF_RETURN_IF_ERROR(CheckOpen());
  if (Known(CommandId::Kind::kResume, resume.id)) return absl::OkStatus();
  if (!state_.paused) {
    return FailedPrecondition("EXECUTION_NOT_PAUSED", "The execution is not paused.");
  }
  std::map<StepRef, HeldDecision> decisions;
  for (const auto& [key, decision] : resume.decisions) {
    const absl::StatusOr<StepRef> ref = FindStep(state_, key);
    if (!ref.ok()) {
      return agentflow::Error(ref.status().code(), ReasonOf(ref.status()), MessageOf(ref.status()),
                              {{kErrorField, "decisions." + key}});
    }
    AF_RETURN_IF_ERROR(CheckDecision(*ref, decision));
    decisions[*ref] = decision;
  }
  std::vector<StepRef> steps = ListSteps(state_);
  for (StepRef ref : steps) {
    if (state_.step(ref).held) decisions.try_emplace(ref);
  }
  OfferAgain(Emit(ExecutionResumed{command_.principal, resume.id}));
  for (const auto& [ref, decision] : decisions) {
    // One that fails may end what is around the others.
    if (state_.step(ref).held && state_.IsLive(ref)) DecideHeld(ref, decision);
  }
  return absl::OkStatus();
}

void Transition::OfferAgain(uint64_t cause) {
  for (StepRef ref : ListSteps(state_)) {
    const Step& step = state_.step(ref);
    if (step.state != StepState::kReady || !state_.IsLive(ref)) continue;
    if (step.in_process) {
      Act(cause, RunInProcess{ref, step.attempt});
    } else {
      OfferAttempt(ref, cause);
    }
  }
}

absl::Status Transition::CheckDecision(StepRef ref, const HeldDecision& decision) const {
  std::string key = StepKey(state_, ref);
  if (!state_.step(ref).held) {
    return agentflow::Error(absl::StatusCode::kFailedPrecondition, "STEP_NOT_HELD",
                            "The step " + key +
                                " is not held; decide only about steps that wait for a decision.",
                            {{kErrorField, "decisions." + key}});
  }
  if (decision.kind != HeldDecision::Kind::kComplete) return absl::OkStatus();
  if (!Fits(decision.output)) {
    return InvalidArgument("VALUE_TOO_LARGE", "decisions." + key + ".output",
                           TooLarge("The output", decision.output));
  }
  const auto& ports = NodeOf(ref).ports;
  if (!decision.port.empty() &&
      std::find(ports.begin(), ports.end(), decision.port) == ports.end()) {
    return InvalidArgument("PORT_UNKNOWN", "decisions." + key + ".port",
                           "The step " + key + " has no out-port " + decision.port + ".");
  }
  return absl::OkStatus();
}

void Transition::DecideHeld(StepRef ref, const HeldDecision& decision) {
  const Step& step = state_.step(ref);
  switch (decision.kind) {
    case HeldDecision::Kind::kRetry:
      Emit(StepRetried{ref});
      return;
    case HeldDecision::Kind::kFail:
      return FailStep(ref, step.attempt, *step.error);
    case HeldDecision::Kind::kComplete: {
      const auto& ports = NodeOf(ref).ports;
      auto port = decision.port.empty() ? ports.begin()
                                        : std::find(ports.begin(), ports.end(), decision.port);
      auto number = static_cast<PortIndex>(port - ports.begin());
      return Complete(ref, step.attempt, ports.empty() ? kNoPort : number, decision.output);
    }
  }
}

void Transition::HoldStep(StepRef ref, uint32_t attempt, Error error, bool cancel_task,
                          std::optional<TimerKind> fired) {
  if (error.node.empty()) error.node = NodeOf(ref).path;
  Closing closing;
  CollectTimers(ref, fired, /*whole_step=*/true, &closing.actions);
  if (cancel_task) CollectTask(ref, error.reason, &closing.actions);
  std::optional<std::string_view> take_back;
  if (cancel_task) take_back = error.reason;
  CollectWait(ref, take_back, &closing.actions);
  CollectBodies(ref, "SCOPE_FAILED", &closing);
  size_t inside = closing.open.size();
  closing.open.emplace_back(ref, state_.step(ref).state);
  CollectStartTimers(&closing);
  closing.open.resize(inside);
  UnixMicros started = state_.step(ref).claimed_at;
  EmitClosing(StepHeld{ref, attempt, std::move(error), started}, std::move(closing));
}

void Transition::CollectStartTimers(Closing* collected) const {
  std::set<StepRef> done;
  for (const auto& [ref, before] : collected->open) done.insert(ref);
  for (StepRef ref : ListSteps(state_)) {
    UnixMicros at = state_.IsLive(ref) ? StartDeadline(state_, ref) : 0;
    if (at == 0 || done.contains(ref)) continue;
    collected->actions.push_back(
        CancelTimer{{TimerKind::kScheduleToStart, ref, state_.step(ref).attempt}, at, false});
  }
}

void Transition::ExecuteEnd(StepRef ref, const workflow::EndConfig& config) {
  auto output = Evaluate(state_, ref.activation, config.output);
  if (!output.ok()) return FailStep(ref, Attempt(ref), ErrorOf(output.status()));
  if (!Fits(*output)) {
    return FailStep(ref, Attempt(ref), {"OUTPUT_TOO_LARGE", TooLarge("The output", *output), ""});
  }
  Emit(StepCompleted{ref, Attempt(ref), kNoPort, *output, 0});
  Ending ending{.kind = Ending::Kind::kComplete, .output = *output};
  ActivationIndex index = ref.activation;
  if (index == 0) return End(std::move(ending), /*everything=*/false);
  if (Unwind({index, kNone}, /*everything=*/false, std::move(ending))) return;
  Closing closing;
  CollectActivation(index, "SCOPE_ENDED", &closing);
  EmitClosing(ActivationClosed{index, *std::move(output), Error()}, std::move(closing));
}

void Transition::ExecuteCancel(StepRef ref, const workflow::CancelConfig& config) {
  json::Array canceled;
  for (NodeIndex node : config.nodes) {
    StepRef step{ref.activation, node};
    if (IsOver(state_.step(step).state)) continue;
    CancelStep(step, "CANCELED_BY_NODE");
    canceled.emplace_back(state_.plan->nodes[node].id);
  }
  Complete(ref, Attempt(ref), 0, json::Value(std::move(canceled)));
}

}  // namespace agentflow::engine
