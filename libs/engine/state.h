#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/clock.h"
#include "libs/base/uuid.h"
#include "libs/json/value.h"
#include "libs/workflow/plan.h"

// Everything the engine knows about one execution. It is a fold of events (Apply) and nothing
// else changes it; executors keep it in memory, write it as a snapshot and rebuild it from the
// journal. Values are shared, so a copy costs the steps' array and little more.
namespace agentflow::engine {

using workflow::EdgeIndex;
using workflow::NodeIndex;
using workflow::PlanPtr;
using workflow::PortIndex;
using workflow::ScopeIndex;

// An activation of a scope: 0 is the root's; a container opens one for each item or iteration.
using ActivationIndex = uint32_t;

// Names a step inside an execution: a node in one activation of its scope.
// Outside the engine it is written as a key: "jury", "outer.inner#2.5"; after a container began
// again its steps have other keys, "outer.inner#2@2.5", since they are other effects.
struct StepRef {
  ActivationIndex activation = 0;
  NodeIndex node = 0;

  auto operator<=>(const StepRef&) const = default;
};

// As in the public API; numbers are stored, so never changed.
enum class StepState : uint8_t {
  kPending = 1,  // its join is open, or it is next
  kReady = 2,    // offered to workers, or waiting for its retry time
  kRunning = 3,  // claimed (known only to this process: a claim is not journalled)
  kWaiting = 4,  // for a timer, a signal, a person, a condition, a child or a key
  kCompleted = 5,
  kFailed = 6,
  kSkipped = 7,
  kCanceled = 8,
  kCompensated = 9,
};

enum class Phase : uint8_t {
  kNone = 0,  // not started
  kQueued = 1,
  kRunning = 2,
  kWaiting = 3,  // never stored: see PhaseOf
  kPaused = 4,
  kCompensating = 5,
  kCompleted = 6,
  kFailed = 7,
  kCanceled = 8,
  kTimedOut = 9,
};

enum class Mode : uint8_t { kLive = 1, kTest = 2, kDryRun = 3 };

constexpr bool IsOver(StepState state) {
  return state >= StepState::kCompleted;
}
constexpr bool IsOver(Phase phase) {
  return phase >= Phase::kCompleted;
}

// "COMPLETED", as in the public API.
std::string_view Name(StepState state);
std::string_view Name(Phase phase);
std::string_view Name(Mode mode);

struct Error {
  std::string reason;  // UPPER_SNAKE
  std::string message;
  std::string node;  // path of the node that failed; empty: the execution itself

  bool operator==(const Error&) const = default;
};

// How many failures a step keeps; older ones are in the journal only.
inline constexpr size_t kFailuresKept = 20;

struct AttemptFailure {
  uint32_t attempt = 0;
  Error error;
  UnixMicros time = 0;

  bool operator==(const AttemptFailure&) const = default;
};

// What a worker is asked to do: the same for every attempt of a step.
struct Offer {
  std::string agent;
  json::Value input;
  std::string idempotency_key;  // never empty
  // The attempt is over with HEARTBEAT_TIMEOUT where its handler gave no sign of life for this
  // long: whoever holds it watches over that. 0: any silence.
  workflow::Micros heartbeat = 0;

  bool operator==(const Offer&) const = default;
};

// What its in-edges have made of a step.
enum class Readiness : uint8_t { kOpen = 0, kRun = 1, kSkip = 2 };

// Who may decide an approval, and until when: what the shell shows to people.
struct ApprovalRequest {
  std::string title;
  std::string description;
  std::vector<std::string> by;  // "role:x", "user:y", "group:z": any of them; empty: anybody
  json::Value form;             // JSON Schema of the values to be given; null: none
  workflow::OnTimeout on_timeout = workflow::OnTimeout::kReject;

