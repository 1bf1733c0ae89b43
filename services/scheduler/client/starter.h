#pragma once

#include <string>

#include "libs/lanes/lane_map.h"
#include "libs/rpc/channel.h"
#include "services/scheduler/schedules/firing.h"

namespace agentflow::scheduler {

// Starts executions over the executor's internal API, after the tenant service has said that the
// principal still may (PERMISSION_MISSING otherwise). The call goes to the executor that owns the
// lane of the request id, where the lane map is known.
class RpcStarter final : public Starter {
 public:
  RpcStarter(rpc::ChannelPtr tenant, rpc::ChannelPtr executor, lanes::LaneMap& lanes);
  absl::StatusOr<std::string> Start(const std::string& tenant, const Schedule& schedule,
                                    const std::string& request_id) override;

 private:
  rpc::ChannelPtr tenant_;
  rpc::ChannelPtr executor_;
  lanes::LaneMap& lanes_;
};

// Whether a published workflow of that name exists: OK, or NOT_FOUND with the designer's reason.
absl::Status CheckWorkflow(rpc::Channel& designer, const std::string& tenant,
                           const std::string& workflow);

}  // namespace agentflow::scheduler
