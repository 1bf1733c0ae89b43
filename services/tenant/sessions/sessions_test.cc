#include "services/tenant/sessions/sessions.h"

#include <gtest/gtest.h>

#include <thread>

#include "services/tenant/keys/credential.h"
#include "services/tenant/testing/world.h"

namespace agentflow::tenant {
namespace {

constexpr int64_t kMinute = 60'000'000;

class SessionsTest : public ::testing::Test {
 protected:
  SessionsTest() : admin_(world_.MakeTenant("acme")) {}
  absl::StatusOr<TokenGrant> Login(const std::string& password = World::kPassword,
                                   const std::string& tenant = "",
                                   const std::string& email = "admin@acme.test") {
    return world_.sessions.Login({.method = "Login"}, email, password, tenant);
  }
  std::string ReasonOfToken(const std::string& token) {
    return ReasonOf(world_.identities.Authenticate(token).status());
  }
  World world_;
  Actor admin_;
};

TEST_F(SessionsTest, LoginGivesATokenThatAuthenticatesForTenMinutes) {
  auto grant = Login(World::kPassword, "", "Admin@ACME.test");
  ASSERT_TRUE(grant.ok()) << grant.status();
  auto identity = world_.identities.Authenticate(grant->access_token);
  ASSERT_TRUE(identity.ok()) << identity.status();
  EXPECT_EQ(identity->tenant, "acme");
  EXPECT_EQ(identity->principal, admin_.principal);
  EXPECT_EQ(identity->email, "admin@acme.test");
  EXPECT_EQ(identity->permissions, std::vector<std::string>{"*"});
  EXPECT_EQ(identity->expire_time, grant->expire_time);
  world_.clock.Advance(10 * kMinute);
  EXPECT_EQ(ReasonOfToken(grant->access_token), "TOKEN_EXPIRED");
  // A refresh token opens nothing by itself.
  EXPECT_EQ(ReasonOfToken(grant->refresh_token), "CREDENTIALS_INVALID");
}

TEST_F(SessionsTest, EverythingWrongGetsTheSameAnswer) {
  absl::Status wrong = Login("not the password").status();
  EXPECT_EQ(wrong.code(), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(ReasonOf(wrong), "CREDENTIALS_INVALID");
  EXPECT_EQ(Login(World::kPassword, "", "nobody@acme.test").status(), wrong);
  EXPECT_EQ(Login(World::kPassword, "bolt").status(), wrong);
  EXPECT_EQ(Login(World::kPassword, "no such tenant").status(), wrong);
  EXPECT_EQ(Login(World::kPassword, "", "no address").status(), wrong);
  world_.clock.Advance(kMinute);
  EXPECT_EQ(Login("", "").status(), wrong);
  // A disabled user, with the right password.
  auto user = world_.users.Create(admin_, {.email = "off@acme.test", .roles = {"viewer"}},
                                  World::kPassword);
  ASSERT_TRUE(world_.users.Update(admin_, user->id, {.disabled = true}, 0).ok());
  EXPECT_EQ(Login(World::kPassword, "", "off@acme.test").status(), wrong);
}

TEST_F(SessionsTest, AnAddressInTwoTenantsNeedsTheTenantsName) {
  Actor bolt = world_.MakeTenant("bolt");
  ASSERT_TRUE(
      world_.users.Create(bolt, {.email = "admin@acme.test", .roles = {"viewer"}}, World::kPassword)
          .ok());
  EXPECT_EQ(ReasonOf(Login().status()), "TENANT_REQUIRED");
  // Only to those who know the password.
  EXPECT_EQ(ReasonOf(Login("wrong password!").status()), "CREDENTIALS_INVALID");
  EXPECT_TRUE(Login(World::kPassword, "bolt").ok());
  EXPECT_TRUE(Login(World::kPassword, "acme").ok());
}

TEST_F(SessionsTest, FailuresLockAnAddressForAWhileKnownOrNot) {
  for (const char* email : {"admin@acme.test", "nobody@acme.test"}) {
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(ReasonOf(Login("wrong password!", "", email).status()), "CREDENTIALS_INVALID");
    }
    absl::Status locked = Login(World::kPassword, "", email).status();
    EXPECT_EQ(locked.code(), absl::StatusCode::kResourceExhausted);
    EXPECT_EQ(ReasonOf(locked), "LOGIN_LOCKED");
    EXPECT_EQ(MetadataOf(locked)[kErrorRetryAfterMs], "30000");
  }
  world_.clock.Advance(kMinute / 2);
  EXPECT_TRUE(Login().ok());
  // Success forgets the failures.
  for (int i = 0; i < 2; ++i) EXPECT_FALSE(Login("wrong password!").ok());
  EXPECT_TRUE(Login().ok());
}

TEST_F(SessionsTest, RefreshGivesANewPairAndRenewsTheSession) {
  auto first = Login();
  world_.clock.Advance(9 * kMinute);
  auto second = world_.sessions.Refresh({}, first->refresh_token);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_NE(second->access_token, first->access_token);
  world_.clock.Advance(2 * kMinute);
  EXPECT_EQ(ReasonOfToken(first->access_token), "TOKEN_EXPIRED");
  EXPECT_EQ(ReasonOfToken(second->access_token), "OK");
}

TEST_F(SessionsTest, ASecondUseOfARefreshTokenEndsTheSession) {
  auto first = Login();
  auto second = world_.sessions.Refresh({}, first->refresh_token);
  ASSERT_TRUE(second.ok());
  absl::Status reused = world_.sessions.Refresh({}, first->refresh_token).status();
  EXPECT_EQ(reused.code(), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(ReasonOf(reused), "TOKEN_REUSED");
  EXPECT_EQ(ReasonOfToken(first->access_token), "CREDENTIALS_INVALID");
  EXPECT_EQ(ReasonOfToken(second->access_token), "CREDENTIALS_INVALID");
  EXPECT_EQ(ReasonOf(world_.sessions.Refresh({}, second->refresh_token).status()),
            "CREDENTIALS_INVALID");
  // Another session of the same person goes on.
  EXPECT_EQ(ReasonOfToken(Login()->access_token), "OK");
}

TEST_F(SessionsTest, TwoUsesAtOnceGiveOnePair) {
  auto grant = Login();
  std::atomic<int> good{0}, reused{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      auto next = world_.sessions.Refresh({}, grant->refresh_token);
      good += next.ok();
      reused += !next.ok();
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, 1);
  EXPECT_EQ(reused, 3);
}

TEST_F(SessionsTest, BadRefreshTokensSayWhy) {
  auto grant = Login();
  EXPECT_EQ(ReasonOf(world_.sessions.Refresh({}, "junk").status()), "CREDENTIALS_INVALID");
  EXPECT_EQ(ReasonOf(world_.sessions.Refresh({}, grant->access_token).status()),
            "CREDENTIALS_INVALID");
  EXPECT_EQ(
      ReasonOf(world_.sessions.Refresh({}, MakeCredential(CredentialKind::kRefreshToken)).status()),
      "CREDENTIALS_INVALID");
  world_.clock.Advance(15 * 24 * 60 * kMinute);
  EXPECT_EQ(ReasonOf(world_.sessions.Refresh({}, grant->refresh_token).status()), "TOKEN_EXPIRED");
}

TEST_F(SessionsTest, LogoutEndsTheSessionAndAcceptsAnything) {
  auto grant = Login();
  ASSERT_TRUE(world_.sessions.Logout({}, grant->refresh_token).ok());
  EXPECT_EQ(ReasonOfToken(grant->access_token), "CREDENTIALS_INVALID");
  EXPECT_TRUE(world_.sessions.Logout({}, grant->refresh_token).ok());
  EXPECT_TRUE(world_.sessions.Logout({}, "junk").ok());
}

TEST_F(SessionsTest, ASuspendedTenantsCredentialsAreRefused) {
  auto grant = Login();
  auto key = world_.keys.Create(admin_, {.roles = {"viewer"}});
  ASSERT_TRUE(world_.tenants.Update({}, "acme", {.suspended = true}, 0).ok());
  EXPECT_EQ(ReasonOfToken(grant->access_token), "CREDENTIALS_INVALID");
  EXPECT_EQ(ReasonOfToken(key->secret), "CREDENTIALS_INVALID");
  EXPECT_EQ(ReasonOf(Login().status()), "CREDENTIALS_INVALID");
  EXPECT_EQ(ReasonOf(world_.sessions.Refresh({}, grant->refresh_token).status()),
            "CREDENTIALS_INVALID");
  EXPECT_EQ(ReasonOf(world_.identities.Authorize("acme", admin_.principal).status()),
            "PRINCIPAL_ENDED");
}

TEST_F(SessionsTest, SignInsAreAuditedAlsoThoseOfNobody) {
  ASSERT_TRUE(Login().ok());
  EXPECT_FALSE(Login("wrong password!").ok());
  EXPECT_FALSE(Login("wrong password!", "", "nobody@acme.test").ok());
  EXPECT_EQ(world_.database.Sql("SELECT string_agg(tenant_id || ' ' || outcome, ',' ORDER BY seq) "
                                "FROM tenant.audit_outbox WHERE method = 'Login'"),
            "acme OK,acme UNAUTHENTICATED,_platform UNAUTHENTICATED");
  EXPECT_EQ(world_.database.Sql("SELECT count(*) FROM tenant.audit_outbox o "
                                "WHERE o::text LIKE '%password!%'"),
            "0");
}

TEST_F(SessionsTest, PurgeKeepsWhatIsStillNeeded) {
  auto grant = Login();
  ASSERT_TRUE(world_.sessions.Purge().ok());
  EXPECT_EQ(ReasonOfToken(grant->access_token), "OK");
  world_.clock.Advance(int64_t{16} * 24 * 60 * kMinute);
  ASSERT_TRUE(world_.sessions.Purge().ok());
  EXPECT_EQ(world_.database.Sql("SELECT (SELECT count(*) FROM tenant.token) + "
                                "(SELECT count(*) FROM tenant.session)"),
            "0");
}

TEST(Passwords, AreBounded) {
  Passwords passwords({.concurrent = 1, .waiting = 0, .cost = {.memory_kib = 65536, .passes = 3}});
  std::atomic<int> busy{0}, done{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      absl::StatusOr<bool> result = passwords.Verify("some password", "");
      if (result.ok()) {
        EXPECT_FALSE(*result);
        ++done;
      } else {
        EXPECT_EQ(ReasonOf(result.status()), "LOGIN_BUSY");
        ++busy;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_GE(done, 1);
  EXPECT_EQ(done + busy, 8);
}

TEST(Passwords, AreChecked) {
  EXPECT_TRUE(Passwords::Check("twelve chars", "password").ok());
  for (const std::string& bad :
       {std::string("too short"), std::string(257, 'x'), std::string("with a\ncontrol"),
        std::string("with\0nul bytes", 14)}) {
    EXPECT_EQ(ReasonOf(Passwords::Check(bad, "password")), "PASSWORD_INVALID");
  }
}

}  // namespace
}  // namespace agentflow::tenant
