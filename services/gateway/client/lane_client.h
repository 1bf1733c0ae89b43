#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "libs/rpc/channel.h"

namespace agentflow::gateway {

// DispatchService.WatchLanes, for as long as the result lives: `changed` gets the address of each
// lane's owner ("host:port"; empty: nobody), by lane.
std::shared_ptr<void> WatchLanes(rpc::ChannelPtr executor,
                                 std::function<void(std::vector<std::string>)> changed);

}  // namespace agentflow::gateway
