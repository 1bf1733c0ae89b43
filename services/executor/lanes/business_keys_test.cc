// Business keys: at most one execution of a workflow that is not over has one, whoever starts them.
#include <gtest/gtest.h>

#include <map>

#include "libs/base/status.h"
#include "services/executor/lanes/lanes_for_test.h"

namespace agentflow::executor {
namespace {

constexpr char kTask[] = R"(
node t task attempts=9 backoff=fixed initial=1s
edge start -> t
)";
constexpr char kAtOnce[] = R"(
node t transform value="=inputs.x"
edge start -> t
)";
constexpr int kCompleted = static_cast<int>(engine::Phase::kCompleted);

class BusinessKeysTest : public ::testing::TestWithParam<int> {
 protected:
  BusinessKeysTest() { Add("a"); }
  FakeExecutor& Add(const std::string& name) {
    executors_.push_back(
        std::make_unique<FakeExecutor>(database_, clock_, plans_, name, GetParam()));
    for (int round = 0; round < 5; ++round) {
      for (auto& executor : executors_) executor->Join();
    }
    return *executors_.back();
  }
  void Run() {
    for (int round = 0; round < 4; ++round) {
      for (auto& executor : executors_) executor->Run();
    }
  }
  void Advance(int64_t micros) {
    clock_.Advance(micros);
    database_.now += micros;
    for (auto& executor : executors_) executor->Join();
    Run();
  }
  Uuid Start(FakeExecutor& at, const engine::PlanPtr& plan, bool use_existing = false,
             const std::string& key = "order 17", const std::string& workflow = "workflows/w",
             const std::string& request_id = "") {
    auto info = at.NewInfo(plan);
    info->business_key = key;
    info->workflow = workflow;
    info->input = json::Object{{"x", 1}};
    if (!request_id.empty()) {
      info->request_id = request_id;
      info->id = ExecutionIdForRequest("acme", request_id);
    }
    const Uuid id = info->id;
    const std::string hash = request_id.empty() ? "" : "hash";
    EXPECT_TRUE(at.Post(std::move(info), plan, hash, use_existing).ok());
    return id;
  }
  const absl::StatusOr<StartAnswer>& AnswerOf(const Uuid& id) {
    for (auto& executor : executors_) {
      auto answer = executor->answers.find(id);
      if (answer != executor->answers.end()) return answer->second.back();
    }
    return none_;
  }
  void ExpectHeldBy(const Uuid& id, const Uuid& holder) {
    const absl::Status status = AnswerOf(id).status();
    EXPECT_EQ(ReasonOf(status), "BUSINESS_KEY_IN_USE") << status;
    EXPECT_EQ(MetadataOf(status)["execution"], "executions/" + holder.ToString());
    EXPECT_EQ(MetadataOf(status)[kErrorField], "businessKey");
  }
  int64_t Load() {
    int64_t all = 0;
    for (auto& executor : executors_) all += executor->load.live();
    return all;
  }
  void CompleteAll() {
    for (auto& executor : executors_) {
      while (!executor->dispatch.offers.empty()) executor->Complete(executor->TakeOffer());
    }
    Run();
  }

  ManualClock clock_;
  MemoryDatabase database_{.now = clock_.Now()};
  FakePlans plans_;
  std::vector<std::unique_ptr<FakeExecutor>> executors_;
  const absl::StatusOr<StartAnswer> none_ = absl::UnknownError("not answered");
};

TEST_P(BusinessKeysTest, IsRefusedWhileAnotherHasItAndFreeAgainAtItsEnd) {
  FakeExecutor& x = *executors_[0];
  engine::PlanPtr plan = plans_.Add(kTask);
  const Uuid first = Start(x, plan);
  Run();
  ASSERT_TRUE(AnswerOf(first).ok());
  EXPECT_EQ(database_.live.at(first).facts.business_key, "order 17");
  const Uuid second = Start(x, plan), at_once = Start(x, plans_.Add(kAtOnce));
  const Uuid existing = Start(x, plan, /*use_existing=*/true);
  const Uuid other_key = Start(x, plan, false, "order 18");
  const Uuid other_workflow = Start(x, plan, false, "order 17", "workflows/v");
  Run();
  ExpectHeldBy(second, first);
  // One that would be over within its batch, and never has a live row, is refused as well.
  ExpectHeldBy(at_once, first);
  ASSERT_TRUE(AnswerOf(existing).ok());
  EXPECT_TRUE(AnswerOf(existing)->existed);
  EXPECT_EQ(AnswerOf(existing)->holder, first);
  EXPECT_TRUE(AnswerOf(other_key).ok());
  EXPECT_TRUE(AnswerOf(other_workflow).ok());
  EXPECT_EQ(database_.live.size(), 3u);
  EXPECT_EQ(Load(), 3);
  CompleteAll();
  EXPECT_TRUE(database_.live.empty());
  EXPECT_EQ(database_.closed.at(first).second, kCompleted);
  const Uuid next = Start(x, plan);
  Run();
  EXPECT_TRUE(AnswerOf(next).ok()) << AnswerOf(next).status();
  EXPECT_EQ(Load(), 1);
}

