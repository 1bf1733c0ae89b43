#include "agentflow/internal/executor/v1/variables.pb.h"
#include "libs/engine/codec.h"
#include "services/executor/service_for_test.h"

namespace agentflow::executor {
namespace {

constexpr char kFork[] = R"(
apiVersion: agentflow/v1
kind: Workflow
metadata: {name: fork}
inputs: {type: object, required: [amount], properties: {amount: {type: number}}}
nodes:
  first: {type: data.transform@1, with: {value: =inputs.amount * 2.0}}
  pick: {type: flow.if@1, with: {when: nodes.first.output > 1000.0}}
  never: {type: data.transform@1, with: {value: 1}}
  each:
    type: flow.map@1
    with: {items: "=['a', 'b']", output: =nodes.one.output}
    nodes: {one: {type: data.transform@1, with: {value: =item + string(index)}}}
    edges: [start -> one]
  task: {type: ai.agent@1, with: {agent: writer}}
edges: [start -> first, first -> pick, pick.true -> never, pick.false -> each, each -> task]
)";

class VariablesTest : public ExecutorServiceTest {
 protected:
  VariablesTest() {
    designer_.Publish("fork", kFork);
    auto started = Start("fork", R"({"amount": 3})");
    EXPECT_TRUE(started.ok()) << started.status();
    execution_ = started->name();
    designer_channel_ = network_.Connect("designer", "executor", running_->port());
  }

  internal::ReadVariablesRequest Request(
      const std::string& step, const std::vector<std::pair<std::string, std::string>>& variables) {
    internal::ReadVariablesRequest request;
    request.set_execution(execution_);
    request.set_step(step);
    request.set_max_bytes(1 << 20);
    for (const auto& [variable, node] : variables) {
      internal::VariableReference* reference = request.add_references();
      reference->set_variable(variable);
      reference->set_node(node);
    }
    return request;
  }
  absl::StatusOr<internal::ReadVariablesResponse> Send(
      const internal::ReadVariablesRequest& request, const rpc::CallOptions& options) {
    return designer_channel_
        ->Unary<internal::ReadVariablesRequest, internal::ReadVariablesResponse>(
            "agentflow.internal.executor.v1.VariableService/ReadVariables", request, options);
  }
  // The values as JSON, "-" for what is not there.
  std::vector<std::string> Read(const std::string& step,
                                const std::vector<std::pair<std::string, std::string>>& variables) {
    auto response = Send(Request(step, variables), network_.As("acme", {"executions.get"}));
    EXPECT_TRUE(response.ok()) << response.status();
    std::vector<std::string> texts;
    if (!response.ok()) return texts;
    for (const internal::VariableValue& value : response->values()) {
      texts.push_back(value.present() ? json::Dump(*engine::DecodeValue(value.value())) : "-");
    }
    return texts;
  }
  std::string ReasonFor(const internal::ReadVariablesRequest& request,
                        const std::string& tenant = "acme") {
    return ReasonOf(Send(request, network_.As(tenant, {"executions.get"})).status());
  }

  std::string execution_;
  rpc::ChannelPtr designer_channel_;
};

TEST_F(VariablesTest, AreThoseOfTheExecutionAsItIsNow) {
  EXPECT_EQ(
      Read("", {{"inputs", ""},
                {"node.output", "first"},
                {"node.output", "never"},
                {"node.output", "each"},
                {"node.output", "task"},
                {"execution.mode", ""}}),
      (std::vector<std::string>{R"({"amount":3})", "6", "-", R"(["a0","b1"])", "-", R"("LIVE")"}));
}

TEST_F(VariablesTest, KeepDoublesApartFromInts) {
  auto response =
      Send(Request("", {{"node.output", "first"}}), network_.As("acme", {"executions.get"}));
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_TRUE(engine::DecodeValue(response->values(0).value())->is_double());
}

TEST_F(VariablesTest, OfAStepAreThoseThatItSaw) {
  const std::vector<std::pair<std::string, std::string>> outputs = {
      {"node.output", "first"}, {"node.output", "pick"}, {"node.output", "each"}};
  EXPECT_EQ(Read("first", outputs), (std::vector<std::string>{"-", "-", "-"}));
  EXPECT_EQ(Read("pick", outputs), (std::vector<std::string>{"6", "-", "-"}));
  EXPECT_EQ(Read("task", outputs), (std::vector<std::string>{"6", "\"false\"", R"(["a0","b1"])"}));
  EXPECT_EQ(Read("never", outputs), (std::vector<std::string>{"6", "\"false\"", "-"}));
  EXPECT_EQ(Read("each.one#1", {{"item", "each"}, {"index", "each"}, {"node.output", "first"}}),
            (std::vector<std::string>{"\"b\"", "1", "6"}));
}

TEST_F(VariablesTest, AreForUsersThroughTheDesignerAlone) {
  const internal::ReadVariablesRequest request = Request("", {{"inputs", ""}});
  EXPECT_EQ(ReasonFor(request, "other"), "EXECUTION_NOT_FOUND");
  EXPECT_EQ(ReasonOf(Send(request, network_.As("acme", {"workflows.*"})).status()),
            "PERMISSION_MISSING");
  EXPECT_EQ(ReasonOf(Send(request, rpc::CallOptions::ForService("acme", "users/1")).status()),
            "PERMISSION_MISSING");
  auto by_gateway =
      gateway_->Unary<internal::ReadVariablesRequest, internal::ReadVariablesResponse>(
          "agentflow.internal.executor.v1.VariableService/ReadVariables", request,
          network_.As("acme", {"*"}));
  EXPECT_EQ(ReasonOf(by_gateway.status()), "CALLER_NOT_ALLOWED");
}

TEST_F(VariablesTest, RefusalsSayWhatIsWrong) {
  EXPECT_EQ(ReasonFor(Request("nobody", {})), "STEP_UNKNOWN");
  EXPECT_EQ(ReasonFor(Request("each.one#7", {})), "STEP_UNKNOWN");
  EXPECT_EQ(ReasonFor(Request("", {{"of a later build", ""}})), "REFERENCE_UNKNOWN");
  EXPECT_EQ(ReasonFor(Request("", {{"node.output", "nobody"}})), "REFERENCE_UNKNOWN");
  internal::ReadVariablesRequest request = Request("", {{"node.output", "each"}});
  request.set_max_bytes(3);
  EXPECT_EQ(ReasonFor(request), "VARIABLES_TOO_LARGE");
  request = Request("", {});
  request.set_content_hash("sha256:other");
  EXPECT_EQ(ReasonFor(request), "EXECUTION_CHANGED");
  request.set_execution("executions/none");
  EXPECT_EQ(ReasonFor(request), "NAME_INVALID");
}

}  // namespace
}  // namespace agentflow::executor
