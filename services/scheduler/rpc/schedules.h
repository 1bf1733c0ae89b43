#pragma once

#include <functional>
#include <string>

#include "libs/base/clock.h"
#include "libs/rpc/server.h"
#include "services/scheduler/schedules/store.h"

namespace agentflow::scheduler {

struct ScheduleServiceParts {
  Store& store;
  const Clock& clock;
  // OK where a published workflow of that name exists.
  std::function<absl::Status(const std::string& tenant, const std::string& workflow)> check;
  // Called after every change, so that a nearer fire is not missed.
  std::function<void()> changed;
};

// agentflow.api.v1.ScheduleService
void RegisterScheduleService(rpc::Server& server, ScheduleServiceParts parts);

}  // namespace agentflow::scheduler
