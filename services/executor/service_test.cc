#include "services/executor/service_for_test.h"

namespace agentflow::executor {
namespace {

constexpr char kChained[] = R"(
apiVersion: agentflow/v1
kind: Workflow
metadata: {name: chained}
inputs: {type: object, required: [x], properties: {x: {type: integer}, share: {type: number}}}
outputs: {sum: "=nodes.b.output"}
nodes:
  a: {type: data.transform@1, with: {value: "=inputs.x + 1"}}
  b: {type: data.transform@1, with: {value: "=nodes.a.output + 1"}}
edges: [start -> a, a -> b]
)";
constexpr char kAgent[] = R"(
apiVersion: agentflow/v1
kind: Workflow
metadata: {name: agent}
outputs: {text: "=nodes.t.output.text"}
nodes:
  t: {type: ai.agent@1, with: {agent: writer, input: {topic: "fish"}}}
edges: [start -> t]
)";
constexpr char kWait[] = R"(
apiVersion: agentflow/v1
kind: Workflow
metadata: {name: wait}
nodes:
  w: {type: flow.wait@1, with: {duration: 1h}}
edges: [start -> w]
)";

TEST_F(ExecutorServiceTest, AChainedWorkflowIsOverWhenItsStartIsAnswered) {
  designer_.Publish("chained", kChained);
  auto started = Start("chained", R"({"x": 1})");
  ASSERT_TRUE(started.ok()) << started.status();
  EXPECT_EQ(started->state(), api::Execution::COMPLETED);
  EXPECT_EQ(started->version(), 1);
  EXPECT_EQ(started->creator(), "users/test");
  EXPECT_EQ(started->output().struct_value().fields().at("sum").number_value(), 3);
  auto got = Get(started->name());
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_EQ(got->SerializeAsString(), started->SerializeAsString());

  const api::ListStepsResponse steps = Steps(started->name());
  ASSERT_EQ(steps.steps_size(), 2);
  EXPECT_EQ(steps.steps(0).node(), "a");
  EXPECT_EQ(steps.steps(0).state(), api::Step::COMPLETED);
  EXPECT_EQ(steps.steps(1).output().number_value(), 3);
  EXPECT_EQ(steps.steps(1).type(), "data.transform@1");

  api::ListEventsRequest events;
  events.set_parent(started->name());
  events.set_page_size(2);
  std::vector<std::string> types;
  do {
    auto page = Call<api::ListEventsResponse>("ListEvents", events);
    ASSERT_TRUE(page.ok()) << page.status();
    for (const auto& event : page->events()) {
      EXPECT_EQ(event.sequence(), static_cast<int64_t>(types.size()) + 1);
      types.push_back(event.type());
    }
    events.set_page_token(page->next_page_token());
  } while (!events.page_token().empty());
  EXPECT_EQ(types, (std::vector<std::string>{"ExecutionStarted", "StepCompleted", "StepCompleted",
                                             "ExecutionCompleted"}));
}

TEST_F(ExecutorServiceTest, BadRequestsGetClearAnswers) {
  designer_.Publish("chained", kChained);
  auto reason = [](const auto& answer) { return ReasonOf(answer.status()); };
  EXPECT_EQ(reason(Start("nobody")), "WORKFLOW_NOT_FOUND");
  auto missing = Start("chained");
  EXPECT_EQ(reason(missing), "INPUT_INVALID");
  auto wrong = Start("chained", R"({"x": "one"})");
  EXPECT_EQ(reason(wrong), "INPUT_INVALID");
  EXPECT_EQ(MetadataOf(wrong.status())[kErrorField], "input.x");
  EXPECT_EQ(reason(Start("chained", R"({"x": 1})", "no spaces")), "REQUEST_ID_INVALID");

  api::StartExecutionRequest request;
  request.set_workflow("chained");
  EXPECT_EQ(reason(Call<api::Execution>("StartExecution", request)), "NAME_INVALID");
  request.set_workflow("workflows/chained");
  request.set_version(7);
  EXPECT_EQ(reason(Call<api::Execution>("StartExecution", request)), "VERSION_NOT_FOUND");
  request.set_version(0);
  request.set_priority(9);
  EXPECT_EQ(reason(Call<api::Execution>("StartExecution", request)), "PRIORITY_INVALID");
  request.set_priority(0);
  for (int i = 0; i < 33; ++i) (*request.mutable_labels())["k" + std::to_string(i)] = "v";
  EXPECT_EQ(reason(Call<api::Execution>("StartExecution", request)), "LABELS_INVALID");

  EXPECT_EQ(reason(Get("executions/none")), "NAME_INVALID");
  EXPECT_EQ(reason(Get("executions/0198a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b")), "EXECUTION_NOT_FOUND");
  api::ListExecutionsRequest list;
  list.set_filter("colour = \"red\"");
  EXPECT_EQ(reason(Call<api::ListExecutionsResponse>("ListExecutions", list)), "FILTER_INVALID");
  list.set_filter("state = \"GREEN\"");
  EXPECT_EQ(reason(Call<api::ListExecutionsResponse>("ListExecutions", list)), "FILTER_INVALID");
  list.set_filter("");
  list.set_page_token("bogus");
  EXPECT_EQ(reason(Call<api::ListExecutionsResponse>("ListExecutions", list)),
            "PAGE_TOKEN_INVALID");
}

