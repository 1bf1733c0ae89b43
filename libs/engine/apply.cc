#include <algorithm>

#include "libs/engine/codec.h"
#include "libs/engine/derived.h"
#include "libs/engine/engine.h"
#include "libs/engine/unwind.h"

// The fold. Nothing else changes a state. Every function here trusts the plan (sealed) and
// distrusts the event: what does not fit is ignored.
namespace agentflow::engine {
namespace {

using workflow::Edge;
using workflow::Join;
using workflow::kErrorPort;
using workflow::kNoPort;
using workflow::Node;
using workflow::Scope;

class Applier {
 public:
  Applier(ExecutionState& state, const Event& event)
      : state_(state), time_(event.time), sequence_(event.sequence) {}

  void operator()(const ExecutionStarted& event) {
    if (state_.phase != Phase::kNone || !event.info) return;
    state_.start = event.info;
    state_.started_at = time_;
    state_.deadline = event.deadline;
    state_.max_in_flight = event.max_in_flight;
    if (event.info->queued) state_.holds |= kHoldAdmission;
    if (!event.info->concurrency.key.empty()) state_.holds |= kHoldKey;
    state_.phase = Phase::kQueued;
    if (state_.holds == 0) Begin();
  }

  void operator()(const HoldLifted& event) {
    if (state_.phase != Phase::kQueued || (state_.holds & event.hold) == 0) return;
    state_.holds = static_cast<uint8_t>(state_.holds & ~event.hold);
    if (state_.holds != 0) return;
    state_.deadline = event.deadline;
    Begin();
  }

  void operator()(const StepScheduled& event) {
    Step* step = OpenStep(event.step);
    if (!step || !MayBegin(event.step, *step)) return;
    BeginAttempt(event.step, *step);
    step->offer = event.offer;
    step->in_process = event.in_process;
    step->ready_at = event.ready_at;
    step->deadline = event.deadline;
    Move(event.step, *step, StepState::kReady);
  }

  void operator()(const StepClaimed& event) {
    Step* step = OpenStep(event.step);
    bool fits = step && step->attempt == event.attempt &&
                (step->state == StepState::kReady || step->state == StepState::kRunning);
    if (!fits) return;
    step->claimed_at = time_;
    step->attempt_deadline = event.deadline;
    step->holder = event.holder;
    Move(event.step, *step, StepState::kRunning);
  }

  void operator()(const StepWaiting& event) {
    Step* step = OpenStep(event.step);
    if (!step || !MayBegin(event.step, *step)) return;
    BeginAttempt(event.step, *step);
    step->deadline = event.wait ? event.deadline : event.wake_at;
    if (event.wait) AddWait(state_, event.step, {.what = event.wait, .deadline = event.wake_at});
    Move(event.step, *step, StepState::kWaiting);
  }

  void operator()(const SignalReceived& event) {
    state_.signals.push_back({sequence_, event.name, event.payload});
    Keep({CommandId::Kind::kSignal, event.id, event.name});
  }

  // A gate opens; a flow.approval ends next.
  void operator()(const ApprovalDecided& event) {
    OpenWait* wait = Waiting(event.step, WaitKind::kApproval);
    if (!wait) return;
    bool gate = state_.plan->nodes[event.step.node].kind != workflow::NodeKind::kApproval;
    if (event.approved && gate) Grant(event.step, *wait);
  }

  void operator()(const ChildAttached& event) {
    OpenWait* wait = Waiting(event.step, WaitKind::kChild);
    if (!wait || state_.step(event.step).attempt != event.attempt) return;
    wait->child = event.child;
    wait->child_version = event.version;
  }

  void operator()(const KeyHeld& event) {
    OpenWait* wait = Waiting(event.step, WaitKind::kKey);
    if (wait) Grant(event.step, *wait);
  }

  void operator()(const StepCompleted& event) {
    Step* step = OpenStep(event.step);
    if (!step) return;
    step->attempt = event.attempt;
    step->output = event.output;
    step->started_at = event.started_at;
    if (step->held) step->error = nullptr;
    if (event.signal != 0) Consume(event.signal);
    Settle(event.step, *step, StepState::kCompleted, event.port);
    if (state_.plan->nodes[event.step.node].policy.compensate != workflow::kNone) {
      state_.undoable[event.step] = static_cast<int64_t>(sequence_);
    }
  }

