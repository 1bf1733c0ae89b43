#pragma once

#include <chrono>

#include "libs/base/random.h"

namespace agentflow::runtime {

// Exponential backoff with full jitter (Brooker, "Exponential Backoff and Jitter", 2015): the
// n-th wait is uniform in (0, min(most, first * 2^n)]. Not thread-safe.
class Backoff {
 public:
  Backoff(std::chrono::milliseconds first, std::chrono::milliseconds most)
      : first_(first), most_(most) {}

  // How long to wait before the next try; each call counts as a failure.
  std::chrono::milliseconds Next(Random& random);
  // After a success.
  void Reset() { failures_ = 0; }
  int failures() const { return failures_; }

 private:
  std::chrono::milliseconds first_;
  std::chrono::milliseconds most_;
  int failures_ = 0;
};

}  // namespace agentflow::runtime
