#include "libs/runtime/periodic.h"

#include <utility>

#include "libs/runtime/thread_pool.h"

namespace agentflow::runtime {

PeriodicTask::PeriodicTask(std::string name, std::chrono::milliseconds interval,
                           std::function<void()> task)
    : interval_(interval), task_(std::move(task)), thread_([this, name = std::move(name)] {
        NameThread(name);
        Loop();
      }) {}

PeriodicTask::~PeriodicTask() {
  Stop();
}

void PeriodicTask::Poke() {
  {
    std::lock_guard lock(mutex_);
    poked_ = true;
  }
  wake_.notify_one();
}

void PeriodicTask::Stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void PeriodicTask::Loop() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    poked_ = false;
    lock.unlock();
    task_();
    lock.lock();
    wake_.wait_for(lock, interval_, [&] { return stopping_ || poked_; });
  }
}

}  // namespace agentflow::runtime
