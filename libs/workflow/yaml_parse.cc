#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <sstream>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "libs/base/status.h"
#include "libs/workflow/source_text.h"
#include "libs/workflow/text_error.h"

// yaml-cpp splits the text into events; the types of scalars are decided here.
namespace agentflow::workflow {
namespace {

// Leaves yaml-cpp's parser; never leaves this file.
struct Refusal {
  absl::Status status;
};

[[noreturn]] void Refuse(std::string_view reason, Position position, std::string_view message) {
  throw Refusal{TextError(reason, position, message)};
}

// yaml-cpp counts bytes; people count characters.
Position At(std::string_view text, const YAML::Mark& mark) {
  size_t end = std::min(text.size(), static_cast<size_t>(mark.pos));
  size_t begin = end - std::min(end, static_cast<size_t>(mark.column));
  int column = 1;
  for (size_t i = begin; i < end; ++i) column += (static_cast<uint8_t>(text[i]) & 0xc0) != 0x80;
  return {mark.line + 1, column};
}

bool AllOf(std::string_view text, std::string_view alphabet) {
  return !text.empty() && text.find_first_not_of(alphabet) == text.npos;
}

constexpr std::string_view kDigits = "0123456789";

// [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?
bool LooksLikeFloat(std::string_view text) {
  auto skip = [&text](std::string_view alphabet) {
    size_t n = text.find_first_not_of(alphabet);
    if (n == text.npos) n = text.size();
    text.remove_prefix(n);
    return n;
  };
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  size_t whole = skip(kDigits);
  size_t fraction = 0;
  if (!text.empty() && text[0] == '.') {
    text.remove_prefix(1);
    fraction = skip(kDigits);
  }
  if (whole + fraction == 0) return false;
  if (text.empty()) return true;
  if (text[0] != 'e' && text[0] != 'E') return false;
  text.remove_prefix(1);
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  return AllOf(text, kDigits);
}

std::optional<double> ParseRadix(std::string_view text) {
  if (text.size() < 3 || text[0] != '0') return std::nullopt;
  int radix = text[1] == 'o' ? 8 : text[1] == 'x' ? 16 : 0;
  if (radix == 0) return std::nullopt;
  std::string_view digits = text.substr(2);
  if (!AllOf(digits, radix == 8 ? "01234567" : "0123456789abcdefABCDEF")) return std::nullopt;
  double number = 0;
  for (char c : digits) {
    int digit = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
    number = number * radix + digit;
  }
  return number;
}

// The core schema's number, or nothing.
std::optional<json::Value> ParseNumber(const std::string& text, Position position) {
  if (auto radix = ParseRadix(text)) return json::Value::Number(*radix);
  std::string_view unsigned_text = text;
  if (text[0] == '-' || text[0] == '+') unsigned_text.remove_prefix(1);
  if (unsigned_text == ".inf" || unsigned_text == ".Inf" || unsigned_text == ".INF" ||
      text == ".nan" || text == ".NaN" || text == ".NAN") {
    Refuse("YAML_NUMBER_NOT_JSON", position,
           "`" + text + "` is a number that JSON cannot hold. Quote it if text is meant.");
  }
  if (!LooksLikeFloat(text)) return std::nullopt;
  double number = std::strtod(text.c_str(), nullptr);
  if (!std::isfinite(number)) {
    Refuse("YAML_NUMBER_NOT_JSON", position, "`" + text + "` is out of range for a number.");
  }
  return json::Value::Number(number);
}

json::Value ResolvePlain(const std::string& text, Position position) {
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") return {};
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  if (auto number = ParseNumber(text, position)) return *number;
  return text;
}

json::Value ResolveTagged(const std::string& tag, const std::string& text, Position position) {
  constexpr std::string_view kCore = "tag:yaml.org,2002:";
  if (tag == "!") return text;
  if (tag.empty() || tag == "?") return ResolvePlain(text, position);
  std::string_view kind = tag;
  if (kind.substr(0, kCore.size()) != kCore)
    kind = "";
  else
    kind.remove_prefix(kCore.size());
  if (kind == "str") return text;
  json::Value value = ResolvePlain(text, position);
  if ((kind == "int" && value.is_int()) || (kind == "bool" && value.is_bool()) ||
      (kind == "null" && value.is_null()) || (kind == "float" && value.is_number())) {
    return value;
  }
  Refuse("YAML_TAG_UNKNOWN", position,
         "The tag `" + tag + "` does not fit `" + text +
             "` or is not of YAML's core schema. "
             "Remove the tag.");
}

class Builder final : public YAML::EventHandler {
 public:
  Builder(std::string_view text, const TextLimits& limits, SourceText& result)
      : text_(text), limits_(limits), result_(result) {}

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (ExpectsKey()) {
      Refuse("YAML_KEY_NOT_TEXT", At(mark), "A key is missing before `:`. Write one, or quote it.");
    }
    Add(json::Value(), At(mark), anchor, 1);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    CheckClosed(mark);
    if (ExpectsKey()) return AddKey(tag, text, At(mark));
    Add(ResolveTagged(tag, text, At(mark)), At(mark), anchor, 1, 0, ContentShift(mark));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (ExpectsKey()) {
      Refuse("YAML_KEY_NOT_TEXT", At(mark), "An alias cannot be a key. Write the key out.");
    }
    if (++aliases_ > limits_.aliases) {
      Refuse("YAML_ALIAS_LIMIT", At(mark),
             "More than " + std::to_string(limits_.aliases) + " aliases. Write the values out.");
    }
    if (anchor >= anchors_.size() || !anchors_[anchor].complete) {
      Refuse("YAML_MALFORMED", At(mark), "The alias refers to a value it is a part of.");
    }
    const Anchor& target = anchors_[anchor];
    if (static_cast<int>(frames_.size()) + target.depth > limits_.depth) TooDeep(At(mark));
    alias_bytes_ += target.bytes;
    if (alias_bytes_ > limits_.bytes) {
      Refuse("YAML_ALIAS_LIMIT", At(mark),
             "The aliases stand for more text than a document may have. Use fewer.");
    }
    Add(target.value, At(mark), 0, target.values, target.depth);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Open(mark, tag, anchor, false);
  }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Open(mark, tag, anchor, true);
  }
  void OnSequenceEnd() override { Close(); }
  void OnMapEnd() override { Close(); }

