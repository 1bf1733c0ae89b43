#include "libs/crypto/jws.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <utility>

#include "libs/base/status.h"
#include "libs/crypto/digest.h"
#include "libs/crypto/encoding.h"

namespace agentflow::crypto {
namespace {

constexpr int kCoordinateSize = 32;

template <auto Free>
struct Deleter {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using Memory = std::unique_ptr<BIO, Deleter<BIO_free_all>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Deleter<EVP_MD_CTX_free>>;
using Signature = std::unique_ptr<ECDSA_SIG, Deleter<ECDSA_SIG_free>>;

const unsigned char* Bytes(std::string_view data) {
  return reinterpret_cast<const unsigned char*>(data.data());
}

Memory Reader(std::string_view text) {
  return Memory(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::string Contents(const Memory& memory) {
  char* data = nullptr;
  long size = BIO_get_mem_data(memory.get(), &data);
  return std::string(data, static_cast<size_t>(size));
}

bool IsP256(EVP_PKEY* key) {
  char name[32];
  size_t size = 0;
  return EVP_PKEY_is_a(key, "EC") == 1 &&
         EVP_PKEY_get_group_name(key, name, sizeof name, &size) == 1 &&
         std::string_view(name) == "prime256v1";
}

absl::Status BadKey(std::string_view message) {
  return InvalidArgument("KEY_INVALID", "pem", message);
}

std::string MakeKeyId(EVP_PKEY* key) {
  Memory memory(BIO_new(BIO_s_mem()));
  AF_CHECK(i2d_PUBKEY_bio(memory.get(), key) == 1);
  return Sha256Hex(Contents(memory)).substr(0, 16);
}

absl::Status Malformed(std::string_view message) {
  return Error(absl::StatusCode::kUnauthenticated, "TOKEN_MALFORMED", message);
}

// The header is ours to write, so it is read strictly: one algorithm, a key id, a type.
constexpr std::string_view kHeaderStart = R"({"alg":"ES256","kid":")";
constexpr std::string_view kHeaderEnd = R"(","typ":"JWT"})";

// DER to the fixed-size r || s of RFC 7518, section 3.4.
std::string FromDer(const std::string& der) {
  const unsigned char* data = Bytes(der);
  Signature signature(d2i_ECDSA_SIG(nullptr, &data, static_cast<long>(der.size())));
  AF_CHECK(signature != nullptr);
  std::string out(2 * kCoordinateSize, '\0');
  auto* bytes = reinterpret_cast<unsigned char*>(out.data());
  AF_CHECK(BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), bytes, kCoordinateSize) ==
           kCoordinateSize);
  AF_CHECK(BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), bytes + kCoordinateSize,
                        kCoordinateSize) == kCoordinateSize);
  return out;
}

// Empty when r and s cannot be numbers of a signature.
std::string ToDer(std::string_view raw) {
  Signature signature(ECDSA_SIG_new());
  BIGNUM* r = BN_bin2bn(Bytes(raw), kCoordinateSize, nullptr);
  BIGNUM* s = BN_bin2bn(Bytes(raw) + kCoordinateSize, kCoordinateSize, nullptr);
  AF_CHECK(r != nullptr && s != nullptr && ECDSA_SIG_set0(signature.get(), r, s) == 1);
  unsigned char* data = nullptr;
  int size = i2d_ECDSA_SIG(signature.get(), &data);
  if (size <= 0) return {};
  std::string out(reinterpret_cast<char*>(data), static_cast<size_t>(size));
  OPENSSL_free(data);
  return out;
}

}  // namespace

struct SigningKey::Rep {
  Key key;
  std::string key_id;
};

absl::StatusOr<SigningKey> SigningKey::FromPem(std::string_view pem) {
  Key key(PEM_read_bio_PrivateKey(Reader(pem).get(), nullptr, nullptr, nullptr));
  if (key == nullptr) return BadKey("no PEM private key");
  if (!IsP256(key.get())) return BadKey("the private key is not on the curve P-256");
  auto rep = std::make_shared<Rep>();
  rep->key_id = MakeKeyId(key.get());
  rep->key = std::move(key);
  SigningKey out;
  out.rep_ = std::move(rep);
  return out;
}

