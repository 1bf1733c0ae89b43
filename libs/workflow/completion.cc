#include "libs/workflow/completion.h"

#include <algorithm>
#include <cstdint>
#include <map>

#include "libs/workflow/names.h"

namespace agentflow::workflow {
namespace {

using Bits = uint64_t;  // one bit per fact of the batch
constexpr Bits kEvery = ~Bits{0};

struct Fact {
  NodeIndex node;
  bool failed;
  auto operator<=>(const Fact&) const = default;
};

// What the nodes of a scope can do, worked out once for all batches.
class Shape {
 public:
  static constexpr uint32_t kNoPorts = UINT32_MAX;

  // A way in which a running node ends: it completes or fails, and takes the edges of one port.
  struct Outcome {
    bool failed = false;
    uint32_t port = kNoPorts;  // into ports(); none: no edge is taken
  };

  Shape(const Graph& graph, const GraphScope& scope, const std::vector<bool>& cancellable)
      : scope_(scope), outcomes_(scope.node_count), port_of_edge_(scope.edge_count) {
    start_port_ = AddPort();
    for (EdgeIndex e = scope.first_edge; e < scope.first_edge + scope.edge_count; ++e) {
      if (graph.edges[e].from == kStart) AddEdge(start_port_, e);
    }
    for (uint32_t i = 0; i < scope.node_count; ++i) {
      NodeIndex index = scope.first_node + i;
      AddNode(graph, graph.nodes[index], outcomes_[i], cancellable[index]);
    }
    FindSureCounts(graph);
  }

  uint32_t start_port() const { return start_port_; }
  const std::vector<std::vector<EdgeIndex>>& ports() const { return ports_; }
  uint32_t PortOf(EdgeIndex edge) const { return port_of_edge_[edge - scope_.first_edge]; }
  // None: nothing follows from such a node's running.
  const std::vector<Outcome>& OutcomesOf(NodeIndex node) const {
    return outcomes_[node - scope_.first_node];
  }
  // Nodes that want several edges and get them in every execution of the scope.
  const std::vector<NodeIndex>& sure_counts() const { return sure_counts_; }
  // Whether the edges of that port may be taken after a failure (true) or mean completion.
  bool AfterFailure(uint32_t port) const { return after_failure_[port]; }

 private:
  uint32_t AddPort() {
    ports_.emplace_back();
    after_failure_.push_back(false);
    return static_cast<uint32_t>(ports_.size() - 1);
  }

  void AddEdge(uint32_t port, EdgeIndex edge) {
    ports_[port].push_back(edge);
    port_of_edge_[edge - scope_.first_edge] = port;
  }

  void AddNode(const Graph& graph, const GraphNode& node, std::vector<Outcome>& outcomes,
               bool cancellable) {
    std::map<std::string_view, uint32_t> ports;
    std::vector<uint32_t> by_reason;  // each such error edge may be the only one that is taken
    for (EdgeIndex e : node.out) {
      if (!graph.edges[e].reasons.empty()) {
        by_reason.push_back(AddPort());
        AddEdge(by_reason.back(), e);
        continue;
      }
      auto [it, added] = ports.try_emplace(graph.edges[e].port, 0);
      if (added) it->second = AddPort();
      AddEdge(it->second, e);
    }
    // A failure without an error edge ends the scope, so that nobody reads anything afterwards.
    bool goes_on = node.on_error == OnError::kContinue && !ports.contains(kErrorPortId);
    std::string_view continue_port = node.ports.empty() ? "" : std::string_view(node.ports[0]);
    if (goes_on && ports.contains(continue_port)) after_failure_[ports[continue_port]] = true;
    if (cancellable || EndsScope(graph, node)) return;

    auto port_number = [&ports](std::string_view name) {
      auto it = ports.find(name);
      return it == ports.end() ? kNoPorts : it->second;
    };
    if (node.type == nullptr) {  // a placeholder: one of the ports that have edges
      for (const auto& [name, port] : ports) {
        if (name != kErrorPortId) outcomes.push_back({false, port});
      }
    }
    for (const std::string& name : node.ports) outcomes.push_back({false, port_number(name)});
    bool may_take_none = node.type != nullptr && node.type->kind == NodeKind::kSwitch &&
                         node.with.Find("default") == nullptr;
    if (outcomes.empty() || may_take_none) outcomes.push_back({false, kNoPorts});
    if (ports.contains(kErrorPortId)) outcomes.push_back({true, port_number(kErrorPortId)});
    for (uint32_t port : by_reason) outcomes.push_back({true, port});
    if (goes_on) outcomes.push_back({true, port_number(continue_port)});
  }

