#include "libs/workflow/completion.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "libs/workflow/names.h"

namespace agentflow::workflow {
namespace {

Graph GraphOf(std::string_view yaml) {
  auto text = ParseText(yaml);
  EXPECT_TRUE(text.ok()) << text.status();
  Reporter reporter(text->positions, 100);
  Graph graph = ReadGraph(text->value, NodeTypes::Builtin(), reporter);
  CheckGraph(graph, reporter);
  for (const Problem& problem : reporter.Take()) ADD_FAILURE() << problem.message;
  return graph;
}

CompletionAnswer Ask(const Graph& graph, std::string_view reader, std::string_view node,
                     bool failed = false) {
  CompletionQuestion question{.reader = reader == "end" ? kNone : graph.Find(0, reader),
                              .node = graph.Find(0, node),
                              .failed = failed};
  return AnswerCompletion(graph, {question}, 10)[0];
}

Graph Edges(const std::string& edges, const std::string& more = "") {
  return GraphOf(
      "nodes:\n"
      "  a: {type: ai.agent@1}\n"
      "  b: {type: ai.agent@1}\n"
      "  c: {type: ai.agent@1}\n"
      "  choice: {type: flow.if@1}\n" +
      more + "edges: [" + edges + "]\n");
}

TEST(Completion, ASequenceIsCertain) {
  Graph graph = Edges("start -> a, a -> b, b -> choice, choice.true -> c");
  EXPECT_TRUE(Ask(graph, "c", "a").certain);
  EXPECT_TRUE(Ask(graph, "c", "choice").certain);
  EXPECT_TRUE(Ask(graph, "end", "b").certain);
  EXPECT_FALSE(Ask(graph, "a", "b").certain);
  EXPECT_FALSE(Ask(graph, "a", "a").certain);
  EXPECT_FALSE(Ask(graph, "end", "c").certain);
}

TEST(Completion, BothBranchesOfAForkAreCertainAtItsJoin) {
  Graph graph = Edges("start -> choice, choice.true -> a, choice.true -> b, a -> c, b -> c");
  EXPECT_TRUE(Ask(graph, "c", "a").certain);
  EXPECT_TRUE(Ask(graph, "c", "b").certain);
}

TEST(Completion, ABranchOfAChoiceIsNot) {
  Graph graph = Edges("start -> choice, choice.true -> a, choice.false -> b, a -> c, b -> c");
  CompletionAnswer answer = Ask(graph, "c", "a");
  EXPECT_FALSE(answer.certain);
  EXPECT_EQ(answer.why,
            "`c` is also reached by start -> choice.false -> b -> c, where `a` does not have to "
            "complete");
  EXPECT_TRUE(Ask(graph, "c", "choice").certain);
}

TEST(Completion, AChoiceWhoseWaysAllLeadThereIsCertain) {
  Graph graph =
      Edges("start -> choice, choice.true -> a, choice.false -> b, a -> c, b -> c, c -> reader",
            "  reader: {type: ai.agent@1}\n");
  EXPECT_TRUE(Ask(graph, "reader", "c").certain);
  EXPECT_TRUE(Ask(graph, "end", "reader").certain);
}

TEST(Completion, WhatRunsBesideIsWaitedForOnlyByAnEdge) {
  Graph graph = Edges("start -> a, start -> b, start -> choice, a -> c, choice.true -> c");
  EXPECT_FALSE(Ask(graph, "c", "b").certain);
  EXPECT_EQ(Ask(graph, "c", "b").why, "no path leads from `b` to `c`, so it may come later");
  EXPECT_TRUE(Ask(graph, "c", "a").certain);
}

TEST(Completion, AJoinOfAnyDoesNotWait) {
  Graph graph = Edges("start -> a, start -> b, start -> choice, a -> any, b -> any, any -> c",
                      "  any: {type: ai.agent@1, join: any}\n");
  EXPECT_FALSE(Ask(graph, "c", "a").certain);
  EXPECT_EQ(Ask(graph, "c", "a").why,
            "`c` may run before `a` is over, because a join on the way does not wait for it");
}

TEST(Completion, AJoinOfNWaitsForSome) {
  std::string edges = "start -> choice, start -> a, start -> b, start -> c, a -> n, b -> n, c -> n";
  const std::string join = "  n: {type: ai.agent@1, join: {mode: n, n: 2}}\n";
  Graph two = Edges(edges, join);
  EXPECT_FALSE(Ask(two, "n", "a").certain);
  EXPECT_TRUE(Ask(two, "end", "n").certain);
  // One is always taken, which is not enough.
  const std::string rest = ", start -> c, choice.true -> b, b -> n, c -> choice";
  Graph one = Edges("start -> a, a -> n" + rest, join);
  EXPECT_FALSE(Ask(one, "end", "n").certain);
  Graph failing = Edges("start -> a, a -> n, a.error -> choice, start -> b, b -> n, start -> c, "
                        "c -> choice", join);
  EXPECT_FALSE(Ask(failing, "end", "n").certain);
}

TEST(Completion, AnErrorEdgeMakesItsNodeUncertain) {
  Graph graph = Edges("start -> a, a -> b, a.error -> c, b -> choice, c -> choice");
  EXPECT_TRUE(Ask(graph, "b", "a").certain);
  EXPECT_FALSE(Ask(graph, "c", "a").certain);
  EXPECT_TRUE(Ask(graph, "c", "a", /*failed=*/true).certain);
  EXPECT_FALSE(Ask(graph, "choice", "a").certain);
  EXPECT_FALSE(Ask(graph, "choice", "a", /*failed=*/true).certain);
  EXPECT_FALSE(Ask(graph, "b", "a", /*failed=*/true).certain);
}

TEST(Completion, OnErrorContinueMakesItsNodeUncertain) {
  Graph graph = Edges("start -> choice, start -> a, start -> b, start -> soft, soft -> c",
                      "  soft: {type: ai.agent@1, policy: {onError: continue}}\n");
  EXPECT_FALSE(Ask(graph, "c", "soft").certain);
}

TEST(Completion, ASwitchWithoutDefaultMayTakeNoPort) {
  std::string more = "  s: {type: flow.switch@1, with: {cases: [{port: x, when: 'true'}]}}\n";
  std::string edges = "start -> s, s.x -> a, start -> b, start -> choice, b -> c";
  EXPECT_FALSE(Ask(Edges(edges, more), "end", "a").certain);
  std::string with_default =
      "  s: {type: flow.switch@1, with: {cases: [{port: x, when: 'true'}], default: x}}\n";
  EXPECT_TRUE(Ask(Edges(edges, with_default), "end", "a").certain);
}

TEST(Completion, WhatMayBeCancelledIsUncertain) {
  std::string edges = "start -> a, start -> b, a -> first, b -> first, first -> c, b -> choice";
  Graph graph = Edges(edges, "  first: {type: ai.agent@1, join: {mode: any, cancelRest: true}}\n");
  EXPECT_FALSE(Ask(graph, "end", "a").certain);
  EXPECT_TRUE(Ask(graph, "choice", "b").certain);
}

TEST(Completion, ACompensationSeesWhatItsStepSaw) {
  Graph graph = Edges("start -> a, a -> pay, start -> b, start -> c, start -> choice",
                      "  pay: {type: ai.agent@1, policy: {compensate: undo}}\n"
                      "  undo: {type: ai.agent@1}\n");
  EXPECT_TRUE(Ask(graph, "undo", "a").certain);
  EXPECT_TRUE(Ask(graph, "undo", "pay").certain);
  EXPECT_FALSE(Ask(graph, "undo", "b").certain);
}

// One execution: runs a graph of agents and ifs with random choices, failures and order, and
// records what was complete when each node began.
class Simulation {
 public:
  Simulation(const Graph& graph, std::mt19937& random)
      : graph_(graph), random_(random), state_(graph.nodes.size()) {}

