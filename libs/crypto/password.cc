#include "libs/crypto/password.h"

#include <argon2.h>

#include "libs/base/status.h"
#include "libs/crypto/random.h"

namespace agentflow::crypto {

absl::StatusOr<std::string> HashPassword(std::string_view password, const PasswordCost& cost) {
  constexpr size_t kSaltSize = 16;
  constexpr size_t kHashSize = 32;
  std::string salt = RandomBytes(kSaltSize);
  std::string encoded(
      argon2_encodedlen(cost.passes, cost.memory_kib, cost.lanes, kSaltSize, kHashSize, Argon2_id),
      '\0');
  int result = argon2id_hash_encoded(cost.passes, cost.memory_kib, cost.lanes, password.data(),
                                     password.size(), salt.data(), salt.size(), kHashSize,
                                     encoded.data(), encoded.size());
  if (result != ARGON2_OK) return Internal("PASSWORD_HASH_FAILED", argon2_error_message(result));
  encoded.resize(encoded.find('\0'));
  return encoded;
}

bool VerifyPassword(std::string_view password, std::string_view encoded) {
  return argon2id_verify(std::string(encoded).c_str(), password.data(), password.size()) ==
         ARGON2_OK;
}

}  // namespace agentflow::crypto
