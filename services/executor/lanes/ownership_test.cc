// What a committer may say, and when, if its lanes may be somebody else's already. All of this was
// found by tests/sim.
#include <gtest/gtest.h>

#include "services/executor/lanes/lanes_for_test.h"

namespace agentflow::executor {
namespace {

constexpr char kChained[] = R"(
node a noop
node b noop
edge start -> a
edge a -> b
)";
constexpr char kTask[] = R"(
node t task attempts=2 backoff=fixed initial=1s
edge start -> t
)";
constexpr char kWait[] = R"(
node w wait duration=60s
edge start -> w
)";

class OwnershipTest : public ::testing::Test {
 protected:
  OwnershipTest() { Restart(); }

  void Restart(CommitterOptions options = {}) {
    executor_ = std::make_unique<FakeExecutor>(database_, clock_, plans_, "x", 1, options);
    executor_->Join();
  }
  void Pass(int64_t micros) {
    clock_.Advance(micros);
    database_.now += micros;
  }
  MemoryStore& Store() { return *executor_->stores[0]; }
  const std::vector<absl::StatusOr<StartAnswer>>& Answers(const Uuid& id) {
    return executor_->answers[id];
  }

  ManualClock clock_;
  MemoryDatabase database_{.now = clock_.Now()};
  FakePlans plans_;
  std::unique_ptr<FakeExecutor> executor_;
};

TEST_F(OwnershipTest, OneThatDoesNotKnowYetThatItIsFencedOutRefusesAndAcknowledgesNothing) {
  const Uuid id = executor_->Start(plans_.Add(kTask));
  executor_->Run();
  FakeExecutor other(database_, clock_, plans_, "other", 1);
  Pass(10'000'000);
  other.Join();
  Pass(10'000'001);
  other.Run();
  const TaskOffer first = other.TakeOffer();
  AF_CHECK(other.router
               ->Post(ResultItem{
                   .attempt = first.attempt, .coordinator = "c1", .failed = true, .reason = "BAD"})
               .ok());
  other.Run();
  Pass(1'000'001);
  other.Run();
  const TaskOffer second = other.TakeOffer();
  ASSERT_EQ(second.attempt.attempt, 2u);
  const Uuid elsewhere = other.Start(plans_.Add(kWait));
  other.Run();
  // Whoever has an old map of the lanes sends all this to the stopped one, which goes on.
  executor_->Held(second);
  executor_->Complete(second, "done");
  absl::Status answer;
  CommandItem cancel{
      .execution = elsewhere,
      .tenant = "acme",
      .make = [](const engine::ExecutionState&) { return engine::CancelExecution{"late"}; },
      .done = [&](auto view) { answer = view.status(); }};
  AF_CHECK(executor_->router->Post(Item(std::move(cancel))).ok());
  executor_->Run();
  EXPECT_TRUE(executor_->dispatch.drops.empty());
  EXPECT_TRUE(executor_->dispatch.acknowledged.empty());
  EXPECT_EQ(ReasonOf(answer), "LANE_MOVED");
  EXPECT_EQ(executor_->Find(id), nullptr);
}

TEST_F(OwnershipTest, OneThatWasStoppedHandsOutNothingOfWhatIsAnothersByNow) {
  executor_->Start(plans_.Add(kTask));
  executor_->Run();
  const TaskOffer retried = executor_->TakeOffer();
  ResultItem failed{.attempt = retried.attempt, .coordinator = "c1", .failed = true};
  failed.reason = "BAD";
  AF_CHECK(executor_->router->Post(Item(std::move(failed))).ok());
  executor_->Start(plans_.Add(kTask));
  executor_->Run();
  EXPECT_EQ(executor_->dispatch.offers.size(), 1u);
  Store().answers_stalled = true;
  executor_->Start(plans_.Add(kTask));
  executor_->Run();
  EXPECT_EQ(database_.live.size(), 3u);
  executor_->dispatch.offers.clear();
  // It is stopped: one task is due in a second, one is in the queue, one has just been written.
  FakeExecutor other(database_, clock_, plans_, "other", 1);
  Pass(10'000'000);
  other.Join();
  Pass(10'000'001);
  other.Run();
  EXPECT_EQ(other.dispatch.offers.size(), 3u);
  EXPECT_TRUE(executor_->all[0]->Post(ReofferItem{}));
  Store().answers_stalled = false;
  executor_->Run();
  EXPECT_TRUE(executor_->all[0]->lost());
  EXPECT_TRUE(executor_->dispatch.offers.empty());
}

TEST_F(OwnershipTest, AfterASlowCommitATaskIsHandedOutWithTheNext) {
  Store().answers_stalled = true;
  executor_->Start(plans_.Add(kTask));
  executor_->Run();
  Pass(1'000'000);
  Store().answers_stalled = false;
  executor_->all[0]->Step();
  EXPECT_TRUE(executor_->dispatch.offers.empty());
  executor_->Run();
  EXPECT_EQ(executor_->dispatch.offers.size(), 1u);
}

TEST_F(OwnershipTest, EveryCallIsAnsweredWhenLanesAreLost) {
  engine::PlanPtr plan = plans_.Add(kChained);
  const Uuid id = executor_->Start(plan, {}, "order-1", "hash-1");
  Store().stalled = true;
  executor_->Run();
  executor_->Start(plan, {}, "order-1", "hash-1");
  executor_->Start(plan, {}, "order-1", "hash-2");
  executor_->Run();
  executor_->all[0]->Abandon();
  ASSERT_EQ(Answers(id).size(), 3u);
  for (const auto& answer : Answers(id)) EXPECT_EQ(ReasonOf(answer.status()), "LANE_MOVED");
  EXPECT_EQ(executor_->load.live(), 0);
}

