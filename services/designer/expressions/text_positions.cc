#include "services/designer/expressions/text_positions.h"

#include <algorithm>
#include <string>

#include "libs/base/status.h"

namespace agentflow::designer {
namespace {

bool IsContinuation(char c) {
  return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
}

// Of the character whose first byte this is; its other bytes count in kUtf8Bytes alone.
int Weight(char c, OffsetUnit unit) {
  if (unit == OffsetUnit::kUtf8Bytes) return 1;
  if (IsContinuation(c)) return 0;
  // Four bytes of UTF-8 are a surrogate pair.
  return unit == OffsetUnit::kUtf16Units && static_cast<unsigned char>(c) >= 0xf0 ? 2 : 1;
}

bool IsWord(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

}  // namespace

int32_t TextPositions::Units(uint32_t begin, uint32_t end) const {
  int32_t units = 0;
  for (uint32_t i = begin; i < end; ++i) units += Weight(text_[i], unit_);
  return units;
}

TextPositions::Place TextPositions::Of(uint32_t begin, uint32_t end) const {
  const auto size = static_cast<uint32_t>(text_.size());
  begin = std::min(begin, size);
  end = std::clamp(end, begin, size);
  const std::string_view before = text_.substr(0, begin);
  const size_t break_before = before.rfind('\n');
  const auto line_begin = break_before == before.npos ? 0 : static_cast<uint32_t>(break_before) + 1;
  return {.offset = Units(0, begin),
          .length = Units(begin, end),
          .line = 1 + static_cast<int32_t>(std::count(before.begin(), before.end(), '\n')),
          .column = 1 + Units(line_begin, begin)};
}

absl::StatusOr<uint32_t> TextPositions::ByteAt(int64_t offset) const {
  int64_t units = 0;
  uint32_t byte = 0;
  const auto size = static_cast<uint32_t>(text_.size());
  while (byte < size && units < offset) units += Weight(text_[byte++], unit_);
  // Behind the first byte of a character the others follow.
  bool inside = byte < size && IsContinuation(text_[byte]);
  if (unit_ != OffsetUnit::kUtf8Bytes) {
    while (byte < size && IsContinuation(text_[byte])) ++byte;
    inside = false;
  }
  if (units == offset && offset >= 0 && !inside) return byte;
  return InvalidArgument("CURSOR_INVALID", "cursor",
                         "The cursor lies behind the expression or inside a character. It counts "
                         "from 0 to " +
                             std::to_string(Units(0, size)) + " in the unit of `offsetUnit`.");
}

uint32_t TextPositions::ByteOfLine(int line, int column) const {
  size_t at = 0;
  for (int i = 1; i < line && at < text_.size(); ++i) {
    at = std::min(text_.find('\n', at), text_.size() - 1) + 1;
  }
  for (int i = 1; i < column && at < text_.size(); ++i) {
    ++at;
    while (at < text_.size() && IsContinuation(text_[at])) ++at;
  }
  return static_cast<uint32_t>(at);
}

uint32_t EndOfToken(std::string_view text, uint32_t begin) {
  uint32_t end = begin;
  const auto size = static_cast<uint32_t>(text.size());
  while (end < size && IsWord(text[end])) ++end;
  if (end > begin || begin >= size) return end;
  constexpr std::string_view kPairs[] = {"&&", "||", "==", "!=", "<=", ">="};
  for (std::string_view pair : kPairs) {
    if (text.substr(begin, 2) == pair) return begin + 2;
  }
  do ++end;
  while (end < size && IsContinuation(text[end]));
  return end;
}

}  // namespace agentflow::designer
