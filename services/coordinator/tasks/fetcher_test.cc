#include "services/coordinator/tasks/fetcher.h"

#include <gtest/gtest.h>

#include <future>
#include <map>

#include "agentflow/internal/executor/v1/dispatch.pb.h"
#include "libs/base/status.h"
#include "libs/testing/redis.h"
#include "services/coordinator/tasks/testing.h"

namespace agentflow::coordinator {
namespace {

std::string Queued(const Task& task) {
  internal::executor::v1::QueuedTask queued;
  queued.mutable_ref()->set_tenant(task.id.tenant);
  queued.mutable_ref()->set_execution_id(task.id.execution_id);
  queued.mutable_ref()->set_step(task.id.step);
  queued.mutable_ref()->set_attempt(task.id.attempt);
  queued.set_agent(task.agent);
  queued.set_input_json(task.input_json);
  return queued.SerializeAsString();
}

// A worker that tells when its first task came.
struct WaitingWorker final : WorkerPort {
  void SendTasks(const std::vector<Task>& tasks) override {
    if (!told) first.set_value(tasks[0].id);
    told = true;
  }
  void SendCancel(const AttemptId&, std::string_view) override {}
  void SendAcknowledged(const AttemptId&) override {}
  void SendRefused(const AttemptId&, std::string_view) override {}
  void SendDrain() override {}

  bool told = false;
  std::promise<AttemptId> first;
};

class FetcherTest : public ::testing::Test {
 protected:
  FetcherTest() { Connect("w", 3); }

  void Connect(const std::string& worker_id, int credit, const std::string& agent = "shout") {
    WorkerHello hello{.worker_id = worker_id, .agents = {agent}, .capacity = 100};
    hub_.AddCredit(hub_.Connect("acme", hello, worker_, 0), credit);
  }
  void Enqueue(const Task& task, int priority = 3) {
    redis::QueueAdd(redis_, TaskStream(task.id.tenant, task.agent, priority), "t", Queued(task));
    ASSERT_TRUE(redis_.Flush().ok());
  }
  Fetcher Make(const std::string& consumer = "c") {
    return Fetcher(hub_, clock_,
                   {.redis = {.url = server_.url()}, .consumer = consumer, .orphan_ms = 1000},
                   metrics_, [this](const std::string& tenant) { return weights_[tenant]; });
  }
  // As an executor does.
  void EnqueueFor(const std::string& tenant, int number) {
    ASSERT_TRUE(redis_.Call({"SADD", TenantsKey("shout"), tenant}).ok());
    Enqueue(MakeTask(number, "shout", 1, tenant));
  }
  Hub::SessionId ConnectShared(int credit) {
    WorkerHello hello{.worker_id = "shared", .agents = {"shout"}, .capacity = 1000, .shared = true};
    Hub::SessionId id = hub_.Connect("platform", hello, shared_, 0);
    hub_.AddCredit(id, credit);
    return id;
  }
  std::map<std::string, int> Taken() {
    std::map<std::string, int> taken;
    for (const AttemptId& id : shared_->tasks) ++taken[id.tenant];
    return taken;
  }
  int64_t Length(int priority = 3) {
    return redis_.Call({"XLEN", TaskStream("acme", "shout", priority)})->number;
  }

