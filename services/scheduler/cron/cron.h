#pragma once

#include <bitset>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "libs/base/clock.h"

namespace agentflow::scheduler {

// Five fields: minute (0-59), hour (0-23), day of month (1-31), month (1-12 or JAN-DEC), day of
// week (0-7 or SUN-SAT; 0 and 7 are Sunday). A field is *, a value, a range a-b, a step */n or
// a-b/n, or a list of these. Where both days are restricted, either one matches (POSIX crontab).
class Cron {
 public:
  // INVALID_ARGUMENT, reason CRON_INVALID, names the field and what is wrong with it. A rule that
  // can never match (30 February) is refused too.
  static absl::StatusOr<Cron> Parse(std::string_view text);

  bool MatchesDay(unsigned month, unsigned day, unsigned weekday) const;
  const std::bitset<60>& minutes() const { return minutes_; }
  const std::bitset<24>& hours() const { return hours_; }

 private:
  bool CanMatch() const;

  std::bitset<60> minutes_;
  std::bitset<24> hours_;
  std::bitset<32> days_;
  std::bitset<13> months_;
  std::bitset<7> weekdays_;
  bool any_day_ = false;
  bool any_weekday_ = false;
};

// INVALID_ARGUMENT, reason TIME_ZONE_UNKNOWN. The empty name is UTC.
absl::Status CheckTimeZone(const std::string& name);

// The first moment after `after` at which the rule holds in that zone's local time. A local time
// that a clock change skips stands for the first instant after the gap; one that it repeats, for
// the first of the two. Nothing within eight years: nullopt. REQUIRES: CheckTimeZone(zone) is OK.
std::optional<UnixMicros> NextFire(const Cron& cron, const std::string& zone, UnixMicros after);

}  // namespace agentflow::scheduler
