#include "services/scheduler/cron/cron.h"

#include <gtest/gtest.h>

#include <ctime>

#include "libs/base/status.h"

namespace agentflow::scheduler {
namespace {

// "2026-03-29T01:00:00Z" as microseconds.
UnixMicros At(const char* text) {
  std::tm parts{};
  strptime(text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return static_cast<UnixMicros>(timegm(&parts)) * 1'000'000;
}

std::string Text(std::optional<UnixMicros> at) {
  if (!at) return "never";
  std::time_t seconds = *at / 1'000'000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32];
  std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

struct NextCase {
  const char* cron;
  const char* zone;
  const char* after;
  const char* expected;
};

class Next : public ::testing::TestWithParam<NextCase> {};

TEST_P(Next, Fires) {
  const NextCase& c = GetParam();
  auto cron = Cron::Parse(c.cron);
  ASSERT_TRUE(cron.ok()) << cron.status();
  EXPECT_EQ(Text(NextFire(*cron, c.zone, At(c.after))), c.expected) << c.cron << " " << c.zone;
}

INSTANTIATE_TEST_SUITE_P(
    Cron, Next,
    ::testing::Values(
        NextCase{"* * * * *", "", "2026-01-01T00:00:00Z", "2026-01-01T00:01:00Z"},
        NextCase{"*/15 * * * *", "UTC", "2026-01-01T00:14:59Z", "2026-01-01T00:15:00Z"},
        NextCase{"0 9 * * MON-FRI", "", "2026-11-20T09:00:00Z", "2026-11-23T09:00:00Z"},
        NextCase{"30 4 1,15 * 5", "", "2026-11-02T00:00:00Z", "2026-11-06T04:30:00Z"},
        NextCase{"0 0 29 feb *", "", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z"},
        NextCase{"0 0 * * 7", "", "2026-11-21T12:00:00Z", "2026-11-22T00:00:00Z"},
        NextCase{"10-20/5 3 * * *", "", "2026-01-01T03:15:00Z", "2026-01-01T03:20:00Z"},
        NextCase{"5/20 * * * *", "", "2026-01-01T00:05:00Z", "2026-01-01T00:25:00Z"},
        NextCase{"0 12 * * *", "Asia/Kolkata", "2026-01-01T00:00:00Z", "2026-01-01T06:30:00Z"},
        // 29 March 2026, Berlin: 02:00 to 03:00 does not exist; 02:30 fires when the gap ends.
        NextCase{"30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z"},
        NextCase{"30 2 * * *", "Europe/Berlin", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"},
        NextCase{"0 3 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z"},
        // 25 October 2026, Berlin: 02:00 to 03:00 comes twice; 02:30 fires at the first.
        NextCase{"30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z"},
        NextCase{"30 2 * * *", "Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"},
        // 26 September 2026, Chatham Islands: an offset of 12:45 changes to 13:45.
        NextCase{"0 3 * * *", "Pacific/Chatham", "2026-09-26T00:00:00Z",
                 "2026-09-26T14:00:00Z"}));

TEST(Cron, RefusesWhatIsWrongAndNamesTheField) {
  struct Case {
    const char* cron;
    const char* says;
  };
  for (const Case& c : {Case{"* * * *", "has 4"}, Case{"60 * * * *", "minute '60'"},
                        Case{"* 24 * * *", "hour '24'"}, Case{"* * 0 * *", "day of month '0'"},
                        Case{"* * * 13 *", "month '13'"}, Case{"* * * * 8", "day of week '8'"},
                        Case{"* * * foo *", "number or name"}, Case{"5-1 * * * *", "backwards"},
                        Case{"*/0 * * * *", "step"}, Case{"1/2/3 * * * *", "more than one '/'"},
                        Case{"1-2-3 * * * *", "more than one '-'"}, Case{", * * * *", "minute ''"},
                        Case{"0 0 30 2 *", "no month"}, Case{"0 0 31 4,6 *", "no month"},
                        Case{"", "has 0"}}) {
    absl::Status status = Cron::Parse(c.cron).status();
    EXPECT_EQ(ReasonOf(status), "CRON_INVALID") << c.cron;
    EXPECT_NE(MessageOf(status).find(c.says), std::string::npos) << c.cron << ": " << status;
  }
}

TEST(TimeZone, IsCheckedByName) {
  EXPECT_TRUE(CheckTimeZone("").ok());
  EXPECT_TRUE(CheckTimeZone("America/New_York").ok());
  EXPECT_EQ(ReasonOf(CheckTimeZone("Mars/Olympus")), "TIME_ZONE_UNKNOWN");
}

}  // namespace
}  // namespace agentflow::scheduler
