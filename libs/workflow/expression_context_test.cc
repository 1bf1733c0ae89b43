#include "libs/workflow/expression_context.h"

#include <gtest/gtest.h>

#include "libs/base/status.h"
#include "libs/workflow/analyze.h"

namespace agentflow::workflow {
namespace {

using Rigor = ExpressionContext::Rigor;

constexpr char kDocument[] = R"(
apiVersion: agentflow/v1
kind: Workflow
metadata: {name: refunds}
inputs:
  type: object
  required: [amount, items]
  properties:
    amount: {type: number, description: What the customer wants back}
    note: {type: string}
    items: {type: array, items: {type: object, required: [price],
                                  properties: {price: {type: number}}}}
connections: {crm: {kind: http}}
nodes:
  total: {type: data.transform@1, with: {value: {sum: =inputs.amount * 2.0, text: =inputs.note}}}
  large: {type: flow.if@1, with: {when: nodes.total.output.sum > 10.0}}
  review: {type: ai.agent@1, with: {agent: critic, input: =nodes.total.output}}
  sorry: {type: data.transform@1, with: {value: =nodes.review.error.reason}}
  each:
    type: flow.map@1
    with: {items: =inputs.items, output: =nodes.price.output}
    nodes:
      price: {type: data.transform@1, with: {value: =item.price * 1.2}}
    edges: [start -> price]
  repeat:
    type: flow.loop@1
    with: {until: iteration > 3, output: =nodes.again.output}
    nodes:
      again: {type: data.transform@1, with: {value: =iteration}}
    edges: [start -> again]
  last: {type: data.transform@1, join: any, with: {value: 1}}
edges:
  - start -> total
  - total -> large
  - large.true -> review
  - review.error -> sorry
  - review -> each
  - each -> repeat
  - repeat -> last
  - large.false -> last
outputs: {total: =nodes.total.output.sum}
)";

std::shared_ptr<const ExpressionContext> ContextOf(std::string_view yaml) {
  auto text = ParseText(yaml);
  EXPECT_TRUE(text.ok()) << text.status();
  auto context = ExpressionContext::Of(text->value, nullptr);
  EXPECT_TRUE(context.ok()) << context.status();
  return *context;
}

class ExpressionContextTest : public ::testing::Test {
 protected:
  CheckedExpression Check(std::string_view text, std::string_view field,
                          Rigor rigor = Rigor::kDocument) {
    auto place = context_->FindPlace(field);
    EXPECT_TRUE(place.ok()) << place.status();
    return context_->Check(text, *place, rigor);
  }
  // "label detail" of each completion at the `|`.
  std::vector<std::string> Complete(std::string text, std::string_view field,
                                    Rigor rigor = Rigor::kDocument) {
    size_t cursor = text.find('|');
    text.erase(cursor, 1);
    auto place = context_->FindPlace(field);
    EXPECT_TRUE(place.ok()) << place.status();
    std::vector<std::string> items;
    for (const cel::Completion& item :
         context_->Complete(text, static_cast<uint32_t>(cursor), *place, rigor).items) {
      items.push_back(item.label + " " + item.detail);
    }
    return items;
  }
  std::vector<std::string> Names(std::string_view field, Rigor rigor = Rigor::kDocument) {
    std::vector<std::string> names;
    for (const SeenVariable& variable : context_->Variables(*context_->FindPlace(field), rigor)) {
      names.push_back(variable.name + (variable.may_be_missing ? "?" : ""));
    }
    return names;
  }
  static bool Has(const std::vector<std::string>& list, const std::string& item) {
    return std::find(list.begin(), list.end(), item) != list.end();
  }