  void operator()(const AttemptFailed& event) {
    Step* step = OpenStep(event.step);
    if (!step || step->attempt != event.attempt) return;
    OpenWait* child = Waiting(event.step, WaitKind::kChild);
    if (!child && step->state != StepState::kReady && step->state != StepState::kRunning) return;
    KeepFailure(*step, event.attempt, event.error);
    if (child) {
      ++step->attempt;
      child->child = Uuid();
      child->child_version = 0;
      child->deadline = event.ready_at > time_ ? event.ready_at : 0;
      return;
    }
    step->attempt = event.attempt + 1;
    if (event.lost) ++step->lost;
    step->ready_at = event.ready_at;
    ClearClaim(*step);
    Move(event.step, *step, StepState::kReady);
  }

  void operator()(const StepFailed& event) {
    Step* step = OpenStep(event.step);
    if (!step) return;
    if (!step->held) KeepFailure(*step, event.attempt, event.error);
    step->attempt = event.attempt;
    step->error = std::make_shared<const Error>(event.error);
    step->started_at = event.started_at;
    CloseBodies(event.step.activation, event.step.node);
    Settle(event.step, *step, StepState::kFailed, event.port);
    if (state_.plan->nodes[event.step.node].compensation) EndUndo(event.step, /*undone=*/false);
  }

  void operator()(const StepSkipped& event) {
    Step* step = OpenStep(event.step);
    if (!step || step->state != StepState::kPending) return;
    Settle(event.step, *step, StepState::kSkipped, kNoPort);
  }

  void operator()(const StepCanceled& event) {
    Step* step = OpenStep(event.step);
    if (!step) return;
    CloseBodies(event.step.activation, event.step.node);
    Settle(event.step, *step, StepState::kCanceled, kNoPort);
  }

  void operator()(const ContainerStarted& event) {
    Step* step = OpenStep(event.step);
    bool fits = step && MayBegin(event.step, *step) &&
                state_.plan->nodes[event.step.node].body != workflow::kNone &&
                (!IsMap(event.step) || event.items.is_array());
    if (!fits) return;
    BeginAttempt(event.step, *step);
    Move(event.step, *step, StepState::kRunning);
    Container& container = state_.containers[event.step];
    container.items = event.items;
    container.total = event.total;
    container.concurrency = event.concurrency;
    if (IsMap(event.step)) {
      container.total = static_cast<uint32_t>(event.items.as_array().size());
      container.outputs.resize(container.total);
      CountPlaces(state_, event.step);
    }
    container.turn = true;  // it is on the agenda already: this was its turn to begin
  }

  void operator()(const ActivationOpened& event) {
    auto found = state_.containers.find(event.owner);
    bool fits = found != state_.containers.end() && OpenStep(event.owner) &&
                event.activation == state_.activations.size() &&
                state_.plan->nodes[event.owner.node].body == event.scope &&
                event.iteration == found->second.next && event.iteration < found->second.total;
    if (!fits) return;
    Container& container = found->second;
    ++container.next;
    ++container.open;
    container.turn = false;
    TrimAgenda();
    uint32_t run = state_.step(event.owner).attempt - 1;
    state_.children[{event.owner, ChildNumber(run, event.iteration)}] = event.activation;
    bool map = IsMap(event.owner);
    OpenActivation(event.scope, event.owner, run, event.iteration,
                   map ? container.items.as_array()[event.iteration] : event.item);
    // Behind the steps of the new activation, so that they are not kept waiting.
    SetTurn(event.owner, container, HasRoom(event.owner, container));
  }

