#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace agentflow::executor {

// Runs one job at a time on a thread of its own; the answer is taken later.
template <typename Answer>
class WorkerThread {
 public:
  explicit WorkerThread(std::function<void()> wake) : wake_(std::move(wake)) {
    thread_ = std::thread([this] { Loop(); });
  }
  ~WorkerThread() {
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

  // REQUIRES: no job runs and its answer was taken.
  void Begin(std::function<Answer()> job) {
    {
      std::lock_guard lock(mutex_);
      job_ = std::move(job);
    }
    changed_.notify_all();
  }
  std::optional<Answer> Take() {
    std::lock_guard lock(mutex_);
    return std::exchange(answer_, std::nullopt);
  }

 private:
  void Loop() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return stopping_ || job_ != nullptr; });
      if (job_ == nullptr) return;
      std::function<Answer()> job = std::exchange(job_, nullptr);
      lock.unlock();
      Answer answer = job();
      lock.lock();
      answer_ = std::move(answer);
      if (wake_) wake_();
    }
  }

  const std::function<void()> wake_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::function<Answer()> job_;
  std::optional<Answer> answer_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace agentflow::executor
