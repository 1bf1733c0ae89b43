#pragma once

#include <array>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "absl/status/status.h"
#include "libs/base/clock.h"
#include "services/gateway/caller.h"

namespace agentflow::gateway {

// Token buckets by key (a tenant, an address). Thread-safe; never waits for anything.
class RateLimiter {
 public:
  virtual ~RateLimiter() = default;
  // Takes `cost` tokens from the bucket of `key`. RESOURCE_EXHAUSTED, reason RATE_LIMITED, with
  // retryAfterMs, when there are not enough; then nothing is taken.
  virtual absl::Status Take(std::string_view key, const Rate& rate, int cost) = 0;
};

// Buckets of this process alone.
class LocalRateLimiter final : public RateLimiter {
 public:
  explicit LocalRateLimiter(const Clock* clock) : clock_(clock) {}
  absl::Status Take(std::string_view key, const Rate& rate, int cost) override;

 private:
  struct Bucket {
    double tokens = 0;
    int64_t at = 0;
  };
  struct Shard {
    std::mutex mutex;
    std::unordered_map<std::string, Bucket> buckets;
  };

  const Clock* const clock_;
  std::array<Shard, 16> shards_;
};

// The refusal that every limiter gives.
absl::Status RateLimited(std::string_view key, int64_t retry_after_ms);

}  // namespace agentflow::gateway
