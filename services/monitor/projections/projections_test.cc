#include <gtest/gtest.h>

#include "libs/base/status.h"
#include "libs/pg/guard.h"
#include "libs/pg/migrate.h"
#include "libs/testing/postgres.h"
#include "migrations/monitor.h"
#include "services/monitor/projections/projector.h"
#include "services/monitor/projections/store.h"
#include "services/monitor/projections/sums.h"

namespace agentflow::monitor {
namespace {

ExecutionChange Started(const std::string& tenant, int64_t at_ms = 1000) {
  return {.tenant = tenant,
          .execution_id = "e",
          .workflow = "workflows/w",
          .state = "RUNNING",
          .start_time_ms = at_ms,
          .steps = {{.node = "a", .state = "RUNNING"}, {.node = "b", .state = "PENDING"}}};
}

ExecutionChange Completed(const std::string& tenant, int64_t duration_ms) {
  return {.tenant = tenant,
          .execution_id = "e",
          .workflow = "workflows/w",
          .state_before = "RUNNING",
          .state = "COMPLETED",
          .start_time_ms = 1000,
          .end_time_ms = 1000 + duration_ms,
          .steps = {{.node = "a", .state_before = "RUNNING", .state = "COMPLETED"}}};
}

std::shared_ptr<const Batch> MakeBatch(int64_t sequence, std::vector<ExecutionChange> changes) {
  return std::make_shared<const Batch>(
      Batch{.committer = "x/0", .sequence = sequence, .commit_time_ms = 1, .changes = changes});
}

TEST(Sums, BucketsAreFivePercentWide) {
  for (int64_t us : {1l, 10l, 999l, 1'000'000l, 86'400'000'000l}) {
    EXPECT_NEAR(static_cast<double>(MiddleOf(BucketOf(us))), static_cast<double>(us),
                0.06 * static_cast<double>(us) + 1);
  }
  EXPECT_EQ(BucketOf(0), BucketOf(1));
}

TEST(Sums, MovesCountsBetweenStates) {
  Sums sums;
  sums.Add(Started("acme"));
  sums.Add(Completed("acme", 50));
  EXPECT_EQ((sums.states[{"acme", "workflows/w", "execution", "RUNNING"}]), 0);
  EXPECT_EQ((sums.states[{"acme", "workflows/w", "execution", "COMPLETED"}]), 1);
  EXPECT_FALSE(sums.states.contains({"acme", "workflows/w", "step", "PENDING"}));
  EXPECT_EQ(sums.durations.size(), 1u);
}

class ProjectionsTest : public ::testing::Test {
 protected:
  ProjectionsTest() {
    AF_CHECK(pg::Migrate(database_.Url("monitor_owner"), Migrations()).ok());
    pool_ = std::make_unique<pg::Pool>(pg::PoolOptions{.url = database_.Url("monitor_app")});
    store_ = std::make_unique<Store>(*pool_);
  }
  WorkflowStats Only(const std::string& tenant) {
    auto stats = store_->List(tenant, "", "", 10);
    AF_CHECK(stats.ok() && stats->size() == 1);
    return (*stats)[0];
  }

  testing::PostgresForTest database_;
  SystemClock clock_;
  obs::Registry metrics_;
  std::unique_ptr<pg::Pool> pool_;
  std::unique_ptr<Store> store_;
};

TEST_F(ProjectionsTest, RowSecurityHolds) {
  absl::Status checked = pg::CheckRowSecurity(*pool_, "monitor");
  EXPECT_TRUE(checked.ok()) << checked;
}

TEST_F(ProjectionsTest, CountsAndDurationsPerWorkflowAndTenant) {
  Projector projector(*store_, clock_, metrics_);
  ASSERT_TRUE(projector.Begin().ok());
  ASSERT_TRUE(projector.Add(MakeBatch(1, {Started("acme"), Started("acme"), Started("other")})));
  ASSERT_TRUE(projector.Add(MakeBatch(2, {Completed("acme", 100)})));
  ASSERT_TRUE(projector.Step().ok());
  WorkflowStats stats = Only("acme");
  EXPECT_EQ(stats.executions_by_state,
            (std::map<std::string, int64_t>{{"COMPLETED", 1}, {"RUNNING", 1}}));
  EXPECT_EQ(stats.steps_by_state,
            (std::map<std::string, int64_t>{{"COMPLETED", 1}, {"RUNNING", 1}}));
  EXPECT_NEAR(static_cast<double>(stats.PercentileUs(0.99)), 100'000, 5'000);
  EXPECT_EQ(stats.last_start_time, 1'000'000);
  EXPECT_EQ(Only("other").executions_by_state["RUNNING"], 1);
  EXPECT_TRUE(store_->List("nobody", "", "", 10)->empty());
}

TEST_F(ProjectionsTest, ABatchReadAgainCountsOnce) {
  Projector projector(*store_, clock_, metrics_);
  ASSERT_TRUE(projector.Begin().ok());
  ASSERT_TRUE(projector.Add(MakeBatch(1, {Started("acme")})));
  ASSERT_TRUE(projector.Step().ok());
  ASSERT_TRUE(projector.Add(MakeBatch(1, {Started("acme")})));
  ASSERT_TRUE(projector.Add(MakeBatch(2, {Started("acme")})));
  ASSERT_TRUE(projector.Add(MakeBatch(2, {Started("acme")})));
  ASSERT_TRUE(projector.Step().ok());
  EXPECT_EQ(Only("acme").executions_by_state["RUNNING"], 2);
}

TEST_F(ProjectionsTest, ANewProcessGoesOnAndTwoAtOnceCountOnce) {
  Projector first(*store_, clock_, metrics_);
  Projector second(*store_, clock_, metrics_);
  ASSERT_TRUE(first.Begin().ok());
  ASSERT_TRUE(second.Begin().ok());
  ASSERT_TRUE(first.Add(MakeBatch(5, {Started("acme")})));
  ASSERT_TRUE(first.Step().ok());
  ASSERT_TRUE(second.Add(MakeBatch(5, {Started("acme")})));
  EXPECT_EQ(ReasonOf(second.Step()), "CURSOR_MOVED");
  ASSERT_TRUE(second.Step().ok());
  Projector third(*store_, clock_, metrics_);
  EXPECT_EQ((*third.Begin())["x/0"], 5);
  EXPECT_EQ(Only("acme").executions_by_state["RUNNING"], 1);
}

}  // namespace
}  // namespace agentflow::monitor
