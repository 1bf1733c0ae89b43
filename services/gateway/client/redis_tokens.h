#pragma once

#include <string>

#include "libs/redis/client.h"
#include "services/gateway/shared_limiter.h"

namespace agentflow::gateway {

// Token buckets in Redis, by Redis's own clock. One connection: one thread at a time. An emptied
// Redis means full buckets, nothing worse.
class RedisTokenStore final : public TokenStore {
 public:
  explicit RedisTokenStore(std::string url);
  absl::StatusOr<std::vector<Grant>> Take(const std::vector<Wish>& wishes) override;

 private:
  redis::Client client_;
};

}  // namespace agentflow::gateway