SigningKey SigningKey::Generate() {
  auto rep = std::make_shared<Rep>();
  rep->key.reset(EVP_EC_gen("P-256"));
  AF_CHECK(rep->key != nullptr);
  rep->key_id = MakeKeyId(rep->key.get());
  SigningKey out;
  out.rep_ = std::move(rep);
  return out;
}

std::string SigningKey::Sign(std::string_view payload) const {
  std::string header(kHeaderStart);
  header += rep_->key_id;
  header += kHeaderEnd;
  std::string token = Base64UrlEncode(header) + "." + Base64UrlEncode(payload);
  DigestContext context(EVP_MD_CTX_new());
  AF_CHECK(EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, rep_->key.get()) == 1);
  size_t size = 0;
  AF_CHECK(EVP_DigestSign(context.get(), nullptr, &size, Bytes(token), token.size()) == 1);
  std::string der(size, '\0');
  AF_CHECK(EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(der.data()), &size,
                          Bytes(token), token.size()) == 1);
  der.resize(size);
  return token + "." + Base64UrlEncode(FromDer(der));
}

std::string SigningKey::PrivatePem() const {
  Memory memory(BIO_new(BIO_s_mem()));
  AF_CHECK(PEM_write_bio_PrivateKey(memory.get(), rep_->key.get(), nullptr, nullptr, 0, nullptr,
                                    nullptr) == 1);
  return Contents(memory);
}

std::string SigningKey::PublicPem() const {
  Memory memory(BIO_new(BIO_s_mem()));
  AF_CHECK(PEM_write_bio_PUBKEY(memory.get(), rep_->key.get()) == 1);
  return Contents(memory);
}

const std::string& SigningKey::key_id() const {
  return rep_->key_id;
}

struct VerifyingKey::Rep {
  Key key;
  std::string key_id;
};

absl::StatusOr<VerifyingKey> VerifyingKey::FromPem(std::string_view pem) {
  Key key(PEM_read_bio_PUBKEY(Reader(pem).get(), nullptr, nullptr, nullptr));
  if (key == nullptr) return BadKey("no PEM public key");
  if (!IsP256(key.get())) return BadKey("the public key is not on the curve P-256");
  auto rep = std::make_shared<Rep>();
  rep->key_id = MakeKeyId(key.get());
  rep->key = std::move(key);
  VerifyingKey out;
  out.rep_ = std::move(rep);
  return out;
}

const std::string& VerifyingKey::key_id() const {
  return rep_->key_id;
}

absl::StatusOr<std::string> VerifyingKey::Verify(std::string_view token) const {
  size_t first = token.find('.');
  size_t last = token.rfind('.');
  if (first == std::string_view::npos || first == last || token.find('.', first + 1) != last) {
    return Malformed("not a compact JWS: three parts with dots between them");
  }
  if (KeyIdOf(token).empty()) return Malformed("the header is not that of an ES256 token");
  auto payload = Base64UrlDecode(token.substr(first + 1, last - first - 1));
  auto raw = Base64UrlDecode(token.substr(last + 1));
  if (!payload) return Malformed("the payload is not base64url");
  auto invalid = [] {
    return Error(absl::StatusCode::kUnauthenticated, "TOKEN_SIGNATURE_INVALID",
                 "the signature does not hold");
  };
  if (!raw || raw->size() != 2 * kCoordinateSize) return invalid();
  std::string der = ToDer(*raw);
  DigestContext context(EVP_MD_CTX_new());
  AF_CHECK(EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, rep_->key.get()) ==
           1);
  if (EVP_DigestVerify(context.get(), Bytes(der), der.size(), Bytes(token), last) != 1) {
    return invalid();
  }
  return *std::move(payload);
}

std::string KeyIdOf(std::string_view token) {
  auto header = Base64UrlDecode(token.substr(0, token.find('.')));
  if (!header || !header->starts_with(kHeaderStart) || !header->ends_with(kHeaderEnd)) return {};
  size_t size = header->size() - kHeaderStart.size() - kHeaderEnd.size();
  if (header->size() < kHeaderStart.size() + kHeaderEnd.size()) return {};
  std::string id = header->substr(kHeaderStart.size(), size);
  if (id.find_first_of("\"\\") != std::string::npos) return {};
  return id;
}

}  // namespace agentflow::crypto