  // Whether nobody in its scope reads anything after it. A loop looks at its `until` even where
  // a flow.end ended the round.
  static bool EndsScope(const Graph& graph, const GraphNode& node) {
    if (node.type == nullptr) return false;
    if (node.type->kind == NodeKind::kFail) return true;
    NodeIndex owner = graph.scopes[node.scope].owner;
    const NodeType* around = owner == kNone ? nullptr : graph.nodes[owner].type;
    bool loop = around != nullptr && around->kind == NodeKind::kLoop;
    return node.type->kind == NodeKind::kEnd && !loop;
  }

  // An edge is always taken if its source always runs and has no other way to end.
  void FindSureCounts(const Graph& graph) {
    std::vector<bool> sure(scope_.node_count);
    auto always_taken = [&](EdgeIndex e) {
      const NodeIndex from = graph.edges[e].from;
      if (from == kStart) return true;
      const auto& outcomes = OutcomesOf(from);
      return sure[from - scope_.first_node] && !outcomes.empty() &&
             std::ranges::all_of(outcomes,
                                 [&](const Outcome& o) { return o.port == PortOf(e); });
    };
    for (NodeIndex index : scope_.order) {
      const GraphNode& node = graph.nodes[index];
      const bool counts = node.join.kind == Join::Kind::kNOfM && node.join.n > 1;
      const auto taken = std::ranges::count_if(node.in, always_taken);
      sure[index - scope_.first_node] = taken >= (counts ? static_cast<int>(node.join.n) : 1);
      if (counts && sure[index - scope_.first_node]) sure_counts_.push_back(index);
    }
  }

  const GraphScope& scope_;
  uint32_t start_port_ = 0;
  std::vector<NodeIndex> sure_counts_;
  std::vector<std::vector<EdgeIndex>> ports_;
  std::vector<bool> after_failure_;
  std::vector<std::vector<Outcome>> outcomes_;
  std::vector<uint32_t> port_of_edge_;
};

// One scope, one batch of at most 64 facts.
class Batch {
 public:
  Batch(const Graph& graph, const GraphScope& scope, const Shape& shape,
        const std::vector<Fact>& facts)
      : graph_(graph),
        scope_(scope),
        shape_(shape),
        fact_count_(facts.size()),
        completed_(scope.node_count),
        failed_(scope.node_count),
        implied_(scope.node_count),
        certain_(scope.node_count),
        waited_(scope.node_count),
        by_port_(shape.ports().size()) {
    for (size_t i = 0; i < facts.size(); ++i) {
      auto& bits = facts[i].failed ? failed_ : completed_;
      bits[At(facts[i].node)] |= Bits{1} << i;
    }
    GoBackwards();
    GoForwards();
  }

  // Facts certain when `reader` runs, and facts whose node it waits for.
  Bits Certain(NodeIndex reader) const {
    return reader == kNone ? FromStart() : certain_[At(reader)];
  }
  Bits Waited(NodeIndex reader) const { return reader == kNone ? kEvery : waited_[At(reader)]; }

  // A way from start to the reader on which the fact is not certain.
  std::string WayWithout(NodeIndex reader, Bits fact) const {
    std::vector<std::string> steps = {graph_.nodes[reader].id};
    NodeIndex here = reader;
    while (true) {
      const GraphNode& node = graph_.nodes[here];
      auto edge = std::find_if(node.in.begin(), node.in.end(),
                               [&](EdgeIndex e) { return (AlongEdge(e) & fact) == 0; });
      if (edge == node.in.end() || graph_.edges[*edge].from == kStart) break;
      const GraphEdge& taken = graph_.edges[*edge];
      here = taken.from;
      const GraphNode& from = graph_.nodes[here];
      steps.push_back(taken.port == kOutPortId ? from.id : from.id + "." + taken.port);
    }
    std::string way = "start";
    for (size_t i = steps.size(); i-- > 0;) {
      if (steps.size() > 8 && i >= 6 && i + 1 < steps.size()) {
        if (i == 6) way += " -> ...";
        continue;
      }
      way += " -> " + steps[i];
    }
    return way;
  }

