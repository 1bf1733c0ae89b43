#include <gtest/gtest.h>

#include "services/tenant/keys/credential.h"
#include "services/tenant/testing/world.h"

namespace agentflow::tenant {
namespace {

TEST(Credential, HasItsKindAndAChecksum) {
  for (CredentialKind kind :
       {CredentialKind::kApiKey, CredentialKind::kAccessToken, CredentialKind::kRefreshToken}) {
    EXPECT_EQ(KindOfCredential(MakeCredential(kind)), kind);
  }
  std::string key = MakeCredential(CredentialKind::kApiKey);
  EXPECT_EQ(key.size(), 3u + 40 + 6);
  EXPECT_TRUE(key.starts_with("af_"));
  EXPECT_TRUE(key.starts_with(CredentialHint(key).substr(0, 7)));
  for (size_t i = 0; i < key.size(); ++i) {
    std::string mistyped = key;
    mistyped[i] = mistyped[i] == 'x' ? 'y' : 'x';
    EXPECT_EQ(KindOfCredential(mistyped), std::nullopt) << i;
  }
  for (const char* text : {"", "af_", "aft_x", "Bearer"}) {
    EXPECT_EQ(KindOfCredential(text), std::nullopt) << text;
  }
}

TEST(ApiKeys, AKeyAuthenticatesUntilItIsRevoked) {
  World world;
  Actor admin = world.MakeTenant("acme");
  auto created = world.keys.Create(admin, {.title = "ci", .roles = {"worker", "worker"}});
  ASSERT_TRUE(created.ok()) << created.status();
  EXPECT_EQ(created->key.roles, std::vector<std::string>{"worker"});
  auto identity = world.identities.Authenticate(created->secret);
  ASSERT_TRUE(identity.ok()) << identity.status();
  EXPECT_EQ(identity->tenant, "acme");
  EXPECT_EQ(identity->principal, "apiKeys/" + created->key.id.ToString());
  EXPECT_EQ(identity->permissions,
            (std::vector<std::string>{"payloads.create", "payloads.get", "tasks.work"}));
  EXPECT_EQ(identity->quotas, World::kDefaults);
  // Nothing stored gives the key back.
  EXPECT_EQ(world.database.Sql("SELECT count(*) FROM tenant.api_key k WHERE k::text LIKE '%" +
                               created->secret.substr(7) + "%'"),
            "0");

  ASSERT_TRUE(world.keys.Revoke(admin, created->key.id).ok());
  EXPECT_EQ(ReasonOf(world.identities.Authenticate(created->secret).status()), "KEY_REVOKED");
  auto again = world.keys.Revoke(admin, created->key.id);
  ASSERT_TRUE(again.ok());
  EXPECT_TRUE(again->revoke_time.has_value());
}

TEST(ApiKeys, AKeyEndsByItself) {
  World world;
  Actor admin = world.MakeTenant("acme");
  auto created =
      world.keys.Create(admin, {.roles = {"viewer"}, .expire_time = world.clock.Now() + 1'000'000});
  ASSERT_TRUE(world.identities.Authenticate(created->secret).ok());
  world.clock.Advance(1'000'000);
  EXPECT_EQ(ReasonOf(world.identities.Authenticate(created->secret).status()), "TOKEN_EXPIRED");
}

TEST(ApiKeys, BadRequestsSayWhy) {
  World world;
  Actor admin = world.MakeTenant("acme");
  Actor editor = admin;
  editor.permissions = {"workflows.*", "apiKeys.*"};
  struct Case {
    Actor actor;
    NewApiKey wanted;
    const char* reason;
  };
  for (const Case& c : std::initializer_list<Case>{
           {admin, {}, "ROLES_MISSING"},
           {admin, {.roles = {"king"}}, "ROLE_UNKNOWN"},
           {admin, {.roles = {"platform-admin"}}, "ROLE_NOT_GRANTABLE"},
           {editor, {.roles = {"admin"}}, "ROLE_NOT_GRANTABLE"},
           {admin, {.roles = {"admin"}, .expire_time = 1}, "EXPIRE_TIME_PAST"},
           {admin, {.title = std::string(201, 'x'), .roles = {"admin"}}, "TITLE_TOO_LONG"}}) {
    EXPECT_EQ(ReasonOf(world.keys.Create(c.actor, c.wanted).status()), c.reason);
  }
}

TEST(ApiKeys, AnotherTenantsKeyIsUnknown) {
  World world;
  Actor acme = world.MakeTenant("acme");
  Actor bolt = world.MakeTenant("bolt");
  auto created = world.keys.Create(acme, {.roles = {"admin"}});
  absl::Status theirs = world.keys.Get("bolt", created->key.id).status();
  absl::Status unknown =
      world.keys.Get("bolt", *Uuid::Parse("00000000-0000-7000-8000-000000000001")).status();
  EXPECT_EQ(theirs, unknown);
  EXPECT_EQ(world.keys.Revoke(bolt, created->key.id).status(), unknown);
  EXPECT_TRUE(world.keys.List("bolt", Uuid(), 10)->empty());
  EXPECT_TRUE(world.identities.Authenticate(created->secret).ok());
}

TEST(ApiKeys, ListGoesOnAfterTheLastOne) {
  World world;
  Actor admin = world.MakeTenant("acme");
  for (int i = 0; i < 5; ++i) {
    world.clock.Advance(1000);
    ASSERT_TRUE(world.keys.Create(admin, {.title = std::to_string(i), .roles = {"worker"}}).ok());
  }
  std::vector<std::string> titles;
  Uuid after;
  while (true) {
    std::vector<ApiKey> page = *world.keys.List("acme", after, 2);
    for (const ApiKey& key : page) titles.push_back(key.title);
    if (page.size() < 2) break;
    after = page.back().id;
  }
  EXPECT_EQ(titles, (std::vector<std::string>{"0", "1", "2", "3", "4"}));
}

}  // namespace
}  // namespace agentflow::tenant
