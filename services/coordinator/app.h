#pragma once

#include <memory>
#include <string>

#include "libs/rpc/service.h"

namespace agentflow::coordinator {

// The coordinator: agents, their workers, and the tasks between queues and workers.
std::unique_ptr<rpc::Service> MakeCoordinator();

}  // namespace agentflow::coordinator
