#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "libs/base/clock.h"
#include "libs/rpc/channel.h"

namespace agentflow::coordinator {

// The tenants' weights, as the tenant service said last. Never blocks: until the first answer, and
// while the service is away, the last one or the usual weight stands. Thread-safe.
class Weights {
 public:
  Weights(rpc::ChannelPtr tenant, const Clock& clock, int64_t keep_ms)
      : tenant_(std::move(tenant)), clock_(clock), keep_ms_(keep_ms) {}

  int64_t Of(const std::string& tenant);

 private:
  struct Entry {
    int64_t weight = 100;
    int64_t until = 0;  // monotonic
    bool asking = false;
  };
  const rpc::ChannelPtr tenant_;
  const Clock& clock_;
  const int64_t keep_ms_;
  std::mutex mutex_;
  std::map<std::string, Entry> entries_;
};

}  // namespace agentflow::coordinator