  bool operator==(const ApprovalRequest&) const = default;
};

// The numbers are stored.
enum class WaitKind : uint8_t {
  kSignal = 1,     // flow.signal: for one of that name
  kApproval = 2,   // flow.approval, or policy.approval before the node runs
  kCondition = 3,  // flow.await
  kChild = 4,      // flow.workflow: for the end of a child execution (detached: for its start)
  kKey = 5,        // flow.critical: for a place at a key
};

// What a step waits for beside time, as it was evaluated.
struct Wait {
  WaitKind kind = WaitKind::kSignal;
  std::string name;  // the signal's; the key; the child's workflow: its id
  std::shared_ptr<const ApprovalRequest> approval;  // kApproval
  // kChild
  int32_t version = 0;  // 0: the one that counts when it starts
  json::Value input;
  bool detach = false;
  uint32_t limit = 1;  // kKey: places that the key has

  bool operator==(const Wait& other) const;
};

// Such a wait as it stands.
struct OpenWait {
  std::shared_ptr<const Wait> what;  // never null
  UnixMicros deadline = 0;           // of a TimerKind::kWait; 0: none
  bool granted = false;              // approved, or the key's place is held: the step may begin
  Uuid child;                        // once it has started
  int32_t child_version = 0;

  bool operator==(const OpenWait& other) const;
};

// A signal that nobody has consumed yet.
struct Signal {
  uint64_t sequence = 0;  // of its SignalReceived
  std::string name;
  json::Value payload;

  bool operator==(const Signal&) const = default;
};

// A request that has counted and may come again, since its answer may have been lost.
struct CommandId {
  enum class Kind : uint8_t { kSignal, kPause, kResume };
  Kind kind = Kind::kSignal;
  std::string id;
  std::string name;  // of the signal

  bool operator==(const CommandId&) const = default;
};

// How many are remembered.
inline constexpr size_t kCommandIdsKept = 1000;

struct Step {
  StepState state = StepState::kPending;
  Readiness readiness = Readiness::kOpen;
  bool in_process = false;             // run by RunStep, not by a worker
  bool held = false;                   // WAITING for somebody's decision after it failed
  bool place = false;                  // has one of its node's policy.concurrency
  PortIndex port = workflow::kNoPort;  // taken when it ended
  uint32_t taken = 0;                  // in-edges that ended so
  uint32_t dead = 0;
  uint32_t attempt = 0;         // the current one, from 1; 0: none yet
  uint32_t lost = 0;            // attempts that vanished with their worker: not counted as tries
  uint32_t forgiven = 0;        // attempts before it was held and retried: not counted either
  UnixMicros scheduled_at = 0;  // first became ready, waiting or done
  UnixMicros ready_at = 0;      // the attempt may not be handed out earlier
  UnixMicros deadline = 0;      // schedule-to-close, or flow.wait's end; 0: none
  UnixMicros started_at = 0;    // claim of the attempt that ended it; 0: open, or not known
  UnixMicros ended_at = 0;
  json::Value output;
  std::shared_ptr<const Offer> offer;    // tasks, once scheduled
  std::shared_ptr<const Error> error;    // once failed; kept where the error was handled
  std::vector<AttemptFailure> failures;  // oldest first; the last kFailuresKept

  // Volatile: set by StepClaimed, lost with the process, told again by whoever holds the task.
  UnixMicros claimed_at = 0;
  UnixMicros attempt_deadline = 0;  // start-to-close; 0: none
  std::string holder;
};

// Names an activation among those of one container's step. Iterations are below 2^20.
constexpr uint32_t ChildNumber(uint32_t run, uint32_t iteration) {
  return run << 20 | iteration;
}

struct Activation {
  ScopeIndex scope = 0;
  StepRef owner;           // the container's step; meaningless for the root
  uint32_t iteration = 0;  // item or iteration number in its container, from 0
  uint32_t run = 0;        // more than 0: of a container that was held and began again
  json::Value item;
  bool open = false;
  uint32_t unsettled = 0;   // steps not over
  std::vector<Step> steps;  // by node index minus the scope's first
};

// How many rounds of a flow.map work on one node: policy.concurrency.
struct Places {
  uint32_t taken = 0;
  uint32_t next = 0;           // flow.pipeline: the first round that has not come to the node yet
  std::set<uint32_t> waiting;  // rounds whose step could begin

