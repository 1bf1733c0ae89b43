#pragma once

#include <cstdint>
#include <vector>

#include "libs/base/random.h"

namespace agentflow::sim {

// Chance from a seed, the same on every machine (SplitMix64: Steele, Lea and Flood, 2014).
class Dice final : public Random {
 public:
  explicit Dice(uint64_t seed) : state_(seed) {}

  uint64_t Next() override {
    uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  // [0, sides). REQUIRES: sides > 0.
  uint64_t Roll(uint64_t sides) { return Next() % sides; }
  // [low, high]
  int64_t Between(int64_t low, int64_t high) {
    return low + static_cast<int64_t>(Roll(static_cast<uint64_t>(high - low) + 1));
  }
  bool Chance(double share) { return static_cast<double>(Next() >> 11) * 0x1.0p-53 < share; }
  template <typename T>
  const T& Pick(const std::vector<T>& of) {
    return of[Roll(of.size())];
  }

 private:
  uint64_t state_;
};

}  // namespace agentflow::sim
