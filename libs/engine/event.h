#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "libs/engine/state.h"

// What happened, as the journal keeps it for ever. An event says what was decided, with every
// evaluated value in it, so that a replay never evaluates, draws or looks at a clock.
//
// Append-only: new kinds and new fields may come, none goes or changes its meaning. The numbers
// of kinds and fields are in codec.cc; a corpus of stored histories is replayed by the tests.
namespace agentflow::engine {

struct ExecutionStarted {
  std::shared_ptr<const StartInfo> info;
  UnixMicros deadline = 0;     // 0: none
  uint32_t max_in_flight = 0;  // tasks READY or RUNNING at a time; 0: any number
};

// A task was offered, or with `in_process` handed out as an in-process task: READY, attempt 1.
struct StepScheduled {
  StepRef step;
  std::shared_ptr<const Offer> offer;  // null for in-process steps
  UnixMicros ready_at = 0;
  UnixMicros deadline = 0;  // schedule-to-close; 0: none
  bool in_process = false;
};

// READY -> RUNNING. Volatile: it is published but not journalled and has no sequence number.
struct StepClaimed {
  StepRef step;
  uint32_t attempt = 0;
  std::string holder;
  UnixMicros deadline = 0;  // start-to-close; 0: none
};

// Waits: until `wake_at`, or for `wait`.
struct StepWaiting {
  StepRef step;
  UnixMicros wake_at = 0;            // with `wait`: when its own timer fires; 0: it has none
  std::shared_ptr<const Wait> wait;  // null: for time alone
  UnixMicros deadline = 0;           // schedule-to-close, with `wait`; 0: none
};

struct StepCompleted {
  StepRef step;
  uint32_t attempt = 1;
  PortIndex port = 0;  // the out-edges of every other port are dead
  json::Value output;
  UnixMicros started_at = 0;  // claimed; 0: not known
  uint64_t signal = 0;        // sequence of the SignalReceived that it consumes; 0: none
};

// An attempt failed and the step goes on: READY again with attempt + 1.
struct AttemptFailed {
  StepRef step;
  uint32_t attempt = 0;
  Error error;
  UnixMicros ready_at = 0;  // of the next attempt
  bool lost = false;        // not counted against maxAttempts
};

// The step is over. `port` says what follows: kErrorPort (the error edges for this reason),
// another port (onError: continue), or kNoPort (the scope fails next).
struct StepFailed {
  StepRef step;
  uint32_t attempt = 0;
  Error error;
  PortIndex port = workflow::kNoPort;
  UnixMicros started_at = 0;  // of the last attempt; 0: not known
};

// Its join can no longer be met: its out-edges are dead.
struct StepSkipped {
  StepRef step;
};

// Cancelled alone (cancelRest), or with its scope; its out-edges are dead.
struct StepCanceled {
  StepRef step;
  std::string reason;
};

// A container is RUNNING; it opens activations of its body in its turns.
struct ContainerStarted {
  StepRef step;
  json::Value items;         // flow.map
  uint32_t total = 0;        // activations at most
  uint32_t concurrency = 0;  // of them open at a time
};

// A container opened an activation of its body; `activation` is the next free index.
struct ActivationOpened {
  ActivationIndex activation = 0;
  ScopeIndex scope = 0;
  StepRef owner;
  uint32_t iteration = 0;
  json::Value item;  // flow.map: not written, it is items[iteration]
};

// All its steps are over; those that were open are CANCELED.
struct ActivationClosed {
  ActivationIndex activation = 0;
  json::Value output;
  Error error;  // why it failed; no reason: it did not
};

struct SignalReceived {
  std::string id;  // empty: none
  std::string name;
  json::Value payload;
  std::string principal;
};

// A step may begin, or a flow.approval ends next.
struct ApprovalDecided {
  StepRef step;
  bool approved = false;
  std::string principal;  // empty: by its timeout
  std::string comment;
  json::Value values;
};

// A child execution runs.
struct ChildAttached {
  StepRef step;
  uint32_t attempt = 1;
  Uuid child;
  int32_t version = 0;
};

// A flow.critical has its place at the key and may begin.
struct KeyHeld {
  StepRef step;
};

// One thing less that a QUEUED execution waits for; with the last one it is RUNNING.
struct HoldLifted {
  Hold hold = kHoldAdmission;
  UnixMicros deadline = 0;  // of the execution, where it begins; 0: none
};

// The four ends. Steps still open become CANCELED.
struct ExecutionCompleted {
  json::Value output;
};
struct ExecutionFailed {
  Error error;
};
struct ExecutionCanceled {
  std::string principal;
  std::string cause;
  Error error;  // COMPENSATION_FAILED; no reason: none
};
struct ExecutionTimedOut {
  Error error;  // the same
};

// Nothing new begins until ExecutionResumed.
struct ExecutionPaused {
  std::string principal;
  std::string cause;
  std::string id = {};  // of the request
};
struct ExecutionResumed {
  std::string principal;
  std::string id = {};  // of the request
};

// Failed for good, but somebody decides what follows (onError: pause): the step is WAITING with
// its error, and the execution paused.
struct StepHeld {
  StepRef step;
  uint32_t attempt = 0;
  Error error;
  UnixMicros started_at = 0;  // of the last attempt; 0: not known
};

// A held step begins again, with all its attempts anew: PENDING and next.
struct StepRetried {
  StepRef step;
};

// What is open in the target becomes CANCELED; then steps that completed are undone in reverse,
// before it ends as `ending` says: an activation (node is kNone), or a container's step.
struct UnwindingStarted {
  StepRef target;
  bool everything = false;  // also what is outside of open transactions
  Ending ending;
};

// Its compensation has completed.
struct StepCompensated {
  StepRef step;
};

// The state was replaced by the one in `snapshot`, which belongs to the plan of that hash; what
// came before is history of another plan or another execution.
struct ExecutionRebased {
  // kRehome: the same state of the same plan, for a journal that begins anew.
  enum class Kind : uint8_t { kFork = 1, kRetry = 2, kMigrate = 3, kRehome = 4 };
  Kind kind = Kind::kFork;
  std::string plan_hash;
  std::string snapshot;          // EncodeState
  std::string source;            // kFork, kRetry: id of the execution it comes from
  uint64_t source_sequence = 0;  // and the checkpoint there
};

using EventBody =
    std::variant<ExecutionStarted, StepScheduled, StepClaimed, StepWaiting, StepCompleted,
                 AttemptFailed, StepFailed, StepSkipped, StepCanceled, ActivationOpened,
                 ActivationClosed, ExecutionCompleted, ExecutionFailed, ExecutionCanceled,
                 ExecutionTimedOut, ContainerStarted, ExecutionPaused, ExecutionResumed, StepHeld,
                 StepRetried, UnwindingStarted, StepCompensated, ExecutionRebased, SignalReceived,
                 ApprovalDecided, ChildAttached, KeyHeld, HoldLifted>;

struct Event {
  uint64_t sequence = 0;  // from 1 without gaps; of a volatile event: that of the event before
  UnixMicros time = 0;
  EventBody body;
};

// "StepCompleted"
std::string_view TypeName(const Event& event);
// Whether it stays out of the journal.
bool IsVolatile(const Event& event);
// The step it is about; nullopt for those about the execution or an activation.
std::optional<StepRef> StepOf(const Event& event);

}  // namespace agentflow::engine
