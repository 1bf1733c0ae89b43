#include <algorithm>

#include "libs/base/status.h"
#include "libs/engine/evaluate.h"
#include "libs/engine/time_text.h"
#include "libs/engine/transition.h"

namespace agentflow::engine {

using workflow::kNone;
using workflow::Node;
using workflow::NodeKind;

namespace {

// Whether a node of that kind does nothing outside and does not wait.
bool IsPure(const Node& node) {
  switch (node.kind) {
    case NodeKind::kTask:
    case NodeKind::kWait:
    case NodeKind::kSignal:
    case NodeKind::kApproval:
    case NodeKind::kCondition:
    case NodeKind::kChild:
      return false;
    default:
      return node.body == kNone;
  }
}

}  // namespace

void Transition::Begin(StepRef ref) {
  const Step& step = state_.step(ref);
  if (step.state == StepState::kRunning) return TakeTurn(ref);
  if (step.state == StepState::kWaiting) {
    if (state_.waits.at(ref).what->kind == WaitKind::kApproval) return BeginNow(ref);
    Emit(ContainerStarted{ref, json::Value(), 1, 1});  // flow.critical has its key
    return;
  }
  if (step.readiness == Readiness::kSkip) {
    Emit(StepSkipped{ref});
    return FinishScopeIfSettled(ref.activation);
  }
  const Node& node = NodeOf(ref);
  if (node.join.cancel_rest) CancelRest(ref);
  if (node.policy.approval && StopAtGate(ref)) return;
  BeginNow(ref);
}

void Transition::BeginNow(StepRef ref) {
  const Node& node = NodeOf(ref);
  if (IsPure(node) && (node.policy.checkpoint || state_.start->strict)) {
    uint64_t cause = Emit(StepScheduled{ref, nullptr, now_, 0, true});
    return Act(cause, RunInProcess{ref, state_.step(ref).attempt});
  }
  Execute(ref);
}

void Transition::Execute(StepRef ref) {
  const Node& node = NodeOf(ref);
  switch (node.kind) {
    case NodeKind::kNoop:
      return Complete(ref, Attempt(ref), 0, json::Value());
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
      return ScheduleTask(ref, std::get<workflow::TaskConfig>(node.config));
    case NodeKind::kMap:
      return StartMap(ref, std::get<workflow::MapConfig>(node.config));
    case NodeKind::kLoop:
      return StartLoop(ref, std::get<workflow::LoopConfig>(node.config));
    case NodeKind::kSignal:
      return ExecuteSignal(ref, std::get<workflow::SignalConfig>(node.config));
    case NodeKind::kApproval:
      return ExecuteApproval(ref, std::get<workflow::ApprovalConfig>(node.config));
    case NodeKind::kCondition:
      return ExecuteCondition(ref, std::get<workflow::ConditionConfig>(node.config));
    case NodeKind::kChild:
      return ExecuteChild(ref, std::get<workflow::ChildConfig>(node.config));
    case NodeKind::kCritical:
      return ExecuteCritical(ref, std::get<workflow::CriticalConfig>(node.config));
    case NodeKind::kTransaction:
      return StartTransaction(ref);
    case NodeKind::kEnd:
      return ExecuteEnd(ref, std::get<workflow::EndConfig>(node.config));
    case NodeKind::kCancel:
      return ExecuteCancel(ref, std::get<workflow::CancelConfig>(node.config));
  }
}

void Transition::ExecuteTransform(StepRef ref, const workflow::TransformConfig& config) {
  auto value = Evaluate(state_, ref.activation, config.value);
  if (!value.ok()) return FailStep(ref, Attempt(ref), ErrorOf(value.status()));
  Complete(ref, Attempt(ref), 0, *std::move(value));
}

void Transition::ExecuteIf(StepRef ref, const workflow::IfConfig& config) {
  auto holds = EvaluateCondition(state_, ref.activation, config.when);
  if (!holds.ok()) return FailStep(ref, Attempt(ref), ErrorOf(holds.status()));
  Choose(ref, *holds ? config.then_port : config.else_port);
}

void Transition::ExecuteSwitch(StepRef ref, const workflow::SwitchConfig& config) {
  std::vector<PortIndex> chosen;
  for (const auto& option : config.cases) {
    auto holds = EvaluateCondition(state_, ref.activation, option.when);
    if (!holds.ok()) return FailStep(ref, Attempt(ref), ErrorOf(holds.status()));
    if (*holds && !config.all) return Choose(ref, option.port);
    if (*holds) chosen.push_back(option.port);
  }
  if (!config.all) return Choose(ref, config.default_port);
  const std::vector<std::string>& ports = NodeOf(ref).ports;
  if (chosen.empty()) chosen.push_back(config.default_port);
  json::Array names;
  for (PortIndex port : chosen) {
    bool named = port < ports.size();
    if (named && std::find(names.begin(), names.end(), json::Value(ports[port])) == names.end()) {
      names.emplace_back(ports[port]);
    }
  }
  Complete(ref, 1, workflow::kListedPorts, json::Value(std::move(names)));
}

void Transition::Choose(StepRef ref, PortIndex port) {
  const Node& node = NodeOf(ref);
  bool named = port < node.ports.size();
  Complete(ref, Attempt(ref), port, named ? json::Value(node.ports[port]) : json::Value());
}

void Transition::ExecuteFail(StepRef ref, const workflow::FailConfig& config) {
  auto reason = Evaluate(state_, ref.activation, config.reason);
  if (!reason.ok()) return FailStep(ref, Attempt(ref), ErrorOf(reason.status()));
  auto message = Evaluate(state_, ref.activation, config.message);
  if (!message.ok()) return FailStep(ref, Attempt(ref), ErrorOf(message.status()));
  Error error;
  error.reason = reason->is_string() ? reason->as_string() : "NODE_FAILED";
  if (message->is_string()) {
    error.message = message->as_string();
  } else if (!message->is_null()) {
    error.message = json::Dump(*message);
  }
  FailStep(ref, Attempt(ref), std::move(error));
}

void Transition::ExecuteWait(StepRef ref, const workflow::WaitConfig& config) {
  auto wake_at = WakeTime(ref, config);
  if (!wake_at.ok()) return FailStep(ref, Attempt(ref), ErrorOf(wake_at.status()));
  if (*wake_at <= now_) return Complete(ref, Attempt(ref), 0, json::Value());
  uint64_t cause = Emit(StepWaiting{ref, *wake_at});
  Act(cause, StartTimer{{TimerKind::kWait, ref, 0}, *wake_at, true});
}

absl::StatusOr<UnixMicros> Transition::WakeTime(StepRef ref,
                                                const workflow::WaitConfig& config) const {
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

void Transition::ScheduleTask(StepRef ref, const workflow::TaskConfig& config) {
  auto offer = MakeOffer(ref, config);
  if (!offer.ok()) return FailStep(ref, Attempt(ref), ErrorOf(offer.status()));
  workflow::Micros timeout = NodeOf(ref).policy.timeouts.schedule_to_close;
  UnixMicros deadline = timeout > 0 ? now_ + timeout : 0;
  uint64_t cause = Emit(StepScheduled{ref, *std::move(offer), now_, deadline, false});
  OfferAttempt(ref, cause);
  if (deadline != 0) {
    Act(cause, StartTimer{{TimerKind::kScheduleToClose, ref, 0}, deadline, true});
  }
}

absl::StatusOr<std::shared_ptr<const Offer>> Transition::MakeOffer(
    StepRef ref, const workflow::TaskConfig& config) const {
  const Node& node = NodeOf(ref);
  std::string field = "nodes." + node.path;
  auto offer = std::make_shared<Offer>();
  offer->heartbeat = node.policy.timeouts.heartbeat;
  AF_ASSIGN_OR_RETURN(json::Value agent, Evaluate(state_, ref.activation, config.agent));
  if (!agent.is_string() || agent.as_string().empty()) {
    return InvalidArgument("EXPRESSION_FAILED", field + ".with.agent",
                           field + ".with.agent: must give the name of an agent");
  }
  offer->agent = agent.as_string();
  AF_ASSIGN_OR_RETURN(offer->input, Evaluate(state_, ref.activation, config.input));
  if (!Fits(offer->input)) {
    return InvalidArgument("INPUT_TOO_LARGE", field + ".with.input",
                           TooLarge("The task's input", offer->input));
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

void Transition::OfferAttempt(StepRef ref, uint64_t cause) {
  const Step& step = state_.step(ref);
  Act(cause, OfferOf(state_, ref));
  UnixMicros start_deadline = StartDeadline(state_, ref);
  if (start_deadline != 0) {
    Act(cause, StartTimer{{TimerKind::kScheduleToStart, ref, step.attempt}, start_deadline, false});
  }
}

}  // namespace agentflow::engine
