#include "libs/base/clock.h"

#include <chrono>

namespace agentflow {
namespace {

template <typename ChronoClock>
int64_t MicrosOf() {
  auto since_epoch = ChronoClock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(since_epoch).count();
}

}  // namespace

UnixMicros SystemClock::Now() const { return MicrosOf<std::chrono::system_clock>(); }

int64_t SystemClock::Monotonic() const { return MicrosOf<std::chrono::steady_clock>(); }

}  // namespace agentflow
