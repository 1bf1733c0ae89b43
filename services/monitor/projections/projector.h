#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>

#include "libs/base/clock.h"
#include "libs/obs/metrics.h"
#include "libs/runtime/periodic.h"
#include "libs/runtime/queue.h"
#include "services/monitor/change.h"
#include "services/monitor/projections/store.h"

namespace agentflow::monitor {

// Writes the feed's sums. Everything that waits becomes one transaction per committer, so a slow
// database makes larger writes, not a longer queue.
class Projector {
 public:
  Projector(Store& store, const Clock& clock, obs::Registry& metrics);
  ~Projector();

  // Where reading must begin: what the projections contain.
  absl::StatusOr<std::map<std::string, int64_t>> Begin();
  void Start();
  void Stop();

  // Thread-safe; blocks never. False when too much waits: read the feed again from Cursor().
  bool Add(std::shared_ptr<const Batch> batch);
  // Takes what waits and writes it. For tests; not while started.
  absl::Status Step();

  // How far the projections are behind the newest commit seen.
  int64_t lag_ms() const { return lag_ms_; }

 private:
  Store& store_;
  const Clock& clock_;
  runtime::MpscQueue<std::shared_ptr<const Batch>> queue_;
  std::map<std::string, int64_t> cursors_;
  std::vector<std::shared_ptr<const Batch>> waiting_;
  std::atomic<int64_t> lag_ms_{0};
  obs::Gauge lag_;
  obs::Counter batches_;
  std::unique_ptr<runtime::PeriodicTask> task_;
};

}  // namespace agentflow::monitor
