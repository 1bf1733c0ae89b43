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

// Show the request to people; DecideApproval answers. Its timeout is the engine's.
struct OpenApproval {
  StepRef step;
  std::shared_ptr<const ApprovalRequest> request;
  UnixMicros deadline = 0;  // 0: none
};

struct CloseApproval {
  StepRef step;
};

// Start a child execution with that parent; answer ChildStarted or ChildRefused, and ChildEnded at
// its end unless it is detached. The child's id is to be made of (execution, step, attempt), so
// that doing it twice starts one.
struct StartChild {
  StepRef step;
  uint32_t attempt = 1;
  std::string workflow;  // its id
  int32_t version = 0;   // 0: the one that counts now
  json::Value input;
  bool detach = false;
};

// Cancel what StartChild started or is starting; nothing is answered.
struct CancelChild {
  StepRef step;
  uint32_t attempt = 1;
  Uuid child;  // nil: ChildStarted has not come yet
  std::string reason;
};

// Who asks for a place at a key: a flow.critical, or the execution itself.
struct Ticket {
  std::optional<StepRef> step;

  auto operator<=>(const Ticket&) const = default;
};

// Queue the ticket for one of `limit` places of (tenant, key); KeyGranted or KeyRefused answers.
// Asking again changes nothing and is answered again.
struct AcquireKey {
  Ticket ticket;
  std::string key;
  uint32_t limit = 1;
  workflow::WhenBusy when_busy = workflow::WhenBusy::kQueue;
  bool held = false;  // it was granted before
};

// Give the place back, or leave the queue.
struct ReleaseKey {
  Ticket ticket;
  std::string key;
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
                                FinishExecution, ReloadExecution, OpenApproval, CloseApproval,
                                StartChild, CancelChild, AcquireKey, ReleaseKey>;

struct Action {
  uint64_t cause = 0;  // sequence of the one event it follows from
  ActionBody body;
};

}  // namespace agentflow::engine
