#include "libs/engine/testing/describe.h"

#include <algorithm>
#include <tuple>

#include "libs/engine/decision_text.h"
#include "libs/engine/time_text.h"
#include "libs/engine/unwind.h"

namespace agentflow::engine::testing {
namespace {

std::string Ago(const ExecutionState& state, UnixMicros time) {
  if (time == 0) return "-";
  int64_t micros = time - state.started_at;
  std::string text = std::to_string(micros / 1'000'000);
  if (micros % 1'000'000 != 0) {
    std::string rest = std::to_string(micros % 1'000'000 + 1'000'000).substr(1);
    rest.erase(rest.find_last_not_of('0') + 1);
    text += "." + rest;
  }
  return "+" + text + "s";
}

std::string Text(const Error& error) {
  return error.reason + " \"" + error.message + "\"" +
         (error.node.empty() ? "" : " at " + error.node);
}

std::string Text(const Wait& wait) {
  switch (wait.kind) {
    case WaitKind::kSignal:
      return "signal=" + wait.name;
    case WaitKind::kApproval: {
      std::string text = "approval=\"" + wait.approval->title + "\" by=";
      for (const std::string& who : wait.approval->by) text += who + ",";
      return text;
    }
    case WaitKind::kCondition:
      return "condition";
    case WaitKind::kChild:
      return "child=" + wait.name + " version=" + std::to_string(wait.version) +
             " input=" + json::Dump(wait.input) + (wait.detach ? " detach" : "");
    case WaitKind::kKey:
      return "key=" + wait.name + " limit=" + std::to_string(wait.limit);
  }
  return "?";
}

class EventText {
 public:
  explicit EventText(const ExecutionState& state) : state_(state) {}

