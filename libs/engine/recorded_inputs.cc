#include "libs/engine/recorded_inputs.h"

#include <algorithm>
#include <cmath>

#include "libs/base/status.h"
#include "libs/engine/retry.h"

namespace agentflow::engine {
namespace {

using workflow::kNone;
using workflow::Node;
using workflow::NodeKind;

constexpr std::string_view kRefusal = "The child was not started: ";
constexpr std::string_view kChild = "executions/";
constexpr size_t kIdLength = 36;

// Bodies that might have led to the event; the first that does counts.
using Candidates = std::vector<CommandBody>;

std::optional<Phase> PhaseNamed(std::string_view name) {
  for (Phase phase : {Phase::kFailed, Phase::kCanceled, Phase::kTimedOut}) {
    if (Name(phase) == name) return phase;
  }
  return std::nullopt;
}

// The number with which RetryDelay gives the recorded wait.
uint64_t RandomOf(const workflow::Retry& retry, uint32_t tries, UnixMicros wait) {
  workflow::Retry full = retry;
  full.jitter = workflow::Jitter::kNone;
  double most = static_cast<double>(RetryDelay(full, tries, 0));
  if (!(most > 0)) return 0;
  double share = std::clamp(static_cast<double>(wait) / most, 0.0, 1.0);
  auto drawn = static_cast<uint64_t>(std::llround(share * 0x1.0p53));
  return std::min<uint64_t>(drawn, (uint64_t{1} << 53) - 1) << 11;
}

// What failed before exceptWhen did: "... (after HTTP_500: it broke)".
std::optional<Error> CauseOf(const Error& error) {
  constexpr std::string_view kAfter = " (after ";
  const std::string& message = error.message;
  size_t at = message.find(kAfter);
  if (error.reason != "EXPRESSION_FAILED" || at == std::string::npos || message.back() != ')') {
    return std::nullopt;
  }
  at += kAfter.size();
  size_t colon = message.find(": ", at);
  if (colon == std::string::npos) return std::nullopt;
  size_t end = message.size() - 1;
  return Error{message.substr(at, colon - at), message.substr(colon + 2, end - colon - 2), ""};
}

class Reader {
 public:
  Reader(const ExecutionState& state, std::span<const Event> journal, size_t index)
      : state_(state), journal_(journal), index_(index), event_(journal[index]) {}

  std::string principal;
  uint64_t random = ~uint64_t{0};  // the longest wait for a retry: one that did not fit any more
  UnixMicros claimed_at = 0;

  Candidates operator()(const StepCompleted& e) {
    const Step& step = state_.step(e.step);
    claimed_at = e.started_at;
    if (HandedOut(e.step)) {
      if (step.in_process) return {RunStep{e.step, step.attempt}};
      return {CompleteTask{e.step, e.attempt, e.output}};
    }
    if (step.state != StepState::kWaiting || step.held) return {};
    const OpenWait* wait = WaitOf(e.step);
    if (!wait) return {FireTimer{{TimerKind::kWait, e.step, 0}}};
    if (wait->what->kind != WaitKind::kChild || wait->what->detach) return {};
    return {ChildEnded{e.step, e.attempt, wait->child, Phase::kCompleted, e.output, {}}};
  }

  Candidates operator()(const AttemptFailed& e) {
    const Step& step = state_.step(e.step);
    uint32_t tries = step.attempt - step.lost - step.forgiven;
    random = RandomOf(NodeOf(e.step).policy.retry, tries, e.ready_at - event_.time);
    if (e.lost) return {LoseAttempt{e.step, e.attempt}};
    return Failures(e.step, e.attempt, e.error);
  }

  Candidates operator()(const StepFailed& e) {
    claimed_at = e.started_at;
    return Failures(e.step, e.attempt, e.error);
  }
  Candidates operator()(const StepHeld& e) {
    claimed_at = e.started_at;
    return Failures(e.step, e.attempt, e.error);
  }

