// A batch that is written in parts, because the database refuses some of it, by an executor that
// dies between two of them.
#include <gtest/gtest.h>

#include "services/executor/lanes/lanes_for_test.h"

namespace agentflow::executor {
namespace {

constexpr char kTask[] = R"(
node t task
edge start -> t
)";
constexpr char kParent[] = R"(
node c child workflow=inner
edge start -> c
)";
constexpr char kCritical[] = R"(
node c critical critical="k"
node c.t task
edge start -> c
edge start -> c.t
)";
constexpr int kCompleted = static_cast<int>(engine::Phase::kCompleted);

class PartsTest : public ::testing::Test {
 protected:
  PartsTest() { Restart(); }

  // kill -9, and the same binary again.
  void Restart() {
    executor_ = std::make_unique<FakeExecutor>(database_, clock_, plans_, "x", 1);
    executor_->Join();
  }
  // What is posted until Write becomes one batch.
  void Gather() {
    executor_->stores[0]->stalled = true;
    executor_->Start(waits_);
    executor_->Run();
  }
  // Its parts are written, but none after the `parts`th: then the process dies.
  void Write(int parts) {
    MemoryStore& store = *executor_->stores[0];
    executor_->Run();
    store.stalled = false;
    executor_->all[0]->Step();  // what was under way; the batch is on its way
    int done = 0;
    store.on_commit = [&](const std::vector<WritePtr>&) { store.stalled = ++done > parts; };
    executor_->Run();
    Restart();
  }
  // Until everything has ended that can.
  void Finish() {
    for (int second = 0; second < 40; ++second) {
      clock_.Advance(1'000'000);
      database_.now += 1'000'000;
      while (!executor_->dispatch.offers.empty()) executor_->Complete(executor_->TakeOffer());
      executor_->Run();
    }
  }
  TaskOffer OfferOf(const Uuid& execution) {
    for (const TaskOffer& offer : executor_->dispatch.offers) {
      if (offer.attempt.execution == execution) return offer;
    }
    ADD_FAILURE() << "nothing is offered";
    return {};
  }
  int StateOf(const Uuid& id) {
    auto closed = database_.closed.find(id);
    return closed == database_.closed.end() ? 0 : closed->second.second;
  }

  ManualClock clock_;
  MemoryDatabase database_{.now = clock_.Now()};
  FakePlans plans_;
  engine::PlanPtr waits_ = plans_.Add("node w wait duration=1s\nedge start -> w");
  std::unique_ptr<FakeExecutor> executor_;
};

TEST_F(PartsTest, AParentHearsOfItsChildsEndInThePartThatEndsIt) {
  engine::PlanPtr outer = plans_.Add(kParent), inner = plans_.Add(kTask);
  for (int parts = 1; parts <= 8; ++parts) {
    const Uuid parent = executor_->Start(outer);
    executor_->Run();
    const ChildRequest request = executor_->children.at(0);
    std::shared_ptr<engine::StartInfo> info = executor_->NewInfo(inner);
    info->id = request.child;
    info->parent = request.parent;
    ASSERT_TRUE(executor_->Post(info, inner, "").ok());
    executor_->Run();
    const TaskOffer task = OfferOf(request.child);
    Gather();
    executor_->Start(waits_);
    executor_->Complete(task);
    database_.poisoned = {executor_->Start(waits_)};
    executor_->Start(waits_);
    Write(parts);
    database_.poisoned.clear();
    Finish();
    EXPECT_EQ(StateOf(request.child), kCompleted) << parts;
    EXPECT_EQ(StateOf(parent), kCompleted) << parts;
  }
}

TEST_F(PartsTest, APlaceIsGivenBackInThePartThatEndsItsHolder) {
  engine::PlanPtr plan = plans_.Add(kCritical);
  for (int parts = 1; parts <= 8; ++parts) {
    std::vector<Uuid> ids;
    for (int i = 0; i < 3; ++i) ids.push_back(executor_->Start(plan));
    executor_->Run();
    ASSERT_EQ(executor_->dispatch.offers.size(), 1u);
    const TaskOffer task = executor_->TakeOffer();
    Gather();
    executor_->Complete(task);
    database_.poisoned = {executor_->Start(waits_)};
    executor_->Start(waits_);
    Write(parts);
    database_.poisoned.clear();
    Finish();
    for (const Uuid& id : ids) EXPECT_EQ(StateOf(id), kCompleted) << parts;
    EXPECT_TRUE(database_.keys.empty()) << parts;
  }
}

}  // namespace
}  // namespace agentflow::executor
