#pragma once

#include <chrono>
#include <cstdint>
#include <thread>

// Time as the scenarios use it.
namespace agentflow::bench {

using SteadyClock = std::chrono::steady_clock;

inline SteadyClock::duration Seconds(double seconds) {
  return std::chrono::duration_cast<SteadyClock::duration>(std::chrono::duration<double>(seconds));
}

inline int64_t MicrosSince(SteadyClock::time_point begin) {
  return std::chrono::duration_cast<std::chrono::microseconds>(SteadyClock::now() - begin).count();
}

inline void Wait(double seconds) { std::this_thread::sleep_for(Seconds(seconds)); }

// Calls `one(due)` `rate` times a second, whether or not earlier ones have ended.
template <class Call>
void AtRate(double rate, double seconds, Call one) {
  const auto count = static_cast<int64_t>(rate * seconds);
  const SteadyClock::time_point begin = SteadyClock::now();
  for (int64_t i = 0; i < count; ++i) {
    const SteadyClock::time_point due = begin + Seconds(static_cast<double>(i) / rate);
    std::this_thread::sleep_until(due);
    one(due);
  }
}

}  // namespace agentflow::bench
