#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "libs/rpc/channel.h"
#include "services/executor/lanes/tenant_load.h"

namespace agentflow::executor {

// What the tenant service says about a tenant's limits. Thread-safe.
class Quotas {
 public:
  // Gets the limits of a tenant; may call back before it returns.
  using Ask = std::function<void(const std::string& tenant,
                                 std::function<void(absl::StatusOr<TenantLimits>)>)>;

  // Answers are good for `keep` microseconds. While the tenant service is away the last answer
  // stands, and before the first one `fallback`.
  Quotas(Ask ask, TenantLimits fallback, int64_t keep)
      : ask_(std::move(ask)), fallback_(fallback), keep_(keep) {}

  // Never blocks: a stale answer is given while a fresh one is on its way; only the very first
  // question of a tenant waits for it.
  void Get(const std::string& tenant, int64_t monotonic, std::function<void(TenantLimits)> done);
  // The last answer, or before the first one the fallback; asks anew where that is stale.
  TenantLimits Now(const std::string& tenant, int64_t monotonic);

 private:
  struct Entry {
    TenantLimits limits;
    int64_t until = 0;
    bool known = false;
    bool asking = false;
    std::vector<std::function<void(TenantLimits)>> waiting;
  };
  const Ask ask_;
  const TenantLimits fallback_;
  const int64_t keep_;
  std::mutex mutex_;
  std::map<std::string, Entry> entries_;
};

Quotas::Ask AskTenant(rpc::ChannelPtr tenant);

// Whether a principal has a permission now, for work that a service does in its name.
// PERMISSION_DENIED, reason PERMISSION_MISSING, where it does not.
absl::Status Authorize(rpc::Channel& tenant, const std::string& tenant_slug,
                       const std::string& principal, const std::string& permission);

}  // namespace agentflow::executor
