#include "services/executor/lanes/tenant_load.h"

#include <algorithm>

#include "libs/base/status.h"

namespace agentflow::executor {
namespace {

absl::Status QuotaExceeded(const char* limit, int64_t value, int64_t retry_after_ms) {
  return Error(absl::StatusCode::kResourceExhausted, "QUOTA_EXCEEDED",
               "The tenant's limit " + std::string(limit) + " (" + std::to_string(value) +
                   ") is reached. Try again later, or ask for a higher quota.",
               {{kErrorLimit, limit}, {kErrorRetryAfterMs, std::to_string(retry_after_ms)}});
}

}  // namespace

absl::Status TenantLoad::Admit(const std::string& tenant, const TenantLimits& limits,
                               int64_t monotonic) {
  std::lock_guard lock(mutex_);
  Entry& entry = tenants_[tenant];
  if (limits.live_executions > 0 && entry.live >= limits.live_executions) {
    return QuotaExceeded("live_executions", limits.live_executions, 1000);
  }
  if (limits.starts_per_second > 0) {
    const double rate = static_cast<double>(limits.starts_per_second);
    if (!entry.filled) {
      entry = {.live = entry.live, .tokens = rate, .refilled_at = monotonic, .filled = true};
    }
    entry.tokens = std::min(
        rate, entry.tokens + rate * static_cast<double>(monotonic - entry.refilled_at) / 1e6);
    entry.refilled_at = monotonic;
    if (entry.tokens < 1) {
      return QuotaExceeded("starts_per_second", limits.starts_per_second,
                           static_cast<int64_t>((1 - entry.tokens) / rate * 1000) + 1);
    }
    entry.tokens -= 1;
  }
  ++entry.live;
  ++live_;
  return absl::OkStatus();
}

void TenantLoad::Release(const std::string& tenant) {
  std::lock_guard lock(mutex_);
  --tenants_[tenant].live;
  --live_;
}

void TenantLoad::Adopt(const std::string& tenant) {
  std::lock_guard lock(mutex_);
  ++tenants_[tenant].live;
  ++live_;
}

int64_t TenantLoad::LiveOf(const std::string& tenant) const {
  std::lock_guard lock(mutex_);
  auto it = tenants_.find(tenant);
  return it == tenants_.end() ? 0 : it->second.live;
}

int64_t TenantLoad::live() const {
  std::lock_guard lock(mutex_);
  return live_;
}

}  // namespace agentflow::executor
