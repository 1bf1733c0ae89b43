// Lanes that move between living, dying and leaving executors, over the model of the database.
#include <gtest/gtest.h>

#include <algorithm>

#include "services/executor/lanes/lanes_for_test.h"

namespace agentflow::executor {
namespace {

constexpr char kTask[] = R"(
outputs {"r": "=nodes.t.output"}
node t task agent=worker input="hi" attempts=9 backoff=fixed initial=1s
edge start -> t
)";
constexpr char kWait[] = R"(
outputs {"r": 1}
node w wait duration="60s"
edge start -> w
)";
constexpr int kCompleted = static_cast<int>(engine::Phase::kCompleted);

absl::StatusOr<engine::CommandBody> Cancel(const engine::ExecutionState&) {
  return engine::CancelExecution{"test"};
}

class FakePeers final : public Peers {
 public:
  void Follow(const std::map<std::string, std::string>& others) override { followed = others; }
  Suspects Suspected() override { return suspects; }
  void Tell(const std::string& address, const std::vector<int>& lanes) override {
    told.emplace_back(address, lanes);
  }
  std::map<std::string, std::string> followed;
  Suspects suspects;
  std::vector<std::pair<std::string, std::vector<int>>> told;
};

class HandoverTest : public ::testing::TestWithParam<int> {
 protected:
  HandoverTest() {
    Add("a");
    a().Join();
  }
  FakeExecutor& Add(const std::string& name, Peers* peers = nullptr) {
    executors_.push_back(std::make_unique<FakeExecutor>(database_, clock_, plans_, name, GetParam(),
                                                        CommitterOptions{}, peers));
    return *executors_.back();
  }
  FakeExecutor& a() { return *executors_[0]; }
  FakeExecutor& b() { return *executors_[1]; }

  // Looks and steps of everybody until the lanes rest.
  void Settle() {
    for (int round = 0; round < 6; ++round) {
      for (auto& executor : executors_) executor->Join();
    }
  }
  void Advance(int64_t micros) {
    clock_.Advance(micros);
    database_.now += micros;
    for (auto& executor : executors_) executor->Run();
  }
  int LanesOf(const std::string& name) const {
    return static_cast<int>(
        std::count_if(database_.lanes.begin(), database_.lanes.end(),
                      [&](const auto& lane) { return lane.second.first == name; }));
  }
  FakeExecutor& OwnerOf(const Uuid& id) {
    const std::string& name = database_.lanes.at(LaneOf(id)).first;
    for (auto& executor : executors_) {
      if (executor->name == name) return *executor;
    }
    ADD_FAILURE() << name;
    return a();
  }
  int StateOf(const Uuid& id) {
    auto closed = database_.closed.find(id);
    return closed == database_.closed.end() ? 0 : closed->second.second;
  }

  ManualClock clock_;
  MemoryDatabase database_{.now = clock_.Now()};
  FakePlans plans_;
  std::vector<std::unique_ptr<FakeExecutor>> executors_;
};

TEST_P(HandoverTest, ANewExecutorTakesItsShareAndWhatLivesThereGoesOn) {
  engine::PlanPtr task = plans_.Add(kTask), wait = plans_.Add(kWait);
  std::vector<Uuid> ids;
  for (int i = 0; i < 40; ++i) ids.push_back(a().Start(i % 2 == 0 ? task : wait));
  a().Run();
  Add("b");
  Settle();
  EXPECT_EQ(LanesOf("a"), 128);
  EXPECT_EQ(LanesOf("b"), 128);
  int moved = 0;
  for (const Uuid& id : ids) {
    FakeExecutor& owner = OwnerOf(id);
    moved += &owner == &b();
    EXPECT_NE(owner.Find(id), nullptr);
    EXPECT_EQ((&owner == &a() ? b() : a()).Find(id), nullptr);
  }
  EXPECT_GT(moved, 5);
  EXPECT_EQ(a().load.live() + b().load.live(), 40);
  Add("c");
  Settle();
  EXPECT_EQ(LanesOf("a") + LanesOf("b") + LanesOf("c"), 256);
  EXPECT_GE(LanesOf("c"), 84);
  for (int second = 0; second < 80; ++second) {
    Advance(1'000'000);
    for (auto& executor : executors_) {
      while (!executor->dispatch.offers.empty()) {
        const TaskOffer offer = executor->TakeOffer();
        FakeExecutor& owner = OwnerOf(offer.attempt.execution);
        owner.Held(offer);
        owner.Complete(offer, 1);
      }
      executor->Run();
    }
  }
  for (const Uuid& id : ids) EXPECT_EQ(StateOf(id), kCompleted);
  EXPECT_TRUE(database_.live.empty());
}

