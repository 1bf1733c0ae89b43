#include <gtest/gtest.h>

#include "libs/auth/principal.h"
#include "libs/auth/roles.h"
#include "libs/auth/user_context.h"
#include "libs/base/status.h"

namespace agentflow::auth {
namespace {

TEST(PermitsTest, Table) {
  struct Case {
    std::vector<std::string> granted;
    std::string permission;
    bool expected;
  };
  for (const Case& c : std::vector<Case>{
           {{"workflows.update"}, "workflows.update", true},
           {{"workflows.update"}, "workflows.get", false},
           {{"workflows.*"}, "workflows.get", true},
           {{"workflows.*"}, "workflowsX.get", false},
           {{"workflows.*"}, "workflows.", false},
           {{"work*"}, "workflows.get", false},
           {{"*"}, "workflows.get", true},
           {{"*"}, "tenants.list", false},
           {{"*", "tenants.*"}, "tenants.list", true},
           {{}, "workflows.get", false},
       }) {
    EXPECT_EQ(Permits(c.granted, c.permission), c.expected) << c.permission;
  }
}

TEST(PermitsTest, AGrantNeverGivesMoreThanItsGiverHas) {
  EXPECT_TRUE(PermitsAll({"*"}, {"workflows.*", "users.get"}));
  EXPECT_TRUE(PermitsAll({"*"}, {"*"}));
  EXPECT_FALSE(PermitsAll({"*"}, {"tenants.*"}));
  EXPECT_FALSE(PermitsAll({"workflows.*"}, {"*"}));
  EXPECT_TRUE(PermitsAll({"workflows.*"}, {"workflows.*", "workflows.get"}));
  EXPECT_FALSE(PermitsAll({"workflows.get"}, {"workflows.*"}));
}

TEST(RequirePermissionTest, NamesWhatIsMissing) {
  Principal principal;
  principal.permissions = {"workflows.get"};
  EXPECT_TRUE(RequirePermission(principal, "workflows.get").ok());
  absl::Status status = RequirePermission(principal, "workflows.update");
  EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(ReasonOf(status), "PERMISSION_MISSING");
  EXPECT_EQ(MetadataOf(status).at("permission"), "workflows.update");
}

TEST(RolesTest, EachRoleGivesWhatItsNamePromises) {
  auto has = [](std::string_view role, std::string_view permission) {
    return Permits(FindBuiltinRole(role)->permissions, permission);
  };
  EXPECT_TRUE(has("admin", "users.create"));
  EXPECT_FALSE(has("admin", "tenants.create"));
  EXPECT_TRUE(has("platform-admin", "tenants.create"));
  EXPECT_TRUE(has("editor", "workflows.publish"));
  EXPECT_FALSE(has("editor", "users.create"));
  EXPECT_TRUE(has("operator", "executions.start"));
  EXPECT_FALSE(has("operator", "workflows.update"));
  EXPECT_TRUE(has("viewer", "executions.get"));
  EXPECT_FALSE(has("viewer", "executions.cancel"));
  EXPECT_TRUE(has("worker", "tasks.work"));
  EXPECT_FALSE(has("worker", "executions.get"));
  EXPECT_EQ(FindBuiltinRole("emperor"), nullptr);
  EXPECT_EQ(PermissionsOf({"worker", "admin", "emperor"}),
            (std::vector<std::string>{"*", "payloads.create", "payloads.get", "tasks.work"}));
}

class UserContextTest : public ::testing::Test {
 protected:
  UserContextTest()
      : key_(crypto::SigningKey::Generate()),
        minter_(key_, &clock_),
        verifier_({*crypto::VerifyingKey::FromPem(key_.PublicPem())}, &clock_) {
    principal_.tenant = "acme";
    principal_.name = "users/1";
    principal_.email = "a@acme.example";
    principal_.roles = {"editor"};
    principal_.permissions = {"workflows.*"};
  }

  ManualClock clock_;
  crypto::SigningKey key_;
  ContextMinter minter_;
  ContextVerifier verifier_;
  Principal principal_;
};

TEST_F(UserContextTest, CarriesThePrincipal) {
  std::string context = minter_.Mint(principal_);
  absl::StatusOr<PrincipalPtr> got = verifier_.Verify(context);
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_EQ((*got)->tenant, "acme");
  EXPECT_EQ((*got)->name, "users/1");
  EXPECT_EQ((*got)->email, "a@acme.example");
  EXPECT_EQ((*got)->roles, principal_.roles);
  EXPECT_EQ((*got)->permissions, principal_.permissions);
  EXPECT_FALSE((*got)->by_service);
  EXPECT_EQ(verifier_.Verify(context)->get(), got->get()) << "the second check is a look-up";
}

TEST_F(UserContextTest, EndsAlsoWhenRemembered) {
  std::string context = minter_.Mint(principal_);
  ASSERT_TRUE(verifier_.Verify(context).ok());
  clock_.Advance(66'000'000);
  EXPECT_EQ(ReasonOf(verifier_.Verify(context).status()), "CONTEXT_EXPIRED");
  EXPECT_EQ(ReasonOf(verifier_.Verify(context).status()), "CONTEXT_EXPIRED");
}

TEST_F(UserContextTest, RefusesForgeriesAndTheFuture) {
  ContextMinter stranger(crypto::SigningKey::Generate(), &clock_);
  EXPECT_EQ(ReasonOf(verifier_.Verify(stranger.Mint(principal_)).status()), "CONTEXT_INVALID");
  EXPECT_EQ(ReasonOf(verifier_.Verify("nonsense").status()), "CONTEXT_INVALID");
  EXPECT_EQ(ReasonOf(verifier_.Verify(key_.Sign(R"({"sub":"users/1"})")).status()),
            "CONTEXT_INVALID");
  EXPECT_EQ(ReasonOf(verifier_
                         .Verify(key_.Sign(R"({"iss":"agentflow-gateway","aud":"agentflow",)"
                                           R"("sub":"users/1","iat":1,"exp":9999999999})"))
                         .status()),
            "CONTEXT_INVALID");
  ManualClock ahead(clock_.Now() + 60'000'000);
  EXPECT_EQ(ReasonOf(verifier_.Verify(ContextMinter(key_, &ahead).Mint(principal_)).status()),
            "CONTEXT_INVALID");
}

TEST_F(UserContextTest, StaysBounded) {
  ContextVerifier small({*crypto::VerifyingKey::FromPem(key_.PublicPem())}, &clock_, 2);
  for (int i = 0; i < 10; ++i) {
    principal_.name = "users/" + std::to_string(i);
    EXPECT_EQ((*small.Verify(minter_.Mint(principal_)))->name, principal_.name);
  }
}

}  // namespace
}  // namespace agentflow::auth
