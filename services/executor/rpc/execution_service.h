#pragma once

#include <functional>
#include <memory>
#include <string>

#include "agentflow/api/v1/execution.pb.h"
#include "libs/rpc/server.h"
#include "libs/runtime/thread_pool.h"
#include "services/executor/reads/execution_reader.h"
#include "services/executor/rpc/starter.h"

namespace agentflow::executor {

namespace api = agentflow::api::v1;

// agentflow.api.v1.ExecutionService and the services' door to it, StartService.
struct ExecutionServiceParts {
  Starter& starter;
  ExecutionReader& reader;
  Router& router;
  VersionResolver& versions;
  PlanCache& plans;
  engine::Limits limits;  // as the lanes decide with
  // For answers that need a look into the database.
  runtime::ThreadPool& pool;
  // Asked before a start in a principal's name.
  rpc::ChannelPtr tenant;
  // The executor that owns a lane; null: nobody, or this one.
  std::function<rpc::ChannelPtr(int lane)> owner_of;
};

// Gives the copy that the handlers hold, for services beside it.
std::shared_ptr<const ExecutionServiceParts> RegisterExecutionService(rpc::Server& server,
                                                                      ExecutionServiceParts parts);

// What follows is for the files that make up the service.

using ExecutionPartsPtr = std::shared_ptr<const ExecutionServiceParts>;

template <typename T>
using Answer = std::function<void(absl::StatusOr<T>)>;

// :cancel, :pause, :resume, :signal.
void RegisterControl(rpc::Server& server, ExecutionPartsPtr parts);
// :retry, :fork, checkpoints.
void RegisterForks(rpc::Server& server, ExecutionPartsPtr parts);
// :replay.
void RegisterReplays(rpc::Server& server, ExecutionPartsPtr parts);
// :batchStart.
void RegisterBatchStart(rpc::Server& server, ExecutionPartsPtr parts);

// Sends a command to the execution's lane; the execution after it is the answer. NOT_FOUND, reason
// EXECUTION_NOT_FOUND, where the tenant has none of that id; EXECUTION_OVER where it has ended.
using MakeCommand =
    std::function<absl::StatusOr<engine::CommandBody>(const engine::ExecutionState&)>;
void SendCommand(const ExecutionPartsPtr& parts, const rpc::CallPtr& call, const Uuid& id,
                 MakeCommand make, Answer<ExecutionView> done);

// Reads the execution on the pool and answers with it.
void AnswerFromDatabase(const ExecutionServiceParts& parts, const std::string& tenant,
                        const Uuid& id, Answer<api::Execution> done);
absl::StatusOr<StartRequest> ToStart(const rpc::Call& call,
                                     const api::StartExecutionRequest& request);
// Page tokens that hold a number. INVALID_ARGUMENT, reason PAGE_TOKEN_INVALID.
absl::StatusOr<int64_t> NumberPosition(const std::string& position);
absl::Status TooBusy();

}  // namespace agentflow::executor
