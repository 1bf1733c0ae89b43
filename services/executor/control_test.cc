// Commands of people to executions, over the service as it is.
#include "services/executor/service_for_test.h"

namespace agentflow::executor {
namespace {

constexpr char kSum[] = R"(
apiVersion: agentflow/v1
kind: Workflow
metadata: {name: sum}
inputs: {type: object, properties: {x: {type: integer}}}
outputs: {y: "=nodes.a.output"}
nodes:
  a: {type: data.transform@1, with: {value: "=inputs.x + 1"}}
edges: [start -> a]
)";

class ControlTest : public ExecutorServiceTest {
 protected:
  static void SetX(api::StartExecutionRequest* start, double x) {
    (*start->mutable_input()->mutable_struct_value()->mutable_fields())["x"].set_number_value(x);
  }
};

TEST_F(ControlTest, ABatchStartsEachOnItsOwn) {
  designer_.Publish("sum", kSum);
  api::BatchStartExecutionsRequest batch;
  batch.set_workflow("workflows/sum");
  for (int i = 0; i < 3; ++i) {
    api::StartExecutionRequest* start = batch.add_requests();
    start->set_request_id("batch-" + std::to_string(i));
    SetX(start, i == 1 ? 0.5 : i);
  }
  auto first = Call<api::BatchStartExecutionsResponse>("BatchStartExecutions", batch);
  ASSERT_TRUE(first.ok()) << first.status();
  ASSERT_EQ(first->results_size(), 3);
  EXPECT_EQ(first->results(0).execution().state(), api::Execution::COMPLETED);
  EXPECT_EQ(first->results(2).execution().output().struct_value().fields().at("y").number_value(),
            3);
  EXPECT_EQ(first->results(1).error().reason(), "INPUT_INVALID");
  EXPECT_EQ(first->results(1).error().code(), "INVALID_ARGUMENT");
  EXPECT_EQ(first->results(1).error().field(), "input.x");
  // The same again gives the same executions; with one changed, only that one is refused.
  SetX(batch.mutable_requests(2), 9);
  auto again = Call<api::BatchStartExecutionsResponse>("BatchStartExecutions", batch);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->results(0).execution().name(), first->results(0).execution().name());
  EXPECT_EQ(again->results(2).error().reason(), "REQUEST_ID_REUSED");
}

TEST_F(ControlTest, ABatchHasLimits) {
  api::BatchStartExecutionsRequest batch;
  batch.set_workflow("workflows/sum");
  auto refused = [&] {
    return std::string(
        ReasonOf(Call<api::BatchStartExecutionsResponse>("BatchStartExecutions", batch).status()));
  };
  EXPECT_EQ(refused(), "BATCH_SIZE_INVALID");
  batch.add_requests()->set_workflow("workflows/other");
  EXPECT_EQ(refused(), "WORKFLOW_DIFFERS");
  batch.mutable_requests(0)->clear_workflow();
  for (int i = 0; i < 1000; ++i) batch.add_requests();
  EXPECT_EQ(refused(), "BATCH_SIZE_INVALID");
}

TEST_F(ControlTest, ACommandToNoExecutionOfTheTenantIsNotFound) {
  designer_.Publish("sum", kSum);
  auto over = Start("sum", R"({"x": 1})");
  ASSERT_TRUE(over.ok()) << over.status();
  api::CancelExecutionRequest cancel;
  cancel.set_name(over->name());
  EXPECT_EQ(ReasonOf(Call<api::Execution>("CancelExecution", cancel).status()), "EXECUTION_OVER");
  EXPECT_EQ(ReasonOf(Call<api::Execution>("CancelExecution", cancel, "other").status()),
            "EXECUTION_NOT_FOUND");
  cancel.set_name("executions/0198a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b");
  EXPECT_EQ(ReasonOf(Call<api::Execution>("CancelExecution", cancel).status()),
            "EXECUTION_NOT_FOUND");
  cancel.set_cause(std::string(1001, 'x'));
  EXPECT_EQ(ReasonOf(Call<api::Execution>("CancelExecution", cancel).status()), "CAUSE_TOO_LONG");
}

}  // namespace
}  // namespace agentflow::executor
