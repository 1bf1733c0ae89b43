#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "libs/rpc/channel.h"

namespace agentflow::lanes {

// Metadata of LANE_MOVED errors: the address of the lane's owner, where it is known.
inline constexpr char kOwner[] = "owner";

// Which executor owns which lane, and the channels to them. Thread-safe.
class LaneMap {
 public:
  // Address ("host:port") by lane, 256 of them; empty: nobody owns it now.
  using Owners = std::vector<std::string>;
  using Connect = std::function<rpc::ChannelPtr(const std::string& address)>;

  explicit LaneMap(Connect connect) : connect_(std::move(connect)) {}

  void Set(Owners owners);
  // How many executors own lanes.
  size_t owners() const;

  // Null while nobody is known to own the lane.
  rpc::ChannelPtr OwnerOf(int lane);
  // One of the owners, another one each time; null while none is known.
  rpc::ChannelPtr AnyOwner();
  // Whom to ask once more after a call to `asked` was answered with `refused`; null: nobody.
  // LANE_MOVED: whoever the answer names, else who owns the lane by now, else another owner.
  // PEER_UNAVAILABLE, only for calls that may be made twice: the same without the name.
  rpc::ChannelPtr After(const absl::Status& refused, std::optional<int> lane,
                        const rpc::ChannelPtr& asked);

 private:
  rpc::ChannelPtr At(const std::string& address);  // mutex_ is held

  const Connect connect_;
  mutable std::mutex mutex_;
  Owners owners_;
  std::vector<std::string> distinct_;
  size_t turn_ = 0;
  std::map<std::string, rpc::ChannelPtr> channels_;
};

}  // namespace agentflow::lanes
