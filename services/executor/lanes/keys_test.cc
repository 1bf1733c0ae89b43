// Keys and the messages about them, over committers and executors that come and go.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "services/executor/lanes/lanes_for_test.h"

namespace agentflow::executor {
namespace {

constexpr char kCritical[] = R"(
node c critical critical="=inputs.k"
node c.t task attempts=9 backoff=fixed initial=1s
edge start -> c
edge start -> c.t
)";
// The same part under another name, and a task behind it.
constexpr char kRenamed[] = R"(
node d critical critical="=inputs.k"
node d.t task attempts=9 backoff=fixed initial=1s
node e task
edge start -> d
edge start -> d.t
edge d -> e
)";
constexpr char kTask[] = R"(
node t task attempts=9 backoff=fixed initial=1s
edge start -> t
)";
constexpr int kCompleted = static_cast<int>(engine::Phase::kCompleted);
constexpr int kCanceled = static_cast<int>(engine::Phase::kCanceled);

class KeysTest : public ::testing::TestWithParam<int> {
 protected:
  KeysTest() { Add("a").Join(); }
  FakeExecutor& Add(const std::string& name) {
    executors_.push_back(
        std::make_unique<FakeExecutor>(database_, clock_, plans_, name, GetParam()));
    executors_.back()->mail_sent = [this](const std::vector<int>& lanes) {
      if (!tell_) return;
      for (auto& executor : executors_) executor->router->MailCame(lanes);
    };
    return *executors_.back();
  }
  void Two() {
    Add("b");
    for (int round = 0; round < 5; ++round) Join();
  }
  void Join() {
    for (auto& executor : executors_) executor->Join();
  }
  // Until nothing moves anywhere.
  void Run() {
    for (int round = 0; round < 6; ++round) {
      for (auto& executor : executors_) executor->Run();
    }
  }
  void Advance(int64_t micros) {
    clock_.Advance(micros);
    database_.now += micros;
    Join();
    Run();
  }
  FakeExecutor& OwnerOf(const Uuid& id) {
    const std::string& name = database_.lanes.at(LaneOf(id)).first;
    return **std::find_if(executors_.begin(), executors_.end(),
                          [&](const auto& executor) { return executor->name == name; });
  }
  Uuid Start(engine::PlanPtr plan, const std::string& key, engine::ConcurrencyKey own = {}) {
    FakeExecutor& executor = *executors_[started_++ % executors_.size()];
    auto info = executor.NewInfo(plan);
    info->input = json::Object{{"k", key}};
    info->concurrency = std::move(own);
    const Uuid id = info->id;
    EXPECT_TRUE(executor.Post(std::move(info), plan, "").ok());
    return id;
  }
  absl::Status Command(const Uuid& id, engine::CommandBody body) {
    absl::Status answer = absl::UnknownError("none");
    AF_CHECK(OwnerOf(id)
                 .router
                 ->Post(CommandItem{
                     .execution = id,
                     .tenant = "acme",
                     .make = [&](const engine::ExecutionState&) { return body; },
                     .done = [&](absl::StatusOr<ExecutionView> view) { answer = view.status(); }})
                 .ok());
    Run();
    return answer;
  }
  std::vector<TaskOffer> TakeOffers() {
    std::vector<TaskOffer> offers;
    for (auto& executor : executors_) {
      while (!executor->dispatch.offers.empty()) offers.push_back(executor->TakeOffer());
    }
    return offers;
  }
  void Complete(const TaskOffer& offer) { OwnerOf(offer.attempt.execution).Complete(offer, 1); }
  int StateOf(const Uuid& id) {
    auto closed = database_.closed.find(id);
    return closed == database_.closed.end() ? 0 : closed->second.second;
  }
  int HeldAt(const std::string& key) {
    return static_cast<int>(
        std::count_if(database_.keys.begin(), database_.keys.end(),
                      [&](const auto& row) { return row.second.key == key && row.second.held; }));
  }

  ManualClock clock_;
  MemoryDatabase database_{.now = clock_.Now()};
  FakePlans plans_;
  bool tell_ = true;
  size_t started_ = 0;
  std::vector<TaskOffer> afterwards_;  // behind the part
  std::vector<std::unique_ptr<FakeExecutor>> executors_;
};

