#include "services/gateway/shared_limiter.h"

#include <algorithm>
#include <cmath>

#include "libs/base/status.h"
#include "libs/obs/log.h"

namespace agentflow::gateway {
namespace {

constexpr size_t kMostBuckets = 100'000;
constexpr int64_t kDownMicros = 1'000'000;

}  // namespace

absl::Status SharedRateLimiter::Take(std::string_view key, const Rate& rate, int cost) {
  const int64_t now = clock_->Monotonic();
  if (down_until_ > now) return fallback_->Take(key, rate, cost);
  const double burst = std::max({rate.burst, rate.per_second, 1});
  const double price = std::min<double>(cost, burst);
  const double block = std::max(price, std::ceil(rate.per_second / 20.0));
  bool ask = false;
  {
    std::lock_guard lock(mutex_);
    Bucket& bucket = buckets_[std::string(key)];
    bucket.used_at = now;
    bool empty = bucket.tokens < price;
    if (empty && bucket.empty_until > now) {
      return RateLimited(key, (bucket.empty_until - now + 999) / 1000);
    }
    // In debt already, and the store has not answered yet.
    if (bucket.tokens - price < -block) return RateLimited(key, 50);
    bucket.tokens -= price;
    if (bucket.tokens < block / 2 && !bucket.asking) {
      bucket.asking = ask = true;
      auto tokens = static_cast<int64_t>(std::ceil(block - bucket.tokens));
      wishes_.push_back({std::string(key), rate, tokens});
    }
  }
  if (ask) wanted_();
  return absl::OkStatus();
}

void SharedRateLimiter::Refill() {
  std::vector<TokenStore::Wish> wishes;
  {
    std::lock_guard lock(mutex_);
    wishes.swap(wishes_);
  }
  if (wishes.empty()) return;
  absl::StatusOr<std::vector<TokenStore::Grant>> grants = store_->Take(wishes);
  const int64_t now = clock_->Monotonic();
  if (!grants.ok()) {
    down_until_ = now + kDownMicros;
    obs::Warn("rate limits are local for a second", {{"reason", ReasonOf(grants.status())}});
  }
  std::lock_guard lock(mutex_);
  for (size_t i = 0; i < wishes.size(); ++i) {
    Bucket& bucket = buckets_[wishes[i].key];
    bucket.asking = false;
    if (!grants.ok()) {
      bucket.tokens = std::max(bucket.tokens, 0.0);  // the fallback counts from here
      continue;
    }
    const TokenStore::Grant& grant = (*grants)[i];
    bucket.tokens += static_cast<double>(grant.tokens);
    if (grant.tokens < wishes[i].tokens) bucket.empty_until = now + grant.retry_after_ms * 1000;
  }
  if (buckets_.size() > kMostBuckets) {
    std::erase_if(buckets_, [&](const auto& item) {
      return !item.second.asking && item.second.used_at + 60'000'000 < now;
    });
  }
}

}  // namespace agentflow::gateway
