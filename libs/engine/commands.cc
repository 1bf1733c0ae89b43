#include <algorithm>

#include "libs/base/status.h"
#include "libs/engine/time_text.h"
#include "libs/engine/transition.h"
#include "libs/engine/unwind.h"

namespace agentflow::engine {
namespace {

constexpr char kAttemptLost[] = "ATTEMPT_LOST";

absl::Status ExecutionUnknown() {
  return NotFound("EXECUTION_UNKNOWN", "There is no such execution.");
}

absl::Status ExecutionOver(const ExecutionState& state) {
  return FailedPrecondition("EXECUTION_OVER",
                            "The execution is over: it is " + std::string(Name(state.phase)) + ".");
}

absl::Status ExecutionPausedError() {
  return FailedPrecondition("EXECUTION_PAUSED",
                            "The execution is paused, and nothing begins before it is resumed.");
}

bool HandedOut(const Step& step) {
  return step.state == StepState::kReady || step.state == StepState::kRunning;
}

}  // namespace

const CommandId* Transition::Known(CommandId::Kind kind, const std::string& id) const {
  if (id.empty()) return nullptr;
  for (const CommandId& command : state_.command_ids) {
    if (command.kind == kind && command.id == id) return &command;
  }
  return nullptr;
}

absl::Status Transition::Handle(const StartExecution& start) {
  if (state_.phase != Phase::kNone) {
    return agentflow::Error(absl::StatusCode::kAlreadyExists, "EXECUTION_EXISTS",
                            "The execution has been started before.");
  }
  if (!Fits(start.info->input)) {
    return InvalidArgument("VALUE_TOO_LARGE", "input", TooLarge("The input", start.info->input));
  }
  AF_ASSIGN_OR_RETURN(std::shared_ptr<const StartInfo> info, WithConcurrency(start));
  state_.plan = start.plan;
  const ConcurrencyKey key = info->concurrency;
  bool held_back = info->queued || !key.key.empty();
  workflow::Micros timeout = start.plan->timeout;
  UnixMicros deadline = timeout > 0 && !held_back ? now_ + timeout : 0;
  uint64_t cause = Emit(ExecutionStarted{std::move(info), deadline, MaxInFlight(*start.plan)});
  if (deadline != 0) Act(cause, StartTimer{{TimerKind::kExecution, {}, 0}, deadline, true});
  if (state_.holds == kHoldKey) AskOwnKey(cause);
  if (!held_back) FinishScopeIfSettled(0);
  return absl::OkStatus();
}

absl::Status Transition::Handle(const ClaimTask& claim) {
  AF_RETURN_IF_ERROR(CheckAttempt(claim.step, claim.attempt, /*in_process=*/false));
  const Step& step = state_.step(claim.step);
  if (step.state == StepState::kRunning) {
    if (step.holder == claim.holder) return absl::OkStatus();
    return FailedPrecondition("TASK_HELD", "Another worker holds this attempt; drop it.");
  }
  if (state_.paused) return ExecutionPausedError();
  workflow::Micros timeout = NodeOf(claim.step).policy.timeouts.start_to_close;
  UnixMicros deadline = timeout > 0 ? now_ + timeout : 0;
  UnixMicros start_deadline = StartDeadline(state_, claim.step);
  uint64_t cause = Emit(StepClaimed{claim.step, claim.attempt, claim.holder, deadline});
  if (start_deadline != 0) {
    Act(cause,
        CancelTimer{
            {TimerKind::kScheduleToStart, claim.step, claim.attempt}, start_deadline, false});
  }
  if (deadline != 0) {
    Act(cause, StartTimer{{TimerKind::kStartToClose, claim.step, claim.attempt}, deadline, false});
  }
  return absl::OkStatus();
}

absl::Status Transition::Handle(const CompleteTask& result) {
  AF_RETURN_IF_ERROR(CheckAttempt(result.step, result.attempt, /*in_process=*/false));
  Complete(result.step, result.attempt, 0, result.output);
  return absl::OkStatus();
}

absl::Status Transition::Handle(const FailTask& failure) {
  AF_RETURN_IF_ERROR(CheckAttempt(failure.step, failure.attempt, /*in_process=*/false));
  std::string reason = failure.reason.empty() ? "TASK_FAILED" : failure.reason;
  FailAttempt(failure.step, {reason, failure.message, ""}, failure.retryable,
              /*cancel_task=*/false);
  return absl::OkStatus();
}

absl::Status Transition::Handle(const LoseAttempt& lost) {
  AF_RETURN_IF_ERROR(CheckAttempt(lost.step, lost.attempt, /*in_process=*/false));
  const Step& step = state_.step(lost.step);
  Error error{kAttemptLost, "The worker that held the attempt is gone.", ""};
  const workflow::Retry& retry = NodeOf(lost.step).policy.retry;
  if (step.lost < limits_.lost_attempts &&
      !workflow::MatchesReason(retry.except_on, kAttemptLost)) {
    TryAgain(lost.step, std::move(error), now_, /*lost=*/true, /*cancel_task=*/false);
  } else if (retry.pause_at_end) {
    HoldStep(lost.step, step.attempt, std::move(error), /*cancel_task=*/false, std::nullopt);
  } else {
    FailStep(lost.step, step.attempt, std::move(error));
  }
  return absl::OkStatus();
}

absl::Status Transition::Handle(const RunStep& run) {
  AF_RETURN_IF_ERROR(CheckAttempt(run.step, run.attempt, /*in_process=*/true));
  if (state_.paused) return ExecutionPausedError();
  Execute(run.step);
  return absl::OkStatus();
}

absl::Status Transition::Handle(const FireTimer& fire) {
  if (state_.phase == Phase::kNone || state_.over()) return absl::OkStatus();
  if (fire.id.kind != TimerKind::kExecution) return FireStepTimer(fire.id);
  if (!ExecutionTimerRuns(state_) || fire.id != TimerId()) return absl::OkStatus();
  AF_RETURN_IF_ERROR(CheckDue(state_.deadline));
  End({.kind = Ending::Kind::kTimeOut}, /*everything=*/false, /*timer_fired=*/true);
  return absl::OkStatus();
}

absl::Status Transition::FireStepTimer(const TimerId& id) {
  if (!state_.HasStep(id.step)) return absl::OkStatus();
  bool of_attempt = id.kind == TimerKind::kStartToClose || id.kind == TimerKind::kScheduleToStart;
  if (!of_attempt && id.attempt != 0) return absl::OkStatus();  // nobody started such a timer
  const Step& step = state_.step(id.step);
  auto wait = state_.waits.find(id.step);
  bool waits = wait != state_.waits.end() && step.state == StepState::kWaiting;
  if (id.kind == TimerKind::kWait && waits) {
    if (wait->second.deadline == 0) return absl::OkStatus();
    AF_RETURN_IF_ERROR(CheckDue(wait->second.deadline));
    if (wait->second.what->kind == WaitKind::kApproval) {
      FireApprovalTimer(id.step);
    } else {
      RequestChild(id.step, Emit(StepWaiting{id.step, 0, wait->second.what, step.deadline}));
    }
  } else if (id.kind == TimerKind::kWait && step.state == StepState::kWaiting && !step.held) {
    AF_RETURN_IF_ERROR(CheckDue(step.deadline));
    Complete(id.step, step.attempt, 0, json::Value(), id.kind);
  } else if (id.kind == TimerKind::kScheduleToClose && (HandedOut(step) || waits) &&
             step.deadline != 0) {
    AF_RETURN_IF_ERROR(CheckDue(step.deadline));
    FailStep(id.step, step.attempt,
             {"STEP_TIMEOUT", "The step and its attempts took longer than scheduleToClose.", ""},
             /*cancel_task=*/true, id.kind);
  } else if (id.kind == TimerKind::kStartToClose && step.state == StepState::kRunning &&
             step.attempt == id.attempt && step.attempt_deadline != 0) {
    AF_RETURN_IF_ERROR(CheckDue(step.attempt_deadline));
    FailAttempt(id.step, {"ATTEMPT_TIMEOUT", "The attempt took longer than its timeout.", ""},
                /*retryable=*/true, /*cancel_task=*/true, id.kind);
  } else if (id.kind == TimerKind::kScheduleToStart && step.attempt == id.attempt &&
             StartDeadline(state_, id.step) != 0) {
    AF_RETURN_IF_ERROR(CheckDue(StartDeadline(state_, id.step)));
    // Final unless retryOn says otherwise: the next attempt would wait in the same queue.
    FailAttempt(id.step, {"QUEUE_TIMEOUT", "No worker took the attempt in time.", ""},
                /*retryable=*/false, /*cancel_task=*/true, id.kind);
  }
  return absl::OkStatus();
}

absl::Status Transition::Handle(const CancelExecution& cancel) {
  AF_RETURN_IF_ERROR(CheckOpen());
  Ending ending{
      .kind = Ending::Kind::kCancel, .principal = command_.principal, .cause = cancel.cause};
  if (state_.phase != Phase::kCompensating) {
    End(std::move(ending), cancel.compensate);
    return absl::OkStatus();
  }
  if (cancel.compensate) {
    return FailedPrecondition("EXECUTION_COMPENSATING",
                              "The execution is undoing its steps already; cancel it without "
                              "compensation to give that up.");
  }
  Unwinding given_up = ToUndo(state_, {0, workflow::kNone}, false);
  std::vector<StepRef> failed = std::move(given_up.failed);
  failed.insert(failed.end(), given_up.in_hand.begin(), given_up.in_hand.end());
  failed.insert(failed.end(), given_up.left.begin(), given_up.left.end());
  EndExecution(EventOf(ending, CompensationError(failed, ending)));
  return absl::OkStatus();
}

absl::Status Transition::Handle(const Continue&) {
  return absl::OkStatus();
}

absl::Status Transition::CheckOpen() const {
  if (state_.phase == Phase::kNone) return ExecutionUnknown();
  return state_.over() ? ExecutionOver(state_) : absl::OkStatus();
}

absl::Status Transition::CheckOpen(StepRef ref) const {
  AF_RETURN_IF_ERROR(CheckOpen());
  if (!state_.HasStep(ref)) {
    return NotFound("STEP_UNKNOWN", "The execution has no such step.");
  }
  if (IsOver(state_.step(ref).state) || !state_.IsLive(ref)) {
    return FailedPrecondition("STEP_OVER",
                              "The step " + StepKey(state_, ref) + " is over; forget the result.");
  }
  return absl::OkStatus();
}

absl::Status Transition::CheckAttempt(StepRef ref, uint32_t attempt, bool in_process) const {
  AF_RETURN_IF_ERROR(CheckOpen(ref));
  const Step& step = state_.step(ref);
  bool container = NodeOf(ref).body != workflow::kNone;
  if (!HandedOut(step) || step.in_process != in_process || container) {
    return FailedPrecondition("STEP_NOT_A_TASK",
                              "The step " + StepKey(state_, ref) + " is not handed out.");
  }
  if (step.attempt != attempt) {
    return FailedPrecondition(
        "ATTEMPT_STALE", "The step " + StepKey(state_, ref) + " is at attempt " +
                             std::to_string(step.attempt) + ", not " + std::to_string(attempt) +
                             "; forget the result.");
  }
  return absl::OkStatus();
}

uint32_t Transition::MaxInFlight(const workflow::Plan& plan) const {
  if (plan.max_in_flight == 0 || limits_.in_flight == 0) {
    return std::max(plan.max_in_flight, limits_.in_flight);
  }
  return std::min(plan.max_in_flight, limits_.in_flight);
}

absl::Status Transition::CheckDue(UnixMicros fire_at) const {
  if (command_.now >= fire_at) return absl::OkStatus();
  return FailedPrecondition(
      "TIMER_EARLY", "The timer is not due before " + FormatTimestamp(fire_at) + "; fire it then.");
}

}  // namespace agentflow::engine
