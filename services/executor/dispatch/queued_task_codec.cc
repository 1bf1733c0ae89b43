#include "services/executor/dispatch/queued_task.h"

#include "agentflow/internal/executor/v1/dispatch.pb.h"
#include "libs/base/lane.h"

namespace agentflow::executor {
namespace {

// The span id of the step: any 16 hex digits that are the same for every attempt.
std::string Traceparent(const TaskOffer& task) {
  const std::string& trace = task.start->trace_id;
  if (trace.size() != 32) return "";
  const std::string span = crypto::Sha256Hex(task.attempt.execution.ToString() + task.attempt.step);
  return "00-" + trace + "-" + span.substr(0, 16) + "-01";
}

}  // namespace

QueuedTask ToQueued(const TaskOffer& task, const TaskTokens& tokens) {
  agentflow::internal::executor::v1::QueuedTask queued;
  queued.mutable_ref()->set_tenant(task.attempt.tenant);
  queued.mutable_ref()->set_execution_id(task.attempt.execution.ToString());
  queued.mutable_ref()->set_step(task.attempt.step);
  queued.mutable_ref()->set_attempt(static_cast<int32_t>(task.attempt.attempt));
  queued.set_agent(task.offer->agent);
  queued.set_input_json(json::Dump(task.offer->input));
  queued.set_workflow(task.start->workflow);
  queued.set_idempotency_key(task.offer->idempotency_key);
  queued.set_deadline_ms(task.deadline / 1000);
  queued.set_traceparent(Traceparent(task));
  queued.set_token(tokens.Make(task.attempt));
  queued.set_mode(std::string(engine::Name(task.start->mode)));
  queued.set_lane(LaneOf(task.attempt.execution));
  queued.set_heartbeat_ms((task.offer->heartbeat + 999) / 1000);
  return {.stream = "af:tasks:{" + task.attempt.tenant + ":" + task.offer->agent +
                    "}:" + std::to_string(task.start->priority),
          .body = queued.SerializeAsString()};
}

}  // namespace agentflow::executor