  // A child is started again.
  Candidates operator()(const StepWaiting& e) {
    const OpenWait* wait = WaitOf(e.step);
    bool again = wait && wait->what->kind == WaitKind::kChild &&
                 state_.step(e.step).state == StepState::kWaiting;
    if (!again) return {};
    return {FireTimer{{TimerKind::kWait, e.step, 0}}};
  }

  Candidates operator()(const StepCanceled& e) { return CancelNode(e.step, e.reason); }

  Candidates operator()(const UnwindingStarted& e) {
    if (e.target.node == kNone) {
      if (e.target.activation != 0) return {};
      if (e.ending.kind == Ending::Kind::kTimeOut) return {FireTimer{}};
      if (e.ending.kind != Ending::Kind::kCancel) return {};
      principal = e.ending.principal;
      return {CancelExecution{e.ending.cause, e.everything}};
    }
    if (e.ending.kind == Ending::Kind::kCancel) return CancelNode(e.target, e.ending.cause);
    if (StepTimedOut(e.target, e.ending.error)) return Timeout(e.target);
    return {};
  }

  Candidates operator()(const ExecutionTimedOut&) {
    if (state_.phase == Phase::kCompensating) return {};
    return {FireTimer{}};
  }

  Candidates operator()(const ExecutionCanceled& e) {
    principal = e.principal;
    if (state_.phase == Phase::kCompensating) {
      auto root = state_.unwindings.find({0, kNone});
      bool done = root == state_.unwindings.end() ||
                  (root->second.left.empty() && root->second.in_hand.empty());
      if (done) return {};
    }
    size_t colon = e.cause.find(": ");
    if (state_.holds == kHoldKey && e.principal.empty() && colon != std::string::npos) {
      return {KeyRefused{{}, e.cause.substr(0, colon), e.cause.substr(colon + 2)}};
    }
    return {CancelExecution{e.cause, false}};
  }

  Candidates operator()(const ExecutionPaused& e) {
    principal = e.principal;
    return {PauseExecution{e.cause, e.id}};
  }

  Candidates operator()(const ExecutionResumed& e) {
    principal = e.principal;
    ResumeExecution resume{.id = e.id};
    for (StepRef ref : ListSteps(state_)) {
      if (!state_.step(ref).held) continue;
      if (auto decision = DecisionOf(ref)) resume.decisions[StepKey(state_, ref)] = *decision;
    }
    return {std::move(resume)};
  }

  Candidates operator()(const SignalReceived& e) {
    principal = e.principal;
    return {SignalExecution{e.name, e.payload, e.id}};
  }

  Candidates operator()(const ApprovalDecided& e) {
    const OpenWait* wait = WaitOf(e.step);
    bool due = wait && wait->deadline != 0 && event_.time >= wait->deadline;
    if (e.principal.empty() && due) return {FireTimer{{TimerKind::kWait, e.step, 0}}};
    return {DecideApproval{e.step, e.approved, e.principal, e.comment, e.values}};
  }

  Candidates operator()(const ChildAttached& e) {
    return {ChildStarted{e.step, e.attempt, e.child, e.version}};
  }
  Candidates operator()(const KeyHeld& e) { return {KeyGranted{{e.step}}}; }
  Candidates operator()(const HoldLifted& e) {
    if (e.hold == kHoldAdmission) return {AdmitExecution{}};
    return {KeyGranted{}};
  }

  // A journal that was put together anew: the state stays what it was.
  Candidates operator()(const ExecutionRebased& e) {
    if (e.kind != ExecutionRebased::Kind::kRehome) return {};
    return {RehomeExecution{}};
  }

  // The others follow by themselves.
  template <typename Body>
  Candidates operator()(const Body&) {
    return {};
  }

 private:
  const Node& NodeOf(StepRef ref) const { return state_.plan->nodes[ref.node]; }

  const OpenWait* WaitOf(StepRef ref) const {
    auto found = state_.waits.find(ref);
    return found == state_.waits.end() ? nullptr : &found->second;
  }

