#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <utility>

namespace agentflow::runtime {

// Many producers, one consumer that takes everything there is in one go. Bounded.
template <typename T>
class MpscQueue {
 public:
  explicit MpscQueue(size_t limit) : limit_(limit) {}

  // False, and `item` is untouched, when the queue is full or closed.
  [[nodiscard]] bool Push(T&& item) {
    std::lock_guard lock(mutex_);
    if (closed_ || items_.size() >= limit_) return false;
    items_.push_back(std::move(item));
    if (items_.size() == 1) wake_.notify_one();
    return true;
  }

  // Everything queued; waits up to `wait` for the first item, a Wake or Close. May be empty.
  std::deque<T> TakeAll(std::chrono::nanoseconds wait) {
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, wait, [&] { return !items_.empty() || closed_ || woken_; });
    woken_ = false;
    return std::exchange(items_, {});
  }

  // Makes a waiting TakeAll return, though nothing was pushed.
  void Wake() {
    std::lock_guard lock(mutex_);
    woken_ = true;
    wake_.notify_one();
  }

  // Refuses further items; what is queued can still be taken.
  void Close() {
    std::lock_guard lock(mutex_);
    closed_ = true;
    wake_.notify_all();
  }

  bool closed() const {
    std::lock_guard lock(mutex_);
    return closed_;
  }
  size_t size() const {
    std::lock_guard lock(mutex_);
    return items_.size();
  }

 private:
  const size_t limit_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<T> items_;
  bool closed_ = false;
  bool woken_ = false;
};

}  // namespace agentflow::runtime