TEST_F(ExecutorServiceTest, AnotherTenantLearnsNothing) {
  designer_.Publish("wait", kWait);
  auto started = Start("wait");
  ASSERT_TRUE(started.ok()) << started.status();
  auto unknown = Get("executions/0198a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b", "other");
  auto foreign = Get(started->name(), "other");
  EXPECT_EQ(foreign.status(), unknown.status());
  api::CancelExecutionRequest cancel;
  cancel.set_name(started->name());
  EXPECT_EQ(ReasonOf(Call<api::Execution>("CancelExecution", cancel, "other").status()),
            "EXECUTION_NOT_FOUND");
  auto list =
      Call<api::ListExecutionsResponse>("ListExecutions", api::ListExecutionsRequest(), "other");
  ASSERT_TRUE(list.ok()) << list.status();
  EXPECT_EQ(list->executions_size(), 0);
}

TEST_F(ExecutorServiceTest, TheSameRequestIdGivesTheSameExecution) {
  designer_.Publish("chained", kChained);
  auto first = Start("chained", R"({"x": 1})", "order-1");
  ASSERT_TRUE(first.ok()) << first.status();
  auto second = Start("chained", R"({"x": 1})", "order-1");
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->SerializeAsString(), first->SerializeAsString());
  auto other = Start("chained", R"({"x": 2})", "order-1");
  EXPECT_EQ(other.status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(ReasonOf(other.status()), "REQUEST_ID_REUSED");
  EXPECT_TRUE(Start("chained", R"({"x": 2})", "order-1", "other").ok());
  EXPECT_TRUE(Get(first->name()).ok());
}

TEST_F(ExecutorServiceTest, AnAgentsTaskGoesThroughRedisAndBack) {
  designer_.Publish("agent", kAgent);
  FakeCoordinator coordinator(coordinator_channel_, redis_.url(), "c1");
  auto started = Start("agent");
  ASSERT_TRUE(started.ok()) << started.status();
  EXPECT_EQ(started->state(), api::Execution::RUNNING);
  EXPECT_EQ(Steps(started->name()).steps(0).state(), api::Step::READY);
  const internal::QueuedTask task = coordinator.Take("writer");
  EXPECT_EQ(task.input_json(), R"({"topic":"fish"})");
  EXPECT_EQ(task.ref().step(), "t");
  EXPECT_EQ(task.workflow(), "workflows/agent");
  EXPECT_EQ(task.mode(), "LIVE");
  coordinator.Claim(task);
  EXPECT_TRUE(
      Eventually([&] { return Steps(started->name()).steps(0).state() == api::Step::RUNNING; }));
  EXPECT_GT(coordinator.lease_ms(), 0);

  FakeCoordinator thief(coordinator_channel_, redis_.url(), "c2");
  thief.Claim(task);
  EXPECT_TRUE(Eventually([&] { return thief.Dropped(task); }));
  thief.Complete(task, R"({"text": "forged"})", "wrong token");
  EXPECT_TRUE(Eventually([&] { return thief.Refused(task); }));
  EXPECT_EQ(Get(started->name())->state(), api::Execution::RUNNING);

  coordinator.Complete(task, R"({"text": "salmon"})");
  EXPECT_TRUE(Eventually([&] { return coordinator.Acknowledged(task); }));
  auto done = Get(started->name());
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_EQ(done->state(), api::Execution::COMPLETED);
  EXPECT_EQ(done->output().struct_value().fields().at("text").string_value(), "salmon");
}

