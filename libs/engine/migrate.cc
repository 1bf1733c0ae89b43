#include <algorithm>
#include <set>

#include "libs/base/status.h"
#include "libs/engine/codec.h"
#include "libs/engine/derived.h"
#include "libs/engine/rebase.h"

// An execution with another plan.
namespace agentflow::engine {

using workflow::kNone;
using workflow::kNoPort;
using workflow::Node;
using workflow::Plan;

namespace {

bool IsOpen(StepState state) {
  return state != StepState::kPending && !IsOver(state);
}

class Migration {
 public:
  Migration(const ExecutionState& from, PlanPtr plan) : from_(from), old_(*from.plan) {
    result_.state = from;
    result_.state.plan = std::move(plan);
  }

  absl::StatusOr<MigrationResult> Run(const std::map<std::string, std::string>& mapping) {
    AF_RETURN_IF_ERROR(MapNodes(mapping));
    MapActivations();
    AF_RETURN_IF_ERROR(CheckNothingIsLost());
    MoveActivations();
    MoveRest();
    CountJoins();
    MakeAgenda();
    auto info = std::make_shared<StartInfo>(*from_.start);
    // The workflow stays: a plan is known by its document, and need not know whose it is.
    info->plan_hash = plan().hash;
    info->version = plan().version;
    state().start = std::move(info);
    // Counters and indexes follow from the steps.
    AF_ASSIGN_OR_RETURN(state(), DecodeState(state().plan, EncodeState(state())));
    HandOutAllPlaces();
    return std::move(result_);
  }

 private:
  ExecutionState& state() { return result_.state; }
  const Plan& plan() { return *result_.state.plan; }

  static absl::Status BadMapping(const std::string& path, const std::string& why) {
    return InvalidArgument("MIGRATION_MAPPING_INVALID", "mapping." + path,
                           "The mapping of " + path + " " + why);
  }

  absl::Status MapNodes(const std::map<std::string, std::string>& mapping) {
    for (const auto& [from, to] : mapping) {
      if (old_.FindNode(from) == kNone) {
        return BadMapping(from, "names no node of the execution's version.");
      }
      if (plan().FindNode(to) == kNone) {
        return BadMapping(from, "leads to " + to + ", which the new version does not have.");
      }
    }
    to_.assign(old_.nodes.size(), kNone);
    std::vector<std::string> paths(old_.nodes.size());
    std::map<NodeIndex, NodeIndex> taken;
    for (NodeIndex i = 0; i < old_.nodes.size(); ++i) {  // containers before what they hold
      const Node& node = old_.nodes[i];
      NodeIndex owner = old_.scopes[node.scope].owner;
      auto written = mapping.find(node.path);
      paths[i] = written != mapping.end() ? written->second
                 : owner == kNone         ? node.id
                                          : paths[owner] + "." + node.id;
      NodeIndex to = plan().FindNode(paths[i]);
      if (to == kNone) continue;
      NodeIndex new_owner = plan().scopes[plan().nodes[to].scope].owner;
      if (new_owner != (owner == kNone ? kNone : to_[owner])) {
        return BadMapping(node.path, "leads into another container; a node stays in its own.");
      }
      auto [other, fresh] = taken.try_emplace(to, i);
      if (!fresh) {
        return BadMapping(
            node.path, "leads to " + paths[i] + " as " + old_.nodes[other->second].path + " does.");
      }
      to_[i] = to;
    }
    for (NodeIndex i = 0; i < plan().nodes.size(); ++i) {
      if (!taken.contains(i)) result_.added.push_back(plan().nodes[i].path);
    }
    return absl::OkStatus();
  }

  // Whether the step goes on where it is mapped to.
  bool HasPlace(NodeIndex node) {
    return to_[node] != kNone && plan().nodes[to_[node]].kind == old_.nodes[node].kind &&
           plan().nodes[to_[node]].compensation == old_.nodes[node].compensation;
  }

  void MapActivations() {
    activation_.assign(from_.activations.size(), kNone);
    ActivationIndex next = 0;
    for (ActivationIndex a = 0; a < from_.activations.size(); ++a) {
      StepRef owner = from_.activations[a].owner;
      bool kept = a == 0 || (activation_[owner.activation] != kNone && HasPlace(owner.node));
      if (kept) activation_[a] = next++;
    }
  }

  // kNone as the node: it has no place.
  StepRef Moved(StepRef ref) {
    bool lost = activation_[ref.activation] == kNone || to_[ref.node] == kNone;
    return lost ? StepRef{0, kNone} : StepRef{activation_[ref.activation], to_[ref.node]};
  }

