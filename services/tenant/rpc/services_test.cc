#include "services/tenant/rpc/services.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>

#include "agentflow/api/v1/api_key.pb.h"
#include "agentflow/api/v1/audit_event.pb.h"
#include "agentflow/api/v1/auth.pb.h"
#include "agentflow/api/v1/tenant.pb.h"
#include "agentflow/api/v1/user.pb.h"
#include "agentflow/internal/tenant/v1/audit_sink.pb.h"
#include "agentflow/internal/tenant/v1/erasure.pb.h"
#include "agentflow/internal/tenant/v1/identity.pb.h"
#include "google/protobuf/empty.pb.h"
#include "libs/rpc/testing/test_network.h"
#include "services/tenant/testing/world.h"

// The methods as others see them: over mutual TLS, with real contexts.
namespace agentflow::tenant {
namespace {

namespace pb = api::v1;
namespace in = internal::tenant::v1;
using google::protobuf::Empty;

const std::string kApi = "agentflow.api.v1.";
const std::string kInternal = "agentflow.internal.tenant.v1.";
constexpr char kNobody[] = "users/00000000-0000-7000-8000-000000000001";

class ServicesTest : public ::testing::Test {
 protected:
  ServicesTest()
      : acme_(world_.MakeTenant("acme")),
        bolt_(world_.MakeTenant("bolt")),
        server_(network_.ServerOptionsFor("tenant")) {
    RegisterAuthService(server_, world_.sessions);
    RegisterTenantService(server_, world_.tenants);
    RegisterErasureService(server_, world_.erasures);
    RegisterUserService(server_, world_.users);
    RegisterApiKeyService(server_, world_.keys);
    RegisterAuditServices(server_, world_.audit);
    identity_service_.Register(server_);
    // This also says that every method of the contract has its handler.
    absl::Status started = server_.Start();
    EXPECT_TRUE(started.ok()) << started;
    gateway_ = network_.Connect("gateway", "tenant", server_.port());
  }

  template <class Response, class Request>
  absl::StatusOr<Response> Call(const std::string& method, const Request& request,
                                const std::vector<std::string>& permissions = {"*"},
                                const std::string& tenant = "acme") {
    const Actor& actor = tenant == "acme" ? acme_ : bolt_;
    return gateway_->Unary<Request, Response>(kApi + method, request,
                                              network_.As(tenant, permissions, actor.principal));
  }
  template <class Response, class Request>
  absl::StatusOr<Response> CallAs(const std::string& service, const std::string& method,
                                  const Request& request) {
    return network_.Connect(service, "tenant", server_.port())
        ->Unary<Request, Response>(kInternal + method, request);
  }
  template <class Request>
  static Request Named(const std::string& name) {
    Request request;
    request.set_name(name);
    return request;
  }

