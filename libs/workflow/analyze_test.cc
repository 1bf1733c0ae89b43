#include "libs/workflow/analyze.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <random>
#include <sstream>

#include "libs/base/status.h"

namespace agentflow::workflow {
namespace {

std::string Read(const std::string& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file) << path;
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

Analysis AnalyzeText(std::string_view text, const NodeTypes& types = NodeTypes::Builtin()) {
  auto parsed = ParseText(text);
  EXPECT_TRUE(parsed.ok()) << parsed.status() << "\n" << text;
  return parsed.ok() ? Analyze(*parsed, types) : Analysis{};
}

std::string Show(const Problems& problems) {
  std::string text;
  for (const Problem& p : problems) {
    text += std::to_string(p.position.line) + ":" + std::to_string(p.position.column) + " " +
            p.reason + " " + p.node + " " + p.pointer + " " + p.message + "\n";
  }
  return text;
}

const std::string kHead =
    "apiVersion: agentflow/v1\n"  // 1
    "kind: Workflow\n"            // 2
    "inputs: {type: object, required: [text, n], properties: {text: {type: string}, n: {type: "
    "integer}}}\n";  // 3

// One case of testdata/bad-documents.txt.
struct Bad {
  std::string what, body, reason, pointer, line, message_part;
};

std::vector<Bad> BadCases() {
  std::vector<Bad> cases;
  std::istringstream file(Read("libs/workflow/testdata/bad-documents.txt"));
  bool in_body = false;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("=== ")) {
      cases.push_back({.what = line.substr(4)});
      in_body = false;
      std::getline(file, line);
      std::string* fields[] = {&cases.back().reason, &cases.back().pointer, &cases.back().line,
                               &cases.back().message_part};
      for (std::string* field : fields) {
        size_t bar = line.find(" | ");
        *field = line.substr(0, bar);
        line = bar == line.npos ? "" : line.substr(bar + 3);
      }
    } else if (line == "---") {
      in_body = true;
    } else if (in_body) {
      cases.back().body += line + "\n";
    }
  }
  return cases;
}

TEST(BadDocuments, AreReportedWithReasonPlaceAndWayOut) {
  std::vector<Bad> cases = BadCases();
  ASSERT_GE(cases.size(), 50u);
  for (const Bad& bad : cases) {
    SCOPED_TRACE(bad.what);
    Analysis analysis = AnalyzeText(kHead + bad.body);
    // That problem, and not a second one.
    ASSERT_EQ(analysis.problems.size(), 1u) << Show(analysis.problems);
    const Problem& found = analysis.problems[0];
    EXPECT_EQ(found.reason, bad.reason);
    EXPECT_EQ(found.pointer, bad.pointer);
    EXPECT_EQ(std::to_string(found.position.line), bad.line);
    EXPECT_NE(found.message.find(bad.message_part), std::string::npos) << found.message;
    EXPECT_EQ(analysis.plan, nullptr);
  }
}

TEST(Analyze, FindsEverythingAtOnce) {
  Analysis analysis = AnalyzeText(
      "apiVersion: agentflow/v2\n"
      "kind: Workflow\n"
      "inputs: {type: strin}\n"
      "nodes:\n"
      "  a: {type: flow.if@1, with: {when: '1 +'}, extra: 1}\n"
      "  B: {type: nothing.here@1}\n"
      "edges: [start -> a, a.maybe -> B, x -> y]\n");
  std::string all = Show(analysis.problems);
  for (const char* part : {"1:13 FIELD_INVALID", "/inputs/type", "UNKNOWN_FIELD a /nodes/a/extra",
                           "EXPRESSION_INVALID a", "NODE_ID_INVALID B", "NODE_TYPE_UNKNOWN B",
                           "PORT_UNKNOWN a /edges/1", "EDGE_DANGLING  /edges/2"}) {
    EXPECT_NE(all.find(part), std::string::npos) << part << " in\n" << all;
  }
}

TEST(Analyze, ExpressionProblemsHaveTheirColumn) {
  Analysis analysis =
      AnalyzeText(kHead +
                  "nodes:\n"
                  "  a: {type: data.transform@1, with: {value: \"=1 + imputs.n\"}}\n"
                  "edges: [start -> a]\n");
  ASSERT_EQ(analysis.problems.size(), 1u) << Show(analysis.problems);
  // The quote is at 45, the expression begins at 47, the name is its fifth character.
  EXPECT_EQ(analysis.problems[0].position, (Position{5, 51}));
}

