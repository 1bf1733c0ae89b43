#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/clock.h"
#include "libs/pg/pool.h"

namespace agentflow::tenant {

// Deleted tenants on their way out: which service still has to erase what it holds, and, once all
// have, the end of what is held here. Blocking, thread-safe.
class Erasures {
 public:
  // `services`: all that hold tenants' rows. What is asked of them begins `delay_ms` after the
  // deletion, when every cached credential of the tenant has ended.
  Erasures(pg::Pool& pool, const Clock& clock, std::vector<std::string> services, int64_t delay_ms)
      : pool_(pool), clock_(clock), services_(std::move(services)), delay_ms_(delay_ms) {}

  // Slugs of tenants that the service has not reported.
  absl::StatusOr<std::vector<std::string>> List(const std::string& service);
  absl::Status Report(const std::string& service, const std::string& tenant);
  // Erases here what all services have reported; the tenant's own row goes last.
  absl::Status Finish();

 private:
  pg::Pool& pool_;
  const Clock& clock_;
  const std::vector<std::string> services_;
  const int64_t delay_ms_;
};

}  // namespace agentflow::tenant
