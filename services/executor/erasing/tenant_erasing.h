#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "libs/pg/pool.h"
#include "services/executor/lanes/router.h"
#include "services/executor/sealing/tenant_keys.h"

namespace agentflow::executor {

// What erasing a tenant needs before its tables are emptied: ends the live executions of this
// executor's lanes; once no executor has any, destroys the tenant's key; and once no executor has
// that in memory, empties the days. False: not yet. Blocking.
absl::StatusOr<bool> PrepareErasure(pg::Pool& pool, TenantKeys& keys, Router& router,
                                    const std::string& tenant);

}  // namespace agentflow::executor
