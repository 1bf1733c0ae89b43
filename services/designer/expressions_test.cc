#include "libs/rpc/proto_json.h"
#include "libs/tz/time_zones.h"
#include "services/designer/designer_fixture.h"
#include "services/designer/rpc/expression_rpc.h"

namespace agentflow::designer {
namespace {

constexpr char kDocument[] = R"(
apiVersion: agentflow/v1
kind: Workflow
metadata: {name: refunds}
inputs:
  type: object
  required: [amount]
  properties: {amount: {type: number}, note: {type: string}}
nodes:
  total: {type: data.transform@1, with: {value: {sum: =inputs.amount * 2.0}}}
  large: {type: flow.if@1, with: {when: nodes.total.output.sum > 10.0}}
  each:
    type: flow.map@1
    with: {items: "=[1, 2]", output: =item}
    nodes: {one: {type: data.transform@1, with: {value: =item}}}
    edges: [start -> one]
edges: [start -> total, total -> large, large.true -> each]
)";

// An executor with one execution of one tenant.
class FakeExecutions final : public Executions {
 public:
  absl::StatusOr<ExecutionData> Read(const rpc::Call& call,
                                     const ExecutionQuestion& question) override {
    questions.push_back(question);
    if (call.tenant() != "acme" || question.execution != "executions/1") {
      return NotFound("EXECUTION_NOT_FOUND", "There is no such execution.");
    }
    AF_RETURN_IF_ERROR(auth::RequirePermission(call.principal(), "executions.get"));
    ExecutionData data{.content_hash = content_hash, .values = {}};
    for (const VariableName& variable : question.variables) {
      std::string key = variable.variable + " " + variable.node;
      auto found = values.find(key);
      data.values.push_back(found == values.end() ? std::nullopt : std::optional(found->second));
    }
    return data;
  }
  std::string content_hash;
  std::map<std::string, json::Value> values;
  std::vector<ExecutionQuestion> questions;
};

class ExpressionsTest : public DesignerTest {
 protected:
  ExpressionsTest() {
    auto created = Create(acme_, kDocument);
    EXPECT_TRUE(created.ok()) << created.status();
    auto version = Publish(acme_, "workflows/refunds");
    EXPECT_TRUE(version.ok()) << version.status();
    executions_.content_hash = version->content_hash();
    executions_.values = {{"inputs ", json::Object{{"amount", 30.0}}},
                          {"node.output total", json::Object{{"sum", 60.0}}},
                          {"node.output large", "true"},
                          {"item each", 7},
                          {"execution.startTime ", "2024-05-01T10:00:00Z"}};
  }

  // Requests are written as JSON, as they come in.
  template <typename Message>
  static Message From(const std::string& text) {
    Message message;
    absl::Status status = rpc::JsonTextToMessage(text, &message);
    EXPECT_TRUE(status.ok()) << status << text;
    return message;
  }
  absl::StatusOr<api::CheckExpressionResponse> Check(const rpc::Call& call,
                                                     const std::string& text) {
    return expressions_.Check(call, From<api::CheckExpressionRequest>(text));
  }
  absl::StatusOr<api::EvaluateExpressionResponse> Evaluate(const rpc::Call& call,
                                                           const std::string& text) {
    return expressions_.Evaluate(call, From<api::EvaluateExpressionRequest>(text));
  }
  // "value type", or "reason offset+length message".
  std::string Evaluated(const std::string& text) {
    auto response = Evaluate(acme_, text);
    if (!response.ok()) return ReasonOf(response.status());
    for (const api::ExpressionProblem& problem : response->problems()) {
      if (problem.severity() != api::Problem::ERROR) continue;
      EXPECT_FALSE(response->has_value());
      return problem.reason() + " " + std::to_string(problem.offset()) + "+" +
             std::to_string(problem.length()) + " " + problem.message();
    }
    EXPECT_TRUE(response->has_value());
    return rpc::MessageToJsonText(response->value()).value_or("?") + " " + response->type();
  }
  static bool HasVariable(const api::CheckExpressionResponse& response, const std::string& name) {
    return std::any_of(response.variables().begin(), response.variables().end(),
                       [&](const auto& variable) { return variable.name() == name; });
  }

