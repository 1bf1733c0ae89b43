#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "libs/auth/principal.h"
#include "libs/base/clock.h"
#include "libs/base/random.h"

namespace agentflow::gateway {

// One call that was turned away at the door.
struct Refusal {
  std::string id;  // UUID
  UnixMicros time = 0;
  std::string tenant;
  std::string principal;
  std::string method;
  std::string resource;
  std::string outcome;  // canonical code
  std::string reason;
  std::string trace_id;
  std::string remote_address;
};

// Collects refusals and hands them on in batches, so that an attack does not become a flood of
// calls. Only those of a known tenant have a chain to go to; all are counted. Thread-safe.
class RefusalLog {
 public:
  // Sends a batch; `done(false)` keeps it for the next try.
  using Sender = std::function<void(std::vector<Refusal>, std::function<void(bool)> done)>;

  RefusalLog(Sender sender, const Clock* clock, Random* random, size_t limit = 10'000)
      : sender_(std::move(sender)), clock_(clock), random_(random), limit_(limit) {}

  // Takes UNAUTHENTICATED, PERMISSION_DENIED and RESOURCE_EXHAUSTED; others are no refusals.
  void Add(std::string_view method, std::string_view resource, std::string_view remote_address,
           std::string_view trace_id, const auth::Principal& principal, const absl::Status& status);

  // Sends what has come since. Called every second; one batch is under way at a time.
  void Flush();

  // Refusals not recorded because the queue was full.
  int64_t dropped() const { return dropped_; }

 private:
  void Sent(std::vector<Refusal> batch, bool ok);

  const Sender sender_;
  const Clock* const clock_;
  Random* const random_;
  const size_t limit_;
  std::mutex mutex_;
  std::vector<Refusal> queue_;
  bool sending_ = false;
  std::atomic<int64_t> dropped_{0};
};

}  // namespace agentflow::gateway