TEST_P(KeysTest, OneAfterTheOtherWhereverTheyRun) {
  Two();
  engine::PlanPtr plan = plans_.Add(kCritical);
  std::vector<Uuid> ids;
  for (int i = 0; i < 8; ++i) ids.push_back(Start(plan, "k"));
  Run();
  EXPECT_EQ(database_.keys.size(), 8u);
  for (int i = 0; i < 8; ++i) {
    const std::vector<TaskOffer> offers = TakeOffers();
    ASSERT_EQ(offers.size(), 1u) << i;
    EXPECT_EQ(HeldAt("k"), 1);
    Complete(offers[0]);
    Run();
  }
  for (const Uuid& id : ids) EXPECT_EQ(StateOf(id), kCompleted);
  EXPECT_TRUE(database_.keys.empty());
  EXPECT_TRUE(database_.outbox.empty());
}

TEST_P(KeysTest, AMessageThatNobodyTellsOfArrivesAllTheSame) {
  Two();
  tell_ = false;
  engine::PlanPtr plan = plans_.Add(kCritical);
  std::vector<Uuid> ids;
  for (int i = 0; i < 6; ++i) ids.push_back(Start(plan, "k" + std::to_string(i)));
  int done = 0;
  for (int second = 0; second < 20; ++second) {
    Advance(1'000'000);
    for (const TaskOffer& offer : TakeOffers()) {
      Complete(offer);
      ++done;
    }
    Run();
  }
  EXPECT_GE(done, 6);
  for (const Uuid& id : ids) EXPECT_EQ(StateOf(id), kCompleted);
  EXPECT_TRUE(database_.outbox.empty());
  EXPECT_TRUE(database_.keys.empty());
}

TEST_P(KeysTest, APlaceIsNotLostWithItsExecutor) {
  Two();
  engine::PlanPtr plan = plans_.Add(kCritical);
  std::vector<Uuid> ids;
  for (int i = 0; i < 6; ++i) ids.push_back(Start(plan, "k"));
  Run();
  const std::vector<TaskOffer> first = TakeOffers();
  executors_.erase(executors_.begin());  // kill -9
  int most = 0;
  for (int second = 0; second < 60; ++second) {
    Advance(1'000'000);
    if (second == 10) {
      for (const TaskOffer& offer : first) Complete(offer);
    }
    for (const TaskOffer& offer : TakeOffers()) Complete(offer);
    Run();
    most = std::max(most, HeldAt("k"));
  }
  EXPECT_EQ(most, 1);
  for (const Uuid& id : ids) EXPECT_EQ(StateOf(id), kCompleted);
  EXPECT_TRUE(database_.keys.empty());
  EXPECT_TRUE(database_.outbox.empty());
}

TEST_P(KeysTest, AnExecutionsOwnKeyDecidesWhetherItBegins) {
  Two();
  engine::PlanPtr plan = plans_.Add(kTask);
  const engine::ConcurrencyKey queue{.key = "deploy", .limit = 2};
  engine::ConcurrencyKey cancel_new = queue, cancel_running = queue;
  cancel_new.when_busy = workflow::WhenBusy::kCancelNew;
  cancel_running.when_busy = workflow::WhenBusy::kCancelRunning;
  const Uuid first = Start(plan, "", queue), second = Start(plan, "", queue);
  Run();
  const Uuid third = Start(plan, "", queue);
  const Uuid refused = Start(plan, "", cancel_new);
  Run();
  EXPECT_EQ(TakeOffers().size(), 2u);
  EXPECT_NE(StateOf(refused), 0);
  EXPECT_NE(StateOf(refused), kCompleted);
  EXPECT_EQ(database_.live.at(third).state, static_cast<int>(engine::Phase::kQueued));
  const Uuid newest = Start(plan, "", cancel_running);
  Run();
  EXPECT_EQ(StateOf(first), kCanceled);
  EXPECT_EQ(StateOf(second), kCanceled);
  EXPECT_EQ(StateOf(third), kCanceled);
  const std::vector<TaskOffer> offers = TakeOffers();
  ASSERT_EQ(offers.size(), 1u);
  EXPECT_EQ(offers[0].attempt.execution, newest);
  Complete(offers[0]);
  Run();
  EXPECT_EQ(StateOf(newest), kCompleted);
  EXPECT_TRUE(database_.keys.empty());
}

