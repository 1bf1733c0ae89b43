#include "libs/base/uuid.h"

#include <cstring>

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
