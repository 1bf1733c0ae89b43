#pragma once

#include <memory>
#include <string>
#include <vector>

#include "libs/crypto/secret.h"
#include "libs/rpc/service.h"
#include "services/designer/expressions/limits.h"

namespace agentflow::designer {

// The designer: wires the parts together. The only file that names concrete types.
class DesignerService final : public rpc::Service {
 public:
  DesignerService();
  ~DesignerService() override;

  std::vector<std::string> Peers() const override { return {"tenant", "executor"}; }
  void Configure(config::Schema& schema) override;
  absl::Status Start(rpc::ServiceParts& parts) override;
  void Serving() override;
  void Stop() override;

 private:
  struct Parts;
  void ConfigureExpressions(config::Schema& schema);

  crypto::Secret database_url_;
  crypto::Secret owner_url_;
  int pool_size_ = 8;
  int workflow_limit_ = 1000;
  ExpressionLimits expressions_;
  std::unique_ptr<Parts> parts_;
};

}  // namespace agentflow::designer
