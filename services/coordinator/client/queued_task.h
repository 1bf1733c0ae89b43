#pragma once

#include <optional>
#include <string_view>

#include "services/coordinator/tasks/task.h"

namespace agentflow::coordinator {

// A task as executors put it into Redis (agentflow.internal.executor.v1.QueuedTask). Nullopt for
// bytes that are none.
std::optional<Task> DecodeQueuedTask(std::string_view bytes);

}  // namespace agentflow::coordinator
