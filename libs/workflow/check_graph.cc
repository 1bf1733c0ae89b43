#include <algorithm>
#include <vector>

#include "libs/workflow/graph.h"
#include "libs/workflow/names.h"

namespace agentflow::workflow {
namespace {

// Strongly connected components of one scope, by Tarjan's algorithm without recursion
// (Tarjan 1972). Only those that hold a cycle.
class Cycles {
 public:
  Cycles(const Graph& graph, const GraphScope& scope)
      : graph_(graph), first_(scope.first_node), states_(scope.node_count) {}

  std::vector<std::vector<NodeIndex>> Find() {
    for (uint32_t i = 0; i < states_.size(); ++i) {
      if (states_[i].number == 0) Visit(first_ + i);
    }
    return std::move(found_);
  }

 private:
  struct State {
    uint32_t number = 0;
    uint32_t low = 0;
    size_t next_edge = 0;
    bool on_stack = false;
  };

  State& Of(NodeIndex node) { return states_[node - first_]; }

  void Enter(NodeIndex node) {
    Of(node).number = Of(node).low = ++counter_;
    Of(node).on_stack = true;
    stack_.push_back(node);
    path_.push_back(node);
  }

  void Visit(NodeIndex root) {
    Enter(root);
    while (!path_.empty()) {
      NodeIndex node = path_.back();
      const auto& out = graph_.nodes[node].out;
      if (Of(node).next_edge < out.size()) {
        NodeIndex to = graph_.edges[out[Of(node).next_edge++]].to;
        if (Of(to).number == 0)
          Enter(to);
        else if (Of(to).on_stack)
          Of(node).low = std::min(Of(node).low, Of(to).number);
        continue;
      }
      path_.pop_back();
      if (!path_.empty()) Of(path_.back()).low = std::min(Of(path_.back()).low, Of(node).low);
      if (Of(node).low == Of(node).number) Leave(node);
    }
  }

  void Leave(NodeIndex root) {
    std::vector<NodeIndex> component;
    NodeIndex node;
    do {
      node = stack_.back();
      stack_.pop_back();
      Of(node).on_stack = false;
      component.push_back(node);
    } while (node != root);
    bool self = std::any_of(graph_.nodes[root].out.begin(), graph_.nodes[root].out.end(),
                            [&](EdgeIndex e) { return graph_.edges[e].to == root; });
    if (component.size() > 1 || self) found_.push_back(std::move(component));
  }

