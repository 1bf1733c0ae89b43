#pragma once

#include "services/executor/client/plan_cache.h"
#include "services/executor/lanes/router.h"
#include "services/executor/migrating/migration_store.h"

namespace agentflow::executor {

// Works at open migrations for the lanes of this process: each execution is asked in its lane, in
// memory. Everything it must know is in the database, so whoever takes a lane over goes on where
// the one before stopped. Step blocks; one thread.
class MigrationRunner {
 public:
  struct Parts {
    MigrationStore& store;
    PlanCache& plans;
    Router& router;
  };
  explicit MigrationRunner(Parts parts) : parts_(parts) {}

  // Does what can be done now.
  absl::Status Step();

 private:
  // True: something was done, and there may be more.
  absl::StatusOr<bool> Advance(const Migration& migration);

  const Parts parts_;
};

}  // namespace agentflow::executor
