#include "libs/engine/state.h"

#include <charconv>
#include <tuple>

#include "libs/base/status.h"

namespace agentflow::engine {
namespace {

using workflow::kNone;

absl::Status StepUnknown(std::string_view key) {
  return NotFound("STEP_UNKNOWN", "The execution has no step \"" + std::string(key) +
                                      "\"; list its steps to see which it has.");
}

// The containers around `node`, outermost first.
std::vector<NodeIndex> Containers(const workflow::Plan& plan, NodeIndex node) {
  std::vector<NodeIndex> owners;
  for (NodeIndex owner = plan.scopes[plan.nodes[node].scope].owner; owner != kNone;
       owner = plan.scopes[plan.nodes[owner].scope].owner) {
    owners.push_back(owner);
  }
  return {owners.rbegin(), owners.rend()};
}

// "2@3.5" -> the children's numbers of iteration 2 in the third run, and of iteration 5; nullopt
// where it is none.
std::optional<std::vector<uint32_t>> ParseIterations(std::string_view text) {
  std::vector<uint32_t> numbers;
  const char* at = text.data();
  const char* end = at + text.size();
  while (at != end) {
    uint32_t number = 0;
    auto [next, error] = std::from_chars(at, end, number);
    if (error != std::errc()) return std::nullopt;
    uint32_t run = 1;
    if (next != end && *next == '@') {
      auto [after, bad] = std::from_chars(next + 1, end, run);
      if (bad != std::errc() || run < 2) return std::nullopt;
      next = after;
    }
    numbers.push_back(ChildNumber(run - 1, number));
    if (next == end) break;
    if (*next != '.' || next + 1 == end) return std::nullopt;
    at = next + 1;
  }
  return numbers;
}

}  // namespace

std::string_view Name(StepState state) {
  switch (state) {
    case StepState::kPending:
      return "PENDING";
    case StepState::kReady:
      return "READY";
    case StepState::kRunning:
      return "RUNNING";
    case StepState::kWaiting:
      return "WAITING";
    case StepState::kCompleted:
      return "COMPLETED";
    case StepState::kFailed:
      return "FAILED";
    case StepState::kSkipped:
      return "SKIPPED";
    case StepState::kCanceled:
      return "CANCELED";
    case StepState::kCompensated:
      return "COMPENSATED";
  }
  return "STATE_UNSPECIFIED";
}

std::string_view Name(Phase phase) {
  switch (phase) {
    case Phase::kNone:
      return "STATE_UNSPECIFIED";
    case Phase::kQueued:
      return "QUEUED";
    case Phase::kRunning:
      return "RUNNING";
    case Phase::kWaiting:
      return "WAITING";
    case Phase::kPaused:
      return "PAUSED";
    case Phase::kCompensating:
      return "COMPENSATING";
    case Phase::kCompleted:
      return "COMPLETED";
    case Phase::kFailed:
      return "FAILED";
    case Phase::kCanceled:
      return "CANCELED";
    case Phase::kTimedOut:
      return "TIMED_OUT";
  }
  return "STATE_UNSPECIFIED";
}

std::string_view Name(Mode mode) {
  switch (mode) {
    case Mode::kLive:
      return "LIVE";
    case Mode::kTest:
      return "TEST";
    case Mode::kDryRun:
      return "DRY_RUN";
  }
  return "MODE_UNSPECIFIED";
}

const Step& ExecutionState::step(StepRef ref) const {
  const Activation& activation = activations[ref.activation];
  return activation.steps[ref.node - plan->scopes[activation.scope].first_node];
}

Step& ExecutionState::step(StepRef ref) {
  return const_cast<Step&>(static_cast<const ExecutionState*>(this)->step(ref));
}

bool Wait::operator==(const Wait& other) const {
  bool same_approval =
      approval == other.approval || (approval && other.approval && *approval == *other.approval);
  return same_approval && std::tie(kind, name, version, input, detach, limit) ==
                              std::tie(other.kind, other.name, other.version, other.input,
                                       other.detach, other.limit);
}

bool OpenWait::operator==(const OpenWait& other) const {
  return (what == other.what || *what == *other.what) && deadline == other.deadline &&
         granted == other.granted && child == other.child && child_version == other.child_version;
}

bool ExecutionState::HasStep(StepRef ref) const {
  if (ref.activation >= activations.size()) return false;
  const Activation& activation = activations[ref.activation];
  NodeIndex first = plan->scopes[activation.scope].first_node;
  return ref.node >= first && ref.node - first < activation.steps.size();
}

ActivationIndex ExecutionState::Child(StepRef container, uint32_t iteration) const {
  uint32_t run = step(container).attempt - 1;
  return children.at({container, ChildNumber(run, iteration)});
}

bool ExecutionState::IsLive(StepRef ref) const {
  if (activations[ref.activation].open) return true;
  return plan->nodes[ref.node].compensation && step(ref).readiness == Readiness::kRun && !over();
}

Phase PhaseOf(const ExecutionState& state) {
  if (state.paused && !state.over()) return Phase::kPaused;
  bool idle =
      state.phase == Phase::kRunning && !state.more() && state.active == 0 && state.waiting > 0;
  return idle ? Phase::kWaiting : state.phase;
}

std::string IterationPath(const ExecutionState& state, ActivationIndex activation) {
  std::string path;
  while (activation != 0) {
    const Activation& inner = state.activations[activation];
    std::string number = std::to_string(inner.iteration);
    if (inner.run > 0) number += "@" + std::to_string(inner.run + 1);
    path = path.empty() ? number : number + "." + path;
    activation = inner.owner.activation;
  }
  return path;
}

std::string StepKey(const ExecutionState& state, StepRef ref) {
  const std::string& path = state.plan->nodes[ref.node].path;
  if (ref.activation == 0) return path;
  return path + "#" + IterationPath(state, ref.activation);
}

absl::StatusOr<StepRef> FindStep(const ExecutionState& state, std::string_view key) {
  size_t hash = key.find('#');
  if (!state.plan || state.activations.empty()) return StepUnknown(key);
  NodeIndex node = state.plan->FindNode(key.substr(0, hash));
  if (node == kNone) return StepUnknown(key);
  std::vector<NodeIndex> containers = Containers(*state.plan, node);
  auto iterations = ParseIterations(hash == std::string_view::npos ? "" : key.substr(hash + 1));
  if (!iterations || iterations->size() != containers.size()) return StepUnknown(key);
  StepRef ref{0, node};
  for (size_t i = 0; i < containers.size(); ++i) {
    auto child = state.children.find({{ref.activation, containers[i]}, (*iterations)[i]});
    if (child == state.children.end()) return StepUnknown(key);
    ref.activation = child->second;
  }
  if (!state.HasStep(ref)) return StepUnknown(key);
  return ref;
}

StepView View(const ExecutionState& state, StepRef ref) {
  const Step& step = state.step(ref);
  const workflow::Node& node = state.plan->nodes[ref.node];
  StepView view;
  view.ref = ref;
  view.node = node.path;
  view.iteration = IterationPath(state, ref.activation);
  view.type = node.type;
  view.step = &step;
  view.start_time = step.started_at   ? step.started_at
                    : step.claimed_at ? step.claimed_at
                                      : step.scheduled_at;
  view.end_time = step.ended_at;
  return view;
}

std::vector<StepRef> ListSteps(const ExecutionState& state) {
  std::vector<StepRef> refs;
  for (ActivationIndex a = 0; a < state.activations.size(); ++a) {
    const Activation& activation = state.activations[a];
    NodeIndex first = state.plan->scopes[activation.scope].first_node;
    for (uint32_t i = 0; i < activation.steps.size(); ++i) {
      if (activation.steps[i].state != StepState::kPending) refs.push_back({a, first + i});
    }
  }
  return refs;
}

json::Value ToJson(const Error& error) {
  return json::Object{{"reason", error.reason}, {"message", error.message}, {"node", error.node}};
}

void ForgetClaims(ExecutionState& state) {
  for (Activation& activation : state.activations) {
    NodeIndex first = state.plan->scopes[activation.scope].first_node;
    for (size_t i = 0; i < activation.steps.size(); ++i) {
      Step& step = activation.steps[i];
      bool container = state.plan->nodes[first + i].body != kNone;
      if (step.state == StepState::kRunning && !container) step.state = StepState::kReady;
      step.claimed_at = 0;
      step.attempt_deadline = 0;
      step.holder.clear();
    }
  }
}

}  // namespace agentflow::engine
