#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "libs/base/clock.h"

// Times and spans as documents and expressions write them.
namespace agentflow::engine {

// "90s", "1h30m", "1.5s", "250ms", "2d" (a day is 24 h); units d, h, m, s, ms, us, largest first
// or in any order. Microseconds; nullopt for anything else and for more than 100 years.
std::optional<int64_t> ParseSpan(std::string_view text);

// RFC 3339: "2026-01-31T12:00:00Z", with fractions and offsets.
std::optional<UnixMicros> ParseTimestamp(std::string_view text);
// In UTC, with as many of 0, 3 or 6 decimals as needed.
std::string FormatTimestamp(UnixMicros time);

}  // namespace agentflow::engine
