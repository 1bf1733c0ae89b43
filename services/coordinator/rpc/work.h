#pragma once

#include "libs/base/clock.h"
#include "libs/rpc/server.h"
#include "libs/runtime/thread_pool.h"
#include "services/coordinator/registry/registry.h"
#include "services/coordinator/tasks/hub.h"

namespace agentflow::coordinator {

struct WorkOptions {
  int64_t heartbeat_interval_ms = 2000;
  int64_t lease_ms = 15000;
  int capacity_max = 10000;
  int agents_max = 200;
};

// agentflow.api.v1.WorkerService: one stream per worker. `background` registers the agents that
// workers bring; everything else happens on the library's threads.
void RegisterWorkerService(rpc::Server& server, Hub& hub, Registry& registry,
                           runtime::ThreadPool& background, const Clock& clock,
                           WorkOptions options);

}  // namespace agentflow::coordinator
