#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace agentflow::workflow {

// How documents write spans of time: whole numbers with units, largest first: "250ms", "30s",
// "1h30m", "4h", "1d". At most 3650 days. Nothing for all other text, also "30" and "1.5s".
std::optional<int64_t> ParseDurationMs(std::string_view text);

// The shortest such text: 5400000 -> "1h30m".
std::string FormatDurationMs(int64_t ms);

}  // namespace agentflow::workflow
