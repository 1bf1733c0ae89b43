#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "libs/base/clock.h"
#include "libs/pg/pool.h"

namespace agentflow::tenant {

// Forget every cached answer for `principal`, or for the whole tenant when it is empty.
struct Revocation {
  std::string tenant;
  std::string principal;
};

// Writes a revocation in the transaction of the change that calls for it.
absl::Status WriteRevocation(pg::TenantTx& tx, const std::string& principal);

// Tells its subscribers of every revocation, whichever instance wrote it: each instance reads the
// table (Step) when PostgreSQL notifies kChannel, and now and then. Some are told twice; none is
// missed, since each look goes back over the time that transactions may have been open.
// Thread-safe.
class RevocationFeed {
 public:
  static constexpr char kChannel[] = "tenant_revocation";

  using Listener = std::function<void(const Revocation&)>;

  explicit RevocationFeed(pg::Pool& pool) : pool_(pool) {}

  // Reads what is new and tells the subscribers.
  absl::Status Step();

  // `listener` first hears those of the last minute, so that a subscriber that was away for less
  // misses nothing, then new ones. It is called under a lock: it must not block or call back.
  int64_t Subscribe(Listener listener);
  void Unsubscribe(int64_t id);

 private:
  void Tell(const Revocation& revocation, UnixMicros time);

  pg::Pool& pool_;
  std::mutex step_mutex_;
  std::optional<UnixMicros> since_;  // database time of the last look
  std::set<int64_t> seen_;
  std::mutex mutex_;
  std::deque<std::pair<UnixMicros, Revocation>> recent_;
  std::map<int64_t, Listener> listeners_;
  int64_t next_id_ = 1;
};

}  // namespace agentflow::tenant
