#include "libs/crypto/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include "libs/base/status.h"
#include "libs/crypto/encoding.h"

namespace agentflow::crypto {
namespace {

const unsigned char* Bytes(std::string_view data) {
  return reinterpret_cast<const unsigned char*>(data.data());
}

std::array<uint32_t, 256> MakeCrcTable() {
  std::array<uint32_t, 256> table;
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xEDB88320u : 0);
    table[i] = crc;
  }
  return table;
}

}  // namespace

Sha256Bytes Sha256(std::string_view data) {
  Sha256Bytes out;
  SHA256(Bytes(data), data.size(), out.data());
  return out;
}

std::string Sha256Hex(std::string_view data) {
  return HexEncode(AsText(Sha256(data)));
}

Sha256Bytes HmacSha256(std::string_view key, std::string_view data) {
  Sha256Bytes out;
  unsigned int size = 0;
  AF_CHECK(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), Bytes(data), data.size(),
                out.data(), &size) != nullptr);
  return out;
}

bool ConstantTimeEqual(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

Uuid UuidV5(const Uuid& name_space, std::string_view name) {
  std::string input(reinterpret_cast<const char*>(name_space.bytes().data()), 16);
  input += name;
  unsigned char hash[SHA_DIGEST_LENGTH];
  SHA1(Bytes(input), input.size(), hash);
  std::array<uint8_t, 16> bytes;
  std::copy(hash, hash + 16, bytes.begin());
  bytes[6] = static_cast<uint8_t>((bytes[6] & 0x0F) | 0x50);
  bytes[8] = static_cast<uint8_t>((bytes[8] & 0x3F) | 0x80);
  return Uuid(bytes);
}

uint32_t Crc32(std::string_view data) {
  static const std::array<uint32_t, 256> table = MakeCrcTable();
  uint32_t crc = 0xFFFFFFFFu;
  for (unsigned char byte : data) crc = (crc >> 8) ^ table[(crc ^ byte) & 0xFF];
  return ~crc;
}

}  // namespace agentflow::crypto
