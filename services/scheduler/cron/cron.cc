#include "services/scheduler/cron/cron.h"

#include <date/date.h>
#include <date/tz.h>

#include <array>
#include <charconv>
#include <chrono>
#include <stdexcept>
#include <vector>

#include "libs/base/status.h"

namespace agentflow::scheduler {
namespace {

struct Field {
  const char* name;
  int least;
  int most;
  std::vector<std::string_view> names;  // of least, least + 1, ...
};

const std::array<Field, 5>& Fields() {
  static const auto& fields = *new std::array<Field, 5>{
      Field{"minute", 0, 59, {}},
      Field{"hour", 0, 23, {}},
      Field{"day of month", 1, 31, {}},
      Field{"month", 1, 12, {"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT",
                             "NOV", "DEC"}},
      Field{"day of week", 0, 7, {"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}}};
  return fields;
}

absl::Status Wrong(const Field& field, std::string_view text, std::string_view why) {
  return InvalidArgument("CRON_INVALID", "cron", std::string(field.name) + " '" +
                                                     std::string(text) + "': " + std::string(why));
}

std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    size_t at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

bool EqualNames(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if ((a[i] & ~0x20) != (b[i] & ~0x20)) return false;
  }
  return true;
}

absl::StatusOr<int> Value(const Field& field, std::string_view text) {
  for (size_t i = 0; i < field.names.size(); ++i) {
    if (EqualNames(text, field.names[i])) return field.least + static_cast<int>(i);
  }
  int value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) {
    return Wrong(field, text, "is no number" + std::string(field.names.empty() ? "" : " or name"));
  }
  if (value < field.least || value > field.most) {
    return Wrong(field, text, "must be " + std::to_string(field.least) + " to " +
                                  std::to_string(field.most));
  }
  return value;
}

// One item of a list: "*", "5", "1-5", "*/2", "10-20/5".
absl::Status AddItem(const Field& field, std::string_view item, std::vector<int>& values) {
  std::vector<std::string_view> parts = Split(item, '/');
  if (parts.size() > 2) return Wrong(field, item, "has more than one '/'");
  int step = 1;
  if (parts.size() == 2) {
    auto [end, error] = std::from_chars(parts[1].data(), parts[1].data() + parts[1].size(), step);
    if (parts[1].empty() || error != std::errc() || end != parts[1].data() + parts[1].size() ||
        step < 1) {
      return Wrong(field, item, "the step must be a number from 1");
    }
  }
  int first = field.least;
  int last = field.most;
  if (parts[0] != "*") {
    std::vector<std::string_view> range = Split(parts[0], '-');
    if (range.size() > 2) return Wrong(field, item, "has more than one '-'");
    AF_ASSIGN_OR_RETURN(first, Value(field, range[0]));
    last = parts.size() == 2 ? field.most : first;
    if (range.size() == 2) {
      AF_ASSIGN_OR_RETURN(last, Value(field, range[1]));
    }
    if (last < first) return Wrong(field, item, "the range is backwards");
  }
  for (int value = first; value <= last; value += step) values.push_back(value);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<int>> Values(const Field& field, std::string_view text) {
  std::vector<int> values;
  for (std::string_view item : Split(text, ',')) {
    AF_RETURN_IF_ERROR(AddItem(field, item, values));
  }
  return values;
}

std::vector<std::string_view> Words(std::string_view text) {
  std::vector<std::string_view> words;
  for (std::string_view word : Split(text, ' ')) {
    if (!word.empty()) words.push_back(word);
  }
  return words;
}

const date::time_zone* Locate(const std::string& name) {
  return date::locate_zone(name.empty() ? "UTC" : name);
}

UnixMicros ToMicros(date::sys_seconds time) {
  return std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count();
}

// The moment that a local time stands for; see NextFire.
date::sys_seconds MomentOf(const date::time_zone* zone, date::local_seconds local) {
  date::local_info info = zone->get_info(local);
  if (info.result == date::local_info::nonexistent) return info.second.begin;
  return date::sys_seconds(local.time_since_epoch()) - info.first.offset;
}

}  // namespace

absl::StatusOr<Cron> Cron::Parse(std::string_view text) {
  std::vector<std::string_view> words = Words(text);
  if (words.size() != Fields().size()) {
    return InvalidArgument("CRON_INVALID", "cron",
                           "write five fields: minute hour day-of-month month day-of-week; '" +
                               std::string(text) + "' has " + std::to_string(words.size()));
  }
  std::array<std::vector<int>, 5> values;
  for (size_t i = 0; i < words.size(); ++i) {
    AF_ASSIGN_OR_RETURN(values[i], Values(Fields()[i], words[i]));
  }
  Cron cron;
  for (int value : values[0]) cron.minutes_.set(static_cast<size_t>(value));
  for (int value : values[1]) cron.hours_.set(static_cast<size_t>(value));
  for (int value : values[2]) cron.days_.set(static_cast<size_t>(value));
  for (int value : values[3]) cron.months_.set(static_cast<size_t>(value));
  for (int value : values[4]) cron.weekdays_.set(static_cast<size_t>(value % 7));
  cron.any_day_ = words[2].front() == '*';
  cron.any_weekday_ = words[4].front() == '*';
  if (!cron.CanMatch()) {
    return InvalidArgument("CRON_INVALID", "cron", "no month of the rule has such a day");
  }
  return cron;
}

bool Cron::CanMatch() const {
  static constexpr unsigned kLongest[] = {0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (!any_weekday_ || any_day_) return true;
  for (unsigned month = 1; month <= 12; ++month) {
    for (unsigned day = 1; months_[month] && day <= kLongest[month]; ++day) {
      if (days_[day]) return true;
    }
  }
  return false;
}

bool Cron::MatchesDay(unsigned month, unsigned day, unsigned weekday) const {
  if (!months_[month]) return false;
  if (any_day_ || any_weekday_) return days_[day] && weekdays_[weekday];
  return days_[day] || weekdays_[weekday];
}

absl::Status CheckTimeZone(const std::string& name) {
  try {
    Locate(name);
    return absl::OkStatus();
  } catch (const std::runtime_error&) {
    return InvalidArgument("TIME_ZONE_UNKNOWN", "time_zone",
                           "'" + name + "' is no IANA time zone; write for example Europe/Berlin");
  }
}

std::optional<UnixMicros> NextFire(const Cron& cron, const std::string& zone_name,
                                   UnixMicros after) {
  constexpr int kDays = 8 * 366;
  const date::time_zone* zone = Locate(zone_name);
  date::sys_seconds from(std::chrono::floor<std::chrono::seconds>(
      std::chrono::microseconds(after)));
  // One day earlier, because a gap can move a local time past midnight.
  auto day = std::chrono::floor<date::days>(zone->to_local(from)) - date::days(1);
  std::optional<UnixMicros> best;
  for (int i = 0; i <= kDays; ++i, day += date::days(1)) {
    date::year_month_day ymd(day);
    if (!cron.MatchesDay(static_cast<unsigned>(ymd.month()), static_cast<unsigned>(ymd.day()),
                         date::weekday(day).c_encoding())) {
      continue;
    }
    for (size_t hour = 0; hour < 24; ++hour) {
      for (size_t minute = 0; cron.hours()[hour] && minute < 60; ++minute) {
        if (!cron.minutes()[minute]) continue;
        UnixMicros at = ToMicros(MomentOf(
            zone, day + std::chrono::hours(hour) + std::chrono::minutes(minute)));
        if (at > after && (!best || at < *best)) best = at;
      }
    }
    if (best && i >= 2) return best;
  }
  return best;
}

}  // namespace agentflow::scheduler