  testing::RedisForTest server_;
  redis::Client redis_{{.url = server_.url()}};
  SystemClock clock_;
  obs::Registry metrics_;
  RecordingExecutors executors_;
  Hub hub_{executors_, {}};
  std::map<std::string, int64_t> weights_;
  std::shared_ptr<RecordingWorker> shared_ = std::make_shared<RecordingWorker>();
  std::shared_ptr<RecordingWorker> worker_ = std::make_shared<RecordingWorker>();
};

TEST_F(FetcherTest, TakesByPriorityWithinCreditAndDeletesWhatWasHandedOut) {
  Fetcher fetcher = Make();
  Enqueue(MakeTask(1), 5);
  Enqueue(MakeTask(2), 3);
  Enqueue(MakeTask(3), 1);
  Enqueue(MakeTask(4), 5);
  EXPECT_EQ(*fetcher.Step(), 3);
  EXPECT_EQ(worker_->tasks, (std::vector{MakeAttempt(3), MakeAttempt(2), MakeAttempt(1)}));
  for (const Claim& claim : executors_.claims) hub_.Confirmed(claim);
  EXPECT_EQ(*fetcher.Step(), 0);
  EXPECT_EQ(Length(1), 0);
  EXPECT_EQ(Length(5), 1);
}

TEST_F(FetcherTest, WhatNoLaneHasConfirmedIsTakenOver) {
  Enqueue(MakeTask(1));
  Enqueue(MakeTask(2));
  ASSERT_EQ(*Make("dies").Step(), 2);
  hub_.Confirmed(executors_.claims[0]);
  EXPECT_EQ(hub_.TakeSpent().size(), 1u);  // it died before it deleted the entry
  Hub other(executors_, {});
  auto worker = std::make_shared<RecordingWorker>();
  WorkerHello hello{.worker_id = "o", .agents = {"shout"}, .capacity = 9};
  other.AddCredit(other.Connect("acme", hello, worker, 0), 9);
  Fetcher fetcher(other, clock_,
                  {.redis = {.url = server_.url()}, .consumer = "lives", .orphan_ms = 0}, metrics_,
                  {});
  ASSERT_EQ(*fetcher.Step(), 2);
  EXPECT_EQ(worker->tasks.size(), 2u);
  EXPECT_EQ(Length(), 2);
  other.Dropped(MakeAttempt(1));
  other.Confirmed(executors_.claims[3]);
  EXPECT_TRUE(fetcher.Step().ok());
  EXPECT_EQ(Length(), 0);
}

TEST_F(FetcherTest, ReadsNothingWithoutCredit) {
  Fetcher fetcher = Make();
  for (int i = 1; i <= 4; ++i) Enqueue(MakeTask(i));
  EXPECT_EQ(*fetcher.Step(), 3);
  EXPECT_EQ(*fetcher.Step(), 0);
  EXPECT_EQ(worker_->tasks.size(), 3u);
}

TEST_F(FetcherTest, SurvivesAFlush) {
  Fetcher fetcher = Make();
  Enqueue(MakeTask(1));
  EXPECT_EQ(*fetcher.Step(), 1);
  ASSERT_TRUE(redis_.Call({"FLUSHALL"}).ok());
  EXPECT_EQ(*fetcher.Step(), 0);
  Enqueue(MakeTask(2));
  EXPECT_EQ(*fetcher.Step(), 1);
}

TEST_F(FetcherTest, DeletesEntriesThatAreNoTasks) {
  Fetcher fetcher = Make();
  redis::QueueAdd(redis_, TaskStream("acme", "shout", 3), "t", "\xff\xff nonsense");
  ASSERT_TRUE(redis_.Flush().ok());
  Enqueue(MakeTask(1, "other-agent"), 3);
  EXPECT_EQ(*fetcher.Step(), 0);
  EXPECT_EQ(Length(), 0);
}

TEST_F(FetcherTest, ARunningFetcherIsWokenByANewAgent) {
  Fetcher fetcher(hub_, clock_,
                  {.redis = {.url = server_.url()}, .consumer = "c", .block_ms = 60'000}, metrics_,
                  {});
  fetcher.Start();
  auto waiting = std::make_shared<WaitingWorker>();
  Enqueue(MakeTask(9, "late"));
  WorkerHello hello{.worker_id = "late", .agents = {"late"}, .capacity = 1};
  hub_.AddCredit(hub_.Connect("acme", hello, waiting, 0), 1);
  auto first = waiting->first.get_future();
  ASSERT_EQ(first.wait_for(std::chrono::seconds(20)), std::future_status::ready);
  EXPECT_EQ(first.get(), MakeAttempt(9));
  // And out of its wait for more, by a place that became free: Stop() must not take a minute.
  hub_.AddCredit(1, 1);
  fetcher.Stop();
}

TEST_F(FetcherTest, AnUnreachableRedisIsAnError) {
  Fetcher fetcher(hub_, clock_, {.redis = {.url = "redis://127.0.0.1:1/0"}, .consumer = "c"},
                  metrics_, {});
  EXPECT_EQ(ReasonOf(fetcher.Step().status()), "REDIS_UNAVAILABLE");
}

TEST_F(FetcherTest, ASharedWorkerServesEveryTenantInTurns) {
  Fetcher fetcher = Make();
  for (int i = 0; i < 40; ++i) EnqueueFor("long", i);
  for (int i = 100; i < 105; ++i) EnqueueFor("short", i);
  ConnectShared(10);
  EXPECT_EQ(*fetcher.Step(), 10);
  EXPECT_EQ(Taken(), (std::map<std::string, int>{{"long", 5}, {"short", 5}}));
}

TEST_F(FetcherTest, TurnsArePaidByWorkerTimeAndWeight) {
  Fetcher fetcher = Make();
  for (int i = 0; i < 400; ++i) EnqueueFor("slow", i);
  for (int i = 1000; i < 1400; ++i) EnqueueFor("quick", i);
  weights_ = {{"slow", 100}, {"quick", 100}};
  Hub::SessionId id = ConnectShared(1);
  std::map<std::string, int64_t> used_ms;
  auto serve = [&](int tasks) {
    used_ms.clear();
    for (int i = 0; i < tasks; ++i) {
      ASSERT_EQ(*fetcher.Step(), 1);
      const AttemptId task = shared_->tasks.back();
      const int64_t took_ms = task.tenant == "slow" ? 300 : 100;
      used_ms[task.tenant] += took_ms;
      const int64_t now = clock_.Now() / 1000;
      hub_.Finish(id, {{.id = task}}, now + took_ms);
      hub_.AddCredit(id, 1);
    }
  };
  serve(100);
  EXPECT_NEAR(static_cast<double>(used_ms["quick"]) / static_cast<double>(used_ms["slow"]), 1, 0.2);
  // A changed weight acts on what waits already.
  weights_["quick"] = 300;
  serve(150);
  EXPECT_NEAR(static_cast<double>(used_ms["quick"]) / static_cast<double>(used_ms["slow"]), 3, 0.6);
}

TEST_F(FetcherTest, ATenantsOwnWorkerComesBeforeASharedOne) {
  Fetcher fetcher = Make();
  ConnectShared(50);
  EnqueueFor("acme", 1);
  EXPECT_EQ(*fetcher.Step(), 1);
  EXPECT_EQ(worker_->tasks.size(), 1u);
  EXPECT_TRUE(shared_->tasks.empty());
}

}  // namespace
}  // namespace agentflow::coordinator
