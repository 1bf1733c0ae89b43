#include "services/tenant/users/users.h"

#include <gtest/gtest.h>

#include <thread>

#include "services/tenant/testing/world.h"

namespace agentflow::tenant {
namespace {

class UsersTest : public ::testing::Test {
 protected:
  UsersTest() : admin_(world_.MakeTenant("acme")) {}
  Uuid AdminId() { return *Uuid::Parse(admin_.principal.substr(6)); }
  absl::StatusOr<User> Create(const std::string& email, std::vector<std::string> roles) {
    world_.clock.Advance(1000);
    return world_.users.Create(admin_, {.email = email, .roles = std::move(roles)},
                               World::kPassword);
  }
  World world_;
  Actor admin_;
};

TEST_F(UsersTest, CreateGetUpdateDelete) {
  auto made = Create("Ann@Acme.test", {"viewer", "editor", "viewer"});
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ(made->email, "ann@acme.test");
  EXPECT_EQ(made->roles, (std::vector<std::string>{"editor", "viewer"}));
  auto changed = world_.users.Update(admin_, made->id, {.display_name = "Ann"}, made->version);
  ASSERT_TRUE(changed.ok()) << changed.status();
  EXPECT_EQ(world_.users.Get("acme", made->id)->display_name, "Ann");
  EXPECT_EQ(
      ReasonOf(
          world_.users.Update(admin_, made->id, {.display_name = "B"}, made->version).status()),
      "ETAG_MISMATCH");
  ASSERT_TRUE(world_.users.Delete(admin_, made->id, changed->version).ok());
  EXPECT_EQ(ReasonOf(world_.users.Get("acme", made->id).status()), "USER_NOT_FOUND");
  EXPECT_EQ(
      world_.database.Sql("SELECT count(*) FROM tenant.audit_outbox WHERE resource = 'users/" +
                          made->id.ToString() + "'"),
      "3");
}

TEST_F(UsersTest, BadRequestsSayWhy) {
  EXPECT_EQ(ReasonOf(Create("admin@acme.test", {}).status()), "USER_EXISTS");
  for (const char* email : {"", "x", "@x", "x@", "a b@c", "a@b@c"}) {
    EXPECT_EQ(ReasonOf(Create(email, {}).status()), "EMAIL_INVALID") << email;
  }
  EXPECT_EQ(ReasonOf(Create("a@b", {"king"}).status()), "ROLE_UNKNOWN");
  EXPECT_EQ(ReasonOf(Create("a@b", {"platform-admin"}).status()), "ROLE_NOT_GRANTABLE");
  EXPECT_EQ(ReasonOf(world_.users.Create(admin_, {.email = "a@b"}, "short").status()),
            "PASSWORD_INVALID");
}

TEST_F(UsersTest, NobodyGivesOrTouchesMoreThanTheyHold) {
  Actor helper = admin_;
  helper.permissions = {"users.*", "payloads.*", "tasks.work"};
  auto worker =
      world_.users.Create(helper, {.email = "w@acme.test", .roles = {"worker"}}, World::kPassword);
  ASSERT_TRUE(worker.ok()) << worker.status();
  EXPECT_EQ(
      ReasonOf(
          world_.users.Update(helper, worker->id, {.roles = std::vector<std::string>{"admin"}}, 0)
              .status()),
      "ROLE_NOT_GRANTABLE");
  ASSERT_TRUE(Create("second@acme.test", {"admin"}).ok());
  EXPECT_EQ(ReasonOf(world_.users.Update(helper, AdminId(), {.disabled = true}, 0).status()),
            "ROLE_NOT_GRANTABLE");
  EXPECT_EQ(ReasonOf(world_.users.Delete(helper, AdminId(), 0)), "ROLE_NOT_GRANTABLE");
}

TEST_F(UsersTest, TheLastAdministratorStays) {
  auto other = Create("other@acme.test", {"admin"});
  ASSERT_TRUE(world_.users.Update(admin_, other->id, {.disabled = true}, 0).ok());
  EXPECT_EQ(ReasonOf(world_.users.Update(admin_, AdminId(), {.disabled = true}, 0).status()),
            "LAST_ADMINISTRATOR");
  EXPECT_EQ(
      ReasonOf(
          world_.users.Update(admin_, AdminId(), {.roles = std::vector<std::string>{"viewer"}}, 0)
              .status()),
      "LAST_ADMINISTRATOR");
  EXPECT_EQ(ReasonOf(world_.users.Delete(admin_, AdminId(), 0)), "LAST_ADMINISTRATOR");
  ASSERT_TRUE(world_.users.Update(admin_, other->id, {.disabled = false}, 0).ok());
  EXPECT_TRUE(world_.users.Delete(admin_, AdminId(), 0).ok());
}

TEST_F(UsersTest, TwoAdministratorsThatRemoveEachOtherAtOnceLeaveOne) {
  auto other = Create("other@acme.test", {"admin"});
  std::atomic<int> removed{0};
  std::thread one([&] { removed += world_.users.Delete(admin_, AdminId(), 0).ok(); });
  std::thread two([&] { removed += world_.users.Delete(admin_, other->id, 0).ok(); });
  one.join();
  two.join();
  EXPECT_EQ(removed, 1);
}

TEST_F(UsersTest, ADisabledUsersSessionsEnd) {
  auto user = Create("u@acme.test", {"viewer"});
  auto grant = world_.sessions.Login({}, "u@acme.test", World::kPassword, "");
  ASSERT_TRUE(world_.users.Update(admin_, user->id, {.disabled = true}, 0).ok());
  ASSERT_TRUE(world_.users.Update(admin_, user->id, {.disabled = false}, 0).ok());
  EXPECT_EQ(ReasonOf(world_.identities.Authenticate(grant->access_token).status()),
            "CREDENTIALS_INVALID");
}

TEST_F(UsersTest, AnotherTenantsUserIsUnknown) {
  Actor bolt = world_.MakeTenant("bolt");
  const Uuid nobody = *Uuid::Parse("00000000-0000-7000-8000-000000000001");
  absl::Status unknown = world_.users.Get("bolt", nobody).status();
  EXPECT_EQ(ReasonOf(unknown), "USER_NOT_FOUND");
  EXPECT_EQ(world_.users.Get("bolt", AdminId()).status(), unknown);
  EXPECT_EQ(world_.users.Update(bolt, AdminId(), {.disabled = true}, 0).status(), unknown);
  EXPECT_EQ(world_.users.Delete(bolt, AdminId(), 0), unknown);
  EXPECT_EQ(ReasonOf(world_.identities.Authorize("bolt", admin_.principal).status()),
            "PRINCIPAL_NOT_FOUND");
  EXPECT_EQ(world_.users.List("bolt", Uuid(), 10)->size(), 1u);
}

TEST_F(UsersTest, AuthorizeGivesTheRightsOfNow) {
  auto user = Create("u@acme.test", {"viewer"});
  const std::string name = "users/" + user->id.ToString();
  EXPECT_EQ(world_.identities.Authorize("acme", name)->roles, std::vector<std::string>{"viewer"});
  ASSERT_TRUE(
      world_.users.Update(admin_, user->id, {.roles = std::vector<std::string>{"worker"}}, 0).ok());
  EXPECT_EQ(world_.identities.Authorize("acme", name)->permissions,
            (std::vector<std::string>{"payloads.create", "payloads.get", "tasks.work"}));
  for (const char* bad : {"", "users/", "users/x", "services/executor", "apiKeys/x"}) {
    EXPECT_EQ(ReasonOf(world_.identities.Authorize("acme", bad).status()), "PRINCIPAL_NOT_FOUND");
  }
}

}  // namespace
}  // namespace agentflow::tenant
