#pragma once

#include <cstdint>
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
// Errors: EXECUTION_OVER, STEP_UNKNOWN, STEP_OVER, ATTEMPT_STALE, TASK_HELD by another holder.
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

// The answer to RunInProcess.
struct RunStep {
  StepRef step;
  uint32_t attempt = 0;
};

// A stale timer is no error: an empty decision. Error: TIMER_EARLY.
struct FireTimer {
  TimerId id;
};

// Error: EXECUTION_OVER.
struct CancelExecution {
  std::string cause;
};

// Go on where a decision had to stop (`Decision::more`). Never an error.
struct Continue {};

using CommandBody = std::variant<StartExecution, ClaimTask, CompleteTask, FailTask, LoseAttempt,
                                 RunStep, FireTimer, CancelExecution, Continue>;

struct Command {
  UnixMicros now = 0;     // where it lies before the execution's last event, that time counts
  uint64_t random = 0;    // fresh for each command
  std::string principal;  // who asks; empty: the system
  CommandBody body;
};

}  // namespace agentflow::engine
