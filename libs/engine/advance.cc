#include <algorithm>
#include <utility>

#include "libs/base/status.h"
#include "libs/engine/engine.h"
#include "libs/engine/evaluate.h"
#include "libs/engine/retry.h"
#include "libs/engine/time_text.h"

namespace agentflow::engine {
namespace {

using workflow::kErrorPort;
using workflow::kNone;
using workflow::kNoPort;
using workflow::Node;
using workflow::NodeKind;

constexpr char kAttemptLost[] = "ATTEMPT_LOST";
constexpr char kAttemptTimeout[] = "ATTEMPT_TIMEOUT";
constexpr char kStepTimeout[] = "STEP_TIMEOUT";
constexpr char kQueueTimeout[] = "QUEUE_TIMEOUT";

absl::Status ExecutionOver(const ExecutionState& state) {
  return FailedPrecondition("EXECUTION_OVER", "The execution is over: it is " +
                                                  std::string(Name(state.phase)) + ".");
}

Error ErrorOf(const absl::Status& status) { return {ReasonOf(status), MessageOf(status), ""}; }

// When an unclaimed attempt has waited too long for a worker; 0: never.
UnixMicros StartDeadline(const ExecutionState& state, StepRef ref) {
  const Step& step = state.step(ref);
  workflow::Micros timeout = state.plan->nodes[ref.node].policy.timeouts.schedule_to_start;
  bool unclaimed = step.state == StepState::kReady && step.offer != nullptr;
  return unclaimed && timeout > 0 ? step.ready_at + timeout : 0;
}

// One command on one execution. Checks come first; from the first Emit on nothing can be
// refused any more.
class Transition {
 public:
  Transition(ExecutionState& state, const Command& command, const Limits& limits)
      : state_(state),
        command_(command),
        limits_(limits),
        now_(std::max(command.now, state.updated_at)) {
    decision_.before = PhaseOf(state);
  }

  absl::StatusOr<Decision> Run() {
    AF_RETURN_IF_ERROR(std::visit([this](const auto& body) { return Handle(body); },
                                  command_.body));
    RunAgenda();
    decision_.after = PhaseOf(state_);
    decision_.more = state_.more();
    return std::move(decision_);
  }

 private:
  // --- Commands

  absl::Status Handle(const StartExecution& start) {
    if (state_.phase != Phase::kNone) {
      return agentflow::Error(absl::StatusCode::kAlreadyExists, "EXECUTION_EXISTS",
                   "The execution has been started before.");
    }
    if (start.info->input.ByteSize() > limits_.value_bytes) {
      return InvalidArgument("VALUE_TOO_LARGE", "input", TooLarge("The input"));
    }
    state_.plan = start.plan;
    workflow::Micros timeout = start.plan->timeout;
    UnixMicros deadline = timeout > 0 ? now_ + timeout : 0;
    uint64_t cause = Emit(ExecutionStarted{start.info, deadline});
    if (deadline != 0) Act(cause, StartTimer{{TimerKind::kExecution, {}, 0}, deadline, true});
    FinishScopeIfSettled(0);
    return absl::OkStatus();
  }

  absl::Status Handle(const ClaimTask& claim) {
    AF_RETURN_IF_ERROR(CheckAttempt(claim.step, claim.attempt, /*in_process=*/false));
    const Step& step = state_.step(claim.step);
    if (step.state == StepState::kRunning) {
      if (step.holder == claim.holder) return absl::OkStatus();
      return FailedPrecondition("TASK_HELD", "Another worker holds this attempt; drop it.");
    }
    workflow::Micros timeout = NodeOf(claim.step).policy.timeouts.start_to_close;
    UnixMicros deadline = timeout > 0 ? now_ + timeout : 0;
    UnixMicros start_deadline = StartDeadline(state_, claim.step);
    uint64_t cause = Emit(StepClaimed{claim.step, claim.attempt, claim.holder, deadline});
    if (start_deadline != 0) {
      Act(cause, CancelTimer{
                     {TimerKind::kScheduleToStart, claim.step, claim.attempt}, start_deadline, false});
    }
    if (deadline != 0) {
      Act(cause, StartTimer{{TimerKind::kStartToClose, claim.step, claim.attempt}, deadline, false});
    }
    return absl::OkStatus();
  }

