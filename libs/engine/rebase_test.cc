#include "libs/engine/rebase.h"

#include <gtest/gtest.h>

#include "libs/base/status.h"
#include "libs/engine/codec.h"
#include "libs/engine/engine.h"
#include "libs/engine/testing/describe.h"
#include "libs/engine/testing/plan_text.h"

namespace agentflow::engine {
namespace {

using testing::PlanOf;

constexpr UnixMicros kNow = 1'700'000'000'000'000;

// One execution and its journal.
struct Play {
  explicit Play(PlanPtr p) : plan(std::move(p)) {}

  std::shared_ptr<StartInfo> Info(json::Value input = {}) const {
    auto info = std::make_shared<StartInfo>();
    info->workflow = "workflows/test";
    info->plan_hash = plan->hash;
    info->input = std::move(input);
    return info;
  }

  absl::StatusOr<Decision> Try(CommandBody body) {
    auto decision = Advance(state, {now += 1'000'000, 0, "users/x", std::move(body)});
    if (!decision.ok()) return decision;
    for (const Event& event : decision->events) {
      if (!IsVolatile(event)) events.push_back(event);
    }
    EXPECT_EQ(testing::BrokenInvariant(state, *decision), "");
    return decision;
  }

  Decision Do(CommandBody body) {
    auto decision = Try(std::move(body));
    AF_CHECK(decision.ok());
    return *std::move(decision);
  }

  void Start(json::Value input = {}) { Do(StartExecution{plan, Info(std::move(input))}); }
  StepRef Step(const std::string& key) { return *FindStep(state, key); }
  void Complete(const std::string& key, json::Value output = {}) {
    Do(CompleteTask{Step(key), state.step(Step(key)).attempt, std::move(output)});
  }
  void Fail(const std::string& key) {
    Do(FailTask{Step(key), state.step(Step(key)).attempt, "BAD", "it broke", false});
  }
  StepState State(const std::string& key) { return state.step(Step(key)).state; }