TEST_F(ExecutorServiceTest, AFailedTaskFailsTheExecutionWithItsReason) {
  designer_.Publish("agent", kAgent);
  FakeCoordinator coordinator(coordinator_channel_, redis_.url(), "c1");
  auto started = Start("agent");
  ASSERT_TRUE(started.ok()) << started.status();
  coordinator.Fail(coordinator.Take("writer"), "MODEL_BROKEN");
  ASSERT_TRUE(Eventually([&] { return Get(started->name())->state() == api::Execution::FAILED; }));
  auto failed = Get(started->name());
  EXPECT_EQ(failed->error().reason(), "MODEL_BROKEN");
  EXPECT_EQ(failed->error().node(), "t");
}

TEST_F(ExecutorServiceTest, CancellingReachesTheWorker) {
  designer_.Publish("agent", kAgent);
  FakeCoordinator coordinator(coordinator_channel_, redis_.url(), "c1");
  auto started = Start("agent");
  ASSERT_TRUE(started.ok()) << started.status();
  const internal::QueuedTask task = coordinator.Take("writer");
  coordinator.Claim(task);
  ASSERT_TRUE(
      Eventually([&] { return Steps(started->name()).steps(0).state() == api::Step::RUNNING; }));
  api::CancelExecutionRequest cancel;
  cancel.set_name(started->name());
  cancel.set_cause("enough");
  auto canceled = Call<api::Execution>("CancelExecution", cancel);
  ASSERT_TRUE(canceled.ok()) << canceled.status();
  EXPECT_EQ(canceled->state(), api::Execution::CANCELED);
  EXPECT_TRUE(Eventually([&] { return coordinator.Canceled(task); }));
  auto again = Call<api::Execution>("CancelExecution", cancel);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->state(), api::Execution::CANCELED);
}

TEST_F(ExecutorServiceTest, LosingRedisCostsOnlyDelay) {
  designer_.Publish("agent", kAgent);
  auto started = Start("agent");
  ASSERT_TRUE(started.ok()) << started.status();
  redis_.Restart();
  FakeCoordinator coordinator(coordinator_channel_, redis_.url(), "c1");
  coordinator.Complete(coordinator.Take("writer"), R"({"text": "x"})");
  EXPECT_TRUE(Eventually([&] { return IsCompleted(started->name()); }));
}

TEST_F(ExecutorServiceTest, ARestartedExecutorGoesOn) {
  designer_.Publish("agent", kAgent);
  auto started = Start("agent");
  ASSERT_TRUE(started.ok()) << started.status();
  StartExecutor(/*committers=*/3);
  FakeCoordinator coordinator(coordinator_channel_, redis_.url(), "c1");
  coordinator.Complete(coordinator.Take("writer"), R"({"text": "x"})");
  EXPECT_TRUE(Eventually([&] { return IsCompleted(started->name()); }));
}

TEST_F(ExecutorServiceTest, ADrainedExecutorHandsItsLanesOver) {
  designer_.Publish("agent", kAgent);
  auto started = Start("agent");
  ASSERT_TRUE(started.ok()) << started.status();
  App second;
  auto running = rpc::RunningService::Start("executor", second, Settings(1, 0, "second"));
  ASSERT_TRUE(running.ok()) << running.status();
  Connect((*running)->port());
  EXPECT_EQ(Get(started->name())->state(), api::Execution::RUNNING);  // reads need no lane
  running_.reset();
  EXPECT_TRUE(Eventually([&] { return Start("agent").ok(); }));
  FakeCoordinator coordinator(coordinator_channel_, redis_.url(), "c1");
  for (int i = 0; i < 2; ++i) coordinator.Complete(coordinator.Take("writer"), R"({"text": "x"})");
  EXPECT_TRUE(Eventually([&] { return IsCompleted(started->name()); }));
}

TEST_F(ExecutorServiceTest, ADrainedExecutorEndsTheStreamsOfItsCoordinators) {
  // One that has had nothing to say yet has not even said who it is.
  auto link = coordinator_channel_->Bidi<internal::CoordinatorReports, internal::ExecutorOrders>(
      "agentflow.internal.executor.v1.DispatchService/Link");
  std::mutex mutex;
  absl::Status end;
  std::atomic<bool> greeted = false, ended = false;
  link.OnEnd([&](const absl::Status& status) {
    std::lock_guard lock(mutex);
    end = status;
    ended = true;
  });
  link.Start([&](internal::ExecutorOrders) { greeted = true; });
  EXPECT_TRUE(Eventually([&] { return greeted.load(); }));
  running_.reset();
  EXPECT_TRUE(Eventually([&] { return ended.load(); }));
  std::lock_guard lock(mutex);
  EXPECT_EQ(ReasonOf(end), "LANE_MOVED") << "cut off when the patience of the drain ended: " << end;
}

