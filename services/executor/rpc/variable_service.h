#pragma once

#include "libs/rpc/server.h"
#include "services/executor/reads/execution_reader.h"

namespace agentflow::executor {

// agentflow.internal.executor.v1.VariableService. `reader` must outlive the server.
void RegisterVariableService(rpc::Server& server, ExecutionReader& reader);

}  // namespace agentflow::executor