  FakeExecutions executions_;
  tz::SystemTimeZones time_zones_;
  ExpressionLimits limits_{.bytes = 2000, .cost = 10'000, .result_bytes = 1000, .items = 40};
  ContextCache contexts_{1 << 20, &time_zones_};
  ExpressionRpc expressions_{{.pool = *pool_,
                              .executions = executions_,
                              .contexts = contexts_,
                              .time_zones = time_zones_,
                              .limits = limits_}};
};

TEST_F(ExpressionsTest, ChecksInADraftAVersionAndADocumentOfTheRequest) {
  const std::string place = R"("place": "nodes.large.with.when", )";
  for (const std::string& where :
       {std::string(R"("workflow": "workflows/refunds")"),
        std::string(R"("workflow": "workflows/refunds", "version": 1)"),
        R"("source": )" + json::Dump(json::Value(kDocument)),
        std::string(R"("document": {"inputs": {"properties": {"amount": {"type": "number"}}},
          "nodes": {"total": {"type": "data.transform@1", "with": {"value": {"sum": 1.5}}},
                    "large": {"type": "flow.if@1"}},
          "edges": ["start -> total", "total -> large"]})")}) {
    auto good = Check(acme_, R"({"expression": "inputs.amount > 1.5", )" + place + where + "}");
    ASSERT_TRUE(good.ok()) << good.status();
    EXPECT_TRUE(good->valid()) << good->DebugString();
    EXPECT_EQ(good->type(), "bool");
    EXPECT_EQ(good->schema().fields().at("type").string_value(), "boolean");
    EXPECT_TRUE(HasVariable(*good, "inputs"));
    EXPECT_TRUE(HasVariable(*good, "nodes.total.output"));
    EXPECT_FALSE(good->has_completions());
    auto bad = Check(acme_, R"({"expression": "nodes.total.output.sum", )" + place + where + "}");
    ASSERT_TRUE(bad.ok()) << bad.status();
    EXPECT_FALSE(bad->valid());
    EXPECT_EQ(bad->type(), "");
    EXPECT_EQ(bad->problems(0).message(), "expected bool, this is double.");
  }
}

TEST_F(ExpressionsTest, ProblemsStandWhereTheCallerCounts) {
  // "😀" is four bytes, two units, one code point.
  for (auto [unit, offset] :
       {std::pair{"UTF8_BYTES", 9}, std::pair{"UTF16_UNITS", 7}, std::pair{"CODE_POINTS", 6}}) {
    auto response = Check(acme_, R"({"expression": "'😀' + imputs.note", "schemas": {"inputs": {}},
                                     "offsetUnit": ")" +
                                     std::string(unit) + "\"}");
    ASSERT_TRUE(response.ok()) << response.status();
    ASSERT_EQ(response->problems_size(), 1);
    const api::ExpressionProblem& problem = response->problems(0);
    EXPECT_EQ(problem.offset(), offset) << unit;
    EXPECT_EQ(problem.length(), 6);
    EXPECT_EQ(problem.line(), 1);
    EXPECT_EQ(problem.column(), offset + 1);
    EXPECT_EQ(problem.suggestion(), "inputs");
    EXPECT_EQ(problem.severity(), api::Problem::ERROR);
    EXPECT_EQ(problem.message(), "undeclared name 'imputs'; did you mean `inputs`?");
  }
}

TEST_F(ExpressionsTest, CompletesAtTheCursor) {
  auto response = Check(acme_, R"({"expression": "'😀' + inputs.no", "cursor": 16,
    "offsetUnit": "UTF16_UNITS", "workflow": "workflows/refunds", "place": "nodes.large"})");
  ASSERT_TRUE(response.ok()) << response.status();
  ASSERT_EQ(response->completions().items_size(), 1);
  const api::ExpressionCompletion& item = response->completions().items(0);
  EXPECT_EQ(item.kind(), api::ExpressionCompletion::FIELD);
  EXPECT_EQ(item.label(), "note");
  EXPECT_EQ(item.insert(), "note");
  EXPECT_EQ(item.detail(), "string, optional");
  EXPECT_EQ(response->completions().offset(), 14);
  EXPECT_EQ(response->completions().length(), 2);

  response = Check(acme_, R"({"expression": "", "cursor": 0, "workflow": "workflows/refunds",
                              "place": "/nodes/each/nodes/one/with/value"})");
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->completions().items_size(), limits_.items);
  EXPECT_TRUE(response->truncated());
  EXPECT_FALSE(response->valid()) << "an empty expression is none";
  EXPECT_TRUE(HasVariable(*response, "item"));
}

TEST_F(ExpressionsTest, SchemasAreVariablesOfNoDocument) {
  auto response = Check(acme_, R"({"expression": "order.total > 2.0 && user != ''", "cursor": 6,
    "schemas": {"order": {"type": "object", "properties": {"total": {"type": "number"}}},
                "user": {"type": "string", "description": "Who asks"}}})");
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_TRUE(response->valid());
  EXPECT_EQ(response->type(), "bool");
  ASSERT_EQ(response->variables_size(), 2);
  EXPECT_EQ(response->variables(1).description(), "Who asks");
  ASSERT_GE(response->completions().items_size(), 1);
  EXPECT_EQ(response->completions().items(0).label(), "total");
}