  PlanPtr plan;
  ExecutionState state;
  std::vector<Event> events;
  UnixMicros now = kNow;
};

// The last checkpoint at which `step` had ended.
uint64_t After(const Play& run, const std::string& step) {
  for (const Checkpoint& point : Checkpoints(run.plan, run.events)) {
    if (point.step == step) return point.sequence;
  }
  return 0;
}

Play Forked(const Play& from, uint64_t sequence, Origin::Kind kind,
            std::map<std::string, json::Value> outputs = {}, json::Value input = {}) {
  Play run(from.plan);
  auto info = run.Info(std::move(input));
  info->origin = {kind, "executions/source", sequence};
  auto fork = Fork(from.plan, from.events, sequence, {info, std::move(outputs)});
  EXPECT_TRUE(fork.ok()) << fork.status();
  run.Do(StartForked{run.plan, info, std::make_shared<ExecutionState>(*fork)});
  return run;
}

const char* const kChain =
    "outputs {\"a\": \"=nodes.a.output\", \"c\": \"=nodes.c.output\"}\n"
    "node a task compensate=undo_a\n"
    "node undo_a task compensation\n"
    "node b task input=\"=inputs\"\n"
    "node c task input=\"=nodes.a.output\" onError=compensate\n"
    "edge start -> a\nedge start -> b\nedge a -> c\nedge b -> c\n";

TEST(Checkpoints, AreTheStartAndTheEndsOfSteps) {
  Play run(PlanOf(kChain));
  run.Start();
  run.Complete("b");
  run.Complete("a", 1);
  run.Fail("c");
  std::string text;
  for (const Checkpoint& point : Checkpoints(run.plan, run.events)) {
    text += std::to_string(point.sequence) + " " + point.what + " " + point.step + "\n";
  }
  // Not after the failure that ends it, and not while a is undone.
  EXPECT_EQ(text, "1 ExecutionStarted \n4 StepCompleted b\n5 StepCompleted a\n");
}

TEST(Fork, BeginsOpenStepsAgainWithOtherInputsAndOutputs) {
  Play run(PlanOf(kChain));
  run.Start("old");
  run.Complete("a", 1);
  run.Complete("b", 2);
  run.Complete("c", 3);
  Play fork = Forked(run, After(run, "a"), Origin::Kind::kFork, {{"a", 10}}, "new");
  EXPECT_EQ(fork.State("a"), StepState::kCompleted);
  EXPECT_EQ(fork.state.step(fork.Step("b")).offer->input, json::Value("new"));
  EXPECT_EQ(fork.state.step(fork.Step("b")).attempt, 1u);
  fork.Complete("b", 20);
  EXPECT_EQ(fork.state.step(fork.Step("c")).offer->input, json::Value(10));
  fork.Complete("c", 30);
  EXPECT_EQ(json::Dump(fork.state.output), R"({"a":10,"c":30})");
  EXPECT_EQ(fork.state.start->origin.execution, "executions/source");
  EXPECT_EQ(PlanHashOf(fork.events), run.plan->hash);
  EXPECT_TRUE(testing::Same(Replay(run.plan, fork.events), fork.state));
}

TEST(Fork, CompletesAnOpenStepWithAGivenOutput) {
  Play run(PlanOf(kChain));
  run.Start();
  Play fork = Forked(run, 1, Origin::Kind::kFork, {{"b", 7}});
  EXPECT_EQ(fork.State("b"), StepState::kCompleted);
  EXPECT_EQ(fork.State("a"), StepState::kReady);
}

TEST(Fork, RefusesWhatCannotBe) {
  Play run(PlanOf(kChain));
  run.Start();
  run.Complete("a", 1);
  auto reason = [&](uint64_t sequence, std::map<std::string, json::Value> outputs) {
    ForkRequest request{run.Info(), std::move(outputs), 100};
    return ReasonOf(Fork(run.plan, run.events, sequence, request).status());
  };
  EXPECT_EQ(reason(99, {}), "CHECKPOINT_UNKNOWN");
  EXPECT_EQ(reason(2, {}), "CHECKPOINT_UNKNOWN");  // in the middle of a decision
  EXPECT_EQ(reason(1, {{"nobody", 1}}), "STEP_UNKNOWN");
  EXPECT_EQ(reason(1, {{"c", 1}}), "STEP_NOT_COMPLETED");
  EXPECT_EQ(reason(1, {{"a", std::string(200, 'x')}}), "VALUE_TOO_LARGE");
}

TEST(Fork, KeepsTheRoundsOfAMapThatAreOver) {
  Play run(
      PlanOf("outputs {\"m\": \"=nodes.m.output\"}\n"
             "node m map items=[1,2,3] concurrency=2 output=\"=nodes.m.t.output\"\n"
             "node m.t task input=\"=item\"\nedge start -> m\nedge start -> m.t\n"));
  run.Start();
  run.Complete("m.t#0", 10);
  run.Complete("m.t#1", 20);
  Play fork = Forked(run, After(run, "m.t#0"), Origin::Kind::kFork);
  EXPECT_EQ(fork.State("m.t#0"), StepState::kCompleted);
  EXPECT_EQ(fork.State("m.t#1"), StepState::kReady);
  EXPECT_EQ(fork.State("m.t#2"), StepState::kReady);
  fork.Complete("m.t#1", 21);
  fork.Complete("m.t#2", 31);
  EXPECT_EQ(json::Dump(fork.state.output), R"({"m":[10,21,31]})");
}

TEST(Fork, DoesNotUndoWhatTheOtherExecutionDidButARetryDoes) {
  Play run(PlanOf(kChain));
  run.Start();
  run.Complete("a", 1);
  for (Origin::Kind kind : {Origin::Kind::kFork, Origin::Kind::kRetry}) {
    Play fork = Forked(run, After(run, "a"), kind);
    fork.Complete("b");
    fork.Fail("c");
    bool undoes = kind == Origin::Kind::kRetry;
    EXPECT_EQ(fork.state.phase, undoes ? Phase::kCompensating : Phase::kFailed);
    if (undoes) fork.Complete("undo_a");
    EXPECT_EQ(fork.State("a"), undoes ? StepState::kCompensated : StepState::kCompleted);
  }
}

TEST(RetryPoint, LiesBeforeTheFailureThatEndedIt) {
  Play run(
      PlanOf("node a task\nnode b task onError=continue\nnode c task\n"
             "edge start -> a\nedge a -> b\nedge b -> c\n"));
  run.Start();
  EXPECT_EQ(ReasonOf(RetryPoint(run.plan, run.events).status()), "EXECUTION_NOT_FAILED");
  run.Complete("a");
  run.Fail("b");
  run.Fail("c");
  auto point = RetryPoint(run.plan, run.events);
  ASSERT_TRUE(point.ok()) << point.status();
  EXPECT_EQ(*point, After(run, "b"));
  Play retry = Forked(run, *point, Origin::Kind::kRetry);
  EXPECT_EQ(retry.State("b"), StepState::kFailed);
  EXPECT_EQ(retry.State("c"), StepState::kReady);
  retry.Complete("c");
  EXPECT_EQ(retry.state.phase, Phase::kCompleted);
}

TEST(RetryPoint, LiesBeforeEverythingThatWasUndone) {
  Play run(PlanOf(kChain));
  run.Start();
  run.Complete("b");
  run.Complete("a", 1);
  run.Fail("c");
  run.Complete("undo_a");
  auto point = RetryPoint(run.plan, run.events);
  ASSERT_TRUE(point.ok()) << point.status();
  Play retry = Forked(run, *point, Origin::Kind::kRetry);
  EXPECT_EQ(retry.State("b"), StepState::kCompleted);
  EXPECT_EQ(retry.State("a"), StepState::kReady) << "it was undone, so it runs again";
}

TEST(RetryPoint, OfARoundThatFailedItsMap) {
  Play run(
      PlanOf("node m map items=[1,2,3] tolerated=0.4\nnode m.t task\n"
             "edge start -> m\nedge start -> m.t\n"));
  run.Start();
  run.Fail("m.t#0");
  run.Complete("m.t#1");
  run.Fail("m.t#2");
  Play retry = Forked(run, *RetryPoint(run.plan, run.events), Origin::Kind::kRetry);
  EXPECT_EQ(retry.State("m.t#0"), StepState::kFailed) << "it was tolerated";
  retry.Complete("m.t#2");
  EXPECT_EQ(retry.state.phase, Phase::kCompleted);
}

TEST(RetryPoint, OfACanceledExecutionIsWhereItWas) {
  Play run(PlanOf(kChain));
  run.Start();
  run.Complete("a", 1);
  run.Do(CancelExecution{"enough"});
  EXPECT_EQ(*RetryPoint(run.plan, run.events), After(run, "a"));
}

// The same document in another version: `text` with another hash.
PlanPtr Version(const std::string& text) {
  auto plan = std::make_shared<workflow::Plan>(*PlanOf(text));
  plan->hash = "hash-of-another";
  plan->workflow.clear();  // as those compiled from a document, which is known by its hash alone
  plan->version = 2;
  return plan;
}

TEST(Migrate, CountsJoinsAgainAndRunsWhatIsNew) {
  Play run(
      PlanOf("node a task\nnode b task\nnode c task\n"
             "edge start -> a\nedge start -> b\nedge a -> c\nedge b -> c\n"));
  run.Start();
  run.Complete("a");
  // c no longer waits for b, and d follows a.
  PlanPtr next = Version(
      "node a task\nnode b task\nnode c task\nnode d task\n"
      "edge start -> a\nedge start -> b\nedge a -> c\nedge a -> d\n");
  auto preview = Migrate(run.state, next, {});
  ASSERT_TRUE(preview.ok()) << preview.status();
  EXPECT_EQ(preview->kept, 2u);
  EXPECT_EQ(preview->added, std::vector<std::string>{"d"});
  EXPECT_EQ(run.State("b"), StepState::kReady) << "a preview changes nothing";
  Decision decision = run.Do(MigrateExecution{next, {}});
  EXPECT_TRUE(std::holds_alternative<ReloadExecution>(decision.actions[0].body));
  EXPECT_EQ(run.State("b"), StepState::kReady);
  EXPECT_EQ(run.State("c"), StepState::kReady);
  EXPECT_EQ(run.State("d"), StepState::kReady);
  EXPECT_EQ(run.state.start->version, 2);
  EXPECT_EQ(run.state.start->workflow, "workflows/test");
  EXPECT_EQ(PlanHashOf(run.events), "hash-of-another");
  EXPECT_TRUE(testing::Same(Replay(next, run.events), run.state));
  for (const char* step : {"b", "c", "d"}) run.Complete(step);
  EXPECT_EQ(run.state.phase, Phase::kCompleted);
}

TEST(Migrate, RefusesToLoseAStepThatHasBegun) {
  Play run(PlanOf("node a task\nnode w wait duration=5s\nedge start -> a\nedge start -> w\n"));
  run.Start();
  PlanPtr next = Version("node b task\nnode w task\nedge start -> b\nedge start -> w\n");
  auto refused = Migrate(run.state, next, {});
  EXPECT_EQ(ReasonOf(refused.status()), "MIGRATION_LOSES_STEP");
  EXPECT_NE(MessageOf(refused.status()).find("a (READY), w (WAITING)"), std::string::npos)
      << MessageOf(refused.status());
  EXPECT_EQ(ReasonOf(run.Try(MigrateExecution{next, {}}).status()), "MIGRATION_LOSES_STEP");
  EXPECT_EQ(run.state.plan, run.plan);
}

TEST(Migrate, FollowsAMappingIntoContainersAndTellsTheHolders) {
  Play run(
      PlanOf("node m map items=[1,2]\nnode m.t task\nnode gone noop\n"
             "edge start -> gone\nedge start -> m\nedge start -> m.t\n"));
  run.Start();
  run.Do(ClaimTask{run.Step("m.t#1"), 1, "w"});
  PlanPtr next = Version(
      "node n map items=[1,2]\nnode n.u task\nnode n.x task\n"
      "edge start -> n\nedge start -> n.u\nedge n.u -> n.x\n");
  Decision decision = run.Do(MigrateExecution{next, {{"m", "n"}, {"m.t", "n.u"}}});
  const auto* reload = std::get_if<ReloadExecution>(&decision.actions[0].body);
  ASSERT_NE(reload, nullptr);
  EXPECT_EQ(reload->dropped, (std::vector<ReloadExecution::Attempt>{{"m.t#0", 1}, {"m.t#1", 1}}));
  run.Complete("n.u#0");
  EXPECT_EQ(run.State("n.x#0"), StepState::kReady);
}

TEST(Migrate, RefusesMappingsThatCannotBe) {
  Play run(
      PlanOf("node a task\nnode b noop\nnode m map items=[1]\nnode m.t task\n"
             "edge start -> a\nedge start -> b\nedge start -> m\nedge start -> m.t\n"));
  run.Start();
  auto reason = [&](std::map<std::string, std::string> mapping) {
    return ReasonOf(Migrate(run.state, run.plan, mapping).status());
  };
  EXPECT_EQ(reason({}), "OK");
  EXPECT_EQ(reason({{"x", "a"}}), "MIGRATION_MAPPING_INVALID");
  EXPECT_EQ(reason({{"a", "x"}}), "MIGRATION_MAPPING_INVALID");
  EXPECT_EQ(reason({{"a", "b"}}), "MIGRATION_MAPPING_INVALID");    // where b is already
  EXPECT_EQ(reason({{"a", "m.t"}}), "MIGRATION_MAPPING_INVALID");  // into a container
}

TEST(Migrate, ReportsPortsAndCompensationsThatAreGone) {
  Play run(
      PlanOf("node r switch case.big=\"inputs.x > 1\" default=small\nnode t task\n"
             "node a noop compensate=u\nnode u noop compensation\nnode w wait duration=5s\n"
             "edge start -> r\nedge r.small -> t\nedge start -> a\nedge start -> w\n"));
  run.Start(json::Object{{"x", 9}});
  PlanPtr next = Version(
      "node r switch case.huge=\"inputs.x > 1\" default=small\nnode t task\n"
      "node a noop\nnode w wait duration=5s\n"
      "edge start -> r\nedge r.small -> t\nedge start -> a\nedge start -> w\n");
  auto preview = Migrate(run.state, next, {});
  ASSERT_TRUE(preview.ok()) << preview.status();
  ASSERT_EQ(preview->problems.size(), 2u);
  EXPECT_NE(preview->problems[0].find("big"), std::string::npos);
  EXPECT_NE(preview->problems[1].find("a could be undone"), std::string::npos);
}

TEST(Migrate, WaitsForTheEndOfUndoing) {
  Play run(PlanOf(kChain));
  run.Start();
  run.Complete("a");
  run.Complete("b");
  run.Fail("c");
  EXPECT_EQ(ReasonOf(Migrate(run.state, run.plan, {}).status()), "MIGRATION_UNDOING");
  run.Complete("undo_a");
  EXPECT_EQ(ReasonOf(Migrate(run.state, run.plan, {}).status()), "EXECUTION_OVER");
  EXPECT_EQ(ReasonOf(Migrate(ExecutionState(), run.plan, {}).status()), "EXECUTION_UNKNOWN");
}

TEST(Migrate, CompletesWhatHasNothingMoreToDo) {
  Play run(PlanOf("node a noop\nnode b task onError=pause\nedge start -> a\nedge start -> b\n"));
  run.Start();
  run.Fail("b");
  EXPECT_EQ(PhaseOf(run.state), Phase::kPaused);
  PlanPtr next = Version(
      "node a noop\nnode b task onError=pause\nnode c noop\n"
      "edge start -> a\nedge start -> b\nedge a -> c\n");
  run.Do(MigrateExecution{next, {}});
  EXPECT_EQ(PhaseOf(run.state), Phase::kPaused) << "nothing begins, c neither";
  EXPECT_EQ(run.State("c"), StepState::kPending);
  run.Do(ResumeExecution{{{"b", {HeldDecision::Kind::kComplete, 1, ""}}}});
  EXPECT_EQ(run.state.phase, Phase::kCompleted);
}

}  // namespace
}  // namespace agentflow::engine