  bool operator==(const Places&) const = default;
};

// What a running container keeps.
struct Container {
  json::Value items;         // flow.map
  uint32_t total = 0;        // activations at most
  uint32_t concurrency = 0;  // of them open at a time
  uint32_t next = 0;         // the next one's iteration
  uint32_t open = 0;
  uint32_t failed = 0;
  // By iteration for flow.map; for flow.loop the last one's, once there is one.
  std::vector<json::Value> outputs;
  // Whether it can act: open an activation or complete. Then it is on the agenda.
  bool turn = false;
  std::map<NodeIndex, Places> places;  // of nodes that have some; counted again from the steps

  bool operator==(const Container&) const = default;
};

// How something ends once what it did is undone.
struct Ending {
  enum class Kind : uint8_t { kFail = 1, kCancel = 2, kTimeOut = 3, kComplete = 4 };
  Kind kind = Kind::kFail;
  Error error;            // kFail
  std::string principal;  // kCancel
  std::string cause;      // kCancel
  json::Value output;     // kComplete

  bool operator==(const Ending&) const = default;
};

// Compensations under way: of one activation, or of a container's step with all its bodies.
struct Unwinding {
  std::vector<StepRef> left;     // to be undone, the last one next
  std::vector<StepRef> in_hand;  // being undone: one, or more where inner unwindings were taken in
  std::vector<StepRef> failed;   // could not be undone
  Ending ending;

  bool operator==(const Unwinding&) const = default;
};

// Where an execution comes from that did not start at its start.
struct Origin {
  enum class Kind : uint8_t { kNone = 0, kFork = 1, kRetry = 2 };
  Kind kind = Kind::kNone;
  std::string execution;  // id
  uint64_t sequence = 0;  // the checkpoint there

  bool operator==(const Origin&) const = default;
};

// What an execution has to hold while it runs.
struct ConcurrencyKey {
  std::string key;  // empty: none
  uint32_t limit = 1;
  workflow::WhenBusy when_busy = workflow::WhenBusy::kQueue;

  bool operator==(const ConcurrencyKey&) const = default;
};

// The execution whose flow.workflow started this one.
struct Parent {
  Uuid execution;
  std::string step;  // key
  uint32_t attempt = 0;
  uint32_t depth = 0;     // how many are above this one; 0: no parent
  bool detached = false;  // it has not to be told how this one ends

  bool operator==(const Parent&) const = default;
};

// Why an execution is QUEUED. Bits; stored.
enum Hold : uint8_t {
  kHoldAdmission = 1,  // until AdmitExecution
  kHoldKey = 2,        // until KeyGranted for its concurrency key
};

// Facts about an execution that never change.
struct StartInfo {
  Uuid id;
  std::string tenant;
  std::string principal;  // who started it, and in whose name it runs
  std::string workflow;   // "workflows/{id}"
  int32_t version = 0;
  std::string plan_hash;
  Mode mode = Mode::kLive;
  int32_t priority = 3;  // 1 first, 5 last
  json::Value input;
  std::vector<std::pair<std::string, std::string>> labels;  // sorted
  json::Value connections;  // {id: {field: value}}: what expressions may read
  std::string trace_id;
  std::string request_id;
  std::string business_key;  // unique among the live executions of its workflow; empty: none
  bool strict = false;  // every pure step as if it had policy.checkpoint
  Origin origin;
  Parent parent;
  ConcurrencyKey concurrency;  // where empty, the start evaluates the plan's
  bool queued = false;         // begins with AdmitExecution

  bool operator==(const StartInfo&) const = default;
};

struct ExecutionState {
  PlanPtr plan;  // set before the first event is applied
  std::shared_ptr<const StartInfo> start;
  Phase phase = Phase::kNone;
  bool paused = false;    // on top of the phase: nothing new begins
  uint64_t sequence = 0;  // of the last event in the journal, from 1
  UnixMicros started_at = 0;
  UnixMicros updated_at = 0;  // time of the last event; time never runs back
  UnixMicros ended_at = 0;
  UnixMicros deadline = 0;     // of the execution; 0: none
  UnixMicros resumed_at = 0;   // last
  uint32_t max_in_flight = 0;  // tasks READY or RUNNING at a time; 0: any number
  json::Value output;
  Error error;