  void operator()(const ActivationClosed& event) {
    if (event.activation == 0 || event.activation >= state_.activations.size()) return;
    bool unwound = state_.unwindings.erase({event.activation, workflow::kNone}) > 0;
    if (state_.activations[event.activation].open) {
      Close(event.activation);
    } else if (!unwound) {
      return;
    }
    const Activation& activation = state_.activations[event.activation];
    auto found = state_.containers.find(activation.owner);
    if (found == state_.containers.end()) return;
    Container& container = found->second;
    --container.open;
    if (!event.error.reason.empty()) ++container.failed;
    if (!IsMap(activation.owner)) {
      container.outputs.assign(1, event.output);
    } else if (activation.iteration < container.outputs.size()) {
      container.outputs[activation.iteration] = event.output;
    }
    bool turn = container.open == 0 || HasRoom(activation.owner, container);
    if (!container.turn) SetTurn(activation.owner, container, turn);
  }

  void operator()(const ExecutionCompleted& event) {
    state_.output = event.output;
    End(Phase::kCompleted);
  }

  void operator()(const ExecutionFailed& event) {
    state_.error = event.error;
    End(Phase::kFailed);
  }

  void operator()(const ExecutionCanceled& event) {
    state_.error = {"EXECUTION_CANCELED", event.cause, ""};
    if (!event.error.reason.empty()) state_.error = event.error;
    End(Phase::kCanceled);
  }

  void operator()(const ExecutionTimedOut& event) {
    state_.error = {"EXECUTION_TIMEOUT", "The execution's timeout has passed.", ""};
    if (!event.error.reason.empty()) state_.error = event.error;
    End(Phase::kTimedOut);
  }

  void operator()(const ExecutionPaused& event) {
    state_.paused = true;
    Keep({CommandId::Kind::kPause, event.id, {}});
  }

  void operator()(const ExecutionResumed& event) {
    Keep({CommandId::Kind::kResume, event.id, {}});
    state_.paused = false;
    state_.resumed_at = time_;
  }

  void operator()(const StepHeld& event) {
    Step* step = OpenStep(event.step);
    if (!step || step->held) return;
    if (step->scheduled_at == 0) step->scheduled_at = time_;
    KeepFailure(*step, event.attempt, event.error);
    step->attempt = event.attempt;
    step->error = std::make_shared<const Error>(event.error);
    step->started_at = event.started_at;
    step->deadline = 0;
    step->held = true;
    CloseBodies(event.step.activation, event.step.node);
    state_.containers.erase(event.step);
    RemoveWait(state_, event.step);
    state_.unwindings.erase(event.step);
    ClearClaim(*step);
    Move(event.step, *step, StepState::kWaiting);
    state_.paused = true;
  }

  void operator()(const StepRetried& event) {
    Step* step = OpenStep(event.step);
    if (!step || !step->held) return;
    step->held = false;
    step->error = nullptr;
    step->started_at = 0;
    step->forgiven = step->attempt;
    step->lost = 0;
    Move(event.step, *step, StepState::kPending);
    step->in_process = false;
    step->readiness = Readiness::kRun;
    AddTurn(state_, event.step);
  }

  void operator()(const UnwindingStarted& event) {
    StepRef target = event.target;
    bool whole = target.node == workflow::kNone;
    bool fits = whole ? target.activation < state_.activations.size() &&
                            (state_.activations[target.activation].open ||
                             state_.unwindings.contains(target))
                      : OpenStep(target) && state_.containers.contains(target);
    if (!fits) return;
    Unwinding unwinding = TakeUp(state_, target, event.everything);
    unwinding.ending = event.ending;
    if (!whole) {
      CloseBodies(target.activation, target.node);
      state_.containers[target].turn = false;
      state_.step(target).deadline = 0;  // undoing takes the time it takes
    } else if (state_.activations[target.activation].open) {
      Close(target.activation);
    }
    if (whole && target.activation == 0) {
      state_.phase = Phase::kCompensating;
      // Who cancels wants it undone now, and a timeout cannot wait for anybody.
      if (event.ending.kind == Ending::Kind::kCancel ||
          event.ending.kind == Ending::Kind::kTimeOut) {
        if (state_.paused) state_.resumed_at = time_;
        state_.paused = false;
      }
    }
    UndoNext(state_.unwindings[target] = std::move(unwinding));
  }

