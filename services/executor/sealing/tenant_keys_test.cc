// Tenants' keys against PostgreSQL: made once, sealed under the current master key, destroyed.
#include "services/executor/sealing/tenant_keys.h"

#include <gtest/gtest.h>

#include <thread>

#include "libs/base/status.h"
#include "libs/pg/migrate.h"
#include "libs/testing/postgres.h"
#include "migrations/executor.h"

namespace agentflow::executor {
namespace {

constexpr char kOld[] = "old=MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
constexpr char kNew[] = "new=ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA=";

crypto::KeyRing Ring(const std::string& keys, const std::string& current = "") {
  return *MasterKeys(crypto::Secret(keys), current);
}

TEST(MasterKeysTest, WhatIsWrongWithTheSettingIsSaidWithTheWayOut) {
  const struct {
    std::string keys, current, field, says;
  } cases[] = {
      {"", "", "encryption.keys", "names no master key"},
      {"main", "", "encryption.keys", "NAME=KEY"},
      {"=MDEy", "", "encryption.keys", "NAME=KEY"},
      {"main=MDEy", "", "encryption.keys", "not 32 bytes"},
      {"main=!", "", "encryption.keys", "not 32 bytes"},
      {std::string(kOld) + "," + kOld, "old", "encryption.keys", "two keys"},
      {std::string(kOld) + "," + kNew, "", "encryption.current", "which of several"},
      {kOld, "new", "encryption.current", "has no \"new\""},
      {std::string(33, 'x') + "=MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=", "",
       "encryption.keys", "1 to 32"},
  };
  for (const auto& each : cases) {
    const absl::Status status = MasterKeys(crypto::Secret(each.keys), each.current).status();
    EXPECT_EQ(ReasonOf(status), "CONFIG_INVALID") << each.keys;
    EXPECT_EQ(MetadataOf(status)[kErrorField], each.field) << each.keys;
    EXPECT_NE(MessageOf(status).find(each.says), std::string::npos) << status;
    EXPECT_NE(MessageOf(status).find("openssl rand -base64 32"), std::string::npos) << status;
    EXPECT_EQ(MessageOf(status).find("MDEy"), std::string::npos) << "a key in a message";
  }
  EXPECT_EQ(Ring(std::string(kOld) + "\n" + kNew + "\n", "new").current(), "new");
}

class TenantKeysTest : public ::testing::Test {
 protected:
  TenantKeysTest() { AF_CHECK(pg::Migrate(database_.Url("executor_owner"), Migrations()).ok()); }

  std::unique_ptr<TenantKeys> Keys(crypto::KeyRing ring, int check_ms = 5'000) {
    return std::make_unique<TenantKeys>(
        TenantKeysOptions{.url = database_.Url("executor_engine"), .check_ms = check_ms},
        std::move(ring), clock_);
  }
  static std::string BytesOf(const absl::StatusOr<TenantSealPtr>& seal) {
    EXPECT_TRUE(seal.ok()) << seal.status();
    return seal.ok() ? (*seal)->key().bytes().Reveal() : "";
  }
  std::string Masters() {
    return database_.Sql("SELECT coalesce(string_agg(tenant_id || '=' || key_id, ' ' ORDER BY "
                         "tenant_id), '') FROM executor.tenant_key");
  }

  testing::PostgresForTest database_;
  ManualClock clock_;
};

TEST_F(TenantKeysTest, AllWhoAskForATenantsKeyGetTheSame) {
  auto first = Keys(Ring(kOld)), second = Keys(Ring(kOld));
  EXPECT_EQ(ReasonOf(first->Open("acme").status()), "TENANT_KEY_MISSING");
  EXPECT_EQ(first->Find("acme"), nullptr);
  std::string keys[8];
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] { keys[i] = BytesOf((i % 2 == 0 ? first : second)->Get("acme")); });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::string& key : keys) EXPECT_EQ(key, keys[0]);
  EXPECT_EQ(keys[0].size(), 32u);
  EXPECT_NE(first->Find("acme"), nullptr);
  EXPECT_NE(BytesOf(first->Get("other")), keys[0]);
  EXPECT_EQ(database_.Sql("SELECT count(*) FROM executor.tenant_key"), "2");
}

TEST_F(TenantKeysTest, AKeyOpensAsItsOwnTenantsAlone) {
  ASSERT_TRUE(Keys(Ring(kOld))->Get("acme").ok());
  ASSERT_TRUE(Keys(Ring(kOld))->Get("other").ok());
  database_.Sql("UPDATE executor.tenant_key SET sealed = (SELECT sealed FROM executor.tenant_key "
                "WHERE tenant_id = 'other')");
  auto keys = Keys(Ring(kOld));
  EXPECT_EQ(ReasonOf(keys->Get("acme").status()), "TENANT_KEY_BROKEN");
  EXPECT_TRUE(keys->Get("other").ok());
  EXPECT_TRUE(keys->CheckMaster().ok()) << "one row is that tenant's trouble";
}

