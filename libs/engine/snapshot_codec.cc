#include <algorithm>
#include <span>

#include "libs/base/status.h"
#include "libs/engine/codec.h"
#include "libs/engine/derived.h"
#include "libs/engine/stored.h"
#include "libs/engine/wire.h"

// Snapshots as fields with tags; append-only tables. What can be counted or looked up again
// (counters, children) is not stored.
namespace agentflow::engine {
namespace {

enum StateTag : uint32_t {
  kFormat = 1,
  kInfo = 2,
  kPhase = 3,
  kSequence = 4,
  kStartedAt = 5,
  kUpdatedAt = 6,
  kEndedAt = 7,
  kDeadline = 8,
  kOutput = 9,
  kError = 10,
  kActivation = 11,  // repeated
  kAgenda = 12,      // varints: activation, node, activation, node, ...
  kContainer = 13,   // repeated
  kPaused = 25,
  kResumedAt = 26,
  kMaxInFlight = 27,
  kParked = 28,     // like kAgenda
  kUndoable = 29,   // varints: activation, node, sequence as zigzag, ...
  kUnwinding = 30,  // repeated
  kOpenWait = 40,   // repeated
  kSignal = 41,     // repeated: {1 sequence, 2 name, 3 payload}
  kCommandId = 42,  // repeated: {1 id, 2 name, 3 kind}
  kHolds = 43,
};

enum UnwindingTag : uint32_t {
  kTargetActivation = 1,
  kTargetNode = 2,
  kLeft = 3,  // like kAgenda
  kInHand = 4,
  kUndoFailed = 5,
  kEnding = 6,
};

enum ActivationTag : uint32_t {
  kScope = 1,
  kOwnerActivation = 2,
  kOwnerNode = 3,
  kIteration = 4,
  kItem = 5,
  kOpen = 6,
  kUnsettled = 7,
  kStep = 8,  // repeated; untouched steps are left out
  kRun = 25,
};

enum StepTag : uint32_t {
  kIndex = 1,
  kState = 2,
  kReadiness = 3,
  kInProcess = 4,
  kPortPlusOne = 5,  // 0: kNoPort
  kTaken = 6,
  kDead = 7,
  kAttempt = 8,
  kLost = 9,
  kScheduledAt = 10,
  kReadyAt = 11,
  kStepDeadline = 12,
  kStepStartedAt = 13,
  kStepEndedAt = 14,
  kStepOutput = 15,
  kOffer = 16,
  kStepError = 17,
  kFailure = 18,  // repeated: {1 attempt, 2 error, 3 time}
  kHeld = 25,
  kForgiven = 26,
  kPlace = 40,
};

enum OpenWaitTag : uint32_t {
  kWaitActivation = 1,
  kWaitNode = 2,
  kWhat = 3,
  kWaitDeadline = 4,
  kGranted = 5,
  kChild = 6,
  kChildVersion = 7,
};

enum ContainerTag : uint32_t {
  kContainerActivation = 1,
  kContainerNode = 2,
  kItems = 3,
  kTotal = 4,
  kConcurrency = 5,
  kNext = 6,
  kOpenBodies = 7,
  kFailed = 8,
  kOutputs = 9,  // a list
  kTurn = 10,
};

constexpr uint64_t kFormatVersion = 1;

bool Untouched(const Step& step) {
  return step.state == StepState::kPending && step.taken == 0 && step.dead == 0 &&
         step.readiness == Readiness::kOpen;
}

std::string PackRefs(std::span<const StepRef> refs) {
  std::string bytes;
  for (StepRef ref : refs) {
    WriteVarint(ref.activation, &bytes);
    WriteVarint(ref.node, &bytes);
  }
  return bytes;
}

void WriteStep(uint32_t index, const Step& step, bool container, WireWriter& out) {
  // A claim is volatile: after a restart its task is READY until its holder speaks up.
  bool claimed = step.state == StepState::kRunning && !container;
  StepState state = claimed ? StepState::kReady : step.state;
  out.Number(kIndex, index);
  out.Number(kState, static_cast<uint64_t>(state));
  out.Number(kReadiness, static_cast<uint64_t>(step.readiness));
  out.Number(kInProcess, step.in_process);
  if (step.port != workflow::kNoPort) out.Number(kPortPlusOne, uint64_t{step.port} + 1);
  out.Number(kTaken, step.taken);
  out.Number(kDead, step.dead);
  out.Number(kAttempt, step.attempt);
  out.Number(kLost, step.lost);
  out.Signed(kScheduledAt, step.scheduled_at);
  out.Signed(kReadyAt, step.ready_at);
  out.Signed(kStepDeadline, step.deadline);
  out.Signed(kStepStartedAt, step.started_at);
  out.Signed(kStepEndedAt, step.ended_at);
  WriteValueField(kStepOutput, step.output, out);
  if (step.offer) out.Message(kOffer, [&](WireWriter& offer) { WriteOffer(*step.offer, offer); });
  if (step.error) WriteErrorField(kStepError, *step.error, out);
  out.Number(kPlace, step.place);
  for (const AttemptFailure& failure : step.failures) {
    out.Message(kFailure, [&](WireWriter& fields) {
      fields.Number(1, failure.attempt);
      WriteErrorField(2, failure.error, fields);
      fields.Signed(3, failure.time);
    });
  }
  out.Number(kHeld, step.held);
  out.Number(kForgiven, step.forgiven);
}

void WriteActivation(const ExecutionState& state, const Activation& activation, WireWriter& out) {
  out.Number(kScope, activation.scope);
  out.Number(kOwnerActivation, activation.owner.activation);
  out.Number(kOwnerNode, activation.owner.node);
  out.Number(kIteration, activation.iteration);
  WriteValueField(kItem, activation.item, out);
  out.Number(kOpen, activation.open);
  out.Number(kUnsettled, activation.unsettled);
  out.Number(kRun, activation.run);
  NodeIndex first = state.plan->scopes[activation.scope].first_node;
  for (uint32_t i = 0; i < activation.steps.size(); ++i) {
    if (Untouched(activation.steps[i])) continue;
    bool container = state.plan->nodes[first + i].body != workflow::kNone;
    out.Message(kStep,
                [&](WireWriter& step) { WriteStep(i, activation.steps[i], container, step); });
  }
}

void WriteContainer(StepRef ref, const Container& container, WireWriter& out) {
  out.Number(kContainerActivation, ref.activation);
  out.Number(kContainerNode, ref.node);
  WriteValueField(kItems, container.items, out);
  out.Number(kTotal, container.total);
  out.Number(kConcurrency, container.concurrency);
  out.Number(kNext, container.next);
  out.Number(kOpenBodies, container.open);
  out.Number(kFailed, container.failed);
  WriteValueField(kOutputs, json::Array(container.outputs), out);
  out.Number(kTurn, container.turn);
}

void WriteUnwinding(StepRef target, const Unwinding& unwinding, WireWriter& out) {
  out.Number(kTargetActivation, target.activation);
  out.Number(kTargetNode, target.node);
  out.Bytes(kLeft, PackRefs(unwinding.left));
  out.Bytes(kInHand, PackRefs(unwinding.in_hand));
  out.Bytes(kUndoFailed, PackRefs(unwinding.failed));
  WriteEndingField(kEnding, unwinding.ending, out);
}

void WriteOpenWait(StepRef ref, const OpenWait& wait, WireWriter& out) {
  out.Number(kWaitActivation, ref.activation);
  out.Number(kWaitNode, ref.node);
  out.Message(kWhat, [&](WireWriter& what) { WriteWait(*wait.what, what); });
  out.Signed(kWaitDeadline, wait.deadline);
  out.Number(kGranted, wait.granted);
  WriteIdField(kChild, wait.child, out);
  out.Number(kChildVersion, static_cast<uint64_t>(std::max(wait.child_version, 0)));
}

bool ReadOpenWaitField(const WireReader& in, StepRef* ref, OpenWait* wait) {
  switch (in.tag) {
    case kWaitActivation:
      return Fit(in.number, &ref->activation);
    case kWaitNode:
      return Fit(in.number, &ref->node);
    case kWhat:
      return ReadWait(in.bytes, &wait->what);
    case kWaitDeadline:
      wait->deadline = UnZigZag(in.number);
      return true;
    case kGranted:
      wait->granted = in.number != 0;
      return true;
    case kChild:
      return ReadId(in.bytes, &wait->child);
    case kChildVersion:
      return Fit(in.number, &wait->child_version);
    default:
      return true;
  }
}

bool ReadContainerField(const WireReader& in, StepRef* ref, Container* container) {
  switch (in.tag) {
    case kContainerActivation:
      return Fit(in.number, &ref->activation);
    case kContainerNode:
      return Fit(in.number, &ref->node);
    case kItems:
      return ReadValue(in.bytes, &container->items);
    case kTotal:
      return Fit(in.number, &container->total);
    case kConcurrency:
      return Fit(in.number, &container->concurrency);
    case kNext:
      return Fit(in.number, &container->next);
    case kOpenBodies:
      return Fit(in.number, &container->open);
    case kFailed:
      return Fit(in.number, &container->failed);
    case kTurn:
      container->turn = in.number != 0;
      return true;
    default:
      return true;
  }
}

bool ReadFailure(std::string_view bytes, Step* step) {
  AttemptFailure& failure = step->failures.emplace_back();
  WireReader in(bytes);
  while (in.Next()) {
    if (in.tag == 1 && !Fit(in.number, &failure.attempt)) return false;
    if (in.tag == 2 && !ReadError(in.bytes, &failure.error)) return false;
    if (in.tag == 3) failure.time = UnZigZag(in.number);
  }
  return in.ok();
}

bool ReadStepError(std::string_view bytes, Step* step) {
  auto error = std::make_shared<Error>();
  if (!ReadError(bytes, error.get())) return false;
  step->error = std::move(error);
  return true;
}

bool ReadPort(uint64_t number, Step* step) {
  if (number == 0 || number > uint64_t{UINT16_MAX} + 1) return false;
  step->port = static_cast<PortIndex>(number - 1);
  return true;
}

bool ReadStepField(const WireReader& in, Step* step) {
  switch (in.tag) {
    case kState:
      step->state = static_cast<StepState>(in.number);
      return in.number >= 1 && in.number <= 9;
    case kReadiness:
      step->readiness = static_cast<Readiness>(in.number);
      return in.number <= 2;
    case kInProcess:
      step->in_process = in.number != 0;
      return true;
    case kPortPlusOne:
      return ReadPort(in.number, step);
    case kTaken:
      return Fit(in.number, &step->taken);
    case kDead:
      return Fit(in.number, &step->dead);
    case kAttempt:
      return Fit(in.number, &step->attempt);
    case kLost:
      return Fit(in.number, &step->lost);
    case kScheduledAt:
      step->scheduled_at = UnZigZag(in.number);
      return true;
    case kReadyAt:
      step->ready_at = UnZigZag(in.number);
      return true;
    case kStepDeadline:
      step->deadline = UnZigZag(in.number);
      return true;
    case kStepStartedAt:
      step->started_at = UnZigZag(in.number);
      return true;
    case kStepEndedAt:
      step->ended_at = UnZigZag(in.number);
      return true;
    case kStepOutput:
      return ReadValue(in.bytes, &step->output);
    case kOffer:
      return ReadOffer(in.bytes, &step->offer);
    case kStepError:
      return ReadStepError(in.bytes, step);
    case kFailure:
      return ReadFailure(in.bytes, step);
    case kHeld:
      step->held = in.number != 0;
      return true;
    case kForgiven:
      return Fit(in.number, &step->forgiven);
    case kPlace:
      step->place = in.number != 0;
      return true;
    default:
      return true;
  }
}

// Reads one snapshot against its plan.
class StateReader {
 public:
  explicit StateReader(PlanPtr plan) { state_.plan = std::move(plan); }

