#include "libs/rpc/filter.h"

#include <charconv>

#include "libs/base/status.h"

namespace agentflow::rpc {
namespace {

constexpr size_t kMaxTerms = 20;
constexpr size_t kMaxLength = 2000;

bool IsWordChar(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || c == '.' || c == '/' || c == '+' || c == '@' || c == '*';
}

// Reads a filter from left to right.
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  absl::StatusOr<std::vector<FilterTerm>> Parse() {
    std::vector<FilterTerm> terms;
    SkipSpace();
    if (AtEnd()) return terms;
    while (true) {
      AF_ASSIGN_OR_RETURN(FilterTerm term, Term());
      terms.push_back(std::move(term));
      if (terms.size() > kMaxTerms) return Fail("a filter has at most 20 terms");
      SkipSpace();
      if (AtEnd()) return terms;
      std::string word = Word();
      if (word == "OR") return Fail("OR is not supported; list twice and join the results");
      if (word != "AND") return Fail("expected AND between two terms");
    }
  }

 private:
  bool AtEnd() const { return at_ >= text_.size(); }

  void SkipSpace() {
    while (!AtEnd() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n')) ++at_;
  }

  absl::Status Fail(const std::string& what) const {
    return InvalidArgument("FILTER_INVALID", "filter",
                           what + " (at character " + std::to_string(at_ + 1) +
                               "); write for example: state = \"FAILED\" AND labels.team = \"x\"");
  }

  std::string Word() {
    SkipSpace();
    size_t from = at_;
    while (!AtEnd() && IsWordChar(text_[at_])) ++at_;
    return std::string(text_.substr(from, at_ - from));
  }

  absl::StatusOr<FilterTerm> Term() {
    FilterTerm term;
    term.field = Word();
    if (term.field.empty()) return Fail("expected the name of a field");
    AF_ASSIGN_OR_RETURN(term.op, Operator());
    SkipSpace();
    if (!AtEnd() && (text_[at_] == '"' || text_[at_] == '\'')) {
      AF_ASSIGN_OR_RETURN(term.value, Quoted());
      return term;
    }
    std::string word = Word();
    if (word.empty()) return Fail("expected a value");
    double number = 0;
    auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    if (error == std::errc() && end == word.data() + word.size()) {
      term.value = number;
    } else if (word == "true" || word == "false") {
      term.value = word == "true";
    } else {
      term.value = word;
    }
    return term;
  }

  absl::StatusOr<FilterTerm::Op> Operator() {
    SkipSpace();
    using Op = FilterTerm::Op;
    constexpr std::pair<std::string_view, Op> kOperators[] = {
        {"!=", Op::kNotEqual}, {"<=", Op::kLessOrEqual}, {">=", Op::kGreaterOrEqual},
        {"=", Op::kEqual},     {"<", Op::kLess},         {">", Op::kGreater},
        {":", Op::kHas}};
    for (const auto& [text, op] : kOperators) {
      if (!text_.substr(at_).starts_with(text)) continue;
      at_ += text.size();
      return op;
    }
    return Fail("expected one of = != < <= > >= :");
  }

  absl::StatusOr<std::string> Quoted() {
    char quote = text_[at_++];
    std::string out;
    while (!AtEnd() && text_[at_] != quote) {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      out += text_[at_++];
    }
    if (AtEnd()) return Fail("a quoted text does not end");
    ++at_;
    return out;
  }

  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

std::string FilterTerm::Text() const {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  char buffer[32];
  char* end = std::to_chars(buffer, buffer + sizeof buffer, std::get<double>(value)).ptr;
  return std::string(buffer, end);
}

absl::StatusOr<std::vector<FilterTerm>> ParseFilter(std::string_view filter) {
  if (filter.size() > kMaxLength) {
    return InvalidArgument("FILTER_INVALID", "filter", "a filter has at most 2000 characters");
  }
  return Parser(filter).Parse();
}

absl::StatusOr<std::vector<OrderTerm>> ParseOrderBy(std::string_view order_by) {
  std::vector<OrderTerm> terms;
  auto fail = [] {
    return InvalidArgument("ORDER_BY_INVALID", "orderBy",
                           "write field names with commas between them, each with \" desc\" behind "
                           "it if need be: \"update_time desc, name\"");
  };
  while (!order_by.empty()) {
    size_t comma = order_by.find(',');
    std::string_view part = order_by.substr(0, comma);
    order_by = comma == std::string_view::npos ? std::string_view() : order_by.substr(comma + 1);
    std::vector<std::string> words;
    for (size_t i = 0; i < part.size();) {
      size_t from = i;
      while (i < part.size() && part[i] != ' ') ++i;
      if (i > from) words.emplace_back(part.substr(from, i - from));
      while (i < part.size() && part[i] == ' ') ++i;
    }
    bool direction = words.size() == 2 && (words[1] == "desc" || words[1] == "asc");
    if (words.empty() || words.size() > 2 || (words.size() == 2 && !direction)) return fail();
    for (char c : words[0]) {
      if (!IsWordChar(c)) return fail();
    }
    terms.push_back({words[0], words.size() == 2 && words[1] == "desc"});
  }
  return terms;
}

std::string_view OpText(FilterTerm::Op op) {
  switch (op) {
    case FilterTerm::Op::kEqual:
      return "=";
    case FilterTerm::Op::kNotEqual:
      return "!=";
    case FilterTerm::Op::kLess:
      return "<";
    case FilterTerm::Op::kLessOrEqual:
      return "<=";
    case FilterTerm::Op::kGreater:
      return ">";
    case FilterTerm::Op::kGreaterOrEqual:
      return ">=";
    case FilterTerm::Op::kHas:
      return ":";
  }
  return "?";
}

absl::Status UnknownFilterField(std::string_view field, std::string_view allowed) {
  return InvalidArgument(
      "FILTER_INVALID", "filter",
      "cannot filter by \"" + std::string(field) + "\"; use " + std::string(allowed));
}

absl::Status UnknownOrderField(std::string_view field, std::string_view allowed) {
  return InvalidArgument(
      "ORDER_BY_INVALID", "orderBy",
      "cannot order by \"" + std::string(field) + "\"; use " + std::string(allowed));
}

}  // namespace agentflow::rpc
