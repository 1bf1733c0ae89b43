#pragma once

#include <memory>

#include "libs/rpc/service.h"

namespace agentflow::scheduler {

// The scheduler: time rules that start executions.
std::unique_ptr<rpc::Service> MakeScheduler();

}  // namespace agentflow::scheduler
