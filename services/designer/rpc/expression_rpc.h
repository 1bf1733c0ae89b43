#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "agentflow/api/v1/expression.pb.h"
#include "libs/pg/pool.h"
#include "libs/rpc/call.h"
#include "services/designer/client/executions.h"
#include "services/designer/expressions/context_cache.h"
#include "services/designer/expressions/evaluation.h"
#include "services/designer/expressions/limits.h"
#include "services/designer/rpc/codec.h"

namespace agentflow::rpc {
class Server;
}

namespace agentflow::designer {

// ExpressionService. The contract is in proto/agentflow/api/v1/expression.proto. Thread-safe.
class ExpressionRpc {
 public:
  struct Parts {
    pg::Pool& pool;
    Executions& executions;
    ContextCache& contexts;
    const cel::TimeZones& time_zones;
    const ExpressionLimits limits;
  };
  explicit ExpressionRpc(Parts parts) : parts_(parts) {}

  void Register(rpc::Server& server);

  absl::StatusOr<api::CheckExpressionResponse> Check(const rpc::Call&,
                                                     const api::CheckExpressionRequest&);
  absl::StatusOr<api::EvaluateExpressionResponse> Evaluate(const rpc::Call&,
                                                           const api::EvaluateExpressionRequest&);

 private:
  using Rigor = workflow::ExpressionContext::Rigor;
  // Where an expression stands.
  struct Standing {
    ContextPtr context;
    workflow::ExpressionPlace place;
    Rigor rigor = Rigor::kDocument;
    std::string content_hash;
  };

  absl::Status CheckSize(const std::string& expression) const;
  // Of the request's document or execution; nothing where it names none.
  absl::StatusOr<std::optional<Standing>> FindStanding(const rpc::Call& call,
                                                       const api::CheckExpressionRequest& request);
  absl::StatusOr<Standing> InDocument(const json::Value& document, const std::string& place);
  absl::StatusOr<Standing> InWorkflow(const rpc::Call& call,
                                      const api::CheckExpressionRequest& request);
  absl::StatusOr<Standing> InExecution(const rpc::Call& call, const std::string& execution,
                                       const std::string& step);

  absl::StatusOr<api::EvaluateExpressionResponse> EvaluateSample(
      const api::EvaluateExpressionRequest& request);
  absl::StatusOr<api::EvaluateExpressionResponse> EvaluateExecution(
      const rpc::Call& call, const api::EvaluateExpressionRequest& request);

  const Parts parts_;
};

}  // namespace agentflow::designer
