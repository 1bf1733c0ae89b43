#include "services/executor/lanes/committer.h"

#include <gtest/gtest.h>

#include "libs/engine/codec.h"
#include "services/executor/lanes/lanes_for_test.h"

namespace agentflow::executor {
namespace {

constexpr char kChained[] = R"(
outputs {"r": "=nodes.c.output"}
node a transform value="=inputs.x"
node b transform value="=nodes.a.output"
node c transform value="=nodes.b.output"
edge start -> a
edge a -> b
edge b -> c
)";
constexpr char kTask[] = R"(
outputs {"r": "=nodes.t.output"}
node t task agent=worker input="=inputs.x" attempts=2 backoff=fixed initial=5s startToClose=1h
edge start -> t
)";
constexpr char kWait[] = R"(
outputs {"r": 1}
node w wait duration="60s"
edge start -> w
)";

class CommitterTest : public LanesTest {
 protected:
  MemoryStore& StoreOf(const Uuid& id) {
    return *executor_->stores[static_cast<size_t>(LaneOf(id)) % executor_->stores.size()];
  }
  json::Value Input() { return json::Object{{"x", 7}}; }
  bool Answered(const Uuid& id) { return !executor_->answers[id].empty(); }
  const absl::StatusOr<StartAnswer>& AnswerOf(const Uuid& id) {
    return executor_->answers[id].at(0);
  }
  int64_t LastSequence(const Uuid& id) {
    int64_t last = 0;
    for (const auto& row : database_.journal[id]) {
      EXPECT_EQ(row.first, last + 1);
      last = row.last;
    }
    return last;
  }
};

constexpr int kCompleted = static_cast<int>(engine::Phase::kCompleted);
constexpr int kCanceled = static_cast<int>(engine::Phase::kCanceled);

TEST_P(CommitterTest, AChainedWorkflowCostsOneCommitAndTwoRows) {
  const int before = database_.commits;
  const Uuid id = executor_->Start(plans_.Add(kChained), Input());
  executor_->Run();
  ASSERT_TRUE(Answered(id));
  ASSERT_TRUE(AnswerOf(id).ok()) << AnswerOf(id).status();
  EXPECT_EQ(AnswerOf(id)->view.phase, engine::Phase::kCompleted);
  EXPECT_EQ(AnswerOf(id)->view.output, json::Value(json::Object{{"r", 7}}));
  EXPECT_EQ(database_.commits, before + 1);
  EXPECT_EQ(database_.journal[id].size(), 1u);
  EXPECT_TRUE(database_.live.empty());
  EXPECT_EQ(StateOf(id), kCompleted);
  EXPECT_EQ(executor_->Find(id), nullptr);  // nothing stays in memory
  EXPECT_EQ(executor_->load.live(), 0);
}

TEST_P(CommitterTest, NothingIsAnsweredOrHandedOutBeforeItsCommit) {
  for (auto& store : executor_->stores) store->stalled = true;
  const Uuid id = executor_->Start(plans_.Add(kTask), Input());
  executor_->Run();
  EXPECT_FALSE(Answered(id));
  EXPECT_TRUE(executor_->dispatch.offers.empty());
  for (auto& store : executor_->stores) store->stalled = false;
  executor_->Run();
  EXPECT_TRUE(Answered(id));
  EXPECT_EQ(executor_->dispatch.offers.size(), 1u);
}

TEST_P(CommitterTest, TheNextBatchFormsWhileOneIsWritten) {
  engine::PlanPtr plan = plans_.Add(kChained);
  for (auto& store : executor_->stores) store->stalled = true;
  const Uuid first = executor_->Start(plan, Input());
  executor_->Run();
  const int before = database_.commits;
  std::vector<Uuid> more;
  for (int i = 0; i < 20; ++i) more.push_back(executor_->Start(plan, Input()));
  executor_->Run();
  for (auto& store : executor_->stores) store->stalled = false;
  executor_->Run();
  EXPECT_TRUE(Answered(first));
  for (const Uuid& id : more) EXPECT_TRUE(Answered(id));
  EXPECT_LE(database_.commits, before + 2 * GetParam());
}

