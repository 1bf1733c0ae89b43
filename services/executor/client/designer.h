#pragma once

#include <string>

#include "libs/pg/pool.h"
#include "libs/rpc/channel.h"
#include "libs/runtime/thread_pool.h"
#include "services/executor/client/plan_cache.h"
#include "services/executor/client/version_resolver.h"
#include "services/executor/sealing/tenant_keys.h"

// The designer as a client: VersionService.
namespace agentflow::executor {

VersionResolver::Ask AskDesigner(rpc::ChannelPtr designer);

// Documents come from the table `document`, else from the designer, and are then kept there, so
// that a running execution never needs the designer, sealed under the tenant's key. Compiles on
// `pool`.
PlanCache::Load LoadPlans(rpc::ChannelPtr designer, pg::Pool& database, TenantKeys& keys,
                          runtime::ThreadPool& pool);

}  // namespace agentflow::executor