TEST_P(HandoverTest, WhatComesMeanwhileIsSentOnToTheNewOwnerOnce) {
  engine::PlanPtr plan = plans_.Add(kWait);
  std::vector<Uuid> ids;
  for (int i = 0; i < 40; ++i) ids.push_back(a().Start(plan));
  a().Run();
  Add("b").Join();
  for (auto& store : a().stores) store->stalled = true;
  a().Join();  // hands over; the commits hang
  std::map<Uuid, absl::StatusOr<ExecutionView>> answers;
  for (const Uuid& id : ids) {
    ASSERT_TRUE(a().router
                    ->Post(CommandItem{.execution = id,
                                       .tenant = "acme",
                                       .make = Cancel,
                                       .done = [&answers, id](auto view) { answers[id] = view; }})
                    .ok());
  }
  a().Run();
  EXPECT_TRUE(answers.empty());
  for (auto& store : a().stores) store->stalled = false;
  a().Run();
  b().Join();
  a().Join();  // sees that b has them
  ASSERT_EQ(answers.size(), ids.size());
  int moved = 0;
  for (const Uuid& id : ids) {
    if (&OwnerOf(id) == &a()) {
      EXPECT_TRUE(answers.at(id).ok()) << answers.at(id).status();
      continue;
    }
    ++moved;
    EXPECT_EQ(ReasonOf(answers.at(id).status()), "LANE_MOVED");
    EXPECT_EQ(MetadataOf(answers.at(id).status())["owner"], "b:1");
    EXPECT_EQ(ReasonOf(a().router->Post(CommandItem{.execution = id})), "LANE_MOVED");
    bool canceled = false;
    ASSERT_TRUE(b().router
                    ->Post(CommandItem{.execution = id,
                                       .tenant = "acme",
                                       .make = Cancel,
                                       .done = [&](auto view) { canceled = view.ok(); }})
                    .ok());
    b().Run();
    EXPECT_TRUE(canceled);
  }
  EXPECT_GT(moved, 5);
  EXPECT_TRUE(database_.live.empty());
}

TEST_P(HandoverTest, TheTableMaySayThatALaneIsGoneBeforeItsCommitterHears) {
  engine::PlanPtr plan = plans_.Add(kWait);
  std::vector<Uuid> ids;
  for (int i = 0; i < 40; ++i) ids.push_back(a().Start(plan));
  a().Run();
  Add("b").Join();
  for (auto& store : a().stores) store->answers_stalled = true;
  a().Join();  // hands over
  EXPECT_EQ(LanesOf("b"), 128);
  a().Join();  // sees that b has them
  for (auto& store : a().stores) store->answers_stalled = false;
  a().Run();
  for (const Uuid& id : ids) {
    if (&OwnerOf(id) == &b()) {
      EXPECT_EQ(a().Find(id), nullptr);
    }
  }
  for (int second = 0; second < 70; ++second) {
    Advance(1'000'000);
    for (auto& executor : executors_) executor->Join();
  }
  for (const Uuid& id : ids) EXPECT_EQ(StateOf(id), kCompleted);
}

