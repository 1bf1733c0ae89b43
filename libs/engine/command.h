#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <variant>

#include "libs/engine/action.h"
#include "libs/engine/state.h"

// What may be asked of an execution. Time and chance come with the command.
namespace agentflow::engine {

// Errors: EXECUTION_EXISTS; VALUE_TOO_LARGE for the input. The caller has checked the input
// against the plan's schema.
struct StartExecution {
  PlanPtr plan;
  std::shared_ptr<const StartInfo> info;
};

// A worker took the task. Makes a volatile event. The same holder may claim again (after an
// executor's restart): nothing happens where the claim is known.
// Errors: EXECUTION_OVER, EXECUTION_PAUSED, STEP_UNKNOWN, STEP_OVER, ATTEMPT_STALE, TASK_HELD by
// another holder.
struct ClaimTask {
  StepRef step;
  uint32_t attempt = 0;
  std::string holder;
};

// The result of an attempt, claimed or not (claims are lost with the process). An output over
// the limit fails the step: OUTPUT_TOO_LARGE.
// Errors of this and the next three: EXECUTION_OVER, STEP_UNKNOWN, STEP_OVER, ATTEMPT_STALE,
// STEP_NOT_A_TASK.
struct CompleteTask {
  StepRef step;
  uint32_t attempt = 0;
  json::Value output;
};

struct FailTask {
  StepRef step;
  uint32_t attempt = 0;
  std::string reason;
  std::string message;
  bool retryable = true;
};

// The attempt's holder is gone: reason ATTEMPT_LOST. The next attempt is offered at once.
struct LoseAttempt {
  StepRef step;
  uint32_t attempt = 0;
};

// The answer to RunInProcess. Error also: EXECUTION_PAUSED; it is asked for again at the resume.
struct RunStep {
  StepRef step;
  uint32_t attempt = 0;
};

// A stale timer is no error: an empty decision. Error: TIMER_EARLY.
struct FireTimer {
  TimerId id;
};

// Ends the execution; what was open is CANCELED. Steps completed inside an open flow.transaction
// are undone first, with `compensate` all that can be undone. While that goes on (COMPENSATING), a
// further cancel without `compensate` gives the rest of it up.
// Errors: EXECUTION_OVER, EXECUTION_COMPENSATING.
struct CancelExecution {
  std::string cause;
  bool compensate = false;
};

// Nothing new begins until ResumeExecution; results and timers of what is under way count, claims
// are refused, and the execution's own timeout goes on.
// Errors: EXECUTION_OVER, EXECUTION_PAUSED.
struct PauseExecution {
  std::string cause;
  std::string id = {};  // the same counts once; empty: every one does
};

// What becomes of a step that is held (onError: pause).
struct HeldDecision {
  enum class Kind : uint8_t { kRetry, kFail, kComplete };
  Kind kind = Kind::kRetry;
  json::Value output;  // kComplete
  std::string port;    // kComplete: left by; empty: the first
};

// By step key; a held step that is not named is retried, with all its attempts anew.
// Errors: EXECUTION_OVER, EXECUTION_NOT_PAUSED, STEP_UNKNOWN, STEP_NOT_HELD, PORT_UNKNOWN,
// VALUE_TOO_LARGE.
struct ResumeExecution {
  std::map<std::string, HeldDecision> decisions;
  std::string id = {};  // as that of a pause
};

// Starts an execution from the middle: `fork` is what Fork (rebase.h) made for `info`.
// Errors: EXECUTION_EXISTS, VALUE_TOO_LARGE, PLAN_MISMATCH.
struct StartForked {
  PlanPtr plan;
  std::shared_ptr<const StartInfo> info;  // its origin says where it comes from
  std::shared_ptr<const ExecutionState> fork;
};

// Goes on with another plan; see Migrate (rebase.h), which previews it.
// Errors: EXECUTION_OVER and those of Migrate.
struct MigrateExecution {
  PlanPtr plan;
  std::map<std::string, std::string> mapping;  // old path -> new path, where they differ
  int32_t version = 0;  // of the workflow that the plan is; 0: as before
};

// Puts the whole state into the journal: nothing before it is needed any more.
// Error: EXECUTION_OVER.
struct RehomeExecution {};

// Somebody tells the execution something. It is kept until a flow.signal of that name takes it; an
// id that was told before counts no more, an empty one never counts as told.
// Errors: EXECUTION_OVER, VALUE_TOO_LARGE, SIGNAL_LIMIT, SIGNAL_NAME_INVALID; SIGNAL_ID_REUSED for
// an id that came with another name.
struct SignalExecution {
  std::string name;
  json::Value payload;
  std::string id;
};

// Somebody decided; who may is the caller's to check, and whether `values` fit the form.
// Errors: EXECUTION_OVER, STEP_UNKNOWN, STEP_OVER, APPROVAL_NOT_OPEN, VALUE_TOO_LARGE.
struct DecideApproval {
  StepRef step;
  bool approved = false;
  std::string principal;
  std::string comment;
  json::Value values;
};

// What became of a StartChild. All three name its attempt. Errors: EXECUTION_OVER, STEP_UNKNOWN,
// STEP_OVER, STEP_NOT_A_CHILD, ATTEMPT_STALE: then ChildStarted's child is to be cancelled.
struct ChildStarted {
  StepRef step;
  uint32_t attempt = 1;
  Uuid child;
  int32_t version = 0;
};
struct ChildRefused {
  StepRef step;
  uint32_t attempt = 1;
  Error error;
  bool retryable = false;
};
struct ChildEnded {
  StepRef step;
  uint32_t attempt = 1;
  Uuid child;
  Phase phase = Phase::kCompleted;  // an end
  json::Value output;
  Error error;
};

// Answers to AcquireKey. A ticket that is not asked for any more is no error: an empty decision,
// and a place that was granted is to be given back.
struct KeyGranted {
  Ticket ticket;
};
struct KeyRefused {
  Ticket ticket;
  std::string reason;  // UPPER_SNAKE
  std::string message;
};

// Lets an execution begin that was started `queued`. Error: EXECUTION_OVER. Nothing happens where
// it was let before.
struct AdmitExecution {};

// Go on where a decision had to stop (`Decision::more`). Never an error.
struct Continue {};

using CommandBody =
    std::variant<StartExecution, ClaimTask, CompleteTask, FailTask, LoseAttempt, RunStep, FireTimer,
                 CancelExecution, Continue, PauseExecution, ResumeExecution, StartForked,
                 MigrateExecution, RehomeExecution, SignalExecution, DecideApproval, ChildStarted,
                 ChildRefused, ChildEnded, KeyGranted, KeyRefused, AdmitExecution>;

struct Command {
  UnixMicros now = 0;     // where it lies before the execution's last event, that time counts
  uint64_t random = 0;    // fresh for each command
  std::string principal;  // who asks; empty: the system
  CommandBody body;
};

}  // namespace agentflow::engine
