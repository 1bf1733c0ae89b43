#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/clock.h"

namespace agentflow::executor {

// How long executions are kept: one of these classes, fixed at the start. In days.
inline constexpr int kRetentionClasses[] = {1, 7, 30, 90, 400};

// How long what belongs to no class is kept.
struct Keep {
  int64_t feed_ms = 86'400'000;
  int migration_days = 90;  // after its end
};

// Makes days before they begin and removes what is kept no longer, all tenants' (role
// executor_engine). Blocking; one thread.
class PgHousekeeping {
 public:
  explicit PgHousekeeping(std::string url);
  ~PgHousekeeping();

  // Makes the partitions of a retention class from `first_day` to `last_day` (days since
  // 1970-01-01, UTC).
  absl::Status EnsurePartitions(int retention_days, int first_day, int last_day);
  // Documents, by tenant and hash, that executions may still be started on.
  absl::Status KeepDocuments(const std::vector<std::pair<std::string, std::string>>& documents,
                             int today);
  // Drops days whole; deletes the rest in bounded portions. Adds to `removed`, by table, what it
  // did: "partition" counts tables, the others rows. Goes on after an error and gives the first.
  absl::Status Trim(int today, const Keep& keep, std::map<std::string, int64_t>* removed);
  absl::StatusOr<UnixMicros> DatabaseTime();

 private:
  struct Rep;
  std::unique_ptr<Rep> rep_;
};

}  // namespace agentflow::executor
