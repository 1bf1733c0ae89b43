#pragma once

#include <optional>
#include <string_view>

#include "libs/cel/time_zones.h"

namespace agentflow::tz {

// The machine's time zone database. Thread-safe; zones are read once and kept.
class SystemTimeZones final : public cel::TimeZones {
 public:
  std::optional<int> OffsetSeconds(std::string_view zone, int64_t unix_seconds) const override;
};

}  // namespace agentflow::tz
