#include "libs/base/uuid.h"

#include <bit>
#include <cstring>
#include <string>
#include <utility>

namespace agentflow {
namespace {

constexpr char kHex[] = "0123456789abcdef";

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool DashBefore(int byte) { return byte == 4 || byte == 6 || byte == 8 || byte == 10; }

std::array<uint8_t, 16> RandomBytes(Random& random) {
  std::array<uint8_t, 16> bytes;
  uint64_t words[2] = {random.Next(), random.Next()};
  std::memcpy(bytes.data(), words, 16);
  return bytes;
}

Uuid WithVersion(std::array<uint8_t, 16> bytes, int version) {
  bytes[6] = static_cast<uint8_t>((bytes[6] & 0x0f) | (version << 4));
  bytes[8] = static_cast<uint8_t>((bytes[8] & 0x3f) | 0x80);
  return Uuid(bytes);
}

// SHA-1 (FIPS 180-4), which UUIDv5 is defined by. Nothing here depends on its strength, and base
// may not link OpenSSL.
std::array<uint8_t, 20> Sha1(std::string message) {
  const uint64_t bits = message.size() * 8;
  message += static_cast<char>(0x80);
  while (message.size() % 64 != 56) message += '\0';
  for (int i = 7; i >= 0; --i) message += static_cast<char>(bits >> (8 * i));
  uint32_t h[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
  for (size_t block = 0; block < message.size(); block += 64) {
    uint32_t w[80];
    for (int i = 0; i < 16; ++i) {
      const auto* p = reinterpret_cast<const uint8_t*>(message.data()) + block + 4 * i;
      w[i] = uint32_t{p[0]} << 24 | uint32_t{p[1]} << 16 | uint32_t{p[2]} << 8 | p[3];
    }
    for (int i = 16; i < 80; ++i) {
      w[i] = std::rotl(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
    }
    uint32_t a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];
    for (int i = 0; i < 80; ++i) {
      uint32_t f, k;
      if (i < 20) {
        f = (b & c) | (~b & d), k = 0x5a827999;
      } else if (i < 40) {
        f = b ^ c ^ d, k = 0x6ed9eba1;
      } else if (i < 60) {
        f = (b & c) | (b & d) | (c & d), k = 0x8f1bbcdc;
      } else {
        f = b ^ c ^ d, k = 0xca62c1d6;
      }
      const uint32_t next = std::rotl(a, 5) + f + e + k + w[i];
      e = d, d = c, c = std::rotl(b, 30), b = a, a = next;
    }
    h[0] += a, h[1] += b, h[2] += c, h[3] += d, h[4] += e;
  }
  std::array<uint8_t, 20> digest;
  for (int i = 0; i < 20; ++i) digest[i] = static_cast<uint8_t>(h[i / 4] >> (8 * (3 - i % 4)));
  return digest;
}

}  // namespace

uint64_t EntropySeed() {
  std::random_device device;
  return (static_cast<uint64_t>(device()) << 32) | device();
}

Uuid Uuid::Make(Random& random) { return WithVersion(RandomBytes(random), 4); }

Uuid Uuid::MakeOrdered(int64_t unix_ms, Random& random) {
  std::array<uint8_t, 16> bytes = RandomBytes(random);
  for (int i = 0; i < 6; ++i) bytes[i] = static_cast<uint8_t>(unix_ms >> (8 * (5 - i)));
  return WithVersion(bytes, 7);
}

Uuid Uuid::MakeNamed(const Uuid& name_space, std::string_view name) {
  std::string message(reinterpret_cast<const char*>(name_space.bytes_.data()), 16);
  message += name;
  const std::array<uint8_t, 20> digest = Sha1(std::move(message));
  std::array<uint8_t, 16> bytes;
  std::memcpy(bytes.data(), digest.data(), 16);
  return WithVersion(bytes, 5);
}

std::optional<Uuid> Uuid::Parse(std::string_view text) {
  if (text.size() != 36) return std::nullopt;
  std::array<uint8_t, 16> bytes;
  size_t at = 0;
  for (int i = 0; i < 16; ++i) {
    if (DashBefore(i) && text[at++] != '-') return std::nullopt;
    int high = HexDigit(text[at++]);
    int low = HexDigit(text[at++]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes[i] = static_cast<uint8_t>(high << 4 | low);
  }
  return Uuid(bytes);
}

std::string Uuid::ToString() const {
  std::string text;
  text.reserve(36);
  for (int i = 0; i < 16; ++i) {
    if (DashBefore(i)) text += '-';
    text += kHex[bytes_[i] >> 4];
    text += kHex[bytes_[i] & 15];
  }
  return text;
}

}  // namespace agentflow
