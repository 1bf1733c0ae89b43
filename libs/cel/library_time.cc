#include "libs/cel/functions.h"
#include "libs/cel/text.h"
#include "libs/cel/time_math.h"

// The parts of timestamps and durations.
namespace agentflow::cel {
namespace {

enum class Part {
  kFullYear, kMonth, kDate, kDayOfMonth, kDayOfWeek, kDayOfYear, kHours, kMinutes, kSeconds,
  kMilliseconds
};

std::string_view NameOf(Part part) {
  static constexpr std::string_view kNames[] = {
      "getFullYear", "getMonth", "getDate",    "getDayOfMonth", "getDayOfWeek",
      "getDayOfYear", "getHours", "getMinutes", "getSeconds",    "getMilliseconds"};
  return kNames[static_cast<int>(part)];
}

int64_t PartOf(const CivilTime& civil, int32_t nanos, Part part) {
  switch (part) {
    case Part::kFullYear: return civil.year;
    case Part::kMonth: return civil.month - 1;
    case Part::kDate: return civil.day;
    case Part::kDayOfMonth: return civil.day - 1;
    case Part::kDayOfWeek: return civil.day_of_week;
    case Part::kDayOfYear: return civil.day_of_year;
    case Part::kHours: return civil.hour;
    case Part::kMinutes: return civil.minute;
    case Part::kSeconds: return civil.second;
    case Part::kMilliseconds: return nanos / 1'000'000;
  }
  return 0;
}

// Of a duration the hours, minutes and seconds are totals, the milliseconds those of the second.
Value DurationPart(Context& context, const Value* args, size_t count, Part part) {
  switch (part) {
    case Part::kHours: return Value::Int(args[0].seconds() / 3600);
    case Part::kMinutes: return Value::Int(args[0].seconds() / 60);
    case Part::kSeconds: return Value::Int(args[0].seconds());
    case Part::kMilliseconds: return Value::Int(args[0].nanos() / 1'000'000);
    default: return context.NoOverload(NameOf(part), {args, count});
  }
}

template <Part kPart>
Value Get(Context& context, const Value* args, size_t count) {
  if (args[0].is(Kind::kDuration) && count == 1) {
    return DurationPart(context, args, count, kPart);
  }
  bool fits = args[0].is(Kind::kTimestamp) && (count == 1 || args[1].is(Kind::kString));
  if (!fits) return context.NoOverload(NameOf(kPart), {args, count});
  int64_t seconds = args[0].seconds();
  if (count == 2) {
    std::string_view zone = args[1].text();
    std::optional<int> offset = FixedOffsetSeconds(zone);
    if (!offset && context.time_zones) {
      offset = context.time_zones->OffsetSeconds(zone, seconds);
    }
    if (!offset) return context.Invalid("unknown time zone '" + Shorten(zone) + "'");
    seconds += *offset;
  }
  return Value::Int(PartOf(ToCivil(seconds), args[0].nanos(), kPart));
}

template <Part kPart>
void AddPart(Functions& f, bool of_durations, std::string_view documentation,
             std::string_view example) {
  std::string name(NameOf(kPart));
  std::string plain = "timestamp." + name + "() -> int";
  std::string zoned = "timestamp." + name + "(string) -> int";
  std::string of_duration = "duration." + name + "() -> int";
  std::vector<std::string_view> signatures = {plain, zoned};
  if (of_durations) signatures.push_back(of_duration);
  f.Add("Time", signatures, Get<kPart>, documentation, example);
}

}  // namespace

void AddTimeFunctions(Functions& f) {
  AddPart<Part::kFullYear>(f, false, "the year; a time zone may be given to each of these",
                           "execution.startTime.getFullYear('Europe/Berlin')");
  AddPart<Part::kMonth>(f, false, "the month, 0 is January", "t.getMonth() == 11");
  AddPart<Part::kDate>(f, false, "the day of the month from 1", "t.getDate() == 1");
  AddPart<Part::kDayOfMonth>(f, false, "the day of the month from 0", "t.getDayOfMonth() == 0");
  AddPart<Part::kDayOfWeek>(f, false, "the day of the week, 0 is Sunday",
                            "t.getDayOfWeek() in [0, 6]");
  AddPart<Part::kDayOfYear>(f, false, "the day of the year from 0", "t.getDayOfYear() == 0");
  AddPart<Part::kHours>(f, true, "the hour; of a duration all its hours",
                        "t.getHours('America/New_York') < 9");
  AddPart<Part::kMinutes>(f, true, "the minute; of a duration all its minutes",
                          "duration('1h30m').getMinutes() == 90");
  AddPart<Part::kSeconds>(f, true, "the second; of a duration all its seconds",
                          "duration('2m').getSeconds() == 120");
  AddPart<Part::kMilliseconds>(f, true, "the thousandths of the second",
                               "t.getMilliseconds() == 0");
}

}  // namespace agentflow::cel
