#include "services/monitor/stream/hub.h"

#include <gtest/gtest.h>

#include <vector>

namespace agentflow::monitor {
namespace {

std::shared_ptr<const ExecutionChange> Change(const std::string& tenant, const std::string& id,
                                              const std::string& state, int steps = 1) {
  auto change = std::make_shared<ExecutionChange>();
  change->tenant = tenant;
  change->execution_id = id;
  change->state = state;
  change->steps.resize(static_cast<size_t>(steps));
  return change;
}

// What one subscriber was told, as text: "step e1", "RUNNING e1".
struct Told {
  std::vector<std::string> lines;
  std::string position;
  bool reset = false;

  StreamHub::Sink Sink() {
    return {.subscribed =
                [this](std::string_view at, bool is_reset) {
                  position = at;
                  reset = is_reset;
                },
            .happened =
                [this](const Happening& happening, std::string_view at) {
                  lines.push_back((happening.step < 0 ? happening.change->state : "step") + " " +
                                  happening.change->execution_id);
                  position = at;
                }};
  }
};

using Lines = std::vector<std::string>;

TEST(StreamHub, OneExecutionComesWithItsStepsFirst) {
  StreamHub hub("x", 100);
  Told told;
  hub.Subscribe("acme", "e1", "", told.Sink());
  hub.Publish(Change("acme", "e1", "RUNNING", 2));
  hub.Publish(Change("acme", "e2", "RUNNING"));
  hub.Publish(Change("other", "e1", "RUNNING"));
  EXPECT_EQ(told.lines, (Lines{"step e1", "step e1", "RUNNING e1"}));
}

TEST(StreamHub, AllExecutionsComeWithoutSteps) {
  StreamHub hub("x", 100);
  Told told;
  hub.Subscribe("acme", "", "", told.Sink());
  hub.Publish(Change("acme", "e1", "RUNNING"));
  hub.Publish(Change("other", "e9", "RUNNING"));
  hub.Publish(Change("acme", "e2", "FAILED"));
  EXPECT_EQ(told.lines, (Lines{"RUNNING e1", "FAILED e2"}));
}

TEST(StreamHub, ResumesWithoutAGap) {
  StreamHub hub("x", 100);
  Told first, second;
  int64_t id = hub.Subscribe("acme", "e1", "", first.Sink());
  hub.Publish(Change("acme", "e1", "RUNNING", 0));
  hub.Unsubscribe(id);
  hub.Publish(Change("acme", "e1", "COMPLETED", 1));
  EXPECT_EQ(first.lines, (Lines{"RUNNING e1"}));
  hub.Subscribe("acme", "e1", first.position, second.Sink());
  EXPECT_FALSE(second.reset);
  EXPECT_EQ(second.lines, (Lines{"step e1", "COMPLETED e1"}));
}

TEST(StreamHub, AnOldAForeignAndAMadeUpPositionAreReset) {
  StreamHub hub("x", 2);
  for (int i = 0; i < 5; ++i) hub.Publish(Change("acme", "e1", "RUNNING", 0));
  for (const char* position : {"x-1", "y-5", "x-99", "x-", "nonsense", "x-1x"}) {
    Told told;
    hub.Subscribe("acme", "e1", position, told.Sink());
    EXPECT_TRUE(told.reset) << position;
    EXPECT_TRUE(told.lines.empty());
    EXPECT_EQ(told.position, "x-5");
  }
  Told told;
  hub.Subscribe("acme", "e1", "x-3", told.Sink());
  EXPECT_FALSE(told.reset);
  EXPECT_EQ(told.lines.size(), 2u);
}

}  // namespace
}  // namespace agentflow::monitor
