#include "services/tenant/identity/revocations.h"

#include <gtest/gtest.h>

#include <semaphore>

#include "libs/pg/listener.h"
#include "services/tenant/testing/world.h"

namespace agentflow::tenant {
namespace {

class RevocationsTest : public ::testing::Test {
 protected:
  RevocationsTest() : admin_(world_.MakeTenant("acme")) {}
  RevocationFeed::Listener Into(std::vector<std::string>& heard) {
    return [&heard](const Revocation& r) { heard.push_back(r.tenant + " " + r.principal); };
  }
  World world_;
  Actor admin_;
};

TEST_F(RevocationsTest, AKeyRevokedOnAnotherInstanceIsPushed) {
  // Another instance: its own pool and feed over the same database.
  pg::Pool other_pool({.url = world_.database.Url("tenant_app")});
  RevocationFeed other(other_pool);
  ASSERT_TRUE(other.Step().ok());
  std::vector<std::string> heard;
  int64_t subscription = other.Subscribe(Into(heard));
  auto key = world_.keys.Create(admin_, {.roles = {"worker"}});
  ASSERT_TRUE(other.Step().ok());
  EXPECT_TRUE(heard.empty());
  ASSERT_TRUE(world_.keys.Revoke(admin_, key->key.id).ok());
  ASSERT_TRUE(other.Step().ok());
  EXPECT_EQ(heard, std::vector<std::string>{"acme apiKeys/" + key->key.id.ToString()});
  // Each once, although every look goes back in time.
  ASSERT_TRUE(other.Step().ok());
  EXPECT_EQ(heard.size(), 1u);
  other.Unsubscribe(subscription);
  ASSERT_TRUE(world_.tenants.Update({}, "acme", {.suspended = true}, 0).ok());
  ASSERT_TRUE(other.Step().ok());
  EXPECT_EQ(heard.size(), 1u);
}

TEST_F(RevocationsTest, AnInstanceThatListensLooksAtOnce) {
  RevocationFeed other(world_.pool);
  std::counting_semaphore<> looks(0);
  std::vector<std::string> heard;
  pg::Listener listener({.url = world_.database.Url("tenant_app"),
                         .channel = RevocationFeed::kChannel,
                         .quiet = std::chrono::hours(1)},
                        [&] {
                          EXPECT_TRUE(other.Step().ok());
                          looks.release();
                        });
  ASSERT_TRUE(looks.try_acquire_for(std::chrono::seconds(30)));
  other.Subscribe(Into(heard));
  auto key = world_.keys.Create(admin_, {.roles = {"worker"}});
  ASSERT_TRUE(world_.keys.Revoke(admin_, key->key.id).ok());
  ASSERT_TRUE(looks.try_acquire_for(std::chrono::seconds(30)));
  EXPECT_EQ(heard, std::vector<std::string>{"acme apiKeys/" + key->key.id.ToString()});
}

TEST_F(RevocationsTest, AChangeOfRightsStateOrQuotasIsPushed) {
  ASSERT_TRUE(world_.revocations.Step().ok());
  std::vector<std::string> heard;
  world_.revocations.Subscribe(Into(heard));
  auto user =
      world_.users.Create(admin_, {.email = "u@acme.test", .roles = {"viewer"}}, World::kPassword);
  const std::string name = "acme users/" + user->id.ToString();
  ASSERT_TRUE(
      world_.users.Update(admin_, user->id, {.roles = std::vector<std::string>{"worker"}}, 0).ok());
  auto grant = world_.sessions.Login({}, "u@acme.test", World::kPassword, "");
  ASSERT_TRUE(world_.sessions.Logout({}, grant->refresh_token).ok());
  ASSERT_TRUE(world_.users.Delete(admin_, user->id, 0).ok());
  ASSERT_TRUE(world_.tenants.Update({}, "acme", {.quotas = Quotas{.weight = 1}}, 0).ok());
  ASSERT_TRUE(world_.revocations.Step().ok());
  EXPECT_EQ(heard, (std::vector<std::string>{name, name, name, "acme "}));
}

TEST_F(RevocationsTest, ALateSubscriberHearsTheLastMinute) {
  ASSERT_TRUE(world_.revocations.Step().ok());
  auto key = world_.keys.Create(admin_, {.roles = {"worker"}});
  ASSERT_TRUE(world_.keys.Revoke(admin_, key->key.id).ok());
  ASSERT_TRUE(world_.revocations.Step().ok());
  std::vector<std::string> heard;
  world_.revocations.Subscribe(Into(heard));
  EXPECT_EQ(heard.size(), 1u);
}

TEST_F(RevocationsTest, ARowThatCommitsLateIsNotMissed) {
  ASSERT_TRUE(world_.revocations.Step().ok());
  std::vector<std::string> heard;
  world_.revocations.Subscribe(Into(heard));
  auto late = world_.pool.Begin("acme");
  ASSERT_TRUE(WriteRevocation(*late, "users/late").ok());
  {
    auto early = world_.pool.Begin("acme");
    ASSERT_TRUE(WriteRevocation(*early, "users/early").ok());
    ASSERT_TRUE(early->Commit().ok());
  }
  ASSERT_TRUE(world_.revocations.Step().ok());
  ASSERT_TRUE(late->Commit().ok());
  ASSERT_TRUE(world_.revocations.Step().ok());
  EXPECT_EQ(heard, (std::vector<std::string>{"acme users/early", "acme users/late"}));
}

}  // namespace
}  // namespace agentflow::tenant
