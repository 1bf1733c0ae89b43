#pragma once

#include <cstdint>
#include <string_view>

#include "absl/status/statusor.h"

namespace agentflow::designer {

enum class OffsetUnit { kUtf8Bytes, kUtf16Units, kCodePoints };

// Places of a text in the unit that the caller counts in. The text must outlive it and be UTF-8.
class TextPositions {
 public:
  TextPositions(std::string_view text, OffsetUnit unit) : text_(text), unit_(unit) {}

  struct Place {
    int32_t offset = 0;  // from 0
    int32_t length = 0;
    int32_t line = 1;  // from 1
    int32_t column = 1;
  };
  // Of the bytes [begin, end); what lies behind the text is its end.
  Place Of(uint32_t begin, uint32_t end) const;

  // The byte that `offset` names. INVALID_ARGUMENT, reason CURSOR_INVALID, where it is behind the
  // text or inside a character.
  absl::StatusOr<uint32_t> ByteAt(int64_t offset) const;

  // The byte at a line and a column of code points, both from 1; the end where there is none.
  uint32_t ByteOfLine(int line, int column) const;

 private:
  int32_t Units(uint32_t begin, uint32_t end) const;

  std::string_view text_;
  OffsetUnit unit_;
};

// The end of the word, number or operator that begins at a byte: what an error at one place is
// about.
uint32_t EndOfToken(std::string_view text, uint32_t begin);

}  // namespace agentflow::designer
