// Retention classes through the real executor, with its housekeeping told another day.
#include "services/executor/service_for_test.h"

namespace agentflow::executor {
namespace {

std::string Document(const std::string& name, const std::string& retention,
                     const std::string& nodes) {
  return "apiVersion: agentflow/v1\nkind: Workflow\nmetadata: {name: " + name + retention +
         "}\n" + nodes;
}
constexpr char kShort[] = R"(
outputs: {sum: "=nodes.a.output"}
nodes:
  a: {type: data.transform@1, with: {value: 2}}
edges: [start -> a]
)";
constexpr char kLong[] = R"(
outputs: {got: "=nodes.s.output", before: "=nodes.a.output"}
nodes:
  a: {type: data.transform@1, with: {value: 2}}
  s: {type: flow.signal@1, with: {name: go}}
edges: [start -> a, a -> s]
)";

class RetentionTest : public ExecutorServiceTest {
 protected:
  int Today() {
    return std::stoi(database_.Sql("SELECT floor(extract(epoch FROM now()) / 86400)::int"));
  }
  std::string Count(const std::string& table, const std::string& execution) {
    return database_.Sql("SELECT count(*) FROM executor." + table +
                         " WHERE execution_id = '" + execution.substr(11) + "'");
  }
  absl::StatusOr<api::Execution> Signal(const std::string& name) {
    api::SignalExecutionRequest request;
    request.set_name(name);
    request.set_signal("go");
    request.mutable_payload()->set_number_value(7);
    return Call<api::Execution>("SignalExecution", request);
  }
};

TEST_F(RetentionTest, AnExecutionIsKeptAsLongAsItsWorkflowSays) {
  designer_.Publish("brief", Document("brief", ", retention: 1d", kShort));
  designer_.Publish("usual", Document("usual", "", kShort));
  const auto brief = Start("brief", "{}");
  const auto usual = Start("usual", "{}");
  ASSERT_TRUE(brief.ok() && usual.ok()) << brief.status() << usual.status();
  EXPECT_EQ(brief->retention_days(), 1);
  EXPECT_EQ(usual->retention_days(), 30);
  EXPECT_EQ(Get(brief->name())->retention_days(), 1);
  const auto list =
      Call<api::ListExecutionsResponse>("ListExecutions", api::ListExecutionsRequest());
  ASSERT_TRUE(list.ok()) << list.status();
  EXPECT_EQ(list->executions_size(), 2);
  for (const api::Execution& each : list->executions()) {
    EXPECT_EQ(each.retention_days(), each.name() == brief->name() ? 1 : 30);
  }
  const int today = Today();
  ASSERT_TRUE(app_->KeepHouse(today + 1).ok());
  EXPECT_TRUE(Get(brief->name()).ok()) << "a whole day after that of its start";
  ASSERT_TRUE(app_->KeepHouse(today + 2).ok());
  EXPECT_EQ(ReasonOf(Get(brief->name()).status()), "EXECUTION_NOT_FOUND");
  EXPECT_EQ(Count("journal", brief->name()) + Count("closed_execution", brief->name()), "00");
  EXPECT_TRUE(Get(usual->name()).ok());
  ASSERT_TRUE(app_->KeepHouse(today + 30).ok());
  EXPECT_TRUE(Get(usual->name()).ok());
  ASSERT_TRUE(app_->KeepHouse(today + 31).ok());
  EXPECT_EQ(ReasonOf(Get(usual->name()).status()), "EXECUTION_NOT_FOUND");
}

TEST_F(RetentionTest, AnExecutionThatOutlivesItsClassIsNeverLost) {
  designer_.Publish("patient", Document("patient", ", retention: 1d", kLong));
  const auto plain = Start("patient", "{}");
  const auto keyed = Start("patient", "{}", "r-1");
  ASSERT_TRUE(plain.ok() && keyed.ok()) << plain.status() << keyed.status();
  const int today = Today();
  for (int later : {3, 6}) {
    // The day is dropped as soon as nothing lives on it any more.
    ASSERT_TRUE(Eventually([&] {
      return app_->KeepHouse(today + later).ok() &&
             database_.Sql("SELECT count(*) FROM executor.live_execution WHERE start_day = " +
                           std::to_string(today + later)) == "2";
    }));
    ASSERT_TRUE(app_->KeepHouse(today + later).ok());
    EXPECT_EQ(database_.Sql("SELECT count(DISTINCT start_day) FROM executor.journal"), "1");
    for (const auto& execution : {*plain, *keyed}) {
      const auto got = Get(execution.name());
      ASSERT_TRUE(got.ok()) << got.status();
      EXPECT_EQ(got->state(), api::Execution::WAITING);
      EXPECT_EQ(Steps(execution.name()).steps_size(), 2) << "its steps are in the snapshot";
    }
  }
  EXPECT_EQ(Start("patient", "{}", "r-1")->name(), keyed->name()) << "a request id lives as long";
  StartExecutor();
  for (const auto& execution : {*plain, *keyed}) {
    ASSERT_TRUE(Eventually([&] { return Signal(execution.name()).ok(); }));
    ASSERT_TRUE(Eventually([&] { return IsCompleted(execution.name()); }));
    const auto ended = Get(execution.name());
    const auto& output = ended->output().struct_value().fields();
    EXPECT_EQ(output.at("before").number_value(), 2);
    EXPECT_EQ(output.at("got").number_value(), 7);
  }
  // Over, it is kept from its last home on, and then everything of it is gone.
  ASSERT_TRUE(app_->KeepHouse(today + 7).ok());
  EXPECT_TRUE(Get(plain->name()).ok());
  ASSERT_TRUE(app_->KeepHouse(today + 8).ok());
  for (const char* table : {"journal", "closed_execution", "rehomed", "start_key"}) {
    EXPECT_EQ(Count(table, plain->name()) + Count(table, keyed->name()), "00") << table;
  }
}

}  // namespace
}  // namespace agentflow::executor