TEST_P(CommitterTest, ATaskIsClaimedDoneAndAcknowledgedOnce) {
  const Uuid id = executor_->Start(plans_.Add(kTask), Input());
  executor_->Run();
  const TaskOffer task = executor_->TakeOffer();
  EXPECT_EQ(task.attempt.step, "t");
  EXPECT_EQ(task.offer->agent, "worker");
  const int before = database_.commits;
  executor_->Held(task, "c1");
  executor_->Held(task, "c2");  // a second claim
  executor_->Held(task, "c1");  // a heartbeat
  executor_->Run();
  // Claims cost nothing; one is only refused once a commit has shown that the lane is still ours.
  EXPECT_EQ(database_.commits, before + 1);
  ASSERT_EQ(executor_->dispatch.drops.size(), 1u);
  EXPECT_EQ(executor_->dispatch.drops[0].coordinator, "c2");
  ASSERT_EQ(executor_->dispatch.claims.size(), 2u);  // told again, confirmed again
  EXPECT_EQ(executor_->dispatch.claims[0].coordinator, "c1");
  EXPECT_EQ(executor_->board.Of(id).size(), 1u);
  StoreOf(id).stalled = true;
  executor_->Complete(task, "done");
  executor_->Complete(task, "again");
  executor_->Run();
  EXPECT_TRUE(executor_->dispatch.acknowledged.empty());  // not durable yet
  StoreOf(id).stalled = false;
  executor_->Run();
  EXPECT_EQ(executor_->dispatch.acknowledged.size(), 2u);
  EXPECT_EQ(StateOf(id), kCompleted);
  EXPECT_TRUE(executor_->board.Of(id).empty());
  executor_->Complete(task, "late");
  executor_->Run();
  EXPECT_EQ(executor_->dispatch.acknowledged.size(), 3u);
}

TEST_P(CommitterTest, ClaimsReachTheFeedWithTheNextLeaseRenewal) {
  const Uuid id = executor_->Start(plans_.Add(kTask), Input());
  executor_->Run();
  executor_->Held(executor_->TakeOffer());
  executor_->Run();
  const auto& feed = database_.feed["x/" + std::to_string(LaneOf(id) % GetParam())];
  const size_t before = feed.size();
  Advance(1'000'001);
  ASSERT_EQ(feed.size(), before + 1);
  EXPECT_NE(feed.back().changes[0].find("RUNNING"), std::string::npos);
}

TEST_P(CommitterTest, StrictStepsAreCommittedOneByOne) {
  const int before = database_.commits;
  const Uuid id = executor_->Start(plans_.Add(kChained), Input(), "", "", /*strict=*/true);
  executor_->Run();
  EXPECT_EQ(StateOf(id), kCompleted);
  EXPECT_EQ(database_.commits, before + 4);  // start, a, b, c with the end
  EXPECT_EQ(database_.journal[id].size(), 4u);
}

TEST_P(CommitterTest, LongChainsGoOnInTheNextBatch) {
  std::string text;
  for (int i = 0; i < 700; ++i) {
    text += "node n" + std::to_string(i) + " transform value=1\nedge " +
            (i == 0 ? "start" : "n" + std::to_string(i - 1)) + " -> n" + std::to_string(i) + "\n";
  }
  const int before = database_.commits;
  const Uuid id = executor_->Start(plans_.Add(text));
  executor_->Run();
  EXPECT_EQ(StateOf(id), kCompleted);
  EXPECT_EQ(database_.commits, before + 3);
  LastSequence(id);
}