  absl::Status Handle(const CompleteTask& result) {
    AF_RETURN_IF_ERROR(CheckAttempt(result.step, result.attempt, /*in_process=*/false));
    Complete(result.step, result.attempt, 0, result.output);
    return absl::OkStatus();
  }

  absl::Status Handle(const FailTask& failure) {
    AF_RETURN_IF_ERROR(CheckAttempt(failure.step, failure.attempt, /*in_process=*/false));
    std::string reason = failure.reason.empty() ? "TASK_FAILED" : failure.reason;
    FailAttempt(failure.step, {reason, failure.message, ""}, failure.retryable,
                /*cancel_task=*/false);
    return absl::OkStatus();
  }

  absl::Status Handle(const LoseAttempt& lost) {
    AF_RETURN_IF_ERROR(CheckAttempt(lost.step, lost.attempt, /*in_process=*/false));
    const Step& step = state_.step(lost.step);
    engine::Error error{kAttemptLost, "The worker that held the attempt is gone.", ""};
    const workflow::Retry& retry = NodeOf(lost.step).policy.retry;
    if (step.lost < limits_.lost_attempts &&
        !workflow::MatchesReason(retry.except_when, kAttemptLost)) {
      TryAgain(lost.step, std::move(error), now_, /*lost=*/true, /*cancel_task=*/false);
    } else {
      FailStep(lost.step, step.attempt, std::move(error), /*cancel_task=*/false);
    }
    return absl::OkStatus();
  }

  absl::Status Handle(const RunStep& run) {
    AF_RETURN_IF_ERROR(CheckAttempt(run.step, run.attempt, /*in_process=*/true));
    Execute(run.step);
    return absl::OkStatus();
  }

  absl::Status Handle(const FireTimer& fire) {
    const TimerId& id = fire.id;
    if (state_.phase != Phase::kRunning) return absl::OkStatus();
    if (id.kind == TimerKind::kExecution) {
      if (state_.deadline == 0) return absl::OkStatus();
      AF_RETURN_IF_ERROR(CheckDue(state_.deadline));
      EndExecution(ExecutionTimedOut{}, /*timer_fired=*/true);
      return absl::OkStatus();
    }
    if (!state_.HasStep(id.step)) return absl::OkStatus();
    const Step& step = state_.step(id.step);
    bool offered = step.state == StepState::kReady || step.state == StepState::kRunning;
    if (id.kind == TimerKind::kWait && step.state == StepState::kWaiting) {
      AF_RETURN_IF_ERROR(CheckDue(step.deadline));
      Complete(id.step, step.attempt, 0, json::Value(), /*timer_fired=*/true);
    } else if (id.kind == TimerKind::kScheduleToClose && offered && step.deadline != 0) {
      AF_RETURN_IF_ERROR(CheckDue(step.deadline));
      FailStep(id.step, step.attempt,
               {kStepTimeout, "The step and its attempts took longer than scheduleToClose.", ""},
               /*cancel_task=*/true, TimerKind::kScheduleToClose);
    } else if (id.kind == TimerKind::kStartToClose && step.state == StepState::kRunning &&
               step.attempt == id.attempt && step.attempt_deadline != 0) {
      AF_RETURN_IF_ERROR(CheckDue(step.attempt_deadline));
      FailAttempt(id.step, {kAttemptTimeout, "The attempt took longer than its timeout.", ""},
                  /*retryable=*/true, /*cancel_task=*/true, TimerKind::kStartToClose);
    } else if (id.kind == TimerKind::kScheduleToStart && step.attempt == id.attempt &&
               StartDeadline(state_, id.step) != 0) {
      AF_RETURN_IF_ERROR(CheckDue(StartDeadline(state_, id.step)));
      // Final unless retryOn says otherwise: the next attempt would wait in the same queue.
      FailAttempt(id.step, {kQueueTimeout, "No worker took the attempt in time.", ""},
                  /*retryable=*/false, /*cancel_task=*/true, TimerKind::kScheduleToStart);
    }
    return absl::OkStatus();
  }

  absl::Status Handle(const CancelExecution& cancel) {
    if (state_.phase == Phase::kNone) return Unknown();
    if (state_.over()) return ExecutionOver(state_);
    EndExecution(ExecutionCanceled{command_.principal, cancel.cause});
    return absl::OkStatus();
  }

