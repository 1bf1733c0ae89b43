#pragma once

#include <cstdint>

// The only doors to time. Code that decides takes them as arguments, so that tests and
// simulations can hold them.
namespace agentflow {

// A moment: microseconds since 1970-01-01 UTC.
using UnixMicros = int64_t;

class Clock {
 public:
  virtual ~Clock() = default;
  // Wall time. May jump.
  virtual UnixMicros Now() const = 0;
  // Never goes back; only differences mean something. Microseconds.
  virtual int64_t Monotonic() const = 0;
};

// The machine's clock. Thread-safe.
class SystemClock final : public Clock {
 public:
  UnixMicros Now() const override;
  int64_t Monotonic() const override;
};

// A clock that stands still until told. Not thread-safe.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(UnixMicros now = 1'700'000'000'000'000) : now_(now) {}
  UnixMicros Now() const override { return now_; }
  int64_t Monotonic() const override { return now_; }
  void Advance(int64_t micros) { now_ += micros; }

 private:
  UnixMicros now_;
};

}  // namespace agentflow