  absl::Status CheckNothingIsLost() {
    std::string lost;
    for (StepRef ref : ListSteps(from_)) {
      StepState step = from_.step(ref).state;
      bool placed = Moved(ref).node != kNone;
      if (placed && (!IsOpen(step) || HasPlace(ref.node))) {
        ++result_.kept;
      } else if (IsOpen(step)) {
        lost +=
            (lost.empty() ? "" : ", ") + StepKey(from_, ref) + " (" + std::string(Name(step)) + ")";
      } else {
        result_.dropped.push_back(StepKey(from_, ref));
      }
    }
    if (lost.empty()) return absl::OkStatus();
    return FailedPrecondition("MIGRATION_LOSES_STEP",
                              "The new version has no place for steps that have begun: " + lost +
                                  ". Map each to a node of its kind, or wait until they have "
                                  "ended.");
  }

  PortIndex MovedPort(StepRef ref, const Node& from, const Node& to, PortIndex port) {
    if (port >= from.ports.size()) return port;  // error, none or several by name
    auto it = std::find(to.ports.begin(), to.ports.end(), from.ports[port]);
    if (it != to.ports.end()) return static_cast<PortIndex>(it - to.ports.begin());
    result_.problems.push_back(StepKey(from_, ref) + " left by the port " + from.ports[port] +
                               ", which " + to.path + " does not have: nothing follows it.");
    return kNoPort;
  }

  void MoveActivations() {
    std::vector<Activation> moved;
    for (ActivationIndex a = 0; a < from_.activations.size(); ++a) {
      if (activation_[a] == kNone) continue;
      const Activation& from = from_.activations[a];
      Activation& to = moved.emplace_back(from);
      if (a != 0) to.owner = Moved(from.owner);
      to.scope = a == 0 ? 0 : plan().nodes[to.owner.node].body;
      const workflow::Scope& scope = plan().scopes[to.scope];
      to.steps.assign(scope.node_count, Step());
      NodeIndex first = old_.scopes[from.scope].first_node;
      for (uint32_t i = 0; i < from.steps.size(); ++i) {
        NodeIndex node = to_[first + i];
        if (node == kNone) continue;
        Step& step = to.steps[node - scope.first_node];
        step = MovedStep({a, first + i}, node);
        if (to.open) step.taken = step.dead = 0;
      }
      if (!to.open) continue;
      to.unsettled = 0;
      for (uint32_t i = 0; i < to.steps.size(); ++i) {
        bool settles = !plan().nodes[scope.first_node + i].compensation;
        if (settles && !IsOver(to.steps[i].state)) ++to.unsettled;
      }
    }
    state().activations = std::move(moved);
  }

  Step MovedStep(StepRef ref, NodeIndex node) {
    Step step = from_.step(ref);
    if (step.state == StepState::kCompleted || step.state == StepState::kFailed) {
      step.port = MovedPort(ref, old_.nodes[ref.node], plan().nodes[node], step.port);
    }
    return step;
  }

  void MoveRest() {
    state().children.clear();
    for (ActivationIndex a = 1; a < state().activations.size(); ++a) {
      const Activation& activation = state().activations[a];
      state().children[{activation.owner, ChildNumber(activation.run, activation.iteration)}] = a;
    }
    MoveKeys(from_.containers, state().containers);
    for (auto& [ref, container] : state().containers) container.places.clear();
    MoveKeys(from_.waits, state().waits);
    state().undoable.clear();
    for (const auto& [ref, completed] : from_.undoable) {
      StepRef to = Moved(ref);
      if (to.node != kNone && plan().nodes[to.node].policy.compensate != kNone) {
        state().undoable[to] = completed;
      } else {
        result_.problems.push_back(StepKey(from_, ref) +
                                   " could be undone, and with the new version cannot.");
      }
    }
    for (StepRef ref : ListSteps(from_)) {
      const Step& step = from_.step(ref);
      bool task = step.offer && IsOpen(step.state) && !step.held;
      if (!task) continue;
      std::string before = StepKey(from_, ref);
      bool renamed = StepKey(state(), Moved(ref)) != before;
      if (renamed) result_.renamed.emplace_back(before, step.attempt);
    }
  }