 private:
  uint32_t At(NodeIndex node) const { return node - scope_.first_node; }
  Bits FromStart() const { return by_port_[shape_.start_port()]; }

  // What taking all edges of a port implies: a node runs at the first or the last taken edge,
  // unless it wants several.
  Bits ImpliedByPort(uint32_t port) const {
    Bits bits = 0;
    for (EdgeIndex e : shape_.ports()[port]) {
      NodeIndex to = graph_.edges[e].to;
      const Join& join = graph_.nodes[to].join;
      if (join.kind != Join::Kind::kNOfM || join.n <= 1) bits |= implied_[At(to)];
    }
    return bits;
  }

  void GoBackwards() {
    for (auto it = scope_.order.rbegin(); it != scope_.order.rend(); ++it) {
      for (EdgeIndex e : graph_.nodes[*it].out) {
        uint32_t port = shape_.PortOf(e);
        if (shape_.ports()[port].front() == e) by_port_[port] = ImpliedByPort(port);
      }
      const auto& outcomes = shape_.OutcomesOf(*it);
      Bits bits = outcomes.empty() ? 0 : kEvery;
      for (const Shape::Outcome& outcome : outcomes) {
        bits &= (outcome.failed ? failed_ : completed_)[At(*it)] |
                (outcome.port == Shape::kNoPorts ? 0 : by_port_[outcome.port]);
      }
      implied_[At(*it)] = bits;
    }
    Bits& from_start = by_port_[shape_.start_port()];
    from_start = ImpliedByPort(shape_.start_port());
    for (NodeIndex index : shape_.sure_counts()) from_start |= implied_[At(index)];
  }

  // What is certain because that edge was taken.
  Bits AlongEdge(EdgeIndex index) const {
    const GraphEdge& edge = graph_.edges[index];
    if (edge.from == kStart) return FromStart();
    uint32_t port = shape_.PortOf(index);
    Bits bits = certain_[At(edge.from)] | by_port_[port];
    if (edge.is_error()) return bits | failed_[At(edge.from)];
    return shape_.AfterFailure(port) ? bits : bits | completed_[At(edge.from)];
  }

  // At least n of the in-edges were taken: a fact is certain if fewer than n edges are without.
  Bits AlongEdges(const GraphNode& node) const {
    if (node.in.empty()) return 0;
    Bits all = kEvery;
    for (EdgeIndex e : node.in) all &= AlongEdge(e);
    if (node.join.kind != Join::Kind::kNOfM || node.join.n <= 1) return all;
    Bits bits = all;
    for (size_t fact = 0; fact < fact_count_; ++fact) {
      Bits bit = Bits{1} << fact;
      auto without = std::count_if(node.in.begin(), node.in.end(),
                                   [&](EdgeIndex e) { return (AlongEdge(e) & bit) == 0; });
      if (static_cast<uint32_t>(without) < node.join.n) bits |= bit;
    }
    return bits;
  }

  Bits WaitedBy(const GraphNode& node) const {
    bool all = node.join.kind == Join::Kind::kAll;
    Bits bits = all || node.in.empty() ? 0 : kEvery;
    for (EdgeIndex e : node.in) {
      NodeIndex from = graph_.edges[e].from;
      Bits before =
          from == kStart ? 0 : waited_[At(from)] | completed_[At(from)] | failed_[At(from)];
      bits = all ? bits | before : bits & before;
    }
    return bits;
  }

  void GoForwards() {
    for (NodeIndex index : scope_.order) {
      const GraphNode& node = graph_.nodes[index];
      if (!node.compensates.empty()) continue;
      certain_[At(index)] = AlongEdges(node) | implied_[At(index)] | FromStart();
      waited_[At(index)] = WaitedBy(node);
    }
    // A compensation runs after the node that it undoes has completed, whichever names it.
    for (NodeIndex index : scope_.order) {
      const GraphNode& node = graph_.nodes[index];
      if (node.compensates.empty()) continue;
      Bits certain = kEvery;
      Bits waited = kEvery;
      for (NodeIndex undone : node.compensates) {
        certain &= certain_[At(undone)] | completed_[At(undone)];
        waited &= waited_[At(undone)] | completed_[At(undone)];
      }
      certain_[At(index)] = certain & waited;
      waited_[At(index)] = waited;
    }
  }

