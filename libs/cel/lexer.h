#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "libs/cel/ast.h"

namespace agentflow::cel {

enum class TokenKind : uint8_t {
  kEnd, kIdent, kQuotedIdent, kConstant, kPunctuation, kInvalid
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  uint32_t begin = 0;
  uint32_t end = 0;
  std::string_view text;    // of the source; without the backticks of a quoted identifier
  Value constant;           // of kConstant
  bool is_int_min = false;  // 9223372036854775808, which only fits behind a minus
};

// The tokens of ast.text, the last one is kEnd. Errors go to ast.issues.
std::vector<Token> Tokenize(Ast& ast);

bool IsReserved(std::string_view name);  // cannot be a variable: "as", "while", ...
bool IsValidUtf8(std::string_view text);
void AppendUtf8(std::string& out, uint32_t code_point);

}  // namespace agentflow::cel
