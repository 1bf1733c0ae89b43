#include "libs/crypto/seal.h"

#include <utility>

#include "libs/base/status.h"
#include "libs/crypto/aes_gcm.h"
#include "libs/crypto/random.h"

namespace agentflow::crypto {
namespace {

constexpr char kVersion = 1;

absl::Status Broken() {
  return Error(absl::StatusCode::kInvalidArgument, "SEAL_BROKEN",
               "the sealed text cannot be opened: other key, other place, or damaged");
}

// The parts of a sealed text.
struct Sealed {
  std::string_view key_id;
  std::string_view nonce;
  std::string_view text;  // ciphertext and tag
};

bool Split(std::string_view text, Sealed* out) {
  if (text.size() < 2 || text[0] != kVersion) return false;
  size_t id_size = static_cast<unsigned char>(text[1]);
  text.remove_prefix(2);
  if (text.size() < id_size + kGcmNonceSize + kGcmTagSize) return false;
  out->key_id = text.substr(0, id_size);
  out->nonce = text.substr(id_size, kGcmNonceSize);
  out->text = text.substr(id_size + kGcmNonceSize);
  return true;
}

}  // namespace

absl::StatusOr<KeyRing> KeyRing::Make(std::map<std::string, Secret> keys, std::string current) {
  auto invalid = [](std::string_view message) {
    return InvalidArgument("KEY_RING_INVALID", "keys", message);
  };
  for (const auto& [id, key] : keys) {
    if (id.empty() || id.size() > 32) return invalid("a key id has 1 to 32 characters");
    if (key.Reveal().size() != kGcmKeySize) {
      return invalid("key \"" + id + "\" is not 32 bytes long");
    }
  }
  if (!keys.contains(current)) return invalid("there is no key \"" + current + "\" to seal with");
  KeyRing ring;
  ring.keys_ = std::move(keys);
  ring.current_ = std::move(current);
  return ring;
}

std::string KeyRing::Seal(std::string_view plaintext, std::string_view bound_to) const {
  const std::string nonce = RandomBytes(kGcmNonceSize);
  std::string out;
  out += kVersion;
  out += static_cast<char>(current_.size());
  out += current_;
  out += nonce;
  AesGcmSeal(keys_.at(current_).Reveal(), nonce, plaintext, bound_to, &out);
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
  std::string plaintext;
  if (!AesGcmOpen(key->second.Reveal(), parts.nonce, parts.text, bound_to, &plaintext)) {
    return Broken();
  }
  return Secret(std::move(plaintext));
}

bool KeyRing::IsStale(std::string_view sealed) const {
  Sealed parts;
  return !Split(sealed, &parts) || parts.key_id != current_;
}

}  // namespace agentflow::crypto
