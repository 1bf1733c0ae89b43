#pragma once

#include <functional>

#include "libs/rpc/server.h"
#include "services/monitor/projections/store.h"

namespace agentflow::monitor {

// agentflow.api.v1.StatsService; `lag_ms` is how far the projections are behind.
void RegisterStatsService(rpc::Server& server, Store& store, std::function<int64_t()> lag_ms);

}  // namespace agentflow::monitor
