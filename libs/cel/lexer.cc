#include "libs/cel/lexer.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace agentflow::cel {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsHex(char c) { return IsDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool IsNameStart(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool IsNamePart(char c) { return IsNameStart(c) || IsDigit(c); }

class Lexer {
 public:
  explicit Lexer(Ast& ast) : ast_(ast), text_(ast.text) {}

  std::vector<Token> Run() {
    while (true) {
      SkipBlanks();
      Token token;
      token.begin = at_;
      if (at_ >= text_.size()) {
        token.end = at_;
        tokens_.push_back(token);
        return std::move(tokens_);
      }
      Read(token);
      token.end = at_;
      if (token.text.empty()) token.text = text_.substr(token.begin, at_ - token.begin);
      tokens_.push_back(token);
    }
  }

 private:
  char Peek(size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }

  void Problem(uint32_t begin, std::string message) {
    if (ast_.issues.size() >= 10 * kMaxIssues) return;
    ast_.issues.push_back(ast_.IssueAt(begin, std::max(at_, begin + 1), std::move(message)));
  }

  void SkipBlanks() {
    while (at_ < text_.size()) {
      char c = text_[at_];
      if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f') {
        ++at_;
      } else if (c == '/' && Peek(1) == '/') {
        while (at_ < text_.size() && text_[at_] != '\n') ++at_;
      } else {
        return;
      }
    }
  }

  void Read(Token& token) {
    char c = Peek();
    if (size_t prefix = StringPrefix()) {
      ReadString(token, prefix - 1);
    } else if (IsNameStart(c)) {
      while (IsNamePart(Peek())) ++at_;
      token.kind = TokenKind::kIdent;
    } else if (IsDigit(c) || (c == '.' && IsDigit(Peek(1)) && !AfterOperand())) {
      ReadNumber(token);
    } else if (c == '`') {
      ReadQuotedName(token);
    } else {
      ReadPunctuation(token);
    }
  }

  // Whether a dot here selects a field of what was just read.
  bool AfterOperand() const {
    if (tokens_.empty()) return false;
    const Token& last = tokens_.back();
    return last.kind == TokenKind::kIdent || last.kind == TokenKind::kConstant ||
           last.text == ")" || last.text == "]" || last.text == "}";
  }

  void ReadPunctuation(Token& token) {
    static constexpr std::string_view kTwo[] = {"&&", "||", "==", "!=", "<=", ">="};
    token.kind = TokenKind::kPunctuation;
    for (std::string_view two : kTwo) {
      if (text_.substr(at_, 2) == two) {
        at_ += 2;
        return;
      }
    }
    char c = Peek();
    ++at_;
    if (std::string_view("+-*/%!<>?:.,()[]{}").find(c) != std::string_view::npos) return;
    token.kind = TokenKind::kInvalid;
    while (at_ < text_.size() && (static_cast<unsigned char>(text_[at_]) & 0xc0) == 0x80) ++at_;
    std::string shown(text_.substr(token.begin, at_ - token.begin));
    if (c == '=') {
      Problem(token.begin, "'=' is no operator; to compare write '=='");
    } else if (c == '&' || c == '|') {
      Problem(token.begin, "'" + shown + "' is no operator; write '" + shown + shown + "'");
    } else {
      Problem(token.begin, "unexpected character '" + shown + "'");
    }
  }

  void ReadQuotedName(Token& token) {
    ++at_;
    auto allowed = [](char c) {
      return IsNamePart(c) || c == '.' || c == '-' || c == '/' || c == ' ';
    };
    while (allowed(Peek())) ++at_;
    token.kind = TokenKind::kQuotedIdent;
    token.text = text_.substr(token.begin + 1, at_ - token.begin - 1);
    if (Peek() == '`' && !token.text.empty()) {
      ++at_;
      return;
    }
    token.kind = TokenKind::kInvalid;
    Problem(token.begin, "a quoted name `...` holds letters, digits and _.-/ and blanks, and ends "
                         "with a backtick");
  }

  void ReadNumber(Token& token) {
    token.kind = TokenKind::kConstant;
    if (Peek() == '0' && (Peek(1) == 'x' || Peek(1) == 'X')) {
      at_ += 2;
      uint32_t digits = at_;
      while (IsHex(Peek())) ++at_;
      FinishInt(token, text_.substr(digits, at_ - digits), 16);
      return;
    }
    while (IsDigit(Peek())) ++at_;
    bool is_double = false;
    if (Peek() == '.' && IsDigit(Peek(1))) {
      is_double = true;
      ++at_;
      while (IsDigit(Peek())) ++at_;
    }
    size_t sign = Peek(1) == '+' || Peek(1) == '-' ? 1 : 0;
    if ((Peek() == 'e' || Peek() == 'E') && IsDigit(Peek(1 + sign))) {
      is_double = true;
      at_ += static_cast<uint32_t>(1 + sign);
      while (IsDigit(Peek())) ++at_;
    }
    std::string_view digits = text_.substr(token.begin, at_ - token.begin);
    if (!is_double) {
      FinishInt(token, digits, 10);
      return;
    }
    double number = 0;
    auto result = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (result.ec == std::errc::result_out_of_range) number = OutOfRangeDouble(digits);
    token.constant = Value::Double(number);
    RefuseSuffix(token);
  }

  // from_chars does not tell whether the number is too large or too small.
  static double OutOfRangeDouble(std::string_view digits) {
    return std::strtod(std::string(digits).c_str(), nullptr);
  }

  void FinishInt(Token& token, std::string_view digits, int base) {
    uint64_t number = 0;
    auto result = std::from_chars(digits.data(), digits.data() + digits.size(), number, base);
    bool fits = result.ec == std::errc() && !digits.empty();
    if (Peek() == 'u' || Peek() == 'U') {
      ++at_;
      token.constant = Value::Uint(number);
      if (!fits) Problem(token.begin, "the number does not fit into a uint (64 bits)");
    } else {
      token.is_int_min = fits && number == uint64_t{1} << 63;
      token.constant = Value::Int(static_cast<int64_t>(number));
      if (!fits || number > uint64_t{1} << 63) {
        Problem(token.begin, "the number does not fit into an int (64 bits)");
      }
    }
    RefuseSuffix(token);
  }

  void RefuseSuffix(Token& token) {
    if (!IsNamePart(Peek())) return;
    while (IsNamePart(Peek())) ++at_;
    Problem(token.begin,
            "'" + std::string(text_.substr(token.begin, at_ - token.begin)) + "' is no number");
  }

  // 1 + the number of prefix letters where a string begins here, else 0.
  size_t StringPrefix() const {
    size_t letters = 0;
    if (Peek() == 'b' || Peek() == 'B') ++letters;
    if (Peek(letters) == 'r' || Peek(letters) == 'R') ++letters;
    if (letters == 1 && (Peek() == 'r' || Peek() == 'R') && (Peek(1) == 'b' || Peek(1) == 'B')) {
      ++letters;
    }
    char quote = Peek(letters);
    return quote == '"' || quote == '\'' ? letters + 1 : 0;
  }

  void ReadString(Token& token, size_t prefix) {
    bool raw = false;
    bool bytes = false;
    for (size_t i = 0; i < prefix; ++i) {
      raw |= Peek(i) == 'r' || Peek(i) == 'R';
      bytes |= Peek(i) == 'b' || Peek(i) == 'B';
    }
    at_ += static_cast<uint32_t>(prefix);
    char quote = Peek();
    bool triple = Peek(1) == quote && Peek(2) == quote;
    at_ += triple ? 3 : 1;
    std::string& out = ast_.strings.emplace_back();
    token.kind = TokenKind::kConstant;
    while (true) {
      if (at_ >= text_.size() || (!triple && (Peek() == '\n' || Peek() == '\r'))) {
        token.kind = TokenKind::kInvalid;
        Problem(token.begin, "the text begun here does not end");
        return;
      }
      bool ends = Peek() == quote && (!triple || (Peek(1) == quote && Peek(2) == quote));
      if (ends) break;
      if (Peek() == '\\' && !raw) {
        ReadEscape(out, bytes);
      } else {
        out += text_[at_++];
      }
    }
    at_ += triple ? 3 : 1;
    token.constant = bytes ? Value::Bytes(out) : Value::String(out);
  }

  std::optional<uint32_t> TakeCode(size_t digits, int base) {
    uint32_t code = 0;
    std::string_view part = text_.substr(std::min<size_t>(at_, text_.size()), digits);
    auto result = std::from_chars(part.data(), part.data() + part.size(), code, base);
    if (part.size() < digits || result.ptr != part.data() + digits) return std::nullopt;
    at_ += static_cast<uint32_t>(digits);
    return code;
  }

  void ReadEscape(std::string& out, bool bytes) {
    static constexpr std::string_view kNames = "abfnrtv\\?\"'`";
    static constexpr std::string_view kMeans = "\a\b\f\n\r\t\v\\?\"'`";
    uint32_t begin = at_;
    char c = Peek(1);
    at_ += 2;
    if (size_t i = kNames.find(c); c != '\0' && i != std::string_view::npos) {
      out += kMeans[i];
      return;
    }
    std::optional<uint32_t> code;
    bool is_byte = true;  // \x and octal name a byte in bytes, a code point in strings
    if (c == 'x' || c == 'X') {
      code = TakeCode(2, 16);
    } else if (c >= '0' && c <= '3') {
      --at_;
      code = TakeCode(3, 8);
    } else if (c == 'u' || c == 'U') {
      is_byte = false;
      code = TakeCode(c == 'u' ? 4 : 8, 16);
    }
    at_ = std::min(at_, static_cast<uint32_t>(text_.size()));
    bool valid = code && (*code < 0xd800 || (*code > 0xdfff && *code <= 0x10ffff));
    if (!valid || (bytes && !is_byte)) {
      Problem(begin, "unknown escape '" + std::string(text_.substr(begin, at_ - begin)) +
                         "'; for a backslash write '\\\\'");
    } else if (bytes) {
      out += static_cast<char>(*code);
    } else {
      AppendUtf8(out, *code);
    }
  }

  Ast& ast_;
  std::string_view text_;
  uint32_t at_ = 0;
  std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> Tokenize(Ast& ast) { return Lexer(ast).Run(); }

