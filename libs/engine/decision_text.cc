#include "libs/engine/decision_text.h"

#include "libs/json/value.h"

namespace agentflow::engine {

std::string PortName(const ExecutionState& state, StepRef step, PortIndex port) {
  if (port == workflow::kErrorPort) return "error";
  if (port == workflow::kNoPort) return "none";
  if (port == workflow::kListedPorts) return "listed";
  const auto& ports = state.plan->nodes[step.node].ports;
  return port < ports.size() ? ports[port] : "?";
}

namespace {

class Writer {
 public:
  Writer(const ExecutionState& state, const Event& event) : state_(state), event_(event) {}

  std::string facts;

  void operator()(const ExecutionStarted& e) {
    Value("input", e.info->input);
    Text("concurrency key", e.info->concurrency.key);
    Time("timeout", e.deadline);
    Number("in flight", e.max_in_flight);
  }
  void operator()(const StepScheduled& e) {
    if (e.offer) {
      Text("agent", e.offer->agent);
      Value("input", e.offer->input);
      Text("idempotency key", e.offer->idempotency_key);
      Number("heartbeat in us", e.offer->heartbeat);
    }
    Time("deadline", e.deadline);
  }
  void operator()(const StepWaiting& e) {
    Time("until", e.wake_at);
    Time("deadline", e.deadline);
    if (!e.wait) return;
    Text("for", e.wait->name);
    if (e.wait->approval) {
      Text("title", e.wait->approval->title);
      for (const std::string& who : e.wait->approval->by) Text("by", who);
    }
    Number("version", e.wait->version);
    Value("input", e.wait->input);
    if (e.wait->detach) Text("detached", "yes");
    if (e.wait->kind == WaitKind::kKey) Number("places", e.wait->limit);
  }
  void operator()(const StepCompleted& e) {
    Number("attempt", e.attempt);
    Text("port", PortName(state_, e.step, e.port));
    Value("output", e.output);
  }
  void operator()(const AttemptFailed& e) {
    Number("attempt", e.attempt);
    Failure(e.error);
    Time("again", e.ready_at);
    if (e.lost) Text("lost", "yes");
  }
  void operator()(const StepFailed& e) {
    Number("attempt", e.attempt);
    Failure(e.error);
    Text("port", PortName(state_, e.step, e.port));
  }
  void operator()(const StepHeld& e) {
    Number("attempt", e.attempt);
    Failure(e.error);
  }
  void operator()(const StepCanceled& e) { Text("reason", e.reason); }
  void operator()(const ContainerStarted& e) {
    Value("items", e.items);
    Number("total", e.total);
    Number("concurrency", e.concurrency);
  }
  void operator()(const ActivationOpened& e) { Number("round", e.iteration + 1); }
  void operator()(const ActivationClosed& e) {
    if (e.activation < state_.activations.size()) {
      Number("round", state_.activations[e.activation].iteration + 1);
    }
    Value("output", e.output);
    Failure(e.error);
  }
  void operator()(const SignalReceived& e) {
    Text("signal", e.name);
    Value("payload", e.payload);
    Text("by", e.principal);
  }
  void operator()(const ApprovalDecided& e) {
    Text("decision", e.approved ? "approved" : "rejected");
    Text("by", e.principal);
    Value("values", e.values);
  }
  void operator()(const ChildAttached& e) { Text("child", e.child.ToString()); }
  void operator()(const HoldLifted& e) { Time("timeout", e.deadline); }
  void operator()(const ExecutionCompleted& e) { Value("output", e.output); }
  void operator()(const ExecutionFailed& e) { Failure(e.error); }
  void operator()(const ExecutionCanceled& e) {
    Text("by", e.principal);
    Text("cause", e.cause);
    Failure(e.error);
  }
  void operator()(const ExecutionTimedOut& e) { Failure(e.error); }
  void operator()(const UnwindingStarted& e) {
    if (e.everything) Text("everything", "yes");
    Failure(e.ending.error);
    Text("cause", e.ending.cause);
    Value("output", e.ending.output);
  }
  // The others say everything by their type and their step.
  template <typename Body>
  void operator()(const Body&) {}

 private:
  void Text(std::string_view name, std::string_view value) {
    if (value.empty()) return;
    facts.append(", ").append(name).append(" ").append(value);
  }
  void Value(std::string_view name, const json::Value& value) {
    if (!value.is_null()) Text(name, json::Dump(value));
  }
  void Number(std::string_view name, int64_t number) {
    if (number != 0) Text(name, std::to_string(number));
  }
  void Time(std::string_view name, UnixMicros time) {
    if (time != 0) Text(name, "in " + std::to_string(time - event_.time) + " us");
  }
  void Failure(const Error& error) {
    Text("error", error.reason);
    Text("at", error.node);
  }

  const ExecutionState& state_;
  const Event& event_;
};

// The step that a decision is about: that of its event, or the container of its activation.
std::optional<StepRef> SubjectOf(const ExecutionState& state, const Event& event) {
  if (auto ref = StepOf(event)) return ref;
  if (const auto* opened = std::get_if<ActivationOpened>(&event.body)) return opened->owner;
  ActivationIndex activation = 0;
  if (const auto* closed = std::get_if<ActivationClosed>(&event.body)) {
    activation = closed->activation;
  } else if (const auto* unwinding = std::get_if<UnwindingStarted>(&event.body)) {
    if (unwinding->target.node != workflow::kNone) return unwinding->target;
    activation = unwinding->target.activation;
  }
  if (activation == 0 || activation >= state.activations.size()) return std::nullopt;
  return state.activations[activation].owner;
}

}  // namespace

DecisionText TextOf(const ExecutionState& state, const Event& event) {
  DecisionText decision;
  decision.text = TypeName(event);
  auto step = SubjectOf(state, event);
  if (step && state.HasStep(*step)) {
    decision.step = StepKey(state, *step);
    decision.node = state.plan->nodes[step->node].path;
    decision.text += " of " + decision.step;
  }
  Writer writer(state, event);
  std::visit(writer, event.body);
  decision.text += writer.facts;
  return decision;
}

}  // namespace agentflow::engine
