#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "libs/base/clock.h"
#include "libs/pg/audit.h"
#include "libs/pg/pool.h"

namespace agentflow::scheduler {

struct Schedule {
  std::string id;
  std::string title;
  std::string workflow;  // workflows/{id}
  std::string input_json;
  std::string cron;
  std::string time_zone;
  bool paused = false;
  std::string principal;
  int64_t revision = 0;
  std::optional<UnixMicros> next_fire_time;
  std::optional<UnixMicros> last_fire_time;
  std::string last_execution;
  std::string last_error;
  UnixMicros create_time = 0;
  UnixMicros update_time = 0;
};

// Schedules of all tenants in PostgreSQL. Thread-safe; calls block. An unknown schedule is
// NOT_FOUND, reason SCHEDULE_NOT_FOUND.
class Store {
 public:
  explicit Store(pg::Pool& pool) : pool_(pool) {}

  // ALREADY_EXISTS, reason SCHEDULE_EXISTS.
  absl::Status Create(const std::string& tenant, const Schedule& schedule,
                      const pg::AuditRecord& audit);
  absl::StatusOr<Schedule> Get(const std::string& tenant, const std::string& id);
  absl::StatusOr<std::vector<Schedule>> List(const std::string& tenant, const std::string& after,
                                             int limit);
  // ABORTED, reason ETAG_MISMATCH, unless the stored revision is schedule.revision.
  absl::Status Update(const std::string& tenant, const Schedule& schedule,
                      const pg::AuditRecord& audit);
  // With `revision` 0 whatever it is.
  absl::Status Delete(const std::string& tenant, const std::string& id, int64_t revision,
                      const pg::AuditRecord& audit);

  // Tenant and id of schedules that are due, the longest due first.
  absl::StatusOr<std::vector<std::pair<std::string, std::string>>> Due(UnixMicros now, int most);
  absl::StatusOr<std::optional<UnixMicros>> NextDue();
  // What came of the fire at `nominal`; moves on to `next`. Nothing happens when the schedule has
  // moved on already.
  absl::Status Fired(const std::string& tenant, const std::string& id, UnixMicros nominal,
                     const std::string& execution, const std::string& error,
                     std::optional<UnixMicros> next);

 private:
  pg::Pool& pool_;
};

}  // namespace agentflow::scheduler
