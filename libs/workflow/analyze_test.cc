#include "libs/workflow/analyze.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
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

constexpr char kHead[] =
    "apiVersion: agentflow/v1\n"  // 1
    "kind: Workflow\n"            // 2
    "inputs: {type: object, required: [text, n], properties: {text: {type: string}, n: {type: integer}}}\n";  // 3

struct Bad {
  const char* what;
  const char* body;  // from line 4
  const char* reason;
  const char* pointer;
  int line;
  const char* message_part;
};

class BadDocuments : public ::testing::TestWithParam<Bad> {};

TEST_P(BadDocuments, AreReportedWithReasonPlaceAndWayOut) {
  const Bad& bad = GetParam();
  Analysis analysis = AnalyzeText(std::string(kHead) + bad.body);
  auto found = std::find_if(analysis.problems.begin(), analysis.problems.end(), [&](const auto& p) {
    return p.reason == bad.reason && p.pointer == bad.pointer;
  });
  ASSERT_NE(found, analysis.problems.end()) << bad.what << ": got\n" << Show(analysis.problems);
  EXPECT_EQ(found->position.line, bad.line) << bad.what << "\n" << Show(analysis.problems);
  EXPECT_NE(found->message.find(bad.message_part), std::string::npos) << found->message;
  EXPECT_EQ(analysis.problems.size(), 1u) << bad.what << ": more than that:\n"
                                          << Show(analysis.problems);
  EXPECT_EQ(analysis.plan == nullptr, found->severity == Severity::kError);
}

