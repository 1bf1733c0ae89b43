#include "services/coordinator/client/queued_task.h"

#include "agentflow/internal/executor/v1/dispatch.pb.h"
#include "libs/base/uuid.h"

namespace agentflow::coordinator {

std::optional<Task> DecodeQueuedTask(std::string_view bytes) {
  internal::executor::v1::QueuedTask queued;
  if (!queued.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return std::nullopt;
  if (!Uuid::Parse(queued.ref().execution_id()) || queued.ref().attempt() < 1) return std::nullopt;
  return Task{.id = {.tenant = queued.ref().tenant(),
                     .execution_id = queued.ref().execution_id(),
                     .step = queued.ref().step(),
                     .attempt = queued.ref().attempt()},
              .agent = queued.agent(),
              .input_json = queued.input_json(),
              .workflow = queued.workflow(),
              .idempotency_key = queued.idempotency_key(),
              .deadline_ms = queued.deadline_ms(),
              .traceparent = queued.traceparent(),
              .token = queued.token(),
              .mode = queued.mode(),
              .heartbeat_ms = queued.heartbeat_ms()};
}

}  // namespace agentflow::coordinator
