#include "libs/tz/time_zones.h"

#include <gtest/gtest.h>

namespace agentflow::tz {
namespace {

constexpr int64_t kSummer = 1'719'835'200;  // 2024-07-01T12:00:00Z
constexpr int64_t kWinter = 1'704'110'400;  // 2024-01-01T12:00:00Z

TEST(SystemTimeZonesTest, KnowsSummerTimeAndHistory) {
  SystemTimeZones zones;
  EXPECT_EQ(zones.OffsetSeconds("Europe/Berlin", kSummer), 7200);
  EXPECT_EQ(zones.OffsetSeconds("Europe/Berlin", kWinter), 3600);
  EXPECT_EQ(zones.OffsetSeconds("America/New_York", kSummer), -14400);
  EXPECT_EQ(zones.OffsetSeconds("Asia/Kathmandu", kSummer), 20700);
  EXPECT_EQ(zones.OffsetSeconds("Etc/GMT+5", kSummer), -18000);
  EXPECT_EQ(zones.OffsetSeconds("Europe/Berlin", -3'000'000'000), 3208);  // its own mean time
}

TEST(SystemTimeZonesTest, RefusesWhatIsNoZone) {
  SystemTimeZones zones;
  using namespace std::string_view_literals;
  for (std::string_view name :
       {""sv, "Nowhere/Land"sv, "/etc/passwd"sv, "../zoneinfo/Europe/Berlin"sv,
        "Europe/../Europe/Berlin"sv, "Europe/Berlin\0"sv, "Europe"sv, "localtime"sv,
        "Fixed/UTC+01:00:00"sv, "libc:localtime"sv, "europe\\berlin"sv}) {
    EXPECT_EQ(zones.OffsetSeconds(name, kSummer), std::nullopt) << name;
  }
  EXPECT_EQ(zones.OffsetSeconds(std::string(100, 'a'), kSummer), std::nullopt);
}

}  // namespace
}  // namespace agentflow::tz