const Bad kBad[] = {
    {"unknown field at the top", "nodes:\n  a: {type: data.transform@1, with: {value: 1}}\nedges: [start -> a]\nnote: x\n",
     "UNKNOWN_FIELD", "/note", 7, "There is no field `note` here"},
    {"misspelt field of a node", "nodes:\n  a: {type: data.transform@1, wiht: {}, with: {value: 1}}\nedges: [start -> a]\n",
     "UNKNOWN_FIELD", "/nodes/a/wiht", 5, "did you mean `with`?"},
    {"unknown field of with", "nodes:\n  a: {type: data.transform@1, with: {value: 1, vale: 2}}\nedges: [start -> a]\n",
     "UNKNOWN_FIELD", "/nodes/a/with/vale", 5, "did you mean `value`?"},
    {"wrong type of a field", "nodes: []\nedges: []\n", "WRONG_TYPE", "/nodes", 4, "expected object, got array"},
    {"wrong type in with", "nodes:\n  a: {type: ai.agent@1, with: {agent: 5}}\nedges: [start -> a]\n",
     "WRONG_TYPE", "/nodes/a/with/agent", 5, "expected string, got integer"},
    {"edges missing", "nodes:\n  a: {type: data.transform@1, with: {value: 1}}\n", "FIELD_REQUIRED", "", 1, "`edges` is missing"},
    {"config missing", "nodes:\n  a: {type: ai.agent@1}\nedges: [start -> a]\n", "FIELD_REQUIRED", "/nodes/a/with", 5, "`agent` is missing"},
    {"wrong apiVersion twice over", "x-a: 1\nnodes: {}\nedges: []\n", "NODES_EMPTY", "/nodes", 5, "Add at least one"},
    {"bad id", "nodes:\n  Pay Now: {type: data.transform@1, with: {value: 1}}\nedges: []\nx-e: {}\n",
     "NODE_ID_INVALID", "/nodes/Pay Now", 5, "Write `pay_now`"},
    {"keyword as id", "nodes:\n  in: {type: data.transform@1, with: {value: 1}}\nedges: [start -> in]\n",
     "NODE_ID_RESERVED", "/nodes/in", 5, "expression language"},
    {"start as id", "nodes:\n  start: {type: data.transform@1, with: {value: 1}}\n  a: {type: data.transform@1, with: {value: 1}}\nedges: [start -> a]\n",
     "NODE_ID_RESERVED", "/nodes/start", 5, "where a graph begins"},
    {"unknown type", "nodes:\n  a: {type: flow.iff@1, with: {}}\nedges: [start -> a]\n",
     "NODE_TYPE_UNKNOWN", "/nodes/a/type", 5, "did you mean `flow.if@1`?"},
    {"unknown major", "nodes:\n  a: {type: flow.if@7, with: {}}\nedges: [start -> a]\n",
     "NODE_TYPE_UNKNOWN", "/nodes/a/type", 5, "did you mean `flow.if@1`?"},
    {"edge that is none", "nodes:\n  a: {type: data.transform@1, with: {value: 1}}\nedges:\n  - start -> a\n  - a > b\n",
     "EDGE_INVALID", "/edges/1", 8, "`source -> target`"},
    {"edge to start", "nodes:\n  a: {type: data.transform@1, with: {value: 1}}\nedges:\n  - start -> a\n  - a -> start\n",
     "EDGE_INVALID", "/edges/1", 8, "Nothing leads to `start`"},
    {"duplicate edge", "nodes:\n  a: {type: data.transform@1, with: {value: 1}}\nedges:\n  - start -> a\n  - start.out -> a.in\n",
     "EDGE_DUPLICATE", "/edges/1", 8, "twice"},
    {"dangling edge", "nodes:\n  classify: {type: data.transform@1, with: {value: 1}}\nedges:\n  - start -> classify\n  - clasify -> classify\n",
     "EDGE_DANGLING", "/edges/1", 8, "did you mean `classify`?"},
    {"unknown port", "nodes:\n  a: {type: flow.if@1, with: {when: 'true'}}\n  b: {type: data.transform@1, with: {value: 1}}\nedges:\n  - start -> a\n  - a.true -> b\n  - a.ture -> b\n",
     "PORT_UNKNOWN", "/edges/2", 10, "did you mean `true`?"},
    {"default port of an if", "nodes:\n  a: {type: flow.if@1, with: {when: 'true'}}\n  b: {type: data.transform@1, with: {value: 1}}\nedges:\n  - start -> a\n  - a.true -> b\n  - a -> b\n",
     "PORT_UNKNOWN", "/edges/2", 10, "It has `true`, `false` and `error`"},
    {"unknown in-port", "nodes:\n  a: {type: data.transform@1, with: {value: 1}}\nedges: [start -> a.left]\n",
     "PORT_UNKNOWN", "/edges/0", 6, "no in-port `left`"},
    {"edge out of a fail", "nodes:\n  f: {type: flow.fail@1, with: {message: no}}\n  a: {type: data.transform@1, with: {value: 1}}\nedges: [start -> f, start -> a, f -> a]\n",
     "PORT_UNKNOWN", "/edges/2", 7, "ends here"},
    {"cycle", "nodes:\n  a: {type: data.transform@1, with: {value: 1}}\n  b: {type: data.transform@1, with: {value: 1}}\n  c: {type: data.transform@1, with: {value: 1}}\nedges:\n  - start -> a\n  - a -> b\n  - b -> c\n  - c -> a\n",
     "CYCLE", "/edges/3", 12, "a -> b -> c -> a"},
    {"edge to itself", "nodes:\n  a: {type: data.transform@1, with: {value: 1}}\nedges:\n  - start -> a\n  - a -> a\n",
     "CYCLE", "/edges/1", 8, "a -> a"},
    {"unreachable", "nodes:\n  a: {type: data.transform@1, with: {value: 1}}\n  b: {type: data.transform@1, with: {value: 1}}\nedges: [start -> a]\n",
     "NODE_UNREACHABLE", "/nodes/b", 6, "start -> b"},
    {"expression syntax", "nodes:\n  a: {type: flow.if@1, with: {when: inputs.text ==}}\nedges: [start -> a]\n",
     "EXPRESSION_INVALID", "/nodes/a/with/when", 5, "at 1:"},
    {"always an expression", "nodes:\n  a: {type: flow.if@1, with: {when: =true}}\nedges: [start -> a]\n",
     "EXPRESSION_INVALID", "/nodes/a/with/when", 5, "without the `=`"},
    {"condition that is no bool", "nodes:\n  a: {type: flow.if@1, with: {when: inputs.text}}\nedges: [start -> a]\n",
     "EXPRESSION_INVALID", "/nodes/a/with/when", 5, "bool"},
    {"empty expression", "nodes:\n  a: {type: data.transform@1, with: {value: '='}}\nedges: [start -> a]\n",
     "EXPRESSION_INVALID", "/nodes/a/with/value", 5, "empty"},
    {"undeclared variable", "nodes:\n  a: {type: data.transform@1, with: {value: =imputs.text}}\nedges: [start -> a]\n",
     "VARIABLE_UNKNOWN", "/nodes/a/with/value", 5, "did you mean `inputs`?"},
    {"variable of a container outside of it", "nodes:\n  a: {type: data.transform@1, with: {value: =item}}\nedges: [start -> a]\n",
     "VARIABLE_NOT_HERE", "/nodes/a/with/value", 5, "only in inside flow.map"},
    {"misspelt input", "nodes:\n  a: {type: data.transform@1, with: {value: =inputs.txt}}\nedges: [start -> a]\n",
     "EXPRESSION_INVALID", "/nodes/a/with/value", 5, "txt"},
    {"unknown node", "nodes:\n  alpha: {type: data.transform@1, with: {value: 1}}\n  b: {type: data.transform@1, with: {value: =nodes.alfa.output}}\nedges: [start -> alpha, alpha -> b]\n",
     "REFERENCE_UNKNOWN", "/nodes/b/with/value", 6, "did you mean `alpha`?"},
    {"nodes as a whole", "nodes:\n  a: {type: data.transform@1, with: {value: 1}}\n  b: {type: data.transform@1, with: {value: '=nodes[inputs.text].output'}}\nedges: [start -> a, a -> b]\n",
     "REFERENCE_NOT_STATIC", "/nodes/b/with/value", 6, "nodes.<id>.output"},
    {"reference that may be missing",
     "nodes:\n  check: {type: flow.if@1, with: {when: inputs.n > 1}}\n  a: {type: data.transform@1, with: {value: 1}}\n  b: {type: data.transform@1, with: {value: =nodes.a.output}}\nedges:\n  - start -> check\n  - check.true -> a\n  - check.false -> b\n  - a -> b\n",
     "REFERENCE_MAY_BE_MISSING", "/nodes/b/with/value", 7,
     "`nodes.a.output` may be missing: `b` is also reached by start -> check.false -> b, where `a` "
     "does not have to complete. Write `nodes.?a.output.orValue(...)`"},
    {"output that may be missing",
     "outputs: {x: =nodes.a.output}\nnodes:\n  check: {type: flow.if@1, with: {when: inputs.n > 1}}\n  a: {type: data.transform@1, with: {value: 1}}\nedges: [start -> check, check.true -> a]\n",
     "REFERENCE_MAY_BE_MISSING", "/outputs/x", 4, "it may end without `a` to complete"},
    {"error without an error edge",
     "nodes:\n  a: {type: data.transform@1, with: {value: 1}}\n  b: {type: data.transform@1, with: {value: =nodes.a.error.reason}}\nedges: [start -> a, a -> b]\n",
     "REFERENCE_MAY_BE_MISSING", "/nodes/b/with/value", 6, "nodes.?a.error"},
    {"bad duration", "nodes:\n  a: {type: ai.agent@1, with: {agent: x}, policy: {timeout: 5 min}}\nedges: [start -> a]\n",
     "DURATION_INVALID", "/nodes/a/policy/timeout", 5, "Write 30s, 2m, 4h, 1d"},
    {"bad duration of a wait", "nodes:\n  a: {type: flow.wait@1, with: {duration: soon}}\nedges: [start -> a]\n",
     "DURATION_INVALID", "/nodes/a/with/duration", 5, "`soon` is no span of time"},
    {"retry that makes no sense", "nodes:\n  a: {type: ai.agent@1, with: {agent: x}, policy: {retry: {initial: 5m, max: 1m}}}\nedges: [start -> a]\n",
     "POLICY_INVALID", "/nodes/a/policy/retry", 5, "longer than `max`"},
    {"retry of zero attempts", "nodes:\n  a: {type: ai.agent@1, with: {agent: x}, policy: {retry: {maxAttempts: 0}}}\nedges: [start -> a]\n",
     "FIELD_INVALID", "/nodes/a/policy/retry/maxAttempts", 5, "at least 1"},
    {"join that is none", "nodes:\n  a: {type: data.transform@1, join: some, with: {value: 1}}\nedges: [start -> a]\n",
     "FIELD_INVALID", "/nodes/a/join", 5, "\"any\""},
    {"join that cannot be", "nodes:\n  a: {type: data.transform@1, join: {mode: n, n: 3}, with: {value: 1}}\nedges: [start -> a]\n",
     "JOIN_IMPOSSIBLE", "/nodes/a/join", 5, "only 1 lead"},
    {"inputs that are no schema", "x-n: 1\nnodes:\n  a: {type: data.transform@1, with: {value: 1}}\nedges: [start -> a]\ndefaults: {timeout: 1x}\n",
     "DURATION_INVALID", "/defaults/timeout", 8, "no span of time"},
    {"outputs that are no object", "outputs: 5\nnodes:\n  a: {type: data.transform@1, with: {value: 1}}\nedges: [start -> a]\n",
     "WRONG_TYPE", "/outputs", 4, "expected object, got integer"},
    {"children of a node that holds none", "nodes:\n  a:\n    type: data.transform@1\n    with: {value: 1}\n    nodes:\n      b: {type: data.transform@1, with: {value: 1}}\n    edges: [start -> b]\nedges: [start -> a]\n",
     "NOT_A_CONTAINER", "/nodes/a", 6, "holds no nodes"},
    {"container without children", "nodes:\n  a: {type: flow.map@1, with: {items: []}}\nedges: [start -> a]\n",
     "FIELD_REQUIRED", "/nodes/a", 5, "needs `nodes` and `edges`"},
    {"problem inside a container", "nodes:\n  m:\n    type: flow.map@1\n    with: {items: []}\n    nodes:\n      b: {type: data.transform@1, with: {value: =missing}}\n    edges: [start -> b]\nedges: [start -> m]\n",
     "VARIABLE_UNKNOWN", "/nodes/m/nodes/b/with/value", 9, "no variable `missing`"},
    {"id of a node around", "nodes:\n  m:\n    type: flow.map@1\n    with: {items: []}\n    nodes:\n      m: {type: data.transform@1, with: {value: 1}}\n    edges: [start -> m]\nedges: [start -> m]\n",
     "NODE_ID_SHADOWS", "/nodes/m/nodes/m", 9, "ambiguous"},
    {"child read from outside", "nodes:\n  m:\n    type: flow.map@1\n    with: {items: []}\n    nodes:\n      b: {type: data.transform@1, with: {value: 1}}\n    edges: [start -> b]\n  z: {type: data.transform@1, with: {value: =nodes.b.output}}\nedges: [start -> m, m -> z]\n",
     "REFERENCE_UNKNOWN", "/nodes/z/with/value", 11, "no node `b`"},
    {"edge out of a container", "nodes:\n  m:\n    type: flow.map@1\n    with: {items: []}\n    nodes:\n      b: {type: data.transform@1, with: {value: 1}}\n    edges: [start -> b, b -> z]\n  z: {type: data.transform@1, with: {value: 1}}\nedges: [start -> m, m -> z]\n",
     "EDGE_DANGLING", "/nodes/m/edges/1", 10, "outside this container"},
    {"approval is not kept", "nodes:\n  a: {type: ai.agent@1, with: {agent: x}, policy: {approval: {by: 'role:lead'}}}\nedges: [start -> a]\n",
     "FEATURE_UNAVAILABLE", "/nodes/a/policy/approval", 5, "not available"},
    {"budget is not kept", "budget: {usd: 1}\nnodes:\n  a: {type: data.transform@1, with: {value: 1}}\nedges: [start -> a]\n",
     "FEATURE_UNAVAILABLE", "/budget", 4, "not available"},
    {"bad agent", "nodes:\n  a: {type: ai.agent@1, with: {agent: Not An Agent}}\nedges: [start -> a]\n",
     "FIELD_INVALID", "/nodes/a/with/agent", 5, "pattern"},
};

