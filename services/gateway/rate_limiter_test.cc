#include "services/gateway/rate_limiter.h"

#include "gtest/gtest.h"
#include "libs/base/status.h"

namespace agentflow::gateway {
namespace {

TEST(LocalRateLimiter, GivesTheBurstThenTheRate) {
  ManualClock clock;
  LocalRateLimiter limiter(&clock);
  Rate rate{10, 20};
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(limiter.Take("a", rate, 1).ok());
  absl::Status refused = limiter.Take("a", rate, 1);
  EXPECT_EQ(ReasonOf(refused), "RATE_LIMITED");
  EXPECT_EQ(MetadataOf(refused)[kErrorRetryAfterMs], "100");
  clock.Advance(100'000);
  EXPECT_TRUE(limiter.Take("a", rate, 1).ok());
  EXPECT_FALSE(limiter.Take("a", rate, 1).ok());
}

TEST(LocalRateLimiter, BucketsAreApartAndCostsCount) {
  ManualClock clock;
  LocalRateLimiter limiter(&clock);
  Rate rate{10, 10};
  EXPECT_TRUE(limiter.Take("a", rate, 10).ok());
  EXPECT_FALSE(limiter.Take("a", rate, 1).ok());
  EXPECT_TRUE(limiter.Take("b", rate, 1).ok());
}

TEST(LocalRateLimiter, ACallDearerThanTheBucketGoesWhenItIsFull) {
  ManualClock clock;
  LocalRateLimiter limiter(&clock);
  EXPECT_TRUE(limiter.Take("a", {1, 5}, 100).ok());
  EXPECT_EQ(MetadataOf(limiter.Take("a", {1, 5}, 100))[kErrorRetryAfterMs], "5000");
}

TEST(LocalRateLimiter, NamesTheLimitButNotTheTenant) {
  ManualClock clock;
  LocalRateLimiter limiter(&clock);
  EXPECT_TRUE(limiter.Take("requests_per_second:acme", {1, 1}, 1).ok());
  EXPECT_EQ(MetadataOf(limiter.Take("requests_per_second:acme", {1, 1}, 1))[kErrorLimit],
            "requests_per_second");
}

}  // namespace
}  // namespace agentflow::gateway
