#include "libs/cel/format.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include "libs/cel/operators.h"
#include "libs/cel/text.h"
#include "libs/cel/time_math.h"

namespace agentflow::cel {
namespace {

constexpr int kMaxPrecision = 1000;
constexpr int kMaxDepth = 64;

class Formatter {
 public:
  Formatter(Context& context, std::string_view pattern, const Value& arguments)
      : context_(context), pattern_(pattern), arguments_(arguments) {}

  Value Run() {
    size_t next = 0;
    while (!pattern_.empty()) {
      size_t percent = std::min(pattern_.find('%'), pattern_.size());
      out_ += pattern_.substr(0, percent);
      pattern_.remove_prefix(percent);
      if (pattern_.empty()) break;
      pattern_.remove_prefix(1);
      if (pattern_.substr(0, 1) == "%") {
        out_ += '%';
        pattern_.remove_prefix(1);
        continue;
      }
      Value problem = Clause(next++);
      if (problem.is_error()) return problem;
      if (out_.size() > context_.arena.limit()) return context_.OutOfBytes();
    }
    return context_.MakeString(out_);
  }

 private:
  Value Clause(size_t index) {
    int precision = -1;
    if (pattern_.substr(0, 1) == ".") {
      pattern_.remove_prefix(1);
      auto result =
          std::from_chars(pattern_.data(), pattern_.data() + pattern_.size(), precision);
      if (result.ec != std::errc() || precision < 0 || precision > kMaxPrecision) {
        return context_.Invalid("format(): the precision after '%.' is no number up to 1000");
      }
      pattern_.remove_prefix(static_cast<size_t>(result.ptr - pattern_.data()));
    }
    if (pattern_.empty()) return context_.Invalid("format(): the text ends within a '%'");
    char verb = pattern_[0];
    pattern_.remove_prefix(1);
    if (std::string_view("sdfeboxX").find(verb) == std::string_view::npos) {
      return context_.Invalid(std::string("format(): unknown '%") +
                              (static_cast<unsigned char>(verb) < 0x80 ? verb : '?') + "'");
    }
    if (index >= ListSize(arguments_)) {
      return context_.Fail(ErrorCode::kIndexOutOfRange, context_.Copy(std::to_string(index)));
    }
    Value value = ListAt(arguments_, index);
    switch (verb) {
      case 's': return Text(value, 0);
      case 'd': return Decimal(value);
      case 'f':
      case 'e': return Fraction(value, verb, precision < 0 ? 6 : precision);
      case 'b': return Digits(value, 2, verb);
      case 'o': return Digits(value, 8, verb);
      default: return Hexadecimal(value, verb);
    }
  }

  Value Refuse(char verb, const Value& value) {
    return context_.Invalid(std::string("format(): '%") + verb +
                            "' does not take a value of type " + std::string(TypeNameOf(value)));
  }

  bool AppendIfNotFinite(const Value& value) {
    if (!value.is(Kind::kDouble) || std::isfinite(value.as_double())) return false;
    out_ += FormatDouble(value.as_double());
    return true;
  }

  Value Text(const Value& value, int depth) {
    if (!context_.Charge(1)) return context_.OutOfCost();
    if (depth > kMaxDepth) return context_.Invalid("format(): the value is nested too deeply");
    switch (value.kind()) {
      case Kind::kNull: out_ += "null"; return {};
      case Kind::kBool: out_ += value.as_bool() ? "true" : "false"; return {};
      case Kind::kInt: out_ += std::to_string(value.as_int()); return {};
      case Kind::kUint: out_ += std::to_string(value.as_uint()); return {};
      case Kind::kDouble: out_ += FormatDouble(value.as_double()); return {};
      case Kind::kString:
      case Kind::kBytes:
      case Kind::kType:
        if (!context_.ChargeBytes(value.text().size())) return context_.OutOfCost();
        out_ += value.text();
        if (out_.size() > context_.arena.limit()) return context_.OutOfBytes();
        return {};
      case Kind::kTimestamp: out_ += FormatTimestamp(value); return {};
      case Kind::kDuration: out_ += FormatDuration(value); return {};
      case Kind::kList: return ListText(value, depth);
      case Kind::kMap: return MapText(value, depth);
      default: return Refuse('s', value);
    }
  }

