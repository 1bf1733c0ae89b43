#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/clock.h"
#include "services/gateway/rate_limiter.h"

namespace agentflow::gateway {

// Buckets that all gateways share.
class TokenStore {
 public:
  struct Wish {
    std::string key;
    Rate rate;
    int64_t tokens = 0;
  };
  struct Grant {
    int64_t tokens = 0;          // at most what was wished for
    int64_t retry_after_ms = 0;  // when fewer: until there is another one
  };
  virtual ~TokenStore() = default;
  // One grant for each wish. May block.
  virtual absl::StatusOr<std::vector<Grant>> Take(const std::vector<Wish>& wishes) = 0;
};

// Takes tokens from the store in blocks of a twentieth of a second's worth and gives them out
// here, so that no request waits for the store. A bucket may run into debt by one block while the
// next is on its way: that is how far all gateways together may exceed a rate. While the store
// does not answer, `fallback` decides. Thread-safe.
class SharedRateLimiter final : public RateLimiter {
 public:
  // `wanted` is called when Refill has something to do; must not block. All must outlive this.
  SharedRateLimiter(TokenStore* store, RateLimiter* fallback, const Clock* clock,
                    std::function<void()> wanted)
      : store_(store), fallback_(fallback), clock_(clock), wanted_(std::move(wanted)) {}

  absl::Status Take(std::string_view key, const Rate& rate, int cost) override;

  // Asks the store for everything that is wanted now. Blocks; one thread at a time.
  void Refill();

 private:
  struct Bucket {
    double tokens = 0;
    int64_t empty_until = 0;
    int64_t used_at = 0;
    bool asking = false;
  };

  TokenStore* const store_;
  RateLimiter* const fallback_;
  const Clock* const clock_;
  const std::function<void()> wanted_;
  std::atomic<int64_t> down_until_{0};
  std::mutex mutex_;
  std::unordered_map<std::string, Bucket> buckets_;
  std::vector<TokenStore::Wish> wishes_;
};

}  // namespace agentflow::gateway