TEST_P(BusinessKeysTest, OfTwoAtOnceOneBegins) {
  FakeExecutor& x = *executors_[0];
  engine::PlanPtr plan = plans_.Add(kTask);
  std::vector<Uuid> ids;
  for (int i = 0; i < 9; ++i) ids.push_back(Start(x, plan, i % 2 == 1));
  Run();
  ASSERT_EQ(database_.live.size(), 1u);
  const Uuid holder = database_.live.begin()->first;
  for (size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] == holder) {
      EXPECT_FALSE(AnswerOf(ids[i])->existed);
    } else if (i % 2 == 1) {
      ASSERT_TRUE(AnswerOf(ids[i]).ok()) << AnswerOf(ids[i]).status();
      EXPECT_EQ(AnswerOf(ids[i])->holder, holder);
    } else {
      ExpectHeldBy(ids[i], holder);
    }
  }
  EXPECT_EQ(Load(), 1);
}

// Neither sees the other one when it looks: the index decides, and the loser looks again.
TEST_P(BusinessKeysTest, OfTwoExecutorsTheDatabaseTellsWhichWasFaster) {
  FakeExecutor& a = *executors_[0];
  FakeExecutor& b = Add("b");
  engine::PlanPtr plan = plans_.Add(kTask);
  auto stall = [&](FakeExecutor& x, bool stalled) {
    for (auto& store : x.stores) store->stalled = stalled;
  };
  stall(a, true);
  stall(b, true);
  const Uuid first = Start(a, plan), second = Start(b, plan), third = Start(b, plan, true);
  Run();
  stall(a, false);
  Run();
  ASSERT_TRUE(AnswerOf(first).ok()) << AnswerOf(first).status();
  stall(b, false);
  Run();
  ExpectHeldBy(second, first);
  EXPECT_EQ(database_.live.size(), 1u);
  EXPECT_EQ(Load(), 1);
  // It asked while the second one seemed to have the key.
  ASSERT_TRUE(AnswerOf(third).ok()) << AnswerOf(third).status();
  EXPECT_EQ(AnswerOf(third)->holder, first);
  CompleteAll();
  const Uuid next = Start(b, plan);
  Run();
  EXPECT_TRUE(AnswerOf(next).ok());
}

TEST_P(BusinessKeysTest, TheLoserBeginsAllTheSameWhereTheFasterOneIsOverByThen) {
  FakeExecutor& a = *executors_[0];
  FakeExecutor& b = Add("b");
  engine::PlanPtr plan = plans_.Add(kTask);
  for (auto& store : b.stores) store->stalled = true;
  const Uuid second = Start(b, plan);
  b.Run();
  const Uuid first = Start(a, plan);
  a.Run();
  ASSERT_TRUE(AnswerOf(first).ok());
  for (auto& store : b.stores) {
    store->stalled = false;
    store->reads_stalled = true;  // it lost, and cannot look who has won
  }
  b.Run();
  while (!a.dispatch.offers.empty()) a.Complete(a.TakeOffer());
  a.Run();
  EXPECT_EQ(database_.closed.at(first).second, kCompleted);
  for (auto& store : b.stores) store->reads_stalled = false;
  Run();
  ASSERT_TRUE(AnswerOf(second).ok()) << AnswerOf(second).status();
  EXPECT_EQ(database_.live.size(), 1u);
  CompleteAll();
  EXPECT_EQ(database_.closed.at(second).second, kCompleted);
}