  bool Read(std::string_view bytes) {
    WireReader in(bytes);
    while (in.Next()) {
      if (!ReadStateField(in)) return false;
    }
    if (!in.ok() || !state_.start || !CheckRefs() || !CheckContainers() || !CheckWaits()) {
      return false;
    }
    for (const auto& entry : state_.containers) CountPlaces(state_, entry.first);
    return true;
  }

  ExecutionState Take() { return std::move(state_); }

 private:
  bool ReadStateField(const WireReader& in) {
    switch (in.tag) {
      case kFormat:
        return in.number == kFormatVersion;
      case kInfo:
        return ReadStartInfo(in.bytes, &state_.start);
      case kPhase:
        state_.phase = static_cast<Phase>(in.number);
        return in.number <= 9;
      case kSequence:
        state_.sequence = in.number;
        return true;
      case kStartedAt:
        state_.started_at = UnZigZag(in.number);
        return true;
      case kUpdatedAt:
        state_.updated_at = UnZigZag(in.number);
        return true;
      case kEndedAt:
        state_.ended_at = UnZigZag(in.number);
        return true;
      case kDeadline:
        state_.deadline = UnZigZag(in.number);
        return true;
      case kOutput:
        return ReadValue(in.bytes, &state_.output);
      case kError:
        return ReadError(in.bytes, &state_.error);
      case kActivation:
        return ReadActivation(in.bytes);
      case kAgenda:
        return ReadRefs(in.bytes, &state_.agenda);
      case kContainer:
        return ReadContainer(in.bytes);
      case kOpenWait:
        return ReadOpenWait(in.bytes);
      case kSignal:
        return ReadSignal(in.bytes);
      case kCommandId:
        return ReadCommandId(in.bytes);
      case kHolds:
        return Fit(in.number, &state_.holds);
      default:
        return ReadControlField(in);
    }
  }

