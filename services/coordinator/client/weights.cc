#include "services/coordinator/client/weights.h"

#include "agentflow/internal/tenant/v1/identity.pb.h"

namespace agentflow::coordinator {

namespace pb = agentflow::internal::tenant::v1;

int64_t Weights::Of(const std::string& tenant) {
  {
    std::lock_guard lock(mutex_);
    Entry& entry = entries_[tenant];
    if (entry.asking || clock_.Monotonic() < entry.until) return entry.weight;
    entry.asking = true;
  }
  pb::GetQuotasRequest request;
  request.set_tenant(tenant);
  rpc::CallOptions options;
  options.deadline = runtime::Deadline::After(std::chrono::seconds(2));
  tenant_->UnaryAsync<pb::GetQuotasRequest, api::v1::Quotas>(
      "agentflow.internal.tenant.v1.IdentityService/GetQuotas", request, options,
      [this, tenant](absl::StatusOr<api::v1::Quotas> quotas) {
        std::lock_guard lock(mutex_);
        Entry& entry = entries_[tenant];
        if (quotas.ok() && quotas->weight() > 0) entry.weight = quotas->weight();
        entry.asking = false;
        entry.until = clock_.Monotonic() + keep_ms_ * 1000;
      });
  std::lock_guard lock(mutex_);
  return entries_[tenant].weight;
}

}  // namespace agentflow::coordinator
