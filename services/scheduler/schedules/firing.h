#pragma once

#include <functional>
#include <string>

#include "libs/base/clock.h"
#include "services/scheduler/schedules/store.h"

namespace agentflow::scheduler {

// How executions are started; the real one is client/starter.
class Starter {
 public:
  virtual ~Starter() = default;
  // Starts in the schedule's principal's name, after asking whether it still may. The same
  // request id starts once, whoever asks. Gives executions/{id}.
  virtual absl::StatusOr<std::string> Start(const std::string& tenant, const Schedule& schedule,
                                            const std::string& request_id) = 0;
};

// Starts executions when schedules are due: one per nominal time, however many schedulers look,
// because the request id is made of the schedule and the nominal time. While executors cannot be
// reached the fire waits; after a time in which nobody looked, the earliest missed one is made up
// and the other missed ones are left out.
class Firing {
 public:
  Firing(Store& store, Starter& starter) : store_(store), starter_(starter) {}

  // Fires what is due; gives when to look again.
  absl::StatusOr<UnixMicros> Step(UnixMicros now);

 private:
  absl::Status Fire(const std::string& tenant, const std::string& id, UnixMicros now);

  Store& store_;
  Starter& starter_;
};

}  // namespace agentflow::scheduler