TEST_F(TenantKeysTest, AMasterKeyIsChangedInThreeSteps) {
  const std::string both = std::string(kOld) + "," + kNew;
  std::map<std::string, std::string> made;
  auto before = Keys(Ring(kOld));
  for (const char* tenant : {"a", "b", "c"}) made[tenant] = BytesOf(before->Get(tenant));
  EXPECT_EQ(Masters(), "a=old b=old c=old");
  // The new one opens everywhere before it seals anywhere.
  EXPECT_EQ(BytesOf(Keys(Ring(both, "old"))->Get("a")), made["a"]);
  EXPECT_EQ(Masters(), "a=old b=old c=old");
  // What is used is sealed anew at once, the rest by looks.
  auto during = Keys(Ring(both, "new"));
  ASSERT_TRUE(during->CheckMaster().ok());
  EXPECT_EQ(BytesOf(during->Get("b")), made["b"]);
  ASSERT_TRUE(during->Check().ok());
  EXPECT_EQ(Masters(), "a=new b=new c=new");
  // One that has its settings of before makes another one meanwhile.
  ASSERT_TRUE(during->Check().ok());
  made["d"] = BytesOf(before->Get("d"));
  EXPECT_EQ(Masters(), "a=new b=new c=new d=old");
  for (int i = 0; i < 12; ++i) ASSERT_TRUE(during->Check().ok());
  EXPECT_EQ(Masters(), "a=new b=new c=new d=new");
  auto after = Keys(Ring(kNew));
  ASSERT_TRUE(after->CheckMaster().ok());
  for (const auto& [tenant, bytes] : made) EXPECT_EQ(BytesOf(after->Get(tenant)), bytes);
  // Who took the old one away too early, or has another one, does not start.
  EXPECT_EQ(ReasonOf(Keys(Ring(kOld))->CheckMaster()), "MASTER_KEY_UNKNOWN");
  EXPECT_EQ(ReasonOf(Keys(Ring(kOld))->Get("a").status()), "MASTER_KEY_UNKNOWN");
  auto wrong = Keys(Ring("new=" + std::string(kOld).substr(4)));
  EXPECT_EQ(ReasonOf(wrong->CheckMaster()), "TENANT_KEY_BROKEN");
}

TEST_F(TenantKeysTest, ADestroyedKeyIsForgottenEverywhere) {
  auto here = Keys(Ring(kOld), 50), there = Keys(Ring(kOld), 50);
  ASSERT_TRUE(here->Get("acme").ok());
  ASSERT_TRUE(there->Get("acme").ok());
  ASSERT_TRUE(there->Get("other").ok());
  EXPECT_FALSE(*here->Destroy("acme")) << "the other one may have it still";
  EXPECT_EQ(here->Find("acme"), nullptr);
  EXPECT_NE(there->Find("acme"), nullptr);
  ASSERT_TRUE(there->Check().ok());
  EXPECT_EQ(there->Find("acme"), nullptr);
  EXPECT_NE(there->Find("other"), nullptr);
  for (auto* keys : {here.get(), there.get()}) {
    EXPECT_EQ(ReasonOf(keys->Open("acme").status()), "TENANT_KEY_DESTROYED");
    EXPECT_EQ(ReasonOf(keys->Get("acme").status()), "TENANT_KEY_DESTROYED") << "none is made anew";
  }
  EXPECT_EQ(database_.Sql("SELECT length(sealed) FROM executor.tenant_key WHERE "
                          "tenant_id = 'acme'"),
            "0");
  while (!*there->Destroy("acme")) std::this_thread::yield();
  EXPECT_TRUE(*here->Destroy("nobody")) << "there is nothing to destroy";
}

TEST_F(TenantKeysTest, AKeyThatCannotBeLookedAtIsNotTrustedForLong) {
  auto keys = Keys(Ring(kOld), 1'000);
  ASSERT_TRUE(keys->Get("acme").ok());
  clock_.Advance(2'000'000);
  ASSERT_TRUE(keys->Check().ok());
  clock_.Advance(2'000'000);
  EXPECT_NE(keys->Find("acme"), nullptr);
  clock_.Advance(1'000'000);
  EXPECT_EQ(keys->Find("acme"), nullptr);
  EXPECT_TRUE(keys->Open("acme").ok()) << "asked, the database still has it";
}

TEST_F(TenantKeysTest, AConnectionThatBrokeMeanwhileIsReplaced) {
  auto keys = Keys(Ring(kOld));
  ASSERT_TRUE(keys->Get("acme").ok());
  database_.TerminateConnections();
  EXPECT_TRUE(keys->Get("other").ok());
}

TEST_F(TenantKeysTest, RequestsHaveNoRightToKeys) {
  EXPECT_EQ(database_.Sql("SELECT has_table_privilege('executor_app', 'executor.tenant_key', "
                          "'SELECT, INSERT, UPDATE, DELETE')"),
            "f");
  EXPECT_EQ(database_.Sql("SELECT relforcerowsecurity FROM pg_class WHERE oid = "
                          "'executor.tenant_key'::regclass"),
            "t");
}

}  // namespace
}  // namespace agentflow::executor
