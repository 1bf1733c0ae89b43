#include "services/tenant/keys/credential.h"

#include "libs/crypto/digest.h"
#include "libs/crypto/encoding.h"
#include "libs/crypto/random.h"

namespace agentflow::tenant {
namespace {

constexpr size_t kRandomLength = 40;
constexpr int kChecksumLength = 6;

std::string_view PrefixOf(CredentialKind kind) {
  switch (kind) {
    case CredentialKind::kApiKey:
      return "af_";
    case CredentialKind::kAccessToken:
      return "aft_";
    case CredentialKind::kRefreshToken:
      return "afr_";
  }
  return "";
}

std::string ChecksumOf(std::string_view text) {
  return crypto::Base62Encode(crypto::Crc32(text), kChecksumLength);
}

}  // namespace

std::string MakeCredential(CredentialKind kind) {
  std::string text = std::string(PrefixOf(kind)) + crypto::RandomToken(kRandomLength);
  return text + ChecksumOf(text);
}

std::optional<CredentialKind> KindOfCredential(std::string_view text) {
  for (CredentialKind kind :
       {CredentialKind::kApiKey, CredentialKind::kAccessToken, CredentialKind::kRefreshToken}) {
    if (!text.starts_with(PrefixOf(kind))) continue;
    size_t body = PrefixOf(kind).size() + kRandomLength;
    if (text.size() != body + kChecksumLength) return std::nullopt;
    if (text.substr(body) != ChecksumOf(text.substr(0, body))) return std::nullopt;
    return kind;
  }
  return std::nullopt;
}

std::string CredentialHash(std::string_view text) {
  return std::string(crypto::AsText(crypto::Sha256(text)));
}

std::string CredentialHint(std::string_view text) {
  return std::string(text.substr(0, 7)) + "...";
}

}  // namespace agentflow::tenant