  const Graph& graph_;
  const GraphScope& scope_;
  const Shape& shape_;
  size_t fact_count_;
  std::vector<Bits> completed_, failed_;  // the facts that are about this node
  std::vector<Bits> implied_;             // if it runs
  std::vector<Bits> certain_;             // when it runs
  std::vector<Bits> waited_;              // over before it runs
  std::vector<Bits> by_port_;             // if that port is taken
};

// Nodes that a join with cancelRest may cancel, since all of their ways lead there, and those that
// a flow.cancel names.
std::vector<bool> Cancellable(const Graph& graph) {
  std::vector<bool> cancellable(graph.nodes.size());
  for (const GraphNode& node : graph.nodes) {
    for (NodeIndex canceled : node.cancels) cancellable[canceled] = true;
  }
  for (const GraphScope& scope : graph.scopes) {
    std::vector<bool> rest(scope.node_count);
    for (auto it = scope.order.rbegin(); it != scope.order.rend(); ++it) {
      const GraphNode& node = graph.nodes[*it];
      rest[*it - scope.first_node] =
          !node.out.empty() && std::all_of(node.out.begin(), node.out.end(), [&](EdgeIndex e) {
            NodeIndex to = graph.edges[e].to;
            return graph.nodes[to].join.cancel_rest || rest[to - scope.first_node];
          });
      if (rest[*it - scope.first_node]) cancellable[*it] = true;
    }
  }
  return cancellable;
}

bool LiesBefore(const Graph& graph, NodeIndex node, NodeIndex reader) {
  std::vector<bool> seen(graph.nodes.size());
  std::vector<NodeIndex> waiting = {node};
  while (!waiting.empty()) {
    NodeIndex here = waiting.back();
    waiting.pop_back();
    for (EdgeIndex e : graph.nodes[here].out) {
      NodeIndex to = graph.edges[e].to;
      if (to == reader) return true;
      if (!seen[to]) waiting.push_back(to);
      seen[to] = true;
    }
  }
  return false;
}

std::string Explain(const Graph& graph, const Batch& batch, const CompletionQuestion& question,
                    Bits fact) {
  const std::string& node = graph.nodes[question.node].id;
  std::string verb = question.failed ? "fail" : "complete";
  if (question.reader == kNone) return "it may end without `" + node + "` to " + verb;
  const std::string& reader = graph.nodes[question.reader].id;
  if (question.node == question.reader) return "it is this node's own, which is not there yet";
  if ((batch.Waited(question.reader) & fact) == 0) {
    return LiesBefore(graph, question.node, question.reader)
               ? "`" + reader + "` may run before `" + node +
                     "` is over, because a join on the way does not wait for it"
               : "no path leads from `" + node + "` to `" + reader + "`, so it may come later";
  }
  return "`" + reader + "` is also reached by " + batch.WayWithout(question.reader, fact) +
         ", where `" + node + "` does not have to " + verb;
}

}  // namespace

std::vector<CompletionAnswer> AnswerCompletion(const Graph& graph,
                                               const std::vector<CompletionQuestion>& questions,
                                               size_t explain) {
  std::vector<CompletionAnswer> answers(questions.size());
  std::map<ScopeIndex, std::map<Fact, std::vector<size_t>>> asked;
  for (size_t i = 0; i < questions.size(); ++i) {
    asked[questions[i].scope][{questions[i].node, questions[i].failed}].push_back(i);
  }
  std::vector<bool> cancellable = Cancellable(graph);
  for (const auto& [scope, by_fact] : asked) {
    Shape shape(graph, graph.scopes[scope], cancellable);
    auto next = by_fact.begin();
    while (next != by_fact.end()) {
      auto first = next;
      std::vector<Fact> facts;
      for (; next != by_fact.end() && facts.size() < 64; ++next) facts.push_back(next->first);
      Batch batch(graph, graph.scopes[scope], shape, facts);
      for (size_t bit = 0; first != next; ++first, ++bit) {
        for (size_t i : first->second) {
          Bits fact = Bits{1} << bit;
          NodeIndex reader = questions[i].reader;
          if (batch.Certain(reader) & batch.Waited(reader) & fact && reader != questions[i].node) {
            continue;
          }
          answers[i].certain = false;
          if (explain > 0) {
            --explain;
            answers[i].why = Explain(graph, batch, questions[i], fact);
          }
        }
      }
    }
  }
  return answers;
}

}  // namespace agentflow::workflow
