#include "services/gateway/shared_limiter.h"

#include "gtest/gtest.h"
#include "libs/base/status.h"
#include "libs/testing/redis.h"
#include "services/gateway/client/redis_tokens.h"

namespace agentflow::gateway {
namespace {

class FakeStore final : public TokenStore {
 public:
  absl::StatusOr<std::vector<Grant>> Take(const std::vector<Wish>& wishes) override {
    ++rounds;
    if (down) return Unavailable("REDIS_UNAVAILABLE", "gone");
    std::vector<Grant> grants;
    for (const Wish& wish : wishes) {
      int64_t tokens = std::min(wish.tokens, left);
      left -= tokens;
      grants.push_back({tokens, 100});
    }
    return grants;
  }
  int64_t left = 1'000'000;
  bool down = false;
  int rounds = 0;
};

class SharedRateLimiterTest : public ::testing::Test {
 protected:
  int TakeUntilRefused(SharedRateLimiter& limiter, int most = 10'000) {
    int taken = 0;
    while (taken < most && limiter.Take("a", rate_, 1).ok()) {
      ++taken;
      limiter.Refill();
    }
    return taken;
  }

  ManualClock clock_;
  FakeStore store_;
  LocalRateLimiter local_{&clock_};
  int wanted_ = 0;
  SharedRateLimiter limiter_{&store_, &local_, &clock_, [this] { ++wanted_; }};
  Rate rate_{100, 200};
};

TEST_F(SharedRateLimiterTest, AsksForBlocksNotForEachRequest) {
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(limiter_.Take("a", rate_, 1).ok());
    limiter_.Refill();
  }
  EXPECT_LT(store_.rounds, 500);
  EXPECT_EQ(wanted_, store_.rounds);
}

TEST_F(SharedRateLimiterTest, RefusesWhenTheStoreHasNoneLeft) {
  store_.left = 50;
  int taken = TakeUntilRefused(limiter_);
  EXPECT_GE(taken, 45);
  EXPECT_LE(taken, 60);  // at most a block of debt, and one of asking
  absl::Status refused = limiter_.Take("a", rate_, 1);
  EXPECT_EQ(ReasonOf(refused), "RATE_LIMITED");
  EXPECT_EQ(MetadataOf(refused)[kErrorRetryAfterMs], "100");
  store_.left = 1000;
  clock_.Advance(100'000);
  EXPECT_TRUE(limiter_.Take("a", rate_, 1).ok());
}

TEST_F(SharedRateLimiterTest, DebtIsBoundedWhileTheStoreIsSlow) {
  int taken = 0;
  while (limiter_.Take("a", rate_, 1).ok()) ++taken;
  EXPECT_EQ(taken, 5);  // one block
  EXPECT_EQ(wanted_, 1);
}

TEST_F(SharedRateLimiterTest, WithoutTheStoreEachCountsByItself) {
  store_.down = true;
  EXPECT_TRUE(limiter_.Take("a", rate_, 1).ok());
  limiter_.Refill();
  int taken = 0;
  while (limiter_.Take("a", rate_, 1).ok()) ++taken;
  EXPECT_EQ(taken, 200);
  store_.down = false;
  clock_.Advance(1'000'000);
  EXPECT_TRUE(limiter_.Take("a", rate_, 1).ok());
  limiter_.Refill();
  EXPECT_EQ(store_.rounds, 2);
}

TEST_F(SharedRateLimiterTest, TwoGatewaysShareOneBucketInRedis) {
  agentflow::testing::RedisForTest redis;
  RedisTokenStore one(redis.url()), two(redis.url());
  // One token a second, so that the test's own time adds next to nothing.
  rate_ = {1, 300};
  SharedRateLimiter first(&one, &local_, &clock_, [] {});
  SharedRateLimiter second(&two, &local_, &clock_, [] {});
  int taken = TakeUntilRefused(first, 200);
  EXPECT_EQ(taken, 200);
  taken += TakeUntilRefused(second, 1000);
  EXPECT_GE(taken, 290);
  EXPECT_LE(taken, 330);
}

}  // namespace
}  // namespace agentflow::gateway
