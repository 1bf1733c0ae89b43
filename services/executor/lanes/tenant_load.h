#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "absl/status/statusor.h"
#include "libs/base/clock.h"

namespace agentflow::executor {

// What the tenant service says; 0: no limit.
struct TenantLimits {
  int64_t live_executions = 0;
  int64_t starts_per_second = 0;
  int64_t running_executions = 0;
  int64_t queued_executions = 0;
  int64_t weight = 0;  // 0: kDefaultWeight

  bool operator==(const TenantLimits&) const = default;
};
inline constexpr int64_t kDefaultWeight = 100;

// How much each tenant uses of this executor. Where lanes are spread over several executors each
// keeps to its part of a limit: that of its lanes among all. Thread-safe.
class TenantLoad {
 public:
  // Where an execution counts: under way, or QUEUED until the tenant has room.
  enum class Place : uint8_t { kRunning, kQueued };

  // Takes a place for a new execution. RESOURCE_EXHAUSTED, reason QUOTA_EXCEEDED, with the
  // limit's name and when to try again.
  absl::StatusOr<Place> Admit(const std::string& tenant, const TenantLimits& limits,
                              int64_t monotonic);
  // Whether a queued execution may begin now; then its place is one of those under way.
  bool Begin(const std::string& tenant, const TenantLimits& limits);
  // The execution is over, or never came to be.
  void Release(const std::string& tenant, Place place);
  // An execution of a lane that was taken over.
  void Adopt(const std::string& tenant, Place place);

  // The lanes of this executor among all, 0 to 1.
  void SetShare(double share) { share_ = share; }
  int64_t WeightOf(const std::string& tenant) const;
  // Counts the places that became free, so that who waits for one sees whether to look.
  uint64_t releases() const { return releases_; }

  int64_t LiveOf(const std::string& tenant) const;
  int64_t live() const;
  int64_t queued() const;

 private:
  struct Entry {
    int64_t running = 0;
    int64_t queued = 0;
    double tokens = 0;
    int64_t refilled_at = 0;
    bool filled = false;
    int64_t weight = kDefaultWeight;
  };
  int64_t Part(int64_t limit) const;
  absl::Status TakeToken(Entry& entry, int64_t per_second, int64_t monotonic) const;

  std::atomic<double> share_{1};
  std::atomic<uint64_t> releases_{0};
  mutable std::mutex mutex_;
  std::map<std::string, Entry> tenants_;
  int64_t running_ = 0;
  int64_t queued_ = 0;
};

}  // namespace agentflow::executor