  absl::Status Handle(const Continue&) { return absl::OkStatus(); }

  // --- Checks

  static absl::Status Unknown() {
    return NotFound("EXECUTION_UNKNOWN", "There is no such execution.");
  }

  absl::Status CheckAttempt(StepRef ref, uint32_t attempt, bool in_process) const {
    if (state_.phase == Phase::kNone) return Unknown();
    if (state_.over()) return ExecutionOver(state_);
    if (!state_.HasStep(ref)) {
      return NotFound("STEP_UNKNOWN", "The execution has no such step.");
    }
    const Step& step = state_.step(ref);
    if (IsOver(step.state) || !state_.activations[ref.activation].open) {
      return FailedPrecondition(
          "STEP_OVER", "The step " + StepKey(state_, ref) + " is over; forget the result.");
    }
    bool handed_out = step.state == StepState::kReady || step.state == StepState::kRunning;
    if (!handed_out || step.in_process != in_process || NodeOf(ref).body != kNone) {
      return FailedPrecondition("STEP_NOT_A_TASK",
                                "The step " + StepKey(state_, ref) + " is not handed out.");
    }
    if (step.attempt != attempt) {
      return FailedPrecondition("ATTEMPT_STALE",
                                "The step " + StepKey(state_, ref) + " is at attempt " +
                                    std::to_string(step.attempt) + ", not " +
                                    std::to_string(attempt) + "; forget the result.");
    }
    return absl::OkStatus();
  }

  absl::Status CheckDue(UnixMicros fire_at) const {
    if (command_.now >= fire_at) return absl::OkStatus();
    return FailedPrecondition("TIMER_EARLY", "The timer is not due before " +
                                                 FormatTimestamp(fire_at) + "; fire it then.");
  }

  std::string TooLarge(std::string_view what) const {
    return std::string(what) + " is larger than " + std::to_string(limits_.value_bytes) +
           " bytes; pass large content by reference.";
  }

  // --- Effects

  const Node& NodeOf(StepRef ref) const { return state_.plan->nodes[ref.node]; }

  // Records and applies an event; returns what its actions name as their cause.
  uint64_t Emit(EventBody body) {
    Event& event = decision_.events.emplace_back();
    event.body = std::move(body);
    event.sequence = state_.sequence + (IsVolatile(event) ? 0 : 1);
    event.time = now_;
    auto ref = StepOf(event);
    if (!ref) {
      Apply(state_, event);
      return event.sequence;
    }
    StepState before = state_.step(*ref).state;
    Apply(state_, event);
    const Step& after = state_.step(*ref);
    decision_.changes.push_back({*ref, before, after.state, after.attempt});
    return event.sequence;
  }

  void Act(uint64_t cause, ActionBody body) {
    decision_.actions.push_back({cause, std::move(body)});
  }


  void CollectTimers(StepRef ref, std::optional<TimerKind> fired, bool whole_step,
                     std::vector<ActionBody>* out) const {
    const Step& step = state_.step(ref);
    if (step.state == StepState::kWaiting && fired != TimerKind::kWait) {
      out->push_back(CancelTimer{{TimerKind::kWait, ref, 0}, step.deadline, true});
    }
    bool offered = step.state == StepState::kReady || step.state == StepState::kRunning;
    if (offered && whole_step && step.deadline != 0 && fired != TimerKind::kScheduleToClose) {
      out->push_back(CancelTimer{{TimerKind::kScheduleToClose, ref, 0}, step.deadline, true});
    }
    UnixMicros start_deadline = StartDeadline(state_, ref);
    if (start_deadline != 0 && fired != TimerKind::kScheduleToStart) {
      out->push_back(CancelTimer{
          {TimerKind::kScheduleToStart, ref, step.attempt}, start_deadline, false});
    }
    if (step.attempt_deadline != 0 && fired != TimerKind::kStartToClose) {
      out->push_back(CancelTimer{
          {TimerKind::kStartToClose, ref, step.attempt}, step.attempt_deadline, false});
    }
  }

  void CollectTask(StepRef ref, std::string_view reason, std::vector<ActionBody>* out) const {
    const Step& step = state_.step(ref);
    bool offered = step.state == StepState::kReady || step.state == StepState::kRunning;
    if (!offered || !step.offer) return;
    out->push_back(CancelTask{ref, step.attempt, std::string(reason)});
  }

