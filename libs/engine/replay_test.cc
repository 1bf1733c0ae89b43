#include "libs/engine/replay.h"

#include <gtest/gtest.h>

#include "libs/base/status.h"
#include "libs/engine/rebase.h"
#include "libs/engine/testing/describe.h"
#include "libs/engine/testing/plan_text.h"

namespace agentflow::engine {
namespace {

// With a hash of its own.
PlanPtr PlanOf(const std::string& text) {
  auto plan = std::make_shared<workflow::Plan>(*testing::PlanOf(text));
  plan->hash = text;
  return plan;
}

constexpr UnixMicros kNow = 1'700'000'000'000'000;

// One execution and its journal.
struct Past {
  explicit Past(const std::string& text) : plan(PlanOf(text)) {
    auto info = std::make_shared<StartInfo>();
    info->plan_hash = plan->hash;
    info->version = 1;
    info->input = json::Object{{"x", 5}};
    Do(StartExecution{plan, std::move(info)});
  }

  void Do(CommandBody body) {
    auto decision = Advance(state, {now += 1'000'000, 0, "users/x", std::move(body)});
    AF_CHECK(decision.ok());
    for (const Event& event : decision->events) {
      if (!IsVolatile(event)) events.push_back(event);
    }
  }
  StepRef Step(const std::string& key) { return *FindStep(state, key); }
  void Complete(const std::string& key, json::Value output) {
    uint32_t attempt = state.step(Step(key)).attempt;
    Do(ClaimTask{Step(key), attempt, "w1"});
    Do(CompleteTask{Step(key), attempt, std::move(output)});
  }
  void Fail(const std::string& key) {
    Do(FailTask{Step(key), state.step(Step(key)).attempt, "BAD", "it broke", true});
  }

  ReplayReport As(const std::string& text) const {
    auto report = ReplayDecisions(plan, events, {PlanOf(text), 2});
    AF_CHECK(report.ok());
    return *std::move(report);
  }

