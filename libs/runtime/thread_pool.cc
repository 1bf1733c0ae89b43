#include "libs/runtime/thread_pool.h"

#include <pthread.h>

#include <utility>

namespace agentflow::runtime {

void NameThread(const std::string& name) {
  pthread_setname_np(pthread_self(), name.substr(0, 15).c_str());
}

ThreadPool::ThreadPool(std::string name, int threads, size_t queue_limit)
    : queue_limit_(queue_limit) {
  for (int i = 0; i < threads; ++i) {
    threads_.emplace_back([this, label = name.substr(0, 12) + std::to_string(i)] {
      NameThread(label);
      Loop();
    });
  }
}

ThreadPool::~ThreadPool() {
  Stop();
}

bool ThreadPool::TrySubmit(Work work) {
  bool wake = false;
  {
    std::lock_guard lock(mutex_);
    if (stopping_ || queue_.size() >= queue_limit_) return false;
    queue_.push_back(std::move(work));
    wake = NeedsWake();
  }
  if (wake) wake_.notify_one();
  return true;
}

bool ThreadPool::NeedsWake() {
  if (idle_ == 0 || waking_ || queue_.empty()) return false;
  waking_ = true;
  return true;
}

void ThreadPool::Stop() {
  std::vector<std::thread> threads;
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    threads.swap(threads_);
  }
  wake_.notify_all();
  for (std::thread& thread : threads) thread.join();
}

size_t ThreadPool::pending() const {
  std::lock_guard lock(mutex_);
  return queue_.size() + running_;
}

void ThreadPool::Loop() {
  std::unique_lock lock(mutex_);
  while (true) {
    while (queue_.empty() && !stopping_) {
      ++idle_;
      wake_.wait(lock);
      --idle_;
      waking_ = false;
    }
    if (queue_.empty()) return;
    Work work = std::move(queue_.front());
    queue_.pop_front();
    ++running_;
    bool wake = NeedsWake();
    lock.unlock();
    if (wake) wake_.notify_one();
    work();
    work = nullptr;
    lock.lock();
    --running_;
  }
}

}  // namespace agentflow::runtime
