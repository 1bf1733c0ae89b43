#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace agentflow::crypto {

// Argon2id (RFC 9106). The defaults are OWASP's second choice: 19 MiB, two passes, one lane;
// about 30 ms of one core, so call it from a bounded pool.
struct PasswordCost {
  uint32_t memory_kib = 19456;
  uint32_t passes = 2;
  uint32_t lanes = 1;
};

// The encoded form, "$argon2id$v=19$m=...$salt$hash", with a fresh random salt.
absl::StatusOr<std::string> HashPassword(std::string_view password, const PasswordCost& cost = {});

// Whether `password` belongs to `encoded`. False for a malformed `encoded` too.
bool VerifyPassword(std::string_view password, std::string_view encoded);

}  // namespace agentflow::crypto