  std::string operator()(const ExecutionStarted& e) const {
    return "input=" + json::Dump(e.info->input) +
           (e.deadline ? " deadline=" + Ago(state_, e.deadline) : "") +
           (e.max_in_flight ? " inFlight=" + std::to_string(e.max_in_flight) : "");
  }
  std::string operator()(const StepScheduled& e) const {
    std::string text = Key(e.step) + (e.in_process ? " in-process" : "");
    if (e.offer) {
      text += " agent=" + e.offer->agent + " input=" + json::Dump(e.offer->input) +
              " key=" + e.offer->idempotency_key;
    }
    return text + (e.deadline ? " deadline=" + Ago(state_, e.deadline) : "");
  }
  std::string operator()(const StepClaimed& e) const {
    return Key(e.step) + " attempt=" + std::to_string(e.attempt) + " holder=" + e.holder +
           (e.deadline ? " deadline=" + Ago(state_, e.deadline) : "");
  }
  std::string operator()(const StepWaiting& e) const {
    std::string text = Key(e.step);
    if (e.wake_at) text += " until=" + Ago(state_, e.wake_at);
    if (e.wait) text += " " + Text(*e.wait);
    return text + (e.deadline ? " deadline=" + Ago(state_, e.deadline) : "");
  }
  std::string operator()(const StepCompleted& e) const {
    return Key(e.step) + " attempt=" + std::to_string(e.attempt) +
           " port=" + PortName(state_, e.step, e.port) + " output=" + json::Dump(e.output) +
           (e.signal ? " signal=" + std::to_string(e.signal) : "");
  }
  std::string operator()(const AttemptFailed& e) const {
    return Key(e.step) + " attempt=" + std::to_string(e.attempt) + " " + Text(e.error) +
           " again=" + Ago(state_, e.ready_at) + (e.lost ? " lost" : "");
  }
  std::string operator()(const StepFailed& e) const {
    return Key(e.step) + " attempt=" + std::to_string(e.attempt) + " " + Text(e.error) +
           " port=" + PortName(state_, e.step, e.port);
  }
  std::string operator()(const StepSkipped& e) const { return Key(e.step); }
  std::string operator()(const StepCanceled& e) const { return Key(e.step) + " " + e.reason; }
  std::string operator()(const ContainerStarted& e) const {
    return Key(e.step) + " items=" + json::Dump(e.items) + " total=" + std::to_string(e.total) +
           " concurrency=" + std::to_string(e.concurrency);
  }
  std::string operator()(const ActivationOpened& e) const {
    return Key(e.owner) + " iteration=" + std::to_string(e.iteration) +
           (e.item.is_null() ? "" : " item=" + json::Dump(e.item));
  }
  std::string operator()(const ActivationClosed& e) const {
    const Activation& activation = state_.activations[e.activation];
    return Key(activation.owner) + " iteration=" + std::to_string(activation.iteration) +
           (e.error.reason.empty() ? " output=" + json::Dump(e.output) : " " + Text(e.error));
  }
  std::string operator()(const ExecutionCompleted& e) const {
    return "output=" + json::Dump(e.output);
  }
  std::string operator()(const ExecutionFailed& e) const { return Text(e.error); }
  std::string operator()(const ExecutionCanceled& e) const {
    return "by=" + e.principal + " cause=" + e.cause +
           (e.error.reason.empty() ? "" : " " + Text(e.error));
  }
  std::string operator()(const ExecutionTimedOut& e) const {
    return e.error.reason.empty() ? "" : Text(e.error);
  }
  std::string operator()(const ExecutionPaused& e) const {
    return "by=" + e.principal + " cause=" + e.cause + Id(e.id);
  }
  std::string operator()(const ExecutionResumed& e) const { return "by=" + e.principal + Id(e.id); }
  std::string operator()(const StepHeld& e) const {
    return Key(e.step) + " attempt=" + std::to_string(e.attempt) + " " + Text(e.error);
  }
  std::string operator()(const StepRetried& e) const { return Key(e.step); }
  std::string operator()(const UnwindingStarted& e) const {
    static const char* const kKinds[] = {"?", "fail", "cancel", "time-out", "complete"};
    std::string text = e.target.node != workflow::kNone ? Key(e.target)
                       : e.target.activation == 0
                           ? "execution"
                           : Key(state_.activations[e.target.activation].owner) + " iteration=" +
                                 std::to_string(state_.activations[e.target.activation].iteration);
    text += std::string(e.everything ? " everything " : " ") +
            kKinds[static_cast<size_t>(e.ending.kind)];
    return text + (e.ending.error == Error() ? "" : " " + Text(e.ending.error));
  }
  std::string operator()(const StepCompensated& e) const { return Key(e.step); }
  std::string operator()(const ExecutionRebased& e) const {
    static const char* const kKinds[] = {"?", "fork", "retry", "migrate", "rehome"};
    return std::string(kKinds[static_cast<size_t>(e.kind)]) + " plan=" + e.plan_hash +
           (e.source.empty() ? ""
                             : " source=" + e.source + "@" + std::to_string(e.source_sequence));
  }
  std::string operator()(const SignalReceived& e) const {
    return e.name + " payload=" + json::Dump(e.payload) + Id(e.id) +
           " by=" + e.principal;
  }
  std::string operator()(const ApprovalDecided& e) const {
    return Key(e.step) + (e.approved ? " approved" : " rejected") + " by=" + e.principal +
           " comment=" + e.comment + " values=" + json::Dump(e.values);
  }
  std::string operator()(const ChildAttached& e) const {
    return Key(e.step) + " attempt=" + std::to_string(e.attempt) + " child=" + e.child.ToString() +
           " version=" + std::to_string(e.version);
  }
  std::string operator()(const KeyHeld& e) const { return Key(e.step); }
  std::string operator()(const HoldLifted& e) const {
    return std::string(e.hold == kHoldKey ? "key" : "admission") +
           (e.deadline ? " deadline=" + Ago(state_, e.deadline) : "");
  }

 private:
  std::string Key(StepRef ref) const { return StepKey(state_, ref); }
  static std::string Id(const std::string& id) { return id.empty() ? "" : " id=" + id; }

  const ExecutionState& state_;
};

std::string TimerText(const ExecutionState& state, const TimerId& id) {
  switch (id.kind) {
    case TimerKind::kExecution:
      return "execution";
    case TimerKind::kWait:
      return "wait " + StepKey(state, id.step);
    case TimerKind::kScheduleToClose:
      return "scheduleToClose " + StepKey(state, id.step);
    case TimerKind::kStartToClose:
      return "startToClose " + StepKey(state, id.step) + " attempt=" + std::to_string(id.attempt);
    case TimerKind::kScheduleToStart:
      return "scheduleToStart " + StepKey(state, id.step) +
             " attempt=" + std::to_string(id.attempt);
    case TimerKind::kHeartbeat:
      return "heartbeat";
  }
  return "?";
}

class ActionText {
 public:
  explicit ActionText(const ExecutionState& state) : state_(state) {}

