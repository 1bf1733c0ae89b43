#include "services/executor/client/tenant_client.h"

#include "agentflow/internal/tenant/v1/identity.pb.h"
#include "libs/auth/principal.h"
#include "libs/base/status.h"

namespace agentflow::executor {

namespace pb = agentflow::internal::tenant::v1;

void Quotas::Get(const std::string& tenant, int64_t monotonic,
                 std::function<void(TenantLimits)> done) {
  bool ask = false;
  {
    std::unique_lock lock(mutex_);
    Entry& entry = entries_[tenant];
    ask = !entry.asking && (!entry.known || monotonic >= entry.until);
    if (ask) entry.asking = true;
    if (entry.known) {
      const TenantLimits limits = entry.limits;
      lock.unlock();
      done(limits);
    } else {
      entry.waiting.push_back(std::move(done));
    }
  }
  if (!ask) return;
  ask_(tenant, [this, tenant, monotonic](absl::StatusOr<TenantLimits> limits) {
    std::vector<std::function<void(TenantLimits)>> waiting;
    TenantLimits now;
    {
      std::lock_guard lock(mutex_);
      Entry& entry = entries_[tenant];
      if (limits.ok()) {
        entry.limits = *limits;
      } else if (!entry.known) {
        entry.limits = fallback_;
      }
      now = entry.limits;
      entry.known = true;
      entry.asking = false;
      // A failed question is asked again soon.
      entry.until = monotonic + (limits.ok() ? keep_ : keep_ / 10);
      waiting.swap(entry.waiting);
    }
    for (auto& each : waiting) each(now);
  });
}

TenantLimits Quotas::Now(const std::string& tenant, int64_t monotonic) {
  Get(tenant, monotonic, [](const TenantLimits&) {});
  std::lock_guard lock(mutex_);
  const Entry& entry = entries_[tenant];
  return entry.known ? entry.limits : fallback_;
}

Quotas::Ask AskTenant(rpc::ChannelPtr tenant) {
  return [tenant](const std::string& slug, auto done) {
    pb::GetQuotasRequest request;
    request.set_tenant(slug);
    rpc::CallOptions options;
    options.deadline = runtime::Deadline::After(std::chrono::seconds(2));
    tenant->UnaryAsync<pb::GetQuotasRequest, agentflow::api::v1::Quotas>(
        "agentflow.internal.tenant.v1.IdentityService/GetQuotas", request, options,
        [done = std::move(done)](absl::StatusOr<agentflow::api::v1::Quotas> quotas) {
          if (!quotas.ok()) return done(quotas.status());
          done(TenantLimits{.live_executions = quotas->live_executions(),
                            .starts_per_second = quotas->starts_per_second(),
                            .running_executions = quotas->running_executions(),
                            .queued_executions = quotas->queued_executions(),
                            .weight = quotas->weight()});
        });
  };
}

absl::Status Authorize(rpc::Channel& tenant, const std::string& tenant_slug,
                       const std::string& principal, const std::string& permission) {
  pb::AuthorizeRequest request;
  request.set_tenant(tenant_slug);
  request.set_principal(principal);
  AF_ASSIGN_OR_RETURN(const pb::Identity identity,
                      (tenant.Unary<pb::AuthorizeRequest, pb::Identity>(
                          "agentflow.internal.tenant.v1.IdentityService/Authorize", request)));
  auth::Principal now;
  now.tenant = tenant_slug;
  now.name = principal;
  now.permissions.assign(identity.permissions().begin(), identity.permissions().end());
  return auth::RequirePermission(now, permission);
}

}  // namespace agentflow::executor