  template <typename Value>
  void MoveKeys(const std::map<StepRef, Value>& from, std::map<StepRef, Value>& to) {
    to.clear();
    for (const auto& [ref, value] : from) {
      if (StepRef moved = Moved(ref); moved.node != kNone) to[moved] = value;
    }
  }

  void CountJoins() {
    for (ActivationIndex a = 0; a < state().activations.size(); ++a) {
      Activation& activation = state().activations[a];
      if (!activation.open) continue;
      const workflow::Scope& scope = plan().scopes[activation.scope];
      for (EdgeIndex e : scope.entries) ++state().step({a, plan().edges[e].to}).taken;
      for (uint32_t i = 0; i < scope.node_count; ++i) {
        const Step& step = activation.steps[i];
        if (!IsOver(step.state)) continue;
        for (EdgeIndex e : plan().nodes[scope.first_node + i].out_edges) {
          const workflow::Edge& edge = plan().edges[e];
          Step& target = state().step({a, edge.to});
          ++(IsTaken(plan(), edge, step) ? target.taken : target.dead);
        }
      }
      for (uint32_t i = 0; i < scope.node_count; ++i) {
        const Node& node = plan().nodes[scope.first_node + i];
        Step& step = activation.steps[i];
        // One that has begun did so by the edges that it had then.
        bool decides = step.state == StepState::kPending && !node.compensation;
        if (decides) step.readiness = Judge(node, step.taken, step.dead);
      }
    }
  }

  // Whose turn it was keeps it, in the old order; then come those that the new edges let through.
  void MakeAgenda() {
    std::set<StepRef> listed;
    std::vector<StepRef> turns(from_.agenda.begin() + static_cast<ptrdiff_t>(from_.agenda_head),
                               from_.agenda.end());
    turns.insert(turns.end(), from_.parked.begin() + static_cast<ptrdiff_t>(from_.parked_head),
                 from_.parked.end());
    state().agenda.clear();
    state().parked.clear();
    state().agenda_head = state().parked_head = 0;
    for (StepRef ref : turns) {
      StepRef to = Moved(ref);
      if (to.node == kNone) continue;
      bool pending = state().step(to).state == StepState::kPending;
      if (pending && state().step(to).readiness == Readiness::kOpen) continue;
      if (listed.insert(to).second) AddTurn(state(), to);
    }
    for (ActivationIndex a = 0; a < state().activations.size(); ++a) {
      const Activation& activation = state().activations[a];
      if (!activation.open) continue;
      NodeIndex first = plan().scopes[activation.scope].first_node;
      for (uint32_t i = 0; i < activation.steps.size(); ++i) {
        StepRef ref{a, first + i};
        const Step& step = activation.steps[i];
        bool turn = step.state == StepState::kPending && step.readiness != Readiness::kOpen;
        bool waits = WaitsForPlace(ref) && step.readiness == Readiness::kRun && !step.place;
        if (turn && !waits && listed.insert(ref).second) AddTurn(state(), ref);
      }
    }
  }

  bool WaitsForPlace(StepRef ref) {
    if (ref.activation == 0 || plan().nodes[ref.node].policy.concurrency == 0) return false;
    StepRef owner = state().activations[ref.activation].owner;
    return plan().nodes[owner.node].kind == workflow::NodeKind::kMap;
  }

  void HandOutAllPlaces() {
    for (auto& [ref, container] : state().containers) {
      std::vector<NodeIndex> nodes;
      for (const auto& [node, places] : container.places) nodes.push_back(node);
      for (NodeIndex node : nodes) HandOutPlaces(state(), ref, node);
    }
  }

  const ExecutionState& from_;
  const Plan& old_;
  MigrationResult result_;
  std::vector<NodeIndex> to_;                // by old node; kNone: none
  std::vector<ActivationIndex> activation_;  // by old activation; kNone: dropped
};

}  // namespace

absl::StatusOr<MigrationResult> Migrate(const ExecutionState& state, PlanPtr plan,
                                        const std::map<std::string, std::string>& mapping) {
  if (state.phase == Phase::kNone) {
    return NotFound("EXECUTION_UNKNOWN", "There is no such execution.");
  }
  if (state.over()) {
    return FailedPrecondition(
        "EXECUTION_OVER", "The execution is over: it is " + std::string(Name(state.phase)) + ".");
  }
  if (!state.unwindings.empty()) {
    return FailedPrecondition("MIGRATION_UNDOING",
                              "Steps of the execution are being undone; migrate it afterwards.");
  }
  return Migration(state, std::move(plan)).Run(mapping);
}

}  // namespace agentflow::engine
