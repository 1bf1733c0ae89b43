#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "libs/crypto/secret.h"

// Sealing any number of texts under one long-lived key. Random nonces of 96 bits are safe for 2^32
// texts of a key (NIST SP 800-38D, 8.3); so each scope, say a row's owner, has a key of its own:
// HMAC-SHA256(data key, scope).
namespace agentflow::crypto {

// The key of one scope. Immutable, thread-safe; wiped when destroyed.
class ScopeKey {
 public:
  // What sealing adds to a text's size.
  static constexpr size_t kOverhead = 2 + 12 + 16;

  // 0x00 0x01, a random nonce (12), AES-256-GCM's ciphertext, its tag (16). `bound_to`, say the
  // column and a row's number, is not stored but must be the same to open.
  std::string Seal(std::string_view text, std::string_view bound_to) const;
  // DATA_LOSS, reason SEAL_BROKEN: other key, other place, or changed.
  absl::StatusOr<std::string> Open(std::string_view sealed, std::string_view bound_to) const;

 private:
  friend class DataKey;
  explicit ScopeKey(std::string key) : key_(std::move(key)) {}

  Secret key_;
};

// Whether it begins as what ScopeKey seals does.
bool IsSealed(std::string_view stored);

// 32 bytes from which the scopes' keys come. Immutable, thread-safe, cheap to copy.
class DataKey {
 public:
  static constexpr size_t kSize = 32;

  static DataKey Generate();
  // INVALID_ARGUMENT, reason DATA_KEY_INVALID, where it has another size.
  static absl::StatusOr<DataKey> FromBytes(Secret bytes);

  ScopeKey Derive(std::string_view scope) const;
  const Secret& bytes() const;

 private:
  struct Rep;
  explicit DataKey(Secret bytes);
  std::shared_ptr<const Rep> rep_;
};

}  // namespace agentflow::crypto
