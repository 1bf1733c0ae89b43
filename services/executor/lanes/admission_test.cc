#include "services/executor/lanes/admission.h"

#include <gtest/gtest.h>

#include "libs/base/status.h"
#include "services/executor/lanes/lanes_for_test.h"

namespace agentflow::executor {
namespace {

using Place = TenantLoad::Place;

constexpr char kTask[] = R"(
node t task agent=worker input="=inputs.x"
edge start -> t
)";

TEST(TenantLoad, NamesTheLimitAndWhenToTryAgain) {
  struct Case {
    const char* limit;
    TenantLimits limits;
    int64_t fit;
  };
  for (const Case& c :
       {Case{"live_executions", {.live_executions = 2}, 2},
        Case{"starts_per_second", {.starts_per_second = 3}, 3},
        Case{"queued_executions", {.running_executions = 1, .queued_executions = 2}, 3}}) {
    TenantLoad load;
    for (int64_t i = 0; i < c.fit; ++i) EXPECT_TRUE(load.Admit("a", c.limits, 0).ok()) << c.limit;
    const absl::Status refused = load.Admit("a", c.limits, 0).status();
    EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted) << c.limit;
    EXPECT_EQ(ReasonOf(refused), "QUOTA_EXCEEDED");
    EXPECT_EQ(MetadataOf(refused)[kErrorLimit], c.limit);
    EXPECT_NE(MetadataOf(refused)[kErrorRetryAfterMs], "");
    EXPECT_TRUE(load.Admit("b", c.limits, 0).ok()) << "another tenant is not concerned";
  }
}

TEST(TenantLoad, WhoWaitsAlreadyComesFirst) {
  TenantLoad load;
  const TenantLimits limits{.running_executions = 1};
  EXPECT_EQ(*load.Admit("a", limits, 0), Place::kRunning);
  EXPECT_EQ(*load.Admit("a", limits, 0), Place::kQueued);
  load.Release("a", Place::kRunning);
  EXPECT_EQ(*load.Admit("a", limits, 0), Place::kQueued);
  EXPECT_TRUE(load.Begin("a", limits));
  EXPECT_FALSE(load.Begin("a", limits));
  EXPECT_EQ(load.LiveOf("a"), 2);
  EXPECT_EQ(load.queued(), 1);
}

TEST(TenantLoad, ALimitIsForTheLanesOfAllExecutors) {
  TenantLoad load;
  load.SetShare(0.25);
  const TenantLimits limits{.live_executions = 10};
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(load.Admit("a", limits, 0).ok());
  EXPECT_FALSE(load.Admit("a", limits, 0).ok());
  load.SetShare(1);
  EXPECT_TRUE(load.Admit("a", limits, 0).ok());
}

class AdmissionTest : public ::testing::TestWithParam<int> {
 protected:
  void SetUp() override { Start(); }
  void Start() {
    executor_ = std::make_unique<FakeExecutor>(database_, clock_, plans_, "x", GetParam());
    executor_->limits = {.running_executions = 2, .queued_executions = 100};
    executor_->Join();
  }
  void Settle() { Pass(1'000'000); }
  void Pass(int64_t micros) {
    clock_.Advance(micros);
    database_.now += micros;
    executor_->Run();
  }
  std::set<Uuid> Offered() {
    std::set<Uuid> ids;
    for (const TaskOffer& offer : executor_->dispatch.offers) ids.insert(offer.attempt.execution);
    return ids;
  }
  void CompleteAll() {
    while (!executor_->dispatch.offers.empty()) {
      TaskOffer offer = executor_->TakeOffer();
      executor_->Held(offer);
      executor_->Complete(offer, 1);
      executor_->Run();
    }
  }
  engine::Phase PhaseOf(const Uuid& id) { return executor_->Find(id)->phase; }

  ManualClock clock_{1'700'000'000'000'000};
  MemoryDatabase database_{.now = clock_.Now()};
  FakePlans plans_;
  std::unique_ptr<FakeExecutor> executor_;
};

TEST_P(AdmissionTest, MoreThanMayRunAreQueuedAndBeginByPriorityAsOthersEnd) {
  engine::PlanPtr plan = plans_.Add(kTask);
  const json::Value input = json::Object{{"x", 1}};
  const Uuid a = executor_->Start(plan, input);
  const Uuid b = executor_->Start(plan, input);
  const Uuid later = executor_->Start(plan, input, {}, {}, false, 4);
  const Uuid urgent = executor_->Start(plan, input, {}, {}, false, 1);
  executor_->Run();
  EXPECT_EQ(executor_->answers.size(), 4u) << "a queued start is acknowledged too";
  EXPECT_EQ(Offered(), (std::set<Uuid>{a, b}));
  EXPECT_EQ(PhaseOf(later), engine::Phase::kQueued);
  Settle();
  executor_->Complete(executor_->TakeOffer(), 1);
  Pass(100'000);
  EXPECT_TRUE(Offered().contains(urgent) || GetParam() > 1);
  CompleteAll();
  Pass(200'000);
  CompleteAll();
  EXPECT_EQ(executor_->load.live(), 0);
  EXPECT_TRUE(database_.live.empty());
}

TEST_P(AdmissionTest, ARaisedLimitActsOnThoseWhoWait) {
  engine::PlanPtr plan = plans_.Add(kTask);
  for (int i = 0; i < 6; ++i) executor_->Start(plan, json::Object{{"x", 1}});
  executor_->Run();
  EXPECT_EQ(Offered().size(), 2u);
  executor_->limits.running_executions = 5;
  Settle();
  EXPECT_EQ(Offered().size(), 5u);
}

TEST_P(AdmissionTest, QueuedOnesSurviveTheirExecutor) {
  engine::PlanPtr plan = plans_.Add(kTask);
  for (int i = 0; i < 5; ++i) executor_->Start(plan, json::Object{{"x", 1}});
  executor_->Run();
  executor_.reset();
  Start();
  EXPECT_EQ(executor_->load.queued(), 3);
  EXPECT_EQ(executor_->load.live(), 5);
  for (int round = 0; round < 5; ++round) {
    Pass(20'000'000);
    CompleteAll();
  }
  EXPECT_EQ(executor_->load.live(), 0);
  EXPECT_TRUE(database_.live.empty());
}

INSTANTIATE_TEST_SUITE_P(Committers, AdmissionTest, ::testing::Values(1, 3));

}  // namespace
}  // namespace agentflow::executor
