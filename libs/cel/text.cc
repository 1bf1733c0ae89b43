#include "libs/cel/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>

#include "libs/cel/lexer.h"

namespace agentflow::cel {
namespace {

bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

constexpr char kBase64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int Base64Digit(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  if (c == '/') return 63;
  return -1;
}

// How many of eight bytes begin a code point.
size_t StartsInEight(const char* bytes) {
  uint64_t word;
  std::memcpy(&word, bytes, sizeof(word));
  // A continuation byte is 10xxxxxx: its bit 7 is set, its bit 6 is not.
  uint64_t continuations = (word >> 7) & ~(word >> 6) & 0x0101010101010101u;
  return 8 - static_cast<size_t>((continuations * 0x0101010101010101u) >> 56);  // their sum
}

}  // namespace

size_t CodePoints(std::string_view text) {
  size_t count = 0;
  size_t at = 0;
  for (; at + 8 <= text.size(); at += 8) count += StartsInEight(text.data() + at);
  for (; at < text.size(); ++at) count += !IsContinuation(text[at]);
  return count;
}

size_t ByteOffset(std::string_view text, size_t index) {
  size_t at = 0;
  // Eight bytes at a time, as long as they do not reach the code point.
  for (; at + 8 <= text.size(); at += 8) {
    size_t starts = StartsInEight(text.data() + at);
    if (starts > index) break;
    index -= starts;
  }
  for (; at < text.size(); ++at) {
    if (IsContinuation(text[at])) continue;
    if (index == 0) return at;
    --index;
  }
  return index == 0 ? at : std::string_view::npos;
}

uint32_t CodePointAt(std::string_view text, size_t at, size_t& bytes) {
  auto first = static_cast<unsigned char>(text[at]);
  bytes = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  bytes = std::min(bytes, text.size() - at);
  uint32_t code = bytes == 1 ? first : first & (0xffu >> (bytes + 1));
  for (size_t i = 1; i < bytes; ++i) {
    code = code << 6 | (static_cast<unsigned char>(text[at + i]) & 0x3f);
  }
  return code;
}

size_t FindText(std::string_view text, std::string_view part, size_t from) {
  if (from > text.size()) return std::string_view::npos;
  if (part.empty()) return from;
  const void* found = memmem(text.data() + from, text.size() - from, part.data(), part.size());
  return found ? static_cast<size_t>(static_cast<const char*>(found) - text.data())
               : std::string_view::npos;
}

std::string Shorten(std::string_view text, size_t bytes) {
  size_t cut = std::min(text.size(), bytes);
  while (cut < text.size() && cut > 0 && IsContinuation(text[cut])) --cut;
  std::string_view part = text.substr(0, cut);
  if (!IsValidUtf8(part)) return "...";
  return std::string(part) + (cut < text.size() ? "..." : "");
}

std::string FormatDouble(double number) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number < 0 ? "-Infinity" : "Infinity";
  std::array<char, 40> buffer;
  double size = std::fabs(number);
  bool plain = number == 0 || (size >= 1e-6 && size < 1e21);
  auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number,
                              plain ? std::chars_format::fixed : std::chars_format::scientific);
  return std::string(buffer.data(), result.ptr);
}

bool ParseInt(std::string_view text, int64_t& out) {
  if (!text.empty() && text[0] == '+') {
    text.remove_prefix(1);
    if (!text.empty() && text[0] == '-') return false;
  }
  auto result = std::from_chars(text.data(), text.data() + text.size(), out);
  return result.ec == std::errc() && result.ptr == text.data() + text.size();
}

bool ParseUint(std::string_view text, uint64_t& out) {
  if (!text.empty() && text[0] == '+') text.remove_prefix(1);
  auto result = std::from_chars(text.data(), text.data() + text.size(), out);
  return result.ec == std::errc() && result.ptr == text.data() + text.size();
}

bool ParseDouble(std::string_view text, double& out) {
  bool negative = !text.empty() && text[0] == '-';
  if (negative || (!text.empty() && text[0] == '+')) text.remove_prefix(1);
  if (text.empty() || text[0] == '-' || text[0] == '+' || text.back() == ')') return false;
  auto result = std::from_chars(text.data(), text.data() + text.size(), out);
  if (result.ec == std::errc::invalid_argument || result.ptr != text.data() + text.size()) {
    return false;
  }
  if (result.ec == std::errc::result_out_of_range) {
    out = std::strtod(std::string(text).c_str(), nullptr);
    if (std::isinf(out)) return false;
  }
  if (negative) out = -out;
  return true;
}

std::string EncodeBase64(std::string_view bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t group = 0;
    size_t count = std::min<size_t>(3, bytes.size() - i);
    for (size_t k = 0; k < 3; ++k) {
      group = group << 8 | (k < count ? static_cast<unsigned char>(bytes[i + k]) : 0u);
    }
    for (size_t k = 0; k < 4; ++k) {
      out += k <= count ? kBase64[group >> (18 - 6 * k) & 63] : '=';
    }
  }
  return out;
}

bool DecodeBase64(std::string_view text, std::string& out) {
  if (text.size() % 4 == 0) {
    for (int i = 0; i < 2 && !text.empty() && text.back() == '='; ++i) text.remove_suffix(1);
  }
  if (text.size() % 4 == 1) return false;
  out.clear();
  out.reserve(text.size() / 4 * 3 + 2);
  uint32_t group = 0;
  int bits = 0;
  for (char c : text) {
    int digit = Base64Digit(c);
    if (digit < 0) return false;
    group = group << 6 | static_cast<uint32_t>(digit);
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    out += static_cast<char>(group >> bits & 0xff);
  }
  return true;
}

}  // namespace agentflow::cel
