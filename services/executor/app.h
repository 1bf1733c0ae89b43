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

  // Makes the partitions around that day (since 1970-01-01) and removes what is kept no longer.
  // From one thread at a time; while serving, every five minutes.
  absl::Status KeepHouse(int today);

 private:
  struct Parts;

  Config config_;
  std::unique_ptr<Parts> parts_;
};

}  // namespace agentflow::executor