TEST_P(CommitterTest, LostAcknowledgementsNeitherRepeatNorLose) {
  engine::PlanPtr plan = plans_.Add(kChained);
  for (CommitFault fault :
       {CommitFault::kLostAfterCommit, CommitFault::kLostBeforeCommit, CommitFault::kNotDone}) {
    for (auto& store : executor_->stores) store->faults = {fault};
    const Uuid id = executor_->Start(plan, Input());
    executor_->Run();
    Advance(200'000);  // the pause before another try
    ASSERT_TRUE(Answered(id));
    EXPECT_TRUE(AnswerOf(id).ok());
    EXPECT_EQ(database_.journal[id].size(), 1u);
    for (auto& store : executor_->stores) store->faults.clear();
  }
}

TEST_P(CommitterTest, AFencedCommitterAnswersMovedAndStartsAnew) {
  const Uuid kept = executor_->Start(plans_.Add(kTask), Input());
  executor_->Run();
  FakeExecutor other(database_, clock_, plans_, "other", 1);
  database_.now += 10'000'000;  // the lease of "x" ran out while it was stopped
  clock_.Advance(10'000'000);
  other.Join();
  EXPECT_NE(other.Find(kept), nullptr);
  const Uuid late = executor_->Start(plans_.Add(kChained), Input());
  executor_->Run();
  EXPECT_EQ(ReasonOf(AnswerOf(late).status()), "LANE_MOVED");
  EXPECT_FALSE(database_.closed.contains(late));
  EXPECT_EQ(executor_->Find(kept), nullptr);
  executor_->Join();  // comes back without lanes
  EXPECT_EQ(ReasonOf(executor_->router->Post(CommandItem{.execution = kept})), "LANE_MOVED");
  // The other one finishes what this one began.
  clock_.Advance(11'000'000);
  database_.now += 11'000'000;
  other.Run();
  other.Complete(other.TakeOffer(), 1);
  other.Run();
  EXPECT_EQ(StateOf(kept), kCompleted);
}

TEST_P(CommitterTest, NothingOfLostLanesComesBackWithALateAnswer) {
  const Uuid kept = executor_->Start(plans_.Add(kWait));
  executor_->Run();
  Restart();
  // A new process of the same name, whose first read and first commit hang when it is fenced out.
  executor_ = std::make_unique<FakeExecutor>(database_, clock_, plans_, "x", GetParam());
  for (auto& store : executor_->stores) store->reads_stalled = true;
  executor_->Join();
  executor_->Start(plans_.Add(kChained), Input());
  for (auto& store : executor_->stores) store->stalled = true;
  Advance(1'000'001);
  FakeExecutor other(database_, clock_, plans_, "other", 1);
  database_.now += 10'000'000;
  clock_.Advance(10'000'000);
  other.Join();
  ASSERT_NE(other.Find(kept), nullptr);
  for (auto& store : executor_->stores) store->stalled = false;
  executor_->Run();  // fenced out
  executor_->Join();
  for (auto& store : executor_->stores) store->reads_stalled = false;
  executor_->Run();
  EXPECT_EQ(executor_->Find(kept), nullptr);
  for (int i = 0; i < 80; ++i) {
    Advance(1'000'000);
    other.Run();
  }
  EXPECT_EQ(StateOf(kept), kCompleted);
}

TEST_P(CommitterTest, ResettingWaitsForTheCommitUnderWay) {
  for (auto& store : executor_->stores) store->stalled = true;
  const Uuid id = executor_->Start(plans_.Add(kChained), Input());
  executor_->Run();
  for (auto& committer : executor_->all) committer->Abandon();
  EXPECT_EQ(ReasonOf(AnswerOf(id).status()), "LANE_MOVED");
  ASSERT_TRUE(executor_->keeper->Step().ok());
  executor_->Run();
  for (auto& committer : executor_->all) EXPECT_FALSE(committer->joined());
  for (auto& store : executor_->stores) store->stalled = false;
  executor_->Run();
  for (auto& committer : executor_->all) EXPECT_TRUE(committer->joined());
  const Uuid next = executor_->Start(plans_.Add(kChained), Input());
  executor_->Run();
  EXPECT_TRUE(AnswerOf(next).ok());
}

TEST_P(CommitterTest, APoisonedStartFailsAlone) {
  engine::PlanPtr plan = plans_.Add(kChained);
  for (auto& store : executor_->stores) store->stalled = true;
  std::vector<Uuid> ids;
  for (int i = 0; i < 12; ++i) ids.push_back(executor_->Start(plan, Input()));
  database_.poisoned = {ids[5]};
  executor_->Run();
  for (auto& store : executor_->stores) store->stalled = false;
  executor_->Run();
  for (const Uuid& id : ids) {
    ASSERT_TRUE(Answered(id));
    EXPECT_EQ(AnswerOf(id).ok(), id != ids[5]);
  }
  EXPECT_EQ(executor_->load.live(), 0);
}

TEST_P(CommitterTest, APoisonedExecutionIsReloadedAndCancelled) {
  const Uuid id = executor_->Start(plans_.Add(kTask), Input());
  executor_->Run();
  const TaskOffer task = executor_->TakeOffer();
  database_.poisoned = {id};
  int tries = 0;
  StoreOf(id).on_commit = [&](const std::vector<WritePtr>& writes) {
    // The bad value is in the first batch alone.
    if (!writes.empty() && ++tries > 1) database_.poisoned.clear();
  };
  executor_->Complete(task, "bad");
  executor_->Run();
  EXPECT_EQ(StateOf(id), kCanceled);
  LastSequence(id);
  EXPECT_EQ(executor_->load.live(), 0);
}

TEST_P(CommitterTest, TheSameRequestIdIsTheSameExecution) {
  engine::PlanPtr plan = plans_.Add(kChained);
  const Uuid id = executor_->Start(plan, Input(), "order-1", "hash-1");
  executor_->Start(plan, Input(), "order-1", "hash-1");  // before the first is durable
  executor_->Start(plan, Input(), "order-1", "hash-2");
  executor_->Run();
  executor_->Start(plan, Input(), "order-1", "hash-1");  // afterwards
  executor_->Start(plan, Input(), "order-1", "hash-2");
  executor_->Run();
  Restart();
  auto before = std::move(executor_->answers);
  executor_->Start(plan, Input(), "order-1", "hash-1");
  executor_->Run();
  EXPECT_TRUE(executor_->answers[id].at(0)->existed);
  EXPECT_EQ(database_.journal[id].size(), 1u);
  EXPECT_EQ(executor_->load.live(), 0);
}

TEST_P(CommitterTest, RepeatedStartsAreToldApart) {
  engine::PlanPtr plan = plans_.Add(kChained);
  const Uuid id = executor_->Start(plan, Input(), "order-1", "hash-1");
  executor_->Start(plan, Input(), "order-1", "hash-1");
  executor_->Start(plan, Input(), "order-1", "hash-2");
  executor_->Run();
  const auto& answers = executor_->answers[id];
  ASSERT_EQ(answers.size(), 3u);
  int fresh = 0, existed = 0, reused = 0;
  for (const auto& answer : answers) {
    if (!answer.ok()) {
      reused += ReasonOf(answer.status()) == "REQUEST_ID_REUSED";
    } else {
      (answer->existed ? existed : fresh) += 1;
    }
  }
  EXPECT_EQ(fresh, 1);
  EXPECT_EQ(existed, 1);
  EXPECT_EQ(reused, 1);
}

TEST_P(CommitterTest, ALookUpThatMissedACommitDoesNotStartTwice) {
  engine::PlanPtr plan = plans_.Add(kChained);
  const Uuid id = ExecutionIdForRequest("acme", "order-1");
  // The first start's look-up is answered; then a second look-up takes its snapshot and stalls
  // while the first start is committed.
  executor_->Start(plan, Input(), "order-1", "hash-1");
  StoreOf(id).stalled = true;
  executor_->Run();
  StoreOf(id).reads_stalled = true;
  // Another request id in the same lanes keeps the reader busy with an old snapshot.
  executor_->Start(plan, Input(), "order-1", "hash-1");
  executor_->Run();
  StoreOf(id).stalled = false;
  executor_->Run();
  StoreOf(id).reads_stalled = false;
  executor_->Run();
  EXPECT_EQ(executor_->answers[id].size(), 2u);
  EXPECT_EQ(database_.journal[id].size(), 1u);
}

TEST_P(CommitterTest, TimersFireOnTimeAndNeverEarly) {
  const Uuid id = executor_->Start(plans_.Add(kWait));
  executor_->Run();
  EXPECT_EQ(StateOf(id), static_cast<int>(engine::Phase::kWaiting));
  Advance(59'900'000);
  EXPECT_EQ(StateOf(id), static_cast<int>(engine::Phase::kWaiting));
  Advance(100'000);
  EXPECT_EQ(StateOf(id), kCompleted);
}

TEST_P(CommitterTest, AKilledExecutorLosesNothing) {
  engine::PlanPtr task_plan = plans_.Add(kTask);
  const Uuid waiting = executor_->Start(plans_.Add(kWait));
  const Uuid offered = executor_->Start(task_plan, Input());
  const Uuid claimed = executor_->Start(task_plan, Input());
  executor_->Run();
  std::map<Uuid, TaskOffer> tasks;
  while (!executor_->dispatch.offers.empty()) {
    TaskOffer offer = executor_->TakeOffer();
    tasks.emplace(offer.attempt.execution, offer);
  }
  executor_->Held(tasks.at(claimed));
  executor_->Run();
  std::map<Uuid, std::string> states;
  for (const Uuid& id : {waiting, offered, claimed}) {
    states[id] = engine::EncodeState(*executor_->Find(id));
  }
  Restart();
  for (const Uuid& id : {waiting, offered, claimed}) {
    ASSERT_NE(executor_->Find(id), nullptr);
    EXPECT_EQ(engine::EncodeState(*executor_->Find(id)), states[id]);
  }
  EXPECT_EQ(executor_->load.live(), 3);
  // Its holder speaks up within the grace period; the other task is offered again after it.
  EXPECT_TRUE(executor_->dispatch.offers.empty());
  executor_->Held(tasks.at(claimed));
  Advance(9'000'000);
  EXPECT_TRUE(executor_->dispatch.offers.empty());
  Advance(2'000'000);
  ASSERT_EQ(executor_->dispatch.offers.size(), 1u);
  EXPECT_EQ(executor_->TakeOffer().attempt.execution, offered);
  executor_->Complete(tasks.at(claimed), 1);
  executor_->Complete(tasks.at(offered), 2);
  executor_->Run();
  for (int i = 0; i < 12; ++i) Advance(5'000'000);
  for (const Uuid& id : {waiting, offered, claimed}) EXPECT_EQ(StateOf(id), kCompleted);
  EXPECT_EQ(executor_->load.live(), 0);
}

TEST_P(CommitterTest, ATransactionIsUndoneThoughItsExecutorDies) {
  const Uuid id = executor_->Start(plans_.Add(R"(
node t transaction
node t.a task compensate=t.undo
node t.undo task compensation input="=step.output"
node t.b task
edge start -> t
edge start -> t.a
edge t.a -> t.b
)"));
  executor_->Run();
  executor_->Complete(executor_->TakeOffer(), 5);
  executor_->Run();
  const TaskOffer failing = executor_->TakeOffer();
  EXPECT_EQ(failing.attempt.step, "t.b#0");
  ASSERT_TRUE(executor_->router
                  ->Post(ResultItem{.attempt = failing.attempt,
                                    .coordinator = "c1",
                                    .failed = true,
                                    .reason = "DENIED",
                                    .retryable = false})
                  .ok());
  executor_->Run();
  EXPECT_EQ(executor_->TakeOffer().attempt.step, "t.undo#0");
  Restart();
  Advance(11'000'000);
  const TaskOffer undo = executor_->TakeOffer();
  EXPECT_EQ(undo.attempt.step, "t.undo#0");
  EXPECT_EQ(undo.offer->input, json::Value(5));
  executor_->Complete(undo);
  executor_->Run();
  EXPECT_EQ(StateOf(id), static_cast<int>(engine::Phase::kFailed));
}

TEST_P(CommitterTest, ASnapshotAndItsTailGiveTheSameState) {
  Restart({.snapshot_bytes = 1});
  const Uuid id = executor_->Start(plans_.Add(R"(
node a task agent=w
node b task agent=w
node c task agent=w
edge start -> a
edge a -> b
edge b -> c
)"));
  executor_->Run();
  executor_->Complete(executor_->TakeOffer(), std::string(2000, 'x'));
  executor_->Run();
  executor_->Complete(executor_->TakeOffer(), 1);
  executor_->Run();
  EXPECT_GT(database_.live.at(id).snapshot_sequence, 0);
  const std::string state = engine::EncodeState(*executor_->Find(id));
  Restart();
  EXPECT_EQ(engine::EncodeState(*executor_->Find(id)), state);
}

TEST_P(CommitterTest, AMissingPlanHoldsUpItsExecutionsOnly) {
  const Uuid id = executor_->Start(plans_.Add(kTask), Input());
  executor_->Run();
  const TaskOffer task = executor_->TakeOffer();
  plans_.away = true;
  Restart();
  EXPECT_EQ(executor_->Find(id), nullptr);
  for (int i = 0; i < 20; ++i) {
    const Uuid other = executor_->Start(plans_.plans.begin()->second, Input());
    executor_->Run();
    EXPECT_TRUE(Answered(other));
    executor_->TakeOffer();
  }
  executor_->Complete(task, "kept");  // neither lost nor acknowledged
  executor_->Run();
  EXPECT_TRUE(executor_->dispatch.acknowledged.empty());
  plans_.away = false;
  Advance(1'000'000);
  EXPECT_EQ(executor_->dispatch.acknowledged.size(), 1u);
  EXPECT_EQ(StateOf(id), kCompleted);
}

TEST_P(CommitterTest, ASilentHolderLosesTheAttempt) {
  const Uuid id = executor_->Start(plans_.Add(kTask), Input());
  executor_->Run();
  const TaskOffer first = executor_->TakeOffer();
  executor_->Held(first);
  for (int i = 0; i < 25; ++i) Advance(1'000'000);
  executor_->Held(first);  // a heartbeat renews the lease
  for (int i = 0; i < 25; ++i) Advance(1'000'000);
  EXPECT_TRUE(executor_->dispatch.offers.empty());
  for (int i = 0; i < 10; ++i) Advance(1'000'000);
  ASSERT_EQ(executor_->dispatch.offers.size(), 1u);
  const TaskOffer second = executor_->TakeOffer();
  EXPECT_EQ(second.attempt.attempt, 2u);
  executor_->Complete(first, "late");
  executor_->Run();
  EXPECT_NE(StateOf(id), kCompleted);
  EXPECT_TRUE(executor_->dispatch.acknowledged.empty());
  ASSERT_EQ(executor_->dispatch.late.size(), 1u);
  EXPECT_EQ(executor_->dispatch.late[0].attempt.attempt, 1u);
  executor_->Complete(second, "good");
  executor_->Run();
  EXPECT_EQ(StateOf(id), kCompleted);
}

TEST_P(CommitterTest, ARetryIsOfferedAtItsTime) {
  executor_->Start(plans_.Add(kTask), Input());
  executor_->Run();
  const TaskOffer first = executor_->TakeOffer();
  ASSERT_TRUE(executor_->router
                  ->Post(ResultItem{.attempt = first.attempt,
                                    .coordinator = "c1",
                                    .failed = true,
                                    .reason = "BROKEN",
                                    .message = "no"})
                  .ok());
  executor_->Run();
  for (int i = 0; i < 100 && executor_->dispatch.offers.empty(); ++i) Advance(100'000);
  ASSERT_EQ(executor_->dispatch.offers.size(), 1u);
  EXPECT_EQ(executor_->TakeOffer().attempt.attempt, 2u);
}

TEST_P(CommitterTest, CancellingTellsTheHolder) {
  const Uuid id = executor_->Start(plans_.Add(kTask), Input());
  executor_->Run();
  executor_->Held(executor_->TakeOffer(), "c9");
  executor_->Run();
  absl::StatusOr<ExecutionView> answer = absl::UnknownError("none");
  auto cancel = [&] {
    ASSERT_TRUE(executor_->router
                    ->Post(CommandItem{.execution = id,
                                       .tenant = "acme",
                                       .principal = "users/2",
                                       .make = [](const auto&) -> engine::CommandBody {
                                         return engine::CancelExecution{"why not"};
                                       },
                                       .done = [&](auto view) { answer = view; }})
                    .ok());
    executor_->Run();
  };
  cancel();
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->phase, engine::Phase::kCanceled);
  ASSERT_EQ(executor_->dispatch.cancels.size(), 1u);
  EXPECT_EQ(executor_->dispatch.cancels[0].coordinator, "c9");
  cancel();
  EXPECT_EQ(ReasonOf(answer.status()), "EXECUTION_OVER");
}

TEST_P(CommitterTest, AnotherTenantsExecutionIsNotReached) {
  const Uuid id = executor_->Start(plans_.Add(kTask), Input());
  executor_->Run();
  TaskOffer task = executor_->TakeOffer();
  task.attempt.tenant = "other";
  executor_->Held(task);
  executor_->Complete(task, 1);
  executor_->Run();
  EXPECT_EQ(executor_->dispatch.drops.size(), 1u);
  EXPECT_NE(StateOf(id), kCompleted);
}

TEST_P(CommitterTest, ALostQueueIsFilledAgainWithWhatNobodyHolds) {
  engine::PlanPtr plan = plans_.Add(kTask);
  executor_->Start(plan, Input());
  executor_->Start(plan, Input());
  executor_->Run();
  const TaskOffer held = executor_->TakeOffer();
  const TaskOffer lost = executor_->TakeOffer();
  executor_->Held(held);
  executor_->Run();
  for (auto& committer : executor_->all) ASSERT_TRUE(committer->Post(ReofferItem{}));
  executor_->Run();
  ASSERT_EQ(executor_->dispatch.offers.size(), 1u);
  EXPECT_EQ(executor_->TakeOffer().attempt, lost.attempt);
}

TEST_P(CommitterTest, AnIdleCommitterRenewsItsLease) {
  for (int i = 0; i < 20; ++i) Advance(1'000'000);
  for (const auto& [key, owner] : database_.owners) EXPECT_GT(owner.lease_until, database_.now);
}

// Everything at once: starts, claims, results, lost acknowledgements, kills. Whatever happens,
// each execution ends exactly once and its journal has no gap.
TEST_P(CommitterTest, RandomFaultsLoseNothingAndRepeatNothing) {
  engine::PlanPtr chained = plans_.Add(kChained);
  engine::PlanPtr task = plans_.Add(kTask);
  engine::PlanPtr wait = plans_.Add(kWait);
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SeededRandom random(seed);
    std::vector<Uuid> ids;
    std::deque<TaskOffer> tasks;
    for (int round = 0; round < 200; ++round) {
      const uint64_t dice = random.Next() % 100;
      if (dice < 30) {
        engine::PlanPtr plan = dice < 10 ? chained : dice < 25 ? task : wait;
        ids.push_back(executor_->Start(plan, Input(), "", "", random.Next() % 4 == 0));
      } else if (dice < 40) {
        auto& store = executor_->stores[random.Next() % executor_->stores.size()];
        store->faults.push_back(static_cast<CommitFault>(random.Next() % 4));
      } else if (dice < 42) {
        Restart();
      } else if (dice < 50) {
        for (auto& store : executor_->stores) store->stalled = random.Next() % 2 == 0;
      } else if (dice < 60) {
        clock_.Advance(2'000'000);
        database_.now += 2'000'000;
      } else if (!tasks.empty()) {
        if (random.Next() % 2 == 0) executor_->Held(tasks.front());
        executor_->Complete(tasks.front(), 1);
        tasks.pop_front();
      }
      executor_->Run();
      while (!executor_->dispatch.offers.empty()) tasks.push_back(executor_->TakeOffer());
    }
    for (auto& store : executor_->stores) {
      store->stalled = false;
      store->faults.clear();
    }
    executor_->Run();
    while (!tasks.empty()) {
      executor_->Complete(tasks.front(), 1);
      tasks.pop_front();
    }
    for (int i = 0; i < 100; ++i) {
      Advance(2'000'000);
      while (!executor_->dispatch.offers.empty()) executor_->Complete(executor_->TakeOffer(), 1);
      executor_->Run();
    }
    for (const Uuid& id : ids) {
      const bool stored = database_.journal.contains(id) && !database_.journal[id].empty();
      // A start that was never acknowledged may be gone.
      if (!stored) {
        EXPECT_TRUE(executor_->answers[id].empty() || !executor_->answers[id][0].ok());
        continue;
      }
      EXPECT_EQ(StateOf(id), kCompleted) << "seed " << seed;
      EXPECT_FALSE(database_.live.contains(id));
      LastSequence(id);
    }
    EXPECT_TRUE(database_.live.empty()) << "seed " << seed;
    EXPECT_EQ(executor_->load.live(), 0);
  }
}

INSTANTIATE_TEST_SUITE_P(Committers, CommitterTest, ::testing::Values(1, 3));

}  // namespace
}  // namespace agentflow::executor
