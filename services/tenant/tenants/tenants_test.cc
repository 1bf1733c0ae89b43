#include "services/tenant/tenants/tenants.h"

#include <gtest/gtest.h>

#include "services/tenant/testing/world.h"

namespace agentflow::tenant {
namespace {

TEST(Tenants, CreateGetListUpdate) {
  World world;
  world.MakeTenant("bolt");
  world.MakeTenant("acme");
  EXPECT_EQ(world.tenants.Get("acme")->slug, "acme");
  auto page = world.tenants.List("", 1);
  ASSERT_TRUE(page.ok()) << page.status();
  ASSERT_EQ(page->size(), 1u);
  EXPECT_EQ(page->front().slug, "acme");
  EXPECT_EQ(world.tenants.List("acme", 10)->size(), 1u);

  auto changed =
      world.tenants.Update({}, "acme",
                           {.title = "Acme",
                            .quotas = Quotas{.requests_per_second = 7, .weight = 300}},
                           1);
  ASSERT_TRUE(changed.ok()) << changed.status();
  EXPECT_EQ(changed->version, 2);
  EXPECT_EQ(ReasonOf(world.tenants.Update({}, "acme", {.title = "B"}, 1).status()),
            "ETAG_MISMATCH");
  auto quotas = world.tenants.EffectiveQuotas("acme");
  EXPECT_EQ(quotas->requests_per_second, 7);
  EXPECT_EQ(quotas->weight, 300);
  EXPECT_EQ(quotas->workflows, World::kDefaults.workflows);
}

TEST(Tenants, BadRequestsSayWhy) {
  World world;
  world.MakeTenant("acme");
  auto reason = [&](NewTenant wanted) {
    return ReasonOf(world.tenants.Create({}, wanted).status());
  };
  NewTenant good{.slug = "bolt", .admin_email = "a@b", .admin_password = World::kPassword};
  for (const char* slug : {"", "a", "Acme", "1acme", "ac_me", "_platform", "a'b"}) {
    NewTenant wanted = good;
    wanted.slug = slug;
    EXPECT_EQ(reason(wanted), "TENANT_ID_INVALID") << slug;
  }
  NewTenant wanted = good;
  wanted.slug = "acme";
  EXPECT_EQ(reason(wanted), "TENANT_EXISTS");
  wanted = good;
  wanted.quotas.workflows = -1;
  EXPECT_EQ(reason(wanted), "QUOTA_INVALID");
  wanted = good;
  wanted.admin_email = "x";
  EXPECT_EQ(reason(wanted), "EMAIL_INVALID");
  wanted = good;
  wanted.admin_password = "short";
  EXPECT_EQ(reason(wanted), "PASSWORD_INVALID");
  EXPECT_EQ(ReasonOf(world.tenants.Get("none").status()), "TENANT_NOT_FOUND");
  EXPECT_EQ(ReasonOf(world.tenants.Update({}, "none", {}, 0).status()), "TENANT_NOT_FOUND");
}

TEST(Tenants, EveryTableIsGuardedOrOutOfReach) {
  World world;
  absl::Status guarded = pg::CheckRowSecurity(world.pool, "tenant");
  EXPECT_TRUE(guarded.ok()) << guarded;
  // Whatever a later migration adds: with row security, or without any right for the service.
  EXPECT_EQ(world.database.Sql(
                "SELECT string_agg(relname, ',') FROM pg_class c JOIN pg_namespace n "
                "ON n.oid = relnamespace WHERE nspname = 'tenant' AND relkind IN ('r', 'p') "
                "AND NOT (relrowsecurity AND relforcerowsecurity) "
                "AND relname <> 'schema_migrations'"),
            "");
  EXPECT_EQ(
      world.database.Sql("SELECT has_table_privilege('tenant_app', 'tenant.schema_migrations', "
                         "'SELECT, INSERT, UPDATE, DELETE') OR has_table_privilege('tenant_app', "
                         "'tenant.login_attempt', 'SELECT, INSERT, UPDATE, DELETE')"),
      "f");
}

TEST(Bootstrap, MakesATenantAnAdministratorAndAKeyOnce) {
  World world;
  BootstrapRequest request{.email = "admin@example.com", .password = World::kPassword};
  auto first = Bootstrap(world.tenants, world.keys, request);
  ASSERT_TRUE(first.ok()) << first.status();
  auto identity = world.identities.Authenticate(first->api_key);
  ASSERT_TRUE(identity.ok()) << identity.status();
  EXPECT_EQ(identity->tenant, "default");
  EXPECT_EQ(identity->permissions, (std::vector<std::string>{"*", "tenants.*"}));
  EXPECT_TRUE(world.sessions.Login({}, request.email, request.password, "").ok());

  request.password = "";  // not needed any more
  auto again = Bootstrap(world.tenants, world.keys, request);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->api_key, "");
  EXPECT_TRUE(world.sessions.Login({}, request.email, World::kPassword, "").ok());
  EXPECT_EQ(world.users.List("default", Uuid(), 10)->size(), 1u);

  request.new_key = true;
  auto key = Bootstrap(world.tenants, world.keys, request);
  EXPECT_TRUE(world.identities.Authenticate(key->api_key).ok());
  EXPECT_TRUE(world.identities.Authenticate(first->api_key).ok());
}

}  // namespace
}  // namespace agentflow::tenant
