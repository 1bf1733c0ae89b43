#include "services/executor/dispatch/redis_queue.h"

#include <chrono>
#include <utility>

#include "libs/base/status.h"
#include "libs/obs/log.h"
#include "libs/redis/streams.h"
#include "libs/runtime/thread_pool.h"

namespace agentflow::executor {
namespace {

constexpr std::chrono::milliseconds kLookEvery{500};
constexpr std::chrono::milliseconds kTryAgainAfter{200};
constexpr size_t kTasksPerFlush = 1000;

}  // namespace

RedisQueue::RedisQueue(redis::Options options, const TaskTokens& tokens, std::function<void()> lost,
                       size_t limit)
    : client_(std::move(options)), tokens_(tokens), lost_(std::move(lost)), limit_(limit) {
  thread_ = std::thread([this] { Loop(); });
}

RedisQueue::~RedisQueue() {
  Stop();
}

void RedisQueue::Stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void RedisQueue::Add(std::vector<TaskOffer> tasks) {
  {
    std::lock_guard lock(mutex_);
    if (waiting_.size() + tasks.size() > limit_) {
      // The lanes know them; they are asked for when Redis answers again.
      overflowed_ = true;
      return;
    }
    for (TaskOffer& task : tasks) waiting_.push_back(std::move(task));
  }
  changed_.notify_all();
}

bool RedisQueue::healthy() const {
  std::lock_guard lock(mutex_);
  return healthy_;
}

int64_t RedisQueue::sent() const {
  std::lock_guard lock(mutex_);
  return sent_;
}

bool RedisQueue::CheckIncarnation() {
  absl::StatusOr<std::string> now = client_.Incarnation();
  if (!now.ok()) return false;
  if (*now == incarnation_) return true;
  const bool first = incarnation_.empty();
  incarnation_ = *now;
  if (first) return true;
  announced_.clear();
  obs::Warn("Redis lost its data; tasks are offered again");
  lost_();
  return true;
}

// Workers that serve every tenant look there for who has tasks of their agents.
void RedisQueue::Announce(const TaskOffer& task) {
  const std::string& tenant = task.attempt.tenant;
  if (!announced_.emplace(tenant, task.offer->agent).second) return;
  client_.Queue({"SADD", "af:agents:{" + task.offer->agent + "}", tenant});
}

bool RedisQueue::Send(const std::vector<TaskOffer>& tasks) {
  for (size_t first = 0; first < tasks.size(); first += kTasksPerFlush) {
    const size_t last = std::min(first + kTasksPerFlush, tasks.size());
    for (size_t i = first; i < last; ++i) {
      Announce(tasks[i]);
      const QueuedTask queued = ToQueued(tasks[i], tokens_);
      redis::QueueAdd(client_, queued.stream, "t", queued.body);
    }
    absl::StatusOr<std::vector<redis::Reply>> replies = client_.Flush();
    if (!replies.ok()) {
      announced_.clear();
      return false;
    }
    for (const redis::Reply& reply : *replies) {
      if (reply.is_error()) {
        obs::Error("Redis refused a task", {{"error", reply.text}});
        return false;
      }
    }
  }
  return true;
}

void RedisQueue::Loop() {
  runtime::NameThread("redis-queue");
  auto look_at = std::chrono::steady_clock::now();
  std::vector<TaskOffer> tasks;
  while (true) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait_until(lock, look_at, [this] { return stopping_ || !waiting_.empty(); });
      if (stopping_) return;
      for (TaskOffer& task : waiting_) tasks.push_back(std::move(task));
      waiting_.clear();
    }
    // A task added twice is claimed once: sending all again after a failure is safe.
    const auto now = std::chrono::steady_clock::now();
    bool works = true;
    if (now >= look_at) {
      works = CheckIncarnation();
      look_at = now + kLookEvery;
    }
    works = works && Send(tasks);
    bool lost = false;
    {
      std::unique_lock lock(mutex_);
      if (works) {
        sent_ += static_cast<int64_t>(tasks.size());
        lost = std::exchange(overflowed_, false);
      } else if (healthy_) {
        obs::Warn("Redis is away; tasks wait");
      }
      healthy_ = works;
      if (!works) {
        look_at = now;  // it may come back empty
        changed_.wait_for(lock, kTryAgainAfter, [this] { return stopping_; });
      }
    }
    if (works) tasks.clear();
    if (lost) lost_();
  }
}

}  // namespace agentflow::executor
