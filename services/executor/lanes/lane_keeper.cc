#include "services/executor/lanes/lane_keeper.h"

#include <algorithm>

#include "libs/base/lane.h"
#include "libs/base/status.h"
#include "libs/obs/log.h"

namespace agentflow::executor {

absl::Status LaneKeeper::Step() {
  if (released_) return absl::OkStatus();
  const bool lost = std::any_of(committers_.begin(), committers_.end(),
                                [](const Committer* committer) { return committer->lost(); });
  if (lost) {
    // First the epochs, then the committers: one that asked the fence before would be fenced out.
    AF_RETURN_IF_ERROR(table_.Join());
    restart_();
  }
  AF_ASSIGN_OR_RETURN(const std::vector<LaneTable::Owned> owned, table_.Acquire());
  std::vector<std::vector<int>> lanes(committers_.size());
  for (const LaneTable::Owned& each : owned) {
    lanes[static_cast<size_t>(each.committer)].push_back(each.lane);
  }
  for (size_t i = 0; i < committers_.size(); ++i) committers_[i]->Own(lanes[i]);
  if (owned.size() != owned_)
    obs::Info("lanes owned", {{"lanes", owned.size()}, {"before", owned_}});
  owned_ = owned.size();
  AF_ASSIGN_OR_RETURN(std::vector<std::string> addresses, table_.Addresses());
  std::lock_guard lock(mutex_);
  if (addresses != addresses_) {
    addresses_ = std::move(addresses);
    ++revision_;
  }
  return absl::OkStatus();
}

absl::Status LaneKeeper::Release() {
  released_ = true;
  return table_.Release();
}

std::vector<std::string> LaneKeeper::Addresses() const {
  std::lock_guard lock(mutex_);
  return addresses_.empty() ? std::vector<std::string>(kLaneCount) : addresses_;
}

uint64_t LaneKeeper::revision() const {
  std::lock_guard lock(mutex_);
  return revision_;
}

}  // namespace agentflow::executor
