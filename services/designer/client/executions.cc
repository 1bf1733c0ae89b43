#include "services/designer/client/executions.h"

#include <utility>

#include "agentflow/internal/executor/v1/variables.pb.h"
#include "libs/base/status.h"
#include "libs/engine/codec.h"

namespace agentflow::designer {
namespace {

namespace pb = ::agentflow::internal::executor::v1;

class ExecutorExecutions final : public Executions {
 public:
  ExecutorExecutions(rpc::ChannelPtr executor, int64_t max_bytes, std::chrono::milliseconds timeout)
      : executor_(std::move(executor)), max_bytes_(max_bytes), timeout_(timeout) {}

  absl::StatusOr<ExecutionData> Read(const rpc::Call& call,
                                     const ExecutionQuestion& question) override {
    pb::ReadVariablesRequest request;
    request.set_execution(question.execution);
    request.set_step(question.step);
    request.set_content_hash(question.content_hash);
    request.set_max_bytes(max_bytes_);
    for (const VariableName& variable : question.variables) {
      pb::VariableReference* reference = request.add_references();
      reference->set_variable(variable.variable);
      reference->set_node(variable.node);
      reference->set_name(variable.name);
    }
    rpc::CallOptions options = rpc::CallOptions::ForUser(call);
    options.deadline = Earlier(options.deadline, runtime::Deadline::After(timeout_));
    AF_ASSIGN_OR_RETURN(
        const pb::ReadVariablesResponse response,
        (executor_->Unary<pb::ReadVariablesRequest, pb::ReadVariablesResponse>(
            "agentflow.internal.executor.v1.VariableService/ReadVariables", request, options)));
    ExecutionData data{.content_hash = response.content_hash(), .values = {}};
    for (const pb::VariableValue& value : response.values()) {
      if (!value.present()) {
        data.values.emplace_back();
        continue;
      }
      AF_ASSIGN_OR_RETURN(json::Value decoded, engine::DecodeValue(value.value()));
      data.values.emplace_back(std::move(decoded));
    }
    if (data.values.size() == question.variables.size()) return data;
    return Internal("EXECUTOR_ANSWER", "the executor answered another number of variables");
  }

 private:
  const rpc::ChannelPtr executor_;
  const int64_t max_bytes_;
  const std::chrono::milliseconds timeout_;
};

}  // namespace

std::unique_ptr<Executions> MakeExecutorExecutions(rpc::ChannelPtr executor, int64_t max_bytes,
                                                   std::chrono::milliseconds timeout) {
  return std::make_unique<ExecutorExecutions>(std::move(executor), max_bytes, timeout);
}

}  // namespace agentflow::designer
