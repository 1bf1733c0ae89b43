#pragma once

#include <algorithm>
#include <atomic>

#include "libs/base/clock.h"

namespace agentflow::executor {

// The time that executions live by: a monotonic clock corrected by PostgreSQL, so that all
// executors agree and no timer fires early. Every sample is PostgreSQL's now() and the monotonic
// time at which it was *seen*, so monotonic + offset never runs ahead of the database's clock.
// Thread-safe.
class DatabaseClock final : public Clock {
 public:
  explicit DatabaseClock(const Clock& local)
      : local_(local), offset_(local.Now() - local.Monotonic()) {}

  UnixMicros Now() const override { return local_.Monotonic() + offset_.load(); }
  int64_t Monotonic() const override { return local_.Monotonic(); }

  // The best sample of a window counts: the one that was seen soonest after it was taken.
  void Observe(UnixMicros database_now, int64_t seen_at) {
    const int64_t offset = database_now - seen_at;
    if (!synchronised_.exchange(true)) {
      offset_ = best_ = offset;
      window_end_ = seen_at + kWindow;
      return;
    }
    if (seen_at >= window_end_.load()) {
      offset_ = std::max(best_.load(), offset);
      best_ = offset;
      window_end_ = seen_at + kWindow;
    } else if (offset > best_.load()) {
      best_ = offset;
      if (offset > offset_.load()) offset_ = offset;
    }
  }

 private:
  static constexpr int64_t kWindow = 30'000'000;

  const Clock& local_;
  std::atomic<int64_t> offset_;
  std::atomic<int64_t> best_{0};
  std::atomic<int64_t> window_end_{0};
  std::atomic<bool> synchronised_{false};
};

}  // namespace agentflow::executor
