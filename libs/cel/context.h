#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "libs/cel/activation.h"
#include "libs/cel/arena.h"
#include "libs/cel/time_zones.h"
#include "libs/cel/value.h"

namespace agentflow::cel {

enum class ErrorCode : uint8_t {
  kNoSuchKey, kNoSuchOverload, kUnknownFunction, kUnknownVariable, kNoValue, kIndexOutOfRange,
  kDivideByZero, kModulusByZero, kOverflow, kRange, kInvalidArgument, kDuplicateKey,
  kUnsupportedKey, kNoSuchField, kEmptyOptional, kLimitCost, kLimitBytes
};

// What an error value points to; the message is only written when somebody reads it.
struct ErrorData {
  ErrorCode code;
  uint8_t operand_count = 0;
  Kind operands[3] = {};    // of kNoSuchOverload
  uint32_t position = 0;    // byte offset in the expression
  std::string_view detail;  // a key, a name, a reason: in the arena or static
};

std::string DescribeError(const ErrorData& error);

// One evaluation: where its data comes from and what it may still use. Functions get it to
// allocate, to charge and to fail.
class Context {
 public:
  Context(const Activation& activation, Arena& arena, int64_t cost, const TimeZones* time_zones)
      : activation(activation), arena(arena), cost(cost), time_zones(time_zones) {}

  const Activation& activation;
  Arena& arena;
  int64_t cost;  // what is left
  const TimeZones* time_zones;
  Value* locals = nullptr;  // the variables of macros
  uint32_t position = 0;    // of the operation that is running
  const ErrorData* limit = nullptr;  // that was met: the result is that, whatever absorbs the error

  // False when the limit is met.
  bool Charge(int64_t units) {
    cost -= units;
    return cost >= 0;
  }
  bool ChargeBytes(size_t bytes) { return Charge(1 + static_cast<int64_t>(bytes / 64)); }
  // A part that is nearly there all along takes longer to be found.
  bool ChargeSearch(std::string_view text, std::string_view part) {
    return ChargeBytes(text.size() * (part.size() > 32 ? 4 : 2) + part.size());
  }
  bool ChargeItems(size_t items) { return Charge(1 + static_cast<int64_t>(items / 8)); }

  // Error values. `detail` must be static, of the program or of the arena (see Copy).
  Value Fail(ErrorCode code, std::string_view detail = {});
  Value OutOfCost();
  Value OutOfBytes();
  Value NoOverload(std::string_view function, std::span<const Value> operands);
  Value Invalid(std::string reason);  // copied

  // Text in the arena. A null data() means that the byte limit was met.
  std::string_view Copy(std::string_view text);
  // A string value of the copied text, or the limit's error.
  Value MakeString(std::string_view text);
  Value MakeBytes(std::string_view bytes);
  Value MakeOptional(const Value& value);
  // The list of `items`, which already are in the arena.
  Value MakeList(const Value* items, size_t size);
  // Room for `count` values; null when the byte limit was met.
  Value* NewItems(size_t count) { return arena.AllocateArray<Value>(count ? count : 1); }
};

}  // namespace agentflow::cel
