#include "libs/workflow/duration.h"

#include <array>
#include <charconv>

namespace agentflow::workflow {
namespace {

struct Unit {
  std::string_view name;
  int64_t ms;
};
constexpr std::array<Unit, 5> kUnits = {
    {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};
constexpr int64_t kMaxMs = 3650 * kUnits[0].ms;

}  // namespace

std::optional<int64_t> ParseDurationMs(std::string_view text) {
  int64_t total = 0;
  size_t next_unit = 0;
  if (text.empty()) return std::nullopt;
  while (!text.empty()) {
    int64_t number = 0;
    if (text[0] < '0' || text[0] > '9') return std::nullopt;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || number > kMaxMs) return std::nullopt;
    text.remove_prefix(end - text.data());
    std::string_view name = text.substr(0, text.find_first_of("0123456789"));
    text.remove_prefix(name.size());
    while (next_unit < kUnits.size() && kUnits[next_unit].name != name) ++next_unit;
    if (next_unit == kUnits.size()) return std::nullopt;
    if (number > kMaxMs / kUnits[next_unit].ms) return std::nullopt;
    total += number * kUnits[next_unit++].ms;
    if (total > kMaxMs) return std::nullopt;
  }
  return total;
}

std::string FormatDurationMs(int64_t ms) {
  if (ms <= 0) return "0s";
  std::string text;
  for (const Unit& unit : kUnits) {
    if (int64_t n = ms / unit.ms; n > 0) text += std::to_string(n) + std::string(unit.name);
    ms %= unit.ms;
  }
  return text;
}

}  // namespace agentflow::workflow
