#include "services/executor/lanes/tenant_load.h"

#include <algorithm>
#include <cmath>

#include "libs/base/status.h"

namespace agentflow::executor {
namespace {

constexpr int64_t kRetryAfterMs = 1000;

absl::Status QuotaExceeded(const char* limit, int64_t value, int64_t retry_after_ms) {
  return Error(absl::StatusCode::kResourceExhausted, "QUOTA_EXCEEDED",
               "The tenant's limit " + std::string(limit) + " (" + std::to_string(value) +
                   ") is reached. Try again later, or ask for a higher quota.",
               {{kErrorLimit, limit}, {kErrorRetryAfterMs, std::to_string(retry_after_ms)}});
}

}  // namespace

int64_t TenantLoad::Part(int64_t limit) const {
  return std::max<int64_t>(1, std::llround(std::ceil(static_cast<double>(limit) * share_)));
}

absl::Status TenantLoad::TakeToken(Entry& entry, int64_t per_second, int64_t monotonic) const {
  const auto rate = static_cast<double>(Part(per_second));
  if (!std::exchange(entry.filled, true)) {
    entry.tokens = rate;
    entry.refilled_at = monotonic;
  }
  entry.tokens = std::min(
      rate, entry.tokens + rate * static_cast<double>(monotonic - entry.refilled_at) / 1e6);
  entry.refilled_at = monotonic;
  if (entry.tokens < 1) {
    return QuotaExceeded("starts_per_second", per_second,
                         static_cast<int64_t>((1 - entry.tokens) / rate * 1000) + 1);
  }
  entry.tokens -= 1;
  return absl::OkStatus();
}

absl::StatusOr<TenantLoad::Place> TenantLoad::Admit(const std::string& tenant,
                                                    const TenantLimits& limits, int64_t monotonic) {
  std::lock_guard lock(mutex_);
  Entry& entry = tenants_[tenant];
  if (limits.weight > 0) entry.weight = limits.weight;
  if (limits.live_executions > 0 && entry.running + entry.queued >= Part(limits.live_executions)) {
    return QuotaExceeded("live_executions", limits.live_executions, kRetryAfterMs);
  }
  // Who waits already comes first.
  const bool queue = limits.running_executions > 0 &&
                     (entry.queued > 0 || entry.running >= Part(limits.running_executions));
  if (queue && limits.queued_executions > 0 && entry.queued >= Part(limits.queued_executions)) {
    return QuotaExceeded("queued_executions", limits.queued_executions, kRetryAfterMs);
  }
  if (limits.starts_per_second > 0) {
    AF_RETURN_IF_ERROR(TakeToken(entry, limits.starts_per_second, monotonic));
  }
  ++(queue ? entry.queued : entry.running);
  ++(queue ? queued_ : running_);
  return queue ? Place::kQueued : Place::kRunning;
}

bool TenantLoad::Begin(const std::string& tenant, const TenantLimits& limits) {
  std::lock_guard lock(mutex_);
  Entry& entry = tenants_[tenant];
  if (limits.weight > 0) entry.weight = limits.weight;
  if (limits.running_executions > 0 && entry.running >= Part(limits.running_executions)) {
    return false;
  }
  --entry.queued;
  --queued_;
  ++entry.running;
  ++running_;
  return true;
}

void TenantLoad::Release(const std::string& tenant, Place place) {
  std::lock_guard lock(mutex_);
  Entry& entry = tenants_[tenant];
  --(place == Place::kQueued ? entry.queued : entry.running);
  --(place == Place::kQueued ? queued_ : running_);
  ++releases_;
}

void TenantLoad::Adopt(const std::string& tenant, Place place) {
  std::lock_guard lock(mutex_);
  Entry& entry = tenants_[tenant];
  ++(place == Place::kQueued ? entry.queued : entry.running);
  ++(place == Place::kQueued ? queued_ : running_);
}

int64_t TenantLoad::WeightOf(const std::string& tenant) const {
  std::lock_guard lock(mutex_);
  auto it = tenants_.find(tenant);
  return it == tenants_.end() ? kDefaultWeight : it->second.weight;
}

int64_t TenantLoad::LiveOf(const std::string& tenant) const {
  std::lock_guard lock(mutex_);
  auto it = tenants_.find(tenant);
  return it == tenants_.end() ? 0 : it->second.running + it->second.queued;
}

int64_t TenantLoad::live() const {
  std::lock_guard lock(mutex_);
  return running_ + queued_;
}

int64_t TenantLoad::queued() const {
  std::lock_guard lock(mutex_);
  return queued_;
}

}  // namespace agentflow::executor