  // complete_at[r][x]: x was complete when r began. Rows of nodes that did not run are empty.
  std::vector<std::vector<bool>> Run() {
    began_.resize(graph_.nodes.size());
    for (const GraphEdge& edge : graph_.edges) {
      if (edge.from == kStart) End(edge, true);
    }
    while (!ready_.empty()) {
      std::uniform_int_distribution<size_t> pick(0, ready_.size() - 1);
      size_t i = pick(random_);
      NodeIndex node = ready_[i];
      ready_.erase(ready_.begin() + i);
      Step(node);
    }
    return began_;
  }

 private:
  enum class Phase { kOpen, kReady, kRunning, kCompleted, kFailed, kSkipped };
  struct State {
    Phase phase = Phase::kOpen;
    uint32_t taken = 0, dead = 0;
  };

  void Step(NodeIndex node) {
    State& state = state_[node];
    if (state.phase == Phase::kReady) {  // begin, and come back later to end
      state.phase = Phase::kRunning;
      for (const State& other : state_) began_[node].push_back(other.phase == Phase::kCompleted);
      ready_.push_back(node);
      return;
    }
    const GraphNode& of = graph_.nodes[node];
    bool fails = of.HasErrorEdge(graph_.edges) && random_() % 3 == 0;
    state.phase = fails ? Phase::kFailed : Phase::kCompleted;
    std::string port = fails ? std::string(kErrorPortId) : of.ports[random_() % of.ports.size()];
    for (EdgeIndex e : of.out) End(graph_.edges[e], graph_.edges[e].port == port);
  }

