#include "libs/pg/audit.h"

#include <gtest/gtest.h>

#include <semaphore>

#include "libs/pg/migrate.h"
#include "libs/testing/postgres.h"

namespace agentflow::pg {
namespace {

class AuditTest : public ::testing::Test {
 protected:
  AuditTest() {
    AF_CHECK(Migrate(database_.Url("monitor_owner"), {"monitor", {}}).ok());
    pool_ = std::make_unique<Pool>(PoolOptions{.url = database_.Url("monitor_app")});
  }
  absl::Status Write(const char* tenant, const char* resource) {
    return pool_->InTenant(tenant, [&](TenantTx& tx) {
      return WriteAudit(tx, {.principal = "users/1",
                             .method = "m",
                             .resource = resource,
                             .detail_json = R"({"a":1})"});
    });
  }
  std::string Rows() { return database_.Sql("SELECT count(*) FROM monitor.audit_outbox"); }

  testing::PostgresForTest database_;
  std::unique_ptr<Pool> pool_;
};

TEST_F(AuditTest, RowsOfAllTenantsAreShippedInOrderAndDeletedAfterTheAnswer) {
  ASSERT_TRUE(Write("acme", "r/1").ok());
  ASSERT_TRUE(Write("bolt", "r/2").ok());
  std::vector<AuditRecord> got;
  AuditShipper shipper(*pool_,
                       [&](const std::vector<AuditRecord>& records) {
                         EXPECT_EQ(Rows(), "2");
                         got = records;
                         return absl::OkStatus();
                       },
                       {});
  EXPECT_EQ(*shipper.Step(), 2u);
  ASSERT_EQ(got.size(), 2u);
  EXPECT_EQ(got[0].tenant, "acme");
  EXPECT_EQ(got[1].resource, "r/2");
  EXPECT_EQ(got[1].detail_json, R"({"a":1})");
  EXPECT_GT(got[0].time, 0);
  EXPECT_FALSE(got[0].id.IsNil());
  EXPECT_EQ(Rows(), "0");
  EXPECT_EQ(*shipper.Step(), 0u);
}

TEST_F(AuditTest, AFailedSendKeepsTheRows) {
  ASSERT_TRUE(Write("acme", "r/1").ok());
  AuditShipper shipper(*pool_, [](const auto&) { return Unavailable("AWAY", "away"); }, {});
  EXPECT_FALSE(shipper.Step().ok());
  EXPECT_EQ(Rows(), "1");
}

TEST_F(AuditTest, ARolledBackChangeLeavesNoRecord) {
  {
    auto tx = pool_->Begin("acme");
    ASSERT_TRUE(WriteAudit(*tx, {.method = "m"}).ok());
  }
  EXPECT_EQ(Rows(), "0");
}

TEST_F(AuditTest, TheThreadShipsWhatItsPoolCommitsAtOnce) {
  std::counting_semaphore<> sent(0);
  AuditShipper shipper(*pool_,
                       [&](const auto&) {
                         sent.release();
                         return absl::OkStatus();
                       },
                       {.idle_ms = 3'600'000});
  shipper.Start();
  for (const char* resource : {"r/1", "r/2", "r/3"}) {
    ASSERT_TRUE(Write("acme", resource).ok());
    EXPECT_TRUE(sent.try_acquire_for(std::chrono::seconds(30))) << resource;
  }
  shipper.Stop();
  ASSERT_TRUE(Write("acme", "r/4").ok());
}

TEST_F(AuditTest, WhatAnotherProcessLeftIsFoundByLooking) {
  std::counting_semaphore<> sent(0);
  AuditShipper shipper(*pool_,
                       [&](const auto&) {
                         sent.release();
                         return absl::OkStatus();
                       },
                       {.idle_ms = 1});
  shipper.Start();
  Pool other(PoolOptions{.url = database_.Url("monitor_app")});
  ASSERT_TRUE(other
                  .InTenant("acme",
                            [](TenantTx& tx) {
                              return WriteAudit(tx, {.method = "m", .resource = "r/1"});
                            })
                  .ok());
  EXPECT_TRUE(sent.try_acquire_for(std::chrono::seconds(30)));
}

}  // namespace
}  // namespace agentflow::pg
