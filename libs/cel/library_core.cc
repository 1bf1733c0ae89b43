#include <cmath>

#include "libs/cel/functions.h"
#include "libs/cel/lexer.h"
#include "libs/cel/operators.h"
#include "libs/cel/regex.h"
#include "libs/cel/text.h"
#include "libs/cel/time_math.h"

// The functions of the language definition: sizes, conversions, plain text.
namespace agentflow::cel {
namespace {

constexpr double kTwo63 = 9223372036854775808.0;
constexpr double kTwo64 = 18446744073709551616.0;

Value Size(Context& context, const Value* args, size_t count) {
  switch (args[0].kind()) {
    case Kind::kString:
      if (!context.ChargeBytes(args[0].text().size())) return context.OutOfCost();
      return Value::Int(static_cast<int64_t>(CodePoints(args[0].text())));
    case Kind::kBytes: return Value::Int(static_cast<int64_t>(args[0].text().size()));
    case Kind::kList: return Value::Int(static_cast<int64_t>(ListSize(args[0])));
    case Kind::kMap: {
      size_t size = MapSize(args[0]);
      // A host counts by listing its keys.
      if (args[0].host_map() && !context.ChargeItems(8 * size)) return context.OutOfCost();
      return Value::Int(static_cast<int64_t>(size));
    }
    default: return context.NoOverload("size", {args, count});
  }
}

Value TypeOfValue(Context&, const Value* args, size_t) {
  return Value::TypeName(TypeNameOf(args[0]));
}

Value Dyn(Context&, const Value* args, size_t) { return args[0]; }

// Reading a text as something else looks at all of it, letter by letter.
bool ChargeText(Context& context, const Value& from) {
  return !from.is(Kind::kString) || context.ChargeBytes(from.text().size() * 2);
}

Value NotReadable(Context& context, std::string_view text, std::string_view as) {
  return context.Invalid("'" + Shorten(text) + "' cannot be read as " + std::string(as));
}

Value ToInt(Context& context, const Value* args, size_t count) {
  if (!ChargeText(context, args[0])) return context.OutOfCost();
  const Value& from = args[0];
  int64_t number;
  switch (from.kind()) {
    case Kind::kInt: return from;
    case Kind::kUint:
      if (from.as_uint() >= uint64_t{1} << 63) return context.Fail(ErrorCode::kRange, "of int");
      return Value::Int(static_cast<int64_t>(from.as_uint()));
    case Kind::kDouble:
      if (!(from.as_double() > -kTwo63 && from.as_double() < kTwo63)) {
        return context.Fail(ErrorCode::kRange, "of int");
      }
      return Value::Int(static_cast<int64_t>(from.as_double()));
    case Kind::kString:
      if (ParseInt(from.text(), number)) return Value::Int(number);
      return NotReadable(context, from.text(), "an int");
    case Kind::kTimestamp: return Value::Int(from.seconds());
    case Kind::kDuration: return Value::Int(from.seconds());
    default: return context.NoOverload("int", {args, count});
  }
}

Value ToUint(Context& context, const Value* args, size_t count) {
  if (!ChargeText(context, args[0])) return context.OutOfCost();
  const Value& from = args[0];
  uint64_t number;
  switch (from.kind()) {
    case Kind::kUint: return from;
    case Kind::kInt:
      if (from.as_int() < 0) return context.Fail(ErrorCode::kRange, "of uint");
      return Value::Uint(static_cast<uint64_t>(from.as_int()));
    case Kind::kDouble:
      if (!(from.as_double() >= 0 && from.as_double() < kTwo64)) {
        return context.Fail(ErrorCode::kRange, "of uint");
      }
      return Value::Uint(static_cast<uint64_t>(from.as_double()));
    case Kind::kString:
      if (ParseUint(from.text(), number)) return Value::Uint(number);
      return NotReadable(context, from.text(), "a uint");
    default: return context.NoOverload("uint", {args, count});
  }
}

Value ToDouble(Context& context, const Value* args, size_t count) {
  if (!ChargeText(context, args[0])) return context.OutOfCost();
  const Value& from = args[0];
  double number;
  switch (from.kind()) {
    case Kind::kDouble: return from;
    case Kind::kInt: return Value::Double(static_cast<double>(from.as_int()));
    case Kind::kUint: return Value::Double(static_cast<double>(from.as_uint()));
    case Kind::kString:
      if (ParseDouble(from.text(), number)) return Value::Double(number);
      return NotReadable(context, from.text(), "a double");
    default: return context.NoOverload("double", {args, count});
  }
}

Value ToBool(Context& context, const Value* args, size_t count) {
  if (!ChargeText(context, args[0])) return context.OutOfCost();
  if (args[0].is(Kind::kBool)) return args[0];
  if (!args[0].is(Kind::kString)) return context.NoOverload("bool", {args, count});
  std::string_view text = args[0].text();
  for (std::string_view yes : {"1", "t", "T", "true", "TRUE", "True"}) {
    if (text == yes) return Value::Bool(true);
  }
  for (std::string_view no : {"0", "f", "F", "false", "FALSE", "False"}) {
    if (text == no) return Value::Bool(false);
  }
  return NotReadable(context, text, "a bool");
}

Value ToString(Context& context, const Value* args, size_t count) {
  const Value& from = args[0];
  switch (from.kind()) {
    case Kind::kString: return from;
    case Kind::kBool: return Value::String(from.as_bool() ? "true" : "false");
    case Kind::kInt: return context.MakeString(std::to_string(from.as_int()));
    case Kind::kUint: return context.MakeString(std::to_string(from.as_uint()));
    case Kind::kDouble: return context.MakeString(FormatDouble(from.as_double()));
    case Kind::kBytes:
      if (!context.ChargeBytes(from.text().size())) return context.OutOfCost();
      if (!IsValidUtf8(from.text())) return context.Invalid("the bytes are not valid UTF-8");
      return Value::String(from.text());
    case Kind::kTimestamp: return context.MakeString(FormatTimestamp(from));
    case Kind::kDuration: return context.MakeString(FormatDuration(from));
    default: return context.NoOverload("string", {args, count});
  }
}

Value ToBytes(Context& context, const Value* args, size_t count) {
  if (args[0].is(Kind::kBytes)) return args[0];
  if (args[0].is(Kind::kString)) return Value::Bytes(args[0].text());
  return context.NoOverload("bytes", {args, count});
}

Value ToTimestamp(Context& context, const Value* args, size_t count) {
  if (!ChargeText(context, args[0])) return context.OutOfCost();
  const Value& from = args[0];
  if (from.is(Kind::kTimestamp)) return from;
  Value out;
  if (from.is(Kind::kInt)) {
    out = Value::Timestamp(from.as_int(), 0);
  } else if (from.is(Kind::kString)) {
    auto parsed = ParseTimestamp(from.text());
    if (!parsed) return NotReadable(context, from.text(), "a timestamp (RFC 3339)");
    out = *parsed;
  } else {
    return context.NoOverload("timestamp", {args, count});
  }
  if (TimestampInRange(out.seconds())) return out;
  return context.Fail(ErrorCode::kRange, "a timestamp lies in the years 1 to 9999");
}

Value ToDuration(Context& context, const Value* args, size_t count) {
  if (!ChargeText(context, args[0])) return context.OutOfCost();
  if (args[0].is(Kind::kDuration)) return args[0];
  if (!args[0].is(Kind::kString)) return context.NoOverload("duration", {args, count});
  if (auto parsed = ParseDuration(args[0].text())) return *parsed;
  return NotReadable(context, args[0].text(), "a duration such as '1h30m' (at most 292 years)");
}

// The questions on two texts. `ask` charges for what it looks at.
template <typename Ask>
Value AskTexts(Context& context, const Value* args, size_t count, std::string_view name, Ask ask) {
  if (!args[0].is(Kind::kString) || !args[1].is(Kind::kString)) {
    return context.NoOverload(name, {args, count});
  }
  bool yes = ask(args[0].text(), args[1].text());
  return context.cost < 0 ? context.OutOfCost() : Value::Bool(yes);
}

Value StartsWith(Context& context, const Value* args, size_t count) {
  return AskTexts(context, args, count, "startsWith", [&](auto text, auto part) {
    return context.ChargeBytes(part.size()) && text.substr(0, part.size()) == part;
  });
}

Value EndsWith(Context& context, const Value* args, size_t count) {
  return AskTexts(context, args, count, "endsWith", [&](auto text, auto part) {
    return context.ChargeBytes(part.size()) && text.size() >= part.size() &&
           text.substr(text.size() - part.size()) == part;
  });
}

Value ContainsText(Context& context, const Value* args, size_t count) {
  return AskTexts(context, args, count, "contains", [&](auto text, auto part) {
    return context.ChargeSearch(text, part) && FindText(text, part) != std::string_view::npos;
  });
}

Value MatchesText(Context& context, const Value* args, size_t count) {
  if (!args[0].is(Kind::kString) || !args[1].is(Kind::kString)) {
    return context.NoOverload("matches", {args, count});
  }
  return MatchRegex(context, args[0].text(), args[1].text());
}

}  // namespace

void AddCoreFunctions(Functions& f) {
  f.Add("General",
        {"size(string) -> int", "size(bytes) -> int", "size(list(A)) -> int",
         "size(map(A, B)) -> int", "string.size() -> int", "bytes.size() -> int",
         "list(A).size() -> int", "map(A, B).size() -> int"},
        Size, "the number of characters, bytes, elements or keys", "size(inputs.items) > 3");
  f.Add("General", {"type(A) -> type(A)"}, TypeOfValue, "the type of a value",
        "type(inputs.x) == string");
  f.Add("General", {"dyn(A) -> dyn"}, Dyn, "the value, its type to be looked at when it runs",
        "dyn(1) == 1.0");

  f.Add("Conversions",
        {"int(int) -> int", "int(uint) -> int", "int(double) -> int", "int(string) -> int",
         "int(timestamp) -> int", "int(duration) -> int"},
        ToInt, "a whole number; a double is cut, a timestamp becomes seconds since 1970",
        "int('42') == 42");
  f.Add("Conversions",
        {"uint(uint) -> uint", "uint(int) -> uint", "uint(double) -> uint",
         "uint(string) -> uint"},
        ToUint, "a whole number that is not negative", "uint(3) == 3u");
  f.Add("Conversions",
        {"double(double) -> double", "double(int) -> double", "double(uint) -> double",
         "double(string) -> double"},
        ToDouble, "a number with a fraction", "double(inputs.count) / 2.0");
  f.Add("Conversions", {"bool(bool) -> bool", "bool(string) -> bool"}, ToBool,
        "true for 'true', 't', '1' and their like", "bool('true')");
  f.Add("Conversions",
        {"string(string) -> string", "string(bool) -> string", "string(int) -> string",
         "string(uint) -> string", "string(double) -> string", "string(bytes) -> string",
         "string(timestamp) -> string", "string(duration) -> string"},
        ToString, "the value as text", "'no. ' + string(7)");
  f.Add("Conversions", {"bytes(bytes) -> bytes", "bytes(string) -> bytes"}, ToBytes,
        "the text's UTF-8 bytes", "bytes('abc') == b'abc'");
  f.Add("Conversions",
        {"timestamp(timestamp) -> timestamp", "timestamp(string) -> timestamp",
         "timestamp(int) -> timestamp"},
        ToTimestamp, "a moment, from RFC 3339 text or seconds since 1970",
        "timestamp('2024-05-01T10:00:00Z')");
  f.Add("Conversions", {"duration(duration) -> duration", "duration(string) -> duration"},
        ToDuration, "a span of time, from units h, m, s, ms, us, ns", "duration('1h30m')");

  f.Add("Text", {"string.startsWith(string) -> bool"}, StartsWith,
        "whether the text begins with another", "inputs.name.startsWith('Dr.')");
  f.Add("Text", {"string.endsWith(string) -> bool"}, EndsWith,
        "whether the text ends with another", "inputs.file.endsWith('.md')");
  f.Add("Text", {"string.contains(string) -> bool"}, ContainsText,
        "whether the text has another in it", "inputs.ticket.contains('refund')");
  f.Add("Text", {"string.matches(string) -> bool", "matches(string, string) -> bool"}, MatchesText,
        "whether a part fits the regular expression (RE2; ^ and $ for the whole)",
        "inputs.mail.matches('^[^@]+@[^@]+$')");
}

}  // namespace agentflow::cel