TEST_F(ExecutorServiceTest, ListsAreFilteredAndPaged) {
  designer_.Publish("chained", kChained);
  designer_.Publish("wait", kWait);
  std::vector<std::string> names;
  for (int i = 0; i < 7; ++i) {
    api::StartExecutionRequest request;
    request.set_workflow(i == 3 ? "workflows/wait" : "workflows/chained");
    (*request.mutable_input()->mutable_struct_value()->mutable_fields())["x"].set_number_value(i);
    (*request.mutable_labels())["team"] = i % 2 == 0 ? "even" : "odd";
    auto started = Call<api::Execution>("StartExecution", request);
    ASSERT_TRUE(started.ok()) << started.status();
    names.insert(names.begin(), started->name());
  }
  auto list = [&](const std::string& filter, const std::string& order_by, int page_size) {
    std::vector<std::string> found;
    api::ListExecutionsRequest request;
    request.set_filter(filter);
    request.set_order_by(order_by);
    request.set_page_size(page_size);
    do {
      auto page = Call<api::ListExecutionsResponse>("ListExecutions", request);
      EXPECT_TRUE(page.ok()) << page.status();
      if (!page.ok()) break;
      for (const auto& execution : page->executions()) found.push_back(execution.name());
      request.set_page_token(page->next_page_token());
    } while (!request.page_token().empty());
    return found;
  };
  EXPECT_EQ(list("", "", 0), names);
  EXPECT_EQ(list("", "", 2), names);
  EXPECT_EQ(list("", "start_time", 3), std::vector<std::string>(names.rbegin(), names.rend()));
  EXPECT_EQ(list("state = \"WAITING\"", "", 2), std::vector<std::string>{names[3]});
  EXPECT_EQ(list("workflow = \"workflows/wait\"", "", 2), std::vector<std::string>{names[3]});
  EXPECT_EQ(list("labels.team = \"odd\" AND state != \"WAITING\"", "", 1),
            (std::vector<std::string>{names[1], names[5]}));
  EXPECT_EQ(list("start_time > \"2099-01-01T00:00:00Z\"", "", 1).size(), 0u);
  EXPECT_EQ(list("start_time > \"2001-01-01T00:00:00Z\"", "", 4), names);

  api::ListExecutionsRequest request;
  request.set_page_size(2);
  auto page = Call<api::ListExecutionsResponse>("ListExecutions", request);
  request.set_page_token(page->next_page_token());
  request.set_filter("state = \"COMPLETED\"");
  EXPECT_EQ(ReasonOf(Call<api::ListExecutionsResponse>("ListExecutions", request).status()),
            "PAGE_TOKEN_INVALID");
}

TEST_F(ExecutorServiceTest, QuotasAreKept) {
  designer_.Publish("wait", kWait);
  ASSERT_TRUE(Start("wait", "{}", "", "small").ok());
  auto second = Start("wait", "{}", "", "small");
  ASSERT_TRUE(second.ok()) << second.status();
  auto third = Start("wait", "{}", "", "small");
  EXPECT_EQ(third.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(third.status()), "QUOTA_EXCEEDED");
  EXPECT_EQ(MetadataOf(third.status())[kErrorLimit], "live_executions");
  EXPECT_TRUE(Start("wait").ok());  // another tenant's is its own
  api::CancelExecutionRequest cancel;
  cancel.set_name(second->name());
  ASSERT_TRUE(Call<api::Execution>("CancelExecution", cancel, "small").ok());
  EXPECT_TRUE(Eventually([&] { return Start("wait", "{}", "", "small").ok(); }));
}