  void ActAll(uint64_t cause, std::vector<ActionBody> actions) {
    for (ActionBody& action : actions) Act(cause, std::move(action));
  }

  // --- The agenda

  void RunAgenda() {
    for (uint32_t done = 0; done < limits_.transitions && state_.more(); ++done) {
      Begin(state_.agenda[state_.agenda_head]);
    }
  }

  void Begin(StepRef ref) {
    if (state_.step(ref).readiness == Readiness::kSkip) {
      Emit(StepSkipped{ref});
      FinishScopeIfSettled(ref.activation);
      return;
    }
    const Node& node = NodeOf(ref);
    if (node.join.cancel_rest) CancelRest(ref);
    bool pure = node.kind != NodeKind::kTask && node.kind != NodeKind::kWait && node.body == kNone;
    if (pure && (node.policy.checkpoint || state_.start->strict)) {
      uint64_t cause = Emit(StepScheduled{ref, nullptr, now_, 0, true});
      Act(cause, RunInProcess{ref, 1});
      return;
    }
    Execute(ref);
  }

  void CancelRest(StepRef join) {
    for (NodeIndex node : NodeOf(join).rest) {
      StepRef ref{join.activation, node};
      if (!IsOver(state_.step(ref).state)) CancelStep(ref, "CANCEL_REST");
    }
  }

  void CancelStep(StepRef ref, std::string_view reason) {
    std::vector<ActionBody> leftovers;
    CollectTimers(ref, std::nullopt, /*whole_step=*/true, &leftovers);
    CollectTask(ref, reason, &leftovers);
    uint64_t cause = Emit(StepCanceled{ref, std::string(reason)});
    ActAll(cause, std::move(leftovers));
  }

  // --- Nodes

  void Execute(StepRef ref) {
    const Node& node = NodeOf(ref);
    switch (node.kind) {
      case NodeKind::kNoop:
        return Complete(ref, 1, 0, json::Value());
      case NodeKind::kTransform:
        return ExecuteTransform(ref, std::get<workflow::TransformConfig>(node.config));
      case NodeKind::kIf:
        return ExecuteIf(ref, std::get<workflow::IfConfig>(node.config));
      case NodeKind::kSwitch:
        return ExecuteSwitch(ref, std::get<workflow::SwitchConfig>(node.config));
      case NodeKind::kWait:
        return ExecuteWait(ref, std::get<workflow::WaitConfig>(node.config));
      case NodeKind::kFail:
        return ExecuteFail(ref, std::get<workflow::FailConfig>(node.config));
      case NodeKind::kTask:
        return OfferStep(ref, std::get<workflow::TaskConfig>(node.config));
      case NodeKind::kMap:
      case NodeKind::kLoop:
      case NodeKind::kTransaction:
        return FailStep(ref, 1, {"NODE_TYPE_UNSUPPORTED", node.type + " cannot be run yet.", ""});
    }
  }

  void ExecuteTransform(StepRef ref, const workflow::TransformConfig& config) {
    auto value = Evaluate(state_, ref.activation, config.value);
    if (!value.ok()) return FailStep(ref, 1, ErrorOf(value.status()));
    Complete(ref, 1, 0, *std::move(value));
  }

  void ExecuteIf(StepRef ref, const workflow::IfConfig& config) {
    auto holds = EvaluateCondition(state_, ref.activation, config.when);
    if (!holds.ok()) return FailStep(ref, 1, ErrorOf(holds.status()));
    Choose(ref, *holds ? config.then_port : config.else_port);
  }

  void ExecuteSwitch(StepRef ref, const workflow::SwitchConfig& config) {
    for (const auto& option : config.cases) {
      auto holds = EvaluateCondition(state_, ref.activation, option.when);
      if (!holds.ok()) return FailStep(ref, 1, ErrorOf(holds.status()));
      if (*holds) return Choose(ref, option.port);
    }
    Choose(ref, config.default_port);
  }

  void Choose(StepRef ref, PortIndex port) {
    const Node& node = NodeOf(ref);
    Complete(ref, 1, port, port < node.ports.size() ? json::Value(node.ports[port]) : json::Value());
  }