TEST(Analyze, AnOptionalInputIsAWarning) {
  Analysis analysis = AnalyzeText(
      "apiVersion: agentflow/v1\nkind: Workflow\n"
      "inputs: {type: object, properties: {n: {type: integer}}}\n"
      "nodes:\n  a: {type: data.transform@1, with: {value: =inputs.n + 1}}\nedges: [start -> a]\n");
  ASSERT_EQ(analysis.problems.size(), 1u) << Show(analysis.problems);
  EXPECT_EQ(analysis.problems[0].severity, Severity::kWarning);
  EXPECT_EQ(analysis.problems[0].reason, "EXPRESSION_DOUBTFUL");
  EXPECT_NE(analysis.plan, nullptr);
}

TEST(Analyze, ManyProblemsAreCounted) {
  std::string edges;
  for (int i = 0; i < 600; ++i) edges += "  - no" + std::to_string(i) + " -> a\n";
  Analysis analysis = AnalyzeText(kHead +
                                  "nodes:\n  a: {type: data.transform@1, with: {value: 1}}\n"
                                  "edges:\n  - start -> a\n" +
                                  edges);
  ASSERT_EQ(analysis.problems.size(), kMaxProblems + 1);
  EXPECT_EQ(analysis.problems.back().reason, "TOO_MANY_PROBLEMS");
}

TEST(Analyze, TheRefundTriageExampleNamesWhatIsToCome) {
  Analysis analysis =
      AnalyzeText(Read("libs/workflow/testdata/refund-triage.yaml"), NodeTypes::Builtin());
  std::vector<std::string> found;
  for (const Problem& p : analysis.problems) found.push_back(p.reason + " " + p.pointer);
  EXPECT_EQ(found, (std::vector<std::string>{
                       "FEATURE_UNAVAILABLE /budget",
                       "NODE_TYPE_UNKNOWN /nodes/jury/type",
                       "NODE_TYPE_UNKNOWN /nodes/pay/type",
                       "NODE_TYPE_UNKNOWN /nodes/undo_pay/type",
                   }))
      << Show(analysis.problems);
}

TEST(Analyze, CompensationAndControlBecomeAPlan) {
  Analysis analysis = AnalyzeText(Read("libs/workflow/testdata/saga.yaml"), NodeTypes::Builtin());
  ASSERT_NE(analysis.plan, nullptr) << Show(analysis.problems);
  const Plan& plan = *analysis.plan;
  auto node = [&](std::string_view path) -> const Node& { return plan.nodes[plan.FindNode(path)]; };
  EXPECT_EQ(plan.max_in_flight, 20u);
  EXPECT_EQ(node("trip").kind, NodeKind::kTransaction);
  EXPECT_EQ(plan.nodes[node("trip.hotel").policy.compensate].path, "trip.cancel_hotel");
  EXPECT_TRUE(node("trip.cancel_hotel").compensation);
  EXPECT_EQ(plan.nodes[node("trip.cancel_hotel").undoes].path, "trip.hotel");
  EXPECT_EQ(node("trip.cancel_hotel").policy.on_error, OnError::kPause);
  const auto& undo = std::get<TaskConfig>(node("trip.cancel_hotel").config);
  ASSERT_EQ(undo.input.items.size(), 1u);
  ASSERT_EQ(undo.input.items[0].expression.references.size(), 1u);
  EXPECT_EQ(undo.input.items[0].expression.references[0].variable, Variable::kStepOutput);
  EXPECT_EQ(plan.nodes[undo.input.items[0].expression.references[0].node].path, "trip.hotel");
  EXPECT_TRUE(node("trip.flight").policy.retry.pause_at_end);
  EXPECT_FALSE(node("trip.flight").policy.retry.except_when.empty());
  EXPECT_EQ(node("trip.flight").policy.timeouts.heartbeat, 30'000'000);
  EXPECT_EQ(node("bill").policy.on_error, OnError::kCompensate);
  EXPECT_EQ(std::get<CancelConfig>(node("stop").config).nodes,
            std::vector<NodeIndex>{plan.FindNode("offers")});
  EXPECT_EQ(node("sold_out").kind, NodeKind::kEnd);
  std::vector<std::string> reasons;
  for (const Edge& edge : plan.edges) {
    if (!edge.reasons.empty()) reasons = edge.reasons;
  }
  EXPECT_EQ(reasons, (std::vector<std::string>{"SOLD_OUT", "FULL_*"}));
}