TEST_F(ExecutorServiceTest, TheFeedTellsEverythingOnce) {
  designer_.Publish("chained", kChained);
  auto first = Start("chained", R"({"x": 1})");
  ASSERT_TRUE(first.ok()) << first.status();
  struct Seen {
    std::mutex mutex;
    std::vector<internal::FeedBatch> batches;
  };
  auto seen = std::make_shared<Seen>();
  auto read = [&](const internal::ReadFeedRequest& request) {
    auto stream = monitor_->ServerStreaming<internal::ReadFeedRequest, internal::FeedBatch>(
        "agentflow.internal.executor.v1.FeedService/Read", request);
    stream.OnEnd([](const absl::Status&) {});
    stream.Start([seen](internal::FeedBatch batch) {
      std::lock_guard lock(seen->mutex);
      seen->batches.push_back(std::move(batch));
    });
    return stream;
  };
  auto wait_for = [&](size_t count) {
    return Eventually([&] {
      std::lock_guard lock(seen->mutex);
      return seen->batches.size() >= count;
    });
  };
  auto stream = read({});
  ASSERT_TRUE(wait_for(1));
  auto second = Start("chained", R"({"x": 2})");
  ASSERT_TRUE(wait_for(2));
  stream.Cancel();
  std::vector<internal::FeedBatch> batches;
  {
    std::lock_guard lock(seen->mutex);
    batches.swap(seen->batches);
  }
  ASSERT_EQ(batches[0].changes_size(), 1);
  const internal::ExecutionChange& change = batches[0].changes(0);
  EXPECT_EQ("executions/" + change.execution_id(), first->name());
  EXPECT_EQ(change.tenant(), "acme");
  EXPECT_EQ(change.state_before(), "");
  EXPECT_EQ(change.state(), "COMPLETED");
  EXPECT_EQ(change.output_json(), R"({"sum":3})");
  EXPECT_EQ(change.steps_size(), 2);
  EXPECT_EQ(batches[0].cursor().committer(), "test/0");

  internal::ReadFeedRequest after_first;
  *after_first.add_cursors() = batches[0].cursor();
  auto again = read(after_first);
  ASSERT_TRUE(wait_for(1));
  std::lock_guard lock(seen->mutex);
  EXPECT_EQ("executions/" + seen->batches[0].changes(0).execution_id(), second->name());
  again.Cancel();
}

TEST_F(ExecutorServiceTest, LanesAreWatched) {
  std::mutex mutex;
  internal::LaneMap map;
  auto stream = monitor_->ServerStreaming<internal::WatchLanesRequest, internal::LaneMap>(
      "agentflow.internal.executor.v1.DispatchService/WatchLanes", {});
  std::atomic<bool> ended = false;
  stream.OnEnd([&](const absl::Status&) { ended = true; });
  stream.Start([&](internal::LaneMap update) {
    std::lock_guard lock(mutex);
    map = std::move(update);
  });
  EXPECT_TRUE(Eventually([&] {
    std::lock_guard lock(mutex);
    return map.address_size() == 256 && map.address(255) == "executor-test:7103";
  }));
  stream.Cancel();
  EXPECT_TRUE(Eventually([&] { return ended.load(); }));
}

TEST_F(ExecutorServiceTest, ServicesStartInTheNameOfAPrincipalThatMay) {
  designer_.Publish("chained", kChained);
  internal::ServiceStartRequest request;
  request.set_tenant("acme");
  request.set_principal("users/starter");
  request.set_workflow("workflows/chained");
  request.set_input_json(R"({"x": 5})");
  request.set_request_id("schedules:daily:2026-01-01");
  auto start = [&] {
    return scheduler_->Unary<internal::ServiceStartRequest, internal::ServiceStartResponse>(
        "agentflow.internal.executor.v1.StartService/Start", request);
  };
  auto first = start();
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(start()->execution(), first->execution());
  EXPECT_EQ(Get(first->execution())->creator(), "users/starter");
  request.set_principal("users/former");
  EXPECT_EQ(ReasonOf(start().status()), "PERMISSION_MISSING");
}

TEST_F(ExecutorServiceTest, ManyStartsShareAFewQuestionsToTheDesigner) {
  designer_.Publish("chained", kChained);
  ASSERT_TRUE(Start("chained", R"({"x": 1})").ok());
  const int before = designer_.calls;
  std::atomic<int> answered = 0;
  constexpr int kStarts = 300;
  for (int i = 0; i < kStarts; ++i) {
    api::StartExecutionRequest request;
    request.set_workflow("workflows/chained");
    (*request.mutable_input()->mutable_struct_value()->mutable_fields())["x"].set_number_value(i);
    gateway_->UnaryAsync<api::StartExecutionRequest, api::Execution>(
        "agentflow.api.v1.ExecutionService/StartExecution", request,
        network_.As("acme", {"executions.start"}), [&](absl::StatusOr<api::Execution> execution) {
          EXPECT_TRUE(execution.ok()) << execution.status();
          ++answered;
        });
  }
  ASSERT_TRUE(Eventually([&] { return answered == kStarts; }));
  EXPECT_LT(designer_.calls - before, kStarts / 2);
}

}  // namespace
}  // namespace agentflow::executor