  PlanPtr plan;
  ExecutionState state;
  std::vector<Event> events;
  UnixMicros now = kNow;
};

constexpr char kChain[] =
    "outputs {\"r\": \"=nodes.b.output\"}\n"
    "node a task attempts=2 initial=1s\n"
    "node b task input=\"=nodes.a.output\"\n"
    "edge start -> a\nedge a -> b\n";

Past Chain() {
  Past run(kChain);
  run.Fail("a");
  run.now += 2'000'000;
  run.Complete("a", 3);
  run.Complete("b", 4);
  return run;
}

std::string With(std::string text, std::string_view from, std::string_view to) {
  const size_t at = text.find(from);
  AF_CHECK(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

TEST(ReplayDecisions, TheSameVersionDecidesTheSame) {
  Past run = Chain();
  ReplayReport report = run.As(kChain);
  EXPECT_FALSE(report.divergence);
  EXPECT_EQ(report.same, run.events.size());
  EXPECT_TRUE(testing::Same(report.state, run.state));
  EXPECT_TRUE(report.not_recorded.empty() && report.not_used.empty());
}

TEST(ReplayDecisions, NamesTheFirstDecisionThatIsAnotherOne) {
  Past run = Chain();
  ReplayReport report = run.As(With(kChain, "\"=nodes.a.output\"", "\"=inputs.x\""));
  ASSERT_TRUE(report.divergence);
  EXPECT_EQ(report.divergence->step, "b");
  EXPECT_EQ(report.divergence->node, "b");
  EXPECT_EQ(report.divergence->sequence, report.same + 1);
  EXPECT_NE(report.divergence->expected.find("input 3"), std::string::npos);
  EXPECT_NE(report.divergence->found.find("input 5"), std::string::npos);
  // And goes on with what is recorded.
  EXPECT_EQ(report.state.phase, Phase::kCompleted);
  EXPECT_EQ(json::Dump(report.state.output), R"({"r":4})");
  EXPECT_TRUE(report.not_recorded.empty() && report.not_used.empty());
}

TEST(ReplayDecisions, StopsAtStepsForWhichNothingIsRecorded) {
  Past run = Chain();
  std::string changed = With(kChain, "edge a -> b\n", "node c task\nedge a -> c\nedge c -> b\n");
  ReplayReport report = run.As(changed);
  ASSERT_TRUE(report.divergence);
  EXPECT_EQ(report.divergence->step, "c");
  EXPECT_TRUE(report.divergence->expected.starts_with("StepScheduled of b"));
  EXPECT_TRUE(report.divergence->found.starts_with("StepScheduled of c"));
  EXPECT_EQ(PhaseOf(report.state), Phase::kRunning);
  EXPECT_EQ(report.not_recorded, std::vector<std::string>{"c"});
  ASSERT_EQ(report.not_used.size(), 1u);
  EXPECT_TRUE(report.not_used[0].starts_with("StepCompleted of b")) << report.not_used[0];
}

TEST(ReplayDecisions, GivesTheRecordedFailureToAPolicyThatHandlesItOtherwise) {
  Past run(kChain);
  run.Fail("a");
  run.now += 2'000'000;
  run.Fail("a");
  ASSERT_EQ(run.state.phase, Phase::kFailed);
  ReplayReport once = run.As(With(kChain, "attempts=2", "attempts=1"));
  ASSERT_TRUE(once.divergence);
  EXPECT_TRUE(once.divergence->expected.starts_with("AttemptFailed of a"));
  EXPECT_TRUE(once.divergence->found.starts_with("StepFailed of a"));
  EXPECT_EQ(once.not_used.size(), 1u);
  ReplayReport more = run.As(With(kChain, "attempts=2", "attempts=3"));
  ASSERT_TRUE(more.divergence);
  EXPECT_TRUE(more.divergence->expected.starts_with("StepFailed of a"));
  EXPECT_TRUE(more.divergence->found.starts_with("AttemptFailed of a"));
  EXPECT_EQ(more.not_recorded, std::vector<std::string>{"a"});
}

TEST(ReplayDecisions, SignalsTimersApprovalsChildrenAndControlsAnswerAsRecorded) {
  const std::string text =
      "node w wait duration=5s\nnode s signal name=paid\nnode p approval by=\"user:ann\"\n"
      "node c child workflow=other\nnode z transform value=\"=nodes.s.output\"\n"
      "edge start -> w\nedge w -> s\nedge s -> p\nedge p.approved -> c\nedge c -> z\n";
  Past run(text);
  run.Do(PauseExecution{"lunch", "p1"});
  run.Do(ResumeExecution{.id = "r1"});
  run.now += 10'000'000;
  run.Do(FireTimer{{TimerKind::kWait, run.Step("w"), 0}});
  run.Do(SignalExecution{"paid", 7, "id-1"});
  run.Do(DecideApproval{run.Step("p"), true, "users/ann", "fine", {}});
  Uuid child = *Uuid::Parse("00000000-0000-4000-8000-00000000000c");
  run.Do(ChildStarted{run.Step("c"), 1, child, 1});
  run.Do(ChildEnded{run.Step("c"), 1, child, Phase::kCompleted, 1, {}});
  ASSERT_EQ(run.state.phase, Phase::kCompleted);
  EXPECT_FALSE(run.As(text).divergence);
  // The timer fires when the new version wants it, and everything after it still answers.
  ReplayReport longer = run.As(With(text, "duration=5s", "duration=1h"));
  ASSERT_TRUE(longer.divergence);
  EXPECT_EQ(longer.divergence->step, "w");
  EXPECT_EQ(longer.state.phase, Phase::kCompleted);
  EXPECT_TRUE(longer.not_used.empty());
}

TEST(ReplayDecisions, OneThatStillRunsEndsWhereItsJournalDoes) {
  Past run(kChain);
  run.Complete("a", 3);
  ReplayReport report = run.As(kChain);
  EXPECT_FALSE(report.divergence);
  EXPECT_EQ(report.not_recorded, std::vector<std::string>{"b"});
}

TEST(ReplayDecisions, ATimeoutThatIsAnotherOneDiverges) {
  Past run = Chain();
  ReplayReport report = run.As("timeout 1h\n" + std::string(kChain));
  ASSERT_TRUE(report.divergence);
  EXPECT_EQ(report.divergence->sequence, 1u);
  EXPECT_EQ(report.divergence->step, "");
  EXPECT_EQ(report.state.phase, Phase::kCompleted);
}

TEST(ReplayDecisions, BeginsWhereTheLastMigrationPutIt) {
  Past run(kChain);
  run.Complete("a", 3);
  const std::string changed =
      With(kChain, "edge a -> b\n", "node c noop\nedge a -> b\nedge b -> c\n");
  PlanPtr moved = PlanOf(changed);
  run.Do(MigrateExecution{moved, {}, 2});
  run.Complete("b", 4);
  ASSERT_EQ(run.state.phase, Phase::kCompleted);
  auto report = ReplayDecisions(moved, run.events, {moved, 2});
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_FALSE(report->divergence);
  EXPECT_TRUE(testing::Same(report->state, run.state));
  auto back = ReplayDecisions(moved, run.events, {run.plan, 1});
  ASSERT_TRUE(back.ok()) << back.status();
  ASSERT_TRUE(back->divergence);
  EXPECT_EQ(back->divergence->step, "c");
  EXPECT_EQ(back->state.phase, Phase::kCompleted);
}

TEST(ReplayDecisions, RefusesAJournalWithoutAStart) {
  EXPECT_EQ(ReasonOf(ReplayDecisions(PlanOf(kChain), {}, {PlanOf(kChain)}).status()),
            "EXECUTION_UNKNOWN");
  Past run = Chain();
  auto tail = std::span<const Event>(run.events).subspan(1);
  EXPECT_EQ(ReasonOf(ReplayDecisions(run.plan, tail, {run.plan}).status()), "EXECUTION_UNKNOWN");
}

}  // namespace
}  // namespace agentflow::engine
