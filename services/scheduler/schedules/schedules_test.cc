#include <gtest/gtest.h>

#include "libs/base/status.h"
#include "libs/pg/guard.h"
#include "libs/pg/migrate.h"
#include "libs/testing/postgres.h"
#include "migrations/scheduler.h"
#include "services/scheduler/schedules/firing.h"
#include "services/scheduler/schedules/store.h"

namespace agentflow::scheduler {
namespace {

constexpr UnixMicros kMinute = 60'000'000;
constexpr UnixMicros kNow = 1'800'000'000'000'000;  // a whole minute

struct RecordingStarter final : Starter {
  absl::StatusOr<std::string> Start(const std::string& tenant, const Schedule& schedule,
                                    const std::string& request_id) override {
    requests.push_back(tenant + " " + request_id);
    if (!failure.ok()) return failure;
    return "executions/" + std::to_string(requests.size());
  }
  std::vector<std::string> requests;
  absl::Status failure;
};

class SchedulesTest : public ::testing::Test {
 protected:
  SchedulesTest() {
    AF_CHECK(pg::Migrate(database_.Url("scheduler_owner"), Migrations()).ok());
    pool_ = std::make_unique<pg::Pool>(pg::PoolOptions{.url = database_.Url("scheduler_app")});
    store_ = std::make_unique<Store>(*pool_);
    firing_ = std::make_unique<Firing>(*store_, starter_);
  }
  void Create(const std::string& id, UnixMicros next, const std::string& tenant = "acme") {
    Schedule schedule{.id = id, .workflow = "workflows/w", .cron = "* * * * *",
                      .principal = "users/1", .next_fire_time = next};
    ASSERT_TRUE(store_->Create(tenant, schedule, {}).ok());
  }

  testing::PostgresForTest database_;
  std::unique_ptr<pg::Pool> pool_;
  std::unique_ptr<Store> store_;
  RecordingStarter starter_;
  std::unique_ptr<Firing> firing_;
};

TEST_F(SchedulesTest, RowSecurityHolds) {
  absl::Status checked = pg::CheckRowSecurity(*pool_, "scheduler");
  EXPECT_TRUE(checked.ok()) << checked;
}

TEST_F(SchedulesTest, FiresOncePerNominalTimeAndMovesOn) {
  Create("a", kNow);
  ASSERT_TRUE(firing_->Step(kNow - 1).ok());
  EXPECT_TRUE(starter_.requests.empty());
  ASSERT_TRUE(firing_->Step(kNow + 1).ok());
  ASSERT_TRUE(firing_->Step(kNow + 2).ok());
  EXPECT_EQ(starter_.requests, std::vector<std::string>{"acme schedule:a:1800000000"});
  Schedule schedule = *store_->Get("acme", "a");
  EXPECT_EQ(schedule.last_fire_time, kNow);
  EXPECT_EQ(schedule.next_fire_time, kNow + kMinute);
  EXPECT_EQ(schedule.last_execution, "executions/1");
}

TEST_F(SchedulesTest, TellsWhenToLookAgain) {
  EXPECT_EQ(*firing_->Step(kNow), kNow + 15'000'000);
  Create("a", kNow + 2'000'000);
  EXPECT_EQ(*firing_->Step(kNow), kNow + 2'000'000);
}

TEST_F(SchedulesTest, WaitsForExecutorsAndRepeatsTheSameRequest) {
  Create("a", kNow);
  starter_.failure = Unavailable("PEER_UNAVAILABLE", "away");
  EXPECT_EQ(*firing_->Step(kNow), kNow + 1'000'000);
  starter_.failure = absl::OkStatus();
  ASSERT_TRUE(firing_->Step(kNow + 3 * kMinute).ok());
  ASSERT_EQ(starter_.requests.size(), 2u);
  EXPECT_EQ(starter_.requests[0], starter_.requests[1]);
  EXPECT_EQ(store_->Get("acme", "a")->next_fire_time, kNow + 4 * kMinute);
}

TEST_F(SchedulesTest, ARefusalIsKeptAndTheNextTimeIsTried) {
  Create("a", kNow);
  starter_.failure = NotFound("WORKFLOW_NOT_FOUND", "gone");
  ASSERT_TRUE(firing_->Step(kNow).ok());
  Schedule schedule = *store_->Get("acme", "a");
  EXPECT_EQ(schedule.last_error, "WORKFLOW_NOT_FOUND: gone");
  EXPECT_EQ(schedule.next_fire_time, kNow + kMinute);
}

TEST_F(SchedulesTest, UpdatesNeedTheRightRevision) {
  Create("a", kNow);
  Schedule schedule = *store_->Get("acme", "a");
  schedule.title = "new";
  ASSERT_TRUE(store_->Update("acme", schedule, {}).ok());
  EXPECT_EQ(ReasonOf(store_->Update("acme", schedule, {})), "ETAG_MISMATCH");
  EXPECT_EQ(ReasonOf(store_->Delete("acme", "a", 1, {})), "ETAG_MISMATCH");
  EXPECT_TRUE(store_->Delete("acme", "a", 2, {}).ok());
  EXPECT_EQ(database_.Sql("SELECT count(*) FROM scheduler.audit_outbox"), "3");
}

TEST_F(SchedulesTest, AnotherTenantLearnsNothing) {
  Create("a", kNow);
  EXPECT_EQ(ReasonOf(store_->Get("other", "a").status()), "SCHEDULE_NOT_FOUND");
  EXPECT_EQ(ReasonOf(store_->Delete("other", "a", 0, {})), "SCHEDULE_NOT_FOUND");
  EXPECT_TRUE(store_->List("other", "", 10)->empty());
  Create("a", kNow, "other");
  EXPECT_EQ(ReasonOf(store_->Create("other", {.id = "a", .cron = "* * * * *"}, {})),
            "SCHEDULE_EXISTS");
  ASSERT_TRUE(firing_->Step(kNow).ok());
  EXPECT_EQ(starter_.requests.size(), 2u);
}

}  // namespace
}  // namespace agentflow::scheduler
