#include <algorithm>
#include <cmath>
#include <limits>

#include "libs/cel/functions.h"
#include "libs/cel/operators.h"

// The math extension.
namespace agentflow::cel {
namespace {

// The most extreme of the arguments, or of the elements of one list.
Value Extreme(Context& context, const Value* args, size_t count, std::string_view name,
              bool greatest) {
  bool list = count == 1 && args[0].is(Kind::kList);
  size_t size = list ? ListSize(args[0]) : count;
  if (!context.ChargeItems(size)) return context.OutOfCost();
  if (size == 0) return context.Invalid(std::string(name) + "() of an empty list");
  Value best;
  for (size_t i = 0; i < size; ++i) {
    Value value = list ? ListAt(args[0], i) : args[i];
    if (!value.is_number()) return context.NoOverload(name, {&value, 1});
    auto order = i == 0 ? std::nullopt : Compare(value, best);
    if (!order || (greatest ? *order > 0 : *order < 0)) best = value;
  }
  return best;
}

Value Greatest(Context& context, const Value* args, size_t count) {
  return Extreme(context, args, count, "math.greatest", true);
}

Value Least(Context& context, const Value* args, size_t count) {
  return Extreme(context, args, count, "math.least", false);
}

// A function of one double.
template <double (*kFunction)(double)>
Value OfDouble(Context& context, const Value* args, size_t count) {
  if (!args[0].is(Kind::kDouble)) return context.NoOverload("math function", {args, count});
  return Value::Double(kFunction(args[0].as_double()));
}

double Ceil(double x) { return std::ceil(x); }
double Floor(double x) { return std::floor(x); }
double Round(double x) { return std::round(x); }
double Trunc(double x) { return std::trunc(x); }

Value Sqrt(Context& context, const Value* args, size_t count) {
  switch (args[0].kind()) {
    case Kind::kDouble: return Value::Double(std::sqrt(args[0].as_double()));
    case Kind::kInt: return Value::Double(std::sqrt(static_cast<double>(args[0].as_int())));
    case Kind::kUint: return Value::Double(std::sqrt(static_cast<double>(args[0].as_uint())));
    default: return context.NoOverload("math.sqrt", {args, count});
  }
}

Value Abs(Context& context, const Value* args, size_t count) {
  switch (args[0].kind()) {
    case Kind::kUint: return args[0];
    case Kind::kDouble: return Value::Double(std::fabs(args[0].as_double()));
    case Kind::kInt:
      if (args[0].as_int() == std::numeric_limits<int64_t>::min()) {
        return context.Fail(ErrorCode::kOverflow);
      }
      return Value::Int(std::abs(args[0].as_int()));
    default: return context.NoOverload("math.abs", {args, count});
  }
}

Value Sign(Context& context, const Value* args, size_t count) {
  double x;
  switch (args[0].kind()) {
    case Kind::kUint: return Value::Uint(args[0].as_uint() > 0);
    case Kind::kInt: return Value::Int((args[0].as_int() > 0) - (args[0].as_int() < 0));
    case Kind::kDouble:
      x = args[0].as_double();
      return Value::Double(std::isnan(x) ? x : (x > 0) - (x < 0));
    default: return context.NoOverload("math.sign", {args, count});
  }
}

template <bool (*kQuestion)(double)>
Value AskDouble(Context& context, const Value* args, size_t count) {
  if (!args[0].is(Kind::kDouble)) return context.NoOverload("math question", {args, count});
  return Value::Bool(kQuestion(args[0].as_double()));
}

bool IsNan(double x) { return std::isnan(x); }
bool IsInf(double x) { return std::isinf(x); }
bool IsFinite(double x) { return std::isfinite(x); }

enum class Bits { kAnd, kOr, kXor };
template <Bits kBits>
Value Combine(Context& context, const Value* args, size_t count) {
  bool fits = args[0].kind() == args[1].kind() &&
              (args[0].is(Kind::kInt) || args[0].is(Kind::kUint));
  if (!fits) return context.NoOverload("math.bit...", {args, count});
  uint64_t a = args[0].as_uint();
  uint64_t b = args[1].as_uint();
  uint64_t out = kBits == Bits::kAnd ? a & b : kBits == Bits::kOr ? a | b : a ^ b;
  return args[0].is(Kind::kInt) ? Value::Int(static_cast<int64_t>(out)) : Value::Uint(out);
}

Value BitNot(Context& context, const Value* args, size_t count) {
  if (args[0].is(Kind::kInt)) return Value::Int(~args[0].as_int());
  if (args[0].is(Kind::kUint)) return Value::Uint(~args[0].as_uint());
  return context.NoOverload("math.bitNot", {args, count});
}

template <bool kLeft>
Value Shift(Context& context, const Value* args, size_t count) {
  bool fits = (args[0].is(Kind::kInt) || args[0].is(Kind::kUint)) && args[1].is(Kind::kInt);
  if (!fits) return context.NoOverload(kLeft ? "math.bitShiftLeft" : "math.bitShiftRight",
                                       {args, count});
  int64_t by = args[1].as_int();
  if (by < 0) return context.Invalid("a shift by a negative number of bits");
  uint64_t bits = args[0].as_uint();
  uint64_t out = by > 63 ? 0 : kLeft ? bits << by : bits >> by;
  return args[0].is(Kind::kInt) ? Value::Int(static_cast<int64_t>(out)) : Value::Uint(out);
}

void AddExtremes(Functions& f) {
  for (bool greatest : {true, false}) {
    std::string name = greatest ? "math.greatest" : "math.least";
    std::vector<std::string> texts;
    for (std::string type : {"int", "uint", "double", "dyn"}) {
      texts.push_back(name + "(" + type + "...) -> " + type);
      texts.push_back(name + "(list(" + type + ")) -> " + type);
    }
    std::vector<std::string_view> signatures(texts.begin(), texts.end());
    f.Add("Numbers", signatures, greatest ? Greatest : Least,
          greatest ? "the greatest of numbers or of a list" : "the least of numbers or of a list",
          greatest ? "math.greatest(1, 5, 3) == 5" : "math.least([1, 5, 3]) == 1");
  }
}

}  // namespace

void AddMathFunctions(Functions& f) {
  AddExtremes(f);
  f.Add("Numbers", {"math.ceil(double) -> double"}, OfDouble<Ceil>, "the next whole number up",
        "math.ceil(1.2) == 2.0");
  f.Add("Numbers", {"math.floor(double) -> double"}, OfDouble<Floor>,
        "the next whole number down", "math.floor(1.8) == 1.0");
  f.Add("Numbers", {"math.round(double) -> double"}, OfDouble<Round>,
        "the nearest whole number, halves away from zero", "math.round(1.5) == 2.0");
  f.Add("Numbers", {"math.trunc(double) -> double"}, OfDouble<Trunc>, "without its fraction",
        "math.trunc(-1.8) == -1.0");
  f.Add("Numbers", {"math.sqrt(double) -> double", "math.sqrt(int) -> double",
                    "math.sqrt(uint) -> double"},
        Sqrt, "the square root; NaN of a negative number", "math.sqrt(9.0) == 3.0");
  f.Add("Numbers", {"math.abs(int) -> int", "math.abs(uint) -> uint", "math.abs(double) -> double"},
        Abs, "without its sign", "math.abs(-3) == 3");
  f.Add("Numbers",
        {"math.sign(int) -> int", "math.sign(uint) -> uint", "math.sign(double) -> double"}, Sign,
        "-1, 0 or 1", "math.sign(-3) == -1");
  f.Add("Numbers", {"math.isNaN(double) -> bool"}, AskDouble<IsNan>, "whether it is no number",
        "math.isNaN(0.0 / 0.0)");
  f.Add("Numbers", {"math.isInf(double) -> bool"}, AskDouble<IsInf>, "whether it is infinite",
        "math.isInf(1.0 / 0.0)");
  f.Add("Numbers", {"math.isFinite(double) -> bool"}, AskDouble<IsFinite>,
        "whether it is a number and not infinite", "math.isFinite(1.0)");
  f.Add("Bits", {"math.bitAnd(int, int) -> int", "math.bitAnd(uint, uint) -> uint"},
        Combine<Bits::kAnd>, "the bits that both have", "math.bitAnd(6, 3) == 2");
  f.Add("Bits", {"math.bitOr(int, int) -> int", "math.bitOr(uint, uint) -> uint"},
        Combine<Bits::kOr>, "the bits that one of them has", "math.bitOr(4, 1) == 5");
  f.Add("Bits", {"math.bitXor(int, int) -> int", "math.bitXor(uint, uint) -> uint"},
        Combine<Bits::kXor>, "the bits in which they differ", "math.bitXor(6, 3) == 5");
  f.Add("Bits", {"math.bitNot(int) -> int", "math.bitNot(uint) -> uint"}, BitNot,
        "all bits the other way", "math.bitNot(0) == -1");
  f.Add("Bits", {"math.bitShiftLeft(int, int) -> int", "math.bitShiftLeft(uint, int) -> uint"},
        Shift<true>, "moved to the left; 0 from 64 on", "math.bitShiftLeft(1, 3) == 8");
  f.Add("Bits", {"math.bitShiftRight(int, int) -> int", "math.bitShiftRight(uint, int) -> uint"},
        Shift<false>, "moved to the right, filled with zeros", "math.bitShiftRight(8, 3) == 1");
}

}  // namespace agentflow::cel
