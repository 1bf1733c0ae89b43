#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "services/executor/lanes/committer.h"

namespace agentflow::executor {

// Lets a thread sleep until it is woken or a time has come.
class Waker {
 public:
  void Wake();
  // Until Wake, or `micros` have passed. Returns at once when it was woken since the last wait.
  void Wait(int64_t micros);

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool woken_ = false;
};

// Runs a committer's Step whenever there is something to do.
class CommitterThread {
 public:
  CommitterThread(Committer& committer, Waker& waker, const Clock& clock, std::string name);
  ~CommitterThread();  // stops

  void Stop();
  // Runs `action` between two steps and waits for it.
  void Between(const std::function<void()>& action);

 private:
  void Loop();

  Committer& committer_;
  Waker& waker_;
  const Clock& clock_;
  const std::string name_;
  std::mutex stepping_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace agentflow::executor