  void End(const GraphEdge& edge, bool taken) {
    State& state = state_[edge.to];
    (taken ? state.taken : state.dead) += 1;
    if (state.phase != Phase::kOpen) return;
    const GraphNode& node = graph_.nodes[edge.to];
    uint32_t in = static_cast<uint32_t>(node.in.size());
    bool all_in = state.taken + state.dead == in;
    uint32_t wanted = node.join.kind == Join::Kind::kNOfM ? node.join.n : 1;
    bool runs =
        node.join.kind == Join::Kind::kAll ? all_in && state.taken > 0 : state.taken >= wanted;
    bool skips =
        node.join.kind == Join::Kind::kAll ? all_in && state.taken == 0 : state.dead > in - wanted;
    if (runs) {
      state.phase = Phase::kReady;
      ready_.push_back(edge.to);
    } else if (skips) {
      state.phase = Phase::kSkipped;
      for (EdgeIndex e : node.out) End(graph_.edges[e], false);
    }
  }

  const Graph& graph_;
  std::mt19937& random_;
  std::vector<State> state_;
  std::vector<NodeIndex> ready_;
  std::vector<std::vector<bool>> began_;
};

Graph RandomGraph(std::mt19937& random, int size) {
  std::string nodes, edges;
  for (int i = 0; i < size; ++i) {
    std::string id = "n" + std::to_string(i);
    bool choice = random() % 3 == 0;
    int fan_in = i == 0 ? 1 : 1 + static_cast<int>(random() % 3);
    std::vector<std::string> sources;
    for (int k = 0; k < fan_in; ++k) {
      int from = static_cast<int>(random() % (i + 1)) - 1;
      std::string source =
          from < 0 ? "start" : "n" + std::to_string(from) + ".PORT" + std::to_string(random() % 4);
      if (std::find(sources.begin(), sources.end(), source) == sources.end()) {
        sources.push_back(source);
      }
    }
    for (const std::string& source : sources) edges += "  - " + source + " -> " + id + "\n";
    std::string join = "all";
    if (random() % 4 == 0) join = "any";
    if (random() % 6 == 0 && sources.size() > 1) join = "{mode: n, n: 2}";
    nodes +=
        "  " + id + ": {type: " + (choice ? "flow.if@1" : "ai.agent@1") + ", join: " + join + "}\n";
  }
  // Ports by the kind of their node: an if has true and false, every node has error.
  std::string resolved;
  for (size_t at = 0; at < edges.size();) {
    size_t port = edges.find(".PORT", at);
    if (port == edges.npos) {
      resolved += edges.substr(at);
      break;
    }
    size_t id_at = edges.rfind(' ', port) + 1;
    std::string id = edges.substr(id_at, port - id_at);
    bool choice = nodes.find("  " + id + ": {type: flow.if@1") != nodes.npos;
    char number = edges[port + 5];
    std::string name = number == '3' ? "error" : !choice ? "out" : number == '0' ? "false" : "true";
    resolved += edges.substr(at, port - at) + "." + name;
    at = port + 6;
  }
  auto text = ParseText("nodes:\n" + nodes + "edges:\n" + resolved);
  EXPECT_TRUE(text.ok()) << text.status();
  Reporter reporter(text->positions, 100);
  Graph graph = ReadGraph(text->value, NodeTypes::Builtin(), reporter);
  CheckGraph(graph, reporter);
  reporter.Take();  // a duplicate edge or a join of too many: what is left is a graph all the same
  return graph;
}

// Whatever the analysis calls certain holds in every execution.
TEST(Completion, IsSoundOnRandomGraphs) {
  std::mt19937 random(7);
  size_t certain = 0;
  for (int round = 0; round < 150; ++round) {
    Graph graph = RandomGraph(random, 4 + static_cast<int>(random() % 8));
    std::vector<CompletionQuestion> questions;
    for (NodeIndex reader = 0; reader < graph.nodes.size(); ++reader) {
      for (NodeIndex node = 0; node < graph.nodes.size(); ++node) {
        questions.push_back({.reader = reader, .node = node});
      }
    }
    std::vector<CompletionAnswer> answers = AnswerCompletion(graph, questions, 0);
    for (int run = 0; run < 60; ++run) {
      auto began = Simulation(graph, random).Run();
      for (size_t i = 0; i < questions.size(); ++i) {
        if (!answers[i].certain) continue;
        const auto& seen = began[questions[i].reader];
        if (seen.empty()) continue;
        ++certain;
        ASSERT_TRUE(seen[questions[i].node]) << "round " << round << ": n" << questions[i].node
                                             << " before n" << questions[i].reader;
      }
    }
  }
  EXPECT_GT(certain, 10'000u);
}

}  // namespace
}  // namespace agentflow::workflow
