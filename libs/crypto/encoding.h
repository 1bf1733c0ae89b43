#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace agentflow::crypto {

// RFC 4648 section 5, without padding.
std::string Base64UrlEncode(std::string_view data);
// Takes no padding and no other characters; the unused bits must be zero. nullopt otherwise.
std::optional<std::string> Base64UrlDecode(std::string_view text);

// RFC 4648 section 4, padded. Decoding takes both alphabets, padded or not (as ProtoJSON does).
std::string Base64Encode(std::string_view data);
std::optional<std::string> Base64Decode(std::string_view text);

// Lower-case hex.
std::string HexEncode(std::string_view data);
std::optional<std::string> HexDecode(std::string_view text);

// `number` in base 62 (0-9A-Za-z), left-padded with '0' to `width`; the checksum of API keys.
std::string Base62Encode(uint64_t number, int width);

}  // namespace agentflow::crypto
