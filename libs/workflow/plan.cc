#include "libs/workflow/plan.h"

#include <algorithm>
#include <string>

#include "libs/base/status.h"

namespace agentflow::workflow {
namespace {

absl::Status Malformed(std::string_view what, std::string_view where) {
  return Internal("PLAN_MALFORMED", std::string(what) + ": " + std::string(where));
}

bool IsContainer(NodeKind kind) {
  return kind == NodeKind::kMap || kind == NodeKind::kLoop || kind == NodeKind::kTransaction ||
         kind == NodeKind::kCritical;
}

bool ConfigFits(const Node& node) {
  switch (node.kind) {
    case NodeKind::kTransform:
      return std::holds_alternative<TransformConfig>(node.config);
    case NodeKind::kIf:
      return std::holds_alternative<IfConfig>(node.config);
    case NodeKind::kSwitch:
      return std::holds_alternative<SwitchConfig>(node.config);
    case NodeKind::kWait:
      return std::holds_alternative<WaitConfig>(node.config);
    case NodeKind::kFail:
      return std::holds_alternative<FailConfig>(node.config);
    case NodeKind::kTask:
      return std::holds_alternative<TaskConfig>(node.config);
    case NodeKind::kNoop:
      return true;
    case NodeKind::kMap:
      return std::holds_alternative<MapConfig>(node.config);
    case NodeKind::kLoop:
      return std::holds_alternative<LoopConfig>(node.config);
    case NodeKind::kTransaction:
      return std::holds_alternative<TransactionConfig>(node.config);
    case NodeKind::kEnd:
      return std::holds_alternative<EndConfig>(node.config);
    case NodeKind::kCancel:
      return std::holds_alternative<CancelConfig>(node.config);
    case NodeKind::kSignal:
      return std::holds_alternative<SignalConfig>(node.config);
    case NodeKind::kApproval:
      return std::holds_alternative<ApprovalConfig>(node.config);
    case NodeKind::kCondition:
      return std::holds_alternative<ConditionConfig>(node.config);
    case NodeKind::kChild:
      return std::holds_alternative<ChildConfig>(node.config);
    case NodeKind::kCritical:
      return std::holds_alternative<CriticalConfig>(node.config);
  }
  return false;
}

absl::Status CheckNode(const Plan& plan, const Node& node) {
  if (!ConfigFits(node)) return Malformed("configuration does not fit the kind", node.path);
  if (IsContainer(node.kind) != (node.body != kNone)) {
    return Malformed("a body belongs to containers, and to every one", node.path);
  }
  if (node.ports.size() >= kListedPorts) return Malformed("too many ports", node.path);
  if (node.policy.compensate != kNone && node.policy.compensate >= plan.nodes.size()) {
    return Malformed("compensate names no node", node.path);
  }
  if (node.policy.approval && node.kind == NodeKind::kApproval) {
    return Malformed("an approval of an approval", node.path);
  }
  if (const auto* cancel = std::get_if<CancelConfig>(&node.config)) {
    for (NodeIndex other : cancel->nodes) {
      if (other >= plan.nodes.size() || plan.nodes[other].scope != node.scope ||
          plan.nodes[other].compensation || &plan.nodes[other] == &node) {
        return Malformed("cancels a node that is not of its scope", node.path);
      }
    }
  }
  if (node.policy.retry.max_attempts == 0) return Malformed("maxAttempts is 0", node.path);
  return absl::OkStatus();
}

absl::Status CheckScopes(const Plan& plan) {
  if (plan.scopes.empty()) return Malformed("no scope", plan.workflow);
  NodeIndex next_node = 0;
  EdgeIndex next_edge = 0;
  for (ScopeIndex s = 0; s < plan.scopes.size(); ++s) {
    const Scope& scope = plan.scopes[s];
    if (scope.first_node != next_node || scope.first_edge != next_edge) {
      return Malformed("scopes are not contiguous", std::to_string(s));
    }
    next_node += scope.node_count;
    next_edge += scope.edge_count;
    if (next_node > plan.nodes.size() || next_edge > plan.edges.size()) {
      return Malformed("a scope is longer than the plan", std::to_string(s));
    }
    if ((s == 0) != (scope.owner == kNone)) return Malformed("scope owner", std::to_string(s));
    if (s > 0 && (scope.owner >= plan.nodes.size() || plan.nodes[scope.owner].body != s ||
                  plan.nodes[scope.owner].scope >= s)) {
      return Malformed("a body must follow its container's scope", std::to_string(s));
    }
    for (NodeIndex i = scope.first_node; i < next_node; ++i) {
      if (plan.nodes[i].scope != s) return Malformed("node in another scope", plan.nodes[i].path);
    }
  }
  if (next_node != plan.nodes.size() || next_edge != plan.edges.size()) {
    return Malformed("nodes or edges outside every scope", plan.workflow);
  }
  return absl::OkStatus();
}

absl::Status LinkEdges(Plan& plan) {
  for (Node& node : plan.nodes) {
    node.in_edges = 0;
    node.out_edges.clear();
    node.rest.clear();
  }
  for (ScopeIndex s = 0; s < plan.scopes.size(); ++s) {
    Scope& scope = plan.scopes[s];
    scope.entries.clear();
    scope.settling = 0;
    for (EdgeIndex e = scope.first_edge; e < scope.first_edge + scope.edge_count; ++e) {
      const Edge& edge = plan.edges[e];
      if (edge.to >= plan.nodes.size() || plan.nodes[edge.to].scope != s) {
        return Malformed("edge leads out of its scope", std::to_string(e));
      }
      ++plan.nodes[edge.to].in_edges;
      if (edge.from == kStart) {
        scope.entries.push_back(e);
        continue;
      }
      if (edge.from >= plan.nodes.size() || plan.nodes[edge.from].scope != s) {
        return Malformed("edge comes from outside its scope", std::to_string(e));
      }
      Node& from = plan.nodes[edge.from];
      if (edge.port != kErrorPort && edge.port >= from.ports.size()) {
        return Malformed("edge leaves by an unknown port", from.path);
      }
      from.out_edges.push_back(e);
    }
  }
  for (Node& node : plan.nodes) node.undoes = kNone;
  for (NodeIndex i = 0; i < plan.nodes.size(); ++i) {
    NodeIndex undo = plan.nodes[i].policy.compensate;
    if (undo == kNone) continue;
    Node& node = plan.nodes[undo];
    bool fits = node.compensation && node.undoes == kNone && node.body == kNone &&
                node.scope == plan.nodes[i].scope && node.policy.compensate == kNone;
    if (!fits) return Malformed("a compensation belongs to one node of its scope", node.path);
    node.undoes = i;
  }
  for (const Node& node : plan.nodes) {
    if (node.compensation && node.undoes == kNone) {
      return Malformed("a compensation of nothing", node.path);
    }
    if (node.compensation != (node.in_edges == 0)) {
      return Malformed("every node but compensations has an in-edge", node.path);
    }
    if (node.join.kind == Join::Kind::kNOfM && (node.join.n == 0 || node.join.n > node.in_edges)) {
      return Malformed("join n is not between 1 and the number of in-edges", node.path);
    }
    if (!node.compensation) ++plan.scopes[node.scope].settling;
  }
  return absl::OkStatus();
}

// Kahn's algorithm over each scope; returns the nodes of all scopes, sources first.
absl::StatusOr<std::vector<NodeIndex>> SortTopologically(const Plan& plan) {
  std::vector<uint32_t> open(plan.nodes.size());
  std::vector<NodeIndex> order;
  order.reserve(plan.nodes.size());
  for (NodeIndex i = 0; i < plan.nodes.size(); ++i) open[i] = plan.nodes[i].in_edges;
  for (const Scope& scope : plan.scopes) {
    for (EdgeIndex e : scope.entries) {
      if (--open[plan.edges[e].to] == 0) order.push_back(plan.edges[e].to);
    }
  }
  for (size_t next = 0; next < order.size(); ++next) {
    for (EdgeIndex e : plan.nodes[order[next]].out_edges) {
      if (--open[plan.edges[e].to] == 0) order.push_back(plan.edges[e].to);
    }
  }
  for (NodeIndex i = 0; i < plan.nodes.size(); ++i) {
    if (open[i] != 0) return Malformed("a cycle", plan.nodes[i].path);
  }
  return order;
}

void FindRest(Plan& plan, NodeIndex join, const std::vector<NodeIndex>& order) {
  std::vector<bool> inside(plan.nodes.size());
  inside[join] = true;
  Node& target = plan.nodes[join];
  for (auto it = order.rbegin(); it != order.rend(); ++it) {
    const Node& node = plan.nodes[*it];
    if (*it == join || node.scope != target.scope || node.out_edges.empty()) continue;
    bool all = std::all_of(node.out_edges.begin(), node.out_edges.end(),
                           [&](EdgeIndex e) { return inside[plan.edges[e].to]; });
    if (!all) continue;
    inside[*it] = true;
    target.rest.push_back(*it);
  }
  std::sort(target.rest.begin(), target.rest.end());
}

}  // namespace

NodeIndex Plan::FindNode(std::string_view path) const {
  auto it = std::lower_bound(
      by_path.begin(), by_path.end(), path,
      [](const auto& entry, std::string_view wanted) { return entry.first < wanted; });
  return it != by_path.end() && it->first == path ? it->second : kNone;
}

absl::Status Seal(Plan& plan) {
  for (const Node& node : plan.nodes) AF_RETURN_IF_ERROR(CheckNode(plan, node));
  AF_RETURN_IF_ERROR(CheckScopes(plan));
  for (const Reference& read : plan.concurrency.key.references) {
    if (read.node != kNone) return Malformed("a concurrency key that reads nodes", plan.workflow);
  }
  AF_RETURN_IF_ERROR(LinkEdges(plan));
  AF_ASSIGN_OR_RETURN(std::vector<NodeIndex> order, SortTopologically(plan));
  for (NodeIndex i = 0; i < plan.nodes.size(); ++i) {
    if (plan.nodes[i].join.cancel_rest) FindRest(plan, i, order);
  }
  plan.by_path.clear();
  for (NodeIndex i = 0; i < plan.nodes.size(); ++i) {
    plan.by_path.emplace_back(plan.nodes[i].path, i);
  }
  std::sort(plan.by_path.begin(), plan.by_path.end());
  for (size_t i = 1; i < plan.by_path.size(); ++i) {
    if (plan.by_path[i].first == plan.by_path[i - 1].first) {
      return Malformed("two nodes of one path", plan.by_path[i].first);
    }
  }
  return absl::OkStatus();
}

bool MatchesReason(const std::vector<std::string>& patterns, std::string_view reason) {
  return std::any_of(patterns.begin(), patterns.end(), [&](std::string_view pattern) {
    if (!pattern.empty() && pattern.back() == '*') {
      return reason.substr(0, pattern.size() - 1) == pattern.substr(0, pattern.size() - 1);
    }
    return pattern == reason;
  });
}

std::string_view NameOf(Variable variable) {
  switch (variable) {
    case Variable::kInputs:
      return "inputs";
    case Variable::kNodeOutput:
      return "node.output";
    case Variable::kNodeError:
      return "node.error";
    case Variable::kExecutionId:
      return "execution.id";
    case Variable::kExecutionStartTime:
      return "execution.startTime";
    case Variable::kExecutionLabels:
      return "execution.labels";
    case Variable::kExecutionMode:
      return "execution.mode";
    case Variable::kConnection:
      return "connection";
    case Variable::kItem:
      return "item";
    case Variable::kIndex:
      return "index";
    case Variable::kIteration:
      return "iteration";
    case Variable::kStepOutput:
      return "step.output";
    case Variable::kStepInput:
      return "step.input";
    case Variable::kFailure:
      return "failure";
    case Variable::kSignal:
      return "signal";
  }
  return "";
}

std::optional<Variable> VariableNamed(std::string_view name) {
  for (uint8_t number = 0;; ++number) {
    Variable variable = static_cast<Variable>(number);
    if (NameOf(variable).empty()) return std::nullopt;
    if (NameOf(variable) == name) return variable;
  }
}

}  // namespace agentflow::workflow