TEST_F(ExpressionsTest, WrongRequestsAreNamed) {
  struct Case {
    const char *request, *reason, *field;
  };
  for (const Case& bad :
       {Case{R"({"expression": "1", "workflow": "workflows/nothing"})", "WORKFLOW_NOT_FOUND", ""},
        Case{R"({"expression": "1", "workflow": "refunds"})", "NAME_INVALID", "workflow"},
        Case{R"({"expression": "1", "workflow": "workflows/refunds", "version": 7})",
             "VERSION_NOT_FOUND", ""},
        Case{R"({"expression": "1", "workflow": "workflows/refunds", "version": -1})",
             "VERSION_INVALID", "version"},
        Case{R"({"expression": "1", "workflow": "workflows/refunds", "place": "nodes.ttal"})",
             "PLACE_UNKNOWN", "place"},
        Case{R"({"expression": "1", "workflow": "workflows/refunds", "place": "edges.0"})",
             "PLACE_INVALID", "place"},
        Case{R"({"expression": "1", "place": "nodes.a"})", "PLACE_INVALID", "place"},
        Case{R"({"expression": "1", "step": "a"})", "STEP_INVALID", "step"},
        Case{R"({"expression": "1", "version": 2})", "VERSION_INVALID", "version"},
        Case{R"({"expression": "1", "source": "a: [", "place": "nodes.a"})", "YAML_MALFORMED", ""},
        Case{R"({"expression": "1", "source": "a: 1", "document": {}})", "EXPRESSION_PLACE_TWICE",
             "document"},
        Case{R"({"expression": "1", "schemas": {"a": {"type": 3}}})", "SCHEMA_INVALID",
             "schemas.a"},
        Case{R"({"expression": "1", "schemas": {"a b": {}}})", "VARIABLE_NAME_INVALID", "schemas"},
        Case{R"({"expression": "1", "cursor": 2})", "CURSOR_INVALID", "cursor"},
        Case{R"({"expression": "1", "execution": "executions/2"})", "EXECUTION_NOT_FOUND", ""}}) {
    absl::Status status = Check(acme_, bad.request).status();
    EXPECT_EQ(ReasonOf(status), bad.reason) << bad.request << status;
    EXPECT_EQ(MetadataOf(status)[kErrorField], bad.field) << bad.request << status;
    EXPECT_NE(status.code(), absl::StatusCode::kInternal);
  }
  api::CheckExpressionRequest unknown_unit;
  unknown_unit.set_offset_unit(static_cast<api::OffsetUnit>(17));
  EXPECT_EQ(ReasonOf(expressions_.Check(acme_, unknown_unit).status()), "FIELD_INVALID");
  std::string huge = R"({"expression": ")" + std::string(2001, '1') + "\"}";
  EXPECT_EQ(ReasonOf(Check(acme_, huge).status()), "EXPRESSION_TOO_LARGE");
  EXPECT_EQ(ReasonOf(Evaluate(acme_, huge).status()), "EXPRESSION_TOO_LARGE");
}

TEST_F(ExpressionsTest, EvaluatesSampleDataByTheNumberRule) {
  EXPECT_EQ(Evaluated(R"({"expression": "a + 1", "variables": {"a": 2}})"), "3 int");
  EXPECT_EQ(Evaluated(R"({"expression": "a * 0.5", "variables": {"a": 2},
                          "schemas": {"a": {"type": "number"}}})"),
            "1 double");
  EXPECT_EQ(Evaluated(R"({"expression": "a.b[0]", "variables": {"a": {"b": [null]}}})"),
            "null null_type");
  EXPECT_EQ(Evaluated(R"j({"expression": "timestamp(t).getHours('Europe/Berlin')",
                           "variables": {"t": "2024-05-01T10:00:00Z"}})j"),
            "12 int");
  EXPECT_EQ(Evaluated(R"({"expression": "1 + 1"})"), "2 int");
  EXPECT_EQ(Evaluated(R"({"expression": "a", "variables": {"a": "x"},
                          "schemas": {"a": {"type": "number"}}})"),
            "SCHEMA_VIOLATION");
  EXPECT_EQ(Evaluated(R"({"expression": "a", "variables": {"a-b": 1}})"), "VARIABLE_NAME_INVALID");
  EXPECT_EQ(Evaluated(R"({"expression": "a", "variables": {}, "execution": "executions/1"})"),
            "EXPRESSION_PLACE_TWICE");
}

