#include "services/executor/lanes/admission.h"

#include <limits>

namespace agentflow::executor {

void Admission::Add(const std::string& tenant, int priority, UnixMicros start,
                    const Uuid& execution) {
  queues_[tenant].insert({priority, start, execution});
}

void Admission::Remove(const std::string& tenant, int priority, UnixMicros start,
                       const Uuid& execution) {
  auto queue = queues_.find(tenant);
  if (queue == queues_.end()) return;
  queue->second.erase({priority, start, execution});
  if (queue->second.empty()) queues_.erase(queue);
}

bool Admission::Step(int64_t monotonic, const std::function<void(const Uuid&)>& begin) {
  if (queues_.empty()) return false;
  const uint64_t releases = load_.releases();
  if (releases == releases_seen_ && monotonic < wake_at()) return false;
  releases_seen_ = releases;
  looked_at_ = monotonic;
  bool moved = false;
  for (auto queue = queues_.begin(); queue != queues_.end();) {
    const TenantLimits limits = limits_ ? limits_(queue->first) : TenantLimits();
    while (!queue->second.empty() && load_.Begin(queue->first, limits)) {
      const Uuid execution = std::get<2>(*queue->second.begin());
      queue->second.erase(queue->second.begin());
      begin(execution);
      moved = true;
    }
    queue = queue->second.empty() ? queues_.erase(queue) : std::next(queue);
  }
  return moved;
}

int64_t Admission::wake_at() const {
  return queues_.empty() ? std::numeric_limits<int64_t>::max() : looked_at_ + kLookAgain;
}

}  // namespace agentflow::executor
