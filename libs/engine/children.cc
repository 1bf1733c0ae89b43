#include "libs/base/status.h"
#include "libs/engine/evaluate.h"
#include "libs/engine/transition.h"

// flow.workflow: a step that is an execution of its own.
namespace agentflow::engine {

void Transition::ExecuteChild(StepRef ref, const workflow::ChildConfig& config) {
  uint32_t depth = state_.start->parent.depth + 1;
  if (depth > limits_.child_depth) {
    return FailStep(ref, Attempt(ref),
                    {"CHILD_TOO_DEEP",
                     "There are " + std::to_string(limits_.child_depth) +
                         " executions above one another already; no more are started.",
                     ""});
  }
  auto workflow = TextOf(ref, config.workflow, "with.workflow", 63);
  if (!workflow.ok()) return FailStep(ref, Attempt(ref), ErrorOf(workflow.status()));
  auto input = Evaluate(state_, ref.activation, config.input);
  if (!input.ok()) return FailStep(ref, Attempt(ref), ErrorOf(input.status()));
  if (!Fits(*input)) {
    return FailStep(ref, Attempt(ref),
                    {"INPUT_TOO_LARGE", TooLarge("The child's input", *input), ""});
  }
  Wait wait{.kind = WaitKind::kChild,
            .name = *std::move(workflow),
            .version = config.version,
            .input = *std::move(input),
            .detach = config.detach};
  RequestChild(ref, StartWait(ref, std::move(wait)));
}

void Transition::RequestChild(StepRef ref, uint64_t cause) {
  const Wait& wait = *state_.waits.at(ref).what;
  Act(cause,
      StartChild{ref, state_.step(ref).attempt, wait.name, wait.version, wait.input, wait.detach});
}

void Transition::RequestChildAgain(StepRef ref, uint64_t cause) {
  UnixMicros wake_at = state_.waits.at(ref).deadline;
  if (wake_at == 0) return RequestChild(ref, cause);
  Act(cause, StartTimer{{TimerKind::kWait, ref, 0}, wake_at, true});
}

absl::Status Transition::CheckChild(StepRef ref, uint32_t attempt) const {
  AF_RETURN_IF_ERROR(CheckOpen(ref));
  auto wait = state_.waits.find(ref);
  bool child = wait != state_.waits.end() && wait->second.what->kind == WaitKind::kChild &&
               wait->second.deadline == 0;
  if (!child) {
    return FailedPrecondition("STEP_NOT_A_CHILD",
                              "The step " + StepKey(state_, ref) + " waits for no child.");
  }
  if (state_.step(ref).attempt == attempt) return absl::OkStatus();
  return FailedPrecondition("ATTEMPT_STALE",
                            "The step " + StepKey(state_, ref) + " is at attempt " +
                                std::to_string(state_.step(ref).attempt) + ", not " +
                                std::to_string(attempt) + "; cancel that child.");
}

absl::Status Transition::Handle(const ChildStarted& started) {
  AF_RETURN_IF_ERROR(CheckChild(started.step, started.attempt));
  const OpenWait& wait = state_.waits.at(started.step);
  if (!wait.child.IsNil()) return absl::OkStatus();  // told before
  bool detach = wait.what->detach;
  Emit(ChildAttached{started.step, started.attempt, started.child, started.version});
  if (detach) {
    Complete(started.step, started.attempt, 0,
             json::Object{{"execution", "executions/" + started.child.ToString()}});
  }
  return absl::OkStatus();
}

absl::Status Transition::Handle(const ChildRefused& refused) {
  AF_RETURN_IF_ERROR(CheckChild(refused.step, refused.attempt));
  Error error{refused.error.reason.empty() ? "CHILD_REFUSED" : refused.error.reason,
              "The child was not started: " + refused.error.message, ""};
  FailAttempt(refused.step, std::move(error), refused.retryable, /*cancel_task=*/false);
  return absl::OkStatus();
}

// Its reason is the child's own, so that error edges and retries can match on it.
absl::Status Transition::Handle(const ChildEnded& ended) {
  AF_RETURN_IF_ERROR(CheckChild(ended.step, ended.attempt));
  if (ended.phase == Phase::kCompleted) {
    Complete(ended.step, ended.attempt, 0, ended.output);
    return absl::OkStatus();
  }
  Error error{ended.error.reason.empty() ? "CHILD_FAILED" : ended.error.reason,
              "executions/" + ended.child.ToString() + " is " + std::string(Name(ended.phase)) +
                  ": " + ended.error.message,
              ""};
  FailAttempt(ended.step, std::move(error), ended.phase != Phase::kCanceled,
              /*cancel_task=*/false);
  return absl::OkStatus();
}

}  // namespace agentflow::engine
