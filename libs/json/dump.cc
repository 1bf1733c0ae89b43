#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "libs/json/value.h"

namespace agentflow::json {
namespace {

void AppendString(std::string& out, std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  for (char c : text) {
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\b': out += "\\b"; break;
      case '\f': out += "\\f"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          out += "\\u00";
          out += kHex[(c >> 4) & 15];
          out += kHex[c & 15];
        } else {
          out += c;
        }
    }
  }
  out += '"';
}

// The shortest digits that read back as the same double, laid out as ECMAScript does
// (Number::toString, which RFC 8785 section 3.2.2.3 names).
void AppendDouble(std::string& out, double number) {
  if (!std::isfinite(number)) {
    out += "null";
    return;
  }
  if (number == 0) {
    out += '0';
    return;
  }
  if (number < 0) {
    out += '-';
    number = -number;
  }
  std::array<char, 32> buffer;
  auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number,
                           std::chars_format::scientific)
                 .ptr;
  std::string_view text(buffer.data(), static_cast<size_t>(end - buffer.data()));
  size_t e = text.find('e');
  int exponent = 0;
  const char* exponent_begin = text.data() + e + (text[e + 1] == '+' ? 2 : 1);
  std::from_chars(exponent_begin, text.data() + text.size(), exponent);
  std::string digits(1, text[0]);
  if (e > 1) digits += text.substr(2, e - 2);
  int count = static_cast<int>(digits.size());
  int point = exponent + 1;  // Where the decimal point stands in `digits`.
  if (count <= point && point <= 21) {
    out += digits + std::string(static_cast<size_t>(point - count), '0');
  } else if (0 < point && point <= 21) {
    out += digits.substr(0, static_cast<size_t>(point)) + '.' +
           digits.substr(static_cast<size_t>(point));
  } else if (-6 < point && point <= 0) {
    out += "0." + std::string(static_cast<size_t>(-point), '0') + digits;
  } else {
    out += digits[0];
    if (count > 1) out += '.' + digits.substr(1);
    out += 'e';
    out += exponent < 0 ? '-' : '+';
    out += std::to_string(std::abs(exponent));
  }
}

// Order of UTF-16 code units, which differs from bytes only above U+FFFF against U+E000..U+FFFF.
bool Utf16Less(std::string_view a, std::string_view b) {
  size_t n = std::min(a.size(), b.size());
  for (size_t i = 0; i < n; ++i) {
    auto x = static_cast<unsigned char>(a[i]);
    auto y = static_cast<unsigned char>(b[i]);
    if (x == y) continue;
    bool x_is_pair = x >= 0xf0;
    bool y_is_pair = y >= 0xf0;
    if (x_is_pair != y_is_pair && x >= 0xee && y >= 0xee) return x_is_pair;
    return x < y;
  }
  return a.size() < b.size();
}

struct Style {
  bool pretty = false;
  bool canonical = false;
};

void Append(std::string& out, const Value& value, Style style, int level);

void Break(std::string& out, Style style, int level) {
  if (!style.pretty) return;
  out += '\n';
  out.append(static_cast<size_t>(level) * 2, ' ');
}

void AppendArray(std::string& out, const Array& array, Style style, int level) {
  out += '[';
  bool first = true;
  for (const Value& element : array) {
    if (!first) out += ',';
    first = false;
    Break(out, style, level + 1);
    Append(out, element, style, level + 1);
  }
  if (!array.empty()) Break(out, style, level);
  out += ']';
}

void AppendMember(std::string& out, const Object::Member& member, Style style, int level) {
  Break(out, style, level + 1);
  AppendString(out, member.first);
  out += style.pretty ? ": " : ":";
  Append(out, member.second, style, level + 1);
}

void AppendObject(std::string& out, const Object& object, Style style, int level) {
  std::vector<const Object::Member*> members;
  members.reserve(object.size());
  for (const auto& member : object) members.push_back(&member);
  if (style.canonical) {
    std::sort(members.begin(), members.end(),
              [](const auto* a, const auto* b) { return Utf16Less(a->first, b->first); });
  }
  out += '{';
  bool first = true;
  for (const auto* member : members) {
    if (!first) out += ',';
    first = false;
    AppendMember(out, *member, style, level);
  }
  if (!members.empty()) Break(out, style, level);
  out += '}';
}

void Append(std::string& out, const Value& value, Style style, int level) {
  switch (value.kind()) {
    case Value::Kind::kNull: out += "null"; return;
    case Value::Kind::kBool: out += value.as_bool() ? "true" : "false"; return;
    case Value::Kind::kInt: out += std::to_string(value.as_int()); return;
    case Value::Kind::kDouble: AppendDouble(out, value.as_double()); return;
    case Value::Kind::kString: AppendString(out, value.as_string()); return;
    case Value::Kind::kArray: AppendArray(out, value.as_array(), style, level); return;
    case Value::Kind::kObject: AppendObject(out, value.as_object(), style, level); return;
  }
}

std::string DumpAs(const Value& value, Style style) {
  std::string out;
  Append(out, value, style, 0);
  return out;
}

}  // namespace

std::string Dump(const Value& value) { return DumpAs(value, {}); }
std::string DumpPretty(const Value& value) { return DumpAs(value, {.pretty = true}); }
std::string DumpCanonical(const Value& value) { return DumpAs(value, {.canonical = true}); }

}  // namespace agentflow::json
