#pragma once

#include <memory>

#include "libs/rpc/service.h"
#include "services/executor/config.h"

namespace agentflow::executor {

// The executor as a process: which concrete parts there are and how they are wired.
class App final : public rpc::Service {
 public:
  App();
  ~App() override;

  std::vector<std::string> Peers() const override { return {"designer", "tenant"}; }
  void Configure(config::Schema& schema) override { config_.AddTo(schema); }
  absl::Status Start(rpc::ServiceParts& parts) override;
  void Serving() override;
  void Drain() override;
  void Stop() override;

 private:
  struct Parts;

  Config config_;
  std::unique_ptr<Parts> parts_;
};

}  // namespace agentflow::executor