TEST_F(ExpressionsTest, WhatGoesWrongInAnEvaluationIsAnAnswerWithItsPlace) {
  EXPECT_EQ(Evaluated(R"({"expression": "b + 1", "variables": {"a": 2}})"),
            "EXPRESSION_INVALID 0+1 undeclared name 'b'.");
  EXPECT_EQ(Evaluated(R"({"expression": "a.missing", "variables": {"a": {}}})"),
            "EXPRESSION_FAILED 2+7 no such key: 'missing'");
  EXPECT_EQ(Evaluated("{\"expression\": \"[1,\\n '😀', 1 / a]\", \"variables\": {\"a\": 0}, "
                      "\"offsetUnit\": \"UTF16_UNITS\"}"),
            "EXPRESSION_FAILED 13+1 division by zero");
  std::string limit = Evaluated(R"j({"expression": "l.all(x, l.all(y, l.all(z, x + y + z > 0)))",
    "variables": {"l": [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]}})j");
  EXPECT_TRUE(limit.starts_with("EXPRESSION_LIMIT 0+0 ")) << limit;
  std::string large = Evaluated(R"({"expression": "[l, l]", "variables": {"l": ")" +
                                std::string(600, 'x') + "\"}}");
  EXPECT_TRUE(large.starts_with("EXPRESSION_LIMIT 0+0 The result has 120")) << large;
}

TEST_F(ExpressionsTest, EvaluatesAnExecutionWithTheTypesThatItHad) {
  const std::string where = R"(", "execution": "executions/1"})";
  // 30 was stored as the double that the inputs declare.
  EXPECT_EQ(Evaluated(R"({"expression": "inputs.amount * 1.5)" + where), "45 double");
  EXPECT_EQ(Evaluated(R"({"expression": "nodes.total.output.sum > 50.0)" + where), "true bool");
  EXPECT_EQ(Evaluated(R"({"expression": "nodes.?each.output.orValue([]))" + where),
            "[] list");
  EXPECT_EQ(Evaluated(R"({"expression": "nodes.map(id, id))" + where),
            "[\"large\",\"total\"] list");
  EXPECT_EQ(Evaluated(R"({"expression": "execution.startTime.getHours())" + where), "10 int");
  EXPECT_EQ(Evaluated(R"({"expression": "nodes.each.output)" + where),
            "EXPRESSION_FAILED 6+4 no such key: 'each'");
  EXPECT_EQ(Evaluated(R"({"expression": "item)" + where),
            "VARIABLE_NOT_HERE 0+4 `item` exists only in inside flow.map.");
  EXPECT_EQ(Evaluated(R"({"expression": "item + 1", "execution": "executions/1",
                          "step": "each.one#0"})"),
            "8 int");
  EXPECT_EQ(executions_.questions.back().step, "each.one#0");
  EXPECT_EQ(executions_.questions.back().content_hash, executions_.content_hash);
}

TEST_F(ExpressionsTest, AnExecutionOutlivesItsWorkflow) {
  ASSERT_TRUE(Delete(acme_, "workflows/refunds").ok());
  EXPECT_EQ(Evaluated(R"({"expression": "inputs.amount", "execution": "executions/1"})"),
            "30 double");
  executions_.content_hash = "sha256:unknown";
  EXPECT_EQ(Evaluated(R"({"expression": "inputs.amount", "execution": "executions/1"})"),
            "DOCUMENT_NOT_FOUND");
}

TEST_F(ExpressionsTest, ChecksWhatMayBeReadInAnExecution) {
  auto response = Check(acme_, R"({"expression": "nodes.t", "cursor": 7,
                                   "execution": "executions/1", "step": "each.one#0"})");
  ASSERT_TRUE(response.ok()) << response.status();
  ASSERT_GE(response->completions().items_size(), 1);
  EXPECT_EQ(response->completions().items(0).label(), "total");
  EXPECT_TRUE(HasVariable(*response, "item"));
}

TEST_F(ExpressionsTest, AnotherTenantAndAUserWithoutRightsLearnNothing) {
  for (const char* where :
       {R"("workflow": "workflows/refunds")", R"("execution": "executions/1")"}) {
    // The same as for what does not exist, also while the document is kept for its own tenant.
    const std::string request = R"({"expression": "inputs.amount", )" + std::string(where) + "}";
    ASSERT_TRUE(Check(acme_, request).ok());
    absl::Status foreign = Check(bolt_, request).status();
    EXPECT_EQ(foreign.code(), absl::StatusCode::kNotFound) << foreign;
    rpc::Call weak;
    auth::Principal principal{.tenant = "acme",
                              .name = "users/3",
                              .permissions = {"expressions.check", "expressions.evaluate"}};
    weak.identity = std::make_shared<auth::Principal>(principal);
    EXPECT_EQ(ReasonOf(Check(weak, request).status()), "PERMISSION_MISSING");
  }
  EXPECT_EQ(Evaluate(bolt_, R"({"expression": "1", "execution": "executions/1"})").status().code(),
            absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace agentflow::designer
