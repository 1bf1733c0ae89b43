// Commands of people, children and approvals, over the model of the database.
#include <gtest/gtest.h>

#include <algorithm>

#include "agentflow/internal/executor/v1/feed.pb.h"
#include "services/executor/approvals/approval.h"
#include "services/executor/lanes/lanes_for_test.h"

namespace agentflow::executor {
namespace {

constexpr char kTask[] = R"(
node t task agent=worker
edge start -> t
)";
constexpr char kSignal[] = R"(
outputs "=nodes.s.output"
node s signal name=paid
edge start -> s
)";
constexpr char kApproval[] = R"(
outputs "=nodes.ask.output.decision"
node ask approval title="Pay?" by=["role:lead"] within=1h
edge start -> ask
)";
constexpr char kParent[] = R"(
outputs "=nodes.c.output"
node c child workflow=inner input="=inputs.x"
edge start -> c
)";
constexpr char kWaits[] = R"(
outputs 5
node w wait duration=60s
edge start -> w
)";

class LaneControlTest : public LanesTest {
 protected:
  absl::StatusOr<ExecutionView> Command(const Uuid& id, engine::CommandBody body,
                                        const std::string& tenant = "acme") {
    absl::StatusOr<ExecutionView> answer = absl::UnknownError("none");
    AF_CHECK(executor_->router
                 ->Post(CommandItem{
                     .execution = id,
                     .tenant = tenant,
                     .principal = "users/2",
                     .make = [&](const engine::ExecutionState&) { return body; },
                     .done = [&](absl::StatusOr<ExecutionView> view) { answer = std::move(view); }})
                 .ok());
    executor_->Run();
    return answer;
  }
  engine::StepRef Step(const Uuid& id, const std::string& key) {
    return *engine::FindStep(*executor_->Find(id), key);
  }
  // The next child asked for is started as `plan`.
  Uuid StartChild(engine::PlanPtr plan) {
    AF_CHECK(!executor_->children.empty());
    ChildRequest request = std::move(executor_->children.front());
    executor_->children.pop_front();
    auto info = std::make_shared<engine::StartInfo>();
    info->id = request.child;
    info->tenant = request.tenant;
    info->principal = request.principal;
    info->workflow = request.workflow;
    info->version = 1;
    info->plan_hash = plan->hash;
    info->input = request.input;
    info->parent = request.parent;
    AF_CHECK(executor_->load.Admit("acme", {}, 0).ok());
    StartItem item{.plan = plan, .info = info};
    item.done = [this](absl::StatusOr<StartAnswer> answer) {
      child_answers_.push_back(answer.status());
    };
    AF_CHECK(executor_->router->Post(Item(std::move(item))).ok());
    executor_->Run();
    return request.child;
  }

  std::vector<absl::Status> child_answers_;
};

constexpr int kCompleted = static_cast<int>(engine::Phase::kCompleted);
constexpr int kFailed = static_cast<int>(engine::Phase::kFailed);
constexpr int kCanceled = static_cast<int>(engine::Phase::kCanceled);
constexpr int kPaused = static_cast<int>(engine::Phase::kPaused);

TEST_P(LaneControlTest, APausedExecutionHandsNothingOutUntilItIsResumed) {
  const Uuid id = executor_->Start(plans_.Add(kTask));
  executor_->Run();
  const TaskOffer before = executor_->TakeOffer();
  ASSERT_TRUE(Command(id, engine::PauseExecution{"lunch"}).ok());
  EXPECT_EQ(StateOf(id), kPaused);
  EXPECT_EQ(ReasonOf(Command(id, engine::PauseExecution{}).status()), "EXECUTION_PAUSED");
  executor_->Held(before);
  executor_->Run();
  EXPECT_EQ(executor_->dispatch.drops.size(), 1u);
  Restart();
  Advance(11'000'000);
  EXPECT_EQ(StateOf(id), kPaused);
  executor_->dispatch.offers.clear();
  ASSERT_TRUE(Command(id, engine::ResumeExecution{}).ok());
  executor_->Complete(executor_->TakeOffer(), 1);
  executor_->Run();
  EXPECT_EQ(StateOf(id), kCompleted);
}

