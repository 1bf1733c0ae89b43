#include "libs/workflow/source_text.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "libs/base/status.h"
#include "libs/workflow/text_error.h"

namespace agentflow::workflow {
namespace {

constexpr std::string_view kWhiteSpace = " \t\r\n";

// Well-formed UTF-8 without surrogates and overlong forms.
bool IsUtf8(std::string_view text) {
  const auto* p = reinterpret_cast<const unsigned char*>(text.data());
  const auto* end = p + text.size();
  while (p < end) {
    if (*p < 0x80) {
      ++p;
      continue;
    }
    int extra = *p >= 0xf0 ? 3 : *p >= 0xe0 ? 2 : 1;
    if (*p < 0xc2 || *p > 0xf4 || end - p <= extra) return false;
    unsigned second = p[1];
    if ((*p == 0xe0 && second < 0xa0) || (*p == 0xed && second > 0x9f) ||
        (*p == 0xf0 && second < 0x90) || (*p == 0xf4 && second > 0x8f)) {
      return false;
    }
    for (int i = 1; i <= extra; ++i) {
      if ((p[i] & 0xc0) != 0x80) return false;
    }
    p += extra + 1;
  }
  return true;
}

// Walks text that json::Parse accepted and notes where each value starts.
class JsonScanner {
 public:
  JsonScanner(std::string_view text, Positions& positions) : text_(text), positions_(positions) {}

  void Scan() {
    Skip();
    ScanValue("");
  }

 private:
  void ScanValue(const std::string& pointer) {
    positions_.Set(pointer, {line_, column_}, text_[at_] == '"' ? 1 : 0);
    switch (text_[at_]) {
      case '{':
        return ScanMembers(pointer);
      case '[':
        return ScanElements(pointer);
      case '"':
        ScanString();
        return;
      default:
        while (at_ < text_.size() && text_.find_first_of(",]} \t\r\n", at_) != at_) Advance();
    }
  }

  void ScanMembers(const std::string& pointer) {
    Advance();
    for (Skip(); text_[at_] != '}'; Skip()) {
      if (text_[at_] == ',') {
        Advance();
        Skip();
      }
      std::string key = json::Parse(ScanString())->as_string();
      Skip();
      Advance();  // the colon
      Skip();
      ScanValue(pointer + "/" + json::EscapePointerToken(key));
    }
    Advance();
  }

  void ScanElements(const std::string& pointer) {
    Advance();
    int index = 0;
    for (Skip(); text_[at_] != ']'; Skip()) {
      if (text_[at_] == ',') {
        Advance();
        Skip();
      }
      ScanValue(pointer + "/" + std::to_string(index++));
    }
    Advance();
  }

  std::string_view ScanString() {
    size_t start = at_;
    Advance();
    while (text_[at_] != '"') {
      if (text_[at_] == '\\') Advance();
      Advance();
    }
    Advance();
    return text_.substr(start, at_ - start);
  }

  void Skip() {
    while (at_ < text_.size() && kWhiteSpace.find(text_[at_]) != kWhiteSpace.npos) Advance();
  }

  // Columns count characters, not bytes.
  void Advance() {
    unsigned char c = text_[at_++];
    if (c == '\n') {
      ++line_;
      column_ = 1;
    } else if ((c & 0xc0) != 0x80) {
      ++column_;
    }
    while (at_ < text_.size() && (static_cast<unsigned char>(text_[at_]) & 0xc0) == 0x80) ++at_;
  }

