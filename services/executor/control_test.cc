// Commands of people to executions, over the service as it is.
#include "agentflow/api/v1/migration.pb.h"
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
  // Moves what is under way in version 1, and waits for the end of that.
  absl::StatusOr<api::Migration> Migrate(const std::string& workflow, int to, bool preview) {
    api::CreateMigrationRequest request;
    request.set_parent(workflow);
    request.mutable_migration()->set_from_version(1);
    request.mutable_migration()->set_to_version(to);
    request.mutable_migration()->set_validate_only(preview);
    auto made = gateway_->Unary<api::CreateMigrationRequest, api::Migration>(
        "agentflow.api.v1.MigrationService/CreateMigration", request,
        network_.As("acme", {"executions.*"}));
    if (!made.ok()) return made.status();
    api::GetMigrationRequest get;
    get.set_name(made->name());
    absl::StatusOr<api::Migration> now = made;
    EXPECT_TRUE(Eventually([&] {
      now = gateway_->Unary<api::GetMigrationRequest, api::Migration>(
          "agentflow.api.v1.MigrationService/GetMigration", get,
          network_.As("acme", {"executions.*"}));
      return now.ok() && now->state() == api::Migration::DONE;
    })) << now.status();
    return now;
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

constexpr char kAgents[] = R"(
apiVersion: agentflow/v1
kind: Workflow
metadata: {name: agents}
outputs: {b: "=nodes.b.output"}
nodes:
  a: {type: ai.agent@1, with: {agent: writer, input: "='a'"}}
  b: {type: ai.agent@1, with: {agent: writer, input: "=nodes.a.output"}}
edges: [start -> a, a -> b]
)";

TEST_F(ControlTest, AFailedExecutionIsRetriedAndForkedFromAStep) {
  designer_.Publish("agents", kAgents);
  FakeCoordinator coordinator(coordinator_channel_, redis_.url(), "c1");
  auto started = Start("agents");
  ASSERT_TRUE(started.ok()) << started.status();
  api::RetryExecutionRequest retry;
  retry.set_name(started->name());
  EXPECT_EQ(ReasonOf(Call<api::Execution>("RetryExecution", retry).status()),
            "EXECUTION_NOT_FAILED");
  coordinator.Complete(coordinator.Take("writer"), R"("one")");
  coordinator.Fail(coordinator.Take("writer"), "BROKEN");
  ASSERT_TRUE(Eventually([&] { return Get(started->name())->state() == api::Execution::FAILED; }));

  retry.set_request_id("again");
  auto retried = Call<api::Execution>("RetryExecution", retry);
  ASSERT_TRUE(retried.ok()) << retried.status();
  EXPECT_EQ(retried->origin().execution(), started->name());
  EXPECT_EQ(retried->origin().kind(), api::ExecutionOrigin::RETRY);
  EXPECT_EQ(Call<api::Execution>("RetryExecution", retry)->name(), retried->name());
  const internal::QueuedTask task = coordinator.Take("writer");
  EXPECT_EQ(task.ref().step(), "b");
  EXPECT_EQ(task.input_json(), R"("one")");
  coordinator.Complete(task, R"("two")");
  EXPECT_TRUE(Eventually([&] { return IsCompleted(retried->name()); }));

  api::ForkExecutionRequest fork;
  fork.set_name(started->name());
  EXPECT_EQ(ReasonOf(Call<api::Execution>("ForkExecution", fork).status()), "FORK_PLACE");
  fork.set_step("nobody");
  EXPECT_EQ(ReasonOf(Call<api::Execution>("ForkExecution", fork).status()), "STEP_UNKNOWN");
  EXPECT_EQ(ReasonOf(Call<api::Execution>("ForkExecution", fork, "other").status()),
            "EXECUTION_NOT_FOUND");
  fork.set_step("b");
  (*fork.mutable_outputs())["a"].set_string_value("edited");
  auto forked = Call<api::Execution>("ForkExecution", fork);
  ASSERT_TRUE(forked.ok()) << forked.status();
  const internal::QueuedTask edited = coordinator.Take("writer");
  EXPECT_EQ(edited.input_json(), R"("edited")");
  coordinator.Complete(edited, R"("three")");
  EXPECT_TRUE(Eventually([&] { return IsCompleted(forked->name()); }));

  api::ListCheckpointsRequest list;
  list.set_parent(started->name());
  auto checkpoints = Call<api::ListCheckpointsResponse>("ListCheckpoints", list);
  ASSERT_TRUE(checkpoints.ok()) << checkpoints.status();
  ASSERT_GE(checkpoints->checkpoints_size(), 2);
  EXPECT_EQ(checkpoints->checkpoints(1).step(), "a");
  fork.clear_step();
  fork.set_checkpoint(9999);
  EXPECT_EQ(ReasonOf(Call<api::Execution>("ForkExecution", fork).status()), "CHECKPOINT_UNKNOWN");
}