TEST_P(LaneControlTest, APauseAndAResumeThatComeAgainAreAnsweredAndCountOnce) {
  const Uuid id = executor_->Start(plans_.Add(kTask));
  executor_->Run();
  const engine::PauseExecution pause{.cause = "lunch", .id = "p1"};
  const engine::ResumeExecution resume{.id = "r1"};
  ASSERT_TRUE(Command(id, pause).ok());
  const size_t paused = database_.journal[id].size();
  Restart();  // the next owner of the lane knows them from the journal
  EXPECT_TRUE(Command(id, pause).ok());
  EXPECT_EQ(database_.journal[id].size(), paused);
  ASSERT_TRUE(Command(id, resume).ok());
  const size_t resumed = database_.journal[id].size();
  EXPECT_TRUE(Command(id, resume).ok());
  // Late, after somebody has resumed it: it does not pause it again.
  EXPECT_TRUE(Command(id, pause).ok());
  EXPECT_EQ(database_.journal[id].size(), resumed);
  EXPECT_NE(StateOf(id), kPaused);
}

TEST_P(LaneControlTest, ASignalCountsOnceAndIsAnsweredEachTime) {
  const Uuid id = executor_->Start(plans_.Add(kTask));
  executor_->Run();
  const engine::SignalExecution signal{.name = "paid", .payload = 7, .id = "s1"};
  ASSERT_TRUE(Command(id, signal).ok());
  const size_t rows = database_.journal[id].size();
  ASSERT_TRUE(Command(id, signal).ok());
  EXPECT_EQ(database_.journal[id].size(), rows);
  EXPECT_EQ(ReasonOf(Command(id, signal, "other").status()), "EXECUTION_OVER");
}

TEST_P(LaneControlTest, ASignalOutlivesTheProcess) {
  const Uuid id = executor_->Start(plans_.Add(kSignal));
  executor_->Run();
  Restart();
  auto view = Command(id, engine::SignalExecution{.name = "paid", .payload = 7});
  ASSERT_TRUE(view.ok()) << view.status();
  EXPECT_EQ(view->output, json::Value(7));
  EXPECT_EQ(StateOf(id), kCompleted);
}

TEST_P(LaneControlTest, AnApprovalIsOpenWhileItsStepWaits) {
  const Uuid id = executor_->Start(plans_.Add(kApproval));
  executor_->Run();
  const Uuid approval = ApprovalIdOf(id, "ask");
  ASSERT_EQ(database_.approvals.count(approval), 1u);
  EXPECT_EQ(database_.approvals[approval].state, ApprovalState::kOpen);
  EXPECT_EQ(database_.approvals[approval].title, "Pay?");
  EXPECT_EQ(database_.approvals[approval].approvers, std::vector<std::string>{"role:lead"});
  EXPECT_GT(database_.approvals[approval].expire_time, 0);
  Restart();
  engine::DecideApproval decide{.step = Step(id, "ask"),
                                .approved = true,
                                .principal = "users/2",
                                .comment = "fine",
                                .values = json::Object{{"n", 1}}};
  ASSERT_TRUE(Command(id, decide).ok());
  EXPECT_EQ(StateOf(id), kCompleted);
  const Approval& row = database_.approvals[approval];
  EXPECT_EQ(row.state, ApprovalState::kApproved);
  EXPECT_EQ(row.decider, "users/2");
  EXPECT_EQ(row.comment, "fine");
  EXPECT_EQ(row.values, R"({"n":1})");
  EXPECT_EQ(ReasonOf(Command(id, decide).status()), "EXECUTION_OVER");
}

