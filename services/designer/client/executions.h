#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/json/value.h"
#include "libs/rpc/call.h"
#include "libs/rpc/channel.h"

namespace agentflow::designer {

// A variable as the executor knows it: see workflow::Reference.
struct VariableName {
  std::string variable;  // as workflow::NameOf writes it
  std::string node;      // path
  std::string name;
};

struct ExecutionQuestion {
  std::string execution;  // executions/{id}
  std::string step;       // key; empty: the execution as it is now
  std::vector<VariableName> variables;
  std::string content_hash;  // the document they are of; empty: not known yet
};

struct ExecutionData {
  std::string content_hash;                        // of the document that it runs
  std::vector<std::optional<json::Value>> values;  // of the variables, in their order
};

// What expressions read in executions. Thread-safe.
class Executions {
 public:
  virtual ~Executions() = default;
  // In the name of the call's user, who needs executions.get. Errors: EXECUTION_NOT_FOUND,
  // STEP_UNKNOWN, VARIABLES_TOO_LARGE, EXECUTION_CHANGED and those of the way there.
  virtual absl::StatusOr<ExecutionData> Read(const rpc::Call& call,
                                             const ExecutionQuestion& question) = 0;
};

// Asks the executor, which looks after permission and tenant itself. `max_bytes`: of all values
// of one answer.
std::unique_ptr<Executions> MakeExecutorExecutions(rpc::ChannelPtr executor, int64_t max_bytes,
                                                   std::chrono::milliseconds timeout);

}  // namespace agentflow::designer
