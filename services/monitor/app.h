#pragma once

#include <memory>

#include "libs/rpc/service.h"

namespace agentflow::monitor {

// The monitor: projections of the executors' feeds, and the stream of changes.
std::unique_ptr<rpc::Service> MakeMonitor();

}  // namespace agentflow::monitor