TEST_F(ControlTest, AReplayTellsWhatAnotherVersionWouldHaveDone) {
  designer_.Publish("agents", kAgents);
  FakeCoordinator coordinator(coordinator_channel_, redis_.url(), "c1");
  auto started = Start("agents");
  ASSERT_TRUE(started.ok()) << started.status();
  coordinator.Complete(coordinator.Take("writer"), R"("one")");
  coordinator.Complete(coordinator.Take("writer"), R"("two")");
  ASSERT_TRUE(Eventually([&] { return IsCompleted(started->name()); }));

  api::ReplayExecutionRequest replay;
  replay.set_name(started->name());
  auto same = Call<api::ReplayExecutionResponse>("ReplayExecution", replay);
  ASSERT_TRUE(same.ok()) << same.status();
  EXPECT_TRUE(same->same()) << same->DebugString();
  EXPECT_FALSE(same->has_divergence());
  EXPECT_EQ(same->version(), 1);
  EXPECT_EQ(same->state(), api::Execution::COMPLETED);
  EXPECT_GT(same->same_decisions(), 4);

  std::string changed = kAgents;
  changed.replace(changed.find("edges:"), std::string::npos,
                  "  c: {type: ai.agent@1, with: {agent: writer}}\n"
                  "edges: [start -> a, a -> c, c -> b]\n");
  designer_.Publish("agents", changed);
  replay.set_version(2);
  auto other = Call<api::ReplayExecutionResponse>("ReplayExecution", replay);
  ASSERT_TRUE(other.ok()) << other.status();
  EXPECT_FALSE(other->same());
  EXPECT_EQ(other->divergence().step(), "c") << other->DebugString();
  EXPECT_EQ(other->divergence().node(), "c");
  EXPECT_TRUE(other->divergence().expected().starts_with("StepScheduled of b"));
  EXPECT_EQ(other->state(), api::Execution::RUNNING);
  ASSERT_EQ(other->not_recorded_size(), 1);
  EXPECT_EQ(other->not_recorded(0), "c");
  EXPECT_EQ(other->not_used_size(), 1);
  // Nothing was started, and the journal is as long as before.
  EXPECT_EQ(Call<api::ReplayExecutionResponse>("ReplayExecution", replay)->DebugString(),
            other->DebugString());
  EXPECT_TRUE(IsCompleted(started->name()));

  designer_.Publish("agents", "inputs: {type: object, required: [x]}\n" + changed.substr(1));
  auto refused = [&](int version, const std::string& tenant) {
    replay.set_version(version);
    return std::string(
        ReasonOf(Call<api::ReplayExecutionResponse>("ReplayExecution", replay, tenant).status()));
  };
  EXPECT_EQ(refused(3, "acme"), "INPUT_INVALID");
  EXPECT_EQ(refused(4, "acme"), "VERSION_NOT_FOUND");
  EXPECT_EQ(refused(-1, "acme"), "VERSION_INVALID");
  EXPECT_EQ(refused(0, "other"), "EXECUTION_NOT_FOUND");
}