TEST_F(OwnershipTest, ARepeatedStartOfARefusedOneIsRefused) {
  engine::PlanPtr plan = plans_.Add(kChained);
  const Uuid id = executor_->Start(plan, {}, "order-1", "hash-1");
  Store().stalled = true;
  executor_->Run();
  executor_->Start(plan, {}, "order-1", "hash-1");
  executor_->Run();
  database_.poisoned = {id};
  Store().stalled = false;
  executor_->Run();
  ASSERT_EQ(Answers(id).size(), 2u);
  for (const auto& answer : Answers(id)) EXPECT_EQ(ReasonOf(answer.status()), "EXECUTION_REFUSED");
}

// The one that was refused had got further, in a batch that was to follow.
TEST_F(OwnershipTest, WhatARefusedOneWasToDoIsNotDoneForTheNextOfItsName) {
  engine::PlanPtr plan =
      plans_.Add("node s signal name=go\nnode t task\nedge start -> s\nedge s -> t");
  const Uuid id = executor_->Start(plan, {}, "order-1", "hash-1");
  auto signal = [&] {
    CommandItem item{
        .execution = id,
        .tenant = "acme",
        .make = [](const engine::ExecutionState&) { return engine::SignalExecution{"go", 1}; },
        .done = [](auto) {}};
    AF_CHECK(executor_->router->Post(Item(std::move(item))).ok());
  };
  Store().stalled = true;
  executor_->Run();
  signal();
  executor_->Run();
  database_.poisoned = {id};
  Store().stalled = false;
  executor_->all[0]->Step();  // the start is refused, and the next batch on its way
  Store().stalled = true;
  database_.poisoned.clear();
  executor_->Start(plan, {}, "order-1", "hash-1");
  executor_->Run();
  signal();
  executor_->Run();
  Store().stalled = false;
  executor_->all[0]->Step();
  EXPECT_FALSE(database_.live.contains(id));
  EXPECT_TRUE(executor_->dispatch.offers.empty());
  executor_->Run();
  EXPECT_TRUE(database_.live.contains(id));
  EXPECT_EQ(executor_->dispatch.offers.size(), 1u);
}

TEST_F(OwnershipTest, AClaimWhoseDecisionEndsItsStepIsRefused) {
  CommitterOptions options;
  options.limits.transitions = 1;
  Restart(options);
  const Uuid id = executor_->Start(plans_.Add(R"(
node t task
node a noop
node b noop
node f fail reason=BAD
edge start -> t
edge start -> a
edge a -> b
edge b -> f
)"));
  while (executor_->dispatch.offers.empty()) executor_->all[0]->Step();
  executor_->Held(executor_->TakeOffer());
  executor_->Run();
  EXPECT_EQ(database_.closed.at(id).second, static_cast<int>(engine::Phase::kFailed));
  EXPECT_EQ(executor_->dispatch.drops.size() + executor_->dispatch.cancels.size(), 1u);
  EXPECT_TRUE(executor_->board.Of(id).empty());
  Pass(60'000'000);
  executor_->Run();
}

TEST_F(OwnershipTest, TimersOfLanesTakenOverLiveByTheDatabasesClock) {
  const Uuid id = executor_->Start(plans_.Add(kWait));
  executor_->Run();
  clock_.Advance(120'000'000);  // this machine is two minutes ahead
  Restart();
  executor_->Run();
  EXPECT_TRUE(database_.live.contains(id));
  Pass(60'000'001);
  executor_->Run();
  EXPECT_TRUE(database_.closed.contains(id));
}

TEST_F(OwnershipTest, TheNewsThatTheQueueWasLostIsNeverTurnedAway) {
  CommitterOptions options;
  options.inbox_limit = 1;
  Restart(options);
  executor_->Start(plans_.Add(kTask));
  executor_->Run();
  const TaskOffer task = executor_->TakeOffer();
  EXPECT_TRUE(executor_->router->Post(HeldItem{{.tenant = "x", .execution = {}}, "c1"}).ok());
  EXPECT_EQ(ReasonOf(executor_->router->Post(HeldItem{{.tenant = "x", .execution = {}}, "c1"})),
            "EXECUTOR_BUSY");
  EXPECT_TRUE(executor_->all[0]->Post(ReofferItem{}));
  executor_->Run();
  EXPECT_EQ(executor_->TakeOffer().attempt, task.attempt);
}

// They would come again and again, and ever more seldom, while others fill the inbox.
TEST_F(OwnershipTest, NorIsAResult) {
  CommitterOptions options;
  options.inbox_limit = 1;
  Restart(options);
  const Uuid id = executor_->Start(plans_.Add(kTask));
  executor_->Run();
  const TaskOffer task = executor_->TakeOffer();
  EXPECT_TRUE(executor_->router->Post(HeldItem{{.tenant = "x", .execution = {}}, "c1"}).ok());
  EXPECT_TRUE(executor_->router->Post(ResultItem{.attempt = task.attempt}).ok());
  executor_->Run();
  EXPECT_TRUE(database_.closed.contains(id));
}

}  // namespace
}  // namespace agentflow::executor
