#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "libs/lanes/lane_map.h"
#include "libs/runtime/periodic.h"

namespace agentflow::lanes {

// Keeps a stream of the lane map open to every executor that it knows of: the seeds, and the
// owners that the newest map names. So a map comes from those who live, whoever is stopped.
class LaneWatch {
 public:
  struct Events {
    // A newer map.
    std::function<void(const LaneMap::Owners&)> changed;
    // The stream to an executor began to flow, or broke.
    std::function<void(const std::string& address, bool up)> link;
  };

  // `connect` gives null for an address that is not to be watched.
  // Callbacks come one at a time, on threads of the library, and never after Stop.
  LaneWatch(LaneMap::Connect connect, Events events);
  ~LaneWatch();  // stops

  void Start(std::vector<std::string> seeds);
  void Stop();
  // Adds an executor that no map may name yet.
  void Follow(const std::string& address);
  // Whether a map has come.
  bool known() const;

 private:
  struct State;
  void Open();

  std::shared_ptr<State> state_;
  std::unique_ptr<runtime::PeriodicTask> task_;
};

}  // namespace agentflow::lanes