  World world_;
  Actor acme_, bolt_;
  rpc::TestNetwork network_;
  IdentityService identity_service_{world_.identities, world_.tenants, world_.revocations};
  rpc::Server server_;
  rpc::ChannelPtr gateway_;
};

TEST_F(ServicesTest, LoginAuthenticateWhoAmIRefreshLogout) {
  pb::LoginRequest login;
  login.set_email("admin@acme.test");
  login.set_password(World::kPassword);
  auto tokens = gateway_->Unary<pb::LoginRequest, pb::TokenPair>(kApi + "AuthService/Login", login);
  ASSERT_TRUE(tokens.ok()) << tokens.status();
  in::AuthenticateRequest ask;
  ask.set_credential(tokens->access_token());
  auto identity = CallAs<in::Identity>("gateway", "IdentityService/Authenticate", ask);
  ASSERT_TRUE(identity.ok()) << identity.status();
  EXPECT_EQ(identity->tenant(), "acme");
  EXPECT_EQ(identity->cache_for().seconds(), 30);
  EXPECT_EQ(identity->quotas().workflows(), World::kDefaults.workflows);
  EXPECT_EQ(identity->expire_time().seconds(), tokens->expire_time().seconds());

  auto me = Call<pb::WhoAmIResponse>("AuthService/WhoAmI", pb::WhoAmIRequest(), {});
  ASSERT_TRUE(me.ok()) << me.status();
  EXPECT_EQ(me->principal(), acme_.principal);
  EXPECT_EQ(me->tenant(), "acme");

  pb::RefreshRequest refresh;
  refresh.set_refresh_token(tokens->refresh_token());
  auto next =
      gateway_->Unary<pb::RefreshRequest, pb::TokenPair>(kApi + "AuthService/Refresh", refresh);
  ASSERT_TRUE(next.ok()) << next.status();
  pb::LogoutRequest logout;
  logout.set_refresh_token(next->refresh_token());
  EXPECT_TRUE(
      (gateway_->Unary<pb::LogoutRequest, Empty>(kApi + "AuthService/Logout", logout)).ok());
  ask.set_credential(next->access_token());
  EXPECT_EQ(ReasonOf(CallAs<in::Identity>("gateway", "IdentityService/Authenticate", ask).status()),
            "CREDENTIALS_INVALID");
}

TEST_F(ServicesTest, UsersCreateListUpdateDelete) {
  pb::CreateUserRequest create;
  create.mutable_user()->set_email("ann@acme.test");
  create.mutable_user()->add_roles("viewer");
  create.set_password(World::kPassword);
  world_.clock.Advance(1000);
  auto user = Call<pb::User>("UserService/CreateUser", create);
  ASSERT_TRUE(user.ok()) << user.status();
  EXPECT_EQ(user->etag(), "1");

  pb::ListUsersRequest list;
  list.set_page_size(1);
  auto page = Call<pb::ListUsersResponse>("UserService/ListUsers", list);
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(page->users(0).email(), "admin@acme.test");
  list.set_page_token(page->next_page_token());
  page = Call<pb::ListUsersResponse>("UserService/ListUsers", list);
  EXPECT_EQ(page->users(0).name(), user->name());
  EXPECT_EQ(page->next_page_token(), "");
  // A token is good for its own query and tenant only.
  EXPECT_EQ(
      ReasonOf(Call<pb::ListUsersResponse>("UserService/ListUsers", list, {"*"}, "bolt").status()),
      "PAGE_TOKEN_INVALID");
  pb::ListApiKeysRequest keys;
  keys.set_page_token(list.page_token());
  EXPECT_EQ(ReasonOf(Call<pb::ListApiKeysResponse>("ApiKeyService/ListApiKeys", keys).status()),
            "PAGE_TOKEN_INVALID");

  pb::UpdateUserRequest update;
  *update.mutable_user() = *user;
  update.mutable_user()->set_display_name("Ann");
  update.mutable_user()->clear_roles();
  update.mutable_update_mask()->add_paths("display_name");
  auto changed = Call<pb::User>("UserService/UpdateUser", update);
  ASSERT_TRUE(changed.ok()) << changed.status();
  EXPECT_EQ(changed->display_name(), "Ann");
  EXPECT_EQ(changed->roles_size(), 1) << "the mask did not name the roles";
  absl::Status stale = Call<pb::User>("UserService/UpdateUser", update).status();
  EXPECT_EQ(stale.code(), absl::StatusCode::kAborted);
  EXPECT_EQ(ReasonOf(stale), "ETAG_MISMATCH");
  update.mutable_user()->set_etag("junk");
  EXPECT_EQ(ReasonOf(Call<pb::User>("UserService/UpdateUser", update).status()), "ETAG_MISMATCH");
  update.mutable_update_mask()->add_paths("email");
  EXPECT_EQ(ReasonOf(Call<pb::User>("UserService/UpdateUser", update).status()),
            "UPDATE_MASK_INVALID");

  EXPECT_TRUE(
      Call<Empty>("UserService/DeleteUser", Named<pb::DeleteUserRequest>(user->name())).ok());
  EXPECT_EQ(
      ReasonOf(
          Call<pb::User>("UserService/GetUser", Named<pb::GetUserRequest>(user->name())).status()),
      "USER_NOT_FOUND");
}

TEST_F(ServicesTest, AnotherTenantsNamesAnswerAsUnknownAndMalformedOnes) {
  auto key = world_.keys.Create(acme_, {.roles = {"viewer"}});
  const std::string key_name = "apiKeys/" + key->key.id.ToString();
  auto user = [&](const std::string& name) {
    return Call<pb::User>("UserService/GetUser", Named<pb::GetUserRequest>(name), {"*"}, "bolt")
        .status();
  };
  auto api_key = [&](const std::string& name) {
    return Call<pb::ApiKey>("ApiKeyService/GetApiKey", Named<pb::GetApiKeyRequest>(name), {"*"},
                            "bolt")
        .status();
  };
  auto revoke = [&](const std::string& name) {
    return Call<pb::ApiKey>("ApiKeyService/RevokeApiKey", Named<pb::RevokeApiKeyRequest>(name),
                            {"*"}, "bolt")
        .status();
  };
  auto remove = [&](const std::string& name) {
    return Call<Empty>("UserService/DeleteUser", Named<pb::DeleteUserRequest>(name), {"*"}, "bolt")
        .status();
  };
  EXPECT_EQ(ReasonOf(user(kNobody)), "USER_NOT_FOUND");
  EXPECT_EQ(user(acme_.principal), user(kNobody));
  for (const char* bad : {"", "users/", "users/x", "apiKeys/x", "users/../x"}) {
    EXPECT_EQ(user(bad), user(kNobody)) << bad;
  }
  EXPECT_EQ(remove(acme_.principal), remove(kNobody));
  EXPECT_EQ(ReasonOf(api_key(kNobody)), "API_KEY_NOT_FOUND");
  EXPECT_EQ(api_key(key_name), api_key(kNobody));
  EXPECT_EQ(revoke(key_name), revoke(kNobody));
}

TEST_F(ServicesTest, TenantsAreForPlatformAdministrators) {
  pb::CreateTenantRequest create;
  create.set_tenant_id("crux");
  create.mutable_tenant()->set_title("Crux");
  create.set_admin_email("root@crux.test");
  create.set_admin_password(World::kPassword);
  absl::Status denied = Call<pb::Tenant>("TenantService/CreateTenant", create).status();
  EXPECT_EQ(ReasonOf(denied), "PERMISSION_MISSING") << "an administrator's * is not enough";
  const std::vector<std::string> platform = {"tenants.*"};
  auto made = Call<pb::Tenant>("TenantService/CreateTenant", create, platform);
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ(made->name(), "tenants/crux");
  EXPECT_EQ(made->state(), pb::Tenant::ACTIVE);

  pb::UpdateTenantRequest update;
  update.mutable_tenant()->set_name("tenants/crux");
  update.mutable_tenant()->mutable_quotas()->set_workflows(3);
  auto changed = Call<pb::Tenant>("TenantService/UpdateTenant", update, platform);
  ASSERT_TRUE(changed.ok()) << changed.status();
  EXPECT_EQ(changed->title(), "Crux");
  in::GetQuotasRequest quotas;
  quotas.set_tenant("crux");
  auto answered = CallAs<pb::Quotas>("designer", "IdentityService/GetQuotas", quotas);
  ASSERT_TRUE(answered.ok()) << answered.status();
  EXPECT_EQ(answered->workflows(), 3);
  EXPECT_EQ(answered->request_burst(), World::kDefaults.request_burst);

  pb::ListTenantsRequest list;
  list.set_page_size(2);
  auto page = Call<pb::ListTenantsResponse>("TenantService/ListTenants", list, platform);
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(page->tenants(1).name(), "tenants/bolt");
  list.set_page_token(page->next_page_token());
  EXPECT_EQ(
      Call<pb::ListTenantsResponse>("TenantService/ListTenants", list, platform)->tenants(0).name(),
      "tenants/crux");
  for (const char* name : {"tenants/none", "tenants/", "x", ""}) {
    EXPECT_EQ(ReasonOf(Call<pb::Tenant>("TenantService/GetTenant",
                                        Named<pb::GetTenantRequest>(name), platform)
                           .status()),
              "TENANT_NOT_FOUND")
        << name;
  }
}

TEST_F(ServicesTest, ThePlatformDeletesATenantAndItsServicesHearOfIt) {
  const auto bolt = Named<pb::DeleteTenantRequest>("tenants/bolt");
  EXPECT_EQ(ReasonOf(Call<pb::Tenant>("TenantService/DeleteTenant", bolt).status()),
            "PERMISSION_MISSING");
  auto deleted = Call<pb::Tenant>("TenantService/DeleteTenant", bolt, {"tenants.*"});
  ASSERT_TRUE(deleted.ok()) << deleted.status();
  EXPECT_EQ(deleted->state(), pb::Tenant::DELETING);
  world_.clock.Advance(61'000'000);
  auto asked = CallAs<in::ListErasuresResponse>("scheduler", "ErasureService/ListErasures",
                                                in::ListErasuresRequest());
  ASSERT_TRUE(asked.ok()) << asked.status();
  ASSERT_EQ(asked->tenants_size(), 1);
  in::ReportErasedRequest report;
  report.set_tenant(asked->tenants(0));
  for (const char* service : {"scheduler", "executor", "monitor", "designer"}) {
    auto reported =
        CallAs<in::ReportErasedResponse>(service, "ErasureService/ReportErased", report);
    ASSERT_TRUE(reported.ok()) << reported.status();
  }
  ASSERT_TRUE(world_.erasures.Finish().ok());
  EXPECT_EQ(ReasonOf(Call<pb::Tenant>("TenantService/GetTenant",
                                      Named<pb::GetTenantRequest>("tenants/bolt"), {"tenants.*"})
                         .status()),
            "TENANT_NOT_FOUND");
}

TEST_F(ServicesTest, InternalMethodsAreForThoseTheContractNames) {
  in::AuthenticateRequest authenticate;
  EXPECT_EQ(
      ReasonOf(
          CallAs<in::Identity>("executor", "IdentityService/Authenticate", authenticate).status()),
      "CALLER_NOT_ALLOWED");
  in::AuthorizeRequest authorize;
  authorize.set_tenant("acme");
  authorize.set_principal(acme_.principal);
  auto now = CallAs<in::Identity>("executor", "IdentityService/Authorize", authorize);
  ASSERT_TRUE(now.ok()) << now.status();
  EXPECT_EQ(now->roles(0), "admin");
  EXPECT_EQ(
      ReasonOf(CallAs<in::Identity>("designer", "IdentityService/Authorize", authorize).status()),
      "CALLER_NOT_ALLOWED");
}

TEST_F(ServicesTest, ARevokedKeyIsPushedToWatchers) {
  pb::CreateApiKeyRequest create;
  create.mutable_api_key()->add_roles("worker");
  auto key = Call<pb::CreateApiKeyResponse>("ApiKeyService/CreateApiKey", create);
  ASSERT_TRUE(key.ok()) << key.status();
  EXPECT_EQ(key->api_key().creator(), acme_.principal);

  std::mutex mutex;
  std::condition_variable changed;
  std::vector<in::Revocation> heard;
  bool ended = false;
  auto stream = gateway_->ServerStreaming<in::WatchRevocationsRequest, in::Revocation>(
      kInternal + "IdentityService/WatchRevocations", in::WatchRevocationsRequest());
  stream.OnEnd([&](const absl::Status&) {
    std::lock_guard lock(mutex);
    ended = true;
    changed.notify_all();
  });
  stream.Start([&](in::Revocation revocation) {
    std::lock_guard lock(mutex);
    heard.push_back(std::move(revocation));
    changed.notify_all();
  });
  ASSERT_TRUE(world_.revocations.Step().ok());
  ASSERT_TRUE(Call<pb::ApiKey>("ApiKeyService/RevokeApiKey",
                               Named<pb::RevokeApiKeyRequest>(key->api_key().name()))
                  .ok());
  ASSERT_TRUE(world_.revocations.Step().ok());
  std::unique_lock lock(mutex);
  ASSERT_TRUE(changed.wait_for(lock, std::chrono::seconds(30), [&] { return !heard.empty(); }));
  EXPECT_EQ(heard[0].tenant(), "acme");
  EXPECT_EQ(heard[0].principal(), key->api_key().name());
  lock.unlock();
  identity_service_.EndStreams();
  lock.lock();
  EXPECT_TRUE(changed.wait_for(lock, std::chrono::seconds(30), [&] { return ended; }));
}

TEST_F(ServicesTest, AuditRecordsOfServicesAreAppendedAndListed) {
  in::AppendRequest append;
  for (int i = 1; i <= 3; ++i) {
    in::AuditRecord* record = append.add_records();
    record->set_id("00000000-0000-4000-8000-00000000000" + std::to_string(i));
    record->set_tenant("acme");
    record->mutable_time()->set_seconds(1'700'000'000 + i);
    record->set_principal(i == 3 ? "users/2" : "users/1");
    record->set_method("agentflow.api.v1.WorkflowService.CreateWorkflow");
    record->set_outcome("OK");
    record->set_detail_json(R"({"n": 1})");
  }
  for (int i = 0; i < 2; ++i) {
    auto appended = CallAs<in::AppendResponse>("designer", "AuditSinkService/Append", append);
    ASSERT_TRUE(appended.ok()) << appended.status();
  }
  pb::ListAuditEventsRequest list;
  list.set_filter(R"(principal = "users/1" AND time > "2023-11-14T22:13:21Z")");
  auto events = Call<pb::ListAuditEventsResponse>("AuditService/ListAuditEvents", list);
  ASSERT_TRUE(events.ok()) << events.status();
  ASSERT_EQ(events->audit_events_size(), 1);
  EXPECT_EQ(events->audit_events(0).name(), "auditEvents/2");
  EXPECT_EQ(events->audit_events(0).detail().fields().at("n").number_value(), 1);
  EXPECT_EQ(events->audit_events(0).hash().size(), 64u);
  // Another tenant sees nothing of it.
  EXPECT_EQ(Call<pb::ListAuditEventsResponse>("AuditService/ListAuditEvents",
                                              pb::ListAuditEventsRequest(), {"*"}, "bolt")
                ->audit_events_size(),
            0);

  list.clear_filter();
  list.set_page_size(2);
  auto page = Call<pb::ListAuditEventsResponse>("AuditService/ListAuditEvents", list);
  EXPECT_EQ(page->audit_events(0).name(), "auditEvents/3");
  list.set_page_token(page->next_page_token());
  page = Call<pb::ListAuditEventsResponse>("AuditService/ListAuditEvents", list);
  ASSERT_EQ(page->audit_events_size(), 1);
  EXPECT_EQ(page->next_page_token(), "");
  list.set_filter(R"(outcome = "OK")");
  EXPECT_EQ(
      ReasonOf(Call<pb::ListAuditEventsResponse>("AuditService/ListAuditEvents", list).status()),
      "PAGE_TOKEN_INVALID");
  for (const char* filter : {"color = 1", "principal > \"a\"", "time = \"2026-01-01T00:00:00Z\"",
                             "time > \"soon\"", "principal ="}) {
    pb::ListAuditEventsRequest bad;
    bad.set_filter(filter);
    EXPECT_EQ(
        ReasonOf(Call<pb::ListAuditEventsResponse>("AuditService/ListAuditEvents", bad).status()),
        "FILTER_INVALID")
        << filter;
  }
}

}  // namespace
}  // namespace agentflow::tenant
