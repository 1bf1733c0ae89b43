#include "libs/crypto/data_key.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <utility>

#include "libs/base/status.h"
#include "libs/crypto/aes_gcm.h"
#include "libs/crypto/random.h"

namespace agentflow::crypto {
namespace {

constexpr std::string_view kHead{"\0\1", 2};
static_assert(ScopeKey::kOverhead == kHead.size() + kGcmNonceSize + kGcmTagSize);
static_assert(DataKey::kSize == kGcmKeySize);

struct FreeMac {
  void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
};
using Mac = std::unique_ptr<EVP_MAC_CTX, FreeMac>;

// HMAC-SHA256 with its key taken in, to be copied for each text.
Mac PrepareMac(const std::string& key) {
  static EVP_MAC* const hmac = EVP_MAC_fetch(nullptr, OSSL_MAC_NAME_HMAC, nullptr);
  AF_CHECK(hmac != nullptr);
  Mac mac(EVP_MAC_CTX_new(hmac));
  char digest[] = "SHA2-256";
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_end()};
  AF_CHECK(mac != nullptr &&
           EVP_MAC_init(mac.get(), reinterpret_cast<const unsigned char*>(key.data()), key.size(),
                        params) == 1);
  return mac;
}

// Random bytes that no text had before. Asking the generator costs as much as sealing a small text
// does, so a thread asks it for many nonces at once.
std::string NextNonce() {
  constexpr size_t kAtOnce = 64 * kGcmNonceSize;
  thread_local std::string left;
  if (left.empty()) left = RandomBytes(kAtOnce);
  const size_t at = left.size() - kGcmNonceSize;
  std::string nonce = left.substr(at);
  left.resize(at);
  return nonce;
}

}  // namespace

std::string ScopeKey::Seal(std::string_view text, std::string_view bound_to) const {
  const std::string nonce = NextNonce();
  std::string out;
  out.reserve(text.size() + kOverhead);
  out += kHead;
  out += nonce;
  AesGcmSeal(key_.Reveal(), nonce, text, bound_to, &out);
  return out;
}

absl::StatusOr<std::string> ScopeKey::Open(std::string_view sealed,
                                           std::string_view bound_to) const {
  std::string text;
  if (sealed.size() >= kOverhead && IsSealed(sealed)) {
    sealed.remove_prefix(kHead.size());
    if (AesGcmOpen(key_.Reveal(), sealed.substr(0, kGcmNonceSize), sealed.substr(kGcmNonceSize),
                   bound_to, &text)) {
      return text;
    }
  }
  return Error(absl::StatusCode::kDataLoss, "SEAL_BROKEN",
               "the sealed text cannot be opened: other key, other place, or damaged");
}

bool IsSealed(std::string_view stored) {
  return stored.starts_with(kHead);
}

struct DataKey::Rep {
  Secret bytes;
  Mac mac;
};

DataKey::DataKey(Secret bytes) {
  Mac mac = PrepareMac(bytes.Reveal());
  rep_ = std::make_shared<const Rep>(Rep{std::move(bytes), std::move(mac)});
}

DataKey DataKey::Generate() {
  return DataKey(Secret(RandomBytes(kSize)));
}

absl::StatusOr<DataKey> DataKey::FromBytes(Secret bytes) {
  if (bytes.Reveal().size() != kSize) {
    return InvalidArgument("DATA_KEY_INVALID", "key", "a data key has 32 bytes");
  }
  return DataKey(std::move(bytes));
}

ScopeKey DataKey::Derive(std::string_view scope) const {
  const Mac mac(EVP_MAC_CTX_dup(rep_->mac.get()));
  std::string key(kSize, '\0');
  size_t size = 0;
  AF_CHECK(mac != nullptr &&
           EVP_MAC_update(mac.get(), reinterpret_cast<const unsigned char*>(scope.data()),
                          scope.size()) == 1 &&
           EVP_MAC_final(mac.get(), reinterpret_cast<unsigned char*>(key.data()), &size,
                         key.size()) == 1 &&
           size == kSize);
  return ScopeKey(std::move(key));
}

const Secret& DataKey::bytes() const {
  return rep_->bytes;
}

}  // namespace agentflow::crypto
