#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace agentflow::cel {

// The time zone database, which lives in files and therefore outside this pure library
// (libs/tz has one). "UTC" and offsets such as "+02:00" work without it.
class TimeZones {
 public:
  virtual ~TimeZones() = default;
  // Seconds east of UTC at that moment in the IANA zone; nothing for an unknown zone. Thread-safe.
  virtual std::optional<int> OffsetSeconds(std::string_view zone, int64_t unix_seconds) const = 0;
};

}  // namespace agentflow::cel
