#include <algorithm>

#include "libs/cel/format.h"
#include "libs/cel/functions.h"
#include "libs/cel/lexer.h"
#include "libs/cel/operators.h"
#include "libs/cel/text.h"

// The strings extension. Positions count code points.
namespace agentflow::cel {
namespace {

bool AllStrings(const Value* args, size_t count) {
  return std::all_of(args, args + count, [](const Value& v) { return v.is(Kind::kString); });
}

Value OutOfRange(Context& context, int64_t index) {
  return context.Fail(ErrorCode::kIndexOutOfRange, context.Copy(std::to_string(index)));
}

// The byte of position `index`, or npos when it is none of the text.
size_t At(std::string_view text, int64_t index) {
  return index < 0 ? std::string_view::npos : ByteOffset(text, static_cast<size_t>(index));
}

Value CharAt(Context& context, const Value* args, size_t count) {
  if (!args[0].is(Kind::kString) || !args[1].is(Kind::kInt)) {
    return context.NoOverload("charAt", {args, count});
  }
  std::string_view text = args[0].text();
  if (!context.ChargeBytes(text.size())) return context.OutOfCost();
  size_t begin = At(text, args[1].as_int());
  if (begin == std::string_view::npos) return OutOfRange(context, args[1].as_int());
  size_t end = ByteOffset(text.substr(begin), 1);
  return Value::String(text.substr(begin, end == std::string_view::npos ? 0 : end));
}

Value IndexOf(Context& context, const Value* args, size_t count) {
  bool fits = AllStrings(args, 2) && (count == 2 || args[2].is(Kind::kInt));
  if (!fits) return context.NoOverload("indexOf", {args, count});
  std::string_view text = args[0].text();
  std::string_view part = args[1].text();
  if (!context.ChargeSearch(text, part)) return context.OutOfCost();
  int64_t from = count == 3 ? args[2].as_int() : 0;
  size_t start = At(text, from);
  if (start == std::string_view::npos) return OutOfRange(context, from);
  size_t found = FindText(text, part, start);
  if (found == std::string_view::npos) return Value::Int(-1);
  return Value::Int(static_cast<int64_t>(CodePoints(text.substr(0, found))));
}

Value LastIndexOf(Context& context, const Value* args, size_t count) {
  bool fits = AllStrings(args, 2) && (count == 2 || args[2].is(Kind::kInt));
  if (!fits) return context.NoOverload("lastIndexOf", {args, count});
  std::string_view text = args[0].text();
  std::string_view part = args[1].text();
  // rfind compares at each position: quadratic for texts made for it.
  if (!context.ChargeBytes(text.size() * (2 + part.size() / 16))) return context.OutOfCost();
  size_t start = text.size();
  if (count == 3) {
    start = At(text, args[2].as_int());
    if (start == std::string_view::npos) return OutOfRange(context, args[2].as_int());
  }
  if (part.empty()) return Value::Int(static_cast<int64_t>(CodePoints(text.substr(0, start))));
  size_t found = text.rfind(part, start);
  if (found == std::string_view::npos) return Value::Int(-1);
  return Value::Int(static_cast<int64_t>(CodePoints(text.substr(0, found))));
}

// Makes a new text of the letters, each changed by itself.
template <typename Change>
Value EachByte(Context& context, const Value* args, size_t count, std::string_view name,
               Change change) {
  if (!args[0].is(Kind::kString)) return context.NoOverload(name, {args, count});
  if (!context.ChargeBytes(args[0].text().size())) return context.OutOfCost();
  std::string_view text = args[0].text();
  char* out = static_cast<char*>(context.arena.Allocate(std::max<size_t>(text.size(), 1)));
  if (!out) return context.OutOfBytes();
  std::transform(text.begin(), text.end(), out, change);
  return Value::String({out, text.size()});
}

Value LowerAscii(Context& context, const Value* args, size_t count) {
  return EachByte(context, args, count, "lowerAscii",
                  [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
}

Value UpperAscii(Context& context, const Value* args, size_t count) {
  return EachByte(context, args, count, "upperAscii",
                  [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
}

Value Replace(Context& context, const Value* args, size_t count) {
  bool fits = AllStrings(args, 3) && (count == 3 || args[3].is(Kind::kInt));
  if (!fits) return context.NoOverload("replace", {args, count});
  std::string_view text = args[0].text();
  std::string_view from = args[1].text();
  std::string_view to = args[2].text();
  int64_t left = count == 4 ? args[3].as_int() : -1;
  if (!context.ChargeSearch(text, from)) return context.OutOfCost();
  std::string out;
  size_t at = 0;
  while (left != 0) {
    size_t found = FindText(text, from, at);
    if (found == std::string_view::npos || found > text.size()) break;
    if (from.empty()) {
      // Between all characters: before each one and at the end.
      size_t next = at < text.size() ? ByteOffset(text.substr(at), 1) : 0;
      out += to;
      if (at >= text.size()) return context.MakeString(out);
      next = next == std::string_view::npos ? text.size() - at : next;
      out += text.substr(at, next);
      at += next;
    } else {
      out += text.substr(at, found - at);
      out += to;
      at = found + from.size();
    }
    if (left > 0) --left;
    if (!context.ChargeBytes(to.size())) return context.OutOfCost();
    if (out.size() > context.arena.limit()) return context.OutOfBytes();
  }
  out += text.substr(at);
  return context.MakeString(out);
}

Value Split(Context& context, const Value* args, size_t count) {
  bool fits = AllStrings(args, 2) && (count == 2 || args[2].is(Kind::kInt));
  if (!fits) return context.NoOverload("split", {args, count});
  std::string_view text = args[0].text();
  std::string_view separator = args[1].text();
  int64_t limit = count == 3 ? args[2].as_int() : -1;
  if (!context.ChargeSearch(text, separator)) return context.OutOfCost();
  if (separator.empty() && !context.ChargeItems(text.size())) return context.OutOfCost();
  std::vector<std::string_view> parts;
  while (limit != 0 && (limit < 0 || static_cast<int64_t>(parts.size()) + 1 < limit)) {
    size_t found = separator.empty() ? ByteOffset(text, 1) : FindText(text, separator);
    bool last = found == std::string_view::npos || (separator.empty() && found >= text.size());
    if (last) break;
    parts.push_back(text.substr(0, found));
    text.remove_prefix(found + separator.size());
  }
  if (limit != 0 && !(separator.empty() && text.empty())) parts.push_back(text);
  if (!context.ChargeItems(parts.size())) return context.OutOfCost();
  Value* items = context.NewItems(parts.size());
  if (!items) return context.OutOfBytes();
  for (size_t i = 0; i < parts.size(); ++i) items[i] = Value::String(parts[i]);
  return context.MakeList(items, parts.size());
}

Value Join(Context& context, const Value* args, size_t count) {
  bool fits = args[0].is(Kind::kList) && (count == 1 || args[1].is(Kind::kString));
  if (!fits) return context.NoOverload("join", {args, count});
  std::string_view separator = count == 2 ? args[1].text() : "";
  size_t size = ListSize(args[0]);
  size_t bytes = 0;
  for (size_t i = 0; i < size; ++i) {
    Value item = ListAt(args[0], i);
    if (!item.is(Kind::kString)) return context.NoOverload("join", {args, count});
    bytes += item.text().size() + (i ? separator.size() : 0);
    if (!context.Charge(1)) return context.OutOfCost();
  }
  if (!context.ChargeBytes(bytes)) return context.OutOfCost();
  char* out = static_cast<char*>(context.arena.Allocate(std::max<size_t>(bytes, 1)));
  if (!out) return context.OutOfBytes();
  char* at = out;
  for (size_t i = 0; i < size; ++i) {
    if (i) at = std::copy(separator.begin(), separator.end(), at);
    std::string_view text = ListAt(args[0], i).text();
    at = std::copy(text.begin(), text.end(), at);
  }
  return Value::String({out, bytes});
}

Value Substring(Context& context, const Value* args, size_t count) {
  bool fits = args[0].is(Kind::kString) && args[1].is(Kind::kInt) &&
              (count == 2 || args[2].is(Kind::kInt));
  if (!fits) return context.NoOverload("substring", {args, count});
  std::string_view text = args[0].text();
  if (!context.ChargeBytes(text.size())) return context.OutOfCost();
  size_t begin = At(text, args[1].as_int());
  if (begin == std::string_view::npos) return OutOfRange(context, args[1].as_int());
  if (count == 2) return Value::String(text.substr(begin));
  size_t end = At(text, args[2].as_int());
  if (end == std::string_view::npos) return OutOfRange(context, args[2].as_int());
  if (end < begin) {
    return context.Invalid("substring() from " + std::to_string(args[1].as_int()) + " to " +
                           std::to_string(args[2].as_int()) + ": the end is before the beginning");
  }
  return Value::String(text.substr(begin, end - begin));
}

// Unicode's White_Space, which is what trim() takes away.
bool IsSpace(uint32_t c) {
  return (c >= 0x09 && c <= 0x0d) || c == 0x20 || c == 0x85 || c == 0xa0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f ||
         c == 0x205f || c == 0x3000;
}

// The bytes of the space that begins at byte `at`; 0 where there is none.
size_t SpaceAt(std::string_view text, size_t at) {
  if (at >= text.size()) return 0;
  auto first = static_cast<unsigned char>(text[at]);
  if (first < 0x80) return first == ' ' || (first >= 0x09 && first <= 0x0d);
  size_t bytes = 0;
  return IsSpace(CodePointAt(text, at, bytes)) ? bytes : 0;
}

// Where the last code point before byte `end` begins.
size_t LastStart(std::string_view text, size_t end) {
  do {
    --end;
  } while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80);
  return end;
}

Value Trim(Context& context, const Value* args, size_t count) {
  if (!args[0].is(Kind::kString)) return context.NoOverload("trim", {args, count});
  std::string_view text = args[0].text();
  while (size_t bytes = SpaceAt(text, 0)) text.remove_prefix(bytes);
  while (!text.empty()) {
    size_t last = LastStart(text, text.size());
    if (!SpaceAt(text, last)) break;
    text.remove_suffix(text.size() - last);
  }
  // Only what is cut off was looked at.
  if (!context.ChargeBytes((args[0].text().size() - text.size()) * 4)) return context.OutOfCost();
  return Value::String(text);
}

Value Reverse(Context& context, const Value* args, size_t count) {
  if (!args[0].is(Kind::kString)) return context.NoOverload("reverse", {args, count});
  std::string_view text = args[0].text();
  if (!context.ChargeBytes(text.size() * 2)) return context.OutOfCost();
  char* out = static_cast<char*>(context.arena.Allocate(std::max<size_t>(text.size(), 1)));
  if (!out) return context.OutOfBytes();
  char* at = out;
  for (size_t end = text.size(); end > 0;) {
    size_t start = LastStart(text, end);
    at = std::copy(text.begin() + static_cast<ptrdiff_t>(start),
                   text.begin() + static_cast<ptrdiff_t>(end), at);
    end = start;
  }
  return Value::String({out, text.size()});
}

// The letter behind the backslash, 0 for what stands for itself.
char EscapeName(char c) {
  switch (c) {
    case '\a': return 'a';
    case '\b': return 'b';
    case '\f': return 'f';
    case '\n': return 'n';
    case '\r': return 'r';
    case '\t': return 't';
    case '\v': return 'v';
    case '\\':
    case '"': return c;
    default: return 0;
  }
}

Value Quote(Context& context, const Value* args, size_t count) {
  if (!args[0].is(Kind::kString)) return context.NoOverload("strings.quote", {args, count});
  if (!context.ChargeBytes(args[0].text().size() * 2)) return context.OutOfCost();
  std::string out = "\"";
  for (char c : args[0].text()) {
    if (char name = EscapeName(c)) {
      out += '\\';
      out += name;
    } else {
      out += c;
    }
  }
  return context.MakeString(out + "\"");
}

Value Format(Context& context, const Value* args, size_t count) {
  if (!args[0].is(Kind::kString) || !args[1].is(Kind::kList)) {
    return context.NoOverload("format", {args, count});
  }
  return FormatText(context, args[0].text(), args[1]);
}

}  // namespace

void AddStringFunctions(Functions& f) {
  f.Add("Text", {"string.charAt(int) -> string"}, CharAt,
        "the character at a position; '' at the end", "'abc'.charAt(1) == 'b'");
  f.Add("Text", {"string.indexOf(string) -> int", "string.indexOf(string, int) -> int"}, IndexOf,
        "where another text is first found (from a position on), or -1",
        "'hello'.indexOf('l') == 2");
  f.Add("Text", {"string.lastIndexOf(string) -> int", "string.lastIndexOf(string, int) -> int"},
        LastIndexOf, "where another text is last found (up to a position), or -1",
        "'hello'.lastIndexOf('l') == 3");
  f.Add("Text", {"string.lowerAscii() -> string"}, LowerAscii, "A-Z as a-z",
        "'Hi'.lowerAscii() == 'hi'");
  f.Add("Text", {"string.upperAscii() -> string"}, UpperAscii, "a-z as A-Z",
        "'Hi'.upperAscii() == 'HI'");
  f.Add(
      "Text",
      {"string.replace(string, string) -> string", "string.replace(string, string, int) -> string"},
      Replace, "with one text in place of another, everywhere or so many times",
      "'a-b-c'.replace('-', '+') == 'a+b+c'");
  f.Add("Text",
        {"string.split(string) -> list(string)", "string.split(string, int) -> list(string)"},
        Split, "the parts between a separator, at most so many", "'a,b'.split(',') == ['a', 'b']");
  f.Add("Text", {"list(string).join() -> string", "list(string).join(string) -> string"}, Join,
        "all texts together, with a separator between them", "['a', 'b'].join(', ') == 'a, b'");
  f.Add("Text", {"string.substring(int) -> string", "string.substring(int, int) -> string"},
        Substring, "from a position on, up to another", "'hello'.substring(1, 3) == 'el'");
  f.Add("Text", {"string.trim() -> string"}, Trim, "without the blanks at both ends",
        "' hi '.trim() == 'hi'");
  f.Add("Text", {"string.reverse() -> string"}, Reverse, "the characters from last to first",
        "'abc'.reverse() == 'cba'");
  f.Add("Text", {"string.format(list(dyn)) -> string"}, Format,
        "with values in place of %s %d %f %e %b %o %x %X, and %% for a percent sign",
        "'%s: %.2f'.format(['total', 1.5]) == 'total: 1.50'");
  f.Add("Text", {"strings.quote(string) -> string"}, Quote,
        "in double quotes, special characters escaped", "strings.quote('a') == '\"a\"'");
}

}  // namespace agentflow::cel
