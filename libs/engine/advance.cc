#include <algorithm>

#include "libs/base/status.h"
#include "libs/engine/transition.h"

namespace agentflow::engine {

Error ErrorOf(const absl::Status& status) {
  return {ReasonOf(status), MessageOf(status), ""};
}

UnixMicros StartDeadline(const ExecutionState& state, StepRef ref) {
  const Step& step = state.step(ref);
  workflow::Micros timeout = state.plan->nodes[ref.node].policy.timeouts.schedule_to_start;
  bool unclaimed = step.state == StepState::kReady && step.offer != nullptr;
  if (!unclaimed || timeout == 0 || state.paused) return 0;
  return std::max(step.ready_at, state.resumed_at) + timeout;
}

bool ExecutionTimerRuns(const ExecutionState& state) {
  return state.deadline != 0 && !state.over() && state.phase != Phase::kCompensating;
}

OfferTask OfferOf(const ExecutionState& state, StepRef ref) {
  const Step& step = state.step(ref);
  const workflow::Timeouts& timeouts = state.plan->nodes[ref.node].policy.timeouts;
  return {ref,
          step.attempt,
          step.offer,
          step.ready_at,
          step.deadline,
          timeouts.start_to_close};
}

Transition::Transition(ExecutionState& state, const Command& command, const Limits& limits)
    : state_(state),
      command_(command),
      limits_(limits),
      now_(std::max(command.now, state.updated_at)),
      began_with_more_(state.more()) {
  decision_.before = PhaseOf(state);
}

absl::StatusOr<Decision> Transition::Run() {
  AF_RETURN_IF_ERROR(std::visit([this](const auto& body) { return Handle(body); }, command_.body));
  RunAgenda();
  decision_.after = PhaseOf(state_);
  decision_.more = state_.more();
  return std::move(decision_);
}

std::string Transition::TooLarge(std::string_view what, const json::Value& value) const {
  return std::string(what) + " has " + std::to_string(value.ByteSize()) + " bytes, more than " +
         std::to_string(limits_.value_bytes) +
         "; pass large content by reference (POST /v1/payloads).";
}

uint64_t Transition::Emit(EventBody body) {
  Event& event = decision_.events.emplace_back();
  event.body = std::move(body);
  event.sequence = state_.sequence + (IsVolatile(event) ? 0 : 1);
  event.time = now_;
  auto ref = StepOf(event);
  if (!ref) {
    Apply(state_, event);
    return event.sequence;
  }
  const Step& step = state_.step(*ref);
  StepState before = step.state;
  uint32_t attempt = step.attempt;
  Apply(state_, event);
  const Step& after = state_.step(*ref);
  if (before != after.state || attempt != after.attempt) {
    decision_.changes.push_back({*ref, before, after.state, after.attempt});
  }
  return event.sequence;
}

void Transition::Act(uint64_t cause, ActionBody body) {
  decision_.actions.push_back({cause, std::move(body)});
}

void Transition::ActAll(uint64_t cause, Actions actions) {
  for (ActionBody& action : actions) Act(cause, std::move(action));
}

uint32_t Transition::Attempt(StepRef ref) const {
  const Step& step = state_.step(ref);
  return step.state == StepState::kPending ? step.attempt + 1 : step.attempt;
}

void Transition::RunAgenda() {
  uint32_t done = 0;
  do {
    for (; done < limits_.transitions && state_.more(); ++done) {
      Begin(state_.has_place() ? state_.parked[state_.parked_head]
                               : state_.agenda[state_.agenda_head]);
    }
  } while (!state_.more() && !state_.conditions.empty() && WakeConditions());
}

absl::StatusOr<Decision> Advance(ExecutionState& state, const Command& command,
                                 const Limits& limits) {
  return Transition(state, command, limits).Run();
}

absl::StatusOr<Decision> Decide(const ExecutionState& state, const Command& command,
                                const Limits& limits) {
  ExecutionState copy = state;
  return Transition(copy, command, limits).Run();
}

namespace {

// What is going on outside for a step that waits, or holds a key.
void AddWaitActions(const ExecutionState& state, StepRef ref, const OpenWait& wait,
                    std::vector<Action>& actions) {
  auto act = [&](ActionBody body) { actions.push_back({0, std::move(body)}); };
  const Step& step = state.step(ref);
  const Wait& what = *wait.what;
  if (wait.deadline != 0) act(StartTimer{{TimerKind::kWait, ref, 0}, wait.deadline, true});
  if (what.kind == WaitKind::kApproval && !wait.granted) {
    act(OpenApproval{ref, what.approval, wait.deadline});
  }
  if (what.kind == WaitKind::kChild && wait.deadline == 0) {
    act(StartChild{ref, step.attempt, what.name, what.version, what.input, what.detach});
  }
  if (what.kind == WaitKind::kKey) {
    act(AcquireKey{{ref}, what.name, what.limit, workflow::WhenBusy::kQueue, wait.granted});
  }
  if (step.deadline != 0) {
    act(StartTimer{{TimerKind::kScheduleToClose, ref, 0}, step.deadline, true});
  }
}

}  // namespace

std::vector<Action> Outstanding(const ExecutionState& state) {
  std::vector<Action> actions;
  if (!state.start || state.over()) return actions;
  auto act = [&](ActionBody body) { actions.push_back({0, std::move(body)}); };
  const ConcurrencyKey& own = state.start->concurrency;
  if (!own.key.empty() && (state.holds & kHoldAdmission) == 0) {
    bool held = (state.holds & kHoldKey) == 0;
    act(AcquireKey{{}, own.key, own.limit, own.when_busy, held});
  }
  if (ExecutionTimerRuns(state)) {
    act(StartTimer{{TimerKind::kExecution, {}, 0}, state.deadline, true});
  }
  for (StepRef ref : ListSteps(state)) {
    const Step& step = state.step(ref);
    if (IsOver(step.state) || step.held || !state.IsLive(ref)) continue;
    if (auto wait = state.waits.find(ref); wait != state.waits.end()) {
      AddWaitActions(state, ref, wait->second, actions);
    } else if (step.state == StepState::kWaiting) {
      act(StartTimer{{TimerKind::kWait, ref, 0}, step.deadline, true});
    } else if (step.in_process) {
      act(RunInProcess{ref, step.attempt});
    } else if (step.offer) {
      act(OfferOf(state, ref));
      if (step.deadline != 0) {
        act(StartTimer{{TimerKind::kScheduleToClose, ref, 0}, step.deadline, true});
      }
      if (UnixMicros start_deadline = StartDeadline(state, ref); start_deadline != 0) {
        act(StartTimer{{TimerKind::kScheduleToStart, ref, step.attempt}, start_deadline, false});
      }
      if (step.attempt_deadline != 0) {
        act(StartTimer{
            {TimerKind::kStartToClose, ref, step.attempt}, step.attempt_deadline, false});
      }
    }
  }
  return actions;
}

}  // namespace agentflow::engine
