#include "libs/crypto/aes_gcm.h"

#include <openssl/evp.h>

#include <memory>

#include "libs/base/status.h"

namespace agentflow::crypto {
namespace {

struct FreeContext {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};

// OpenSSL 3 looks an algorithm up by its name each time it is not given one that was fetched: that
// takes longer than sealing a small text does.
const EVP_CIPHER* Cipher() {
  static const EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  AF_CHECK(cipher != nullptr);
  return cipher;
}

// One for each thread: making one costs as much as the sealing.
EVP_CIPHER_CTX* Context() {
  thread_local const std::unique_ptr<EVP_CIPHER_CTX, FreeContext> context(EVP_CIPHER_CTX_new());
  AF_CHECK(context != nullptr);
  return context.get();
}

const unsigned char* Bytes(std::string_view data) {
  return reinterpret_cast<const unsigned char*>(data.data());
}

}  // namespace

void AesGcmSeal(std::string_view key, std::string_view nonce, std::string_view plaintext,
                std::string_view bound_to, std::string* out) {
  AF_CHECK(key.size() == kGcmKeySize && nonce.size() == kGcmNonceSize);
  EVP_CIPHER_CTX* context = Context();
  const size_t at = out->size();
  out->resize(at + plaintext.size() + kGcmTagSize);
  auto* to = reinterpret_cast<unsigned char*>(out->data()) + at;
  unsigned char* tag = to + plaintext.size();
  int size = 0;
  AF_CHECK(EVP_EncryptInit_ex2(context, Cipher(), Bytes(key), Bytes(nonce), nullptr) == 1);
  AF_CHECK(EVP_EncryptUpdate(context, nullptr, &size, Bytes(bound_to),
                             static_cast<int>(bound_to.size())) == 1);
  AF_CHECK(EVP_EncryptUpdate(context, to, &size, Bytes(plaintext),
                             static_cast<int>(plaintext.size())) == 1);
  AF_CHECK(EVP_EncryptFinal_ex(context, tag, &size) == 1);
  AF_CHECK(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, kGcmTagSize, tag) == 1);
}

bool AesGcmOpen(std::string_view key, std::string_view nonce, std::string_view sealed,
                std::string_view bound_to, std::string* plaintext) {
  AF_CHECK(key.size() == kGcmKeySize && nonce.size() == kGcmNonceSize);
  plaintext->clear();
  if (sealed.size() < kGcmTagSize) return false;
  const std::string_view ciphertext = sealed.substr(0, sealed.size() - kGcmTagSize);
  std::string tag(sealed.substr(ciphertext.size()));
  plaintext->resize(ciphertext.size());
  auto* to = reinterpret_cast<unsigned char*>(plaintext->data());
  EVP_CIPHER_CTX* context = Context();
  int size = 0;
  AF_CHECK(EVP_DecryptInit_ex2(context, Cipher(), Bytes(key), Bytes(nonce), nullptr) == 1);
  AF_CHECK(EVP_DecryptUpdate(context, nullptr, &size, Bytes(bound_to),
                             static_cast<int>(bound_to.size())) == 1);
  AF_CHECK(EVP_DecryptUpdate(context, to, &size, Bytes(ciphertext),
                             static_cast<int>(ciphertext.size())) == 1);
  AF_CHECK(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, kGcmTagSize, tag.data()) == 1);
  unsigned char rest[kGcmTagSize];
  if (EVP_DecryptFinal_ex(context, rest, &size) == 1) return true;
  plaintext->clear();
  return false;
}

}  // namespace agentflow::crypto
