#include "agentflow/api/v1/auth.pb.h"
#include "google/protobuf/empty.pb.h"
#include "libs/base/status.h"
#include "services/tenant/rpc/convert.h"
#include "services/tenant/rpc/services.h"

namespace agentflow::tenant {
namespace {

namespace pb = api::v1;
using google::protobuf::Empty;

pb::TokenPair ToProto(const TokenGrant& grant) {
  pb::TokenPair pair;
  pair.set_access_token(grant.access_token);
  pair.set_refresh_token(grant.refresh_token);
  SetTime(grant.expire_time, pair.mutable_expire_time());
  return pair;
}

pb::WhoAmIResponse ToProto(const auth::Principal& principal) {
  pb::WhoAmIResponse response;
  response.set_tenant(principal.tenant);
  response.set_principal(principal.name);
  response.set_email(principal.email);
  response.set_display_name(principal.display_name);
  response.mutable_roles()->Add(principal.roles.begin(), principal.roles.end());
  response.mutable_permissions()->Add(principal.permissions.begin(), principal.permissions.end());
  return response;
}

}  // namespace

void RegisterAuthService(rpc::Server& server, Sessions& sessions) {
  server.Unary<pb::LoginRequest, pb::TokenPair>(
      "agentflow.api.v1.AuthService/Login",
      [&](const rpc::Call& call, const pb::LoginRequest& request) -> absl::StatusOr<pb::TokenPair> {
        AF_ASSIGN_OR_RETURN(TokenGrant grant, sessions.Login(ActorOf(call), request.email(),
                                                             request.password(), request.tenant()));
        return ToProto(grant);
      });
  server.Unary<pb::RefreshRequest, pb::TokenPair>(
      "agentflow.api.v1.AuthService/Refresh",
      [&](const rpc::Call& call,
          const pb::RefreshRequest& request) -> absl::StatusOr<pb::TokenPair> {
        AF_ASSIGN_OR_RETURN(TokenGrant grant,
                            sessions.Refresh(ActorOf(call), request.refresh_token()));
        return ToProto(grant);
      });
  server.Unary<pb::LogoutRequest, Empty>(
      "agentflow.api.v1.AuthService/Logout",
      [&](const rpc::Call& call, const pb::LogoutRequest& request) -> absl::StatusOr<Empty> {
        AF_RETURN_IF_ERROR(sessions.Logout(ActorOf(call), request.refresh_token()));
        return Empty();
      });
  server.Unary<pb::WhoAmIRequest, pb::WhoAmIResponse>(
      "agentflow.api.v1.AuthService/WhoAmI",
      [](const rpc::Call& call, const pb::WhoAmIRequest&) -> absl::StatusOr<pb::WhoAmIResponse> {
        return ToProto(call.principal());
      });
}

}  // namespace agentflow::tenant