  std::shared_ptr<const ExpressionContext> context_ = ContextOf(kDocument);
};

TEST_F(ExpressionContextTest, APlaceIsAPointerOrTheSameWithDots) {
  for (const char* field :
       {"/nodes/total/with/value", "nodes.total.with.value",
        "/nodes/each/nodes/price/with/value/deep", "nodes.each.nodes.price", "outputs.total", "",
        "nodes.large.with.when", "nodes.review.policy.idempotencyKey",
        "nodes.review.policy.approval.by"}) {
    EXPECT_TRUE(context_->FindPlace(field).ok()) << field;
  }
  struct Case {
    const char *field, *reason, *part;
  };
  for (const Case& bad : {Case{"nodes.totl.with.value", "PLACE_UNKNOWN", "did you mean `total`"},
                          Case{"nodes.total.nodes.x", "PLACE_INVALID", "nodes.total.nodes.x"},
                          Case{"nodes.total.type", "PLACE_INVALID", "never an expression"},
                          Case{"nodes.total.with", "PLACE_INVALID", "never an expression"},
                          Case{"nodes.review.policy.timeout", "PLACE_INVALID", "never"},
                          Case{"/edges/0", "PLACE_INVALID", "never"},
                          Case{"nodes", "PLACE_INVALID", ""}, Case{"/~", "PLACE_INVALID", ""}}) {
    absl::Status status = context_->FindPlace(bad.field).status();
    EXPECT_EQ(ReasonOf(status), bad.reason) << bad.field << " " << status;
    EXPECT_NE(MessageOf(status).find(bad.part), std::string::npos) << status;
  }
  EXPECT_EQ(context_->PlaceOfNode("each.price")->site.node, "each.price");
}

TEST_F(ExpressionContextTest, TheTypeIsDeduced) {
  EXPECT_EQ(Check("inputs.amount + 1.0", "nodes.total.with.value").type.ToString(), "double");
  EXPECT_EQ(Check("nodes.total.output.sum", "nodes.large").type.ToString(), "double");
  EXPECT_EQ(Check("inputs.items.map(i, i.price)", "outputs").type.ToString(), "list(double)");
  CheckedExpression checked = Check("nodes.total.output.sum > inputs.amount", "nodes.large");
  ASSERT_NE(checked.program, nullptr);
  ASSERT_EQ(checked.references.size(), 2u);
  EXPECT_EQ(context_->PathOf(checked.references[0].node), "total");
}

// Every issue with the part of the text that it is about.
TEST_F(ExpressionContextTest, IssuesHaveTheirPlaceInTheExpression) {
  struct Case {
    const char *text, *field, *reason, *part, *suggestion;
  };
  for (const Case& bad :
       {Case{"imputs.amount > 1.0", "nodes.large", "VARIABLE_UNKNOWN", "imputs", "inputs"},
        Case{"1.0 < nodes.totl.output.sum", "nodes.large", "REFERENCE_UNKNOWN", "totl", "total"},
        Case{"nodes[string(inputs.amount)]", "nodes.large", "REFERENCE_NOT_STATIC", "nodes", ""},
        Case{"'ä' + nodes.review.output.text", "nodes.last", "REFERENCE_MAY_BE_MISSING",
             "nodes.review.output", ""},
        Case{"item.price", "nodes.large", "VARIABLE_NOT_HERE", "item", ""},
        Case{"inputs.amount + 'x'", "nodes.large", "EXPRESSION_INVALID", "inputs.amount + 'x'", ""},
        Case{"inputs.amuont", "nodes.large", "EXPRESSION_INVALID", "amuont", "amount"},
        Case{"inputs.amount", "nodes.large.with.when", "EXPRESSION_INVALID", "inputs.amount", ""},
        Case{"1 +", "nodes.large", "EXPRESSION_INVALID", "", ""},
        Case{"= 1", "nodes.large", "EXPRESSION_INVALID", "=", ""},
        Case{"  ", "nodes.large", "EXPRESSION_INVALID", "  ", ""},
        Case{"inputs.note", "nodes.large", "EXPRESSION_DOUBTFUL", "inputs", ""}}) {
    CheckedExpression checked = Check(bad.text, bad.field);
    ASSERT_EQ(checked.issues.size(), 1u) << bad.text;
    const ExpressionIssue& issue = checked.issues[0];
    EXPECT_EQ(issue.reason, bad.reason) << bad.text << ": " << issue.message;
    EXPECT_EQ(issue.suggestion, bad.suggestion) << bad.text << ": " << issue.message;
    std::string text = bad.text;
    EXPECT_EQ(text.substr(issue.begin.offset, issue.end.offset - issue.begin.offset), bad.part)
        << bad.text << ": " << issue.message;
    EXPECT_EQ(checked.program == nullptr, issue.severity == Severity::kError);
  }
}

TEST_F(ExpressionContextTest, IssuesComeInTheOrderOfTheTextAndAllAtOnce) {
  CheckedExpression checked = Check("nodes.review.output == imputs.a && item == 1", "nodes.large");
  std::vector<std::string> reasons;
  for (const ExpressionIssue& issue : checked.issues) reasons.push_back(issue.reason);
  EXPECT_EQ(reasons, (std::vector<std::string>{"REFERENCE_MAY_BE_MISSING", "VARIABLE_UNKNOWN",
                                               "VARIABLE_NOT_HERE"}));
}

TEST_F(ExpressionContextTest, WhatIsSeenDependsOnThePlace) {
  auto at_large = Names("nodes.large");
  EXPECT_TRUE(Has(at_large, "inputs"));
  EXPECT_TRUE(Has(at_large, "execution.startTime"));
  EXPECT_TRUE(Has(at_large, "connections.crm"));
  EXPECT_TRUE(Has(at_large, "nodes.total.output"));
  EXPECT_FALSE(Has(at_large, "nodes.total.error")) << "nothing handles a failure of total";
  EXPECT_FALSE(Has(at_large, "nodes.large.output")) << "a node does not read itself";
  EXPECT_FALSE(Has(at_large, "nodes.last.output?")) << "nor what comes after it";
  EXPECT_FALSE(Has(at_large, "item"));

  auto at_last = Names("nodes.last");
  EXPECT_TRUE(Has(at_last, "nodes.total.output"));
  EXPECT_TRUE(Has(at_last, "nodes.review.output?")) << "large.false leads here as well";
  auto at_sorry = Names("nodes.sorry");
  EXPECT_TRUE(Has(at_sorry, "nodes.review.error"));
  EXPECT_TRUE(Has(at_sorry, "nodes.review.output?"));

  auto in_map = Names("nodes.each.nodes.price.with.value");
  EXPECT_TRUE(Has(in_map, "item"));
  EXPECT_TRUE(Has(in_map, "index"));
  EXPECT_FALSE(Has(in_map, "iteration"));
  EXPECT_FALSE(Has(in_map, "nodes.price.output"));
  EXPECT_TRUE(Has(in_map, "nodes.review.output"));
  EXPECT_FALSE(Has(Names("nodes.each.with.items"), "item"));
  auto map_output = Names("nodes.each.with.output");
  EXPECT_TRUE(Has(map_output, "item"));
  EXPECT_TRUE(Has(map_output, "nodes.price.output")) << "evaluated inside the body";
  auto loop_until = Names("nodes.repeat.with.until");
  EXPECT_TRUE(Has(loop_until, "iteration"));
  EXPECT_TRUE(Has(loop_until, "previous"));
  EXPECT_TRUE(Has(loop_until, "nodes.again.output"));
  EXPECT_TRUE(Has(Names("nodes.review.policy.retry.exceptWhen"), "error"));
  EXPECT_FALSE(Has(at_large, "error"));

  auto of_execution = Names("", Rigor::kExecution);
  EXPECT_TRUE(Has(of_execution, "nodes.review.output"));
  EXPECT_TRUE(Has(of_execution, "nodes.total.error"));
}

TEST_F(ExpressionContextTest, CompletesVariablesFieldsAndFunctions) {
  EXPECT_TRUE(Has(Complete("in|", "nodes.large"),
                  "inputs object {amount: number, items: array of "
                  "object {price: number}, note?: string}"));
  EXPECT_EQ(Complete("inputs.am|", "nodes.large"), (std::vector<std::string>{"amount number"}));
  auto nodes = Complete("nodes.|", "nodes.large");
  ASSERT_GT(nodes.size(), 1u);
  EXPECT_EQ(nodes[0], "total object {output: object {sum: number, text: string}}");
  EXPECT_TRUE(nodes[1].starts_with("size ")) << "the only node before it";
  EXPECT_TRUE(Has(Complete("1.0 + nodes.total.output.|", "nodes.large"), "sum number"));
  EXPECT_TRUE(Has(Complete("nodes.|", "nodes.last"),
                  "review object {error?: object {message: string, reason: string}, output?: any}, "
                  "optional"));
  EXPECT_TRUE(Has(Complete("inputs.note.st|", "nodes.large"),
                  "startsWith string.startsWith(string) -> bool"));
  EXPECT_TRUE(Has(Complete("inputs.items.filter(i, i.pr|", "nodes.large"), "price number"));
  EXPECT_TRUE(Has(Complete("it|", "nodes.each.nodes.price"), "item dyn"));
  EXPECT_TRUE(Complete("nodes.nothing.|", "nodes.large").empty());
}

// A finished execution is read as it is: whatever there is, also by a computed name.
TEST_F(ExpressionContextTest, AnExecutionMayReadEveryNode) {
  EXPECT_TRUE(Check("nodes.review.output", "", Rigor::kExecution).issues.empty());
  CheckedExpression checked =
      Check("nodes.filter(id, has(nodes[id].error))", "", Rigor::kExecution);
  ASSERT_NE(checked.program, nullptr);
  EXPECT_EQ(checked.type.ToString(), "list(string)");
  std::vector<json::Value> values;
  json::Value error = json::Object{{"reason", "BROKEN"}};
  std::vector<const json::Value*> slots;
  for (const Reference& reference : checked.references) {
    bool failed =
        reference.variable == Variable::kNodeError && context_->PathOf(reference.node) == "review";
    slots.push_back(failed ? &error : nullptr);
  }
  auto activation = checked.program->Bind(slots);
  cel::Evaluation evaluation = checked.program->program().Run(*activation);
  ASSERT_TRUE(evaluation.status().ok()) << evaluation.status();
  EXPECT_EQ(json::Dump(*cel::ToJson(evaluation.value())), R"(["review"])");
}

TEST_F(ExpressionContextTest, ADocumentFullOfProblemsAnswersAllTheSame) {
  auto context = ContextOf(R"(
inputs: {type: nonsense}
nodes:
  a: {type: no.such@1, with: {x: =1 +}}
  b: {type: data.transform@1, with: {value: =nodes.a.output}}
  c: {type: flow.map@1}
  d: 17
edges: [a -> b, b -> a, nowhere -> c, 3]
)");
  for (const char* field :
       {"nodes.a.with.x", "nodes.b.with.value", "nodes.c.with.output", "nodes.d", "outputs.y"}) {
    auto place = context->FindPlace(field);
    ASSERT_TRUE(place.ok()) << place.status();
    EXPECT_FALSE(context->Check("inputs.x + ", *place, Rigor::kDocument).issues.empty());
    EXPECT_FALSE(context->Complete("nod", 3, *place, Rigor::kDocument).items.empty()) << field;
    EXPECT_FALSE(context->Variables(*place, Rigor::kDocument).empty());
  }
  EXPECT_EQ(ReasonOf(ExpressionContext::Of(json::Value("text"), nullptr).status()),
            "DOCUMENT_KIND_UNKNOWN");
}

TEST(ExpressionContext, VariablesAreFoundByTheirNames) {
  for (Variable variable : {Variable::kInputs, Variable::kNodeError, Variable::kStepInput}) {
    EXPECT_EQ(VariableNamed(NameOf(variable)), variable);
  }
  EXPECT_EQ(VariableNamed("of a later build"), std::nullopt);
  EXPECT_EQ(VariableNamed(""), std::nullopt);
}

TEST(ExpressionContext, TooManyNodesAreRefused) {
  json::Object nodes;
  for (size_t i = 0; i <= kMaxNodes; ++i) nodes.Set("n" + std::to_string(i), json::Object{});
  absl::Status status =
      ExpressionContext::Of(json::Object{{"nodes", std::move(nodes)}}, nullptr).status();
  EXPECT_EQ(ReasonOf(status), "NODE_LIMIT");
  EXPECT_EQ(MetadataOf(status)[kErrorField], "document");
}

}  // namespace
}  // namespace agentflow::workflow
