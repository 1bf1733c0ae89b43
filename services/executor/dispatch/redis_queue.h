#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "libs/redis/client.h"
#include "services/executor/dispatch/queued_task.h"

namespace agentflow::executor {

// Puts committed tasks into Redis, all that wait in one round trip, on a thread of its own, and
// notices when Redis has lost them. Redis being away costs delay: tasks wait here until the queue
// is over its limit, and from then on they are remembered as lost and asked for again.
class RedisQueue {
 public:
  // `lost`: everything that nobody holds must be offered again. Called on the queue's thread.
  RedisQueue(redis::Options options, const TaskTokens& tokens, std::function<void()> lost,
             size_t limit = 100'000);
  ~RedisQueue();  // stops

  // Ends the thread; what still waits is not sent. Idempotent.
  void Stop();
  // Returns at once.
  void Add(std::vector<TaskOffer> tasks);
  // Whether the last exchange with Redis worked.
  bool healthy() const;
  int64_t sent() const;

 private:
  void Loop();
  bool Send(const std::vector<TaskOffer>& tasks);
  void Announce(const TaskOffer& task);
  // False: Redis is away. Calls lost_ when it is another data set than before.
  bool CheckIncarnation();

  redis::Client client_;
  const TaskTokens& tokens_;
  const std::function<void()> lost_;
  const size_t limit_;
  std::string incarnation_;
  std::set<std::pair<std::string, std::string>> announced_;  // tenant and agent

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<TaskOffer> waiting_;
  bool overflowed_ = false;
  bool stopping_ = false;
  bool healthy_ = true;
  int64_t sent_ = 0;
  std::thread thread_;
};

}  // namespace agentflow::executor
