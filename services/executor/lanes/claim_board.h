#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/lane.h"
#include "libs/engine/state.h"

namespace agentflow::executor {

// Who is working on what: claims are not journalled, so reads add them to what the database says.
// Thread-safe.
class ClaimBoard {
 public:
  struct Claim {
    engine::StepRef step;
    uint32_t attempt = 0;
    UnixMicros since = 0;
  };

  void Set(const Uuid& execution, const Claim& claim) {
    Shard& shard = ShardOf(execution);
    std::lock_guard lock(shard.mutex);
    shard.claims[{execution, claim.step}] = claim;
  }
  void Clear(const Uuid& execution, engine::StepRef step) {
    Shard& shard = ShardOf(execution);
    std::lock_guard lock(shard.mutex);
    shard.claims.erase({execution, step});
  }
  std::vector<Claim> Of(const Uuid& execution) const {
    const Shard& shard = ShardOf(execution);
    std::lock_guard lock(shard.mutex);
    std::vector<Claim> claims;
    for (auto it = shard.claims.lower_bound({execution, {}});
         it != shard.claims.end() && it->first.first == execution; ++it) {
      claims.push_back(it->second);
    }
    return claims;
  }

 private:
  struct Shard {
    mutable std::mutex mutex;
    std::map<std::pair<Uuid, engine::StepRef>, Claim> claims;
  };
  Shard& ShardOf(const Uuid& id) { return shards_[static_cast<size_t>(LaneOf(id)) % 16]; }
  const Shard& ShardOf(const Uuid& id) const {
    return shards_[static_cast<size_t>(LaneOf(id)) % 16];
  }

  std::array<Shard, 16> shards_;
};

}  // namespace agentflow::executor
