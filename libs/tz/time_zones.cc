#include "libs/tz/time_zones.h"

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace agentflow::tz {

std::optional<int> SystemTimeZones::OffsetSeconds(std::string_view zone,
                                                  int64_t unix_seconds) const {
  // Names become paths below the database's folder: refuse what is none.
  if (zone.empty() || zone.size() > 64 || zone[0] == '/' || zone[0] == '.' ||
      zone.find("..") != std::string_view::npos || zone.find('\0') != std::string_view::npos) {
    return std::nullopt;
  }
  absl::TimeZone loaded;
  if (!absl::LoadTimeZone(absl::string_view(zone.data(), zone.size()), &loaded)) {
    return std::nullopt;
  }
  return loaded.At(absl::FromUnixSeconds(unix_seconds)).offset;
}

}  // namespace agentflow::tz