  bool ReadControlField(const WireReader& in) {
    switch (in.tag) {
      case kPaused:
        state_.paused = in.number != 0;
        return true;
      case kResumedAt:
        state_.resumed_at = UnZigZag(in.number);
        return true;
      case kMaxInFlight:
        return Fit(in.number, &state_.max_in_flight);
      case kParked:
        return ReadRefs(in.bytes, &state_.parked);
      case kUndoable:
        return ReadUndoable(in.bytes);
      case kUnwinding:
        return ReadUnwinding(in.bytes);
      default:
        return true;
    }
  }

  bool ReadUndoable(std::string_view bytes) {
    WireReader in(bytes);
    while (!in.at_end()) {
      uint32_t activation = in.Varint32();
      uint32_t node = in.Varint32();
      state_.undoable[{activation, node}] = UnZigZag(in.Varint());
    }
    return in.ok();
  }

  bool ReadUnwinding(std::string_view bytes) {
    StepRef target;
    Unwinding unwinding;
    WireReader in(bytes);
    while (in.Next()) {
      bool ok = true;
      if (in.tag == kTargetActivation) ok = Fit(in.number, &target.activation);
      if (in.tag == kTargetNode) ok = Fit(in.number, &target.node);
      if (in.tag == kLeft) ok = ReadRefs(in.bytes, &unwinding.left);
      if (in.tag == kInHand) ok = ReadRefs(in.bytes, &unwinding.in_hand);
      if (in.tag == kUndoFailed) ok = ReadRefs(in.bytes, &unwinding.failed);
      if (in.tag == kEnding) ok = ReadEnding(in.bytes, &unwinding.ending);
      if (!ok) return false;
    }
    return in.ok() && state_.unwindings.insert({target, std::move(unwinding)}).second;
  }

