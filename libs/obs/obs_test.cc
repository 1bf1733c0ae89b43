#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "libs/json/value.h"
#include "libs/obs/log.h"
#include "libs/obs/metrics.h"
#include "libs/obs/trace.h"

namespace agentflow::obs {
namespace {

class LogTest : public ::testing::Test {
 protected:
  void Log(bool json, Level level = Level::kInfo) {
    InitLogging({.service = "test", .level = level, .json = json, .sink = [this](auto line) {
                   lines_.emplace_back(line);
                 }});
  }
  void TearDown() override { InitLogging({}); }

  std::vector<std::string> lines_;
};

TEST_F(LogTest, WritesOneJsonObjectALine) {
  Log(true);
  Info("execution started", {{"execution", "e\"1\n"}, {"steps", 3}, {"ok", true}, {"share", 0.5}});
  ASSERT_EQ(lines_.size(), 1u);
  json::Value line = *json::Parse(lines_[0]);
  EXPECT_EQ(line.StringOr("message"), "execution started");
  EXPECT_EQ(line.StringOr("level"), "info");
  EXPECT_EQ(line.StringOr("service"), "test");
  EXPECT_EQ(line.StringOr("execution"), "e\"1\n");
  EXPECT_EQ(line.IntOr("steps", 0), 3);
  EXPECT_TRUE(line.BoolOr("ok", false));
  EXPECT_EQ(line.Find("share")->as_double(), 0.5);
}

TEST_F(LogTest, WritesTextForPeople) {
  Log(false);
  Warn("lane lost", {{"lane", 7}, {"why", "lease ended"}, {"owner", "a"}});
  ASSERT_EQ(lines_.size(), 1u);
  EXPECT_TRUE(lines_[0].ends_with("warn  test: lane lost lane=7 why=\"lease ended\" owner=a"))
      << lines_[0];
}

TEST_F(LogTest, LeavesOutLowerLevels) {
  Log(true, Level::kWarn);
  Info("hidden");
  Debug("hidden");
  Error("shown");
  EXPECT_EQ(lines_.size(), 1u);
  EXPECT_FALSE(Enabled(Level::kInfo));
}

TEST_F(LogTest, ScopedFieldsAreOnEveryLineOfTheirScope) {
  Log(true);
  {
    ScopedFields outer({{"tenant", std::string("acme")}});
    ScopedFields inner({{"step", 4}});
    Info("inside");
  }
  Info("outside");
  json::Value inside = *json::Parse(lines_[0]);
  EXPECT_EQ(inside.StringOr("tenant"), "acme");
  EXPECT_EQ(inside.IntOr("step", 0), 4);
  EXPECT_EQ(json::Parse(lines_[1])->Find("tenant"), nullptr);
}

TEST(MetricsTest, TextExposition) {
  Registry registry;
  CounterFamily calls = registry.Counters("agentflow_test_calls_total", "Calls.", {"method"});
  calls.With({"Get"}).Add();
  calls.With({"Get"}).Add(2);
  registry.Gauge("agentflow_test_depth", "Depth.").Set(5);
  registry.Histogram("agentflow_test_seconds", "Time.", {0.1, 1}).Observe(0.5);
  std::string text = registry.Text();
  for (std::string_view part :
       {"# TYPE agentflow_test_calls_total counter", "agentflow_test_calls_total{method=\"Get\"} 3",
        "agentflow_test_depth 5", "agentflow_test_seconds_bucket{le=\"1\"} 1",
        "agentflow_test_seconds_count 1"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << " in\n" << text;
  }
}

TEST(MetricsTest, SeriesBeyondTheLimitAreOther) {
  Registry registry;
  CounterFamily family = registry.Counters("agentflow_test_total", "Test.", {"who"}, 2);
  for (int i = 0; i < 10; ++i) family.With({std::to_string(i)}).Add();
  family.With({"0"}).Add();
  std::string text = registry.Text();
  EXPECT_NE(text.find("{who=\"0\"} 2"), std::string::npos) << text;
  EXPECT_NE(text.find("{who=\"other\"} 8"), std::string::npos) << text;
}

TEST(MetricsTest, TheSameNameIsTheSameMetric) {
  Registry registry;
  registry.Counter("agentflow_test_total", "Test.").Add();
  registry.Counter("agentflow_test_total", "Test.").Add();
  EXPECT_NE(registry.Text().find("agentflow_test_total 2"), std::string::npos);
  Counter().Add();  // a handle without a metric does nothing
}

TEST(TraceTest, ParsesAndMakesTraceparent) {
  constexpr char kText[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  TraceContext trace = *TraceContext::Parse(kText);
  EXPECT_EQ(trace.ToTraceparent(), kText);
  SeededRandom random(1);
  TraceContext child = trace.Child(random);
  EXPECT_EQ(child.trace_id, trace.trace_id);
  EXPECT_NE(child.span_id, trace.span_id);
  TraceContext made = TraceContext::Make(random);
  EXPECT_EQ(TraceContext::Parse(made.ToTraceparent())->trace_id, made.trace_id);
  EXPECT_EQ(TraceContext().ToTraceparent(), "");
}

TEST(TraceTest, RefusesWhatTheStandardForbids) {
  for (std::string_view bad : {"", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
                               "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                               "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
                               "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
                               "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
                               "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x"}) {
    EXPECT_EQ(TraceContext::Parse(bad), std::nullopt) << bad;
  }
  EXPECT_TRUE(TraceContext::Parse("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00-what"));
}

}  // namespace
}  // namespace agentflow::obs