TEST_P(KeysTest, AMigratedStepKeepsItsPlaceUnderItsNewNameAndNoneUnderTheOldOne) {
  engine::PlanPtr plan = plans_.Add(kCritical), renamed = plans_.Add(kRenamed);
  const Uuid holder = Start(plan, "k"), waiting = Start(plan, "k"), third = Start(plan, "k");
  Run();
  ASSERT_EQ(TakeOffers().size(), 1u);
  for (const Uuid& id : {holder, waiting}) {
    EXPECT_TRUE(Command(id, engine::MigrateExecution{renamed, {{"c", "d"}, {"c.t", "d.t"}}}).ok());
  }
  Advance(11'000'000);
  EXPECT_EQ(database_.keys.size(), 3u);
  EXPECT_EQ(HeldAt("k"), 1);
  // The part goes on before the execution ends, and gives the place back at its own end.
  std::vector<Uuid> order;
  for (int i = 0; i < 3; ++i) {
    const std::vector<TaskOffer> offers = TakeOffers();
    ASSERT_EQ(offers.size(), 1u) << i;
    order.push_back(offers[0].attempt.execution);
    EXPECT_EQ(offers[0].attempt.step, order.back() == third ? "c.t#0" : "d.t#0");
    Complete(offers[0]);
    Run();
    EXPECT_EQ(HeldAt("k"), i < 2 ? 1 : 0);
    for (const TaskOffer& after : TakeOffers()) {
      if (after.attempt.step != "e") {
        executors_[0]->dispatch.offers.push_back(after);
        continue;
      }
      afterwards_.push_back(after);
    }
  }
  // One that waited asks anew under its new name, behind the others.
  EXPECT_EQ(order, (std::vector<Uuid>{holder, third, waiting}));
  EXPECT_TRUE(database_.keys.empty());
  EXPECT_EQ(afterwards_.size(), 2u);
  for (const TaskOffer& after : afterwards_) Complete(after);
  Run();
  for (const Uuid& id : {holder, waiting, third}) EXPECT_EQ(StateOf(id), kCompleted);
}

// The new owner asks again for what is held, and gives it back in the same batch.
TEST_P(KeysTest, WhatEndsAsItIsTakenOverLeavesNoTicketBehind) {
  Two();
  std::string key = "k";
  while (database_.lanes.at(LaneOfKey("acme", key)).first != "b") key += "k";
  started_ = 0;
  const Uuid id = Start(plans_.Add(kCritical), key);
  ASSERT_EQ(&OwnerOf(id), executors_[0].get());
  Run();
  const std::vector<TaskOffer> offers = TakeOffers();
  ASSERT_EQ(offers.size(), 1u);
  EXPECT_EQ(HeldAt(key), 1);
  executors_.erase(executors_.begin());  // kill -9
  FakeExecutor& next = Add("c");
  clock_.Advance(2'000'000);
  database_.now += 2'000'000;
  executors_[0]->Run();  // b renews its lease
  clock_.Advance(2'000'000);
  database_.now += 2'000'000;
  ASSERT_TRUE(next.keeper->Step().ok());
  ASSERT_EQ(&OwnerOf(id), &next);
  next.Complete(offers[0], 1);
  for (int second = 0; second < 8; ++second) Advance(1'000'000);
  EXPECT_EQ(StateOf(id), kCompleted);
  EXPECT_TRUE(database_.keys.empty());
  EXPECT_TRUE(database_.outbox.empty());
}

TEST_P(KeysTest, ARefusedExecutionLeavesNoTicketBehind) {
  engine::PlanPtr plan = plans_.Add(kCritical);
  const Uuid bad = Start(plan, "k");
  database_.poisoned.insert(bad);
  Run();
  EXPECT_FALSE(executors_[0]->answers[bad].at(0).ok());
  const Uuid good = Start(plan, "k");
  Run();
  for (const TaskOffer& offer : TakeOffers()) Complete(offer);
  Run();
  EXPECT_EQ(StateOf(good), kCompleted);
  EXPECT_TRUE(database_.keys.empty());
}