  // As a task or an in-process task.
  bool HandedOut(StepRef ref) const {
    StepState now = state_.step(ref).state;
    return (now == StepState::kReady || now == StepState::kRunning) && NodeOf(ref).body == kNone;
  }

  static Candidates Timeout(StepRef ref) {
    return {FireTimer{{TimerKind::kScheduleToClose, ref, 0}}};
  }

  bool StepTimedOut(StepRef ref, const Error& error) const {
    const Step& step = state_.step(ref);
    return error.reason == "STEP_TIMEOUT" && step.deadline != 0 && event_.time >= step.deadline &&
           error.node == NodeOf(ref).path && step.state != StepState::kPending && !step.held &&
           !state_.unwindings.contains(ref);
  }

  Candidates Failures(StepRef ref, uint32_t attempt, const Error& error) {
    const Step& step = state_.step(ref);
    if (StepTimedOut(ref, error)) return Timeout(ref);
    if (HandedOut(ref)) {
      if (step.in_process) return {RunStep{ref, attempt}};
      Candidates found;
      if (error.reason == "ATTEMPT_LOST") found.push_back(LoseAttempt{ref, attempt});
      if (auto cause = CauseOf(error)) {
        found.push_back(FailTask{ref, attempt, cause->reason, cause->message, true});
      }
      // Whether the worker called it final is not recorded. A timeout is a failure as well.
      for (bool retryable : {true, false}) {
        found.push_back(FailTask{ref, attempt, error.reason, error.message, retryable});
      }
      return found;
    }
    const OpenWait* wait = WaitOf(ref);
    if (step.state != StepState::kWaiting || step.held || !wait) return {};
    switch (wait->what->kind) {
      case WaitKind::kApproval:
        if (error.reason != "APPROVAL_TIMEOUT" || wait->granted) return {};
        return {FireTimer{{TimerKind::kWait, ref, 0}}};
      case WaitKind::kChild:
        return ChildFailures(ref, attempt, error);
      case WaitKind::kKey:
        return {KeyRefused{{ref}, error.reason, error.message}};
      case WaitKind::kSignal:
      case WaitKind::kCondition:
        break;
    }
    return {};
  }

  static Candidates ChildFailures(StepRef ref, uint32_t attempt, const Error& error) {
    std::string_view message = error.message;
    if (message.starts_with(kChild)) {
      message.remove_prefix(kChild.size());
      auto child = Uuid::Parse(std::string(message.substr(0, kIdLength)));
      std::string_view rest = message.substr(std::min(message.size(), kIdLength));
      size_t colon = rest.find(": ");
      if (child && rest.starts_with(" is ") && colon != std::string_view::npos) {
        if (auto phase = PhaseNamed(rest.substr(4, colon - 4))) {
          Error own{error.reason, std::string(rest.substr(colon + 2)), ""};
          return {ChildEnded{ref, attempt, *child, *phase, {}, std::move(own)}};
        }
      }
      message = error.message;
    }
    if (message.starts_with(kRefusal)) message.remove_prefix(kRefusal.size());
    Error own{error.reason, std::string(message), ""};
    return {ChildRefused{ref, attempt, own, true}, ChildRefused{ref, attempt, own, false}};
  }

  // A flow.cancel that runs as an in-process task; another one is part of what was before.
  Candidates CancelNode(StepRef canceled, std::string_view reason) const {
    if (reason != "CANCELED_BY_NODE" || state_.unwindings.contains(canceled)) return {};
    for (StepRef ref : ListSteps(state_)) {
      if (ref.activation != canceled.activation || NodeOf(ref).kind != NodeKind::kCancel) continue;
      const auto& nodes = std::get<workflow::CancelConfig>(NodeOf(ref).config).nodes;
      bool names = std::find(nodes.begin(), nodes.end(), canceled.node) != nodes.end();
      if (names && HandedOut(ref) && EndsNext(ref)) {
        return {RunStep{ref, state_.step(ref).attempt}};
      }
    }
    return {};
  }