 private:
  struct Anchor {
    json::Value value;
    size_t values = 0;
    size_t bytes = 0;
    int depth = 0;
    bool complete = false;
  };
  struct Frame {
    bool is_map = false;
    Position position;
    YAML::anchor_t anchor = 0;
    json::Array elements;
    std::vector<json::Object::Member> members;
    absl::flat_hash_set<std::string> keys;
    std::optional<std::string> key;
    size_t pointer_size = 0;  // of the value itself
    size_t values = 1;
    int depth = 1;
  };

  bool ExpectsKey() const {
    return !frames_.empty() && frames_.back().is_map && !frames_.back().key;
  }

  [[noreturn]] void TooDeep(Position position) {
    Refuse(
        "TEXT_TOO_DEEP", position,
        "More than " + std::to_string(limits_.depth) + " levels of nesting. Flatten the document.");
  }

  void AddKey(const std::string& tag, const std::string& text, Position position) {
    if (text == "<<" && tag != "!") {
      Refuse("YAML_MERGE_KEY", position,
             "Merge keys (`<<`) are not of YAML 1.2. Write the fields out, or quote the key.");
    }
    Frame& frame = frames_.back();
    if (!frame.keys.insert(text).second) {
      Refuse("DUPLICATE_KEY", position, "The key `" + text + "` stands here twice. Remove one.");
    }
    frame.key = text;
  }

  // Appends to pointer_ the token of the value that comes next.
  void EnterValue() {
    if (frames_.empty()) return;
    Frame& frame = frames_.back();
    pointer_.resize(frame.pointer_size);
    pointer_ += '/';
    pointer_ +=
        frame.is_map ? json::EscapePointerToken(*frame.key) : std::to_string(frame.elements.size());
  }