TEST_F(ControlTest, LiveExecutionsMoveToAnotherVersion) {
  designer_.Publish("agents", kAgents);
  std::string next = kAgents;
  next.replace(next.find("edges:"), std::string::npos,
               "  c: {type: data.transform@1, with: {value: \"=nodes.b.output\"}}\n"
               "edges: [start -> a, a -> b, b -> c]\n");
  std::string without_a = R"(
apiVersion: agentflow/v1
kind: Workflow
metadata: {name: agents}
nodes: {z: {type: ai.agent@1, with: {agent: writer}}}
edges: [start -> z]
)";
  FakeCoordinator coordinator(coordinator_channel_, redis_.url(), "c1");
  std::vector<std::string> names;
  for (int i = 0; i < 3; ++i) names.push_back(Start("agents")->name());
  designer_.Publish("agents", next);
  designer_.Publish("agents", without_a);
  auto migrate = [&](int to, bool preview) { return Migrate("workflows/agents", to, preview); };
  auto preview = migrate(2, true);
  ASSERT_TRUE(preview.ok()) << preview.status();
  EXPECT_EQ(preview->migrated_count(), 3);
  EXPECT_EQ(Get(names[0])->version(), 1);
  auto refused = migrate(3, false);
  ASSERT_TRUE(refused.ok()) << refused.status();
  EXPECT_EQ(refused->refused_count(), 3);
  ASSERT_EQ(refused->refusals_size(), 1);
  EXPECT_EQ(refused->refusals(0).reason(), "MIGRATION_LOSES_STEP");
  EXPECT_EQ(refused->refusals(0).examples_size(), 3);
  auto moved = migrate(2, false);
  ASSERT_TRUE(moved.ok()) << moved.status();
  EXPECT_EQ(moved->migrated_count(), 3);
  StartExecutor();  // what was moved is read back with its new version
  for (const std::string& name : names) {
    EXPECT_EQ(Get(name)->version(), 2);
    EXPECT_EQ(Get(name)->workflow(), "workflows/agents");
  }
  // Its first step began before it was moved; a fork begins with it all the same.
  api::ForkExecutionRequest fork;
  fork.set_name(names[0]);
  fork.set_step("a");
  const auto forked = Call<api::Execution>("ForkExecution", fork);
  ASSERT_TRUE(forked.ok()) << forked.status();
  EXPECT_EQ(forked->version(), 2);
  names.push_back(forked->name());
  FakeCoordinator other(coordinator_channel_, redis_.url(), "c2");
  for (size_t i = 0; i < 2 * names.size(); ++i) other.Complete(other.Take("writer"), R"("done")");
  for (const std::string& name : names) {
    EXPECT_TRUE(Eventually([&] { return IsCompleted(name); }));
    EXPECT_EQ(Steps(name).steps_size(), 3);
  }
  EXPECT_EQ(migrate(1, false).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(ControlTest, TheJournalNamesStepsByTheVersionOfTheirTime) {
  const std::string head = "apiVersion: agentflow/v1\nkind: Workflow\nmetadata: {name: renamed}\n";
  designer_.Publish("renamed", head + R"(
nodes:
  made: {type: data.transform@1, with: {value: 1}}
  sent: {type: flow.signal@1, with: {name: go}}
edges: [start -> made, made -> sent]
)");
  const auto started = Start("renamed");
  ASSERT_TRUE(started.ok()) << started.status();
  // It comes before the others, so that they have other numbers from then on.
  designer_.Publish("renamed", head + R"(
nodes:
  before: {type: data.transform@1, with: {value: 2}}
  made: {type: data.transform@1, with: {value: 1}}
  sent: {type: flow.signal@1, with: {name: go}}
edges: [start -> made, made -> sent, sent -> before]
)");
  const auto moved = Migrate("workflows/renamed", 2, false);
  ASSERT_TRUE(moved.ok()) << moved.status();
  EXPECT_EQ(moved->migrated_count(), 1);
  api::SignalExecutionRequest signal;
  signal.set_name(started->name());
  signal.set_signal("go");
  ASSERT_TRUE(Call<api::Execution>("SignalExecution", signal).ok());

  for (int page_size : {1000, 3}) {
    std::vector<std::string> journal;
    api::ListEventsRequest request;
    request.set_parent(started->name());
    request.set_page_size(page_size);
    do {
      const auto page = Call<api::ListEventsResponse>("ListEvents", request);
      ASSERT_TRUE(page.ok()) << page.status();
      for (const api::ExecutionEvent& event : page->events()) {
        journal.push_back(event.type() + " " + event.node());
      }
      request.set_page_token(page->next_page_token());
    } while (!request.page_token().empty());
    EXPECT_EQ(journal, (std::vector<std::string>{
                           "ExecutionStarted ", "StepCompleted made", "StepWaiting sent",
                           "ExecutionRebased ", "SignalReceived ", "StepCompleted sent",
                           "StepCompleted before", "ExecutionCompleted "}))
        << "in pages of " << page_size;
  }
}

}  // namespace
}  // namespace agentflow::executor
