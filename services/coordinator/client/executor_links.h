#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "libs/base/lane.h"
#include "libs/lanes/lane_watch.h"
#include "libs/rpc/channel.h"
#include "libs/runtime/periodic.h"
#include "services/coordinator/tasks/hub.h"

namespace agentflow::coordinator {

// One stream to each executor, and the map of which executor owns which lane. Reports that come
// while a message is on its way travel together in the next one.
//
// After a broken stream, and for every lane that changed hands, what is held and every result
// without acknowledgement is told again: executors take repeats calmly. Thread-safe.
class ExecutorLinks final : public ExecutorPort {
 public:
  // A channel to one executor.
  using Connect = std::function<rpc::ChannelPtr(const std::string& address)>;

  ExecutorLinks(std::string coordinator_id, std::vector<std::string> seeds, Connect connect);
  ~ExecutorLinks() override;

  // Before anything else; the hub outlives the links' Stop.
  void Start(Hub* hub);
  void Stop();

  void Claimed(const Claim& claim) override;
  void Finished(const Result& result) override;

  // Whether some executor's lane map is known.
  bool ready() const;

 private:
  class Link;

  void Tick();
  void Beat();
  void TellMovedAgain();
  void LanesChanged(std::vector<std::string> owners);
  std::shared_ptr<Link> LinkOf(int lane);
  std::function<bool(int)> LanesOf(const std::string& address);

  const std::string coordinator_id_;
  const std::vector<std::string> seeds_;
  const Connect connect_;
  Hub* hub_ = nullptr;

  mutable std::mutex mutex_;
  std::array<std::string, kLaneCount> owners_;
  bool known_ = false;
  bool stopping_ = false;
  std::set<int> moved_;  // lanes about which a report was refused
  std::map<std::string, std::shared_ptr<Link>> links_;
  std::map<std::string, rpc::ChannelPtr> channels_;
  int64_t beats_ = 0;
  std::unique_ptr<runtime::PeriodicTask> ticker_;
  lanes::LaneWatch watch_;
};

}  // namespace agentflow::coordinator
