#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/crypto/secret.h"

namespace agentflow::crypto {

// Authenticated encryption, AES-256-GCM with random 96-bit nonces, under named keys: the newest
// one seals, all of them open. Immutable once made; thread-safe.
//
// A sealed text is 0x01, the key id's length, the key id, nonce (12), ciphertext, tag (16).
class KeyRing {
 public:
  // `keys`: id (1 to 32 characters) to 32 bytes. `current` names the one that seals.
  // There is no default key: an empty ring is refused.
  static absl::StatusOr<KeyRing> Make(std::map<std::string, Secret> keys, std::string current);

  // `bound_to` (for example "tenant/secret id") is not stored but must be the same to open.
  std::string Seal(std::string_view plaintext, std::string_view bound_to) const;
  // INVALID_ARGUMENT with reason SEAL_BROKEN (wrong key, place or bytes) or SEAL_KEY_UNKNOWN.
  absl::StatusOr<Secret> Open(std::string_view sealed, std::string_view bound_to) const;
  // Whether `sealed` should be sealed anew because its key is not the current one.
  bool IsStale(std::string_view sealed) const;
  // The name of the key that seals.
  const std::string& current() const { return current_; }

 private:
  KeyRing() = default;

  std::map<std::string, Secret> keys_;
  std::string current_;
};

}  // namespace agentflow::crypto
