#include "services/coordinator/registry/registry.h"

#include <gtest/gtest.h>

#include "libs/base/status.h"
#include "libs/pg/guard.h"
#include "libs/pg/migrate.h"
#include "libs/testing/postgres.h"
#include "migrations/coordinator.h"

namespace agentflow::coordinator {
namespace {

class RegistryTest : public ::testing::Test {
 protected:
  RegistryTest() {
    AF_CHECK(pg::Migrate(database_.Url("coordinator_owner"), Migrations()).ok());
    pool_ = std::make_unique<pg::Pool>(pg::PoolOptions{.url = database_.Url("coordinator_app")});
    registry_ = std::make_unique<Registry>(*pool_, "c1");
  }
  EndpointView Endpoint(const std::string& worker_id, std::vector<std::string> agents) {
    SystemClock clock;
    return {.tenant = "acme",
            .worker_id = worker_id,
            .agents = std::move(agents),
            .capacity = 4,
            .held = 1,
            .connect_time_ms = clock.Now() / 1000,
            .last_heartbeat_ms = clock.Now() / 1000,
            .client = "test"};
  }

  testing::PostgresForTest database_;
  std::unique_ptr<pg::Pool> pool_;
  std::unique_ptr<Registry> registry_;
};

TEST_F(RegistryTest, RowSecurityHolds) {
  EXPECT_TRUE(pg::CheckRowSecurity(*pool_, "coordinator").ok());
}

TEST_F(RegistryTest, ANewDescriptionIsANewVersionAndTheSameIsNot) {
  AgentDescription agent{.id = "shout", .title = "Shout", .input_schema = "{}"};
  ASSERT_TRUE(registry_->Register("acme", {agent}).ok());
  ASSERT_TRUE(registry_->Register("acme", {agent}).ok());
  EXPECT_EQ(registry_->Get("acme", "shout")->latest_version, 1);
  agent.title = "Louder";
  ASSERT_TRUE(registry_->Register("acme", {agent}).ok());
  EXPECT_EQ(registry_->Get("acme", "shout")->latest_version, 2);
  EXPECT_EQ(registry_->Get("acme", "shout")->description.title, "Louder");
}

TEST_F(RegistryTest, AnotherTenantLearnsNothing) {
  ASSERT_TRUE(registry_->Register("acme", {{.id = "shout"}}).ok());
  EXPECT_EQ(ReasonOf(registry_->Get("other", "shout").status()), "AGENT_NOT_FOUND");
  EXPECT_EQ(ReasonOf(registry_->Delete("other", "shout", {})), "AGENT_NOT_FOUND");
  EXPECT_TRUE(registry_->List("other", "", 10)->empty());
}

TEST_F(RegistryTest, ListsInPages) {
  ASSERT_TRUE(registry_->Register("acme", {{.id = "b"}, {.id = "a"}, {.id = "c"}}).ok());
  auto page = registry_->List("acme", "a", 1);
  ASSERT_EQ(page->size(), 1u);
  EXPECT_EQ((*page)[0].description.id, "b");
}

TEST_F(RegistryTest, EndpointsComeAndGo) {
  ASSERT_TRUE(registry_->Register("acme", {{.id = "a"}, {.id = "b"}}).ok());
  ASSERT_TRUE(registry_->SyncEndpoints({Endpoint("w1", {"a", "b"}), Endpoint("w2", {"a"})}).ok());
  EXPECT_EQ(registry_->Get("acme", "a")->endpoints.size(), 2u);
  EXPECT_EQ(ReasonOf(registry_->Delete("acme", "a", {})), "AGENT_CONNECTED");
  ASSERT_TRUE(registry_->SyncEndpoints({Endpoint("w2", {"a"})}).ok());
  EXPECT_EQ(registry_->Get("acme", "a")->endpoints.size(), 1u);
  EXPECT_TRUE(registry_->Get("acme", "b")->endpoints.empty());
  ASSERT_TRUE(registry_->SyncEndpoints({}).ok());
  EXPECT_TRUE(registry_->Get("acme", "a")->endpoints.empty());
}

TEST_F(RegistryTest, AnotherCoordinatorsEndpointsStay) {
  ASSERT_TRUE(registry_->Register("acme", {{.id = "a"}}).ok());
  Registry other(*pool_, "c2");
  ASSERT_TRUE(other.SyncEndpoints({Endpoint("w9", {"a"})}).ok());
  ASSERT_TRUE(registry_->SyncEndpoints({Endpoint("w1", {"a"})}).ok());
  ASSERT_TRUE(registry_->SyncEndpoints({}).ok());
  EXPECT_EQ(registry_->Get("acme", "a")->endpoints.size(), 1u);
}

TEST_F(RegistryTest, DeletingWritesAnAuditRecord) {
  ASSERT_TRUE(registry_->Register("acme", {{.id = "a"}}).ok());
  ASSERT_TRUE(
      registry_->Delete("acme", "a", {.principal = "users/1", .resource = "agents/a"}).ok());
  EXPECT_EQ(database_.Sql("SELECT principal FROM coordinator.audit_outbox"), "users/1");
  EXPECT_EQ(ReasonOf(registry_->Get("acme", "a").status()), "AGENT_NOT_FOUND");
}

}  // namespace
}  // namespace agentflow::coordinator