TEST_P(LaneControlTest, AnApprovalThatNobodyNeedsIsClosed) {
  const Uuid canceled = executor_->Start(plans_.Add(kApproval));
  const Uuid timed_out = executor_->Start(plans_.Add(kApproval));
  executor_->Run();
  ASSERT_TRUE(Command(canceled, engine::CancelExecution{"no"}).ok());
  EXPECT_EQ(database_.approvals[ApprovalIdOf(canceled, "ask")].state, ApprovalState::kClosed);
  Advance(3'600'000'000);
  const Approval& row = database_.approvals[ApprovalIdOf(timed_out, "ask")];
  EXPECT_EQ(row.state, ApprovalState::kRejected);
  EXPECT_EQ(row.decider, "");
  EXPECT_EQ(StateOf(timed_out), kCompleted);
}

TEST_P(LaneControlTest, AChildAndItsParentChangeInOneCommit) {
  const Uuid parent = executor_->Start(plans_.Add(kParent), json::Object{{"x", 3}});
  executor_->Run();
  ASSERT_EQ(executor_->children.size(), 1u);
  EXPECT_EQ(executor_->children[0].input, json::Value(3));
  EXPECT_EQ(executor_->children[0].workflow, "workflows/inner");
  EXPECT_EQ(LaneOf(executor_->children[0].child), LaneOf(parent));
  const int before = database_.commits;
  const Uuid child = StartChild(plans_.Add(kWaits));
  EXPECT_EQ(database_.commits, before + 1);
  EXPECT_TRUE(child_answers_.at(0).ok());
  EXPECT_EQ(database_.live.count(child), 1u);
  Restart();  // both are taken up; nothing is asked for again
  EXPECT_TRUE(executor_->children.empty());
  const int middle = database_.commits;
  Advance(60'000'000);
  EXPECT_EQ(StateOf(child), kCompleted);
  EXPECT_EQ(StateOf(parent), kCompleted);
  EXPECT_LE(database_.commits, middle + GetParam());  // the others renew their leases
  EXPECT_EQ(executor_->load.live(), 0);
}

TEST_P(LaneControlTest, AChildWaitsForItsParentAfterACrash) {
  engine::PlanPtr plan = plans_.Add(kParent);
  const Uuid parent = executor_->Start(plan, json::Object{{"x", 3}});
  executor_->Run();
  const Uuid child = StartChild(plans_.Add(kWaits));
  plans_.plans.erase(plan->hash);
  Restart();
  Advance(61'000'000);  // the child could end, and nobody would be told
  EXPECT_EQ(executor_->Find(child), nullptr);
  EXPECT_EQ(database_.live.size(), 2u);
  plans_.plans[plan->hash] = plan;
  for (int i = 0; i < 3; ++i) Advance(1'000'000);
  EXPECT_EQ(StateOf(child), kCompleted);
  EXPECT_EQ(StateOf(parent), kCompleted);
}

TEST_P(LaneControlTest, AChildThatNobodyWantsAnyMoreIsCanceledWhenItIsReadBack) {
  const Uuid parent = executor_->Start(plans_.Add(kParent), json::Object{{"x", 3}});
  executor_->Run();
  engine::PlanPtr plan = plans_.Add(kWaits);
  const Uuid child = StartChild(plan);
  plans_.plans.erase(plan->hash);
  Restart();
  ASSERT_TRUE(Command(parent, engine::CancelExecution{"enough"}).ok());
  Restart();
  plans_.plans[plan->hash] = plan;
  for (int i = 0; i < 3; ++i) Advance(1'000'000);
  EXPECT_EQ(StateOf(parent), kCanceled);
  EXPECT_EQ(StateOf(child), kCanceled);
}

TEST_P(LaneControlTest, AChildOfAParentThatCannotBeLoadedIsLeftAlone) {
  engine::PlanPtr inner = plans_.Add(kWaits);
  const Uuid parent = executor_->Start(plans_.Add(kParent), json::Object{{"x", 3}});
  executor_->Run();
  const Uuid child = StartChild(inner);
  const std::string kept = database_.journal[parent].front().events;
  database_.journal[parent].front().events = "broken";
  Restart();
  Advance(61'000'000);
  EXPECT_EQ(executor_->Find(parent), nullptr);
  EXPECT_TRUE(database_.live.contains(child));  // neither cancelled nor gone on
  EXPECT_TRUE(database_.live.contains(parent));
  database_.journal[parent].front().events = kept;
  Restart();
  Advance(61'000'000);
  EXPECT_EQ(StateOf(child), kCompleted);
  EXPECT_EQ(StateOf(parent), kCompleted);
}

TEST_P(LaneControlTest, AChildThatEndsAtOnceIsOneCommitToo) {
  const Uuid parent = executor_->Start(plans_.Add(kParent), json::Object{{"x", 3}});
  executor_->Run();
  const int before = database_.commits;
  const Uuid child = StartChild(plans_.Add("outputs 8\nnode a noop\nedge start -> a"));
  EXPECT_EQ(database_.commits, before + 1);
  EXPECT_EQ(StateOf(child), kCompleted);
  EXPECT_EQ(StateOf(parent), kCompleted);
  EXPECT_TRUE(database_.start_keys.contains(child));  // its journal can be found by its id
}

TEST_P(LaneControlTest, AChildIsAskedForAgainAfterACrashAndStartedOnce) {
  const Uuid parent = executor_->Start(plans_.Add(kParent), json::Object{{"x", 3}});
  executor_->Run();
  const Uuid first = executor_->children.at(0).child;
  Restart();
  ASSERT_EQ(executor_->children.size(), 1u);
  EXPECT_EQ(executor_->children[0].child, first);
  executor_->children.push_back(executor_->children[0]);  // an answer that was lost
  StartChild(plans_.Add(kWaits));
  StartChild(plans_.Add(kWaits));
  EXPECT_TRUE(child_answers_.at(0).ok());
  EXPECT_FALSE(child_answers_.at(1).ok());
  EXPECT_EQ(database_.live.size(), 2u);
  EXPECT_EQ(executor_->load.live(), 2);
  EXPECT_EQ(executor_->Find(parent)->waits.size(), 1u);
}

TEST_P(LaneControlTest, CancellingTheParentCancelsTheChild) {
  const Uuid parent = executor_->Start(plans_.Add(kParent), json::Object{{"x", 3}});
  executor_->Run();
  const Uuid child = StartChild(plans_.Add(kTask));
  executor_->Held(executor_->TakeOffer(), "c7");
  executor_->Run();
  const int before = database_.commits;
  ASSERT_TRUE(Command(parent, engine::CancelExecution{"enough"}).ok());
  EXPECT_EQ(StateOf(parent), kCanceled);
  EXPECT_EQ(StateOf(child), kCanceled);
  EXPECT_EQ(database_.commits, before + 1);
  ASSERT_EQ(executor_->dispatch.cancels.size(), 1u);
  EXPECT_EQ(executor_->dispatch.cancels[0].coordinator, "c7");
}

// By what its parent does in the decision that hears of its start.
TEST_P(LaneControlTest, AChildThatIsCancelledAsItBeginsIsOverWithItsStep) {
  CommitterOptions options;
  options.limits.transitions = 1;
  Restart(options);
  const Uuid parent = executor_->Start(plans_.Add(R"(
node c child workflow=inner
node t task
node u task
node x cancel nodes=c
edge start -> c
edge start -> t
edge start -> u
edge start -> x
)"));
  while (executor_->children.empty()) {
    for (auto& committer : executor_->all) committer->Step();
  }
  for (auto& store : executor_->stores) store->stalled = true;
  executor_->Run();  // one task is being written, the other decided: the cancel comes next
  const Uuid child = StartChild(plans_.Add(kTask));
  for (auto& store : executor_->stores) store->stalled = false;
  executor_->Run();
  EXPECT_EQ(executor_->Find(parent)->step(Step(parent, "c")).state, engine::StepState::kCanceled);
  EXPECT_EQ(StateOf(child), kCanceled);
}

TEST_P(LaneControlTest, AChildThatIsReadBackAfterItsParentsEndDoesNotComplete) {
  const Uuid parent = executor_->Start(plans_.Add(kParent), json::Object{{"x", 3}});
  executor_->Run();
  engine::PlanPtr inner = plans_.Add(kWaits);
  const Uuid child = StartChild(inner);
  auto late = plans_.plans.extract(inner->hash);
  Restart();
  ASSERT_TRUE(Command(parent, engine::CancelExecution{"stop"}).ok());
  Advance(61'000'000);  // by now it is due to complete
  plans_.plans.insert(std::move(late));
  Advance(1'000'000);
  EXPECT_EQ(StateOf(parent), kCanceled);
  EXPECT_EQ(StateOf(child), kCanceled);
}

TEST_P(LaneControlTest, ADetachedChildLivesOn) {
  const Uuid parent = executor_->Start(plans_.Add(R"(
node c child workflow=inner detach=true
edge start -> c
)"));
  executor_->Run();
  const Uuid child = StartChild(plans_.Add(kWaits));
  EXPECT_EQ(StateOf(parent), kCompleted);
  Advance(60'000'000);
  EXPECT_EQ(StateOf(child), kCompleted);
}

TEST_P(LaneControlTest, ARefusedChildFailsItsStep) {
  const Uuid parent = executor_->Start(plans_.Add(kParent), json::Object{{"x", 3}});
  executor_->Run();
  ASSERT_TRUE(Command(parent,
                      engine::ChildRefused{
                          Step(parent, "c"), 1, {"WORKFLOW_NOT_FOUND", "there is none", ""}})
                  .ok());
  EXPECT_EQ(StateOf(parent), kFailed);
}

TEST_P(LaneControlTest, AMigratedParentHearsFromTheChildOfAStepThatWasRenamed) {
  const Uuid parent = executor_->Start(plans_.Add(kParent), json::Object{{"x", 3}});
  executor_->Run();
  const Uuid child = StartChild(plans_.Add(kWaits));
  engine::PlanPtr renamed = plans_.Add(R"(
outputs "=nodes.d.output"
node d child workflow=inner input="=inputs.x"
edge start -> d
)");
  ASSERT_TRUE(Command(parent, engine::MigrateExecution{renamed, {{"c", "d"}}}).ok());
  if (GetParam() > 1) Restart();
  Advance(60'000'000);
  EXPECT_EQ(StateOf(child), kCompleted);
  EXPECT_EQ(StateOf(parent), kCompleted);
}

TEST_P(LaneControlTest, TasksOfAMigrationAreOfferedOnceItIsDurable) {
  const Uuid id = executor_->Start(plans_.Add(kTask));
  executor_->Run();
  executor_->dispatch.offers.clear();
  engine::PlanPtr renamed = plans_.Add("node u task agent=worker\nedge start -> u");
  for (auto& store : executor_->stores) store->stalled = true;
  const CommandItem migrate{.execution = id,
                            .tenant = "acme",
                            .make =
                                [=](const engine::ExecutionState&) {
                                  return engine::MigrateExecution{renamed, {{"t", "u"}}};
                                },
                            .done = [](const absl::StatusOr<ExecutionView>&) {}};
  ASSERT_TRUE(executor_->router->Post(CommandItem(migrate)).ok());
  executor_->Run();
  Advance(30'000'000);
  EXPECT_TRUE(executor_->dispatch.offers.empty());
  for (auto& store : executor_->stores) store->stalled = false;
  executor_->Run();
  Advance(1);
  ASSERT_EQ(executor_->dispatch.offers.size(), 1u);
  EXPECT_EQ(executor_->dispatch.offers[0].attempt.step, "u");
}

TEST_P(LaneControlTest, AStepMayEndInTheBatchThatMigratesItAway) {
  const Uuid id =
      executor_->Start(plans_.Add("node t task\nnode z task\nedge start -> t\nedge start -> z"));
  executor_->Run();
  ASSERT_EQ(executor_->dispatch.offers.size(), 2u);
  const engine::PlanPtr smaller = plans_.Add("node t task\nedge start -> t");
  executor_->Complete(*std::find_if(
      executor_->dispatch.offers.begin(), executor_->dispatch.offers.end(),
      [](const TaskOffer& offer) { return offer.attempt.step == "z"; }));
  ASSERT_TRUE(Command(id, engine::MigrateExecution{smaller, {}}).ok());
  bool told = false;
  for (const auto& [owner, rows] : database_.feed) {
    for (const auto& row : rows) {
      for (const std::string& bytes : row.changes) {
        internal::executor::v1::ExecutionChange change;
        ASSERT_TRUE(change.ParseFromString(bytes));
        for (const auto& step : change.steps()) {
          told |= step.node() == "z" && step.state() == "COMPLETED";
        }
      }
    }
  }
  EXPECT_TRUE(told);
}

// Or it would run for nobody, and be started again under the same id.
TEST_P(LaneControlTest, AChildIsNotWrittenWithoutItsParent) {
  const Uuid parent = executor_->Start(plans_.Add(kParent), json::Object{{"x", 3}});
  executor_->Run();
  const Uuid id = executor_->children.at(0).child;
  int left = 2;  // both together, then the parent alone
  for (auto& store : executor_->stores) {
    store->on_commit = [&](const std::vector<WritePtr>&) {
      database_.poisoned = left-- > 0 ? std::set<Uuid>{parent} : std::set<Uuid>{};
    };
  }
  StartChild(plans_.Add("outputs 8\nnode a noop\nedge start -> a"));
  EXPECT_FALSE(database_.closed.contains(id));
  EXPECT_EQ(ReasonOf(child_answers_.at(0)), "EXECUTION_REFUSED");
  EXPECT_EQ(StateOf(parent), kCanceled);
  EXPECT_EQ(executor_->load.live(), 0);
}

// Nor where the parent is refused what it did before the child began. Whoever reads the parent next
// asks for the child again.
TEST_P(LaneControlTest, NorAfterItsParentWasRefused) {
  const Uuid parent = executor_->Start(plans_.Add(kParent), json::Object{{"x", 3}});
  executor_->Run();
  engine::PlanPtr inner = plans_.Add("outputs 8\nnode a noop\nedge start -> a");
  for (auto& store : executor_->stores) store->stalled = true;
  const int day = database_.live.at(parent).facts.start_day + 100;
  for (auto& committer : executor_->all) committer->Rehome(day);
  executor_->Run();
  const Uuid id = StartChild(inner);
  database_.poisoned = {parent};
  for (auto& store : executor_->stores) {
    store->stalled = false;
    store->reads_stalled = true;  // the parent does not come back
  }
  executor_->Run();
  EXPECT_FALSE(database_.closed.contains(id));
  EXPECT_EQ(ReasonOf(child_answers_.at(0)), "LANE_MOVED");
  EXPECT_EQ(executor_->load.live(), 0);
  database_.poisoned.clear();
  Restart();
  EXPECT_EQ(StartChild(inner), id);
  EXPECT_EQ(StateOf(id), kCompleted);
  EXPECT_EQ(StateOf(parent), kCompleted);
}

// Its parent was written, and its executor died before it could tell the parent.
TEST_P(LaneControlTest, AParentHearsFromItsNextOwnerThatItsChildWasRefused) {
  const Uuid parent = executor_->Start(plans_.Add(kParent), json::Object{{"x", 3}});
  executor_->Run();
  const Uuid id = executor_->children.at(0).child;
  database_.poisoned.insert(id);
  for (auto& store : executor_->stores) {
    store->on_commit = [&store = *store, id](const std::vector<WritePtr>& writes) {
      store.stalled = writes.size() == 1 && writes[0]->facts->id == id;
    };
  }
  StartChild(plans_.Add(kWaits));
  EXPECT_FALSE(database_.live.contains(id));
  EXPECT_TRUE(database_.live.contains(parent));
  Restart();
  EXPECT_EQ(StateOf(parent), kFailed);
  EXPECT_EQ(executor_->load.live(), 0);
}

TEST_P(LaneControlTest, AChildThatCannotBeStartedNowIsAskedForLater) {
  const Uuid parent = executor_->Start(plans_.Add(kParent), json::Object{{"x", 3}});
  executor_->Run();
  executor_->children.clear();
  ASSERT_TRUE(executor_->router->Post(ChildLaterItem{parent, "acme", "c", 1}).ok());
  executor_->Run();
  EXPECT_TRUE(executor_->children.empty());
  Advance(1'000'000);
  EXPECT_EQ(executor_->children.size(), 1u);
}

INSTANTIATE_TEST_SUITE_P(Committers, LaneControlTest, ::testing::Values(1, 3));

}  // namespace
}  // namespace agentflow::executor
