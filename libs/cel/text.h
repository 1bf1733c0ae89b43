#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "libs/cel/value.h"

// Text as code points, and numbers as text.
namespace agentflow::cel {

size_t CodePoints(std::string_view text);
// The byte where code point `index` begins; text.size() for the end, npos beyond.
size_t ByteOffset(std::string_view text, size_t index);
// The code point that begins at byte `at`, and its bytes. REQUIRES: valid UTF-8.
uint32_t CodePointAt(std::string_view text, size_t at, size_t& bytes);
// As find(), but in linear time whatever the texts are.
size_t FindText(std::string_view text, std::string_view part, size_t from = 0);

// The beginning of a text for a message, cut between characters; "..." for what is no text.
std::string Shorten(std::string_view text, size_t bytes = 60);

// As the language writes them: "1", "0.0045", "1e+100", "Infinity", "NaN".
std::string FormatDouble(double number);
bool ParseInt(std::string_view text, int64_t& out);
bool ParseUint(std::string_view text, uint64_t& out);
bool ParseDouble(std::string_view text, double& out);

std::string EncodeBase64(std::string_view bytes);
// The standard alphabet; padding is whole or missing. False for what is no base64.
bool DecodeBase64(std::string_view text, std::string& out);

}  // namespace agentflow::cel
