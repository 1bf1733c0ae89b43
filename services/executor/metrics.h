#pragma once

#include <map>
#include <string>

#include "libs/obs/metrics.h"
#include "services/executor/dispatch/links.h"
#include "services/executor/dispatch/redis_queue.h"
#include "services/executor/lanes/router.h"
#include "services/executor/sealing/tenant_keys.h"

namespace agentflow::executor {

// The executor's figures. Call Update regularly: gauges are copied from where they are kept.
class Metrics {
 public:
  Metrics(obs::Registry& registry, Router& router, const TenantLoad& load, const RedisQueue& queue,
          const Links& links, const TenantKeys& keys, const Clock& clock);
  void Update();
  // What housekeeping has removed, by table.
  void Removed(const std::map<std::string, int64_t>& removed);

 private:
  Router& router_;
  const TenantLoad& load_;
  const RedisQueue& queue_;
  const Links& links_;
  const TenantKeys& keys_;
  const Clock& clock_;
  obs::Gauge lanes_, live_, queued_, resident_, backlog_, oldest_, coordinators_, redis_up_;
  obs::Counter batches_, executions_, commands_, refused_, offered_, rehomed_, unopened_;
  obs::CounterFamily removed_;
  obs::Histogram batch_size_, commit_seconds_;
  int64_t batches_seen_ = 0, executions_seen_ = 0, commands_seen_ = 0, refused_seen_ = 0,
          offered_seen_ = 0, rehomed_seen_ = 0, unopened_seen_ = 0;
};

}  // namespace agentflow::executor