TEST_P(HandoverTest, WhatIsQueuedInALaneThatLeavesIsAdmittedByItsNewOwner) {
  engine::PlanPtr plan = plans_.Add(kTask);
  a().limits.running_executions = 1;
  std::vector<Uuid> ids;
  for (int i = 0; i < 20; ++i) ids.push_back(a().Start(plan));
  a().Run();
  Advance(2'000'000);
  Add("b").Join();
  for (auto& store : a().stores) store->stalled = true;
  a().Join();  // hands over; the commits hang
  a().limits.running_executions = 1000;
  Advance(300'000);
  for (auto& store : a().stores) store->stalled = false;
  for (int second = 0; second < 20; ++second) {
    Advance(1'000'000);
    for (auto& executor : executors_) executor->Join();
    for (auto& executor : executors_) {
      while (!executor->dispatch.offers.empty()) {
        const TaskOffer offer = executor->TakeOffer();
        OwnerOf(offer.attempt.execution).Complete(offer, 1);
      }
      executor->Run();
    }
  }
  for (const Uuid& id : ids) EXPECT_EQ(StateOf(id), kCompleted);
  EXPECT_EQ(a().load.live() + b().load.live(), 0);
}

TEST_P(HandoverTest, WhatWaitsForItsPlanGoesWithItsLane) {
  engine::PlanPtr plan = plans_.Add("node c critical critical=\"=inputs.k\"\nnode c.t task\n"
                                    "edge start -> c\nedge start -> c.t");
  for (int i = 0; i < 20; ++i) a().Start(plan, json::Object{{"k", "k" + std::to_string(i)}});
  a().Run();
  executors_.clear();
  Add("a");  // again
  const auto kept = std::exchange(plans_.plans, {});
  a().Join();
  Add("b").Join();
  for (auto& store : a().stores) store->stalled = true;
  a().Join();  // hands over; the commits hang
  plans_.plans = kept;
  Advance(100'000);
  for (auto& store : a().stores) store->stalled = false;
  Settle();
  EXPECT_EQ(LanesOf("b"), 128);
  for (const auto& [id, row] : database_.live) EXPECT_NE(OwnerOf(id).Find(id), nullptr);
}

TEST_P(HandoverTest, AChildThatWaitedForItsParentIsReadBackOnceWithItsLane) {
  engine::PlanPtr outer = plans_.Add("node c child workflow=inner\nedge start -> c");
  engine::PlanPtr inner = plans_.Add(kWait);
  for (int i = 0; i < 20; ++i) a().Start(outer);
  a().Run();
  for (ChildRequest& request : std::exchange(a().children, {})) {
    std::shared_ptr<engine::StartInfo> info = a().NewInfo(inner);
    info->id = request.child;
    info->parent = request.parent;
    AF_CHECK(a().Post(info, inner, "").ok());
  }
  a().Run();
  ASSERT_EQ(database_.live.size(), 40u);
  executors_.clear();
  Add("a");  // again
  plans_.plans.erase(outer->hash);
  a().Join();
  Add("b").Join();
  Settle();
  ASSERT_EQ(LanesOf("b"), 128);
  ASSERT_TRUE(b().keeper->Release().ok());
  executors_.resize(1);
  Settle();
  ASSERT_EQ(LanesOf("a"), 256);
  plans_.plans[outer->hash] = outer;
  for (int i = 0; i < 3; ++i) Advance(100'000);
  EXPECT_EQ(a().load.live(), 40);
}

TEST_P(HandoverTest, AHandoverSurvivesLostAcknowledgementsAndRefusedExecutions) {
  engine::PlanPtr plan = plans_.Add(kWait);
  for (CommitFault fault :
       {CommitFault::kLostAfterCommit, CommitFault::kLostBeforeCommit, CommitFault::kNotDone}) {
    executors_.resize(1);
    Advance(4'000'000);
    Settle();
    ASSERT_EQ(LanesOf("a"), 256);
    const Uuid poisoned = a().Start(plan);
    database_.poisoned.insert(poisoned);
    const Uuid fine = a().Start(plan);
    a().Run();
    Add("b").Join();
    for (auto& store : a().stores) store->faults = {fault};
    a().Join();
    Advance(200'000);
    Advance(200'000);
    Settle();
    EXPECT_EQ(LanesOf("b"), 128);
    EXPECT_EQ(ReasonOf(a().answers[poisoned].at(0).status()), "EXECUTION_REFUSED");
    EXPECT_TRUE(a().answers[fine].at(0).ok());
    EXPECT_NE(OwnerOf(fine).Find(fine), nullptr);
    for (auto& store : a().stores) store->faults.clear();
    // b is gone for the next round.
    ASSERT_TRUE(b().keeper->Release().ok());
  }
}

TEST_P(HandoverTest, ADrainedExecutorGivesEverythingToTheOthers) {
  engine::PlanPtr plan = plans_.Add(kWait);
  std::vector<Uuid> ids;
  for (int i = 0; i < 20; ++i) ids.push_back(a().Start(plan));
  a().Run();
  Add("b");
  Add("c");
  Settle();
  a().keeper->Drain();
  Settle();
  EXPECT_EQ(LanesOf("a"), 0);
  EXPECT_EQ(LanesOf("b"), 128);
  EXPECT_EQ(LanesOf("c"), 128);
  EXPECT_EQ(a().load.live(), 0);
  EXPECT_EQ(a().router->AnyLane(), -1);
  for (const Uuid& id : ids) EXPECT_NE(OwnerOf(id).Find(id), nullptr);
}

TEST_P(HandoverTest, ASuspectWithoutConnectionIsReplacedBeforeItsLeaseEnds) {
  const Uuid id = a().Start(plans_.Add(kWait));
  a().Run();
  FakePeers peers;
  Add("b", &peers);
  Settle();
  EXPECT_EQ(peers.followed, (std::map<std::string, std::string>{{"a", "a:1"}}));
  peers.suspects.silent = {"a"};
  b().Join();
  EXPECT_EQ(LanesOf("b"), 128);  // not reachable, but alive
  for (auto& [key, owner] : database_.owners) owner.connected = key.first != "a";
  b().Join();
  EXPECT_EQ(LanesOf("b"), 256);
  EXPECT_NE(b().Find(id), nullptr);
}

TEST_P(HandoverTest, ASuspectWhomTheDatabaseMissesIsReplacedBeforeItsLeaseEnds) {
  database_.suspect_left = 2'500'000;  // of 3 s: after half a second
  const Uuid id = a().Start(plans_.Add(kWait));
  a().Run();
  FakePeers peers;
  executors_.push_back(std::make_unique<FakeExecutor>(database_, clock_, plans_, "b", GetParam(),
                                                      CommitterOptions{.renew_after = 100'000},
                                                      &peers));
  Settle();
  peers.suspects.silent = {"a"};
  b().Join();
  EXPECT_EQ(LanesOf("b"), 128);  // the database has heard of a a moment ago
  clock_.Advance(600'000);
  database_.now += 600'000;
  b().Join();
  EXPECT_EQ(LanesOf("b"), 128);  // it has heard of nobody: that says nothing about a
  peers.suspects.silent = {};
  b().Join();
  EXPECT_EQ(LanesOf("b"), 128);  // it has heard of b by now, but nobody suspects a
  peers.suspects.silent = {"a"};
  b().Join();
  EXPECT_EQ(LanesOf("b"), 256);
  EXPECT_NE(b().Find(id), nullptr);
}

TEST_P(HandoverTest, ASlowOneIsReplacedAtOnceAndGivenNothingBeforeItIsQuick) {
  const Uuid id = a().Start(plans_.Add(kWait));
  a().Run();
  FakePeers peers;
  Add("b", &peers);
  Settle();
  peers.suspects.slow = {"a"};
  for (auto& committer : b().all) committer->RenewWithin(100'000);
  clock_.Advance(1'000'000);
  EXPECT_EQ(LanesOf("b"), 128);
  ASSERT_TRUE(b().keeper->Step().ok());
  EXPECT_EQ(LanesOf("b"), 128);  // nothing was committed quickly for it either
  b().Join();
  EXPECT_EQ(LanesOf("b"), 256);
  EXPECT_NE(b().Find(id), nullptr);
  Settle();
  EXPECT_EQ(LanesOf("b"), 256);
  peers.suspects.slow = {};
  Settle();
  EXPECT_EQ(LanesOf("b"), 128);
}

TEST_P(HandoverTest, ACommitterSaysWhetherTheDatabaseIsSlow) {
  Committer& committer = *a().all[0];
  MemoryStore& store = *a().stores[0];
  a().Run();
  Advance(10'000'000);
  EXPECT_FALSE(committer.Slow());  // nobody wants to know: it commits when there is something
  const int wakes = a().wakes;
  committer.RenewWithin(100'000);
  EXPECT_EQ(a().wakes, wakes + 1);  // or it would sleep until the time of before
  EXPECT_FALSE(committer.Slow());
  store.answers_stalled = true;
  for (int i = 0; i < 3; ++i) Advance(100'000);
  EXPECT_FALSE(committer.Slow());
  Advance(100'000);
  EXPECT_TRUE(committer.Slow());
  store.answers_stalled = false;
  a().Run();  // that one came late, the next one does not
  EXPECT_FALSE(committer.Slow());
}

TEST_P(HandoverTest, OneWhomNobodyReachesGivesItsLanesAwayUntilItIsReachedAgain) {
  const Uuid id = a().Start(plans_.Add(kWait));
  a().Run();
  int64_t unreachable_for = 0;
  executors_.push_back(std::make_unique<FakeExecutor>(
      database_, clock_, plans_, "b", GetParam(), CommitterOptions{}, nullptr,
      [&unreachable_for] { return unreachable_for; }));
  Settle();
  ASSERT_EQ(LanesOf("b"), 128);
  unreachable_for = 200'000;
  Settle();
  EXPECT_EQ(LanesOf("b"), 128);  // streams end and begin again
  unreachable_for = 400'000;
  Settle();
  EXPECT_EQ(LanesOf("a"), 256);
  EXPECT_NE(a().Find(id), nullptr);
  unreachable_for = 0;
  Settle();
  EXPECT_EQ(LanesOf("b"), 128);
}

TEST_P(HandoverTest, ASuspectIsGivenNoLanes) {
  FakePeers peers;
  executors_.clear();
  Add("a", &peers).Join();
  peers.suspects.silent = {"b"};
  Add("b");
  Settle();
  EXPECT_EQ(LanesOf("b"), 0);
  peers.suspects.silent = {};
  Settle();
  EXPECT_EQ(LanesOf("b"), 128);
}

TEST_P(HandoverTest, AStoppedExecutorIsFencedOutAndBeginsAnew) {
  engine::PlanPtr plan = plans_.Add(kWait);
  std::vector<Uuid> ids;
  for (int i = 0; i < 20; ++i) ids.push_back(a().Start(plan));
  a().Run();
  Add("b");
  Settle();
  // Only b lives on while a is stopped.
  for (int second = 0; second < 4; ++second) {
    clock_.Advance(1'000'001);
    database_.now += 1'000'001;
    b().Join();
  }
  EXPECT_EQ(LanesOf("b"), 256);
  const Uuid late = *a().TryStart(plan);
  a().Run();
  EXPECT_EQ(ReasonOf(a().answers[late].at(0).status()), "LANE_MOVED");
  Settle();
  EXPECT_EQ(LanesOf("a"), 128);
  for (const Uuid& id : ids) EXPECT_NE(OwnerOf(id).Find(id), nullptr);
}

TEST_P(HandoverTest, TheTableSaysWhenToLookAgain) {
  EXPECT_EQ(*a().keeper->Step(), 5'000'000);  // alone
  Add("b").Join();
  clock_.Advance(500'000);
  database_.now += 500'000;
  a().Run();
  const int64_t next = *a().keeper->Step();
  EXPECT_GT(next, 2'000'000);
  EXPECT_LT(next, 3'000'000);  // when b's lease would end
}

// Any order of looks, faults, drains, deaths and work leaves every execution done exactly once: the
// model of the database ends the test when somebody writes what is not his, or leaves a gap.
TEST_P(HandoverTest, RandomComingAndGoing) {
  engine::PlanPtr task = plans_.Add(kTask), wait = plans_.Add(kWait);
  for (uint64_t seed = 1; seed <= 25; ++seed) {
    SeededRandom random(seed);
    std::vector<std::pair<FakeExecutor*, Uuid>> started;
    int born = 0;
    executors_.clear();
    Add("x0_" + std::to_string(seed)).Join();
    auto any = [&]() -> FakeExecutor& { return *executors_[random.Next() % executors_.size()]; };
    std::deque<TaskOffer> offers;
    std::vector<std::unique_ptr<FakeExecutor>> dead;
    for (int round = 0; round < 300; ++round) {
      const uint64_t dice = random.Next() % 100;
      FakeExecutor& x = any();
      if (dice < 20) {
        (void)x.keeper->Step();
      } else if (dice < 45) {
        if (x.router->AnyLane() >= 0) {
          if (auto id = x.TryStart(random.Next() % 2 == 0 ? task : wait)) {
            started.emplace_back(&x, *id);
          }
        }
      } else if (dice < 50) {
        x.stores[random.Next() % x.stores.size()]->faults.push_back(
            static_cast<CommitFault>(random.Next() % 4));
      } else if (dice < 55) {
        for (auto& store : x.stores) store->stalled = random.Next() % 2 == 0;
      } else if (dice < 58 && executors_.size() < 4) {
        Add("x" + std::to_string(++born) + "_" + std::to_string(seed));
      } else if (dice < 60 && executors_.size() > 1) {
        // A process that dies: its connection goes with it.
        for (auto& [key, owner] : database_.owners) {
          if (key.first == x.name) owner.connected = false;
        }
        auto it = std::find_if(executors_.begin(), executors_.end(),
                               [&](const auto& e) { return e.get() == &x; });
        dead.push_back(std::move(*it));
        executors_.erase(it);
      } else if (dice < 62 && executors_.size() > 1) {
        x.keeper->Drain();
      } else if (dice < 70) {
        Advance(static_cast<int64_t>(random.Next() % 2'000'000));
      } else if (!offers.empty()) {
        for (auto& executor : executors_) {
          if (executor->router->Owns(LaneOf(offers.front().attempt.execution))) {
            executor->Complete(offers.front(), 1);
          }
        }
        offers.pop_front();
      }
      for (auto& executor : executors_) {
        executor->Run();
        while (!executor->dispatch.offers.empty()) offers.push_back(executor->TakeOffer());
      }
    }
    Add("last" + std::to_string(seed));
    for (auto& executor : executors_) {
      for (auto& store : executor->stores) {
        store->stalled = false;
        store->faults.clear();
      }
    }
    for (int i = 0; i < 120; ++i) {
      Advance(2'000'000);
      for (auto& executor : executors_) {
        executor->Join();
        // Those that nobody took while their lane moved.
        for (auto& committer : executor->all) (void)committer->Post(ReofferItem{});
        executor->Run();
        while (!executor->dispatch.offers.empty()) {
          const TaskOffer offer = executor->TakeOffer();
          for (auto& other : executors_) {
            if (other->router->Owns(LaneOf(offer.attempt.execution))) other->Complete(offer, 1);
          }
        }
      }
    }
    EXPECT_TRUE(database_.live.empty()) << "seed " << seed;
    for (const auto& [executor, id] : started) {
      const auto& answers = executor->answers[id];
      if (answers.empty() || !answers[0].ok()) continue;
      EXPECT_EQ(StateOf(id), kCompleted) << "seed " << seed;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Committers, HandoverTest, ::testing::Values(1, 3));

}  // namespace
}  // namespace agentflow::executor
