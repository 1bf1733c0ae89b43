#include "libs/cel/time_math.h"

#include <array>
#include <charconv>
#include <cstdio>
#include <limits>

namespace agentflow::cel {
namespace {

constexpr int64_t kMinSeconds = -62135596800;  // 0001-01-01T00:00:00Z
constexpr int64_t kMaxSeconds = 253402300799;  // 9999-12-31T23:59:59Z
constexpr int32_t kNanosPerSecond = 1'000'000'000;

Value MakeTimestamp(Context& context, int64_t seconds, int64_t nanos) {
  if (nanos < 0) --seconds, nanos += kNanosPerSecond;
  if (nanos >= kNanosPerSecond) ++seconds, nanos -= kNanosPerSecond;
  if (!TimestampInRange(seconds)) {
    return context.Fail(ErrorCode::kRange, "a timestamp lies in the years 1 to 9999");
  }
  return Value::Timestamp(seconds, static_cast<int32_t>(nanos));
}

Value DurationOverflow(Context& context) {
  return context.Fail(ErrorCode::kRange, "a duration is at most some 292 years");
}

// Reads exactly `digits` decimal digits.
bool TakeNumber(std::string_view& text, size_t digits, int& out) {
  if (text.size() < digits) return false;
  out = 0;
  for (size_t i = 0; i < digits; ++i) {
    if (text[i] < '0' || text[i] > '9') return false;
    out = out * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return true;
}

bool Take(std::string_view& text, char c) {
  if (text.empty() || text[0] != c) return false;
  text.remove_prefix(1);
  return true;
}

// ".123": up to nine digits count, further ones are cut.
bool TakeFraction(std::string_view& text, int64_t& nanos) {
  nanos = 0;
  if (!Take(text, '.')) return true;
  int64_t unit = kNanosPerSecond;
  size_t digits = 0;
  while (!text.empty() && text[0] >= '0' && text[0] <= '9') {
    unit /= 10;
    nanos += (text[0] - '0') * unit;
    text.remove_prefix(1);
    ++digits;
  }
  return digits > 0;
}

int DaysInMonth(int64_t year, int month) {
  static constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return month == 2 && leap ? 29 : kDays[month - 1];
}

struct DurationUnit {
  std::string_view name;
  int64_t nanos;
};
constexpr DurationUnit kUnits[] = {{"ns", 1},
                                   {"us", 1000},
                                   {"\xc2\xb5s", 1000},  // micro sign
                                   {"ms", 1'000'000},
                                   {"s", 1'000'000'000},
                                   {"m", 60'000'000'000},
                                   {"h", 3'600'000'000'000}};

const DurationUnit* TakeUnit(std::string_view& text) {
  const DurationUnit* longest = nullptr;
  for (const DurationUnit& unit : kUnits) {
    if (text.substr(0, unit.name.size()) != unit.name) continue;
    if (!longest || unit.name.size() > longest->name.size()) longest = &unit;
  }
  if (longest) text.remove_prefix(longest->name.size());
  return longest;
}

// The fraction without trailing zeros, in groups of three digits as protobuf's JSON writes it
// where `grouped`.
std::string Fraction(int32_t nanos) {
  if (nanos == 0) return "";
  std::array<char, 16> digits;
  std::snprintf(digits.data(), digits.size(), ".%09d", nanos);
  std::string text(digits.data());
  text.erase(text.find_last_not_of('0') + 1);
  return text;
}

}  // namespace

bool TimestampInRange(int64_t seconds) { return seconds >= kMinSeconds && seconds <= kMaxSeconds; }

std::optional<int64_t> TotalNanos(const Value& duration) {
  int64_t total = 0;
  if (__builtin_mul_overflow(duration.seconds(), int64_t{kNanosPerSecond}, &total) ||
      __builtin_add_overflow(total, int64_t{duration.nanos()}, &total)) {
    return std::nullopt;
  }
  return total;
}

Value DurationOfNanos(int64_t nanos) {
  return Value::Duration(nanos / kNanosPerSecond, static_cast<int32_t>(nanos % kNanosPerSecond));
}

Value AddTimes(Context& context, const Value& a, const Value& b) {
  if (b.is(Kind::kTimestamp)) return AddTimes(context, b, a);
  if (a.is(Kind::kTimestamp)) {
    return MakeTimestamp(context, a.seconds() + b.seconds(), int64_t{a.nanos()} + b.nanos());
  }
  auto x = TotalNanos(a);
  auto y = TotalNanos(b);
  int64_t sum = 0;
  if (!x || !y || __builtin_add_overflow(*x, *y, &sum)) return DurationOverflow(context);
  return DurationOfNanos(sum);
}

Value SubtractTimes(Context& context, const Value& a, const Value& b) {
  if (a.is(Kind::kTimestamp) && b.is(Kind::kDuration)) {
    return MakeTimestamp(context, a.seconds() - b.seconds(), int64_t{a.nanos()} - b.nanos());
  }
  int64_t seconds = a.seconds() - b.seconds();
  int64_t nanos = int64_t{a.nanos()} - b.nanos();
  int64_t total = 0;
  if (__builtin_mul_overflow(seconds, int64_t{kNanosPerSecond}, &total) ||
      __builtin_add_overflow(total, nanos, &total)) {
    return DurationOverflow(context);
  }
  return DurationOfNanos(total);
}

std::optional<Value> ParseTimestamp(std::string_view text) {
  int year, month, day, hour, minute, second;
  int64_t nanos = 0;
  if (!TakeNumber(text, 4, year) || !Take(text, '-') || !TakeNumber(text, 2, month) ||
      !Take(text, '-') || !TakeNumber(text, 2, day) || !(Take(text, 'T') || Take(text, 't')) ||
      !TakeNumber(text, 2, hour) || !Take(text, ':') || !TakeNumber(text, 2, minute) ||
      !Take(text, ':') || !TakeNumber(text, 2, second) || !TakeFraction(text, nanos)) {
    return std::nullopt;
  }
  if (month < 1 || month > 12 || day < 1 || day > DaysInMonth(year, month) || hour > 23 ||
      minute > 59 || second > 59) {
    return std::nullopt;
  }
  int offset = 0;
  if (!Take(text, 'Z') && !Take(text, 'z')) {
    int sign = Take(text, '-') ? -1 : Take(text, '+') ? 1 : 0;
    int offset_hours, offset_minutes;
    if (!sign || !TakeNumber(text, 2, offset_hours) || !Take(text, ':') ||
        !TakeNumber(text, 2, offset_minutes) || offset_hours > 23 || offset_minutes > 59) {
      return std::nullopt;
    }
    offset = sign * (offset_hours * 3600 + offset_minutes * 60);
  }
  if (!text.empty()) return std::nullopt;
  int64_t seconds = FromCivil(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
  return Value::Timestamp(seconds - offset, static_cast<int32_t>(nanos));
}

std::string FormatTimestamp(const Value& timestamp) {
  CivilTime civil = ToCivil(timestamp.seconds());
  std::array<char, 48> buffer;
  std::snprintf(buffer.data(), buffer.size(), "%04d-%02d-%02dT%02d:%02d:%02d",
                static_cast<int>(civil.year), civil.month, civil.day, civil.hour, civil.minute,
                civil.second);
  return buffer.data() + Fraction(timestamp.nanos()) + "Z";
}

std::optional<Value> ParseDuration(std::string_view text) {
  bool negative = Take(text, '-');
  if (!negative) Take(text, '+');
  if (text == "0") return Value::Duration(0, 0);
  if (text.empty()) return std::nullopt;
  constexpr __int128 kMostNanos = __int128{1} << 63;  // of a negative duration
  __int128 total = 0;
  while (!text.empty()) {
    __int128 whole = 0;
    size_t digits = 0;
    for (; !text.empty() && text[0] >= '0' && text[0] <= '9'; text.remove_prefix(1), ++digits) {
      whole = whole * 10 + (text[0] - '0');
      if (whole > kMostNanos) return std::nullopt;
    }
    int64_t billionths = 0;
    bool has_fraction = !text.empty() && text[0] == '.';
    if (has_fraction && text.size() > 1 && digits + (text[1] >= '0' && text[1] <= '9') == 0) {
      return std::nullopt;
    }
    if (!TakeFraction(text, billionths) && digits == 0) return std::nullopt;
    if (!digits && !has_fraction) return std::nullopt;
    const DurationUnit* unit = TakeUnit(text);
    if (!unit) return std::nullopt;
    total +=
        whole * unit->nanos + static_cast<__int128>(billionths) * unit->nanos / kNanosPerSecond;
    if (total > kMostNanos) return std::nullopt;
  }
  if (negative) total = -total;
  if (total == kMostNanos) return std::nullopt;
  return DurationOfNanos(static_cast<int64_t>(total));
}

std::string FormatDuration(const Value& duration) {
  bool negative = duration.seconds() < 0 || duration.nanos() < 0;
  std::string text = negative ? "-" : "";
  text += std::to_string(negative ? -duration.seconds() : duration.seconds());
  return text + Fraction(negative ? -duration.nanos() : duration.nanos()) + "s";
}

// Days from a civil date and back: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
int64_t FromCivil(int64_t year, int month, int day) {
  year -= month <= 2;
  int64_t era = (year >= 0 ? year : year - 399) / 400;
  int64_t year_of_era = year - era * 400;
  int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468;
}

CivilTime ToCivil(int64_t unix_seconds) {
  int64_t days = unix_seconds / 86400;
  int64_t rest = unix_seconds % 86400;
  if (rest < 0) rest += 86400, --days;
  int64_t shifted = days + 719468;
  int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
  int64_t day_of_era = shifted - era * 146097;
  int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  int64_t march_day = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  int64_t march_month = (5 * march_day + 2) / 153;
  CivilTime civil;
  civil.day = static_cast<int>(march_day - (153 * march_month + 2) / 5 + 1);
  civil.month = static_cast<int>(march_month < 10 ? march_month + 3 : march_month - 9);
  civil.year = year_of_era + era * 400 + (civil.month <= 2);
  civil.hour = static_cast<int>(rest / 3600);
  civil.minute = static_cast<int>(rest / 60 % 60);
  civil.second = static_cast<int>(rest % 60);
  civil.day_of_year = static_cast<int>(days - FromCivil(civil.year, 1, 1));
  civil.day_of_week = static_cast<int>(((days + 4) % 7 + 7) % 7);  // 1970-01-01 was a Thursday
  return civil;
}

std::optional<int> FixedOffsetSeconds(std::string_view zone) {
  if (zone.empty() || zone == "UTC" || zone == "Z" || zone == "GMT") return 0;
  int sign = Take(zone, '-') ? -1 : 1;
  if (sign == 1) Take(zone, '+');
  int hours, minutes;
  if (!TakeNumber(zone, 2, hours) || !Take(zone, ':') || !TakeNumber(zone, 2, minutes) ||
      !zone.empty() || hours > 23 || minutes > 59) {
    return std::nullopt;
  }
  return sign * (hours * 3600 + minutes * 60);
}

}  // namespace agentflow::cel