  void operator()(const StepCompensated& event) {
    if (state_.undoable.erase(event.step) == 0) return;
    state_.step(event.step).state = StepState::kCompensated;
    EndUndo({event.step.activation, state_.plan->nodes[event.step.node].policy.compensate},
            /*undone=*/true);
  }

  void operator()(const ExecutionRebased& event) {
    if (event.plan_hash != state_.plan->hash) return;
    auto state = DecodeState(state_.plan, event.snapshot);
    if (state.ok()) state_ = *std::move(state);
  }

  // Drops entries whose turn has come or gone.
  void TrimAgenda() {
    Trim(state_.agenda, state_.agenda_head);
    if (!state_.parked.empty()) Trim(state_.parked, state_.parked_head);
  }

 private:
  void Trim(std::vector<StepRef>& queue, size_t& head) {
    while (head < queue.size() && !HasTurn(queue[head])) ++head;
    if (head == queue.size()) {
      queue.clear();
      head = 0;
    }
  }

  // The step if it exists, it may still change and it is not over.
  Step* OpenStep(StepRef ref) {
    if (!state_.HasStep(ref) || !state_.IsLive(ref)) return nullptr;
    Step& step = state_.step(ref);
    return IsOver(step.state) ? nullptr : &step;
  }

  bool HasTurn(StepRef ref) {
    Step* step = OpenStep(ref);
    if (!step) return false;
    if (step->state == StepState::kPending) return true;
    if (step->state == StepState::kWaiting) {
      auto wait = state_.waits.find(ref);
      return wait != state_.waits.end() && wait->second.granted;
    }
    auto container = state_.containers.find(ref);
    return container != state_.containers.end() && container->second.turn;
  }

  // Whether a step can leave the state before it has begun: its turn has come, its wait is granted,
  // or the time before its next child has passed.
  bool MayBegin(StepRef ref, const Step& step) const {
    if (step.state == StepState::kPending) return true;
    if (step.state != StepState::kWaiting) return false;
    auto wait = state_.waits.find(ref);
    if (wait == state_.waits.end()) return false;
    bool delayed = wait->second.what->kind == WaitKind::kChild && wait->second.deadline != 0;
    return wait->second.granted || delayed;
  }

  // A step leaves PENDING, or a wait that was granted; a flow.critical keeps its key.
  void BeginAttempt(StepRef ref, Step& step) {
    if (step.state == StepState::kPending) {
      step.scheduled_at = time_;
      ++step.attempt;
    } else if (!Waiting(ref, WaitKind::kKey)) {
      RemoveWait(state_, ref);
    }
  }

  // The step's wait, if it is WAITING for that.
  OpenWait* Waiting(StepRef ref, WaitKind kind) {
    if (state_.waits.empty()) return nullptr;
    auto wait = state_.waits.find(ref);
    bool fits = wait != state_.waits.end() && wait->second.what->kind == kind &&
                state_.step(ref).state == StepState::kWaiting;
    return fits ? &wait->second : nullptr;
  }

  void Grant(StepRef ref, OpenWait& wait) {
    if (wait.granted) return;
    wait.granted = true;
    wait.deadline = 0;
    AddTurn(state_, ref);
  }

  void Keep(CommandId command) {
    if (command.id.empty()) return;
    if (state_.command_ids.size() >= kCommandIdsKept) {
      state_.command_ids.erase(state_.command_ids.begin());
    }
    state_.command_ids.push_back(std::move(command));
  }

  void Consume(uint64_t signal) {
    std::vector<Signal>& signals = state_.signals;
    auto found = std::find_if(signals.begin(), signals.end(),
                              [&](const Signal& kept) { return kept.sequence == signal; });
    if (found != signals.end()) signals.erase(found);
  }

  void Begin() {
    state_.phase = Phase::kRunning;
    if (state_.activations.empty()) OpenActivation(0, {}, 0, 0, {});  // else a fork brought them
  }

  bool IsMap(StepRef ref) const {
    return state_.plan->nodes[ref.node].kind == workflow::NodeKind::kMap;
  }

  // Whether a map may open another activation. A loop decides when its last one has closed.
  bool HasRoom(StepRef ref, const Container& container) const {
    return IsMap(ref) && container.next < container.total && container.open < container.concurrency;
  }