TEST_P(BusinessKeysTest, SurvivesTheExecutorOfItsHolder) {
  engine::PlanPtr plan = plans_.Add(kTask);
  FakeExecutor& b = Add("b");
  const Uuid first = Start(*executors_[0], plan);
  Run();
  executors_.erase(executors_.begin());  // kill -9
  const Uuid early = Start(b, plan);
  b.Run();
  ExpectHeldBy(early, first);
  for (int second = 0; second < 20; ++second) Advance(1'000'000);
  const Uuid late = Start(b, plan);
  Run();
  ExpectHeldBy(late, first);
  CompleteAll();
  EXPECT_EQ(database_.closed.at(first).second, kCompleted);
  const Uuid next = Start(b, plan);
  Run();
  EXPECT_TRUE(AnswerOf(next).ok()) << AnswerOf(next).status();
}

TEST_P(BusinessKeysTest, TheSameRequestGivesTheSameExecution) {
  FakeExecutor& x = *executors_[0];
  engine::PlanPtr plan = plans_.Add(kTask);
  const Uuid first = Start(x, plan, false, "k", "workflows/w", "r-1");
  Run();
  const Uuid again = Start(x, plan, false, "k", "workflows/w", "r-1");
  Run();
  ASSERT_EQ(first, again);
  ASSERT_TRUE(AnswerOf(again).ok()) << AnswerOf(again).status();
  EXPECT_TRUE(AnswerOf(again)->existed);
  EXPECT_TRUE(AnswerOf(again)->holder.IsNil());
  CompleteAll();
  // Also after its end, although the key is free.
  Start(x, plan, false, "k", "workflows/w", "r-1");
  Run();
  EXPECT_TRUE(AnswerOf(first)->existed);
  EXPECT_TRUE(database_.live.empty());
}

// Starts, ends, faults and deaths in any order: whoever was answered with success has begun, and
// what was refused was refused for an execution that there was.
TEST_P(BusinessKeysTest, RandomFaults) {
  engine::PlanPtr plan = plans_.Add(kTask), at_once = plans_.Add(kAtOnce);
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    SeededRandom random(seed);
    executors_.clear();
    Add("s" + std::to_string(seed));
    Add("t" + std::to_string(seed));
    std::vector<Uuid> ids;
    for (int round = 0; round < 120; ++round) {
      FakeExecutor& x = *executors_[random.Next() % executors_.size()];
      const uint64_t dice = random.Next() % 100;
      if (dice < 40 && x.router->AnyLane() >= 0) {
        ids.push_back(Start(x, dice < 10 ? at_once : plan, dice % 2 == 0,
                            "k" + std::to_string(random.Next() % 2)));
      } else if (dice < 50) {
        x.stores[random.Next() % x.stores.size()]->faults.push_back(
            static_cast<CommitFault>(random.Next() % 4));
      } else if (dice < 60) {
        clock_.Advance(300'000);
        database_.now += 300'000;
        for (auto& executor : executors_) (void)executor->keeper->Step();
      } else if (dice < 80 && !x.dispatch.offers.empty()) {
        const TaskOffer offer = x.TakeOffer();
        if (x.router->Owns(LaneOf(offer.attempt.execution))) x.Complete(offer);
      }
      for (auto& committer : x.all) (void)committer->Step();
    }
    for (auto& executor : executors_) {
      for (auto& store : executor->stores) store->faults.clear();
    }
    for (int second = 0; second < 10 || (second < 200 && !database_.live.empty()); ++second) {
      Advance(1'000'000);
      for (auto& executor : executors_) {
        for (auto& committer : executor->all) (void)committer->Post(ReofferItem{});
        executor->Run();
        while (!executor->dispatch.offers.empty()) {
          const TaskOffer offer = executor->TakeOffer();
          if (executor->router->Owns(LaneOf(offer.attempt.execution))) executor->Complete(offer);
        }
      }
      Run();
    }
    EXPECT_TRUE(database_.live.empty()) << "seed " << seed;
    for (const Uuid& id : ids) {
      const absl::StatusOr<StartAnswer>& answer = AnswerOf(id);
      if (answer.ok()) {
        const Uuid& begun = answer->holder.IsNil() ? id : answer->holder;
        EXPECT_TRUE(database_.closed.contains(begun)) << "seed " << seed;
      } else if (ReasonOf(answer.status()) == "BUSINESS_KEY_IN_USE") {
        EXPECT_FALSE(database_.closed.contains(id)) << "seed " << seed;
      } else {
        EXPECT_EQ(ReasonOf(answer.status()), "LANE_MOVED") << "seed " << seed;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Committers, BusinessKeysTest, ::testing::Values(1, 3));

}  // namespace
}  // namespace agentflow::executor
