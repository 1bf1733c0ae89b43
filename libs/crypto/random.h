#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "libs/base/random.h"

namespace agentflow::crypto {

// Bytes from the operating system's generator. Ends the process when there are none.
std::string RandomBytes(size_t count);

// `length` characters of [0-9A-Za-z], each with 5.95 bits.
std::string RandomToken(size_t length);

// The Random interface over RandomBytes. Thread-safe.
class SecureRandom final : public Random {
 public:
  uint64_t Next() override;
};

}  // namespace agentflow::crypto