  void ExecuteFail(StepRef ref, const workflow::FailConfig& config) {
    auto reason = Evaluate(state_, ref.activation, config.reason);
    if (!reason.ok()) return FailStep(ref, 1, ErrorOf(reason.status()));
    auto message = Evaluate(state_, ref.activation, config.message);
    if (!message.ok()) return FailStep(ref, 1, ErrorOf(message.status()));
    engine::Error error;
    error.reason = reason->is_string() ? reason->as_string() : "NODE_FAILED";
    error.message = message->is_string() ? message->as_string()
                    : message->is_null() ? ""
                                         : json::Dump(*message);
    FailStep(ref, 1, std::move(error));
  }

  void ExecuteWait(StepRef ref, const workflow::WaitConfig& config) {
    auto wake_at = WakeTime(ref, config);
    if (!wake_at.ok()) return FailStep(ref, 1, ErrorOf(wake_at.status()));
    if (*wake_at <= now_) return Complete(ref, 1, 0, json::Value());
    uint64_t cause = Emit(StepWaiting{ref, *wake_at});
    Act(cause, StartTimer{{TimerKind::kWait, ref, 0}, *wake_at, true});
  }

  absl::StatusOr<UnixMicros> WakeTime(StepRef ref, const workflow::WaitConfig& config) const {
    std::string field = "nodes." + NodeOf(ref).path + ".with.";
    if (!config.until.empty()) {
      AF_ASSIGN_OR_RETURN(json::Value until, Evaluate(state_, ref.activation, config.until));
      auto time = until.is_string() ? ParseTimestamp(until.as_string()) : std::nullopt;
      if (time) return *time;
      return InvalidArgument("EXPRESSION_FAILED", field + "until",
                             field + "until: " + json::Dump(until) +
                                 " is no time; write it like \"2026-01-31T12:00:00Z\"");
    }
    AF_ASSIGN_OR_RETURN(json::Value span, Evaluate(state_, ref.activation, config.duration));
    std::optional<int64_t> micros;
    if (span.is_string()) micros = ParseSpan(span.as_string());
    if (span.is_number() && span.as_number() >= 0 && span.as_number() <= 3.2e9) {
      micros = static_cast<int64_t>(span.as_number() * 1e6);
    }
    if (micros) return now_ + *micros;
    return InvalidArgument("EXPRESSION_FAILED", field + "duration",
                           field + "duration: " + json::Dump(span) +
                               " is no duration; write it like \"90s\" or \"1h30m\"");
  }

  void OfferStep(StepRef ref, const workflow::TaskConfig& config) {
    auto offer = MakeOffer(ref, config);
    if (!offer.ok()) return FailStep(ref, 1, ErrorOf(offer.status()));
    workflow::Micros timeout = NodeOf(ref).policy.timeouts.schedule_to_close;
    UnixMicros deadline = timeout > 0 ? now_ + timeout : 0;
    uint64_t cause = Emit(StepScheduled{ref, *std::move(offer), now_, deadline, false});
    OfferAttempt(ref, cause);
    if (deadline != 0) {
      Act(cause, StartTimer{{TimerKind::kScheduleToClose, ref, 0}, deadline, true});
    }
  }

  absl::StatusOr<std::shared_ptr<const engine::Offer>> MakeOffer(
      StepRef ref, const workflow::TaskConfig& config) const {
    const Node& node = NodeOf(ref);
    std::string field = "nodes." + node.path;
    auto offer = std::make_shared<engine::Offer>();
    AF_ASSIGN_OR_RETURN(json::Value agent, Evaluate(state_, ref.activation, config.agent));
    if (!agent.is_string() || agent.as_string().empty()) {
      return InvalidArgument("EXPRESSION_FAILED", field + ".with.agent",
                             field + ".with.agent: must give the name of an agent");
    }
    offer->agent = agent.as_string();
    AF_ASSIGN_OR_RETURN(offer->input, Evaluate(state_, ref.activation, config.input));
    if (offer->input.ByteSize() > limits_.value_bytes) {
      return InvalidArgument("INPUT_TOO_LARGE", field + ".with.input", TooLarge("The task's input"));
    }
    if (node.policy.idempotency_key.empty()) {
      offer->idempotency_key = state_.start->id.ToString() + ":" + StepKey(state_, ref);
      return offer;
    }
    AF_ASSIGN_OR_RETURN(json::Value key,
                        Evaluate(state_, ref.activation, node.policy.idempotency_key));
    if (!key.is_string() || key.as_string().empty() || key.as_string().size() > 256) {
      return InvalidArgument("EXPRESSION_FAILED", field + ".policy.idempotencyKey",
                             field + ".policy.idempotencyKey: must give 1 to 256 bytes of text");
    }
    offer->idempotency_key = key.as_string();
    return offer;
  }

