#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/pg/pool.h"
#include "services/executor/migrating/migration.h"

namespace agentflow::executor {

// Migrations and their results, under the tenant's row security. Blocking, thread-safe.
class MigrationStore {
 public:
  explicit MigrationStore(pg::Pool& pool) : pool_(pool) {}

  // The one of that id, as it was made first.
  absl::StatusOr<Migration> Create(const Migration& migration);
  // NOT_FOUND, reason MIGRATION_NOT_FOUND.
  absl::StatusOr<Migration> Get(const std::string& tenant, const Uuid& id);
  // Newest first; one more than asked for, where there are more.
  absl::StatusOr<std::vector<Migration>> List(
      const std::string& tenant, const std::string& workflow,
      const std::optional<std::pair<UnixMicros, Uuid>>& after, int limit);
  absl::StatusOr<MigrationProgress> Progress(const Migration& migration);

  // For the runner. Open ones of all tenants: tenant and id.
  absl::StatusOr<std::vector<std::pair<std::string, Uuid>>> Open();
  // Chooses up to `limit` executions of these lanes that have no result yet, and gives all of
  // these lanes that are chosen and have none: those of an executor that died too. One that was
  // moved already, as its live row says, is only written down.
  absl::StatusOr<std::vector<Uuid>> Choose(const Migration& migration,
                                           const std::vector<int64_t>& lanes, int limit);
  absl::Status Record(const Migration& migration, const std::vector<Move>& moves);
  // Those that ended meanwhile count no more.
  absl::Status Forget(const Migration& migration, const std::vector<Uuid>& executions);
  // Ends it where nothing is left in any lane.
  absl::Status EndIfDone(const Migration& migration);

 private:
  pg::Pool& pool_;
};

}  // namespace agentflow::executor
