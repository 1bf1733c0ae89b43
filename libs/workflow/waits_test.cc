// What waits, nests and shares, from a document to the plan.
#include <gtest/gtest.h>

#include <algorithm>

#include "libs/workflow/analyze.h"

namespace agentflow::workflow {
namespace {

Analysis AnalyzeBody(const std::string& body, const NodeTypes& types = NodeTypes::Builtin()) {
  auto text = ParseText("apiVersion: agentflow/v1\nkind: Workflow\n" + body);
  EXPECT_TRUE(text.ok()) << text.status();
  return Analyze(*text, types);
}

std::string Show(const Analysis& analysis) {
  std::string text;
  for (const Problem& p : analysis.problems) {
    text += p.reason + " " + p.pointer + " " + p.message + "\n";
  }
  return text;
}

const Node& NodeAt(const Analysis& analysis, std::string_view path) {
  return analysis.plan->nodes[analysis.plan->FindNode(path)];
}

TEST(Waits, SignalsAndConditions) {
  Analysis analysis = AnalyzeBody(R"(
nodes:
  paid:
    type: flow.signal@1
    with: {name: "='paid ' + execution.id", filter: signal.amount > 3}
    policy: {totalTimeout: 1d}
  work: {type: ai.agent@1, with: {agent: x}}
  seen: {type: flow.await@1, with: {condition: "nodes.?work.output.orValue(0) == 3"}}
edges: [start -> paid, start -> work, start -> seen]
)");
  ASSERT_NE(analysis.plan, nullptr) << Show(analysis);
  const auto& signal = std::get<SignalConfig>(NodeAt(analysis, "paid").config);
  ASSERT_EQ(signal.filter.references.size(), 1u);
  EXPECT_EQ(signal.filter.references[0].variable, Variable::kSignal);
  EXPECT_EQ(signal.name.kind, Template::Kind::kExpression);
  EXPECT_EQ(NodeAt(analysis, "paid").policy.timeouts.schedule_to_close, 86'400'000'000);
  const auto& seen = std::get<ConditionConfig>(NodeAt(analysis, "seen").config);
  ASSERT_EQ(seen.condition.references.size(), 1u);
  EXPECT_EQ(seen.condition.references[0].node, analysis.plan->FindNode("work"));
}

TEST(Waits, PipelinesTakeOneItemAtATimeUnlessTheySayOtherwise) {
  Analysis analysis = AnalyzeBody(R"(
nodes:
  line:
    type: flow.pipeline@1
    with: {items: [1, 2], output: =nodes.b.output + index}
    nodes:
      a: {type: ai.agent@1, with: {agent: x, input: =item}, policy: {concurrency: 4}}
      b: {type: data.transform@1, with: {value: 1}}
    edges: [start -> a, a -> b]
  many:
    type: flow.map@1
    with: {items: [1, 2]}
    nodes:
      c: {type: ai.agent@1, with: {agent: x}, policy: {concurrency: 2}}
      d: {type: ai.agent@1, with: {agent: x}}
    edges: [start -> c, c -> d]
edges: [start -> line, line -> many]
)");
  ASSERT_NE(analysis.plan, nullptr) << Show(analysis);
  EXPECT_TRUE(std::get<MapConfig>(NodeAt(analysis, "line").config).in_order);
  EXPECT_FALSE(std::get<MapConfig>(NodeAt(analysis, "many").config).in_order);
  EXPECT_EQ(NodeAt(analysis, "line.a").policy.concurrency, 4u);
  EXPECT_EQ(NodeAt(analysis, "line.b").policy.concurrency, 1u);
  EXPECT_EQ(NodeAt(analysis, "many.c").policy.concurrency, 2u);
  EXPECT_EQ(NodeAt(analysis, "many.d").policy.concurrency, 0u);
}

TEST(Waits, ASwitchMayTakeEveryCase) {
  Analysis analysis = AnalyzeBody(R"(
inputs: {type: object, required: [n], properties: {n: {type: integer}}}
nodes:
  r:
    type: flow.switch@1
    with: {match: all, cases: [{port: p, when: inputs.n > 1}, {port: q, when: inputs.n > 2}]}
  a: {type: data.transform@1, with: {value: 1}}
edges: [start -> r, r.p -> a, r.q -> a]
)");
  ASSERT_NE(analysis.plan, nullptr) << Show(analysis);
  EXPECT_TRUE(std::get<SwitchConfig>(NodeAt(analysis, "r").config).all);
}

TEST(Waits, ALoopsWhileReadsWhatTheRoundBeforeGave) {
  Analysis analysis = AnalyzeBody(R"(
nodes:
  l:
    type: flow.loop@1
    with: {while: previous == null || previous < 9, until: nodes.t.output == 5,
           output: =nodes.t.output}
    nodes: {t: {type: data.transform@1, with: {value: =iteration}}}
    edges: [start -> t]
edges: [start -> l]
)");
  ASSERT_NE(analysis.plan, nullptr) << Show(analysis);
  const auto& loop = std::get<LoopConfig>(NodeAt(analysis, "l").config);
  ASSERT_EQ(loop.while_condition.references.size(), 1u);
  EXPECT_EQ(loop.while_condition.references[0].variable, Variable::kItem);
  EXPECT_EQ(loop.while_condition.references[0].node, analysis.plan->FindNode("l"));
}

TEST(Waits, Approvals) {
  Analysis analysis = AnalyzeBody(R"(
nodes:
  ask:
    type: flow.approval@1
    with: {title: Go on, by: ["role:lead", "user:ann"], timeout: 4h, onTimeout: approve,
           form: {type: object}}
  pay:
    type: ai.agent@1
    with: {agent: x}
    policy: {approval: {when: 1 < 2, by: "group:support", timeout: 1m, onTimeout: fail}}
edges: [start -> ask, ask.approved -> pay]
)");
  ASSERT_NE(analysis.plan, nullptr) << Show(analysis);
  const auto& ask = std::get<ApprovalConfig>(NodeAt(analysis, "ask").config);
  EXPECT_EQ(ask.timeout, 4 * 3'600'000'000);
  EXPECT_EQ(ask.on_timeout, OnTimeout::kApprove);
  EXPECT_TRUE(ask.form.is_object());
  EXPECT_EQ(ask.approved_port, 0);
  EXPECT_EQ(ask.rejected_port, 1);
  const Policy& policy = NodeAt(analysis, "pay").policy;
  ASSERT_NE(policy.approval, nullptr);
  EXPECT_FALSE(policy.approval->when.empty());
  EXPECT_EQ(policy.approval->by.constant, json::Value("group:support"));
  EXPECT_EQ(policy.approval->on_timeout, OnTimeout::kFail);
}

TEST(Waits, Children) {
  std::string body = R"(
nodes:
  c: {type: flow.workflow@1, with: {workflow: review, version: 3, input: {x: 1}, detach: true}}
  d: {type: custom.review_board@7, with: {text: =execution.id}}
edges: [start -> c, c -> d]
)";
  auto inputs = json::Parse(R"({"type": "object", "required": ["text"],
                                "properties": {"text": {"type": "string"}},
                                "additionalProperties": false})");
  ASSERT_TRUE(inputs.ok());
  NodeTypes types =
      NodeTypes::Builtin().With({CustomNodeType("review-board", 7, "Review", "", *inputs)});
  const NodeTypes* const catalogues[] = {&types, &NodeTypes::Published()};
  for (const NodeTypes* known : catalogues) {
    Analysis analysis = AnalyzeBody(body, *known);
    ASSERT_NE(analysis.plan, nullptr) << Show(analysis);
    const auto& child = std::get<ChildConfig>(NodeAt(analysis, "c").config);
    EXPECT_EQ(child.workflow.constant, json::Value("review"));
    EXPECT_EQ(child.version, 3);
    EXPECT_TRUE(child.detach);
    const auto& custom = std::get<ChildConfig>(NodeAt(analysis, "d").config);
    EXPECT_EQ(custom.workflow.constant, json::Value("review-board"));
    EXPECT_EQ(custom.version, 7);
    EXPECT_EQ(custom.input.keys, (std::vector<std::string>{"text"}));
  }
  std::string wrong = body;
  wrong.replace(wrong.find("text:"), 5, "txet:");
  EXPECT_NE(Show(AnalyzeBody(wrong, types)).find("UNKNOWN_FIELD"), std::string::npos);
}

TEST(Waits, Keys) {
  Analysis analysis = AnalyzeBody(R"(
inputs: {type: object, required: [who], properties: {who: {type: string}}}
concurrency: {key: inputs.who, limit: 2, whenBusy: cancelNew}
nodes:
  c:
    type: flow.critical@1
    with: {key: ='account ' + inputs.who, limit: 3, output: =nodes.t.output}
    nodes: {t: {type: data.transform@1, with: {value: 1}}}
    edges: [start -> t]
edges: [start -> c]
)");
  Analysis reads = AnalyzeBody(R"(
concurrency: {key: string(nodes.t.output)}
nodes: {t: {type: data.transform@1, with: {value: 1}}}
edges: [start -> t]
)");
  EXPECT_NE(Show(reads).find("VARIABLE_NOT_HERE /concurrency/key"), std::string::npos)
      << Show(reads);
  ASSERT_NE(analysis.plan, nullptr) << Show(analysis);
  EXPECT_EQ(analysis.plan->concurrency.limit, 2u);
  EXPECT_EQ(analysis.plan->concurrency.when_busy, WhenBusy::kCancelNew);
  EXPECT_EQ(std::get<CriticalConfig>(NodeAt(analysis, "c").config).limit, 3u);
}

TEST(CustomPatterns, AreNamedByWorkflowAndVersion) {
  auto pattern = CustomPatternOf("custom.review_board@12");
  ASSERT_TRUE(pattern);
  EXPECT_EQ(pattern->workflow, "review-board");
  EXPECT_EQ(pattern->version, 12);
  for (const char* bad : {"custom.x", "flow.if@1", "custom.x@", "custom.x@0", "custom.x@1a",
                          "custom.a.b@1", "custom.@1", "custom.x@99999999999"}) {
    EXPECT_FALSE(CustomPatternOf(bad)) << bad;
  }
  EXPECT_EQ(NodeTypes::Builtin().Find("custom.x@1"), nullptr);
  EXPECT_NE(NodeTypes::Published().Find("custom.x@1"), nullptr);
}

}  // namespace
}  // namespace agentflow::workflow
