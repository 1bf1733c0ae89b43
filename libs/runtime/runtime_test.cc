#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "libs/base/random.h"
#include "libs/runtime/backoff.h"
#include "libs/runtime/deadline.h"
#include "libs/runtime/periodic.h"
#include "libs/runtime/queue.h"
#include "libs/runtime/signals.h"
#include "libs/runtime/thread_pool.h"

namespace agentflow::runtime {
namespace {

TEST(ThreadPoolTest, RefusesBeyondItsQueueAndFinishesWhatItTook) {
  std::atomic<int> done{0};
  std::promise<void> gate;
  std::shared_future<void> open = gate.get_future().share();
  std::promise<std::string> name;
  {
    ThreadPool pool("worker", 1, 2);
    std::promise<void> running;
    ASSERT_TRUE(pool.TrySubmit([&] {
      char buffer[16];
      pthread_getname_np(pthread_self(), buffer, sizeof buffer);
      name.set_value(buffer);
      running.set_value();
      open.wait();
      ++done;
    }));
    running.get_future().wait();
    EXPECT_TRUE(pool.TrySubmit([&] { ++done; }));
    EXPECT_TRUE(pool.TrySubmit([&] { ++done; }));
    EXPECT_FALSE(pool.TrySubmit([&] { ++done; }));
    EXPECT_EQ(pool.pending(), 3u);
    gate.set_value();
    pool.Stop();
    EXPECT_FALSE(pool.TrySubmit([] {}));
  }
  EXPECT_EQ(done, 3);
  EXPECT_EQ(name.get_future().get(), "worker0");
}

TEST(PeriodicTaskTest, RunsAtOnceAndWhenPoked) {
  MpscQueue<int> runs(100);
  int count = 0;
  PeriodicTask task("tick", std::chrono::hours(1), [&] { (void)runs.Push(int{++count}); });
  auto first = runs.TakeAll(std::chrono::hours(1));
  EXPECT_EQ(first.front(), 1);
  task.Poke();
  EXPECT_EQ(runs.TakeAll(std::chrono::hours(1)).front(), 2);
  task.Stop();
  task.Stop();
}

TEST(MpscQueueTest, TakesEverythingFromEveryProducer) {
  MpscQueue<int> queue(100000);
  std::vector<std::thread> producers;
  for (int i = 0; i < 4; ++i) {
    producers.emplace_back([&] {
      for (int j = 0; j < 1000; ++j) {
        int item = j;
        ASSERT_TRUE(queue.Push(std::move(item)));
      }
    });
  }
  size_t taken = 0;
  while (taken < 4000) taken += queue.TakeAll(std::chrono::hours(1)).size();
  EXPECT_EQ(taken, 4000u);
  for (std::thread& producer : producers) producer.join();
}

TEST(MpscQueueTest, IsBoundedWakesAndCloses) {
  MpscQueue<std::string> queue(1);
  EXPECT_TRUE(queue.Push("a"));
  std::string kept = "b";
  EXPECT_FALSE(queue.Push(std::move(kept)));
  EXPECT_EQ(kept, "b");
  EXPECT_EQ(queue.TakeAll(std::chrono::nanoseconds(0)).size(), 1u);
  queue.Wake();
  EXPECT_TRUE(queue.TakeAll(std::chrono::hours(1)).empty());
  queue.Close();
  EXPECT_TRUE(queue.TakeAll(std::chrono::hours(1)).empty());
  EXPECT_FALSE(queue.Push("c"));
  EXPECT_TRUE(queue.closed());
}

TEST(BackoffTest, GrowsToItsCeilingWithFullJitter) {
  SeededRandom random(1);
  Backoff backoff(std::chrono::milliseconds(100), std::chrono::seconds(2));
  int64_t ceilings[] = {100, 200, 400, 800, 1600, 2000, 2000};
  for (int64_t ceiling : ceilings) {
    int64_t wait = backoff.Next(random).count();
    EXPECT_GE(wait, 1);
    EXPECT_LE(wait, ceiling);
  }
  for (int i = 0; i < 100; ++i) EXPECT_LE(backoff.Next(random).count(), 2000);
  backoff.Reset();
  EXPECT_LE(backoff.Next(random).count(), 100);
}

TEST(DeadlineTest, OrdersAndEnds) {
  EXPECT_TRUE(Deadline().is_never());
  EXPECT_FALSE(Deadline::Never().Passed());
  Deadline passed = Deadline::After(std::chrono::seconds(-1));
  EXPECT_TRUE(passed.Passed());
  EXPECT_EQ(passed.Left().count(), 0);
  EXPECT_EQ(Earlier(Deadline::Never(), passed).at(), passed.at());
  EXPECT_FALSE(Deadline::After(std::chrono::hours(1)).Passed());
}

TEST(ShutdownSignalTest, RaiseEndsTheWait) {
  ShutdownSignal signal;
  signal.Raise();
  EXPECT_EQ(signal.Wait(), 0);
  kill(getpid(), SIGTERM);
  EXPECT_EQ(signal.Wait(), SIGTERM);
}

}  // namespace
}  // namespace agentflow::runtime