  Value ListText(const Value& list, int depth) {
    out_ += '[';
    for (size_t i = 0; i < ListSize(list); ++i) {
      if (i) out_ += ", ";
      Value problem = Text(ListAt(list, i), depth + 1);
      if (problem.is_error()) return problem;
    }
    out_ += ']';
    return {};
  }

  // Entries in the order of their keys' texts, so that equal maps read the same.
  Value MapText(const Value& map, int depth) {
    std::vector<std::pair<std::string, Value>> entries;
    std::string before = std::move(out_);
    MapCursor cursor(context_, map);
    while (cursor.Next()) {
      out_.clear();
      Value problem = Text(cursor.key(), depth + 1);
      if (problem.is_error()) return problem;
      entries.emplace_back(out_, cursor.value());
    }
    std::sort(entries.begin(), entries.end(),
              [](const auto& a, const auto& b) { return a.first < b.first; });
    out_ = std::move(before);
    out_ += '{';
    for (size_t i = 0; i < entries.size(); ++i) {
      out_ += (i ? ", " : "") + entries[i].first + ": ";
      Value problem = Text(entries[i].second, depth + 1);
      if (problem.is_error()) return problem;
    }
    out_ += '}';
    return {};
  }

  Value Decimal(const Value& value) {
    if (value.is(Kind::kInt)) {
      out_ += std::to_string(value.as_int());
    } else if (value.is(Kind::kUint)) {
      out_ += std::to_string(value.as_uint());
    } else if (!AppendIfNotFinite(value)) {
      return Refuse('d', value);
    }
    return {};
  }

  Value Fraction(const Value& value, char verb, int precision) {
    if (!context_.Charge(1 + precision / 4)) return context_.OutOfCost();
    if (AppendIfNotFinite(value)) return {};
    double number = 0;
    switch (value.kind()) {
      case Kind::kDouble: number = value.as_double(); break;
      case Kind::kInt: number = static_cast<double>(value.as_int()); break;
      case Kind::kUint: number = static_cast<double>(value.as_uint()); break;
      default: return Refuse(verb, value);
    }
    std::vector<char> buffer(static_cast<size_t>(precision) + 400);
    int size = std::snprintf(buffer.data(), buffer.size(), verb == 'f' ? "%.*f" : "%.*e", precision,
                             number);
    out_.append(buffer.data(), static_cast<size_t>(size));
    return {};
  }

  Value Digits(const Value& value, int base, char verb) {
    std::array<char, 72> buffer;
    char* end = buffer.data() + buffer.size();
    switch (value.kind()) {
      case Kind::kBool:
        if (verb != 'b') return Refuse(verb, value);
        out_ += value.as_bool() ? '1' : '0';
        return {};
      case Kind::kInt: end = std::to_chars(buffer.data(), end, value.as_int(), base).ptr; break;
      case Kind::kUint: end = std::to_chars(buffer.data(), end, value.as_uint(), base).ptr; break;
      default: return Refuse(verb, value);
    }
    out_.append(buffer.data(), end);
    return {};
  }

  Value Hexadecimal(const Value& value, char verb) {
    size_t begin = out_.size();
    if (value.is_text()) {
      if (!context_.ChargeBytes(value.text().size() * 2)) return context_.OutOfCost();
      for (char c : value.text()) {
        out_ += "0123456789abcdef"[static_cast<unsigned char>(c) >> 4];
        out_ += "0123456789abcdef"[static_cast<unsigned char>(c) & 15];
      }
    } else {
      Value problem = Digits(value, 16, verb);
      if (problem.is_error()) return problem;
    }
    if (verb == 'X') {
      std::transform(out_.begin() + static_cast<ptrdiff_t>(begin), out_.end(),
                     out_.begin() + static_cast<ptrdiff_t>(begin), [](char c) {
                       return c >= 'a' && c <= 'f' ? static_cast<char>(c - 32) : c;
                     });
    }
    return {};
  }

  Context& context_;
  std::string_view pattern_;
  Value arguments_;
  std::string out_;
};

}  // namespace

Value FormatText(Context& context, std::string_view pattern, const Value& arguments) {
  if (!context.ChargeBytes(pattern.size())) return context.OutOfCost();
  return Formatter(context, pattern, arguments).Run();
}

}  // namespace agentflow::cel