  bool ReadActivation(std::string_view bytes) {
    Activation activation;
    std::vector<std::string_view> steps;
    WireReader in(bytes);
    while (in.Next()) {
      if (in.tag == kStep) steps.push_back(in.bytes);
      if (!ReadActivationField(in, &activation)) return false;
    }
    bool root = state_.activations.empty();
    if (!in.ok() || activation.scope >= state_.plan->scopes.size() ||
        root != (activation.scope == 0)) {
      return false;
    }
    if (!root && !Adopt(activation)) return false;
    activation.steps.resize(state_.plan->scopes[activation.scope].node_count);
    for (std::string_view step : steps) {
      if (!ReadStep(step, &activation)) return false;
    }
    state_.activations.push_back(std::move(activation));
    return true;
  }

  static bool ReadActivationField(const WireReader& in, Activation* activation) {
    switch (in.tag) {
      case kScope:
        return Fit(in.number, &activation->scope);
      case kOwnerActivation:
        return Fit(in.number, &activation->owner.activation);
      case kOwnerNode:
        return Fit(in.number, &activation->owner.node);
      case kIteration:
        return Fit(in.number, &activation->iteration);
      case kItem:
        return ReadValue(in.bytes, &activation->item);
      case kOpen:
        activation->open = in.number != 0;
        return true;
      case kUnsettled:
        return Fit(in.number, &activation->unsettled);
      case kRun:
        return Fit(in.number, &activation->run);
      default:
        return true;
    }
  }

