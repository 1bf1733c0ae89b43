#include "services/scheduler/schedules/firing.h"

#include <algorithm>

#include "libs/base/status.h"
#include "libs/obs/log.h"
#include "services/scheduler/cron/cron.h"

namespace agentflow::scheduler {
namespace {

constexpr int kMost = 200;
constexpr UnixMicros kSecond = 1'000'000;
// Another scheduler may have been given a schedule that this one does not know of.
constexpr UnixMicros kLookAtLeast = 15 * kSecond;

}  // namespace

absl::StatusOr<UnixMicros> Firing::Step(UnixMicros now) {
  AF_ASSIGN_OR_RETURN(auto due, store_.Due(now, kMost));
  bool retry = false;
  for (const auto& [tenant, id] : due) {
    absl::Status fired = Fire(tenant, id, now);
    if (fired.ok()) continue;
    retry = true;
    obs::Warn("schedule not fired yet",
              {{"tenant", tenant}, {"schedule", id}, {"error", MessageOf(fired)}});
  }
  if (retry || due.size() == kMost) return now + kSecond;
  AF_ASSIGN_OR_RETURN(std::optional<UnixMicros> next, store_.NextDue());
  return std::min(next.value_or(now + kLookAtLeast), now + kLookAtLeast);
}

absl::Status Firing::Fire(const std::string& tenant, const std::string& id, UnixMicros now) {
  absl::StatusOr<Schedule> schedule = store_.Get(tenant, id);
  if (ReasonOf(schedule.status()) == "SCHEDULE_NOT_FOUND") return absl::OkStatus();
  if (!schedule.ok()) return schedule.status();
  if (!schedule->next_fire_time || *schedule->next_fire_time > now) return absl::OkStatus();
  UnixMicros nominal = *schedule->next_fire_time;
  std::string request_id = "schedule:" + id + ":" + std::to_string(nominal / kSecond);
  absl::StatusOr<std::string> execution = starter_.Start(tenant, *schedule, request_id);
  if (!execution.ok() && IsRetryable(execution.status())) return execution.status();
  AF_ASSIGN_OR_RETURN(Cron cron, Cron::Parse(schedule->cron));
  std::string error;
  if (!execution.ok()) {
    error = ReasonOf(execution.status()) + ": " + MessageOf(execution.status());
  }
  return store_.Fired(tenant, id, nominal, execution.value_or(""), error,
                      NextFire(cron, schedule->time_zone, std::max(now, nominal)));
}

}  // namespace agentflow::scheduler
