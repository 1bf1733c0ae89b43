#pragma once

#include "libs/rpc/server.h"
#include "services/coordinator/registry/registry.h"

namespace agentflow::coordinator {

// agentflow.api.v1.AgentService
void RegisterAgentService(rpc::Server& server, Registry& registry);

}  // namespace agentflow::coordinator