  const Graph& graph_;
  NodeIndex first_;
  std::vector<State> states_;
  uint32_t counter_ = 0;
  std::vector<NodeIndex> stack_;
  std::vector<NodeIndex> path_;
  std::vector<std::vector<NodeIndex>> found_;
};

// One closed walk inside a component, as edges.
std::vector<EdgeIndex> ClosedWalk(const Graph& graph, const std::vector<NodeIndex>& component) {
  std::vector<NodeIndex> sorted = component;
  std::sort(sorted.begin(), sorted.end());
  auto inside = [&](NodeIndex n) { return std::binary_search(sorted.begin(), sorted.end(), n); };
  std::vector<EdgeIndex> walk;
  std::vector<NodeIndex> visited = {sorted.front()};
  while (true) {
    NodeIndex here = visited.back();
    const auto& out = graph.nodes[here].out;
    auto edge = std::find_if(out.begin(), out.end(),
                             [&](EdgeIndex e) { return inside(graph.edges[e].to); });
    walk.push_back(*edge);
    NodeIndex next = graph.edges[*edge].to;
    auto seen = std::find(visited.begin(), visited.end(), next);
    if (seen != visited.end()) {
      walk.erase(walk.begin(), walk.begin() + (seen - visited.begin()));
      return walk;
    }
    visited.push_back(next);
  }
}

void ReportCycle(const Graph& graph, const std::vector<NodeIndex>& component, Reporter& reporter) {
  if (reporter.full()) return reporter.Error("CYCLE", "", "", "");
  std::vector<EdgeIndex> walk = ClosedWalk(graph, component);
  std::string names = graph.nodes[graph.edges[walk[0]].from].id;
  for (size_t i = 0; i < walk.size(); ++i) {
    if (i >= 10 && i + 1 < walk.size()) continue;
    names += i >= 10 ? " -> ... -> " : " -> ";
    names += graph.nodes[graph.edges[walk[i]].to].id;
  }
  const GraphEdge& last = graph.edges[walk.back()];
  reporter.Error("CYCLE", graph.nodes[last.to].path, last.pointer,
                 "These nodes wait for each other: " + names +
                     ". Remove one of the edges, or repeat nodes with a loop container.");
}

void Sort(const Graph& graph, GraphScope& scope) {
  std::vector<uint32_t> open(scope.node_count);
  std::vector<NodeIndex> order;
  order.reserve(scope.node_count);
  for (uint32_t i = 0; i < scope.node_count; ++i) {
    const GraphNode& node = graph.nodes[scope.first_node + i];
    for (EdgeIndex e : node.in) open[i] += graph.edges[e].from != kStart;
    if (open[i] == 0) order.push_back(scope.first_node + i);
  }
  for (size_t next = 0; next < order.size(); ++next) {
    for (EdgeIndex e : graph.nodes[order[next]].out) {
      NodeIndex to = graph.edges[e].to;
      if (--open[to - scope.first_node] == 0) order.push_back(to);
    }
  }
  if (order.size() == scope.node_count) scope.order = std::move(order);
}

void LinkCompensation(Graph& graph, NodeIndex index, Reporter& reporter) {
  GraphNode& node = graph.nodes[index];
  std::string name = node.policy.StringOr("compensate");
  if (name.empty()) return;
  std::string pointer = node.pointer + "/policy/compensate";
  const auto& ids = graph.scopes[node.scope].ids;
  auto it = ids.find(name);
  if (it == ids.end()) {
    std::vector<std::string> names;
    if (!reporter.full()) {
      for (const auto& [id, i] : ids) names.push_back(id);
      std::sort(names.begin(), names.end());
    }
    reporter.Error("COMPENSATE_UNKNOWN", node.path, pointer,
                   "`" + node.id + "` is to be undone by `" + name +
                       "`, but there is no such node here" + DidYouMean(Closest(name, names)));
    return;
  }
  GraphNode& undo = graph.nodes[it->second];
  if (!undo.in.empty() || !undo.out.empty() || it->second == index) {
    reporter.Error("COMPENSATE_HAS_EDGES", undo.path, pointer,
                   "`" + name + "` undoes `" + node.id +
                       "`, so it runs only then and has no edges. "
                       "Remove its edges, or name a node of its own.");
    return;
  }
  auto refuse = [&](const std::string& why) {
    reporter.Error("COMPENSATE_INVALID", undo.path, pointer, why);
    undo.compensates.push_back(index);  // so that it is not called unreachable too
  };
  if (!undo.compensates.empty()) {
    return refuse("`" + name + "` undoes `" + graph.nodes[undo.compensates[0]].id +
                  "` already, and what it undoes must be clear. Give `" + node.id +
                  "` a node of its own.");
  }
  if (undo.type != nullptr && undo.type->container) {
    return refuse("`" + name +
                  "` holds nodes of its own, which a compensation cannot. Let one "
                  "node undo `" +
                  node.id + "`, for example a sub-workflow.");
  }
  if (!node.compensates.empty() || undo.compensate != kNone) {
    return refuse("A compensation is not undone itself. Remove `compensate` from `" +
                  (undo.compensate != kNone ? name : node.id) + "`.");
  }
  if (undo.policy.StringOr("onError") == "compensate") {
    return refuse("`" + name +
                  "` is a compensation: when it fails, there is nothing more to "
                  "undo. Write `onError: pause`, or leave it out.");
  }
  if (undo.on_error == OnError::kCompensate) undo.on_error = OnError::kFail;  // of the defaults
  node.compensate = it->second;
  undo.compensates.push_back(index);
}

// The nodes that a flow.cancel names.
void LinkCancels(Graph& graph, NodeIndex index, Reporter& reporter) {
  GraphNode& node = graph.nodes[index];
  bool cancels = node.type != nullptr && node.type->kind == NodeKind::kCancel;
  const json::Value* names = cancels ? node.with.Find("nodes") : nullptr;
  if (names == nullptr || !names->is_array()) return;
  const auto& ids = graph.scopes[node.scope].ids;
  for (size_t i = 0; i < names->as_array().size(); ++i) {
    const json::Value& name = names->as_array()[i];
    if (!name.is_string()) continue;
    auto it = ids.find(name.as_string());
    bool fits =
        it != ids.end() && it->second != index && graph.nodes[it->second].compensates.empty();
    if (fits) {
      node.cancels.push_back(it->second);
      continue;
    }
    std::string why = it == ids.end()       ? "there is no such node beside it"
                      : it->second == index ? "that is itself"
                                            : "a compensation is not cancelled";
    reporter.Error("CANCEL_UNKNOWN", node.path, node.pointer + "/with/nodes/" + std::to_string(i),
                   "`" + node.id + "` is to cancel `" + name.as_string().substr(0, 100) +
                       "`, but " + why + ". Name nodes of the same container.");
  }
}

void CheckReachable(const Graph& graph, const GraphScope& scope, Reporter& reporter) {
  if (!scope.has_edges) return;  // reported already
  std::vector<bool> reached(scope.node_count);
  std::vector<NodeIndex> waiting;
  auto reach = [&](NodeIndex node) {
    if (reached[node - scope.first_node]) return;
    reached[node - scope.first_node] = true;
    waiting.push_back(node);
  };
  for (EdgeIndex e = scope.first_edge; e < scope.first_edge + scope.edge_count; ++e) {
    if (graph.edges[e].from == kStart) reach(graph.edges[e].to);
  }
  while (!waiting.empty()) {
    NodeIndex node = waiting.back();
    waiting.pop_back();
    for (EdgeIndex e : graph.nodes[node].out) reach(graph.edges[e].to);
  }
  for (uint32_t i = 0; i < scope.node_count; ++i) {
    const GraphNode& node = graph.nodes[scope.first_node + i];
    if (reached[i] || !node.compensates.empty()) continue;
    // No edge can name such a node; its id is reported already.
    if (!IsSlug(node.id) || node.id == kStartId) continue;
    std::string from;
    for (EdgeIndex e : node.in) {
      if (from.empty()) from = graph.nodes[graph.edges[e].from].id;
    }
    reporter.Error("NODE_UNREACHABLE", node.path, node.pointer,
                   "No path leads from `start` to `" + node.id + "`" +
                       (from.empty() ? "" : "; `" + from + "` before it has none either") +
                       ". Add an edge such as `start -> " + (from.empty() ? node.id : from) +
                       "`, or remove the node.");
  }
}

}  // namespace

void CheckGraph(Graph& graph, Reporter& reporter) {
  for (NodeIndex i = 0; i < graph.nodes.size(); ++i) {
    LinkCompensation(graph, i, reporter);
    const GraphNode& node = graph.nodes[i];
    if (node.join.kind == Join::Kind::kNOfM && node.join.n > node.in.size() && !node.in.empty()) {
      reporter.Error("JOIN_IMPOSSIBLE", node.path, node.pointer + "/join",
                     "`" + node.id + "` waits for " + std::to_string(node.join.n) +
                         " edges but only " + std::to_string(node.in.size()) +
                         " lead to it. Lower `n` or add edges.");
    }
  }
  for (NodeIndex i = 0; i < graph.nodes.size(); ++i) LinkCancels(graph, i, reporter);
  for (GraphScope& scope : graph.scopes) {
    Sort(graph, scope);
    if (scope.order.size() < scope.node_count) {
      for (const auto& component : Cycles(graph, scope).Find()) {
        ReportCycle(graph, component, reporter);
      }
    }
    CheckReachable(graph, scope, reporter);
  }
}

}  // namespace agentflow::workflow
