#include "libs/engine/time_text.h"

#include <array>
#include <cmath>
#include <cstdio>

namespace agentflow::engine {
namespace {

constexpr int64_t kSecond = 1'000'000;
constexpr int64_t kDay = 86'400 * kSecond;
constexpr double kLongestSpan = 36'525.0 * static_cast<double>(kDay);

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

// Days since 1970-01-01 in the proleptic Gregorian calendar and back (Howard Hinnant,
// "chrono-Compatible Low-Level Date Algorithms").
int64_t DaysFromCivil(int64_t year, int month, int day) {
  year -= month <= 2;
  int64_t era = (year >= 0 ? year : year - 399) / 400;
  int64_t year_of_era = year - era * 400;
  int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146'097 + day_of_era - 719'468;
}

struct Civil {
  int64_t year;
  int month;
  int day;
};

Civil CivilFromDays(int64_t days) {
  days += 719'468;
  int64_t era = (days >= 0 ? days : days - 146'096) / 146'097;
  int64_t day_of_era = days - era * 146'097;
  int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  int64_t shifted = (5 * day_of_year + 2) / 153;
  int month = static_cast<int>(shifted + (shifted < 10 ? 3 : -9));
  return {year_of_era + era * 400 + (month <= 2), month,
          static_cast<int>(day_of_year - (153 * shifted + 2) / 5 + 1)};
}

int DaysInMonth(int64_t year, int month) {
  static constexpr std::array<int, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return kDays[month - 1] + (month == 2 && leap ? 1 : 0);
}

// Reads exactly `digits` digits and, if given, the separator behind them.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  int Number(int digits, char separator = 0) {
    if (text_.size() < static_cast<size_t>(digits) + (separator ? 1 : 0)) return Fail();
    int number = 0;
    for (int i = 0; i < digits; ++i) {
      if (!IsDigit(text_[i])) return Fail();
      number = number * 10 + (text_[i] - '0');
    }
    text_.remove_prefix(digits);
    if (separator == 0) return number;
    if (text_[0] != separator && !(separator == 'T' && text_[0] == 't')) return Fail();
    text_.remove_prefix(1);
    return number;
  }
  bool Take(char c) {
    if (text_.empty() || text_[0] != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  int64_t FractionMicros() {
    int64_t micros = 0;
    int64_t unit = kSecond / 10;
    if (text_.empty() || !IsDigit(text_[0])) return Fail();
    for (; !text_.empty() && IsDigit(text_[0]); text_.remove_prefix(1), unit /= 10) {
      micros += (text_[0] - '0') * unit;
    }
    return micros;
  }
  bool ok() const { return ok_; }
  bool at_end() const { return text_.empty(); }

 private:
  int Fail() {
    ok_ = false;
    return 0;
  }

  std::string_view text_;
  bool ok_ = true;
};

std::optional<double> UnitMicros(std::string_view unit) {
  if (unit == "d") return kDay;
  if (unit == "h") return 3600.0 * kSecond;
  if (unit == "m") return 60.0 * kSecond;
  if (unit == "s") return kSecond;
  if (unit == "ms") return 1000.0;
  if (unit == "us") return 1.0;
  return std::nullopt;
}

}  // namespace

std::optional<int64_t> ParseSpan(std::string_view text) {
  if (text.empty()) return std::nullopt;
  double total = 0;
  while (!text.empty()) {
    double number = 0;
    double scale = 0;  // 0: before the decimal point
    size_t at = 0;
    bool digits = false;
    for (; at < text.size() && (IsDigit(text[at]) || (text[at] == '.' && scale == 0)); ++at) {
      if (text[at] == '.') {
        scale = 1;
        continue;
      }
      digits = true;
      number = number * 10 + (text[at] - '0');
      scale *= 10;
    }
    size_t unit_end = at;
    while (unit_end < text.size() && !IsDigit(text[unit_end]) && text[unit_end] != '.') ++unit_end;
    auto unit = UnitMicros(text.substr(at, unit_end - at));
    if (!digits || !unit) return std::nullopt;
    total += number / (scale == 0 ? 1 : scale) * *unit;
    text.remove_prefix(unit_end);
  }
  if (!(total <= kLongestSpan)) return std::nullopt;
  return std::llround(total);
}

std::optional<UnixMicros> ParseTimestamp(std::string_view text) {
  Reader in(text);
  int year = in.Number(4, '-');
  int month = in.Number(2, '-');
  int day = in.Number(2, 'T');
  int hour = in.Number(2, ':');
  int minute = in.Number(2, ':');
  int second = in.Number(2);
  int64_t fraction = in.Take('.') ? in.FractionMicros() : 0;
  int64_t offset_minutes = 0;
  if (!in.Take('Z') && !in.Take('z')) {
    int sign = in.Take('+') ? 1 : in.Take('-') ? -1 : 0;
    int offset_hour = in.Number(2, ':');
    int offset_minute = in.Number(2);
    if (sign == 0 || offset_hour > 23 || offset_minute > 59) return std::nullopt;
    offset_minutes = sign * (offset_hour * 60 + offset_minute);
  }
  if (!in.ok() || !in.at_end() || year < 1 || month < 1 || month > 12 || day < 1 ||
      day > DaysInMonth(year, month) || hour > 23 || minute > 59 || second > 60) {
    return std::nullopt;
  }
  int64_t seconds = DaysFromCivil(year, month, day) * 86'400 + hour * 3600 +
                    (minute - offset_minutes) * 60 + second;
  return seconds * kSecond + fraction;
}

std::string FormatTimestamp(UnixMicros time) {
  int64_t days = time / kDay - (time % kDay < 0);
  int64_t rest = time - days * kDay;
  Civil date = CivilFromDays(days);
  int micros = static_cast<int>(rest % kSecond);
  int seconds = static_cast<int>(rest / kSecond);
  char text[64];
  int length = std::snprintf(text, sizeof(text), "%04lld-%02d-%02dT%02d:%02d:%02d",
                             static_cast<long long>(date.year), date.month, date.day,
                             seconds / 3600, seconds / 60 % 60, seconds % 60);
  std::string result(text, length);
  if (micros != 0) {
    bool millis = micros % 1000 == 0;
    length = std::snprintf(text, sizeof(text), millis ? ".%03d" : ".%06d",
                           millis ? micros / 1000 : micros);
    result.append(text, length);
  }
  return result + "Z";
}

}  // namespace agentflow::engine