// What it asked for was refused with it, and it is read back as one that never asked.
TEST_P(KeysTest, NorDoesOneThatWasWrittenBefore) {
  engine::PlanPtr plan = plans_.Add(R"(
node t task
node c critical critical="=inputs.k"
node c.t task
edge start -> t
edge t -> c
edge start -> c.t
)");
  const Uuid bad = Start(plan, "k");
  Run();
  database_.poisoned.insert(bad);
  for (const TaskOffer& offer : TakeOffers()) Complete(offer);
  for (auto& store : executors_[0]->stores) store->reads_stalled = true;
  Run();
  database_.poisoned.clear();
  for (auto& store : executors_[0]->stores) store->reads_stalled = false;
  Run();
  EXPECT_EQ(StateOf(bad), kCanceled);
  const Uuid good = Start(plans_.Add(kCritical), "k");
  Run();
  for (const TaskOffer& offer : TakeOffers()) Complete(offer);
  Run();
  EXPECT_EQ(StateOf(good), kCompleted);
  EXPECT_TRUE(database_.keys.empty());
}

// It had given the place back already, in a batch that was to follow, and by a message: others were
// under way to the key, and it might not overtake them.
TEST_P(KeysTest, NorDoesOneThatHadGivenItBack) {
  if (GetParam() == 1) return;  // there is nobody whose messages take their time
  FakeExecutor& executor = *executors_[0];
  const auto at = static_cast<size_t>(LaneOfKey("acme", "k")) % executor.all.size();
  auto start = [&](const engine::PlanPtr& plan, bool here) {
    auto info = executor.NewInfo(plan);
    while ((static_cast<size_t>(LaneOf(info->id)) % executor.all.size() == at) != here) {
      info = executor.NewInfo(plan);
    }
    info->input = json::Object{{"k", "k"}};
    const Uuid id = info->id;
    EXPECT_TRUE(executor.Post(std::move(info), plan, "").ok());
    Run();
    return id;
  };
  executor.stores[at]->stalled = executor.stores[at]->reads_stalled = true;
  engine::PlanPtr waits = plans_.Add(R"(
node c critical critical="=inputs.k"
node c.s signal name=go
edge start -> c
edge start -> c.s
)");
  const Uuid bad = start(waits, true);
  const Uuid good = start(plans_.Add(kCritical), false);
  AF_CHECK(executor.router
               ->Post(CommandItem{.execution = bad,
                                  .tenant = "acme",
                                  .make =
                                      [](const engine::ExecutionState&) {
                                        return engine::SignalExecution{"go", 1};
                                      },
                                  .done = [](const absl::StatusOr<ExecutionView>&) {}})
               .ok());
  Run();
  EXPECT_TRUE(executor.Find(bad)->over());
  database_.poisoned = {bad};
  executor.stores[at]->stalled = executor.stores[at]->reads_stalled = false;
  Run();
  for (const TaskOffer& offer : TakeOffers()) Complete(offer);
  Run();
  EXPECT_EQ(StateOf(good), kCompleted);
  EXPECT_TRUE(database_.keys.empty());
}

TEST_P(KeysTest, NorWhenItsExecutorDiesRightAfterTheRefusal) {
  const Uuid bad = Start(plans_.Add(kCritical), "k");
  database_.poisoned.insert(bad);
  int commits = 0;
  for (auto& store : executors_[0]->stores) {
    store->on_commit = [&commits, &store = *store](const auto&) { store.stalled = ++commits == 2; };
  }
  Run();
  EXPECT_FALSE(database_.live.contains(bad));
  executors_.clear();
  EXPECT_TRUE(database_.keys.empty());
}

