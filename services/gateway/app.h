#pragma once

#include <memory>

#include "libs/rpc/service.h"

namespace agentflow::gateway {

// The gateway as the skeleton of libs/rpc/service.h runs it.
class GatewayService final : public rpc::Service {
 public:
  GatewayService();
  ~GatewayService() override;

  std::vector<std::string> Peers() const override;
  void Configure(config::Schema& schema) override;
  void ConfigureServer(rpc::ServerOptions& options) override;
  absl::Status Start(rpc::ServiceParts& parts) override;
  void Serving() override;
  void Drain() override;
  void Stop() override;

  // Of the public HTTP port, once started.
  int http_port() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace agentflow::gateway