  bool Adopt(const Activation& activation) {
    auto number = static_cast<ActivationIndex>(state_.activations.size());
    if (!state_.HasStep(activation.owner) ||
        state_.plan->nodes[activation.owner.node].body != activation.scope) {
      return false;
    }
    uint32_t child = ChildNumber(activation.run, activation.iteration);
    return state_.children.insert({{activation.owner, child}, number}).second;
  }

  bool ReadStep(std::string_view bytes, Activation* activation) {
    Step step;
    uint32_t index = 0;
    WireReader in(bytes);
    while (in.Next()) {
      if (in.tag == kIndex ? !Fit(in.number, &index) : !ReadStepField(in, &step)) return false;
    }
    if (!in.ok() || index >= activation->steps.size()) return false;
    NodeIndex node = state_.plan->scopes[activation->scope].first_node + index;
    if (step.state == StepState::kWaiting) ++state_.waiting;
    if (state_.plan->nodes[node].body == workflow::kNone) {
      if (step.state == StepState::kReady || step.state == StepState::kRunning) ++state_.active;
    }
    if (state_.plan->nodes[node].kind == workflow::NodeKind::kTask &&
        (step.state == StepState::kReady || step.state == StepState::kRunning)) {
      ++state_.in_flight;
    }
    activation->steps[index] = std::move(step);
    return true;
  }

  static bool ReadRefs(std::string_view bytes, std::vector<StepRef>* refs) {
    WireReader in(bytes);
    while (!in.at_end()) {
      uint32_t activation = in.Varint32();
      refs->push_back({activation, in.Varint32()});
    }
    return in.ok();
  }

  bool ReadContainer(std::string_view bytes) {
    StepRef ref;
    Container container;
    json::Value outputs;
    WireReader in(bytes);
    while (in.Next()) {
      if (in.tag == kOutputs && !ReadValue(in.bytes, &outputs)) return false;
      if (!ReadContainerField(in, &ref, &container)) return false;
    }
    if (!in.ok() || (!outputs.is_null() && !outputs.is_array())) return false;
    if (outputs.is_array()) container.outputs = outputs.as_array();
    return state_.containers.insert({ref, std::move(container)}).second;
  }

