#include "services/executor/rpc/child_starter.h"

#include "libs/base/status.h"
#include "libs/obs/log.h"

namespace agentflow::executor {
namespace {

// Nothing is wrong with the request; the same may work in a moment.
bool Passes(const absl::Status& status) {
  return status.code() == absl::StatusCode::kUnavailable ||
         status.code() == absl::StatusCode::kDeadlineExceeded ||
         ReasonOf(status) == "EXECUTOR_BUSY";
}

// The lane told it: the parent wants it no more, or has it.
bool Unwanted(const absl::Status& status) {
  const std::string_view reason = ReasonOf(status);
  return reason == "EXECUTION_OVER" || reason == "STEP_OVER" || reason == "STEP_UNKNOWN" ||
         reason == "STEP_NOT_A_CHILD" || reason == "ATTEMPT_STALE" || reason == "LANE_MOVED" ||
         reason == "EXECUTION_EXISTS";
}

Item Refusal(const engine::Parent& parent, const std::string& tenant, const absl::Status& why) {
  engine::ChildRefused refused{
      .attempt = parent.attempt,
      .error = {std::string(ReasonOf(why)), std::string(MessageOf(why)), ""},
      .retryable = why.code() == absl::StatusCode::kResourceExhausted};
  return CommandItem{.execution = parent.execution,
                     .tenant = tenant,
                     .make = [refused, key = parent.step](const engine::ExecutionState& state)
                         -> absl::StatusOr<engine::CommandBody> {
                       engine::ChildRefused command = refused;
                       AF_ASSIGN_OR_RETURN(command.step, engine::FindStep(state, key));
                       return engine::CommandBody(std::move(command));
                     },
                     .done = [](const absl::StatusOr<ExecutionView>&) {}};
}

}  // namespace

void ChildStarter::Start(ChildRequest request) {
  StartRequest start;
  start.tenant = request.tenant;
  start.principal = request.principal;
  start.workflow = request.workflow;
  start.version = request.version;
  start.input = std::move(request.input);
  start.priority = request.priority;
  start.mode = request.mode;
  start.trace_id = request.trace_id;
  start.child = request.child;
  start.parent = request.parent;
  starter_.Start(std::move(start), [this, parent = request.parent, tenant = request.tenant](
                                       const Uuid&, absl::StatusOr<StartAnswer> answer) {
    // An executor that takes the lane over asks again by itself.
    if (answer.ok() || Unwanted(answer.status())) return;
    if (!Passes(answer.status())) {
      const absl::Status posted = router_.Post(Refusal(parent, tenant, answer.status()));
      if (posted.ok() || ReasonOf(posted) == "LANE_MOVED") return;
    }
    // Always taken by whoever has the lane.
    (void)router_.Post(ChildLaterItem{parent.execution, tenant, parent.step, parent.attempt});
  });
}

}  // namespace agentflow::executor
