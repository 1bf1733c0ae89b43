#include "services/tenant/app.h"

#include <gtest/gtest.h>

#include "agentflow/api/v1/auth.pb.h"
#include "libs/base/status.h"
#include "libs/rpc/testing/test_network.h"
#include "libs/testing/postgres.h"
#include "libs/testing/temp_dir.h"

namespace agentflow::tenant {
namespace {

namespace pb = api::v1;

class AppTest : public ::testing::Test {
 protected:
  std::string Settings(const std::string& app_url) {
    return network_.SettingsFor("tenant") + "listen: 127.0.0.1:0\nadmin_listen: 127.0.0.1:0\n" +
           "database:\n  url: \"" + app_url + "\"\n  owner_url: \"" +
           database_.Url("tenant_owner") + "\"\n" +
           "bootstrap:\n  email: admin@example.com\n  password: correct horse battery\n";
  }
  testing::PostgresForTest database_;
  rpc::TestNetwork network_;
};

TEST_F(AppTest, StartsOnAnEmptyDatabaseAndAnswers) {
  auto service = MakeTenantService(Mode::kServe);
  auto running =
      rpc::RunningService::Start("tenant", *service, Settings(database_.Url("tenant_app")));
  ASSERT_TRUE(running.ok()) << running.status();
  auto gateway = network_.Connect("gateway", "tenant", (*running)->port());
  pb::LoginRequest login;
  login.set_email("nobody@example.com");
  login.set_password("some password");
  auto tokens =
      gateway->Unary<pb::LoginRequest, pb::TokenPair>("agentflow.api.v1.AuthService/Login", login);
  EXPECT_EQ(ReasonOf(tokens.status()), "CREDENTIALS_INVALID");
  EXPECT_TRUE(gateway->CheckHealth("").ok());
}

TEST_F(AppTest, RefusesARoleThatCouldBypassRowSecurity) {
  auto service = MakeTenantService(Mode::kServe);
  auto running = rpc::RunningService::Start("tenant", *service, Settings(database_.SuperuserUrl()));
  EXPECT_EQ(ReasonOf(running.status()), "ROW_SECURITY_BYPASSED");
}

TEST_F(AppTest, ADatabaseThatIsNotThereStopsTheStart) {
  auto service = MakeTenantService(Mode::kServe);
  std::string settings = Settings("postgresql://x@/x?host=/tmp/agentflow-none");
  settings.replace(settings.find(database_.Url("tenant_owner")),
                   database_.Url("tenant_owner").size(),
                   "postgresql://x@/x?host=/tmp/agentflow-none");
  auto running = rpc::RunningService::Start("tenant", *service, settings);
  EXPECT_EQ(ReasonOf(running.status()), "DATABASE_UNAVAILABLE");
}

TEST_F(AppTest, BootstrapRunsBesideAServingInstance) {
  auto service = MakeTenantService(Mode::kServe);
  auto running =
      rpc::RunningService::Start("tenant", *service, Settings(database_.Url("tenant_app")));
  ASSERT_TRUE(running.ok()) << running.status();
  testing::TempDir dir;
  std::string config = dir.Write("tenant.yaml", Settings(database_.Url("tenant_app")));
  for (const char* run : {"first", "second"}) {
    auto bootstrap = MakeTenantService(Mode::kBootstrap);
    std::string program = "agentflow-tenant", flag = "--config";
    char* args[] = {program.data(), flag.data(), config.data()};
    ::testing::internal::CaptureStdout();
    EXPECT_EQ(rpc::ServiceMain("tenant", *bootstrap, 3, args), 0);
    std::string out = ::testing::internal::GetCapturedStdout();
    EXPECT_EQ(out.starts_with(R"({"api_key":"af_)"), std::string(run) == "first") << out;
    EXPECT_NE(out.find(R"("email":"admin@example.com","tenant":"default"})"), std::string::npos);
  }
  auto gateway = network_.Connect("gateway", "tenant", (*running)->port());
  pb::LoginRequest login;
  login.set_email("admin@example.com");
  login.set_password("correct horse battery");
  auto tokens =
      gateway->Unary<pb::LoginRequest, pb::TokenPair>("agentflow.api.v1.AuthService/Login", login);
  EXPECT_TRUE(tokens.ok()) << tokens.status();
}

}  // namespace
}  // namespace agentflow::tenant