  // Whether, of all flow.cancel, this one ends next.
  bool EndsNext(StepRef cancel) const {
    for (const Event& event : journal_.subspan(index_)) {
      auto ref = StepOf(event);
      bool ends = ref && std::holds_alternative<StepCompleted>(event.body) &&
                  NodeOf(*ref).kind == NodeKind::kCancel;
      if (ends) return *ref == cancel;
    }
    return false;
  }

  // The first thing that happens to a held step after the resume is what was decided about it.
  std::optional<HeldDecision> DecisionOf(StepRef ref) const {
    for (const Event& event : journal_.subspan(index_ + 1)) {
      if (std::holds_alternative<ExecutionRebased>(event.body)) break;
      if (StepOf(event) != ref) continue;
      HeldDecision decision;
      if (std::holds_alternative<StepFailed>(event.body)) {
        decision.kind = HeldDecision::Kind::kFail;
      } else if (const auto* completed = std::get_if<StepCompleted>(&event.body)) {
        decision.kind = HeldDecision::Kind::kComplete;
        decision.output = completed->output;
        const auto& ports = NodeOf(ref).ports;
        if (completed->port < ports.size()) decision.port = ports[completed->port];
      }
      return decision;
    }
    return std::nullopt;
  }

  const ExecutionState& state_;
  std::span<const Event> journal_;
  size_t index_;
  const Event& event_;
};

const Error* ErrorIn(const Event& event) {
  return std::visit(
      [](const auto& body) -> const Error* {
        if constexpr (requires { body.error; }) {
          return &body.error;
        } else {
          return nullptr;
        }
      },
      event.body);
}

// Whether the command leads to such an event.
bool LeadsTo(const ExecutionState& state, const Command& command, const Limits& limits,
             const Event& event) {
  auto decision = Decide(state, command, limits);
  if (!decision.ok() || decision->events.empty()) return false;
  const Event& first = decision->events.front();
  if (first.body.index() != event.body.index()) return false;
  const Error* made = ErrorIn(first);
  return made == nullptr || made->reason == ErrorIn(event)->reason;
}

// The step in a command's body, where it is about one.
template <typename Command>
auto StepIn(Command& command) {
  using Ref = std::conditional_t<std::is_const_v<Command>, const StepRef, StepRef>;
  return std::visit(
      [](auto& body) -> Ref* {
        if constexpr (requires { body.step; }) {
          return &body.step;
        } else if constexpr (requires { body.ticket; }) {
          return body.ticket.step ? &*body.ticket.step : nullptr;
        } else if constexpr (requires { body.id.step; }) {
          return body.id.kind == TimerKind::kExecution ? nullptr : &body.id.step;
        } else {
          return nullptr;
        }
      },
      command.body);
}

}  // namespace

absl::StatusOr<Command> CommandFor(const RecordedInput& input, const ExecutionState& state) {
  Command command = input.command;
  if (StepRef* step = StepIn(command)) {
    AF_ASSIGN_OR_RETURN(*step, FindStep(state, input.step));
  }
  return command;
}

std::optional<RecordedInput> InputOf(const ExecutionState& state, std::span<const Event> journal,
                                     size_t index, const Limits& limits) {
  const Event& event = journal[index];
  auto ref = StepOf(event);
  if (ref && !state.HasStep(*ref)) return std::nullopt;
  Reader reader(state, journal, index);
  Candidates candidates = std::visit(reader, event.body);
  if (candidates.empty()) return std::nullopt;
  RecordedInput input{.index = index, .claimed_at = reader.claimed_at};
  input.command = {event.time, reader.random, std::move(reader.principal), candidates.front()};
  if (candidates.size() > 1) {
    Limits direct = limits;
    direct.transitions = 0;
    for (CommandBody& body : candidates) {
      Command command{event.time, input.command.random, input.command.principal, body};
      if (!LeadsTo(state, command, direct, event)) continue;
      input.command = std::move(command);
      break;
    }
  }
  if (const StepRef* step = StepIn(std::as_const(input.command))) {
    input.step = StepKey(state, *step);
  }
  return input;
}

}  // namespace agentflow::engine
