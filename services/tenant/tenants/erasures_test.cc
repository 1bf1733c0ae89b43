#include "services/tenant/tenants/erasures.h"

#include <gtest/gtest.h>

#include "libs/base/status.h"
#include "services/tenant/testing/world.h"

namespace agentflow::tenant {
namespace {

struct ErasuresTest : ::testing::Test, World {
  ErasuresTest() {
    admin = MakeTenant("platform");
    MakeTenant("acme");
    MakeTenant("other");
  }
  std::vector<std::string> Asked(const std::string& service) { return *erasures.List(service); }
  // How many rows of each tenant there are in all tables.
  int Rows(const std::string& tenant) {
    return std::stoi(database.Sql(
        "SELECT sum((xpath('/row/n/text()', query_to_xml(format('SELECT count(*) AS n FROM %s "
        "WHERE tenant_id = ''" +
        tenant +
        "''', c.oid::regclass), false, true, '')))[1]::text::int) "
        "FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' "
        "WHERE c.relnamespace = 'tenant'::regnamespace AND c.relkind = 'r'"));
  }

  Actor admin;
};
using List = std::vector<std::string>;

TEST_F(ErasuresTest, ADeletedTenantsCredentialsEndAtOnce) {
  const auto session = sessions.Login({.method = "Login"}, "admin@acme.test", kPassword, "acme");
  ASSERT_TRUE(session.ok()) << session.status();
  ASSERT_TRUE(identities.Authenticate(session->access_token).ok());
  const auto deleted = tenants.Delete(admin, "acme", 0);
  ASSERT_TRUE(deleted.ok()) << deleted.status();
  EXPECT_TRUE(deleted->deleting);
  EXPECT_FALSE(identities.Authenticate(session->access_token).ok());
  EXPECT_EQ(database.Sql("SELECT count(*) FROM tenant.revocation WHERE tenant_id = 'acme' "
                         "AND principal = ''"),
            "1");
  // Kept in the trail of who did it.
  EXPECT_EQ(database.Sql("SELECT string_agg(resource, ' ') FROM tenant.audit_outbox "
                         "WHERE tenant_id = 'platform' AND resource = 'tenants/acme'"),
            "tenants/acme");
}

TEST_F(ErasuresTest, DeletingIsRefusedOrRepeatedWithAClearAnswer) {
  EXPECT_EQ(ReasonOf(tenants.Delete(admin, "nobody", 0).status()), "TENANT_NOT_FOUND");
  EXPECT_EQ(ReasonOf(tenants.Delete(admin, "platform", 0).status()), "TENANT_OWN");
  EXPECT_EQ(ReasonOf(tenants.Delete(admin, "acme", 7).status()), "ETAG_MISMATCH");
  EXPECT_FALSE(tenants.Get("acme")->deleting);
  ASSERT_TRUE(tenants.Delete(admin, "acme", 1).ok());
  EXPECT_TRUE(tenants.Delete(admin, "acme", 1)->deleting) << "asking again changes nothing";
  EXPECT_EQ(ReasonOf(tenants.Update(admin, "acme", {.suspended = false}, 0).status()),
            "TENANT_DELETING");
}

TEST_F(ErasuresTest, ServicesEraseInAnOrderThatMakesNoNewRows) {
  ASSERT_TRUE(tenants.Delete(admin, "acme", 0).ok());
  EXPECT_EQ(Asked("designer"), List{}) << "caches still know its credentials";
  clock.Advance(61'000'000);
  EXPECT_EQ(Asked("designer"), List{"acme"});
  EXPECT_EQ(Asked("scheduler"), List{"acme"});
  EXPECT_EQ(Asked("executor"), List{}) << "schedules may still start something";
  ASSERT_TRUE(erasures.Report("scheduler", "acme").ok());
  ASSERT_TRUE(erasures.Report("scheduler", "acme").ok()) << "may be repeated";
  EXPECT_EQ(Asked("scheduler"), List{});
  clock.Advance(61'000'000);
  EXPECT_EQ(Asked("executor"), List{"acme"});
  EXPECT_EQ(Asked("monitor"), List{});
  ASSERT_TRUE(erasures.Report("executor", "acme").ok());
  clock.Advance(61'000'000);
  EXPECT_EQ(Asked("monitor"), List{"acme"});
}

TEST_F(ErasuresTest, ATenantIsGoneOnceAllHaveErasedIt) {
  const int others = Rows("other");
  ASSERT_TRUE(tenants.Delete(admin, "acme", 0).ok());
  ASSERT_TRUE(erasures.Report("executor", "other").ok());  // not deleted: means nothing
  for (const char* service : {"scheduler", "executor", "monitor"}) {
    ASSERT_TRUE(erasures.Report(service, "acme").ok());
    ASSERT_TRUE(erasures.Finish().ok());
    EXPECT_TRUE(tenants.Get("acme").ok()) << "the designer still has something";
  }
  ASSERT_TRUE(erasures.Report("designer", "acme").ok());
  ASSERT_TRUE(erasures.Finish().ok());
  EXPECT_EQ(ReasonOf(tenants.Get("acme").status()), "TENANT_NOT_FOUND");
  EXPECT_EQ(Rows("acme"), 0);
  EXPECT_EQ(Rows("other"), others);
  MakeTenant("acme");  // its name is free again
}

}  // namespace
}  // namespace agentflow::tenant
