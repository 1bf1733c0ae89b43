#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "libs/engine/state.h"

// What the shell must do once the events of the same decision are committed, never before.
// Actions are requests, not facts: each can be made again from the state (see Outstanding).
namespace agentflow::engine {

enum class TimerKind : uint8_t {
  kExecution = 1,        // the execution's own timeout
  kWait = 2,             // flow.wait
  kScheduleToClose = 3,  // a step with all its attempts
  kStartToClose = 4,     // one attempt, from its claim
  kScheduleToStart = 5,  // one attempt, until its claim
  kHeartbeat = 6,
};

// Identifies a timer inside its execution; says everything needed to see that it is stale.
struct TimerId {
  TimerKind kind = TimerKind::kExecution;
  StepRef step;          // not kExecution
  uint32_t attempt = 0;  // kStartToClose, kScheduleToStart

  bool operator==(const TimerId&) const = default;
};

// A few bytes, for the key of a stored timer.
std::string Encode(const TimerId& id);
std::optional<TimerId> DecodeTimerId(std::string_view bytes);

// Offer a task to workers, not before `ready_at`. The same attempt is offered again when a paused
// execution is resumed: claims were refused meanwhile.
struct OfferTask {
  StepRef step;
  uint32_t attempt = 1;
  std::shared_ptr<const Offer> offer;
  UnixMicros ready_at = 0;
  UnixMicros deadline = 0;              // schedule-to-close; 0: none
  workflow::Micros start_to_close = 0;  // for the worker's information; 0: none
  workflow::Micros heartbeat = 0;       // silence of the worker after which it is over; 0: any
};

// Send RunStep after the commit. Comes again when a paused execution is resumed.
struct RunInProcess {
  StepRef step;
  uint32_t attempt = 1;
};

// Send FireTimer at `fire_at` or later. Durable timers are stored with the commit; the others
// (start-to-close, schedule-to-start), which depend on unjournalled claims, live in memory only.
// After a restart Outstanding tells them again: fire them only once the holders have reported.
struct StartTimer {
  TimerId id;
  UnixMicros fire_at = 0;
  bool durable = true;
};

struct CancelTimer {
  TimerId id;
  UnixMicros fire_at = 0;  // as it was started
  bool durable = true;
};

// Take the task back: tell its worker, or drop it from the queue.
struct CancelTask {
  StepRef step;
  uint32_t attempt = 0;
  std::string reason;
};

// The execution is over; what it answers is in the state.
struct FinishExecution {
  Phase phase = Phase::kCompleted;
};

// The state was replaced (MigrateExecution): whatever is known outside about this execution's
// tasks and timers is void, without a word to those who hold them. Begin again from
// Outstanding(state), as a new owner does.
struct ReloadExecution {
  struct Attempt {
    std::string step;  // key before
    uint32_t attempt = 0;

    bool operator==(const Attempt&) const = default;
  };
  // Attempts that go on under another name; whoever holds one drops it.
  std::vector<Attempt> dropped;
};

using ActionBody = std::variant<OfferTask, RunInProcess, StartTimer, CancelTimer, CancelTask,
                                FinishExecution, ReloadExecution>;

struct Action {
  uint64_t cause = 0;  // sequence of the one event it follows from
  ActionBody body;
};

}  // namespace agentflow::engine