  void SetTurn(StepRef ref, Container& container, bool turn) {
    container.turn = turn;
    if (turn) state_.agenda.push_back(ref);
  }

  // Containers that run are not counted: what is inside them is.
  void Count(NodeIndex node, StepState state, int change) {
    if (state == StepState::kWaiting) state_.waiting += change;
    const Node& what = state_.plan->nodes[node];
    if (what.body != workflow::kNone) return;
    if (state == StepState::kReady || state == StepState::kRunning) {
      state_.active += change;
      if (what.kind == workflow::NodeKind::kTask) state_.in_flight += change;
    }
  }

  void Move(StepRef ref, Step& step, StepState to) {
    Count(ref.node, step.state, -1);
    Count(ref.node, to, +1);
    step.state = to;
  }

  void Settle(StepRef ref, Step& step, StepState to, PortIndex port) {
    if (step.scheduled_at == 0) step.scheduled_at = time_;
    step.ended_at = time_;
    step.port = port;
    step.held = false;
    ClearClaim(step);
    Move(ref, step, to);
    const Node& node = state_.plan->nodes[ref.node];
    if (node.body != workflow::kNone) {
      state_.containers.erase(ref);
      if (!state_.unwindings.empty()) state_.unwindings.erase(ref);
    }
    RemoveWait(state_, ref);
    if (node.policy.concurrency != 0) LeavePlaces(state_, ref);
    if (node.compensation) return;
    --state_.activations[ref.activation].unsettled;
    EndOutEdges(ref, step);
  }

  void ClearClaim(Step& step) {
    step.claimed_at = 0;
    step.attempt_deadline = 0;
    step.holder.clear();
  }

  void KeepFailure(Step& step, uint32_t attempt, const Error& error) {
    if (step.failures.size() >= kFailuresKept) {
      step.failures.erase(step.failures.begin());
    }
    step.failures.push_back({attempt, error, time_});
  }

  void EndOutEdges(StepRef ref, const Step& step) {
    for (EdgeIndex e : state_.plan->nodes[ref.node].out_edges) {
      const Edge& edge = state_.plan->edges[e];
      EndEdge(ref.activation, edge.to, IsTaken(*state_.plan, edge, step));
    }
  }

  void EndEdge(ActivationIndex activation, NodeIndex to, bool taken) {
    Step& step = state_.step({activation, to});
    ++(taken ? step.taken : step.dead);
    if (step.state != StepState::kPending || step.readiness != Readiness::kOpen) return;
    step.readiness = Judge(state_.plan->nodes[to], step.taken, step.dead);
    if (step.readiness == Readiness::kOpen) return;
    bool begins = step.readiness == Readiness::kRun;
    if (begins && PlacesOf(state_, activation, to)) return EnterPlaces(state_, {activation, to});
    AddTurn(state_, {activation, to});
  }

  void OpenActivation(ScopeIndex index, StepRef owner, uint32_t run, uint32_t iteration,
                      json::Value item) {
    const Scope& scope = state_.plan->scopes[index];
    auto number = static_cast<ActivationIndex>(state_.activations.size());
    Activation& activation = state_.activations.emplace_back();
    activation.scope = index;
    activation.owner = owner;
    activation.run = run;
    activation.iteration = iteration;
    activation.item = std::move(item);
    activation.open = true;
    activation.unsettled = scope.settling;
    activation.steps.resize(scope.node_count);
    for (EdgeIndex e : scope.entries) EndEdge(number, state_.plan->edges[e].to, true);
  }

  // Closes an activation and everything inside it. Steps in hand become CANCELED; those never
  // reached stay PENDING.
  void Close(ActivationIndex index) {
    Activation& activation = state_.activations[index];
    activation.open = false;
    NodeIndex first = state_.plan->scopes[activation.scope].first_node;
    for (uint32_t i = 0; i < activation.steps.size(); ++i) {
      Step& step = state_.activations[index].steps[i];
      if (state_.plan->nodes[first + i].policy.concurrency != 0 && !IsOver(step.state)) {
        LeavePlaces(state_, {index, first + i});
      }
      if (step.state == StepState::kPending || IsOver(step.state)) continue;
      CloseBodies(index, first + i);
      CancelOpen({index, first + i}, step);
      if (!state_.containers.empty()) state_.containers.erase({index, first + i});
    }
  }

