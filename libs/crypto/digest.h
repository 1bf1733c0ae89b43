#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "libs/base/uuid.h"

// Hashes. All functions are thread-safe and never fail: bad inputs do not exist for them.
namespace agentflow::crypto {

using Sha256Bytes = std::array<uint8_t, 32>;

Sha256Bytes Sha256(std::string_view data);
// 64 lower-case hex digits.
std::string Sha256Hex(std::string_view data);
Sha256Bytes HmacSha256(std::string_view key, std::string_view data);

// Whether a and b are equal, in a time that depends on their lengths only.
bool ConstantTimeEqual(std::string_view a, std::string_view b);

// Version 5 (RFC 9562): the id that follows from a name, by SHA-1.
Uuid UuidV5(const Uuid& name_space, std::string_view name);

// CRC-32 (IEEE 802.3), the checksum that tells a mistyped API key from a wrong one.
uint32_t Crc32(std::string_view data);

inline std::string_view AsText(const Sha256Bytes& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace agentflow::crypto
