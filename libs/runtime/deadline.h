#pragma once

#include <algorithm>
#include <chrono>

namespace agentflow::runtime {

// When to give up, on the monotonic clock. Copyable value.
class Deadline {
 public:
  using Clock = std::chrono::steady_clock;

  // Never.
  Deadline() = default;
  explicit Deadline(Clock::time_point at) : at_(at) {}
  static Deadline After(std::chrono::nanoseconds time) { return Deadline(Clock::now() + time); }
  static Deadline Never() { return {}; }

  bool is_never() const { return at_ == Clock::time_point::max(); }
  bool Passed() const { return !is_never() && Clock::now() >= at_; }
  // Zero once passed; a year for Never.
  std::chrono::nanoseconds Left() const {
    if (is_never()) return std::chrono::hours(24 * 365);
    return std::max(std::chrono::nanoseconds(0), std::chrono::nanoseconds(at_ - Clock::now()));
  }
  Clock::time_point at() const { return at_; }

  // The earlier of both.
  friend Deadline Earlier(Deadline a, Deadline b) { return a.at_ <= b.at_ ? a : b; }

 private:
  Clock::time_point at_ = Clock::time_point::max();
};

}  // namespace agentflow::runtime
