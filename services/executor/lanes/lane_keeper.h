#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "libs/base/clock.h"
#include "services/executor/lanes/committer.h"

namespace agentflow::executor {

// Gets lanes for the committers of this process and keeps the map of everybody's: joins, takes
// free lanes and those of dead owners, and begins anew after it was fenced out. Step blocks on the
// lane table, so it has a thread of its own, or a simulation's turn.
class LaneKeeper {
 public:
  // `restart` is called when the committers must begin anew: it abandons those that are not lost
  // and resets all, none of them being in the middle of a step.
  LaneKeeper(LaneTable& table, std::vector<Committer*> committers, std::function<void()> restart)
      : table_(table), committers_(std::move(committers)), restart_(std::move(restart)) {}

  absl::Status Step();
  // Gives everything back. Step does nothing from then on.
  absl::Status Release();

  // Address of each lane's owner, as of the last Step. Thread-safe, like the next one.
  std::vector<std::string> Addresses() const;
  // Counts changes of the map.
  uint64_t revision() const;

 private:
  LaneTable& table_;
  const std::vector<Committer*> committers_;
  const std::function<void()> restart_;
  bool released_ = false;
  size_t owned_ = 0;

  mutable std::mutex mutex_;
  std::vector<std::string> addresses_;
  uint64_t revision_ = 0;
};

}  // namespace agentflow::executor
