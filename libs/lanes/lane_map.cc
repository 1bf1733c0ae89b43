#include "libs/lanes/lane_map.h"

#include <set>
#include <utility>

#include "libs/base/status.h"

namespace agentflow::lanes {

void LaneMap::Set(Owners owners) {
  std::set<std::string> distinct(owners.begin(), owners.end());
  distinct.erase("");
  std::lock_guard lock(mutex_);
  owners_ = std::move(owners);
  distinct_.assign(distinct.begin(), distinct.end());
}

size_t LaneMap::owners() const {
  std::lock_guard lock(mutex_);
  return distinct_.size();
}

// Connecting does not wait, so the lock may be held.
rpc::ChannelPtr LaneMap::At(const std::string& address) {
  if (address.empty()) return nullptr;
  rpc::ChannelPtr& channel = channels_[address];
  if (channel == nullptr) channel = connect_(address);
  return channel;
}

rpc::ChannelPtr LaneMap::OwnerOf(int lane) {
  std::lock_guard lock(mutex_);
  const auto index = static_cast<size_t>(lane);
  return index < owners_.size() ? At(owners_[index]) : nullptr;
}

rpc::ChannelPtr LaneMap::AnyOwner() {
  std::lock_guard lock(mutex_);
  return distinct_.empty() ? nullptr : At(distinct_[turn_++ % distinct_.size()]);
}

rpc::ChannelPtr LaneMap::After(const absl::Status& refused, std::optional<int> lane,
                               const rpc::ChannelPtr& asked) {
  const std::string reason = ReasonOf(refused);
  std::lock_guard lock(mutex_);
  if (reason == "LANE_MOVED") {
    ErrorMetadata metadata = MetadataOf(refused);
    if (auto named = metadata.find(kOwner); named != metadata.end()) {
      if (rpc::ChannelPtr channel = At(named->second)) return channel;
    }
  } else if (reason != "PEER_UNAVAILABLE") {
    return nullptr;
  }
  if (lane && static_cast<size_t>(*lane) < owners_.size()) {
    rpc::ChannelPtr owner = At(owners_[static_cast<size_t>(*lane)]);
    if (owner != nullptr && owner != asked) return owner;
  }
  for (size_t i = 0; i < distinct_.size(); ++i) {
    rpc::ChannelPtr other = At(distinct_[turn_++ % distinct_.size()]);
    if (other != asked) return other;
  }
  return reason == "LANE_MOVED" ? asked : nullptr;
}

}  // namespace agentflow::lanes
