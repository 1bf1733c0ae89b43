#pragma once

#include <memory>
#include <vector>

#include "libs/base/lane.h"
#include "services/executor/lanes/committer.h"

namespace agentflow::executor {

absl::Status LaneMoved(const std::string& owner = "");

// Brings commands to the committer that owns their lane. Thread-safe.
class Router {
 public:
  explicit Router(std::vector<Committer*> committers) : committers_(std::move(committers)) {}

  // UNAVAILABLE, LANE_MOVED: another executor's. RESOURCE_EXHAUSTED, EXECUTOR_BUSY: too much
  // waits already. On an error `item` is untouched.
  absl::Status Post(Item&& item);
  bool Owns(int lane) const { return Of(lane).Owns(lane); }
  // Messages for these lanes are in the outbox; those of other executors are given back.
  std::vector<int> MailCame(const std::vector<int>& lanes);
  // A lane that is owned, another one each time; one that is still being loaded only where no
  // other is there. -1: none.
  int AnyLane();
  const std::vector<Committer*>& committers() const { return committers_; }

 private:
  Committer& Of(int lane) const {
    return *committers_[static_cast<size_t>(lane) % committers_.size()];
  }

  const std::vector<Committer*> committers_;
  std::atomic<uint32_t> next_{0};
};

}  // namespace agentflow::executor
