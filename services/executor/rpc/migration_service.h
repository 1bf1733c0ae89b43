#pragma once

#include <functional>

#include "libs/rpc/server.h"
#include "services/executor/client/plan_cache.h"
#include "services/executor/client/version_resolver.h"
#include "services/executor/migrating/migration_store.h"

namespace agentflow::executor {

// agentflow.api.v1.MigrationService.
struct MigrationServiceParts {
  MigrationStore& store;
  VersionResolver& versions;
  PlanCache& plans;
  // There is a new one.
  std::function<void()> created;
};

void RegisterMigrationService(rpc::Server& server, MigrationServiceParts parts);

}  // namespace agentflow::executor