TEST(Analyze, AConnectorsNodeIsATaskOfItsConnectionsAgent) {
  Analysis analysis = AnalyzeText(R"(
apiVersion: agentflow/v1
kind: Workflow
metadata: {name: book}
inputs: {type: object, properties: {item: {type: string}}}
nodes:
  book:
    type: data.sql@1
    with: {connection: shop, statement: =literal, parameters: {item: =inputs.item}}
edges: [start -> book]
)",
                                  NodeTypes::Builtin());
  ASSERT_NE(analysis.plan, nullptr) << Show(analysis.problems);
  const auto& task =
      std::get<TaskConfig>(analysis.plan->nodes[analysis.plan->FindNode("book")].config);
  EXPECT_EQ(task.agent.constant, json::Value("sql-shop"));
  EXPECT_EQ(task.input.keys, (std::vector<std::string>{"parameters", "statement"}));
  EXPECT_EQ(task.input.items[1].constant, json::Value("=literal"))
      << "a statement is never built by an expression";
}

TEST(Analyze, AValidDocumentBecomesAPlan) {
  Analysis analysis = AnalyzeText(Read("libs/workflow/testdata/review.yaml"), NodeTypes::Builtin());
  ASSERT_NE(analysis.plan, nullptr) << Show(analysis.problems);
  EXPECT_TRUE(analysis.problems.empty()) << Show(analysis.problems);
  const Plan& plan = *analysis.plan;
  EXPECT_EQ(plan.scopes.size(), 1u);
  const Node& write = plan.nodes[plan.FindNode("write")];
  EXPECT_EQ(write.kind, NodeKind::kTask);
  EXPECT_EQ(write.join.kind, Join::Kind::kAny);
  EXPECT_EQ(write.policy.retry.max_attempts, 3u);
  EXPECT_EQ(write.policy.timeouts.start_to_close, 120'000'000);
  const auto& task = std::get<TaskConfig>(write.config);
  EXPECT_EQ(task.agent.constant, json::Value("writer"));
  EXPECT_EQ(task.input.kind, Template::Kind::kObject);
  const Node& route = plan.nodes[plan.FindNode("route")];
  EXPECT_EQ(route.ports, (std::vector<std::string>{"revise", "passed"}));
  const auto& cases = std::get<SwitchConfig>(route.config);
  EXPECT_EQ(cases.default_port, 1);
  ASSERT_EQ(cases.cases.size(), 1u);
  EXPECT_FALSE(cases.cases[0].when.empty());
  EXPECT_EQ(plan.timeout, 3'600'000'000);
  // Waits and pure nodes are not cut off by the document's default timeout.
  EXPECT_EQ(plan.nodes[plan.FindNode("pause")].policy.timeouts.start_to_close, 0);
}

TEST(Analyze, APlanEvaluatesItsExpressions) {
  Analysis analysis =
      AnalyzeText(kHead +
                  "nodes:\n"
                  "  a: {type: data.transform@1, with: {value: '=inputs.n + 1'}}\n"
                  "  b: {type: data.transform@1, with: {value: {sum: '=nodes.a.output', "
                  "none: '=nodes.?c.output.orValue(7)', text: '==x', id: '=execution.id'}}}\n"
                  "  c: {type: data.transform@1, with: {value: '=has(nodes.a.output)'}}\n"
                  "edges: [start -> a, a -> b, b -> c]\n");
  ASSERT_NE(analysis.plan, nullptr) << Show(analysis.problems);
  const auto& config = std::get<TransformConfig>(analysis.plan->nodes[1].config);
  ASSERT_EQ(config.value.kind, Template::Kind::kObject);
  EXPECT_EQ(config.value.keys, (std::vector<std::string>{"id", "none", "sum", "text"}));
  json::Value three = 3;
  json::Value id = "e1";
  auto evaluate = [&](size_t i) {
    const Expression& e = config.value.items[i].expression;
    std::vector<const json::Value*> values;
    for (const Reference& r : e.references) {
      values.push_back(r.variable == Variable::kNodeOutput && r.node == 0 ? &three
                       : r.variable == Variable::kExecutionId             ? &id
                                                                          : nullptr);
    }
    auto result = e.program->Evaluate(values);
    return result.ok() ? json::Dump(*result) : result.status().ToString();
  };
  EXPECT_EQ(evaluate(0), "\"e1\"");
  EXPECT_EQ(evaluate(1), "7");
  EXPECT_EQ(evaluate(2), "3");
  EXPECT_EQ(config.value.items[3].constant, json::Value("=x"));
  EXPECT_EQ(config.value.items[2].expression.field, "nodes.b.with.value.sum");
}

// The value of one expression in a node `b` that follows `a`, beside a node `c` that did not run.
std::string Evaluated(const std::string& expression) {
  Analysis analysis =
      AnalyzeText(kHead +
                  "connections: {crm: {kind: http}}\nnodes:\n"
                  "  a: {type: ai.agent@1, with: {agent: x}}\n"
                  "  c: {type: ai.agent@1, with: {agent: x}}\n"
                  "  d: {type: flow.if@1, with: {when: inputs.n > 1}}\n"
                  "  b: {type: data.transform@1, with: {value: \"=" +
                  expression +
                  "\"}}\n"
                  "edges: [start -> a, a -> d, d.true -> c, d.false -> b, c -> b, a.error -> b]\n");
  if (analysis.plan == nullptr) return Show(analysis.problems);
  const Plan& plan = *analysis.plan;
  const auto& config = std::get<TransformConfig>(plan.nodes[plan.FindNode("b")].config);
  json::Value output = json::Object{{"n", 3}};
  json::Value inputs = json::Object{{"n", 5}, {"text", "t"}};
  json::Value time = "2026-11-22T16:49:23.5Z";
  json::Value labels = json::Object{{"team", "docs"}};
  json::Value crm = json::Object{{"url", "http://crm"}};
  std::vector<const json::Value*> values;
  for (const Reference& r : config.value.expression.references) {
    const json::Value* value = nullptr;
    if (r.variable == Variable::kNodeOutput && r.node == plan.FindNode("a")) value = &output;
    if (r.variable == Variable::kInputs) value = &inputs;
    if (r.variable == Variable::kExecutionStartTime) value = &time;
    if (r.variable == Variable::kExecutionLabels) value = &labels;
    if (r.variable == Variable::kConnection && r.name == "crm") value = &crm;
    values.push_back(value);
  }
  auto result = config.value.expression.program->Evaluate(values);
  return result.ok() ? json::Dump(*result) : ReasonOf(result.status());
}

TEST(Programs, ReadWhatIsThereAndSayWhatIsNot) {
  const std::pair<const char*, const char*> cases[] = {
      {"nodes.?a.output.n.orValue(0)", "3"},
      {"nodes.?c.output.n.orValue(0)", "0"},
      {"nodes.?c.?output.?n.orValue(0)", "0"},
      {"nodes.c.?output.orValue('none')", "\"none\""},
      {"has(nodes.c.output) ? nodes.c.output.n : -1", "-1"},
      {"has(nodes.a.output) ? nodes.a.output.n : -1", "3"},
      {"has(nodes.a.error)", "false"},
      {"nodes.?a.error.reason.orValue('fine')", "\"fine\""},
      {"nodes.?c.hasValue()", "false"},
      {"execution.startTime.getFullYear()", "2026"},
      {"execution.startTime", "\"2026-11-22T16:49:23.5Z\""},
      {"execution.labels.team", "\"docs\""},
      {"connections.crm.url + '/x'", "\"http://crm/x\""},
      {"[1, 2].map(nodes, nodes + inputs.n)", "[6,7]"},
      {"inputs", "{\"n\":5,\"text\":\"t\"}"},
      {"inputs.n / 0", "EXPRESSION_FAILED"},
  };
  for (const auto& [expression, result] : cases) {
    EXPECT_EQ(Evaluated(expression), result) << expression;
  }
}

TEST(Analyze, ContainersBecomeScopes) {
  Analysis analysis = AnalyzeText(Read("libs/workflow/testdata/containers.yaml"));
  ASSERT_NE(analysis.plan, nullptr) << Show(analysis.problems);
  const Plan& plan = *analysis.plan;
  ASSERT_EQ(plan.scopes.size(), 3u);
  NodeIndex each = plan.FindNode("each");
  NodeIndex step = plan.FindNode("each.inner.step");
  ASSERT_NE(step, kNone);
  EXPECT_EQ(plan.nodes[each].body, 1u);
  EXPECT_EQ(plan.nodes[step].scope, 2u);
  const auto& value = std::get<TransformConfig>(plan.nodes[step].config).value.expression;
  ASSERT_EQ(value.references.size(), 2u);
  EXPECT_EQ(value.references[0].node, plan.FindNode("each.inner"));
  EXPECT_EQ(value.references[1].node, each);
}

TEST(Analyze, PlaceholdersKeepTheirChildrenUnderCheck) {
  Analysis analysis = AnalyzeText(kHead +
                                      "nodes:\n"
                                      "  team:\n"
                                      "    type: ai.team@1\n"
                                      "    nodes:\n"
                                      "      a: {type: data.transform@1, with: {value: =item}}\n"
                                      "      b: {type: data.transform@1, with: {value: =nope}}\n"
                                      "    edges: [start -> a, start -> b]\n"
                                      "edges: [start -> team]\n",
                                  NodeTypes::Builtin());
  ASSERT_EQ(analysis.problems.size(), 2u) << Show(analysis.problems);
  EXPECT_EQ(analysis.problems[0].reason, "NODE_TYPE_UNKNOWN");
  EXPECT_EQ(analysis.problems[1].node, "team.b");
}

TEST(Analyze, TooManyNodesAreOneProblem) {
  json::Object nodes;
  for (size_t i = 0; i <= kMaxNodes; ++i) {
    nodes.Set("n" + std::to_string(100'000 + i), json::Object{{"type", "flow.if@1"}});
  }
  json::Value document = json::Object{{"apiVersion", "agentflow/v1"},
                                      {"kind", "Workflow"},
                                      {"nodes", nodes},
                                      {"edges", json::Array(kMaxEdges + 1, "a -> b")}};
  Analysis analysis = Analyze({.value = document});
  ASSERT_EQ(analysis.problems.size(), 2u);
  EXPECT_EQ(analysis.problems[0].reason, "NODE_LIMIT");
  EXPECT_EQ(analysis.problems[1].reason, "EDGE_LIMIT");
  EXPECT_EQ(analysis.plan, nullptr);
}

TEST(Analyze, TypesThatDoubleWithEveryStepStayBounded) {
  std::string nodes = "  n0: {type: data.transform@1, with: {value: 1}}\n";
  std::string edges = "start -> n0";
  for (int i = 1; i <= 60; ++i) {
    std::string before = "n" + std::to_string(i - 1);
    std::string id = "n" + std::to_string(i);
    nodes += "  " + id + ": {type: data.transform@1, with: {value: {x: =nodes." + before +
             ".output, y: =nodes." + before + ".output}}}\n";
    edges += ", " + before + " -> " + id;
  }
  Analysis analysis = AnalyzeText(kHead + "nodes:\n" + nodes + "edges: [" + edges + "]\n");
  EXPECT_NE(analysis.plan, nullptr) << Show(analysis.problems);
}

// Changes one random place of a value into something else.
json::Value Mutate(const json::Value& value, std::mt19937& random) {
  static const std::vector<json::Value> kOthers = {
      nullptr,
      true,
      -1,
      1.5,
      "",
      "=",
      "=nodes",
      "=nodes.a.output",
      "a -> b",
      "start",
      "any",
      "flow.map@1",
      "flow.loop@1",
      "ai.agent@1",
      "data.transform@1",
      "none.such@1",
      "30s",
      json::Array{},
      json::Object{},
      json::Object{{"mode", "n"}, {"n", 2}},
      json::Object{{"a", json::Object{{"type", "flow.if@1"}, {"with", json::Object{}}}}},
      json::Array{"start -> a", "a -> b", "b -> a"}};
  bool leaf = !value.is_object() && !value.is_array();
  bool empty = value.ByteSize() == 0 || (value.is_object() && value.as_object().empty()) ||
               (value.is_array() && value.as_array().empty());
  if (leaf || empty || random() % 6 == 0) return kOthers[random() % kOthers.size()];
  if (value.is_array()) {
    json::Array copy = value.as_array();
    size_t at = random() % copy.size();
    if (random() % 5 == 0)
      copy.erase(copy.begin() + static_cast<long>(at));
    else
      copy[at] = Mutate(copy[at], random);
    return copy;
  }
  json::Object copy = value.as_object();
  auto it = copy.begin() + static_cast<long>(random() % copy.size());
  std::string key = it->first;
  json::Value changed = Mutate(it->second, random);
  if (random() % 6 == 0)
    copy.Erase(key);
  else
    copy.Set(random() % 8 == 0 ? "policy" : key, changed);
  return copy;
}

// What the analysis lets through the engine takes, and nothing makes it fall over.
TEST(Analyze, TakesAnyDocument) {
  std::mt19937 random(3);
  std::vector<json::Value> documents;
  for (const char* path :
       {"libs/workflow/testdata/review.yaml", "libs/workflow/testdata/refund-triage.yaml",
        "libs/workflow/testdata/containers.yaml"}) {
    documents.push_back(ParseText(Read(path))->value);
  }
  int plans = 0;
  for (int i = 0; i < 3000; ++i) {
    json::Value document = documents[random() % documents.size()];
    for (size_t n = 1 + random() % 3; n > 0; --n) document = Mutate(document, random);
    Analysis analysis = Analyze({.value = document});
    plans += analysis.plan != nullptr;
    for (const Problem& problem : analysis.problems) {
      ASSERT_NE(problem.reason, "PLAN_MALFORMED") << problem.message << json::Dump(document);
    }
    EXPECT_EQ(analysis.plan != nullptr, IsValid(analysis.problems));
    std::string yaml = document.is_object() ? FormatYaml(document) : "";
    if (!yaml.empty() && !document.as_object().empty()) {
      ASSERT_EQ(ParseText(yaml)->value, document) << yaml;
    }
  }
  EXPECT_GT(plans, 100);
}

TEST(Analyze, CompileSaysWhatIsWrongFirst) {
  auto document = json::Parse(R"({"apiVersion": "agentflow/v1", "kind": "Workflow",
      "nodes": {"a": {"type": "flow.if@1", "with": {}}}, "edges": ["start -> a"]})");
  auto plan = Compile(*document, {});
  ASSERT_FALSE(plan.ok());
  EXPECT_EQ(plan.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(plan.status()), "WORKFLOW_INVALID");
  EXPECT_EQ(MetadataOf(plan.status())["problem"], "FIELD_REQUIRED");
  EXPECT_EQ(MetadataOf(plan.status())["node"], "a");
}

TEST(Analyze, ALargeDocumentIsQuick) {
  // 10,000 nodes in 100 rows of 100; each has edges from three nodes of the row before and reads
  // one of them. What is pinned is the amount of work, by the plan; the clock is not asked.
  std::string text = kHead + "nodes:\n";
  std::string edges = "edges:\n";
  auto id = [](int row, int column) {
    return "n" + std::to_string(row) + "_" + std::to_string(column % 100);
  };
  for (int row = 0; row < 100; ++row) {
    for (int column = 0; column < 100; ++column) {
      std::string value = row == 0 ? "1" : "'=nodes." + id(row - 1, column) + ".output'";
      text += "  " + id(row, column) + ": {type: data.transform@1, with: {value: " + value + "}}\n";
      for (int k = 0; k < 3; ++k) {
        if (row == 0 && k > 0) break;
        edges += "  - " + (row == 0 ? "start" : id(row - 1, column + k)) + " -> " +
                 id(row, column) + "\n";
      }
    }
  }
  Analysis analysis = AnalyzeText(text + edges);
  ASSERT_NE(analysis.plan, nullptr) << Show(analysis.problems);
  EXPECT_EQ(analysis.plan->nodes.size(), 10'000u);
  EXPECT_EQ(analysis.plan->edges.size(), 29'800u);
}

}  // namespace
}  // namespace agentflow::workflow
