#pragma once

#include <cstddef>
#include <string>
#include <string_view>

// AES-256-GCM (NIST SP 800-38D) with nonces of 96 bits: what seal.h and data_key.h stand on. Who
// calls it answers for a nonce never being used twice under one key. Thread-safe.
namespace agentflow::crypto {

inline constexpr size_t kGcmKeySize = 32;
inline constexpr size_t kGcmNonceSize = 12;
inline constexpr size_t kGcmTagSize = 16;

// Appends the ciphertext and its tag to `out`. REQUIRES: key and nonce have their sizes.
void AesGcmSeal(std::string_view key, std::string_view nonce, std::string_view plaintext,
                std::string_view bound_to, std::string* out);

// `sealed`: ciphertext and tag. False, with `plaintext` empty, unless all of it is genuine.
bool AesGcmOpen(std::string_view key, std::string_view nonce, std::string_view sealed,
                std::string_view bound_to, std::string* plaintext);

}  // namespace agentflow::crypto
