// A body that does not open stops its execution, and no other one.
#include "services/executor/service_for_test.h"

namespace agentflow::executor {
namespace {

constexpr char kWaits[] = R"(
apiVersion: agentflow/v1
kind: Workflow
metadata: {name: waits}
nodes:
  s: {type: flow.signal@1, with: {name: go}}
edges: [start -> s]
)";

TEST_F(ExecutorServiceTest, AnExecutionWhoseJournalWasChangedStopsAloneAndSaysSo) {
  designer_.Publish("waits", kWaits);
  const auto broken = Start("waits"), sound = Start("waits");
  ASSERT_TRUE(broken.ok() && sound.ok()) << broken.status() << sound.status();
  const std::string id = broken->name().substr(std::string("executions/").size());
  database_.Sql("UPDATE executor.journal SET events = set_byte(events, 40, "
                "255 - get_byte(events, 40)) WHERE execution_id = '" + id + "'");
  StartExecutor();
  // The lanes are there, with the one and without the other.
  api::CancelExecutionRequest cancel;
  cancel.set_name(sound->name());
  ASSERT_TRUE(Eventually([&] { return Call<api::Execution>("CancelExecution", cancel).ok(); }));
  const absl::Status told = Get(broken->name()).status();
  EXPECT_EQ(told.code(), absl::StatusCode::kDataLoss) << told;
  EXPECT_EQ(ReasonOf(told), "SEAL_BROKEN");
  EXPECT_EQ(database_.Sql("SELECT execution_id FROM executor.live_execution"), id)
      << "left as it is";
  EXPECT_TRUE(Start("waits").ok());
}

}  // namespace
}  // namespace agentflow::executor