  bool ReadOpenWait(std::string_view bytes) {
    StepRef ref;
    OpenWait wait;
    WireReader in(bytes);
    while (in.Next()) {
      if (!ReadOpenWaitField(in, &ref, &wait)) return false;
    }
    if (!in.ok() || !wait.what || state_.waits.contains(ref)) return false;
    AddWait(state_, ref, std::move(wait));
    return true;
  }

  bool ReadSignal(std::string_view bytes) {
    Signal& signal = state_.signals.emplace_back();
    WireReader in(bytes);
    while (in.Next()) {
      if (in.tag == 1) signal.sequence = in.number;
      if (in.tag == 2) signal.name = in.bytes;
      if (in.tag == 3 && !ReadValue(in.bytes, &signal.payload)) return false;
    }
    return in.ok();
  }

  bool ReadCommandId(std::string_view bytes) {
    CommandId& command = state_.command_ids.emplace_back();
    WireReader in(bytes);
    while (in.Next()) {
      if (in.tag == 1) command.id = in.bytes;
      if (in.tag == 2) command.name = in.bytes;
      if (in.tag != 3) continue;
      if (in.number > static_cast<uint64_t>(CommandId::Kind::kResume)) return false;
      command.kind = static_cast<CommandId::Kind>(in.number);
    }
    return in.ok();
  }

  // A wait belongs to a step that waits, or to a flow.critical that runs.
  bool CheckWaits() const {
    for (const auto& [ref, wait] : state_.waits) {
      if (!state_.HasStep(ref)) return false;
      StepState state = state_.step(ref).state;
      bool key = wait.what->kind == WaitKind::kKey;
      if (state != StepState::kWaiting && !(key && state == StepState::kRunning)) return false;
    }
    return true;
  }

  // A map's items and outputs belong together, every iteration begun has its activation, and
  // every open activation its container.
  bool CheckContainers() const {
    for (size_t i = 1; i < state_.activations.size(); ++i) {
      const Activation& activation = state_.activations[i];
      if (activation.open && !state_.containers.contains(activation.owner)) return false;
    }
    for (const auto& [ref, container] : state_.containers) {
      if (!state_.HasStep(ref) || state_.plan->nodes[ref.node].body == workflow::kNone)
        return false;
      bool map = state_.plan->nodes[ref.node].kind == workflow::NodeKind::kMap;
      if (map &&
          (!container.items.is_array() || container.items.as_array().size() != container.total ||
           container.outputs.size() != container.total)) {
        return false;
      }
      uint32_t run = state_.step(ref).attempt - 1;
      for (uint32_t i = 0; i < container.next; ++i) {
        if (!state_.children.contains({ref, ChildNumber(run, i)})) return false;
      }
    }
    return true;
  }

  bool HasSteps(std::span<const StepRef> refs) const {
    return std::all_of(refs.begin(), refs.end(), [this](StepRef r) { return state_.HasStep(r); });
  }

  // Whether the step exists and has a compensation.
  bool CanBeUndone(StepRef ref) const {
    return state_.HasStep(ref) && state_.plan->nodes[ref.node].policy.compensate != workflow::kNone;
  }

  bool CheckRefs() const {
    auto undone = [this](StepRef ref) { return CanBeUndone(ref); };
    for (const auto& [ref, sequence] : state_.undoable) {
      if (!CanBeUndone(ref)) return false;
    }
    for (const auto& [target, unwinding] : state_.unwindings) {
      bool whole = target.node == workflow::kNone && target.activation < state_.activations.size();
      bool body = state_.HasStep(target) && state_.containers.contains(target);
      if ((!whole && !body) || !std::all_of(unwinding.left.begin(), unwinding.left.end(), undone) ||
          !std::all_of(unwinding.in_hand.begin(), unwinding.in_hand.end(), undone) ||
          !std::all_of(unwinding.failed.begin(), unwinding.failed.end(), undone)) {
        return false;
      }
    }
    return HasSteps(state_.agenda) && HasSteps(state_.parked);
  }