  std::vector<Activation> activations;
  // (container step, see ChildNumber) -> activation.
  std::map<std::pair<StepRef, uint32_t>, ActivationIndex> children;
  // Of containers that are RUNNING.
  std::map<StepRef, Container> containers;
  // Of steps that are WAITING for more than time, and of every flow.critical that runs.
  std::map<StepRef, OpenWait> waits;
  std::vector<Signal> signals;  // not consumed, oldest first
  std::vector<CommandId> command_ids;  // the last kCommandIdsKept, oldest first
  uint8_t holds = 0;  // Hold bits: what a QUEUED execution waits for
  // Derived from `waits`: who listens to a signal's name, and the steps of flow.await.
  std::map<std::string, std::set<StepRef>, std::less<>> listeners;
  std::set<StepRef> conditions;
  // Steps whose join is decided and that are still PENDING, those whose wait is granted, and
  // containers that can act, in the order of their turn. The entries before `agenda_head` are
  // spent.
  std::vector<StepRef> agenda;
  size_t agenda_head = 0;
  // The same of tasks where max_in_flight holds: they begin as others end.
  std::vector<StepRef> parked;
  size_t parked_head = 0;
  uint32_t active = 0;     // steps READY or RUNNING
  uint32_t waiting = 0;    // steps WAITING
  uint32_t in_flight = 0;  // tasks READY or RUNNING

  // Steps that completed, have a compensation and are not undone, with the sequence of their
  // completion; negative: before a retry. Their activations' steps must stay.
  std::map<StepRef, int64_t> undoable;
  // By what is unwound: a container's step, or with node kNone a whole activation.
  std::map<StepRef, Unwinding> unwindings;

  bool over() const { return IsOver(phase); }
  // Whether steps may begin.
  bool proceeds() const {
    return (phase == Phase::kRunning || phase == Phase::kCompensating) && !paused;
  }
  // Whether a parked task may begin.
  bool has_place() const { return parked_head < parked.size() && in_flight < max_in_flight; }
  // Whether there is work that needs no outside event: then a Continue command is owed.
  bool more() const { return proceeds() && (agenda_head < agenda.size() || has_place()); }

  // REQUIRES: the reference is valid (HasStep).
  const Step& step(StepRef ref) const;
  Step& step(StepRef ref);
  bool HasStep(StepRef ref) const;
  // The activation of an iteration in the current run of a container. REQUIRES: it was opened.
  ActivationIndex Child(StepRef container, uint32_t iteration) const;
  // Whether the step may still change: its activation is open, or it is a compensation in hand.
  // REQUIRES: HasStep.
  bool IsLive(StepRef ref) const;
};

// The phase as users see it: WAITING where a running execution has nothing to do until a timer,
// a signal or a person.
Phase PhaseOf(const ExecutionState& state);

// "jury", "outer.inner#2.5". REQUIRES: HasStep.
std::string StepKey(const ExecutionState& state, StepRef ref);
// "2.5"; empty outside containers.
std::string IterationPath(const ExecutionState& state, ActivationIndex activation);
// Error: NOT_FOUND, STEP_UNKNOWN.
absl::StatusOr<StepRef> FindStep(const ExecutionState& state, std::string_view key);

// A step as the API shows it. Views point into the state and its plan.
struct StepView {
  StepRef ref;
  std::string_view node;  // path
  std::string iteration;
  std::string_view type;
  const Step* step = nullptr;
  UnixMicros start_time = 0;  // claimed, else scheduled; 0: not yet
  UnixMicros end_time = 0;
};
StepView View(const ExecutionState& state, StepRef ref);
// Every step that has left PENDING, by activation and then by node.
std::vector<StepRef> ListSteps(const ExecutionState& state);

// What an expression reads as nodes.x.error: {reason, message, node}.
json::Value ToJson(const Error& error);

// Sets the volatile fields back, as after a replay.
void ForgetClaims(ExecutionState& state);

}  // namespace agentflow::engine