  std::string Key(const Ticket& ticket) const {
    return ticket.step ? StepKey(state_, *ticket.step) : "execution";
  }

  std::string operator()(const OfferTask& a) const {
    return "OfferTask " + StepKey(state_, a.step) + " attempt=" + std::to_string(a.attempt) +
           " ready=" + Ago(state_, a.ready_at);
  }
  std::string operator()(const RunInProcess& a) const {
    return "RunInProcess " + StepKey(state_, a.step) + " attempt=" + std::to_string(a.attempt);
  }
  std::string operator()(const StartTimer& a) const {
    return "StartTimer " + TimerText(state_, a.id) + " at=" + Ago(state_, a.fire_at) +
           (a.durable ? "" : " volatile");
  }
  std::string operator()(const CancelTimer& a) const {
    return "CancelTimer " + TimerText(state_, a.id) + " at=" + Ago(state_, a.fire_at) +
           (a.durable ? "" : " volatile");
  }
  std::string operator()(const CancelTask& a) const {
    return "CancelTask " + StepKey(state_, a.step) + " attempt=" + std::to_string(a.attempt) + " " +
           a.reason;
  }
  std::string operator()(const FinishExecution& a) const {
    return "FinishExecution " + std::string(Name(a.phase));
  }
  std::string operator()(const ReloadExecution& a) const {
    std::string text = "ReloadExecution";
    for (const auto& attempt : a.dropped) {
      text += " drop=" + attempt.step + ":" + std::to_string(attempt.attempt);
    }
    return text;
  }
  std::string operator()(const OpenApproval& a) const {
    return "OpenApproval " + StepKey(state_, a.step) + " until=" + Ago(state_, a.deadline);
  }
  std::string operator()(const CloseApproval& a) const {
    return "CloseApproval " + StepKey(state_, a.step);
  }
  std::string operator()(const StartChild& a) const {
    return "StartChild " + StepKey(state_, a.step) + " attempt=" + std::to_string(a.attempt) + " " +
           a.workflow + "@" + std::to_string(a.version) + " input=" + json::Dump(a.input) +
           (a.detach ? " detach" : "");
  }
  std::string operator()(const CancelChild& a) const {
    return "CancelChild " + StepKey(state_, a.step) + " attempt=" + std::to_string(a.attempt) +
           " " + a.child.ToString() + " " + a.reason;
  }
  std::string operator()(const AcquireKey& a) const {
    return "AcquireKey " + Key(a.ticket) + " key=" + a.key + " limit=" + std::to_string(a.limit) +
           (a.held ? " held" : "");
  }
  std::string operator()(const ReleaseKey& a) const {
    return "ReleaseKey " + Key(a.ticket) + " key=" + a.key;
  }

