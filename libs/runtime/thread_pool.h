#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace agentflow::runtime {

// A fixed number of named threads over a bounded queue, for work that blocks. Thread-safe.
class ThreadPool {
 public:
  using Work = std::function<void()>;

  // `name` (at most 12 characters) is what ps and debuggers show, with a number behind it.
  ThreadPool(std::string name, int threads, size_t queue_limit);
  // Stops.
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  // False, and `work` is not taken, when the queue is full or the pool is stopping.
  [[nodiscard]] bool TrySubmit(Work work);
  // Does what is queued, then joins the threads. Idempotent; not from a thread of the pool.
  void Stop();

  // Work waiting and running now.
  size_t pending() const;

 private:
  void Loop();
  // Whether the caller, who holds the mutex, must wake a thread. One wakes at a time and wakes the
  // next if there is more to do: short work then stays on few threads instead of waking all.
  bool NeedsWake();

  const size_t queue_limit_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Work> queue_;
  size_t running_ = 0;
  size_t idle_ = 0;
  bool waking_ = false;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

// Names the calling thread, cut to 15 characters.
void NameThread(const std::string& name);

}  // namespace agentflow::runtime
