#pragma once

#include <functional>
#include <memory>
#include <string>

#include "libs/rpc/channel.h"
#include "services/gateway/authenticator.h"
#include "services/gateway/refusal_log.h"

// What the gateway asks of the tenant service.
namespace agentflow::gateway {

// IdentityService.Authenticate.
class TenantIdentitySource final : public IdentitySource {
 public:
  explicit TenantIdentitySource(rpc::ChannelPtr tenant) : tenant_(std::move(tenant)) {}
  void Authenticate(std::string credential, Done done) override;

 private:
  rpc::ChannelPtr tenant_;
};

// IdentityService.WatchRevocations, for as long as the result lives. `all` is called when
// revocations may have been missed.
std::shared_ptr<void> WatchRevocations(
    rpc::ChannelPtr tenant,
    std::function<void(const std::string& tenant, const std::string& principal)> revoked,
    std::function<void()> all);

// AuditSinkService.Append.
RefusalLog::Sender SendRefusals(rpc::ChannelPtr tenant);

}  // namespace agentflow::gateway