bool IsReserved(std::string_view name) {
  static constexpr std::string_view kWords[] = {
      "as",       "break",   "const",  "continue", "else", "false", "for",
      "function", "if",      "import", "in",       "let",  "loop",  "namespace",
      "null",     "package", "return", "true",     "var",  "void",  "while"};
  return std::find(std::begin(kWords), std::end(kWords), name) != std::end(kWords);
}

bool IsValidUtf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    auto c = static_cast<unsigned char>(text[i]);
    size_t length = c < 0x80 ? 1 : c >= 0xc2 && c < 0xe0 ? 2 : (c & 0xf0) == 0xe0 ? 3
                    : c >= 0xf0 && c < 0xf5 ? 4 : 0;
    if (!length || i + length > text.size()) return false;
    uint32_t code = length == 1 ? c : c & (0xff >> (length + 1));
    for (size_t k = 1; k < length; ++k) {
      auto next = static_cast<unsigned char>(text[i + k]);
      if ((next & 0xc0) != 0x80) return false;
      code = code << 6 | (next & 0x3f);
    }
    bool overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
    if (overlong || (code >= 0xd800 && code <= 0xdfff) || code > 0x10ffff) return false;
    i += length;
  }
  return true;
}

void AppendUtf8(std::string& out, uint32_t code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xc0 | code >> 6);
    out += static_cast<char>(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xe0 | code >> 12);
    out += static_cast<char>(0x80 | (code >> 6 & 0x3f));
    out += static_cast<char>(0x80 | (code & 0x3f));
  } else {
    out += static_cast<char>(0xf0 | code >> 18);
    out += static_cast<char>(0x80 | (code >> 12 & 0x3f));
    out += static_cast<char>(0x80 | (code >> 6 & 0x3f));
    out += static_cast<char>(0x80 | (code & 0x3f));
  }
}

}  // namespace agentflow::cel