  void CancelOpen(StepRef ref, Step& step) {
    step.ended_at = time_;
    step.held = false;
    ClearClaim(step);
    RemoveWait(state_, ref);
    Move(ref, step, StepState::kCanceled);
  }

  // The next compensation's turn.
  void UndoNext(Unwinding& unwinding) {
    if (!unwinding.in_hand.empty() || unwinding.left.empty()) return;
    StepRef undone = unwinding.left.back();
    unwinding.left.pop_back();
    unwinding.in_hand.push_back(undone);
    StepRef compensation{undone.activation, state_.plan->nodes[undone.node].policy.compensate};
    state_.step(compensation).readiness = Readiness::kRun;
    AddTurn(state_, compensation);
  }

  void EndUndo(StepRef compensation, bool undone) {
    StepRef step{compensation.activation, state_.plan->nodes[compensation.node].undoes};
    state_.undoable.erase(step);
    auto target = UnwindingOf(state_, compensation.activation);
    if (!target) return;
    Unwinding& unwinding = state_.unwindings[*target];
    std::erase(unwinding.in_hand, step);
    if (!undone) unwinding.failed.push_back(step);
    UndoNext(unwinding);
  }

  // Compensations in hand when the execution ends: given up.
  void EndUnwindings() {
    for (const auto& [target, unwinding] : state_.unwindings) {
      for (StepRef undone : unwinding.in_hand) {
        StepRef ref{undone.activation, state_.plan->nodes[undone.node].policy.compensate};
        Step& step = state_.step(ref);
        bool begun = step.state != StepState::kPending && !IsOver(step.state);
        if (begun) CancelOpen(ref, step);
      }
    }
    state_.unwindings.clear();
    state_.undoable.clear();
  }

  void CloseBodies(ActivationIndex activation, NodeIndex node) {
    if (state_.plan->nodes[node].body == workflow::kNone) return;
    StepRef owner{activation, node};
    auto child = state_.children.lower_bound({owner, 0});
    for (; child != state_.children.end() && child->first.first == owner; ++child) {
      if (state_.activations[child->second].open) Close(child->second);
    }
  }

  void End(Phase phase) {
    if (!state_.activations.empty() && state_.activations[0].open) Close(0);
    EndUnwindings();
    state_.paused = false;
    state_.phase = phase;
    state_.ended_at = time_;
  }

  ExecutionState& state_;
  UnixMicros time_;
  uint64_t sequence_;
};

}  // namespace

void Apply(ExecutionState& state, const Event& event) {
  bool is_volatile = IsVolatile(event);
  if (!state.plan || state.over()) return;
  bool starts = std::holds_alternative<ExecutionStarted>(event.body);
  bool rebases = std::holds_alternative<ExecutionRebased>(event.body);
  bool begun = state.phase != Phase::kNone;
  // A fold may also begin at a state that was put into the journal.
  if (begun ? starts : !starts && !rebases) return;
  if (!is_volatile && (begun || starts) && event.sequence != state.sequence + 1) return;
  Applier applier(state, event);
  std::visit(applier, event.body);
  applier.TrimAgenda();
  if (is_volatile) return;
  state.sequence = event.sequence;
  state.updated_at = std::max(state.updated_at, event.time);
}

ExecutionState Replay(PlanPtr plan, std::span<const Event> events) {
  ExecutionState state;
  state.plan = std::move(plan);
  auto from = std::find_if(events.rbegin(), events.rend(), [&](const Event& event) {
    const auto* rebased = std::get_if<ExecutionRebased>(&event.body);
    return rebased && rebased->plan_hash == state.plan->hash;
  });
  size_t skipped = from == events.rend() ? 0 : events.rend() - from - 1;
  for (const Event& event : events.subspan(skipped)) Apply(state, event);
  return state;
}

}  // namespace agentflow::engine
