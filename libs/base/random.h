#pragma once

#include <cstdint>
#include <random>

// The only door to chance for code that decides. For keys and tokens use libs/crypto.
namespace agentflow {

class Random {
 public:
  virtual ~Random() = default;
  virtual uint64_t Next() = 0;
};

// The same seed gives the same numbers. Not thread-safe.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(uint64_t seed) : engine_(seed) {}
  uint64_t Next() override { return engine_(); }

 private:
  std::mt19937_64 engine_;
};

// A seed from the machine's entropy.
uint64_t EntropySeed();

}  // namespace agentflow
