#include "libs/engine/derived.h"

#include <algorithm>

namespace agentflow::engine {
namespace {

// Whether a round has come to a node, or never will.
bool HasPassed(const ExecutionState& state, StepRef ref) {
  const Step& step = state.step(ref);
  return step.place || IsOver(step.state) || !state.activations[ref.activation].open;
}

// Moves on to the first round that has still to come to the node.
void FindNext(const ExecutionState& state, StepRef container, uint32_t opened, NodeIndex node,
              Places& places) {
  while (places.next < opened) {
    ActivationIndex round = state.Child(container, places.next);
    if (!HasPassed(state, {round, node})) return;
    ++places.next;
  }
}

bool IsListed(const workflow::Node& node, PortIndex port, const json::Value& names) {
  if (port >= node.ports.size() || !names.is_array()) return false;
  const json::Array& listed = names.as_array();
  return std::find(listed.begin(), listed.end(), json::Value(node.ports[port])) != listed.end();
}

}  // namespace

Readiness Judge(const workflow::Node& node, uint32_t taken, uint32_t dead) {
  uint32_t open = node.in_edges - taken - dead;
  uint32_t needed = node.join.kind == workflow::Join::Kind::kNOfM ? node.join.n : 1;
  if (node.join.kind == workflow::Join::Kind::kAll && open > 0) return Readiness::kOpen;
  if (taken >= needed) return Readiness::kRun;
  return taken + open < needed ? Readiness::kSkip : Readiness::kOpen;
}

bool IsTaken(const workflow::Plan& plan, const workflow::Edge& edge, const Step& step) {
  if (step.port == workflow::kListedPorts) {
    return IsListed(plan.nodes[edge.from], edge.port, step.output);
  }
  if (edge.port != step.port) return false;
  if (edge.port != workflow::kErrorPort || edge.reasons.empty()) return true;
  return step.error && workflow::MatchesReason(edge.reasons, step.error->reason);
}

void AddTurn(ExecutionState& state, StepRef ref) {
  bool parks = state.max_in_flight > 0 &&
               state.plan->nodes[ref.node].kind == workflow::NodeKind::kTask &&
               state.step(ref).readiness == Readiness::kRun;
  (parks ? state.parked : state.agenda).push_back(ref);
}

void AddWait(ExecutionState& state, StepRef ref, OpenWait wait) {
  RemoveWait(state, ref);
  if (wait.what->kind == WaitKind::kSignal) state.listeners[wait.what->name].insert(ref);
  if (wait.what->kind == WaitKind::kCondition) state.conditions.insert(ref);
  state.waits[ref] = std::move(wait);
}

void RemoveWait(ExecutionState& state, StepRef ref) {
  if (state.waits.empty()) return;
  auto found = state.waits.find(ref);
  if (found == state.waits.end()) return;
  if (found->second.what->kind == WaitKind::kSignal) {
    auto listeners = state.listeners.find(found->second.what->name);
    listeners->second.erase(ref);
    if (listeners->second.empty()) state.listeners.erase(listeners);
  }
  state.conditions.erase(ref);
  state.waits.erase(found);
}

Places* PlacesOf(ExecutionState& state, ActivationIndex activation, NodeIndex node) {
  if (state.plan->nodes[node].policy.concurrency == 0 || activation == 0) return nullptr;
  auto container = state.containers.find(state.activations[activation].owner);
  if (container == state.containers.end()) return nullptr;
  auto places = container->second.places.find(node);
  return places == container->second.places.end() ? nullptr : &places->second;
}

void HandOutPlaces(ExecutionState& state, StepRef container, NodeIndex node) {
  Container& rounds = state.containers.at(container);
  Places& places = rounds.places.at(node);
  const auto& map = std::get<workflow::MapConfig>(state.plan->nodes[container.node].config);
  while (true) {
    if (map.in_order) FindNext(state, container, rounds.next, node, places);
    if (places.waiting.empty() || places.taken >= state.plan->nodes[node].policy.concurrency) {
      return;
    }
    uint32_t round = *places.waiting.begin();
    if (map.in_order && round != places.next) return;
    places.waiting.erase(places.waiting.begin());
    ++places.taken;
    StepRef ref{state.Child(container, round), node};
    state.step(ref).place = true;
    AddTurn(state, ref);
  }
}

void EnterPlaces(ExecutionState& state, StepRef ref) {
  const Activation& round = state.activations[ref.activation];
  PlacesOf(state, ref.activation, ref.node)->waiting.insert(round.iteration);
  HandOutPlaces(state, round.owner, ref.node);
}

void LeavePlaces(ExecutionState& state, StepRef ref) {
  bool had = state.step(ref).place;
  state.step(ref).place = false;
  Places* places = PlacesOf(state, ref.activation, ref.node);
  if (!places) return;
  const Activation& round = state.activations[ref.activation];
  if (had) {
    --places->taken;
  } else {
    places->waiting.erase(round.iteration);
  }
  HandOutPlaces(state, round.owner, ref.node);
}

void CountPlaces(ExecutionState& state, StepRef container) {
  Container& rounds = state.containers.at(container);
  const workflow::Node& owner = state.plan->nodes[container.node];
  if (owner.kind != workflow::NodeKind::kMap) return;
  const workflow::Scope& body = state.plan->scopes[owner.body];
  for (NodeIndex node = body.first_node; node < body.first_node + body.node_count; ++node) {
    if (state.plan->nodes[node].policy.concurrency == 0) continue;
    Places& places = rounds.places[node];
    for (uint32_t i = 0; i < rounds.next; ++i) {
      StepRef ref{state.Child(container, i), node};
      const Step& step = state.step(ref);
      if (step.place) ++places.taken;
      bool waits = step.state == StepState::kPending && step.readiness == Readiness::kRun;
      bool open = state.activations[ref.activation].open;
      if (waits && !step.place && open) places.waiting.insert(i);
    }
    if (std::get<workflow::MapConfig>(owner.config).in_order) {
      FindNext(state, container, rounds.next, node, places);
    }
  }
}

}  // namespace agentflow::engine
