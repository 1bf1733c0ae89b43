#include <cmath>
#include <optional>

#include "libs/base/status.h"
#include "libs/cel/cel.h"
#include "libs/cel/operators.h"
#include "libs/cel/text.h"
#include "libs/cel/time_math.h"

// Results leave the language here, by one rule for numbers and everything JSON has no word for.
namespace agentflow::cel {
namespace {

constexpr int kMaxDepth = 32;  // of JSON, everywhere

absl::Status Refuse(std::string_view reason) {
  return Error(absl::StatusCode::kInvalidArgument, "EXPRESSION_RESULT",
               "the result has " + std::string(reason));
}

std::string KeyText(const Value& key) {
  switch (key.kind()) {
    case Kind::kBool: return key.as_bool() ? "true" : "false";
    case Kind::kInt: return std::to_string(key.as_int());
    case Kind::kUint: return std::to_string(key.as_uint());
    default: return std::string(key.text());
  }
}

absl::Status TooLarge() {
  return Error(absl::StatusCode::kResourceExhausted, "EXPRESSION_LIMIT",
               "the result is too large; make less of it", {{kErrorLimit, "bytes"}});
}

// Counts the result as if it were written down, since parts of it may be shared many times:
// every value and every list and map has a size of its own, texts have their bytes.
bool ChargeResult(Context& context, size_t bytes) {
  return context.Charge(static_cast<int64_t>(bytes));
}
constexpr size_t kValueBytes = 8;
constexpr size_t kContainerBytes = 24;

// Wrapped JSON is shared, not copied; only its depth and size are looked at.
absl::Status CheckSize(Context& context, const json::Value& value, int depth) {
  if (depth > kMaxDepth) return Refuse("more than 32 levels of lists and maps");
  size_t text = value.is_string() ? value.as_string().size() : 0;
  if (!ChargeResult(context, kValueBytes + text)) return TooLarge();
  if (value.is_array()) {
    for (const json::Value& element : value.as_array()) {
      AF_RETURN_IF_ERROR(CheckSize(context, element, depth + 1));
    }
  }
  if (value.is_object()) {
    for (const auto& [key, member] : value.as_object()) {
      if (!ChargeResult(context, key.size())) return TooLarge();
      AF_RETURN_IF_ERROR(CheckSize(context, member, depth + 1));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<json::Value> Convert(Context& context, const Value& value, int depth);

absl::StatusOr<json::Value> ConvertList(Context& context, const Value& list, int depth) {
  json::Array array;
  array.reserve(ListSize(list));
  for (size_t i = 0; i < ListSize(list); ++i) {
    AF_ASSIGN_OR_RETURN(json::Value element, Convert(context, ListAt(list, i), depth));
    array.push_back(std::move(element));
  }
  return json::Value(std::move(array));
}

absl::StatusOr<json::Value> ConvertMap(Context& context, const Value& map, int depth) {
  std::vector<json::Object::Member> members;
  MapCursor cursor(context, map);
  while (cursor.Next()) {
    AF_ASSIGN_OR_RETURN(json::Value member, Convert(context, cursor.value(), depth));
    members.emplace_back(KeyText(cursor.key()), std::move(member));
    if (!ChargeResult(context, members.back().first.size())) return TooLarge();
  }
  size_t size = members.size();
  json::Object object(std::move(members));
  if (object.size() != size) return Refuse("two map keys with the same text, such as 1 and '1'");
  return json::Value(std::move(object));
}

absl::StatusOr<json::Value> Convert(Context& context, const Value& value, int depth) {
  if (depth > kMaxDepth) return Refuse("more than 32 levels of lists and maps");
  if (const json::Value* wrapped = value.json()) {
    // As a whole it is what it was: of a depth and size that were fine where it came from.
    if (depth > 0) AF_RETURN_IF_ERROR(CheckSize(context, *wrapped, depth));
    return *wrapped;
  }
  bool container = value.is(Kind::kList) || value.is(Kind::kMap);
  size_t own = (container ? kContainerBytes : 0) + (value.is_text() ? value.text().size() : 0);
  if (!ChargeResult(context, kValueBytes + own)) return TooLarge();
  switch (value.kind()) {
    case Kind::kNull: return json::Value();
    case Kind::kBool: return json::Value(value.as_bool());
    case Kind::kInt:
      if (value.as_int() > json::kMaxExactInt || value.as_int() < -json::kMaxExactInt) {
        return Refuse("an integer beyond 2^53, which JSON does not keep; use string()");
      }
      return json::Value(value.as_int());
    case Kind::kUint:
      if (value.as_uint() > static_cast<uint64_t>(json::kMaxExactInt)) {
        return Refuse("an integer beyond 2^53, which JSON does not keep; use string()");
      }
      return json::Value(static_cast<int64_t>(value.as_uint()));
    case Kind::kDouble:
      if (!std::isfinite(value.as_double())) {
        return Refuse("a number that is not finite, which JSON has no word for");
      }
      return json::Value(value.as_double());
    case Kind::kString: return json::Value(std::string(value.text()));
    case Kind::kBytes: return json::Value(EncodeBase64(value.text()));
    case Kind::kType: return json::Value(std::string(value.text()));
    case Kind::kTimestamp: return json::Value(FormatTimestamp(value));
    case Kind::kDuration: return json::Value(FormatDuration(value));
    case Kind::kList: return ConvertList(context, value, depth + 1);
    case Kind::kMap: return ConvertMap(context, value, depth + 1);
    case Kind::kOptional:
      if (!value.optional()) return Refuse("an optional without a value; use orValue()");
      return Convert(context, *value.optional(), depth);
    case Kind::kError: return Refuse("an error");
  }
  return json::Value();
}

}  // namespace

absl::StatusOr<json::Value> ToJson(const Value& value) {
  EmptyActivation nothing;
  Arena arena(Limits().bytes);
  Context context(nothing, arena, static_cast<int64_t>(Limits().bytes), nullptr);
  return Convert(context, value, 0);
}

}  // namespace agentflow::cel
