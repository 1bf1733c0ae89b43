#include "services/gateway/refusal_log.h"

#include "gtest/gtest.h"
#include "libs/base/status.h"

namespace agentflow::gateway {
namespace {

class RefusalLogTest : public testing::Test {
 protected:
  RefusalLogTest() { principal_.tenant = "acme", principal_.name = "users/1"; }
  void Add(absl::StatusCode code, const std::string& resource = "/v1/a") {
    log_.Add("agentflow.api.v1.XService/Do", resource, "10.0.0.1", "trace", principal_,
             Error(code, "SOME_REASON", "m"));
  }

  ManualClock clock_;
  SeededRandom random_{1};
  auth::Principal principal_;
  std::vector<std::vector<Refusal>> sent_;
  std::vector<std::function<void(bool)>> dones_;
  RefusalLog log_{[this](std::vector<Refusal> batch, std::function<void(bool)> done) {
                    sent_.push_back(std::move(batch));
                    dones_.push_back(std::move(done));
                  },
                  &clock_, &random_, /*limit=*/600};
};

TEST_F(RefusalLogTest, TakesRefusalsOfKnownTenantsOnly) {
  Add(absl::StatusCode::kPermissionDenied);
  Add(absl::StatusCode::kResourceExhausted);
  Add(absl::StatusCode::kNotFound);
  Add(absl::StatusCode::kUnavailable);
  principal_.tenant.clear();
  Add(absl::StatusCode::kUnauthenticated);
  log_.Flush();
  ASSERT_EQ(sent_.size(), 1u);
  ASSERT_EQ(sent_[0].size(), 2u);
  EXPECT_EQ(sent_[0][0].outcome, "PERMISSION_DENIED");
  EXPECT_EQ(sent_[0][0].reason, "SOME_REASON");
  EXPECT_EQ(sent_[0][0].method, "agentflow.api.v1.XService.Do");
  EXPECT_EQ(sent_[0][0].principal, "users/1");
  EXPECT_NE(sent_[0][0].id, sent_[0][1].id);
}

TEST_F(RefusalLogTest, OneBatchAtATimeAndAgainUnderTheSameIdsWhenItFailed) {
  Add(absl::StatusCode::kPermissionDenied, "/1");
  log_.Flush();
  Add(absl::StatusCode::kPermissionDenied, "/2");
  log_.Flush();
  ASSERT_EQ(sent_.size(), 1u);
  dones_[0](false);
  log_.Flush();
  ASSERT_EQ(sent_.size(), 2u);
  ASSERT_EQ(sent_[1].size(), 2u);
  EXPECT_EQ(sent_[1][0].id, sent_[0][0].id);
  EXPECT_EQ(sent_[1][1].resource, "/2");
  dones_[1](true);
  log_.Flush();
  EXPECT_EQ(sent_.size(), 2u);
}

TEST_F(RefusalLogTest, IsBounded) {
  for (int i = 0; i < 700; ++i) Add(absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(log_.dropped(), 100);
  log_.Flush();
  EXPECT_EQ(sent_[0].size(), 500u);
}

}  // namespace
}  // namespace agentflow::gateway
