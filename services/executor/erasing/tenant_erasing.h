#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "libs/pg/pool.h"
#include "services/executor/lanes/router.h"

namespace agentflow::executor {

// What erasing a tenant needs before its tables are emptied: ends the live executions of this
// executor's lanes, and once no executor has any, empties the days. False: not yet. Blocking.
absl::StatusOr<bool> PrepareErasure(pg::Pool& pool, Router& router, const std::string& tenant);

}  // namespace agentflow::executor