  ExecutionState state_;
};

absl::Status Corrupt() {
  return agentflow::Error(absl::StatusCode::kDataLoss, "SNAPSHOT_CORRUPT",
                          "A snapshot is broken; rebuild the execution from its journal.");
}

}  // namespace

std::string EncodeState(const ExecutionState& state) {
  std::string bytes;
  WireWriter out(&bytes);
  out.Number(kFormat, kFormatVersion);
  if (state.start) out.Message(kInfo, [&](WireWriter& w) { WriteStartInfo(*state.start, w); });
  out.Number(kPhase, static_cast<uint64_t>(state.phase));
  out.Number(kSequence, state.sequence);
  out.Signed(kStartedAt, state.started_at);
  out.Signed(kUpdatedAt, state.updated_at);
  out.Signed(kEndedAt, state.ended_at);
  out.Signed(kDeadline, state.deadline);
  WriteValueField(kOutput, state.output, out);
  WriteErrorField(kError, state.error, out);
  for (const Activation& activation : state.activations) {
    out.Message(kActivation, [&](WireWriter& w) { WriteActivation(state, activation, w); });
  }
  out.Bytes(kAgenda, PackRefs(std::span(state.agenda).subspan(state.agenda_head)));
  for (const auto& entry : state.containers) {
    out.Message(kContainer, [&](WireWriter& w) { WriteContainer(entry.first, entry.second, w); });
  }
  out.Number(kPaused, state.paused);
  out.Signed(kResumedAt, state.resumed_at);
  out.Number(kMaxInFlight, state.max_in_flight);
  out.Bytes(kParked, PackRefs(std::span(state.parked).subspan(state.parked_head)));
  std::string undoable;
  for (const auto& [ref, sequence] : state.undoable) {
    WriteVarint(ref.activation, &undoable);
    WriteVarint(ref.node, &undoable);
    WriteVarint(ZigZag(sequence), &undoable);
  }
  out.Bytes(kUndoable, undoable);
  for (const auto& entry : state.unwindings) {
    out.Message(kUnwinding, [&](WireWriter& w) { WriteUnwinding(entry.first, entry.second, w); });
  }
  for (const auto& entry : state.waits) {
    out.Message(kOpenWait, [&](WireWriter& w) { WriteOpenWait(entry.first, entry.second, w); });
  }
  for (const Signal& signal : state.signals) {
    out.Message(kSignal, [&](WireWriter& w) {
      w.Number(1, signal.sequence);
      w.Bytes(2, signal.name);
      WriteValueField(3, signal.payload, w);
    });
  }
  for (const CommandId& command : state.command_ids) {
    out.Message(kCommandId, [&](WireWriter& w) {
      w.Bytes(1, command.id);
      w.Bytes(2, command.name);
      w.Number(3, static_cast<uint64_t>(command.kind));
    });
  }
  out.Number(kHolds, state.holds);
  return bytes;
}

absl::StatusOr<std::string> PlanHashOfSnapshot(std::string_view bytes) {
  WireReader in(bytes);
  std::shared_ptr<const StartInfo> info;
  while (in.Next()) {
    if (in.tag == kInfo && !ReadStartInfo(in.bytes, &info)) return Corrupt();
  }
  if (!in.ok() || !info) return Corrupt();
  return info->plan_hash;
}

absl::StatusOr<ExecutionState> DecodeState(PlanPtr plan, std::string_view bytes) {
  AF_ASSIGN_OR_RETURN(std::string hash, PlanHashOfSnapshot(bytes));
  if (hash != plan->hash) {
    return FailedPrecondition(
        "PLAN_MISMATCH", "The snapshot belongs to plan " + hash + ", not to " + plan->hash + ".");
  }
  StateReader reader(std::move(plan));
  if (!reader.Read(bytes)) return Corrupt();
  return reader.Take();
}

}  // namespace agentflow::engine