  void OfferAttempt(StepRef ref, uint64_t cause) {
    const Step& step = state_.step(ref);
    Act(cause, OfferTask{ref, step.attempt, step.offer, step.ready_at, step.deadline,
                         NodeOf(ref).policy.timeouts.start_to_close});
    UnixMicros start_deadline = StartDeadline(state_, ref);
    if (start_deadline != 0) {
      Act(cause, StartTimer{{TimerKind::kScheduleToStart, ref, step.attempt}, start_deadline, false});
    }
  }

  // --- Ends of steps

  void Complete(StepRef ref, uint32_t attempt, PortIndex port, json::Value output,
                bool timer_fired = false) {
    if (output.ByteSize() > limits_.value_bytes) {
      return FailStep(ref, attempt, {"OUTPUT_TOO_LARGE", TooLarge("The output"), ""});
    }
    std::vector<ActionBody> leftovers;
    CollectTimers(ref, timer_fired ? std::optional(TimerKind::kWait) : std::nullopt,
                  /*whole_step=*/true, &leftovers);
    UnixMicros started = state_.step(ref).claimed_at;
    uint64_t cause = Emit(StepCompleted{ref, attempt, port, std::move(output), started});
    ActAll(cause, std::move(leftovers));
    FinishScopeIfSettled(ref.activation);
  }

  void FailAttempt(StepRef ref, engine::Error error, bool retryable, bool cancel_task,
                   std::optional<TimerKind> fired = std::nullopt) {
    const Step& step = state_.step(ref);
    const workflow::Retry& retry = NodeOf(ref).policy.retry;
    uint32_t tries = step.attempt - step.lost;
    if (tries < retry.max_attempts && MayRetry(retry, error.reason, retryable)) {
      UnixMicros ready_at = now_ + RetryDelay(retry, tries, command_.random);
      if (step.deadline == 0 || ready_at < step.deadline) {
        return TryAgain(ref, std::move(error), ready_at, /*lost=*/false, cancel_task, fired);
      }
    }
    FailStep(ref, step.attempt, std::move(error), cancel_task, fired);
  }

  void TryAgain(StepRef ref, engine::Error error, UnixMicros ready_at, bool lost, bool cancel_task,
                std::optional<TimerKind> fired = std::nullopt) {
    std::vector<ActionBody> leftovers;
    CollectTimers(ref, fired, /*whole_step=*/false, &leftovers);
    if (cancel_task) CollectTask(ref, error.reason, &leftovers);
    error.node = NodeOf(ref).path;
    uint32_t attempt = state_.step(ref).attempt;
    uint64_t cause = Emit(AttemptFailed{ref, attempt, std::move(error), ready_at, lost});
    ActAll(cause, std::move(leftovers));
    OfferAttempt(ref, cause);
  }

  void FailStep(StepRef ref, uint32_t attempt, engine::Error error, bool cancel_task = false,
                std::optional<TimerKind> fired = std::nullopt) {
    error.node = NodeOf(ref).path;
    std::vector<ActionBody> leftovers;
    CollectTimers(ref, fired, /*whole_step=*/true, &leftovers);
    if (cancel_task) CollectTask(ref, error.reason, &leftovers);
    PortIndex port = PortAfterFailure(ref, error.reason);
    UnixMicros started = state_.step(ref).claimed_at;
    uint64_t cause = Emit(StepFailed{ref, attempt, error, port, started});
    ActAll(cause, std::move(leftovers));
    bool handled = port != kNoPort || NodeOf(ref).policy.on_error == workflow::OnError::kContinue;
    if (handled) {
      FinishScopeIfSettled(ref.activation);
    } else {
      FailScope(ref.activation, std::move(error));
    }
  }

