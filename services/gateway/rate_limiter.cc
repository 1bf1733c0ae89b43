#include "services/gateway/rate_limiter.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "libs/base/status.h"

namespace agentflow::gateway {
namespace {

constexpr size_t kBucketsPerShard = 10'000;

}  // namespace

absl::Status RateLimited(std::string_view key, int64_t retry_after_ms) {
  return agentflow::Error(
      absl::StatusCode::kResourceExhausted, "RATE_LIMITED",
      "too many requests at once: wait and send them more slowly",
      {{kErrorRetryAfterMs, std::to_string(std::max<int64_t>(1, retry_after_ms))},
       {kErrorLimit, std::string(key.substr(0, key.find(':')))}});
}

absl::Status LocalRateLimiter::Take(std::string_view key, const Rate& rate, int cost) {
  const int64_t now = clock_->Monotonic();
  const double per_micro = std::max(1, rate.per_second) / 1e6;
  const double burst = std::max({rate.burst, rate.per_second, 1});
  // A call dearer than the whole bucket may go when the bucket is full.
  const double price = std::min<double>(cost, burst);
  Shard& shard = shards_[std::hash<std::string_view>()(key) % shards_.size()];
  std::lock_guard lock(shard.mutex);
  auto [it, added] = shard.buckets.try_emplace(std::string(key), Bucket{burst, now});
  Bucket& bucket = it->second;
  bucket.tokens = std::min(burst, bucket.tokens + static_cast<double>(now - bucket.at) * per_micro);
  bucket.at = now;
  if (bucket.tokens < price) {
    return RateLimited(key,
                       static_cast<int64_t>(std::ceil((price - bucket.tokens) / per_micro / 1000)));
  }
  bucket.tokens -= price;
  if (added && shard.buckets.size() > kBucketsPerShard) {
    // A bucket left alone for a minute is as good as full.
    std::erase_if(shard.buckets,
                  [&](const auto& item) { return item.second.at + 60'000'000 < now; });
  }
  return absl::OkStatus();
}

}  // namespace agentflow::gateway
