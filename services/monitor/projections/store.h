#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "libs/base/clock.h"
#include "libs/pg/pool.h"
#include "services/monitor/projections/sums.h"

namespace agentflow::monitor {

struct WorkflowStats {
  std::string workflow;
  std::map<std::string, int64_t> executions_by_state;
  std::map<std::string, int64_t> steps_by_state;
  std::vector<std::pair<int64_t, int64_t>> buckets;  // bucket, count; ascending
  int64_t duration_count = 0;
  int64_t duration_sum_us = 0;
  UnixMicros last_start_time = 0;

  // The duration that a share of executions stays below; 0 without any.
  int64_t PercentileUs(double share) const;
};

// The projections in PostgreSQL. Thread-safe; calls block.
class Store {
 public:
  explicit Store(pg::Pool& pool) : pool_(pool) {}

  // Sequence of the last batch that each committer's projections contain.
  absl::StatusOr<std::map<std::string, int64_t>> Cursors();
  // Adds `sums` and moves the cursor, in one transaction. FAILED_PRECONDITION, reason
  // CURSOR_MOVED, and nothing changed, where the cursor does not stand at `expected`.
  absl::Status Apply(const std::string& committer, int64_t expected, int64_t reached,
                     UnixMicros commit_time, const Sums& sums);
  // By workflow's name, after `after`; `only` narrows to one.
  absl::StatusOr<std::vector<WorkflowStats>> List(const std::string& tenant,
                                                  const std::string& after,
                                                  const std::string& only, int limit);

 private:
  pg::Pool& pool_;
};

}  // namespace agentflow::monitor
