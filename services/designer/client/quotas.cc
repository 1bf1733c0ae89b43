#include "services/designer/client/quotas.h"

#include <map>
#include <mutex>
#include <utility>

#include "agentflow/internal/tenant/v1/identity.pb.h"

namespace agentflow::designer {
namespace {

namespace tenant_v1 = ::agentflow::internal::tenant::v1;

constexpr int64_t kFreshMicros = 30'000'000;
constexpr std::chrono::milliseconds kPatience{2000};

class TenantQuotas final : public Quotas {
 public:
  TenantQuotas(rpc::ChannelPtr channel, const Clock& clock, int64_t default_limit)
      : channel_(std::move(channel)), clock_(clock), default_limit_(default_limit) {}

  int64_t WorkflowLimit(const std::string& tenant) override {
    int64_t now = clock_.Monotonic();
    {
      std::lock_guard lock(mutex_);
      auto it = known_.find(tenant);
      if (it != known_.end() && now - it->second.asked < kFreshMicros) return it->second.limit;
    }
    tenant_v1::GetQuotasRequest request;
    request.set_tenant(tenant);
    rpc::CallOptions options;
    options.deadline = runtime::Deadline::After(kPatience);
    options.wait_for_ready = false;
    auto quotas = channel_->Unary<tenant_v1::GetQuotasRequest, api::v1::Quotas>(
        "agentflow.internal.tenant.v1.IdentityService/GetQuotas", request, options);
    std::lock_guard lock(mutex_);
    auto it = known_.find(tenant);
    if (!quotas.ok()) return it == known_.end() ? default_limit_ : it->second.limit;
    int64_t limit = quotas->workflows() > 0 ? quotas->workflows() : default_limit_;
    known_[tenant] = {limit, now};
    return limit;
  }

 private:
  struct Known {
    int64_t limit = 0;
    int64_t asked = 0;
  };
  rpc::ChannelPtr channel_;
  const Clock& clock_;
  int64_t default_limit_;
  std::mutex mutex_;
  std::map<std::string, Known> known_;
};

}  // namespace

std::unique_ptr<Quotas> MakeTenantQuotas(rpc::ChannelPtr tenant_service, const Clock& clock,
                                         int64_t default_limit) {
  return std::make_unique<TenantQuotas>(std::move(tenant_service), clock, default_limit);
}

}  // namespace agentflow::designer