// It had asked again under the old name, as everybody does who is loaded; the answer to that must
// not overtake what it says about the new one.
TEST_P(KeysTest, OneThatIsRenamedAsItIsLoadedKeepsItsPlace) {
  const Uuid id = Start(plans_.Add(kCritical), "k");
  engine::PlanPtr renamed = plans_.Add(kRenamed);
  Run();
  EXPECT_EQ(HeldAt("k"), 1);
  tell_ = false;  // what others ask for waits in the outbox
  for (int i = 0; i < 6; ++i) Start(plans_.Add(kCritical), "k");
  Run();
  executors_.clear();  // kill -9
  plans_.away = true;
  Add("a").Join();
  AF_CHECK(OwnerOf(id)
               .router
               ->Post(CommandItem{
                   .execution = id,
                   .tenant = "acme",
                   .make =
                       [=](const engine::ExecutionState&) {
                         return engine::MigrateExecution{renamed, {{"c", "d"}, {"c.t", "d.t"}}};
                       },
                   .done = [](const absl::StatusOr<ExecutionView>&) {}})
               .ok());
  Run();
  plans_.away = false;
  for (int i = 0; i < 5; ++i) {
    Advance(100'000);
    EXPECT_EQ(HeldAt("k"), 1);
  }
}

TEST_P(KeysTest, WhoWaitsForMessagesToBeReadSleeps) {
  FakeExecutor& executor = *executors_[0];
  for (auto& store : executor.stores) store->reads_stalled = true;
  for (int round = 0; round < 2; ++round) {
    executor.router->MailCame({0, 1, 2});
    Run();
  }
  for (auto& committer : executor.all) EXPECT_GT(committer->WakeAt(), clock_.Monotonic());
}

// Faults, deaths and new executors in any order: never more than one holds a key, everybody gets
// it in the end, and no message or ticket is left.
TEST_P(KeysTest, RandomFaults) {
  engine::PlanPtr plan = plans_.Add(kCritical);
  for (uint64_t seed = 1; seed <= 15; ++seed) {
    SeededRandom random(seed);
    executors_.clear();
    Add("s" + std::to_string(seed)).Join();
    std::vector<Uuid> ids;
    std::deque<TaskOffer> offers;
    int born = 0;
    for (int round = 0; round < 150; ++round) {
      const uint64_t dice = random.Next() % 100;
      FakeExecutor& x = *executors_[random.Next() % executors_.size()];
      tell_ = random.Next() % 4 != 0;
      if (dice < 25) {
        if (x.router->AnyLane() >= 0) {
          auto info = x.NewInfo(plan);
          info->input = json::Object{{"k", "k" + std::to_string(random.Next() % 3)}};
          const Uuid id = info->id;
          if (x.Post(std::move(info), plan, "").ok()) ids.push_back(id);
        }
      } else if (dice < 35) {
        x.stores[random.Next() % x.stores.size()]->faults.push_back(
            static_cast<CommitFault>(random.Next() % 4));
      } else if (dice < 40 && executors_.size() < 3) {
        Add("s" + std::to_string(seed) + "_" + std::to_string(++born));
      } else if (dice < 43 && executors_.size() > 1) {
        executors_.erase(executors_.begin() +
                         static_cast<int64_t>(random.Next() % executors_.size()));
      } else if (dice < 60) {
        (void)x.keeper->Step();
      } else if (dice < 70) {
        clock_.Advance(900'000);
        database_.now += 900'000;
      } else if (!offers.empty()) {
        for (auto& executor : executors_) {
          if (executor->router->Owns(LaneOf(offers.front().attempt.execution))) {
            executor->Complete(offers.front(), 1);
          }
        }
        offers.pop_front();
      }
      for (auto& executor : executors_) executor->Run();
      for (TaskOffer& offer : TakeOffers()) offers.push_back(std::move(offer));
      for (const char* key : {"k0", "k1", "k2"}) ASSERT_LE(HeldAt(key), 1) << "seed " << seed;
    }
    for (auto& executor : executors_) {
      for (auto& store : executor->stores) store->faults.clear();
    }
    for (int second = 0; second < 400 && !database_.live.empty(); ++second) {
      Advance(1'000'000);
      for (auto& executor : executors_) {
        for (auto& committer : executor->all) (void)committer->Post(ReofferItem{});
      }
      Run();
      for (const TaskOffer& offer : TakeOffers()) Complete(offer);
      Run();
    }
    EXPECT_TRUE(database_.live.empty()) << "seed " << seed;
    Advance(6'000'000);
    EXPECT_TRUE(database_.keys.empty()) << "seed " << seed;
    EXPECT_TRUE(database_.outbox.empty()) << "seed " << seed;
  }
}

INSTANTIATE_TEST_SUITE_P(Committers, KeysTest, ::testing::Values(1, 3));

}  // namespace
}  // namespace agentflow::executor
