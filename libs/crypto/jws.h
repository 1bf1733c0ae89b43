#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// Compact JSON Web Signatures (RFC 7515) with ES256 only: ECDSA on P-256 with SHA-256. The header
// is always {"alg":"ES256","kid":"...","typ":"JWT"}; any other algorithm is refused before a key
// is touched. Claims are the caller's business (libs/auth).
namespace agentflow::crypto {

// A private key on P-256. Immutable, thread-safe, cheap to copy.
class SigningKey {
 public:
  static absl::StatusOr<SigningKey> FromPem(std::string_view pem);
  static SigningKey Generate();

  // "header.payload.signature" over the given payload bytes.
  std::string Sign(std::string_view payload) const;
  std::string PrivatePem() const;
  std::string PublicPem() const;
  // The first 16 hex digits of the SHA-256 of the public key (DER).
  const std::string& key_id() const;

 private:
  struct Rep;
  std::shared_ptr<const Rep> rep_;
};

// A public key on P-256. Immutable, thread-safe, cheap to copy.
class VerifyingKey {
 public:
  static absl::StatusOr<VerifyingKey> FromPem(std::string_view pem);

  const std::string& key_id() const;
  // The payload, once the signature holds. UNAUTHENTICATED with reason TOKEN_MALFORMED or
  // TOKEN_SIGNATURE_INVALID.
  absl::StatusOr<std::string> Verify(std::string_view token) const;

 private:
  struct Rep;
  std::shared_ptr<const Rep> rep_;
};

// The `kid` of a token's header, unverified; only to choose a key. Empty where there is none.
std::string KeyIdOf(std::string_view token);

}  // namespace agentflow::crypto