  std::string_view text_;
  Positions& positions_;
  size_t at_ = 0;
  int line_ = 1;
  int column_ = 1;
};

absl::Status CheckText(std::string_view text, const TextLimits& limits) {
  if (text.size() > limits.bytes) {
    return Error(absl::StatusCode::kInvalidArgument, "TEXT_TOO_LARGE",
                 "The document has " + std::to_string(text.size()) + " bytes; at most " +
                     std::to_string(limits.bytes) +
                     " are accepted. Split it into smaller workflows.",
                 {{kErrorLimit, "document.bytes"}});
  }
  if (!IsUtf8(text)) {
    return TextError("TEXT_NOT_UTF8", {},
                     "The document is not valid UTF-8. Save it in the encoding UTF-8.");
  }
  if (text.find('\0') != text.npos) {
    return TextError("TEXT_NOT_UTF8", {}, "The document contains a NUL character. Remove it.");
  }
  return absl::OkStatus();
}

// The JSON parser's errors as ours, with a position.
absl::Status JsonRefusal(const absl::Status& status, std::string_view text,
                         const TextLimits& limits) {
  if (ReasonOf(status) == "JSON_DUPLICATE_KEY" || ReasonOf(status) == "JSON_TOO_DEEP") {
    bool deep = ReasonOf(status) == "JSON_TOO_DEEP";
    std::string_view reason = deep ? "TEXT_TOO_DEEP" : "DUPLICATE_KEY";
    // JSON is YAML, and the YAML reader knows where it stands.
    auto as_yaml = ParseYaml(text, limits);
    if (!as_yaml.ok() && ReasonOf(as_yaml.status()) == reason) return as_yaml.status();
    return TextError(reason, {}, MessageOf(status));
  }
  // "... at line 2, column 6: ..." or "line 2, column 6: ...".
  std::string message = MessageOf(status);
  Position position;
  size_t at = message.find("line ");
  if (at != message.npos) {
    std::sscanf(message.c_str() + at, "line %d, column %d", &position.line, &position.column);
    position.column = std::max(position.column, 1);  // 0 where a line break itself is the error
    size_t colon = message.find(": ", at);
    if (position.line != 0 && colon != message.npos) message = message.substr(colon + 2);
  }
  return TextError("JSON_MALFORMED", position, "This is not valid JSON: " + message + ".");
}

}  // namespace

absl::Status TextError(std::string_view reason, Position position, std::string_view message) {
  if (position.line == 0) return Error(absl::StatusCode::kInvalidArgument, reason, message);
  std::string line = std::to_string(position.line);
  std::string column = std::to_string(position.column);
  return Error(absl::StatusCode::kInvalidArgument, reason,
               "Line " + line + ", column " + column + ": " + std::string(message),
               {{"line", line}, {"column", column}});
}

Position Positions::Find(std::string_view pointer) const {
  while (true) {
    if (auto it = map_.find(pointer); it != map_.end()) return it->second.position;
    size_t slash = pointer.rfind('/');
    if (slash == pointer.npos) return {};
    pointer = pointer.substr(0, slash);
  }
}

Position Positions::FindContent(std::string_view pointer) const {
  auto it = map_.find(pointer);
  if (it == map_.end() || it->second.content_shift < 0) return {};
  Position position = it->second.position;
  position.column += it->second.content_shift;
  return position;
}

absl::StatusOr<SourceText> ParseJson(std::string_view text, const TextLimits& limits) {
  AF_RETURN_IF_ERROR(CheckText(text, limits));
  auto value = json::Parse(text, {.depth = limits.depth, .bytes = limits.bytes});
  if (!value.ok()) return JsonRefusal(value.status(), text, limits);
  SourceText result{.value = *std::move(value), .format = TextFormat::kJson};
  JsonScanner(text, result.positions).Scan();
  return result;
}

absl::StatusOr<SourceText> ParseText(std::string_view text, const TextLimits& limits) {
  AF_RETURN_IF_ERROR(CheckText(text, limits));
  size_t first = text.find_first_not_of(kWhiteSpace);
  if (first == text.npos) {
    return TextError("TEXT_EMPTY", {},
                     "The document is empty. Start with `apiVersion: agentflow/v1`.");
  }
  if (text[first] != '{' && text[first] != '[') return ParseYaml(text, limits);
  auto as_json = ParseJson(text, limits);
  if (as_json.ok() || ReasonOf(as_json.status()) != "JSON_MALFORMED") return as_json;
  // Flow style YAML looks much the same; where that fails too, the JSON message is the better one.
  auto as_yaml = ParseYaml(text, limits);
  if (!as_yaml.ok() && ReasonOf(as_yaml.status()) == "YAML_MALFORMED") return as_json;
  return as_yaml;
}

}  // namespace agentflow::workflow
