#pragma once

#include "libs/rpc/server.h"
#include "services/executor/dispatch/links.h"
#include "services/executor/dispatch/task_token.h"
#include "services/executor/lanes/lane_keeper.h"
#include "services/executor/lanes/router.h"
#include "services/executor/rpc/lane_watchers.h"

namespace agentflow::executor {

// agentflow.internal.executor.v1.DispatchService.
struct DispatchServiceParts {
  Router& router;
  Links& links;
  const TaskTokens& tokens;
  LaneWatchers& watchers;
  // Another executor watches: it may be new.
  std::function<void()> peer_came;
  int64_t lease_ms = 30'000;
  int64_t heartbeat_interval_ms = 10'000;
};

void RegisterDispatchService(rpc::Server& server, DispatchServiceParts parts);

}  // namespace agentflow::executor
