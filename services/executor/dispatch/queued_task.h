#pragma once

#include <string>

#include "services/executor/dispatch/task_token.h"
#include "services/executor/lanes/dispatch.h"

namespace agentflow::executor {

// A task as it travels through Redis.
struct QueuedTask {
  std::string stream;  // af:tasks:{<tenant>:<agent>}:<priority>
  std::string body;    // agentflow.internal.executor.v1.QueuedTask
};

QueuedTask ToQueued(const TaskOffer& task, const TaskTokens& tokens);

}  // namespace agentflow::executor
