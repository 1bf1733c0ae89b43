#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "libs/base/clock.h"
#include "libs/lanes/lane_watch.h"
#include "libs/runtime/periodic.h"
#include "services/executor/lanes/lane_keeper.h"

namespace agentflow::executor {

// The other executors over their streams of the lane map, and by asking them all the time how they
// are: one whose stream breaks, who does not answer, or whose database does not answer it is a
// suspect; a map that changed is a reason to look. Thread-safe.
class PeerLinks final : public Peers {
 public:
  // `look`: somebody has come, gone, or moved lanes. `connect` gives null for this executor's own
  // address.
  // Who has not been well for `silence` is a suspect.
  PeerLinks(lanes::LaneMap::Connect connect, const Clock& clock, std::chrono::milliseconds silence,
            std::function<void()> look);
  ~PeerLinks() override { Stop(); }
  void Start();
  void Stop();

  void Follow(const std::map<std::string, std::string>& others) override;
  Suspects Suspected() override;
  void Tell(const std::string& address, const std::vector<int>& lanes) override;
  // There are messages for lanes of the executor at `address`. Does not wait, and is not repeated:
  // it looks by itself from time to time.
  void TellMail(const std::string& address, const std::vector<int>& lanes);
  // A migration was made here: all others look as well. Neither waits nor is repeated, as above.
  void TellMigration();

 private:
  const lanes::LaneMap::Connect connect_;
  const Clock& clock_;
  const int64_t silence_;  // microseconds
  const std::function<void()> look_;
  void AskAll();

  struct Health {
    int64_t well_at = 0;  // when it said so last
    bool asking = false;
    bool unwell = false;
    bool slow = false;  // as it says
    bool was_slow = false;
  };
  // Shared with answers that may come after the end.
  struct State {
    std::mutex mutex;
    std::map<std::string, Health> health;  // by address
  };
  const std::shared_ptr<State> state_ = std::make_shared<State>();
  int64_t asked_at_ = 0;
  std::mutex mutex_;
  std::map<std::string, std::string> others_;    // name -> address
  std::map<std::string, int64_t> broken_since_;  // by address
  lanes::LaneWatch watch_;
  std::unique_ptr<runtime::PeriodicTask> asking_;
};

}  // namespace agentflow::executor
