#include "libs/cel/functions.h"
#include "libs/cel/operators.h"
#include "libs/cel/text.h"

// Values that may be missing, and base64.
namespace agentflow::cel {
namespace {

Value OptionalOf(Context& context, const Value* args, size_t) {
  return context.MakeOptional(args[0]);
}

Value OptionalOfNonZero(Context& context, const Value* args, size_t) {
  return IsZeroValue(args[0]) ? Value::Optional(nullptr) : context.MakeOptional(args[0]);
}

Value OptionalNone(Context&, const Value*, size_t) { return Value::Optional(nullptr); }

Value HasValue(Context& context, const Value* args, size_t count) {
  if (!args[0].is(Kind::kOptional)) return context.NoOverload("hasValue", {args, count});
  return Value::Bool(args[0].optional() != nullptr);
}

Value ValueOf(Context& context, const Value* args, size_t count) {
  if (!args[0].is(Kind::kOptional)) return context.NoOverload("value", {args, count});
  if (!args[0].optional()) return context.Fail(ErrorCode::kEmptyOptional);
  return *args[0].optional();
}

// The planner makes nodes for or() and orValue(), which evaluate their argument only where it is
// needed; these are here for the registry.
Value Or(Context& context, const Value* args, size_t count) {
  if (!args[0].is(Kind::kOptional)) return context.NoOverload("or", {args, count});
  return args[0].optional() ? args[0] : args[1];
}

Value OrValue(Context& context, const Value* args, size_t count) {
  if (!args[0].is(Kind::kOptional)) return context.NoOverload("orValue", {args, count});
  return args[0].optional() ? *args[0].optional() : args[1];
}

Value UnwrapList(Context& context, const Value* args, size_t count) {
  if (!args[0].is(Kind::kList)) return context.NoOverload("optional.unwrap", {args, count});
  size_t size = ListSize(args[0]);
  if (!context.ChargeItems(size)) return context.OutOfCost();
  Value* items = context.NewItems(size);
  if (!items) return context.OutOfBytes();
  size_t kept = 0;
  for (size_t i = 0; i < size; ++i) {
    Value item = ListAt(args[0], i);
    if (!item.is(Kind::kOptional)) return context.NoOverload("optional.unwrap", {&item, 1});
    if (item.optional()) items[kept++] = *item.optional();
  }
  return context.MakeList(items, kept);
}

Value Base64Encode(Context& context, const Value* args, size_t count) {
  if (!args[0].is(Kind::kBytes)) return context.NoOverload("base64.encode", {args, count});
  if (!context.ChargeBytes(args[0].text().size())) return context.OutOfCost();
  return context.MakeString(EncodeBase64(args[0].text()));
}

Value Base64Decode(Context& context, const Value* args, size_t count) {
  if (!args[0].is(Kind::kString)) return context.NoOverload("base64.decode", {args, count});
  if (!context.ChargeBytes(args[0].text().size())) return context.OutOfCost();
  std::string out;
  if (!DecodeBase64(args[0].text(), out)) return context.Invalid("the text is no base64");
  return context.MakeBytes(out);
}

}  // namespace

void AddOptionalFunctions(Functions& f) {
  f.Add("Optional values", {"optional.of(A) -> optional_type(A)"}, OptionalOf,
        "an optional with this value", "optional.of(1)");
  f.Add("Optional values", {"optional.ofNonZeroValue(A) -> optional_type(A)"}, OptionalOfNonZero,
        "empty for '', 0, false, null, [] and {}", "optional.ofNonZeroValue(inputs.note)");
  f.Add("Optional values", {"optional.none() -> optional_type(A)"}, OptionalNone,
        "an empty optional", "optional.none()");
  f.Add("Optional values",
        {"optional.unwrap(list(optional_type(A))) -> list(A)"}, UnwrapList,
        "the values of those that have one", "optional.unwrap([optional.of(1), optional.none()])");
  f.Add("Optional values", {"list(optional_type(A)).unwrapOpt() -> list(A)"}, UnwrapList,
        "the same, behind the list", "[optional.of(1)].unwrapOpt()");
  f.Add("Optional values", {"optional_type(A).hasValue() -> bool"}, HasValue,
        "whether there is a value", "inputs.?note.hasValue()");
  f.Add("Optional values", {"optional_type(A).value() -> A"}, ValueOf,
        "the value; an error where there is none", "inputs.?note.value()");
  f.Add("Optional values", {"optional_type(A).orValue(A) -> A"}, OrValue,
        "the value, or another where there is none", "inputs.?note.orValue('')");
  f.Add("Optional values", {"optional_type(A).or(optional_type(A)) -> optional_type(A)"}, Or,
        "the first of two optionals that has a value", "inputs.?note.or(inputs.?title)");

  f.Add("Encoding", {"base64.encode(bytes) -> string"}, Base64Encode, "bytes as base64 text",
        "base64.encode(b'hello') == 'aGVsbG8='");
  f.Add("Encoding", {"base64.decode(string) -> bytes"}, Base64Decode, "the bytes of base64 text",
        "base64.decode('aGVsbG8=') == b'hello'");
}

}  // namespace agentflow::cel
