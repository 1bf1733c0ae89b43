#include "libs/cel/context.h"

#include <algorithm>
#include <new>

#include "libs/cel/text.h"

namespace agentflow::cel {
namespace {

std::string_view NameOf(Kind kind) {
  switch (kind) {
    case Kind::kNull: return "null";
    case Kind::kBool: return "bool";
    case Kind::kInt: return "int";
    case Kind::kUint: return "uint";
    case Kind::kDouble: return "double";
    case Kind::kString: return "string";
    case Kind::kBytes: return "bytes";
    case Kind::kList: return "list";
    case Kind::kMap: return "map";
    case Kind::kTimestamp: return "timestamp";
    case Kind::kDuration: return "duration";
    case Kind::kType: return "type";
    case Kind::kOptional: return "optional";
    case Kind::kError: return "error";
  }
  return "";
}

}  // namespace

std::string DescribeError(const ErrorData& error) {
  if (error.code == ErrorCode::kInvalidArgument) return std::string(error.detail);
  std::string detail = Shorten(error.detail, 100);  // keys may be of any size
  switch (error.code) {
    case ErrorCode::kNoSuchKey: return "no such key: '" + detail + "'";
    case ErrorCode::kUnknownFunction: return "unknown function '" + detail + "'";
    case ErrorCode::kUnknownVariable: return "undeclared name '" + detail + "'";
    case ErrorCode::kNoValue: return "'" + detail + "' has no value";
    case ErrorCode::kIndexOutOfRange:
      return "index out of range" + (detail.empty() ? "" : ": " + detail);
    case ErrorCode::kDivideByZero: return "division by zero";
    case ErrorCode::kModulusByZero: return "modulus by zero";
    case ErrorCode::kOverflow: return "integer overflow";
    case ErrorCode::kRange: return "out of range" + (detail.empty() ? "" : ": " + detail);
    case ErrorCode::kDuplicateKey: return "the map has the key '" + detail + "' twice";
    case ErrorCode::kUnsupportedKey:
      return "a map key must be a string, int, uint or bool";
    case ErrorCode::kNoSuchField:
      return "a value of type " + std::string(NameOf(error.operands[0])) + " has no field '" +
             detail + "'";
    case ErrorCode::kEmptyOptional: return "the optional has no value; use orValue() or hasValue()";
    case ErrorCode::kLimitCost:
      return "the expression takes too many steps; simplify it or give it less data";
    case ErrorCode::kLimitBytes:
      return "the expression makes too much data; simplify it or give it less data";
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kNoSuchOverload: break;
  }
  std::string text = "no overload of '" + detail + "' for (";
  for (uint8_t i = 0; i < error.operand_count; ++i) {
    if (i) text += ", ";
    text += NameOf(error.operands[i]);
  }
  return text + ")";
}

Value Context::Fail(ErrorCode code, std::string_view detail) {
  void* memory = arena.Allocate(sizeof(ErrorData));
  if (!memory) return OutOfBytes();
  return Value::Error(new (memory) ErrorData{.code = code, .position = position, .detail = detail});
}

Value Context::OutOfCost() {
  static constexpr ErrorData kError{.code = ErrorCode::kLimitCost};
  if (!limit) limit = &kError;
  cost = -1;
  return Value::Error(limit);
}

Value Context::OutOfBytes() {
  static constexpr ErrorData kError{.code = ErrorCode::kLimitBytes};
  if (!limit) limit = &kError;
  cost = -1;  // ends what still runs
  return Value::Error(limit);
}

Value Context::NoOverload(std::string_view function, std::span<const Value> operands) {
  for (const Value& operand : operands) {
    if (operand.is_error()) return operand;
  }
  void* memory = arena.Allocate(sizeof(ErrorData));
  if (!memory) return OutOfBytes();
  auto* error = new (memory) ErrorData{
      .code = ErrorCode::kNoSuchOverload, .position = position, .detail = function};
  error->operand_count = static_cast<uint8_t>(std::min<size_t>(operands.size(), 3));
  for (uint8_t i = 0; i < error->operand_count; ++i) error->operands[i] = operands[i].kind();
  return Value::Error(error);
}

Value Context::Invalid(std::string reason) {
  std::string_view copy = Copy(reason);
  return copy.data() ? Fail(ErrorCode::kInvalidArgument, copy) : OutOfBytes();
}

std::string_view Context::Copy(std::string_view text) {
  char* memory = static_cast<char*>(arena.Allocate(std::max<size_t>(text.size(), 1)));
  if (!memory) return {};
  std::copy(text.begin(), text.end(), memory);
  return {memory, text.size()};
}

Value Context::MakeString(std::string_view text) {
  if (!ChargeBytes(text.size())) return OutOfCost();
  std::string_view copy = Copy(text);
  return copy.data() ? Value::String(copy) : OutOfBytes();
}

Value Context::MakeBytes(std::string_view bytes) {
  if (!ChargeBytes(bytes.size())) return OutOfCost();
  std::string_view copy = Copy(bytes);
  return copy.data() ? Value::Bytes(copy) : OutOfBytes();
}

Value Context::MakeOptional(const Value& value) {
  void* memory = arena.Allocate(sizeof(Value));
  return memory ? Value::Optional(new (memory) Value(value)) : OutOfBytes();
}

Value Context::MakeList(const Value* items, size_t size) {
  void* memory = arena.Allocate(sizeof(ListData));
  return memory ? Value::List(new (memory) ListData(items, size)) : OutOfBytes();
}

}  // namespace agentflow::cel
