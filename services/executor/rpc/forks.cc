// New executions that begin where another one stood: :retry, :fork, and the checkpoints for it.
#include "libs/base/status.h"
#include "services/executor/rpc/convert.h"
#include "services/executor/rpc/execution_service.h"

namespace agentflow::executor {
namespace {

absl::Status Unavailable() {
  return Error(absl::StatusCode::kUnimplemented, "FEATURE_UNAVAILABLE",
               "This platform cannot do that yet.");
}

}  // namespace

void RegisterForks(rpc::Server& server, ExecutionPartsPtr parts) {
  const std::string service = "agentflow.api.v1.ExecutionService/";
  server.Unary<api::RetryExecutionRequest, api::Execution>(
      service + "RetryExecution",
      [](const rpc::Call&, const auto&) -> absl::StatusOr<api::Execution> {
        return Unavailable();
      });
  server.Unary<api::ForkExecutionRequest, api::Execution>(
      service + "ForkExecution",
      [](const rpc::Call&, const auto&) -> absl::StatusOr<api::Execution> {
        return Unavailable();
      });
  server.Unary<api::ListCheckpointsRequest, api::ListCheckpointsResponse>(
      service + "ListCheckpoints",
      [](const rpc::Call&, const auto&) -> absl::StatusOr<api::ListCheckpointsResponse> {
        return Unavailable();
      });
}

}  // namespace agentflow::executor
