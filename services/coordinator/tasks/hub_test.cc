#include "services/coordinator/tasks/hub.h"

#include <gtest/gtest.h>

#include "services/coordinator/tasks/testing.h"

namespace agentflow::coordinator {
namespace {

constexpr int64_t kNow = 1'000'000;

bool AnyLane(int) { return true; }

class HubTest : public ::testing::Test {
 protected:
  Hub::SessionId Connect(const std::string& worker_id, int credit,
                         std::vector<std::string> agents = {"shout"},
                         std::vector<AttemptId> held = {}, const std::string& tenant = "acme") {
    worker_ = std::make_shared<RecordingWorker>();
    WorkerHello hello{.worker_id = worker_id, .agents = std::move(agents), .capacity = 10};
    for (AttemptId& id : held) hello.held.push_back({.id = std::move(id)});
    Hub::SessionId id = hub_.Connect(tenant, hello, worker_, kNow);
    hub_.AddCredit(id, credit);
    return id;
  }
  Result Done(int number, int attempt = 1) {
    return {.id = MakeAttempt(number, attempt), .token = "k", .outcome = {.output_json = "1"}};
  }

  RecordingExecutors executors_;
  Hub hub_{executors_, {.reconnect_grace_ms = 1000, .lease_ms = 5000}};
  std::shared_ptr<RecordingWorker> worker_;  // the newest
};

TEST_F(HubTest, HandsOutWithinCreditAndReportsClaims) {
  Connect("w", 2);
  std::vector<Task> left = hub_.Offer({MakeTask(1), MakeTask(2), MakeTask(3)}, kNow);
  EXPECT_EQ(worker_->tasks, (std::vector{MakeAttempt(1), MakeAttempt(2)}));
  EXPECT_EQ(executors_.claimed, worker_->tasks);
  ASSERT_EQ(left.size(), 1u);
  EXPECT_EQ(left[0].id, MakeAttempt(3));
  EXPECT_TRUE(hub_.CurrentDemand().empty());
}

TEST_F(HubTest, DemandIsByTenantAndAgentAndTakesTurns) {
  Connect("a", 2, {"shout", "sum"});
  Connect("b", 1, {"shout"}, {}, "other");
  auto first = hub_.CurrentDemand();
  auto second = hub_.CurrentDemand();
  ASSERT_EQ(first.size(), 3u);
  EXPECT_NE(first[0].tenant + first[0].agent, second[0].tenant + second[0].agent);
}

TEST_F(HubTest, NeverHandsATaskToAnotherTenant) {
  Connect("b", 5, {"shout"}, {}, "other");
  EXPECT_EQ(hub_.Offer({MakeTask(1)}, kNow).size(), 1u);
  EXPECT_TRUE(worker_->tasks.empty());
}

TEST_F(HubTest, ASharedWorkerIsToldOfItsOwnResultsWhateverTenantTheyAreFor) {
  worker_ = std::make_shared<RecordingWorker>();
  WorkerHello hello{.worker_id = "s", .agents = {"shout"}, .capacity = 9, .shared = true};
  Hub::SessionId id = hub_.Connect("platform", hello, worker_, kNow);
  hub_.AddCredit(id, 9);
  std::string used;
  hub_.OnUsed([&](const std::string& tenant, const std::string& agent, int64_t milliseconds) {
    used += tenant + " " + agent + " " + std::to_string(milliseconds);
  });
  ASSERT_TRUE(hub_.Offer({MakeTask(1)}, kNow).empty());
  hub_.Finish(id, {Done(1)}, kNow + 70);
  EXPECT_EQ(used, "acme shout 70");
  hub_.Acknowledged(MakeAttempt(1));
  EXPECT_EQ(worker_->acknowledged, std::vector{MakeAttempt(1)});
  ASSERT_EQ(hub_.CurrentDemand().size(), 1u);
  EXPECT_EQ(hub_.CurrentDemand()[0].tenant, "");
}

// Found by tests/sim: the first one was sent a task without a name when it came back.
TEST_F(HubTest, OfTwoWorkersThatHoldAnAttemptTheLaterOneCounts) {
  Connect("a", 1, {"shout"}, {MakeAttempt(1)});
  Hub::SessionId b = Connect("b", 1, {"shout"}, {MakeAttempt(1)});
  hub_.Finish(b, {Done(1)}, kNow);
  hub_.Acknowledged(MakeAttempt(1));
  Connect("a", 1);
  EXPECT_TRUE(worker_->tasks.empty());
  EXPECT_TRUE(hub_.Held(AnyLane).empty());
}

TEST_F(HubTest, PrefersTheWorkerWithMostPlaces) {
  Connect("small", 1);
  auto small = worker_;
  Connect("large", 5);
  hub_.Offer({MakeTask(1), MakeTask(2)}, kNow);
  EXPECT_EQ(worker_->tasks.size(), 2u);
  EXPECT_TRUE(small->tasks.empty());
}

TEST_F(HubTest, SwallowsATaskThatIsHeldOrDoneHere) {
  Hub::SessionId id = Connect("w", 5);
  hub_.Offer({MakeTask(1)}, kNow);
  EXPECT_TRUE(hub_.Offer({MakeTask(1)}, kNow).empty());
  hub_.Finish(id, {Done(1)}, kNow);
  EXPECT_TRUE(hub_.Offer({MakeTask(1)}, kNow).empty());
  EXPECT_EQ(worker_->tasks.size(), 1u);
}

TEST_F(HubTest, EntriesStayInTheQueueUntilTheLaneHasSpoken) {
  Hub::SessionId id = Connect("w", 9);
  auto queued = [](int number, const std::string& entry) {
    Task task = MakeTask(number);
    task.entry = {"s", entry};
    return task;
  };
  hub_.Offer({queued(1, "e1"), queued(2, "e2"), queued(3, "e3"), queued(4, "e4")}, kNow);
  const std::vector<Claim> first = executors_.claims;
  EXPECT_EQ(hub_.Unconfirmed(AnyLane), first);
  EXPECT_TRUE(hub_.TakeSpent().empty());
  hub_.Confirmed(first[0]);
  hub_.Dropped(MakeAttempt(2));
  hub_.Finish(id, {Done(3)}, kNow);
  EXPECT_EQ(hub_.TakeSpent(), (std::vector<QueueEntry>{{"s", "e1"}, {"s", "e2"}}));
  EXPECT_EQ(hub_.Unconfirmed(AnyLane), std::vector{first[3]});
  hub_.Acknowledged(MakeAttempt(3));
  EXPECT_EQ(hub_.TakeSpent(), (std::vector<QueueEntry>{{"s", "e3"}}));
  // Given up without a word from the lane: somebody else may find the entry.
  hub_.Step(kNow + 6000);
  hub_.Confirmed(first[3]);
  EXPECT_TRUE(hub_.TakeSpent().empty());
}

TEST_F(HubTest, ATaskThatIsOfferedAgainIsClaimedAgain) {
  Connect("w", 9);
  Task task = MakeTask(1);
  task.entry = {"s", "e1"};
  hub_.Offer({task}, kNow);
  hub_.Confirmed(executors_.claims[0]);
  EXPECT_EQ(hub_.TakeSpent().size(), 1u);
  // The lane has a new owner, who knows nothing of the claim.
  task.entry = {"s", "e2"};
  hub_.Offer({task}, kNow);
  ASSERT_EQ(executors_.claims.size(), 2u);
  hub_.Confirmed(executors_.claims[0]);  // late: the old owner's word
  EXPECT_TRUE(hub_.TakeSpent().empty());
  hub_.Confirmed(executors_.claims[1]);
  EXPECT_EQ(hub_.TakeSpent(), (std::vector<QueueEntry>{{"s", "e2"}}));
  EXPECT_EQ(worker_->tasks.size(), 1u);
}

TEST_F(HubTest, AForgedResultDoesNotReplaceTheTrueOne) {
  Hub::SessionId id = Connect("w", 9);
  Task task = MakeTask(1);
  task.token = "k";
  hub_.Offer({task}, kNow);
  Result forged = Done(1);
  forged.token = "x";
  hub_.Finish(id, {forged}, kNow);
  EXPECT_TRUE(executors_.finished.empty());
  ASSERT_EQ(worker_->refused.size(), 1u);
  EXPECT_EQ(worker_->refused[0].second, "TASK_TOKEN_INVALID");
  EXPECT_EQ(hub_.Held(AnyLane).size(), 1u);
  hub_.Finish(id, {Done(1), forged}, kNow);
  ASSERT_EQ(hub_.Unacknowledged(AnyLane).size(), 1u);
  EXPECT_EQ(hub_.Unacknowledged(AnyLane)[0].token, "k");
}

TEST_F(HubTest, AnAnswerToWhatNobodyWasHandedDoesNotStandInItsWay) {
  Hub::SessionId id = Connect("w", 9);
  Result forged = Done(1);
  forged.token = "x";
  hub_.Finish(id, {forged}, kNow);
  Task task = MakeTask(1);
  task.token = "k";
  EXPECT_TRUE(hub_.Offer({task}, kNow).empty());
  EXPECT_EQ(worker_->tasks.size(), 1u);
  hub_.Finish(id, {Done(1)}, kNow);
  hub_.Refused(MakeAttempt(1), "x");  // late: about the forged one
  ASSERT_EQ(hub_.Unacknowledged(AnyLane).size(), 1u);
  hub_.Finish(id, {{.id = MakeAttempt(2), .token = "x"}}, kNow);
  hub_.Refused(MakeAttempt(2), "x");
  EXPECT_EQ(hub_.Unacknowledged(AnyLane).size(), 1u);
  EXPECT_EQ(worker_->refused.back(), std::pair(MakeAttempt(2), std::string("TASK_TOKEN_INVALID")));
}

TEST_F(HubTest, KeepsAResultUntilItIsAcknowledged) {
  Hub::SessionId id = Connect("w", 5);
  hub_.Offer({MakeTask(1)}, kNow);
  hub_.Finish(id, {Done(1)}, kNow);
  EXPECT_EQ(executors_.finished.size(), 1u);
  EXPECT_EQ(hub_.Unacknowledged(AnyLane).size(), 1u);
  EXPECT_TRUE(hub_.Held(AnyLane).empty());
  EXPECT_TRUE(worker_->acknowledged.empty());
  hub_.Acknowledged(MakeAttempt(1));
  EXPECT_EQ(worker_->acknowledged, std::vector{MakeAttempt(1)});
  EXPECT_TRUE(hub_.Unacknowledged(AnyLane).empty());
}

TEST_F(HubTest, AWorkerHearsThatItsResultCameLate) {
  Hub::SessionId id = Connect("w", 5);
  hub_.Offer({MakeTask(1)}, kNow);
  hub_.Finish(id, {Done(1)}, kNow);
  hub_.Late(MakeAttempt(1));
  EXPECT_TRUE(worker_->acknowledged.empty());
  EXPECT_EQ(worker_->refused,
            (std::vector{std::pair(MakeAttempt(1), std::string("ATTEMPT_OVER"))}));
  EXPECT_TRUE(hub_.Unacknowledged(AnyLane).empty());
}

TEST_F(HubTest, AWorkerThatStoppedAsItWasToldFailsNothing) {
  Hub::SessionId id = Connect("w", 5);
  hub_.Offer({MakeTask(1)}, kNow);
  hub_.Dropped(MakeAttempt(1));   // another coordinator's claim came first
  ASSERT_EQ(worker_->canceled.size(), 1u);
  Result stopped{.id = MakeAttempt(1), .token = "k"};
  stopped.outcome = {.failed = true, .reason = "TASK_CANCELED", .retryable = false};
  hub_.Finish(id, {stopped}, kNow);
  EXPECT_TRUE(executors_.finished.empty());
  EXPECT_TRUE(hub_.Unacknowledged(AnyLane).empty());
  EXPECT_EQ(worker_->acknowledged, std::vector{MakeAttempt(1)});
}

TEST_F(HubTest, TellsAResultAgainMoreAndMoreRarelyUntilItIsAcknowledged) {
  Hub::SessionId id = Connect("w", 5);
  hub_.Offer({MakeTask(1)}, kNow);
  hub_.Finish(id, {Done(1)}, kNow);
  auto told_by = [&](int64_t after_ms) {
    hub_.Step(kNow + after_ms);
    return executors_.finished.size();
  };
  EXPECT_EQ(told_by(0), 1u);
  EXPECT_EQ(told_by(1999), 1u);
  EXPECT_EQ(told_by(2000), 2u);
  EXPECT_EQ(told_by(5999), 2u);
  EXPECT_EQ(told_by(6000), 3u);
  EXPECT_EQ(executors_.finished.back().id, MakeAttempt(1));
  hub_.Acknowledged(MakeAttempt(1));
  EXPECT_EQ(told_by(1'000'000), 3u);
}

TEST_F(HubTest, AWorkerThatComesBackKeepsItsTasksAndGetsLostOnesAgain) {
  Hub::SessionId id = Connect("w", 5);
  hub_.Offer({MakeTask(1), MakeTask(2)}, kNow);
  hub_.Disconnect(id, kNow);
  Connect("w", 3, {"shout"}, {MakeAttempt(1)});
  EXPECT_EQ(worker_->tasks, std::vector{MakeAttempt(2)});
  hub_.Step(kNow + 2000);
  EXPECT_EQ(hub_.Held(AnyLane).size(), 2u);
}

TEST_F(HubTest, ALateDisconnectOfTheOldStreamChangesNothing) {
  Hub::SessionId old = Connect("w", 5);
  hub_.Offer({MakeTask(1)}, kNow);
  Connect("w", 5, {"shout"}, {MakeAttempt(1)});
  hub_.Disconnect(old, kNow);
  hub_.Step(kNow + 2000);
  EXPECT_EQ(hub_.Held(AnyLane).size(), 1u);
  EXPECT_EQ(hub_.Endpoints().size(), 1u);
}

TEST_F(HubTest, TakesOnWhatAWorkerFromElsewhereHolds) {
  Connect("w", 5, {"shout"}, {MakeAttempt(7)});
  EXPECT_EQ(hub_.Held(AnyLane), std::vector{MakeAttempt(7)});
  EXPECT_TRUE(worker_->tasks.empty());
}

TEST_F(HubTest, GivesUpTasksOfAWorkerThatStaysAway) {
  Hub::SessionId id = Connect("w", 5);
  hub_.Offer({MakeTask(1)}, kNow);
  hub_.Disconnect(id, kNow + 100);
  hub_.Step(kNow + 1000);
  EXPECT_EQ(hub_.Held(AnyLane).size(), 1u);
  hub_.Step(kNow + 1200);
  EXPECT_TRUE(hub_.Held(AnyLane).empty());
  EXPECT_TRUE(hub_.Endpoints().empty());
}

TEST_F(HubTest, GivesUpATaskThatHeartbeatsNoLongerName) {
  Hub::SessionId id = Connect("w", 5);
  hub_.Offer({MakeTask(1), MakeTask(2)}, kNow);
  hub_.Heartbeat(id, {MakeAttempt(1)}, {}, kNow + 4000);
  hub_.Step(kNow + 6000);
  EXPECT_EQ(hub_.Held(AnyLane), std::vector{MakeAttempt(1)});
}

Task Watched(int number, int64_t heartbeat_ms) {
  Task task = MakeTask(number);
  task.token = "k";
  task.heartbeat_ms = heartbeat_ms;
  return task;
}

TEST_F(HubTest, ATaskWhoseHandlerIsSilentHasFailed) {
  Hub::SessionId id = Connect("w", 5);
  hub_.Offer({Watched(1, 3000), Watched(2, 3000), MakeTask(3)}, kNow);
  const std::vector held{MakeAttempt(1), MakeAttempt(2), MakeAttempt(3)};
  hub_.Heartbeat(id, held, {MakeAttempt(2)}, kNow + 2900);
  hub_.Step(kNow + 3000);
  EXPECT_TRUE(executors_.finished.empty());
  hub_.Step(kNow + 3001);
  ASSERT_EQ(executors_.finished.size(), 1u);
  const Result failed = executors_.finished[0];
  EXPECT_EQ(failed.id, MakeAttempt(1));
  EXPECT_EQ(failed.token, "k");
  EXPECT_TRUE(failed.outcome.failed && failed.outcome.retryable);
  EXPECT_EQ(failed.outcome.reason, "HEARTBEAT_TIMEOUT");
  EXPECT_EQ(worker_->canceled,
            (std::vector<std::pair<AttemptId, std::string>>{
                {MakeAttempt(1), "HEARTBEAT_TIMEOUT"}}));
  EXPECT_EQ(hub_.Held(AnyLane), (std::vector{MakeAttempt(2), MakeAttempt(3)}));
  hub_.Acknowledged(MakeAttempt(1));
  // Held by the worker is not alive.
  hub_.Heartbeat(id, held, {}, kNow + 5000);
  hub_.Step(kNow + 5901);
  ASSERT_EQ(executors_.finished.size(), 2u);
  EXPECT_EQ(executors_.finished[1].id, MakeAttempt(2));
  EXPECT_EQ(hub_.Held(AnyLane), std::vector{MakeAttempt(3)});
}

TEST_F(HubTest, TheFailureOfASilentHandlerIsToldUntilItIsAcknowledged) {
  Hub::SessionId id = Connect("w", 5);
  Task task = Watched(1, 1000);
  task.entry = {"queue", "1-1"};
  hub_.Offer({task}, kNow);
  hub_.Step(kNow + 1001);
  // It stops as it was told: that says nothing about the attempt.
  Result stopped{.id = MakeAttempt(1), .token = "k"};
  stopped.outcome = {.failed = true, .reason = "TASK_CANCELED"};
  hub_.Finish(id, {stopped}, kNow + 1100);
  ASSERT_EQ(hub_.Unacknowledged(AnyLane).size(), 1u);
  EXPECT_EQ(hub_.Unacknowledged(AnyLane)[0].outcome.reason, "HEARTBEAT_TIMEOUT");
  hub_.Step(kNow + 3001);
  EXPECT_EQ(executors_.finished.size(), 2u);
  EXPECT_TRUE(hub_.TakeSpent().empty());
  hub_.Acknowledged(MakeAttempt(1));
  EXPECT_EQ(hub_.TakeSpent(), (std::vector{QueueEntry{"queue", "1-1"}}));
  hub_.Step(kNow + 9001);
  EXPECT_EQ(executors_.finished.size(), 2u);
}

TEST_F(HubTest, AWorkerFromElsewhereBringsItsHeartbeatTimeouts) {
  worker_ = std::make_shared<RecordingWorker>();
  WorkerHello hello{.worker_id = "w", .agents = {"shout"}, .capacity = 9};
  hello.held = {Watched(1, 1000), Watched(2, 0)};
  const Hub::SessionId id = hub_.Connect("acme", hello, worker_, kNow);
  hub_.Heartbeat(id, {}, {MakeAttempt(1)}, kNow + 900);
  hub_.Step(kNow + 1900);
  EXPECT_TRUE(executors_.finished.empty());
  hub_.Step(kNow + 1901);
  ASSERT_EQ(executors_.finished.size(), 1u);
  EXPECT_EQ(executors_.finished[0].id, MakeAttempt(1));
  EXPECT_EQ(executors_.finished[0].token, "k");
  // Unlike the others it has a result now: naming it again takes nothing on.
  hub_.Connect("acme", hello, worker_, kNow + 2000);
  EXPECT_EQ(hub_.Held(AnyLane), std::vector{MakeAttempt(2)});
}

TEST_F(HubTest, CancelAndDropReachTheWorkerAndReleaseTheTask) {
  Connect("w", 5);
  hub_.Offer({MakeTask(1), MakeTask(2)}, kNow);
  hub_.Cancel(MakeAttempt(1), "EXECUTION_CANCELED");
  hub_.Dropped(MakeAttempt(2));
  ASSERT_EQ(worker_->canceled.size(), 2u);
  EXPECT_EQ(worker_->canceled[0].second, "EXECUTION_CANCELED");
  EXPECT_EQ(worker_->canceled[1].second, "SUPERSEDED");
  EXPECT_TRUE(hub_.Held(AnyLane).empty());
}

TEST_F(HubTest, CreditNeverExceedsCapacity) {
  Hub::SessionId id = Connect("w", 8);
  hub_.AddCredit(id, 8);
  hub_.AddCredit(id, -5);
  ASSERT_EQ(hub_.CurrentDemand().size(), 1u);
  EXPECT_EQ(hub_.CurrentDemand()[0].tasks, 10);
}

TEST_F(HubTest, DrainingStopsDemand) {
  Hub::SessionId id = Connect("w", 5);
  hub_.WorkerDrains(id);
  EXPECT_TRUE(hub_.CurrentDemand().empty());
  Connect("v", 5);
  hub_.Drain();
  EXPECT_TRUE(hub_.CurrentDemand().empty());
  EXPECT_TRUE(worker_->drained);
  EXPECT_EQ(hub_.Offer({MakeTask(1)}, kNow).size(), 1u);
}

TEST_F(HubTest, SelectsByLane) {
  Connect("w", 5);
  hub_.Offer({MakeTask(1), MakeTask(2)}, kNow);
  int lane = LaneOf(MakeAttempt(2));
  auto held = hub_.Held([lane](int candidate) { return candidate == lane; });
  EXPECT_EQ(held, std::vector{MakeAttempt(2)});
}

TEST(TaskId, RoundTripsAndRefusesWhatIsNone) {
  AttemptId id{"acme", "00000000-0000-7000-8000-000000000001", "outer.inner#2.5", 3};
  EXPECT_EQ(ParseTaskId("acme", TaskId(id), 3), id);
  for (const char* text : {"", "x/y", "00000000-0000-7000-8000-000000000001",
                           "00000000-0000-7000-8000-000000000001/",
                           "00000000-0000-7000-8000-00000000000g/step"}) {
    EXPECT_EQ(ParseTaskId("acme", text, 1), std::nullopt) << text;
  }
  EXPECT_EQ(ParseTaskId("acme", TaskId(id), 0), std::nullopt);
}

}  // namespace
}  // namespace agentflow::coordinator
