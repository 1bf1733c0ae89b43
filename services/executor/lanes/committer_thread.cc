#include "services/executor/lanes/committer_thread.h"

#include <algorithm>
#include <chrono>

#include "libs/runtime/thread_pool.h"

namespace agentflow::executor {

void Waker::Wake() {
  {
    std::lock_guard lock(mutex_);
    if (woken_) return;
    woken_ = true;
  }
  changed_.notify_one();
}

void Waker::Wait(int64_t micros) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, std::chrono::microseconds(std::max<int64_t>(0, micros)),
                    [this] { return woken_; });
  woken_ = false;
}

CommitterThread::CommitterThread(Committer& committer, Waker& waker, const Clock& clock,
                                 std::string name)
    : committer_(committer), waker_(waker), clock_(clock), name_(std::move(name)) {
  thread_ = std::thread([this] { Loop(); });
}

CommitterThread::~CommitterThread() {
  Stop();
}

void CommitterThread::Stop() {
  if (!thread_.joinable()) return;
  stopping_ = true;
  waker_.Wake();
  thread_.join();
}

void CommitterThread::Between(const std::function<void()>& action) {
  {
    std::lock_guard lock(stepping_);
    action();
  }
  waker_.Wake();
}

void CommitterThread::Loop() {
  runtime::NameThread(name_);
  while (!stopping_) {
    bool moved = true;
    int64_t wake_at = 0;
    {
      std::lock_guard lock(stepping_);
      moved = committer_.Step();
      wake_at = committer_.WakeAt();
    }
    if (moved) continue;
    constexpr int64_t kLongest = 1'000'000;
    waker_.Wait(std::min(kLongest, wake_at - clock_.Monotonic()));
  }
}

}  // namespace agentflow::executor