INSTANTIATE_TEST_SUITE_P(All, BadDocuments, ::testing::ValuesIn(kBad));

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
  for (const char* part :
       {"1:13 FIELD_INVALID", "/inputs/type", "UNKNOWN_FIELD a /nodes/a/extra", "EXPRESSION_INVALID a",
        "NODE_ID_INVALID B", "NODE_TYPE_UNKNOWN B", "PORT_UNKNOWN a /edges/1", "EDGE_DANGLING  /edges/2"}) {
    EXPECT_NE(all.find(part), std::string::npos) << part << " in\n" << all;
  }
}

TEST(Analyze, ExpressionProblemsHaveTheirColumn) {
  Analysis analysis = AnalyzeText(std::string(kHead) +
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
  Analysis analysis = AnalyzeText(std::string(kHead) +
                                  "nodes:\n  a: {type: data.transform@1, with: {value: 1}}\n"
                                  "edges:\n  - start -> a\n" + edges);
  ASSERT_EQ(analysis.problems.size(), kMaxProblems + 1);
  EXPECT_EQ(analysis.problems.back().reason, "TOO_MANY_PROBLEMS");
}

TEST(Analyze, TheRefundTriageExampleNamesWhatIsToCome) {
  Analysis analysis = AnalyzeText(Read("libs/workflow/testdata/refund-triage.yaml"),
                                  NodeTypes::Builtin());
  std::vector<std::string> found;
  for (const Problem& p : analysis.problems) found.push_back(p.reason + " " + p.pointer);
  EXPECT_EQ(found, (std::vector<std::string>{
                       "FEATURE_UNAVAILABLE /budget",
                       "NODE_TYPE_UNKNOWN /nodes/jury/type",
                       "NODE_TYPE_UNKNOWN /nodes/pay/type",
                       "FEATURE_UNAVAILABLE /nodes/pay/policy/approval",
                       "FEATURE_UNAVAILABLE /nodes/pay/policy/compensate",
                       "NODE_TYPE_UNKNOWN /nodes/undo_pay/type",
                   }))
      << Show(analysis.problems);
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
  Analysis analysis = AnalyzeText(std::string(kHead) +
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

TEST(Analyze, ContainersBecomeScopes) {
  Analysis analysis = AnalyzeText(std::string(kHead) +
                                  "outputs: {all: =nodes.each.output}\n"
                                  "nodes:\n"
                                  "  before: {type: data.transform@1, with: {value: 1}}\n"
                                  "  each:\n"
                                  "    type: flow.map@1\n"
                                  "    with: {items: '=[1, 2]', output: =nodes.price.output}\n"
                                  "    nodes:\n"
                                  "      price: {type: data.transform@1, with: {value: '=item + index + nodes.before.output'}}\n"
                                  "      inner:\n"
                                  "        type: flow.loop@1\n"
                                  "        with: {until: nodes.step.output > 3}\n"
                                  "        nodes:\n"
                                  "          step: {type: data.transform@1, with: {value: '=iteration + index'}}\n"
                                  "        edges: [start -> step]\n"
                                  "    edges: [start -> price, price -> inner]\n"
                                  "edges: [start -> before, before -> each]\n");
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
  Analysis analysis = AnalyzeText(std::string(kHead) +
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
  std::string text = std::string(kHead) + "nodes:\n";
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
        edges += "  - " + (row == 0 ? "start" : id(row - 1, column + k)) + " -> " + id(row, column) + "\n";
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
