#include "services/monitor/projections/projector.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "libs/base/status.h"
#include "libs/obs/log.h"

namespace agentflow::monitor {
namespace {

constexpr size_t kQueueLimit = 100'000;
constexpr std::chrono::milliseconds kPause{50};
constexpr std::chrono::milliseconds kIdleWait{1000};

}  // namespace

Projector::Projector(Store& store, const Clock& clock, obs::Registry& metrics)
    : store_(store),
      clock_(clock),
      queue_(kQueueLimit),
      lag_(metrics.Gauge("agentflow_monitor_feed_lag_seconds",
                         "Age of the newest batch that the projections do not contain yet.")),
      batches_(metrics.Counter("agentflow_monitor_batches_total",
                               "Batches of the executors' feed that were projected.")) {}

Projector::~Projector() { Stop(); }

absl::StatusOr<std::map<std::string, int64_t>> Projector::Begin() {
  AF_ASSIGN_OR_RETURN(cursors_, store_.Cursors());
  return cursors_;
}

void Projector::Start() {
  task_ = std::make_unique<runtime::PeriodicTask>("projector", kPause, [this] {
    absl::Status written = Step();
    if (!written.ok()) obs::Warn("projections not written", {{"error", MessageOf(written)}});
  });
}

void Projector::Stop() {
  queue_.Close();
  task_.reset();
}

bool Projector::Add(std::shared_ptr<const Batch> batch) { return queue_.Push(std::move(batch)); }

absl::Status Projector::Step() {
  for (auto& batch : queue_.TakeAll(waiting_.empty() ? kIdleWait : kPause)) {
    waiting_.push_back(std::move(batch));
  }
  struct Stretch {
    Sums sums;
    int64_t reached = 0;
    int64_t commit_time_ms = 0;
    int64_t batches = 0;
  };
  std::map<std::string, Stretch> stretches;
  for (const auto& batch : waiting_) {
    int64_t cursor = std::max(cursors_[batch->committer], stretches[batch->committer].reached);
    if (batch->sequence <= cursor) continue;  // read again after a broken stream
    Stretch& stretch = stretches[batch->committer];
    for (const ExecutionChange& change : batch->changes) stretch.sums.Add(change);
    stretch.reached = batch->sequence;
    stretch.commit_time_ms = batch->commit_time_ms;
    ++stretch.batches;
  }
  for (const auto& [committer, stretch] : stretches) {
    if (stretch.reached == 0) continue;
    absl::Status applied = store_.Apply(committer, cursors_[committer], stretch.reached,
                                        stretch.commit_time_ms * 1000, stretch.sums);
    if (ReasonOf(applied) == "CURSOR_MOVED") {
      // Another monitor, or our own write whose answer was lost: look where it stands.
      AF_ASSIGN_OR_RETURN(cursors_, store_.Cursors());
      return applied;
    }
    if (!applied.ok()) {
      lag_ms_ = clock_.Now() / 1000 - waiting_.front()->commit_time_ms;
      lag_.Set(static_cast<double>(lag_ms_) / 1000);
      return applied;
    }
    cursors_[committer] = stretch.reached;
    batches_.Add(static_cast<double>(stretch.batches));
  }
  waiting_.clear();
  lag_ms_ = 0;
  lag_.Set(0);
  return absl::OkStatus();
}

}  // namespace agentflow::monitor
