#include "services/gateway/client/lane_client.h"

#include "agentflow/internal/executor/v1/dispatch.pb.h"
#include "services/gateway/client/watch.h"

namespace agentflow::gateway {

namespace pb = internal::executor::v1;

std::shared_ptr<void> WatchLanes(rpc::ChannelPtr executor,
                                 std::function<void(std::vector<std::string>)> changed) {
  return std::make_shared<Watch<pb::WatchLanesRequest, pb::LaneMap>>(
      std::move(executor), "agentflow.internal.executor.v1.DispatchService/WatchLanes",
      [changed = std::move(changed)](const pb::LaneMap& map) {
        changed({map.address().begin(), map.address().end()});
      },
      [] {});  // the last map stays: a wrong guess costs one retry
}

}  // namespace agentflow::gateway
