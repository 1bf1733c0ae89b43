#pragma once

#include "libs/rpc/server.h"
#include "libs/runtime/thread_pool.h"
#include "services/executor/reads/execution_reader.h"
#include "services/executor/rpc/starter.h"

namespace agentflow::executor {

// agentflow.api.v1.ExecutionService and the services' door to it, StartService.
struct ExecutionServiceParts {
  Starter& starter;
  ExecutionReader& reader;
  Router& router;
  // For answers that need a look into the database.
  runtime::ThreadPool& pool;
  // Asked before a start in a principal's name.
  rpc::ChannelPtr tenant;
};

void RegisterExecutionService(rpc::Server& server, ExecutionServiceParts parts);

}  // namespace agentflow::executor
