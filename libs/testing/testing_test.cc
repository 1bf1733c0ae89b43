#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "libs/testing/certificates.h"
#include "libs/testing/postgres.h"
#include "libs/testing/redis.h"
#include "libs/testing/temp_dir.h"

namespace agentflow::testing {
namespace {

TEST(TempDir, IsGoneAtTheEnd) {
  std::string path;
  {
    TempDir dir;
    path = dir.path();
    std::ifstream file(dir.Write("a/b", "text"));
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), "text");
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(PostgresForTest, GivesSeparateDatabasesWithTheRolesAndSchemas) {
  PostgresForTest one;
  PostgresForTest two;
  EXPECT_NE(one.database(), two.database());
  EXPECT_EQ(one.Sql("SELECT count(*) FROM pg_namespace WHERE nspname IN "
                    "('tenant','designer','executor','scheduler','coordinator','monitor')"),
            "6");
  EXPECT_EQ(one.Sql("SELECT count(*) FROM pg_roles WHERE rolname ~ '_(owner|app|system|engine)$' "
                    "AND NOT rolsuper AND NOT rolbypassrls AND rolname !~ '^pg_'"),
            "19");
  EXPECT_NE(one.Url("tenant_app").find("tenant_app@"), std::string::npos);
}

TEST(RedisForTest, StartsAndRestarts) {
  RedisForTest redis;
  std::string url = redis.url();
  EXPECT_TRUE(url.starts_with("redis://"));
  if (std::getenv("AGENTFLOW_TEST_REDIS") == nullptr) redis.Restart();
  EXPECT_EQ(redis.url(), url);
}

TEST(CertificatesForTest, IssuesFilesOfTheSameAuthority) {
  CertificatesForTest certificates;
  CertificatesForTest::Issued tenant = certificates.Issue("tenant");
  EXPECT_TRUE(std::filesystem::exists(tenant.cert_path));
  EXPECT_TRUE(tenant.key_pem.starts_with("-----BEGIN PRIVATE KEY-----"));
  EXPECT_NE(certificates.Issue("tenant").cert_path, tenant.cert_path);
  EXPECT_TRUE(MakeKeyPairForTest().public_pem.starts_with("-----BEGIN PUBLIC KEY-----"));
}

}  // namespace
}  // namespace agentflow::testing
