#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "libs/base/clock.h"
#include "libs/lanes/lane_watch.h"
#include "services/executor/lanes/lane_keeper.h"

namespace agentflow::executor {

// The other executors over their streams of the lane map: a stream that breaks makes its executor
// a suspect, a map that changed is a reason to look. Thread-safe.
class PeerLinks final : public Peers {
 public:
  // `look`: somebody has come, gone, or moved lanes. `connect` gives null for this executor's own
  // address.
  PeerLinks(lanes::LaneMap::Connect connect, const Clock& clock, std::function<void()> look);
  ~PeerLinks() override { Stop(); }
  void Start() { watch_.Start({}); }
  void Stop() { watch_.Stop(); }

  void Follow(const std::map<std::string, std::string>& others) override;
  std::vector<std::string> Suspects() override;
  void Tell(const std::string& address, const std::vector<int>& lanes) override;
  // There are messages for lanes of the executor at `address`. Does not wait, and is not repeated:
  // it looks by itself from time to time.
  void TellMail(const std::string& address, const std::vector<int>& lanes);

 private:
  const lanes::LaneMap::Connect connect_;
  const Clock& clock_;
  const std::function<void()> look_;
  std::mutex mutex_;
  std::map<std::string, std::string> others_;    // name -> address
  std::map<std::string, int64_t> broken_since_;  // by address
  lanes::LaneWatch watch_;
};

}  // namespace agentflow::executor
