#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <tuple>

#include "libs/base/clock.h"
#include "libs/base/uuid.h"
#include "services/executor/lanes/tenant_load.h"

namespace agentflow::executor {

// The executions of a committer's lanes that are QUEUED because their tenant has no room: by
// priority, then by start. Belongs to the committer's thread.
class Admission {
 public:
  // `limits` gives what is believed about a tenant now and never blocks.
  Admission(TenantLoad& load, std::function<TenantLimits(const std::string&)> limits)
      : load_(load), limits_(std::move(limits)) {}

  void Add(const std::string& tenant, int priority, UnixMicros start, const Uuid& execution);
  void Remove(const std::string& tenant, int priority, UnixMicros start, const Uuid& execution);

  // Calls `begin` for each execution that may begin now. Looks when a place became free, and
  // every `kLookAgain` microseconds: a limit may have been raised, or another committer's
  // executions have ended.
  bool Step(int64_t monotonic, const std::function<void(const Uuid&)>& begin);
  // When Step has something to do by itself (monotonic); INT64_MAX: never.
  int64_t wake_at() const;
  bool empty() const { return queues_.empty(); }

 private:
  static constexpr int64_t kLookAgain = 100'000;
  using Key = std::tuple<int, UnixMicros, Uuid>;

  TenantLoad& load_;
  const std::function<TenantLimits(const std::string&)> limits_;
  std::map<std::string, std::set<Key>> queues_;
  uint64_t releases_seen_ = 0;
  int64_t looked_at_ = 0;
};

}  // namespace agentflow::executor
