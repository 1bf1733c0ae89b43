#include "services/tenant/audit/audit_trail.h"

#include <gtest/gtest.h>

#include <thread>

#include "libs/crypto/random.h"
#include "services/tenant/testing/world.h"

namespace agentflow::tenant {
namespace {

class AuditTrailTest : public ::testing::Test {
 protected:
  pg::AuditRecord Record(const std::string& tenant, const std::string& resource) {
    pg::AuditRecord record;
    record.id = Uuid::Make(random_);
    record.tenant = tenant;
    record.time = 1'700'000'000'000'000 + ++count_;
    record.principal = "users/1";
    record.method = "m";
    record.resource = resource;
    record.detail_json = R"({"b": 1, "a": "x"})";
    return record;
  }
  std::vector<std::string> Resources(const std::vector<AuditCondition>& conditions = {},
                                     int64_t before = 0, int limit = 100) {
    std::vector<std::string> out;
    auto events = world_.audit.List("acme", conditions, before, limit);
    EXPECT_TRUE(events.ok()) << events.status();
    for (const AuditEvent& event : *events) out.push_back(event.resource);
    return out;
  }
  crypto::SecureRandom random_;
  int count_ = 0;
  World world_;
};

TEST_F(AuditTrailTest, EachTenantHasAChainOfItsOwn) {
  ASSERT_TRUE(
      world_.audit
          .Append("designer", {Record("acme", "r/1"), Record("bolt", "r/2"), Record("acme", "r/3")})
          .ok());
  auto events = world_.audit.List("acme", {}, 0, 10);
  ASSERT_TRUE(events.ok()) << events.status();
  ASSERT_EQ(events->size(), 2u);
  EXPECT_EQ((*events)[0].sequence, 2);
  EXPECT_EQ((*events)[0].resource, "r/3");
  EXPECT_EQ((*events)[0].previous_hash, (*events)[1].hash);
  EXPECT_EQ((*events)[1].previous_hash, std::string(32, '\0'));
  EXPECT_EQ((*events)[0].detail_json, R"({"a":"x","b":1})");
  EXPECT_EQ(world_.audit.Verify("acme")->events, 2);
  EXPECT_EQ(world_.audit.Verify("acme")->broken_at, std::nullopt);
  EXPECT_EQ(world_.audit.Verify("nobody")->events, 0);
}

TEST_F(AuditTrailTest, RepeatedRecordsAreSkipped) {
  std::vector<pg::AuditRecord> records = {Record("acme", "r/1"), Record("acme", "r/2")};
  records.push_back(records[0]);
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(world_.audit.Append("designer", records).ok());
  // The same id of another service is another record.
  ASSERT_TRUE(world_.audit.Append("monitor", {records[0]}).ok());
  EXPECT_EQ(Resources(), (std::vector<std::string>{"r/1", "r/2", "r/1"}));
  EXPECT_EQ(world_.audit.Verify("acme")->broken_at, std::nullopt);
}

TEST_F(AuditTrailTest, SendersAtOnceMakeOneChain) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    std::vector<pg::AuditRecord> records;
    for (int i = 0; i < 10; ++i) records.push_back(Record("acme", "r"));
    threads.emplace_back([this, records, t] {
      EXPECT_TRUE(world_.audit.Append("s" + std::to_string(t), records).ok());
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(world_.audit.Verify("acme")->events, 40);
  EXPECT_EQ(world_.audit.Verify("acme")->broken_at, std::nullopt);
}

TEST_F(AuditTrailTest, EveryTamperingIsFound) {
  struct Case {
    const char* sql;
    int64_t broken_at;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"UPDATE tenant.audit_event SET principal = 'users/2' WHERE sequence = 3", 3},
           {"UPDATE tenant.audit_event SET detail = '{}' WHERE sequence = 1", 1},
           {"UPDATE tenant.audit_event SET time = time + interval '1 us' WHERE sequence = 5", 5},
           {"UPDATE tenant.audit_event SET hash = sha256('x') WHERE sequence = 2", 2},
           {"DELETE FROM tenant.audit_event WHERE sequence = 2", 2},
           {"DELETE FROM tenant.audit_event WHERE sequence = 5", 5},
           {"UPDATE tenant.audit_event SET sequence = 9 WHERE sequence = 4", 4},
           {"UPDATE tenant.audit_head SET sequence = 4", 6}}) {
    world_.database.Sql("TRUNCATE tenant.audit_event, tenant.audit_head");
    std::vector<pg::AuditRecord> records;
    for (int i = 0; i < 5; ++i) records.push_back(Record("acme", "r"));
    ASSERT_TRUE(world_.audit.Append("designer", records).ok());
    ASSERT_EQ(world_.audit.Verify("acme")->broken_at, std::nullopt);
    world_.database.Sql(c.sql);
    EXPECT_EQ(world_.audit.Verify("acme")->broken_at, c.broken_at) << c.sql;
  }
}

TEST_F(AuditTrailTest, TheServiceItselfCannotChangeAnEvent) {
  ASSERT_TRUE(world_.audit.Append("designer", {Record("acme", "r/1")}).ok());
  constexpr pg::Statement kEdit{"edit", "UPDATE audit_event SET principal = ''"};
  constexpr pg::Statement kRemove{"remove", "DELETE FROM audit_event"};
  for (const pg::Statement& statement : {kEdit, kRemove}) {
    auto tx = world_.pool.Begin("acme");
    EXPECT_FALSE(tx->Exec(statement).ok());
  }
}

TEST_F(AuditTrailTest, ConditionsAndPages) {
  using Field = AuditCondition::Field;
  using Op = AuditCondition::Op;
  std::vector<pg::AuditRecord> records;
  for (int i = 1; i <= 5; ++i) {
    records.push_back(Record("acme", "r/" + std::to_string(i)));
    records.back().outcome = i % 2 ? "OK" : "PERMISSION_DENIED";
  }
  ASSERT_TRUE(world_.audit.Append("designer", records).ok());
  EXPECT_EQ(Resources({}, 0, 2), (std::vector<std::string>{"r/5", "r/4"}));
  EXPECT_EQ(Resources({}, 4, 2), (std::vector<std::string>{"r/3", "r/2"}));
  EXPECT_EQ(Resources({{Field::kOutcome, Op::kEqual, "PERMISSION_DENIED", 0}}),
            (std::vector<std::string>{"r/4", "r/2"}));
  EXPECT_EQ(Resources({{Field::kResource, Op::kEqual, "r/3", 0},
                       {Field::kPrincipal, Op::kEqual, "users/1", 0}}),
            std::vector<std::string>{"r/3"});
  EXPECT_EQ(Resources({{Field::kTime, Op::kAfter, "", records[1].time},
                       {Field::kTime, Op::kAfter, "", records[0].time},
                       {Field::kTime, Op::kBefore, "", records[3].time}}),
            std::vector<std::string>{"r/3"});
  EXPECT_TRUE(Resources({{Field::kResource, Op::kEqual, "r/1", 0},
                         {Field::kResource, Op::kEqual, "r/2", 0}})
                  .empty());
}

TEST_F(AuditTrailTest, TheServicesOwnOutboxArrives) {
  Actor admin = world_.MakeTenant("acme");
  ASSERT_TRUE(world_.keys.Create(admin, {.title = "ci", .roles = {"worker"}}).ok());
  pg::AuditShipper shipper(world_.pool,
                           [&](const std::vector<pg::AuditRecord>& records) {
                             return world_.audit.Append("tenant", records);
                           },
                           {});
  ASSERT_TRUE(shipper.Step().ok());
  auto events = world_.audit.List("acme", {}, 0, 10);
  ASSERT_EQ(events->size(), 2u);
  EXPECT_EQ((*events)[0].principal, admin.principal);
  EXPECT_NE((*events)[0].detail_json.find("\"ci\""), std::string::npos);
}

}  // namespace
}  // namespace agentflow::tenant
