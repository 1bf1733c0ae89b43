#include "libs/engine/engine.h"

#include <gtest/gtest.h>

#include "libs/base/status.h"
#include "libs/engine/codec.h"
#include "libs/engine/retry.h"
#include "libs/engine/testing/describe.h"
#include "libs/engine/testing/plan_text.h"
#include "libs/engine/time_text.h"
#include "libs/engine/wire.h"

namespace agentflow::engine {
namespace {

using testing::PlanOf;

constexpr UnixMicros kNow = 1'700'000'000'000'000;

std::shared_ptr<StartInfo> Info(const PlanPtr& plan, json::Value input = {}) {
  auto info = std::make_shared<StartInfo>();
  info->id = *Uuid::Parse("00000000-0000-4000-8000-000000000001");
  info->tenant = "acme";
  info->plan_hash = plan->hash;
  info->input = std::move(input);
  return info;
}

ExecutionState Started(const PlanPtr& plan, json::Value input = {}) {
  ExecutionState state;
  AF_CHECK(Advance(state, {kNow, 0, "", StartExecution{plan, Info(plan, std::move(input))}}).ok());
  return state;
}

// How three in-edges end ('T' taken, 'D' dead, in this order) and when the join decides:
// "wait", "run" or "skip" after each.
struct JoinRow {
  const char* join;
  const char* ends;
  std::vector<std::string> expected;
};

class Joins : public ::testing::TestWithParam<JoinRow> {};

TEST_P(Joins, DecideByHowTheirEdgesEnd) {
  const JoinRow& row = GetParam();
  PlanPtr plan = PlanOf(
      "node a task onError=continue continuePort=none\n"
      "node b task onError=continue continuePort=none\n"
      "node c task onError=continue continuePort=none\n"
      "node end task " +
      std::string(row.join) +
      "\n"
      "edge start -> a\nedge start -> b\nedge start -> c\n"
      "edge a -> end\nedge b -> end\nedge c -> end\n");
  ExecutionState state = Started(plan);
  for (int i = 0; i < 3; ++i) {
    StepRef source{0, plan->FindNode(std::string(1, static_cast<char>('a' + i)))};
    CommandBody body = row.ends[i] == 'T' ? CommandBody(CompleteTask{source, 1, 1})
                                          : CommandBody(FailTask{source, 1, "X", "", false});
    ASSERT_TRUE(Advance(state, {kNow, 0, "", body}).ok());
    StepState end = state.step({0, plan->FindNode("end")}).state;
    std::string got = end == StepState::kPending ? "wait"
                      : end == StepState::kReady ? "run"
                                                 : "skip";
    EXPECT_EQ(got, row.expected[i]) << row.join << " " << row.ends << " after " << i + 1;
  }
}

INSTANTIATE_TEST_SUITE_P(TruthTable, Joins,
                         ::testing::Values(JoinRow{"", "TTT", {"wait", "wait", "run"}},
                                           JoinRow{"", "TTD", {"wait", "wait", "run"}},
                                           JoinRow{"", "TDD", {"wait", "wait", "run"}},
                                           JoinRow{"", "DDT", {"wait", "wait", "run"}},
                                           JoinRow{"", "DTD", {"wait", "wait", "run"}},
                                           JoinRow{"", "DDD", {"wait", "wait", "skip"}},
                                           JoinRow{"join=any", "TTT", {"run", "run", "run"}},
                                           JoinRow{"join=any", "DTT", {"wait", "run", "run"}},
                                           JoinRow{"join=any", "DDT", {"wait", "wait", "run"}},
                                           JoinRow{"join=any", "DDD", {"wait", "wait", "skip"}},
                                           JoinRow{"join=1", "DTD", {"wait", "run", "run"}},
                                           JoinRow{"join=1", "DDD", {"wait", "wait", "skip"}},
                                           JoinRow{"join=2", "TTT", {"wait", "run", "run"}},
                                           JoinRow{"join=2", "TDT", {"wait", "wait", "run"}},
                                           JoinRow{"join=2", "DTT", {"wait", "wait", "run"}},
                                           JoinRow{"join=2", "TDD", {"wait", "wait", "skip"}},
                                           JoinRow{"join=2", "DDT", {"wait", "skip", "skip"}},
                                           JoinRow{"join=3", "TTT", {"wait", "wait", "run"}},
                                           JoinRow{"join=3", "DTT", {"skip", "skip", "skip"}},
                                           JoinRow{"join=3", "TTD", {"wait", "wait", "skip"}}));

struct DelayRow {
  workflow::Backoff backoff;
  double factor;
  uint32_t failures;
  int64_t expected_ms;
};

TEST(Retry, DelaysByBackoff) {
  using workflow::Backoff;
  const DelayRow rows[] = {
      {Backoff::kFixed, 2, 1, 1000},        {Backoff::kFixed, 2, 7, 1000},
      {Backoff::kLinear, 2, 1, 1000},       {Backoff::kLinear, 2, 3, 3000},
      {Backoff::kLinear, 2, 1000, 60000},   {Backoff::kExponential, 2, 1, 1000},
      {Backoff::kExponential, 2, 4, 8000},  {Backoff::kExponential, 3, 3, 9000},
      {Backoff::kExponential, 2, 7, 60000}, {Backoff::kExponential, 10, 4'000'000'000u, 60000},
  };
  for (const DelayRow& row : rows) {
    workflow::Retry retry;
    retry.backoff = row.backoff;
    retry.factor = row.factor;
    retry.initial = 1'000'000;
    retry.max = 60'000'000;
    retry.jitter = workflow::Jitter::kNone;
    EXPECT_EQ(RetryDelay(retry, row.failures, 0), row.expected_ms * 1000) << row.failures;
  }
}

TEST(Retry, FullJitterIsEvenBetweenZeroAndTheDelay) {
  workflow::Retry retry;
  retry.initial = 1'000'000;
  EXPECT_EQ(RetryDelay(retry, 1, 0), 0);
  EXPECT_EQ(RetryDelay(retry, 1, UINT64_MAX / 4), 250'000);
  EXPECT_EQ(RetryDelay(retry, 1, UINT64_MAX / 2), 500'000);
  EXPECT_LE(RetryDelay(retry, 1, UINT64_MAX), 1'000'000);
}

TEST(Retry, ReasonsDecide) {
  workflow::Retry all;
  EXPECT_TRUE(MayRetry(all, "X", true));
  EXPECT_FALSE(MayRetry(all, "X", false));
  workflow::Retry some;
  some.retry_on = {"HTTP_5*", "BUSY"};
  some.except_on = {"HTTP_501"};
  EXPECT_TRUE(MayRetry(some, "HTTP_503", false));
  EXPECT_TRUE(MayRetry(some, "BUSY", true));
  EXPECT_FALSE(MayRetry(some, "HTTP_501", true));
  EXPECT_FALSE(MayRetry(some, "BUSY_NOT", true));
}

TEST(TimeText, ReadsSpans) {
  EXPECT_EQ(ParseSpan("90s"), 90'000'000);
  EXPECT_EQ(ParseSpan("1h30m"), 5'400'000'000);
  EXPECT_EQ(ParseSpan("1.5s"), 1'500'000);
  EXPECT_EQ(ParseSpan("250ms"), 250'000);
  EXPECT_EQ(ParseSpan("2d"), 172'800'000'000);
  EXPECT_EQ(ParseSpan("5us"), 5);
  for (const char* text : {"", "5", "s", "-5s", "5 s", "5x", "1e3s", "9999999999999d", "1.2.3s"}) {
    EXPECT_FALSE(ParseSpan(text)) << text;
  }
}

TEST(TimeText, ReadsAndWritesTimestamps) {
  EXPECT_EQ(ParseTimestamp("2023-11-14T22:13:20Z"), kNow);
  EXPECT_EQ(ParseTimestamp("2023-11-14T23:13:20.5+01:00"), kNow + 500'000);
  EXPECT_EQ(ParseTimestamp("1969-12-31T23:59:59.999999Z"), -1);
  EXPECT_EQ(FormatTimestamp(kNow), "2023-11-14T22:13:20Z");
  EXPECT_EQ(FormatTimestamp(kNow + 500'000), "2023-11-14T22:13:20.500Z");
  EXPECT_EQ(FormatTimestamp(-1), "1969-12-31T23:59:59.999999Z");
  for (const char* text : {"", "2023-11-14", "2023-02-29T00:00:00Z", "2023-11-14T22:13:20",
                           "2023-13-01T00:00:00Z", "2023-11-14T24:00:00Z", "yesterday"}) {
    EXPECT_FALSE(ParseTimestamp(text)) << text;
  }
}

TEST(Engine, TimeNeverRunsBack) {
  PlanPtr plan = PlanOf("node a task\nnode b task\nedge start -> a\nedge a -> b\n");
  ExecutionState state = Started(plan);
  auto decision = Advance(state, {kNow - 5'000'000, 0, "", CompleteTask{{0, 0}, 1, 1}});
  ASSERT_TRUE(decision.ok());
  EXPECT_EQ(decision->events[0].time, kNow);
}

TEST(Engine, DecideLeavesTheStateAlone) {
  PlanPtr plan = PlanOf("node a task\nnode b noop\nedge start -> a\nedge a -> b\n");
  ExecutionState state = Started(plan);
  std::string before = EncodeState(state);
  ASSERT_TRUE(Decide(state, {kNow, 0, "", CompleteTask{{0, 0}, 1, 1}}).ok());
  EXPECT_EQ(EncodeState(state), before);
}

TEST(Engine, ApplyIgnoresWhatDoesNotFit) {
  PlanPtr plan = PlanOf("node a task\nnode b noop\nedge start -> a\nedge a -> b\n");
  const ExecutionState started = Started(plan);
  const EventBody strange[] = {
      StepCompleted{{7, 0}, 1, 0, 1, 0},
      StepCompleted{{0, 99}, 1, 0, 1, 0},
      StepScheduled{{0, 0}, nullptr, 0},
      StepClaimed{{0, 0}, 9, "w"},
      AttemptFailed{{0, 0}, 9, {}, 0},
      ActivationOpened{1, 0, {0, 0}, 0, {}},
      ActivationOpened{5, 3, {0, 9}, 0, {}},
      ActivationClosed{0},
      ActivationClosed{3},
      ExecutionStarted{nullptr, 0},
      ContainerStarted{{0, 0}, {}, 1, 1},
      StepSkipped{{0, 0}},
  };
  for (const EventBody& body : strange) {
    ExecutionState state = started;
    Apply(state, Event{state.sequence + 1, kNow, body});
    EXPECT_EQ(testing::Describe(state).substr(20), testing::Describe(started).substr(20));
    EXPECT_EQ(state.active, started.active);
  }
  ExecutionState state = started;
  Apply(state, Event{state.sequence + 2, kNow, StepCompleted{{0, 0}, 1, 0, 1, 0}});
  EXPECT_EQ(EncodeState(state), EncodeState(started)) << "a gap in the sequence";
}

TEST(Engine, OutstandingIsWhatANewOwnerMustDo) {
  PlanPtr plan = PlanOf(
      "timeout 1h\nnode a task scheduleToClose=10m\nnode b wait duration=5m\n"
      "node c noop checkpoint\nedge start -> a\nedge start -> b\nedge start -> c\n");
  ExecutionState state = Started(plan);
  std::string text;
  for (const Action& action : Outstanding(state)) text += testing::Describe(state, action);
  EXPECT_EQ(text,
            "  ! StartTimer execution at=+3600s (0)\n"
            "  ! OfferTask a attempt=1 ready=+0s (0)\n"
            "  ! StartTimer scheduleToClose a at=+600s (0)\n"
            "  ! StartTimer wait b at=+300s (0)\n"
            "  ! RunInProcess c attempt=1 (0)\n");
}

TEST(Engine, ViewsShowStepsAsTheApiDoes) {
  PlanPtr plan = PlanOf("node a task\nnode b noop\nedge start -> a\nedge a -> b\n");
  ExecutionState state = Started(plan);
  StepRef a{0, 0};
  ASSERT_TRUE(Advance(state, {kNow + 1, 0, "", ClaimTask{a, 1, "w1"}}).ok());
  StepView view = View(state, a);
  EXPECT_EQ(view.node, "a");
  EXPECT_EQ(view.type, "test.task@1");
  EXPECT_EQ(view.step->state, StepState::kRunning);
  EXPECT_EQ(view.start_time, kNow + 1);
  EXPECT_EQ(ListSteps(state), std::vector<StepRef>{a});
  ASSERT_TRUE(Advance(state, {kNow + 5, 0, "", CompleteTask{a, 1, 1}}).ok());
  EXPECT_EQ(View(state, a).start_time, kNow + 1) << "the claim is kept with the result";
  EXPECT_EQ(View(state, a).end_time, kNow + 5);
  ASSERT_TRUE(FindStep(state, "b").ok());
  EXPECT_EQ(ReasonOf(FindStep(state, "b#1").status()), "STEP_UNKNOWN");
  EXPECT_EQ(ReasonOf(FindStep(state, "x").status()), "STEP_UNKNOWN");
}

TEST(Engine, AGraphOfTenThousandNodesRunsInBoundedDecisions) {
  std::string text = "node n0 noop\nedge start -> n0\n";
  for (int i = 1; i < 10'000; ++i) {
    std::string id = "n" + std::to_string(i);
    text += "node " + id + " noop\nedge n" + std::to_string(i / 2) + " -> " + id + "\n";
  }
  PlanPtr plan = PlanOf(text);
  ExecutionState state;
  auto decision = Advance(state, {kNow, 0, "", StartExecution{plan, Info(plan)}});
  int continues = 0;
  while (decision.ok() && decision->more) {
    EXPECT_LE(decision->events.size(), 257u);
    decision = Advance(state, {kNow, 0, "", Continue{}});
    ++continues;
  }
  EXPECT_EQ(state.phase, Phase::kCompleted);
  EXPECT_EQ(continues, 10'000 / 256);
}

TEST(TimerIds, GoThroughBytes) {
  TimerId id{TimerKind::kStartToClose, {3, 70'000}, 12};
  EXPECT_EQ(DecodeTimerId(Encode(id)), id);
  EXPECT_FALSE(DecodeTimerId(""));
  EXPECT_FALSE(DecodeTimerId("\x09\x01\x01\x01"));
  EXPECT_FALSE(DecodeTimerId(Encode(id) + "x"));
}

// --- Codec

std::vector<Event> OneOfEach() {
  auto info = std::make_shared<StartInfo>();
  info->id = *Uuid::Parse("00000000-0000-4000-8000-000000000001");
  info->tenant = "acme";
  info->principal = "users/u";
  info->workflow = "workflows/w";
  info->version = 3;
  info->plan_hash = "h";
  info->mode = Mode::kTest;
  info->priority = 1;
  info->input = json::Object{{"a", json::Array{1, 1.0, "x", nullptr, true, false, -5}}};
  info->labels = {{"k", "v"}, {"l", ""}};
  info->connections = json::Object{{"crm", json::Object{{"url", "http://x"}}}};
  info->trace_id = "trace";
  info->request_id = "r-1";
  info->business_key = "order 17";
  info->strict = true;
  auto offer = std::make_shared<Offer>(Offer{"agent", json::Object{{"t", 1.5}}, "key", 30});
  Error error{"REASON", "message", "node"};
  std::vector<EventBody> bodies = {
      ExecutionStarted{info, 5},
      StepScheduled{{1, 2}, offer, 3, 4, false},
      StepScheduled{{0, 0}, nullptr, 3, 0, true},
      StepClaimed{{1, 2}, 3, "holder", 9},
      StepWaiting{{1, 2}, 77},
      StepCompleted{{1, 2}, 3, workflow::kNoPort, "out", 8},
      AttemptFailed{{1, 2}, 3, error, 99, true},
      StepFailed{{1, 2}, 3, error, workflow::kErrorPort, 8},
      StepSkipped{{1, 2}},
      StepCanceled{{1, 2}, "CANCEL_REST"},
      ActivationOpened{4, 2, {1, 2}, 7, json::Object{{"i", 1}}},
      ActivationClosed{4, json::Array{1}, error},
      ContainerStarted{{1, 2}, json::Array{1, 2}, 2, 7},
      ExecutionCompleted{json::Array{1, 2}},
      ExecutionFailed{error},
      ExecutionCanceled{"users/u", "cause"},
      ExecutionTimedOut{},
  };
  std::vector<Event> events;
  for (EventBody& body : bodies) {
    events.push_back({events.size() + 1, kNow + static_cast<int64_t>(events.size()), body});
  }
  return events;
}

TEST(Codec, EveryEventGoesThroughBytes) {
  std::vector<Event> events = OneOfEach();
  std::string record = EncodeEvents(events);
  auto decoded = DecodeEvents(record);
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  ASSERT_EQ(decoded->size(), events.size());
  EXPECT_EQ(EncodeEvents(*decoded), record);
  for (size_t i = 0; i < events.size(); ++i) {
    EXPECT_EQ((*decoded)[i].body.index(), events[i].body.index());
    EXPECT_EQ((*decoded)[i].sequence, events[i].sequence);
    EXPECT_EQ((*decoded)[i].time, events[i].time);
  }
  EXPECT_EQ(*std::get<ExecutionStarted>((*decoded)[0].body).info,
            *std::get<ExecutionStarted>(events[0].body).info);
  EXPECT_EQ(std::get<StepFailed>((*decoded)[7].body).error.message, "message");
  EXPECT_EQ(std::get<StepFailed>((*decoded)[7].body).port, workflow::kErrorPort);
}

TEST(Codec, IntsAndDoublesStayApart) {
  for (const json::Value& value :
       {json::Value(1), json::Value(1.0), json::Value(-0.5), json::Value(json::kMaxExactInt),
        json::Value("é"), json::Value(json::Array{}), json::Value(json::Object{})}) {
    std::string bytes;
    EncodeValue(value, &bytes);
    auto read = DecodeValue(bytes);
    ASSERT_TRUE(read.ok());
    EXPECT_EQ(read->kind(), value.kind());
    EXPECT_EQ(*read, value);
  }
}

TEST(Codec, UnknownFieldsAreSkipped) {
  std::string event;
  WireWriter out(&event);
  out.Number(1, 8);  // StepSkipped
  out.Number(2, 5);
  out.Signed(3, kNow);
  out.Number(5, 1);
  out.Number(900, 42);
  out.Bytes(901, "from a newer build");
  std::string record;
  WriteVarint(event.size(), &record);
  record += event;
  auto events = DecodeEvents(record);
  ASSERT_TRUE(events.ok()) << events.status();
  EXPECT_EQ(std::get<StepSkipped>((*events)[0].body).step, (StepRef{0, 1}));
}

TEST(Codec, UnknownEventsAreRefused) {
  std::string event;
  WireWriter(&event).Number(1, 200);
  std::string record;
  WriteVarint(event.size(), &record);
  EXPECT_EQ(ReasonOf(DecodeEvents(record + event).status()), "EVENT_UNKNOWN");
}

TEST(Codec, BrokenBytesAreAnErrorAndNothingWorse) {
  std::string record = EncodeEvents(OneOfEach());
  for (size_t size = 1; size < record.size(); ++size) {
    auto events = DecodeEvents(record.substr(0, size));
    if (!events.ok()) {
      EXPECT_EQ(ReasonOf(events.status()), "RECORD_CORRUPT");
    }
  }
  for (size_t i = 0; i < record.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string flipped = record;
      flipped[i] = static_cast<char>(flipped[i] ^ (1 << bit));
      DecodeEvents(flipped).IgnoreError();
    }
  }
}

TEST(Codec, BrokenSnapshotsAreAnErrorAndNothingWorse) {
  PlanPtr plan = PlanOf("node a task\nnode b wait duration=5m\nedge start -> a\nedge start -> b\n");
  std::string bytes = EncodeState(Started(plan, json::Object{{"x", 1}}));
  for (size_t i = 0; i < bytes.size(); ++i) {
    DecodeState(plan, bytes.substr(0, i)).IgnoreError();
    for (int bit = 0; bit < 8; ++bit) {
      std::string flipped = bytes;
      flipped[i] = static_cast<char>(flipped[i] ^ (1 << bit));
      auto state = DecodeState(plan, flipped);
      if (state.ok()) testing::Describe(*state);
    }
  }
  EXPECT_EQ(ReasonOf(DecodeState(plan, "\x08\x01\x10").status()), "SNAPSHOT_CORRUPT");
  PlanPtr other = PlanOf("node a noop\nedge start -> a\n");
  auto renamed = std::make_shared<workflow::Plan>(*other);
  renamed->hash = "another";
  EXPECT_EQ(ReasonOf(DecodeState(renamed, bytes).status()), "PLAN_MISMATCH");
}

}  // namespace
}  // namespace agentflow::engine
