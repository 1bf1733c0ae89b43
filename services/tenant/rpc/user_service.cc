#include "agentflow/api/v1/user.pb.h"
#include "google/protobuf/empty.pb.h"
#include "libs/base/status.h"
#include "libs/rpc/paging.h"
#include "services/tenant/rpc/convert.h"
#include "services/tenant/rpc/services.h"

namespace agentflow::tenant {
namespace {

namespace pb = api::v1;
using google::protobuf::Empty;

constexpr char kCollection[] = "users";

pb::User ToProto(const User& user) {
  pb::User out;
  out.set_name("users/" + user.id.ToString());
  out.set_email(user.email);
  out.set_display_name(user.display_name);
  out.mutable_roles()->Add(user.roles.begin(), user.roles.end());
  out.set_disabled(user.disabled);
  out.set_etag(EtagOf(user.version));
  SetTime(user.create_time, out.mutable_create_time());
  SetTime(user.update_time, out.mutable_update_time());
  return out;
}

absl::StatusOr<pb::User> Create(Users& users, const rpc::Call& call,
                                const pb::CreateUserRequest& request) {
  const pb::User& wanted = request.user();
  NewUser user{.email = wanted.email(),
               .display_name = wanted.display_name(),
               .roles = {wanted.roles().begin(), wanted.roles().end()}};
  AF_ASSIGN_OR_RETURN(User made, users.Create(ActorOf(call), std::move(user), request.password()));
  return ToProto(made);
}

absl::StatusOr<pb::ListUsersResponse> List(Users& users, const rpc::Call& call,
                                           const pb::ListUsersRequest& request) {
  const rpc::PageQuery query{.tenant = call.tenant(), .method = "ListUsers"};
  AF_ASSIGN_OR_RETURN(int size, rpc::PageSize(request.page_size()));
  AF_ASSIGN_OR_RETURN(std::string after, rpc::ReadPageToken(query, request.page_token()));
  AF_ASSIGN_OR_RETURN(std::vector<User> page,
                      users.List(call.tenant(), Uuid::Parse(after).value_or(Uuid()), size + 1));
  pb::ListUsersResponse response;
  if (page.size() > static_cast<size_t>(size)) {
    page.pop_back();
    response.set_next_page_token(rpc::MakePageToken(query, page.back().id.ToString()));
  }
  for (const User& user : page) *response.add_users() = ToProto(user);
  return response;
}

absl::StatusOr<pb::User> Update(Users& users, const rpc::Call& call,
                                const pb::UpdateUserRequest& request) {
  const pb::User& wanted = request.user();
  const auto& mask = request.update_mask();
  AF_RETURN_IF_ERROR(CheckMask(mask, {"display_name", "roles", "disabled", "etag"}));
  UserChange change;
  if (Names(mask, "display_name", !wanted.display_name().empty())) {
    change.display_name = wanted.display_name();
  }
  if (Names(mask, "roles", !wanted.roles().empty())) {
    change.roles = std::vector<std::string>(wanted.roles().begin(), wanted.roles().end());
  }
  if (Names(mask, "disabled", wanted.disabled())) change.disabled = wanted.disabled();
  AF_ASSIGN_OR_RETURN(User user, users.Update(ActorOf(call), IdIn(wanted.name(), kCollection),
                                              std::move(change), VersionIn(wanted.etag())));
  return ToProto(user);
}

}  // namespace

void RegisterUserService(rpc::Server& server, Users& users) {
  server.Unary<pb::CreateUserRequest, pb::User>(
      "agentflow.api.v1.UserService/CreateUser",
      [&](const rpc::Call& call, const pb::CreateUserRequest& request) {
        return Create(users, call, request);
      });
  server.Unary<pb::GetUserRequest, pb::User>(
      "agentflow.api.v1.UserService/GetUser",
      [&](const rpc::Call& call, const pb::GetUserRequest& request) -> absl::StatusOr<pb::User> {
        AF_ASSIGN_OR_RETURN(User user, users.Get(call.tenant(), IdIn(request.name(), kCollection)));
        return ToProto(user);
      });
  server.Unary<pb::ListUsersRequest, pb::ListUsersResponse>(
      "agentflow.api.v1.UserService/ListUsers",
      [&](const rpc::Call& call, const pb::ListUsersRequest& request) {
        return List(users, call, request);
      });
  server.Unary<pb::UpdateUserRequest, pb::User>(
      "agentflow.api.v1.UserService/UpdateUser",
      [&](const rpc::Call& call, const pb::UpdateUserRequest& request) {
        return Update(users, call, request);
      });
  server.Unary<pb::DeleteUserRequest, Empty>(
      "agentflow.api.v1.UserService/DeleteUser",
      [&](const rpc::Call& call, const pb::DeleteUserRequest& request) -> absl::StatusOr<Empty> {
        AF_RETURN_IF_ERROR(users.Delete(ActorOf(call), IdIn(request.name(), kCollection),
                                        VersionIn(request.etag())));
        return Empty();
      });
}

}  // namespace agentflow::tenant
