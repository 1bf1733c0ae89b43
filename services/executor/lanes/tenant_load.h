#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "absl/status/status.h"
#include "libs/base/clock.h"

namespace agentflow::executor {

// 0: no limit.
struct TenantLimits {
  int64_t live_executions = 0;
  int64_t starts_per_second = 0;
};

// How much each tenant uses of this executor. Thread-safe.
class TenantLoad {
 public:
  // Takes a place for a new execution. RESOURCE_EXHAUSTED, reason QUOTA_EXCEEDED, with the
  // limit's name and when to try again.
  absl::Status Admit(const std::string& tenant, const TenantLimits& limits, int64_t monotonic);
  // The execution is over, or never came to be.
  void Release(const std::string& tenant);
  // An execution of a lane that was taken over.
  void Adopt(const std::string& tenant);
  int64_t LiveOf(const std::string& tenant) const;
  int64_t live() const;

 private:
  struct Entry {
    int64_t live = 0;
    double tokens = 0;
    int64_t refilled_at = 0;
    bool filled = false;
  };
  mutable std::mutex mutex_;
  std::map<std::string, Entry> tenants_;
  int64_t live_ = 0;
};

}  // namespace agentflow::executor