 private:
  const ExecutionState& state_;
};

template <typename T>
bool SamePointee(const std::shared_ptr<const T>& a, const std::shared_ptr<const T>& b) {
  return a == b || (a && b && *a == *b);
}

bool SameStep(const Step& a, const Step& b) {
  return std::tie(a.held, a.forgiven, a.place) == std::tie(b.held, b.forgiven, b.place) &&
         std::tie(a.state, a.readiness, a.in_process, a.port, a.taken, a.dead, a.attempt, a.lost,
                  a.scheduled_at, a.ready_at, a.deadline, a.started_at, a.ended_at, a.output,
                  a.failures) == std::tie(b.state, b.readiness, b.in_process, b.port, b.taken,
                                          b.dead, b.attempt, b.lost, b.scheduled_at, b.ready_at,
                                          b.deadline, b.started_at, b.ended_at, b.output,
                                          b.failures) &&
         SamePointee(a.offer, b.offer) && SamePointee(a.error, b.error);
}

bool SameActivation(const Activation& a, const Activation& b) {
  return std::tie(a.scope, a.owner, a.iteration, a.run, a.item, a.open, a.unsettled) ==
             std::tie(b.scope, b.owner, b.iteration, b.run, b.item, b.open, b.unsettled) &&
         std::equal(a.steps.begin(), a.steps.end(), b.steps.begin(), b.steps.end(), SameStep);
}

std::string Line(std::string text) {
  text.erase(text.find_last_not_of(' ') + 1);
  return text + "\n";
}

std::string BrokenCounters(const ExecutionState& state) {
  uint32_t active = 0;
  uint32_t waiting = 0;
  uint32_t in_flight = 0;
  for (const Activation& activation : state.activations) {
    NodeIndex first = state.plan->scopes[activation.scope].first_node;
    uint32_t unsettled = 0;
    for (uint32_t i = 0; i < activation.steps.size(); ++i) {
      const workflow::Node& node = state.plan->nodes[first + i];
      StepState step = activation.steps[i].state;
      if (!node.compensation && !IsOver(step)) ++unsettled;
      if (step == StepState::kWaiting) ++waiting;
      if (node.body != workflow::kNone) continue;
      bool handed_out = step == StepState::kReady || step == StepState::kRunning;
      if (handed_out) ++active;
      if (handed_out && node.kind == workflow::NodeKind::kTask) ++in_flight;
    }
    if (activation.open && unsettled != activation.unsettled) return "unsettled is miscounted";
  }
  if (active != state.active || waiting != state.waiting) return "active steps are miscounted";
  if (in_flight != state.in_flight) return "tasks in flight are miscounted";
  if (state.max_in_flight > 0 && in_flight > state.max_in_flight) return "too many in flight";
  return "";
}

// Of each unwinding: what is left is in the order of completion, what is in hand is what completed
// last (or was begun by an unwinding inside of it), and there is something to do.
std::string BrokenUnwindings(const ExecutionState& state) {
  for (const auto& [target, unwinding] : state.unwindings) {
    if (unwinding.in_hand.empty()) return "an unwinding does nothing";
    auto completed = [&](StepRef a, StepRef b) {
      return CompletionOf(state, a) < CompletionOf(state, b);
    };
    if (!std::is_sorted(unwinding.left.begin(), unwinding.left.end(), completed)) {
      return "steps are not undone in reverse";
    }
    for (StepRef undone : unwinding.in_hand) {
      StepState step = state.step(undone).state;
      if (step != StepState::kCompleted) return "a step is undone that has not completed";
    }
  }
  if (state.phase == Phase::kCompensating &&
      !state.unwindings.contains(StepRef{0, workflow::kNone})) {
    return "nothing is undone while compensating";
  }
  return "";
}

// No more rounds at a node than its policy.concurrency, and none waits beside a free place. In a
// flow.pipeline no round overtakes another.
std::string BrokenPlaces(const ExecutionState& state) {
  for (const auto& [ref, container] : state.containers) {
    const auto* map = std::get_if<workflow::MapConfig>(&state.plan->nodes[ref.node].config);
    for (const auto& [node, places] : container.places) {
      if (places.taken > state.plan->nodes[node].policy.concurrency) return "too many places taken";
      bool free = places.taken < state.plan->nodes[node].policy.concurrency;
      bool due =
          !places.waiting.empty() && (!map->in_order || *places.waiting.begin() == places.next);
      if (free && due) return "a round waits for a place that is free";
    }
  }
  return "";
}

}  // namespace

std::string Describe(const ExecutionState& state, const Event& event) {
  std::string number = IsVolatile(event) ? "*" : std::to_string(event.sequence);
  return Line("  " + number + " " + std::string(TypeName(event)) + " " +
              std::visit(EventText(state), event.body));
}

std::string Describe(const ExecutionState& state, const Action& action) {
  return Line("  ! " + std::visit(ActionText(state), action.body) + " (" +
              std::to_string(action.cause) + ")");
}

std::string Describe(const ExecutionState& state, const StepChange& change) {
  return Line("  ~ " + StepKey(state, change.step) + " " + std::string(Name(change.before)) +
              " -> " + std::string(Name(change.after)));
}

std::string Describe(const ExecutionState& state, const Decision& decision) {
  std::string text;
  for (const Event& event : decision.events) text += Describe(state, event);
  for (const Action& action : decision.actions) text += Describe(state, action);
  for (const StepChange& change : decision.changes) text += Describe(state, change);
  text += "  = " + std::string(Name(decision.after)) + (decision.more ? " more" : "") + "\n";
  return text;
}

std::string Describe(const ExecutionState& state) {
  std::string text = std::string(Name(PhaseOf(state))) +
                     " sequence=" + std::to_string(state.sequence) +
                     " output=" + json::Dump(state.output) +
                     (state.error == Error() ? "" : " error=" + Text(state.error)) + "\n";
  for (StepRef ref : ListSteps(state)) {
    const Step& step = state.step(ref);
    text += StepKey(state, ref) + " " + std::string(Name(step.state)) +
            " attempt=" + std::to_string(step.attempt) + " at=" + Ago(state, step.scheduled_at) +
            " end=" + Ago(state, step.ended_at) + " output=" + json::Dump(step.output) +
            (step.error ? " error=" + Text(*step.error) : "") + "\n";
  }
  return text;
}

bool Same(ExecutionState a, ExecutionState b) {
  for (ExecutionState* state : {&a, &b}) {
    if (state->plan) ForgetClaims(*state);
    state->agenda.erase(state->agenda.begin(),
                        state->agenda.begin() + static_cast<ptrdiff_t>(state->agenda_head));
    state->parked.erase(state->parked.begin(),
                        state->parked.begin() + static_cast<ptrdiff_t>(state->parked_head));
  }
  return SamePointee(a.start, b.start) &&
         std::tie(a.paused, a.resumed_at, a.max_in_flight, a.parked, a.in_flight, a.undoable,
                  a.unwindings) == std::tie(b.paused, b.resumed_at, b.max_in_flight, b.parked,
                                            b.in_flight, b.undoable, b.unwindings) &&
         std::tie(a.phase, a.sequence, a.started_at, a.updated_at, a.ended_at, a.deadline, a.output,
                  a.error, a.children, a.containers, a.agenda, a.active, a.waiting, a.waits,
                  a.signals, a.command_ids, a.holds, a.listeners, a.conditions) ==
             std::tie(b.phase, b.sequence, b.started_at, b.updated_at, b.ended_at, b.deadline,
                      b.output, b.error, b.children, b.containers, b.agenda, b.active, b.waiting,
                      b.waits, b.signals, b.command_ids, b.holds, b.listeners, b.conditions) &&
         std::equal(a.activations.begin(), a.activations.end(), b.activations.begin(),
                    b.activations.end(), SameActivation);
}

std::string BrokenInvariant(const ExecutionState& state, const Decision& decision) {
  for (size_t i = 0; i < decision.events.size(); ++i) {
    const Event& event = decision.events[i];
    uint64_t before = i > 0 ? decision.events[i - 1].sequence : event.sequence - 1;
    if (!IsVolatile(event) && i > 0 && event.sequence != before + 1) return "a sequence has a gap";
  }
  for (const Action& action : decision.actions) {
    auto causes = std::count_if(decision.events.begin(), decision.events.end(),
                                [&](const Event& e) { return e.sequence == action.cause; });
    if (causes != 1) return "an action has no cause, or several";
  }
  if (decision.more != state.more()) return "more is told wrongly";
  std::string counters = BrokenCounters(state);
  if (!counters.empty()) return counters;
  std::string unwindings = BrokenUnwindings(state);
  if (!unwindings.empty()) return unwindings;
  std::vector<Action> outstanding = Outstanding(state);
  if (state.over()) {
    if (!outstanding.empty()) return "an execution that is over has something outstanding";
    if (state.active + state.waiting != 0) return "an execution that is over has an open step";
    if (!state.waits.empty()) return "an execution that is over has an open wait";
    return "";
  }
  std::string places = BrokenPlaces(state);
  if (!places.empty()) return places;
  bool alive = state.more() || state.paused ||
               std::any_of(outstanding.begin(), outstanding.end(), [](const Action& action) {
                 const auto* timer = std::get_if<StartTimer>(&action.body);
                 const auto* key = std::get_if<AcquireKey>(&action.body);
                 return timer ? timer->id.kind != TimerKind::kExecution : !key || !key->held;
               });
  // What only somebody outside can end, without anything that the shell has to do.
  alive = alive || !state.listeners.empty() || state.holds != 0;
  return alive || state.phase == Phase::kNone ? "" : "the execution is stuck";
}

}  // namespace agentflow::engine::testing
