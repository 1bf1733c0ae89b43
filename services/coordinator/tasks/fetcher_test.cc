#include "services/coordinator/tasks/fetcher.h"

#include <gtest/gtest.h>

#include <future>

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
                   metrics_);
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
  EXPECT_EQ(Length(1), 0);
  EXPECT_EQ(Length(5), 1);
}

TEST_F(FetcherTest, ReadsNothingWithoutCredit) {
  Fetcher fetcher = Make();
  for (int i = 1; i <= 4; ++i) Enqueue(MakeTask(i));
  EXPECT_EQ(*fetcher.Step(), 3);
  EXPECT_EQ(*fetcher.Step(), 0);
  EXPECT_EQ(Length(), 1);
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
                  {.redis = {.url = server_.url()}, .consumer = "c", .block_ms = 60'000}, metrics_);
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
                  metrics_);
  EXPECT_EQ(ReasonOf(fetcher.Step().status()), "REDIS_UNAVAILABLE");
}

}  // namespace
}  // namespace agentflow::coordinator
