#include "libs/contract/path_template.h"

#include "libs/base/status.h"

namespace agentflow::contract {
namespace {

bool IsIdentifier(std::string_view text) {
  if (text.empty() || (text[0] >= '0' && text[0] <= '9')) return false;
  for (char c : text) {
    bool ok =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    if (!ok) return false;
  }
  return true;
}

bool IsFieldPath(std::string_view text) {
  while (true) {
    size_t dot = text.find('.');
    if (!IsIdentifier(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

bool IsLiteral(std::string_view text) {
  return !text.empty() && text.find_first_of("*{}=/:?#% ") == std::string_view::npos;
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Reads a template from left to right.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text), rest_(text) {}

  absl::Status Segments(bool inside, std::vector<PathSegment>& segments,
                        std::vector<PathVariable>& variables) {
    while (true) {
      AF_RETURN_IF_ERROR(Segment(inside, segments, variables));
      if (!Take('/')) return absl::OkStatus();
      if (segments.back().kind == PathSegment::Kind::kRest) return Bad("\"**\" must come last");
    }
  }

  bool Take(char c) {
    if (rest_.empty() || rest_[0] != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  std::string_view rest() const { return rest_; }

  absl::Status Bad(std::string_view what) const {
    return InvalidArgument("PATH_TEMPLATE_INVALID", "",
                           "path template \"" + std::string(text_) + "\": " + std::string(what));
  }

 private:
  absl::Status Segment(bool inside, std::vector<PathSegment>& segments,
                       std::vector<PathVariable>& variables) {
    if (Take('{')) {
      if (inside) return Bad("a variable cannot hold a variable");
      return Variable(segments, variables);
    }
    size_t end = std::min(rest_.find_first_of("/:}"), rest_.size());
    std::string_view word = rest_.substr(0, end);
    rest_.remove_prefix(end);
    if (word == "*") {
      segments.push_back({PathSegment::Kind::kOne, ""});
    } else if (word == "**") {
      segments.push_back({PathSegment::Kind::kRest, ""});
    } else if (IsLiteral(word)) {
      segments.push_back({PathSegment::Kind::kLiteral, std::string(word)});
    } else {
      return Bad("\"" + std::string(word) + "\" is no segment");
    }
    return absl::OkStatus();
  }

  absl::Status Variable(std::vector<PathSegment>& segments, std::vector<PathVariable>& variables) {
    size_t end = rest_.find_first_of("=}");
    if (end == std::string_view::npos) return Bad("a variable has no end");
    PathVariable variable;
    variable.field_path = std::string(rest_.substr(0, end));
    if (!IsFieldPath(variable.field_path)) {
      return Bad("\"" + variable.field_path + "\" is no field path");
    }
    for (const PathVariable& other : variables) {
      if (other.field_path == variable.field_path) {
        return Bad("\"" + variable.field_path + "\" is bound twice");
      }
    }
    rest_.remove_prefix(end);
    variable.begin = segments.size();
    if (Take('=')) {
      AF_RETURN_IF_ERROR(Segments(/*inside=*/true, segments, variables));
    } else {
      segments.push_back({PathSegment::Kind::kOne, ""});
    }
    if (!Take('}')) return Bad("a variable has no end");
    variable.end = segments.size();
    variables.push_back(std::move(variable));
    return absl::OkStatus();
  }

  std::string_view text_;
  std::string_view rest_;
};

}  // namespace

absl::StatusOr<PathTemplate> PathTemplate::Parse(std::string_view text) {
  PathTemplate result;
  result.text_ = std::string(text);
  Reader reader(text);
  if (!reader.Take('/')) return reader.Bad("must begin with a slash");
  AF_RETURN_IF_ERROR(reader.Segments(/*inside=*/false, result.segments_, result.variables_));
  if (reader.Take(':')) {
    result.verb_ = std::string(reader.rest());
    if (!IsLiteral(result.verb_)) return reader.Bad("the verb must be a literal");
  } else if (!reader.rest().empty()) {
    return reader.Bad("unexpected \"" + std::string(reader.rest()) + "\"");
  }
  return result;
}

std::string PathTemplate::Shape() const {
  std::string shape;
  for (const PathSegment& segment : segments_) {
    shape += '/';
    switch (segment.kind) {
      case PathSegment::Kind::kLiteral:
        shape += segment.literal;
        break;
      case PathSegment::Kind::kOne:
        shape += '*';
        break;
      case PathSegment::Kind::kRest:
        shape += "**";
        break;
    }
  }
  if (!verb_.empty()) shape += ":" + verb_;
  return shape;
}

absl::StatusOr<std::string> PathTemplate::Extract(
    const PathVariable& variable, const std::vector<std::string_view>& raw_segments) const {
  bool rest =
      variable.end > variable.begin && segments_[variable.end - 1].kind == PathSegment::Kind::kRest;
  size_t end = rest ? raw_segments.size() : variable.end;
  bool single = variable.end - variable.begin == 1 && !rest;
  std::string value;
  for (size_t i = variable.begin; i < end; ++i) {
    if (i > variable.begin) value += '/';
    AF_ASSIGN_OR_RETURN(std::string part, PercentDecode(raw_segments[i], /*keep_slash=*/!single));
    value += part;
  }
  return value;
}

absl::StatusOr<std::string> PercentDecode(std::string_view text, bool keep_slash,
                                          bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      int high = i + 2 < text.size() ? HexDigit(text[i + 1]) : -1;
      int low = high >= 0 ? HexDigit(text[i + 2]) : -1;
      if (low < 0) {
        return InvalidArgument(
            "PATH_INVALID", "",
            "the URL has a broken percent escape: write \"%25\" for a percent sign");
      }
      char c = static_cast<char>(high * 16 + low);
      if (c == '/' && keep_slash) {
        out += text.substr(i, 3);
      } else {
        out += c;
      }
      i += 2;
    }
  }
  return out;
}

absl::StatusOr<std::vector<std::pair<std::string, std::string>>> ParseQuery(
    std::string_view query) {
  std::vector<std::pair<std::string, std::string>> out;
  while (!query.empty()) {
    size_t end = std::min(query.find('&'), query.size());
    std::string_view pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (pair.empty()) continue;
    size_t equals = std::min(pair.find('='), pair.size());
    AF_ASSIGN_OR_RETURN(std::string key, PercentDecode(pair.substr(0, equals), false, true));
    AF_ASSIGN_OR_RETURN(
        std::string value,
        PercentDecode(equals < pair.size() ? pair.substr(equals + 1) : "", false, true));
    out.emplace_back(std::move(key), std::move(value));
  }
  return out;
}

}  // namespace agentflow::contract
