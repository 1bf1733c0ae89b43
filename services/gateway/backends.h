#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "google/protobuf/message.h"
#include "libs/rpc/channel.h"
#include "services/gateway/method_table.h"

namespace agentflow::gateway {

// Which channel a call takes: the backend of its method, and where that runs as several owners
// of lanes, the owner. Thread-safe.
class Backends {
 public:
  using Connect = std::function<rpc::ChannelPtr(const std::string& address)>;

  // `channels` by backend; `connect` reaches one instance of the executor.
  Backends(std::map<std::string, rpc::ChannelPtr> channels, Connect connect)
      : channels_(std::move(channels)), connect_(std::move(connect)) {}

  // From the lane map: owner's address by lane. Fewer than two owners: no routing by lane.
  void SetLanes(std::vector<std::string> addresses);

  // Whether For needs the request message to find the way.
  bool NeedsMessage(const Method& method);

  // Never null for methods of the table. `message` may be null: any instance.
  rpc::ChannelPtr For(const Method& method, std::string_view tenant,
                      const google::protobuf::Message* message);

  // Status of each backend's connection, without waiting: empty is all well.
  std::vector<std::string> Unreachable();

 private:
  std::map<std::string, rpc::ChannelPtr> channels_;
  const Connect connect_;
  std::mutex mutex_;
  std::vector<std::string> lanes_;
  bool several_owners_ = false;
  std::map<std::string, rpc::ChannelPtr> by_address_;
};

// The lane that `message` belongs to by the method's `lane_from`; nullopt where it names none
// (an empty request id, a malformed name: any instance gives the right answer).
std::optional<int> LaneFor(const Method& method, std::string_view tenant,
                           const google::protobuf::Message& message);

}  // namespace agentflow::gateway