  PortIndex PortAfterFailure(StepRef ref, std::string_view reason) const {
    const Node& node = NodeOf(ref);
    for (EdgeIndex e : node.out_edges) {
      const workflow::Edge& edge = state_.plan->edges[e];
      if (edge.port != kErrorPort) continue;
      if (edge.reasons.empty() || workflow::MatchesReason(edge.reasons, reason)) return kErrorPort;
    }
    bool goes_on = node.policy.on_error == workflow::OnError::kContinue;
    return goes_on ? node.policy.continue_port : kNoPort;
  }

  // --- Ends of scopes

  void FinishScopeIfSettled(ActivationIndex index) {
    const Activation& activation = state_.activations[index];
    if (!activation.open || activation.unsettled > 0 || state_.over()) return;
    if (index != 0) return;  // bodies: with the containers
    auto output = Evaluate(state_, 0, state_.plan->outputs);
    if (!output.ok()) return EndExecution(ExecutionFailed{ErrorOf(output.status())});
    if (output->ByteSize() > limits_.value_bytes) {
      return EndExecution(ExecutionFailed{{"OUTPUT_TOO_LARGE", TooLarge("The output"), ""}});
    }
    EndExecution(ExecutionCompleted{*std::move(output)});
  }

  void FailScope(ActivationIndex index, engine::Error error) {
    if (index == 0) return EndExecution(ExecutionFailed{std::move(error)});
  }

  void EndExecution(EventBody end, bool timer_fired = false) {
    std::vector<ActionBody> leftovers;
    std::vector<std::pair<StepRef, StepState>> open;
    if (state_.active > 0 || state_.waiting > 0) {
      CollectOpen(&open);
      for (const auto& [ref, before] : open) {
        CollectTimers(ref, std::nullopt, /*whole_step=*/true, &leftovers);
        CollectTask(ref, "EXECUTION_OVER", &leftovers);
      }
    }
    if (state_.deadline != 0 && !timer_fired) {
      leftovers.push_back(CancelTimer{{TimerKind::kExecution, {}, 0}, state_.deadline, true});
    }
    uint64_t cause = Emit(std::move(end));
    for (const auto& [ref, before] : open) {
      const Step& after = state_.step(ref);
      decision_.changes.push_back({ref, before, after.state, after.attempt});
    }
    ActAll(cause, std::move(leftovers));
    Act(cause, FinishExecution{state_.phase});
  }

  void CollectOpen(std::vector<std::pair<StepRef, StepState>>* open) const {
    for (ActivationIndex a = 0; a < state_.activations.size(); ++a) {
      const Activation& activation = state_.activations[a];
      if (!activation.open) continue;
      NodeIndex first = state_.plan->scopes[activation.scope].first_node;
      for (uint32_t i = 0; i < activation.steps.size(); ++i) {
        StepState step = activation.steps[i].state;
        if (step != StepState::kPending && !IsOver(step)) open->push_back({{a, first + i}, step});
      }
    }
  }

  ExecutionState& state_;
  const Command& command_;
  const Limits& limits_;
  UnixMicros now_;
  Decision decision_;
};

}  // namespace

absl::StatusOr<Decision> Advance(ExecutionState& state, const Command& command,
                                 const Limits& limits) {
  return Transition(state, command, limits).Run();
}

absl::StatusOr<Decision> Decide(const ExecutionState& state, const Command& command,
                                const Limits& limits) {
  ExecutionState copy = state;
  return Transition(copy, command, limits).Run();
}

std::vector<Action> Outstanding(const ExecutionState& state) {
  std::vector<Action> actions;
  if (!state.start || state.over()) return actions;
  auto act = [&](ActionBody body) { actions.push_back({0, std::move(body)}); };
  if (state.deadline != 0) act(StartTimer{{TimerKind::kExecution, {}, 0}, state.deadline, true});
  for (StepRef ref : ListSteps(state)) {
    const Step& step = state.step(ref);
    if (IsOver(step.state) || !state.activations[ref.activation].open) continue;
    if (step.state == StepState::kWaiting) {
      act(StartTimer{{TimerKind::kWait, ref, 0}, step.deadline, true});
    } else if (step.in_process) {
      act(RunInProcess{ref, step.attempt});
    } else if (step.offer) {
      act(OfferTask{ref, step.attempt, step.offer, step.ready_at, step.deadline,
                    state.plan->nodes[ref.node].policy.timeouts.start_to_close});
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
