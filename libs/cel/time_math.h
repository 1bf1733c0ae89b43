#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "libs/cel/context.h"

// Timestamps (years 1 to 9999) and durations (what 64 bits of nanoseconds hold, some 292 years).
namespace agentflow::cel {

inline bool IsTime(const Value& v) { return v.is(Kind::kTimestamp) || v.is(Kind::kDuration); }

// At least one is a duration.
Value AddTimes(Context& context, const Value& a, const Value& b);
// timestamp - timestamp, timestamp - duration, duration - duration
Value SubtractTimes(Context& context, const Value& a, const Value& b);

bool TimestampInRange(int64_t seconds);
std::optional<int64_t> TotalNanos(const Value& duration);
Value DurationOfNanos(int64_t nanos);

// RFC 3339; nothing for what is none. The range is not checked.
std::optional<Value> ParseTimestamp(std::string_view text);
std::string FormatTimestamp(const Value& timestamp);
// "1h30m", "-1.5s", "10ms"; units h, m, s, ms, us, ns. Nothing for what is none or out of range.
std::optional<Value> ParseDuration(std::string_view text);
// "5400s", "-0.5s"
std::string FormatDuration(const Value& duration);

// A moment in a time zone, split up.
struct CivilTime {
  int64_t year;
  int month;        // 1..12
  int day;          // 1..31
  int hour, minute, second;
  int day_of_year;  // 0..365
  int day_of_week;  // 0 is Sunday
};
CivilTime ToCivil(int64_t unix_seconds);
int64_t FromCivil(int64_t year, int month, int day);  // days since 1970-01-01
// "UTC", "Z", "+02:00", "-02:30", "02:00"; nothing for other names.
std::optional<int> FixedOffsetSeconds(std::string_view zone);

}  // namespace agentflow::cel
