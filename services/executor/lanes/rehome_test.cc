// New homes for executions that outlive their retention class, over the model of the database.
#include <gtest/gtest.h>

#include "libs/engine/codec.h"
#include "services/executor/lanes/lanes_for_test.h"

namespace agentflow::executor {
namespace {

constexpr char kTask[] = R"(
outputs "=nodes.t.output"
node t task agent=worker
edge start -> t
)";
constexpr char kParent[] = R"(
outputs "=nodes.c.output"
node c child workflow=inner
edge start -> c
)";

class RehomeTest : public LanesTest {
 protected:
  Uuid Start(const char* plan) {
    const Uuid id = executor_->Start(plans_.Add(plan));
    executor_->Run();
    return id;
  }
  void Rehome(int day) {
    for (auto& committer : executor_->all) committer->Rehome(day);
    executor_->Run();
  }
  int64_t Rehomed() {
    int64_t sum = 0;
    for (auto& committer : executor_->all) sum += committer->stats().rehomed;
    return sum;
  }
  bool IsCompleted(const Uuid& id) {
    return StateOf(id) == static_cast<int>(engine::Phase::kCompleted);
  }
  const ExecutionFacts& Facts(const Uuid& id) { return database_.live.at(id).facts; }
};

TEST_P(RehomeTest, OnlyWhatHasOutlivedItsClassMovesAndOnce) {
  const Uuid id = Start(kTask);
  const int day = Facts(id).start_day;
  const int last = day + Facts(id).retention_days;
  Rehome(last);
  EXPECT_EQ(Facts(id).start_day, day);
  Rehome(last + 1);
  EXPECT_EQ(Facts(id).start_day, last + 1);
  EXPECT_FALSE(database_.live.at(id).snapshot.empty());
  Rehome(last + 1);
  EXPECT_EQ(Rehomed(), 1);
}

TEST_P(RehomeTest, ATaskInHandStaysInItsHand) {
  const Uuid id = Start(kTask);
  const TaskOffer task = executor_->TakeOffer();
  executor_->Held(task);
  executor_->Run();
  Rehome(Facts(id).start_day + 100);
  // The holder names it with its next heartbeat, long before it would be offered again.
  for (int i = 0; i < 10; ++i) {
    executor_->Held(task);
    Advance(5'000'000);
  }
  EXPECT_TRUE(executor_->dispatch.offers.empty());
  EXPECT_TRUE(executor_->dispatch.drops.empty());
  executor_->Complete(task, 5);
  executor_->Run();
  EXPECT_TRUE(IsCompleted(id));
}

TEST_P(RehomeTest, AResultThatComesRightAfterCounts) {
  const Uuid id = Start(kTask);
  const TaskOffer task = executor_->TakeOffer();
  executor_->Held(task);
  executor_->Run();
  Rehome(Facts(id).start_day + 100);
  executor_->Complete(task, 5);
  executor_->Run();
  EXPECT_TRUE(IsCompleted(id));
}

TEST_P(RehomeTest, ATaskThatNobodyHoldsIsOfferedAgain) {
  const Uuid id = Start(kTask);
  (void)executor_->TakeOffer();
  Rehome(Facts(id).start_day + 100);
  Advance(60'000'000);
  ASSERT_FALSE(executor_->dispatch.offers.empty());
  executor_->Complete(executor_->TakeOffer(), 5);
  executor_->Run();
  EXPECT_TRUE(IsCompleted(id));
}

TEST_P(RehomeTest, ACommitThatFailsLeavesItWhereItWas) {
  const Uuid id = Start(kTask);
  const int day = Facts(id).start_day;
  for (auto& store : executor_->stores) store->faults = {CommitFault::kNotDone};
  Rehome(day + 100);
  Restart();
  Rehome(day + 100);
  EXPECT_EQ(Facts(id).start_day, day + 100);
  const std::string state = engine::EncodeState(*executor_->Find(id));
  Restart();
  EXPECT_EQ(engine::EncodeState(*executor_->Find(id)), state) << "read back from its new day";
}

TEST_P(RehomeTest, AParentStillHearsOfItsChild) {
  const Uuid parent = Start(kParent);
  ASSERT_EQ(executor_->children.size(), 1u);
  const int day = Facts(parent).start_day;
  Rehome(day + 100);
  Advance(5'000'000);
  // Asked for again, which the shell knows as the same child.
  for (const ChildRequest& request : executor_->children) {
    EXPECT_EQ(request.parent.execution, parent);
    EXPECT_EQ(request.parent.step, "c");
  }
  const ChildRequest request = executor_->children.back();
  const engine::PlanPtr plan = plans_.Add(kTask);
  auto info = std::make_shared<engine::StartInfo>();
  info->id = request.child;
  info->tenant = request.tenant;
  info->workflow = request.workflow;
  info->version = 1;
  info->plan_hash = plan->hash;
  info->parent = request.parent;
  ASSERT_TRUE(executor_->load.Admit("acme", {}, 0).ok());
  StartItem item{.plan = plan, .info = info};
  item.done = [](absl::StatusOr<StartAnswer>) {};
  ASSERT_TRUE(executor_->router->Post(Item(std::move(item))).ok());
  executor_->Run();
  Rehome(day + 300);
  Advance(60'000'000);
  ASSERT_FALSE(executor_->dispatch.offers.empty());
  executor_->Complete(executor_->dispatch.offers.back(), 5);
  executor_->Run();
  EXPECT_TRUE(IsCompleted(request.child));
  EXPECT_TRUE(IsCompleted(parent));
}

INSTANTIATE_TEST_SUITE_P(Committers, RehomeTest, ::testing::Values(1, 3));

}  // namespace
}  // namespace agentflow::executor