  void Open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, bool is_map) {
    Position position = At(mark);
    if (ExpectsKey()) {
      Refuse("YAML_KEY_NOT_TEXT", position, "A key must be text, not a list or a map.");
    }
    if (static_cast<int>(frames_.size()) >= limits_.depth) TooDeep(position);
    std::string_view wanted = is_map ? "tag:yaml.org,2002:map" : "tag:yaml.org,2002:seq";
    if (!tag.empty() && tag != "?" && tag != "!" && tag != wanted) {
      Refuse("YAML_TAG_UNKNOWN", position, "The tag `" + tag + "` is not of YAML's core schema.");
    }
    EnterValue();
    result_.positions.Set(pointer_, position, -1);
    frames_.push_back({.is_map = is_map,
                       .position = position,
                       .anchor = anchor,
                       .pointer_size = pointer_.size()});
  }

  void Close() {
    Frame frame = std::move(frames_.back());
    frames_.pop_back();
    pointer_.resize(frame.pointer_size);
    json::Value value = frame.is_map ? json::Value(json::Object(std::move(frame.members)))
                                     : json::Value(std::move(frame.elements));
    Attach(std::move(value), frame.position, frame.anchor, frame.values, frame.depth);
  }

  void Add(json::Value value, Position position, YAML::anchor_t anchor, size_t values,
           int depth = 0, int content_shift = -1) {
    EnterValue();
    result_.positions.Set(pointer_, position, content_shift);
    Attach(std::move(value), position, anchor, values, depth);
  }

  void Attach(json::Value value, Position position, YAML::anchor_t anchor, size_t values,
              int depth) {
    if (anchor != 0) {
      if (anchors_.size() <= anchor) anchors_.resize(anchor + 1);
      anchors_[anchor] = {value, values, value.ByteSize(), depth, true};
    }
    if (frames_.empty()) {
      result_.value = std::move(value);
      return;
    }
    Frame& parent = frames_.back();
    parent.values += values;
    parent.depth = std::max(parent.depth, depth + 1);
    if (parent.values > limits_.values) {
      Refuse("YAML_ALIAS_LIMIT", position,
             "More than " + std::to_string(limits_.values) + " values once aliases are followed.");
    }
    if (parent.is_map) {
      parent.members.emplace_back(*std::move(parent.key), std::move(value));
      parent.key.reset();
    } else {
      parent.elements.push_back(std::move(value));
    }
  }

  Position At(const YAML::Mark& mark) const { return workflow::At(text_, mark); }

  // Columns between a scalar's mark and its content.
  int ContentShift(const YAML::Mark& mark) const {
    if (mark.pos < 0 || static_cast<size_t>(mark.pos) >= text_.size()) return -1;
    char first = text_[mark.pos];
    if (first == '|' || first == '>') return -1;
    return first == '"' || first == '\'' ? 1 : 0;
  }

  // yaml-cpp takes the end of the text for a closing quote.
  void CheckClosed(const YAML::Mark& mark) const {
    if (mark.pos < 0 || static_cast<size_t>(mark.pos) >= text_.size()) return;
    char quote = text_[mark.pos];
    if (quote != '"' && quote != '\'') return;
    for (size_t i = mark.pos + 1; i < text_.size(); ++i) {
      if (text_[i] == quote) return;
      if (quote == '"' && text_[i] == '\\') ++i;
    }
    Refuse("YAML_MALFORMED", At(mark), "The quote that opens here is never closed.");
  }

  std::string_view text_;
  const TextLimits& limits_;
  SourceText& result_;
  std::vector<Frame> frames_;
  std::vector<Anchor> anchors_;
  std::string pointer_;
  int aliases_ = 0;
  size_t alias_bytes_ = 0;
};

// For what people write into { } and YAML reads as something of its own.
std::string Advice(std::string_view text, const Position& position) {
  for (int line = 1; line < position.line && !text.empty(); ++line) {
    const size_t end = text.find('\n');
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  text = text.substr(0, text.find('\n'));
  if (text.find(".?") == std::string_view::npos && text.find("[?") == std::string_view::npos) {
    return "";
  }
  return " Put an expression with `?` into quotes within { } and [ ]: \"=inputs.?x\".";
}

}  // namespace

absl::StatusOr<SourceText> ParseYaml(std::string_view text, const TextLimits& limits) {
  if (text.size() > limits.bytes) {
    return Error(absl::StatusCode::kInvalidArgument, "TEXT_TOO_LARGE",
                 "The document is too large.");
  }
  SourceText result{.format = TextFormat::kYaml};
  try {
    if (text.substr(0, 3) == "\xef\xbb\xbf") text.remove_prefix(3);
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    Builder builder(text, limits, result);
    if (!parser.HandleNextDocument(builder)) {
      return TextError("TEXT_EMPTY", {}, "The document is empty.");
    }
    SourceText rest;
    Builder rest_builder(text, limits, rest);
    if (parser.HandleNextDocument(rest_builder)) {
      return TextError("YAML_MANY_DOCUMENTS", rest.positions.Find(""),
                       "A second document begins here. Send one document at a time.");
    }
  } catch (const Refusal& refusal) {
    return refusal.status;
  } catch (const YAML::Exception& error) {
    Position position = error.mark.is_null() ? Position{} : At(text, error.mark);
    return TextError("YAML_MALFORMED", position,
                     "This is not valid YAML: " + error.msg + "." + Advice(text, position));
  } catch (const std::exception& error) {
    return TextError("YAML_MALFORMED", {}, std::string("This is not valid YAML: ") + error.what());
  }
  return result;
}

}  // namespace agentflow::workflow
