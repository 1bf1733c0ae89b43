#include "libs/crypto/seal.h"

#include <openssl/evp.h>

#include <memory>
#include <utility>

#include "libs/base/status.h"
#include "libs/crypto/random.h"

namespace agentflow::crypto {
namespace {

constexpr char kVersion = 1;
constexpr size_t kKeySize = 32;
constexpr size_t kNonceSize = 12;
constexpr size_t kTagSize = 16;

struct FreeCipher {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Cipher = std::unique_ptr<EVP_CIPHER_CTX, FreeCipher>;

const unsigned char* Bytes(std::string_view data) {
  return reinterpret_cast<const unsigned char*>(data.data());
}
unsigned char* Bytes(std::string& data) {
  return reinterpret_cast<unsigned char*>(data.data());
}

absl::Status Broken() {
  return Error(absl::StatusCode::kInvalidArgument, "SEAL_BROKEN",
               "the sealed text cannot be opened: other key, other place, or damaged");
}

// The parts of a sealed text.
struct Sealed {
  std::string_view key_id;
  std::string_view nonce;
  std::string_view ciphertext;
  std::string_view tag;
};

bool Split(std::string_view text, Sealed* out) {
  if (text.size() < 2 || text[0] != kVersion) return false;
  size_t id_size = static_cast<unsigned char>(text[1]);
  text.remove_prefix(2);
  if (text.size() < id_size + kNonceSize + kTagSize) return false;
  out->key_id = text.substr(0, id_size);
  out->nonce = text.substr(id_size, kNonceSize);
  text.remove_prefix(id_size + kNonceSize);
  out->ciphertext = text.substr(0, text.size() - kTagSize);
  out->tag = text.substr(text.size() - kTagSize);
  return true;
}

}  // namespace

absl::StatusOr<KeyRing> KeyRing::Make(std::map<std::string, Secret> keys, std::string current) {
  auto invalid = [](std::string_view message) {
    return InvalidArgument("KEY_RING_INVALID", "keys", message);
  };
  for (const auto& [id, key] : keys) {
    if (id.empty() || id.size() > 32) return invalid("a key id has 1 to 32 characters");
    if (key.Reveal().size() != kKeySize) return invalid("key \"" + id + "\" is not 32 bytes long");
  }
  if (!keys.contains(current)) return invalid("there is no key \"" + current + "\" to seal with");
  KeyRing ring;
  ring.keys_ = std::move(keys);
  ring.current_ = std::move(current);
  return ring;
}

std::string KeyRing::Seal(std::string_view plaintext, std::string_view bound_to) const {
  std::string nonce = RandomBytes(kNonceSize);
  std::string ciphertext(plaintext.size(), '\0');
  std::string tag(kTagSize, '\0');
  Cipher context(EVP_CIPHER_CTX_new());
  int size = 0;
  AF_CHECK(EVP_EncryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr,
                              Bytes(keys_.at(current_).Reveal()),
                              Bytes(std::as_const(nonce))) == 1);
  AF_CHECK(EVP_EncryptUpdate(context.get(), nullptr, &size, Bytes(bound_to),
                             static_cast<int>(bound_to.size())) == 1);
  AF_CHECK(EVP_EncryptUpdate(context.get(), Bytes(ciphertext), &size, Bytes(plaintext),
                             static_cast<int>(plaintext.size())) == 1);
  AF_CHECK(EVP_EncryptFinal_ex(context.get(), Bytes(ciphertext) + size, &size) == 1);
  AF_CHECK(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, kTagSize, tag.data()) == 1);
  std::string out;
  out += kVersion;
  out += static_cast<char>(current_.size());
  out += current_;
  out += nonce;
  out += ciphertext;
  out += tag;
  return out;
}

absl::StatusOr<Secret> KeyRing::Open(std::string_view sealed, std::string_view bound_to) const {
  Sealed parts;
  if (!Split(sealed, &parts)) return Broken();
  auto key = keys_.find(std::string(parts.key_id));
  if (key == keys_.end()) {
    return Error(absl::StatusCode::kInvalidArgument, "SEAL_KEY_UNKNOWN",
                 "sealed with a key that is not configured here");
  }
  std::string plaintext(parts.ciphertext.size(), '\0');
  std::string tag(parts.tag);
  Cipher context(EVP_CIPHER_CTX_new());
  int size = 0;
  AF_CHECK(EVP_DecryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr,
                              Bytes(key->second.Reveal()), Bytes(parts.nonce)) == 1);
  AF_CHECK(EVP_DecryptUpdate(context.get(), nullptr, &size, Bytes(bound_to),
                             static_cast<int>(bound_to.size())) == 1);
  AF_CHECK(EVP_DecryptUpdate(context.get(), Bytes(plaintext), &size, Bytes(parts.ciphertext),
                             static_cast<int>(parts.ciphertext.size())) == 1);
  AF_CHECK(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, kTagSize, tag.data()) == 1);
  if (EVP_DecryptFinal_ex(context.get(), Bytes(plaintext) + size, &size) != 1) return Broken();
  return Secret(std::move(plaintext));
}

bool KeyRing::IsStale(std::string_view sealed) const {
  Sealed parts;
  return !Split(sealed, &parts) || parts.key_id != current_;
}

}  // namespace agentflow::crypto
