#include "libs/tz/time_zones.h"

#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace agentflow::tz {
namespace {

// Where absl looks for zones.
std::filesystem::path Database() {
  const char* set = std::getenv("TZDIR");
  return set && *set ? set : "/usr/share/zoneinfo";
}

// Whether the database has such a zone. What has none must not reach absl, which remembers every
// name that it was ever asked for.
bool IsZone(std::string_view name) {
  if (name.empty() || name.size() > 64 || name[0] == '/') return false;
  for (char c : name) {
    bool allowed = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                   c == '/' || c == '_' || c == '-' || c == '+';
    if (!allowed) return false;  // no dots: names become paths
  }
  // The zone of this machine is no part of an expression.
  if (name == "localtime") return false;
  static const std::filesystem::path* const kDatabase = new std::filesystem::path(Database());
  std::error_code error;
  return std::filesystem::is_regular_file(*kDatabase / std::string(name), error);
}

}  // namespace

std::optional<int> SystemTimeZones::OffsetSeconds(std::string_view zone,
                                                  int64_t unix_seconds) const {
  if (!IsZone(zone)) return std::nullopt;
  absl::TimeZone loaded;
  if (!absl::LoadTimeZone(absl::string_view(zone.data(), zone.size()), &loaded)) {
    return std::nullopt;
  }
  return loaded.At(absl::FromUnixSeconds(unix_seconds)).offset;
}

}  // namespace agentflow::tz
