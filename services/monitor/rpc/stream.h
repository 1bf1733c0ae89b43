#pragma once

#include "libs/rpc/server.h"
#include "services/monitor/stream/hub.h"

namespace agentflow::monitor {

// agentflow.api.v1.StreamService: subscriptions of one connection.
void RegisterStreamService(rpc::Server& server, StreamHub& hub, int subscriptions_max);

}  // namespace agentflow::monitor
