#include "agentflow/api/v1/api_key.pb.h"
#include "libs/base/status.h"
#include "libs/rpc/paging.h"
#include "services/tenant/rpc/convert.h"
#include "services/tenant/rpc/services.h"

namespace agentflow::tenant {
namespace {

namespace pb = api::v1;

constexpr char kCollection[] = "apiKeys";

pb::ApiKey ToProto(const ApiKey& key) {
  pb::ApiKey out;
  out.set_name("apiKeys/" + key.id.ToString());
  out.set_title(key.title);
  out.mutable_roles()->Add(key.roles.begin(), key.roles.end());
  out.set_hint(key.hint);
  out.set_creator(key.creator);
  SetTime(key.create_time, out.mutable_create_time());
  if (key.expire_time) SetTime(*key.expire_time, out.mutable_expire_time());
  if (key.revoke_time) SetTime(*key.revoke_time, out.mutable_revoke_time());
  return out;
}

absl::StatusOr<pb::CreateApiKeyResponse> Create(ApiKeys& keys, const rpc::Call& call,
                                                const pb::CreateApiKeyRequest& request) {
  const pb::ApiKey& wanted = request.api_key();
  NewApiKey key{.title = wanted.title(), .roles = {wanted.roles().begin(), wanted.roles().end()}};
  if (wanted.has_expire_time()) key.expire_time = TimeIn(wanted.expire_time());
  AF_ASSIGN_OR_RETURN(ApiKeys::Created created, keys.Create(ActorOf(call), std::move(key)));
  pb::CreateApiKeyResponse response;
  *response.mutable_api_key() = ToProto(created.key);
  response.set_secret(created.secret);
  return response;
}

absl::StatusOr<pb::ListApiKeysResponse> List(ApiKeys& keys, const rpc::Call& call,
                                             const pb::ListApiKeysRequest& request) {
  const rpc::PageQuery query{.tenant = call.tenant(), .method = "ListApiKeys"};
  AF_ASSIGN_OR_RETURN(int size, rpc::PageSize(request.page_size()));
  AF_ASSIGN_OR_RETURN(std::string after, rpc::ReadPageToken(query, request.page_token()));
  AF_ASSIGN_OR_RETURN(std::vector<ApiKey> page,
                      keys.List(call.tenant(), Uuid::Parse(after).value_or(Uuid()), size + 1));
  pb::ListApiKeysResponse response;
  if (page.size() > static_cast<size_t>(size)) {
    page.pop_back();
    response.set_next_page_token(rpc::MakePageToken(query, page.back().id.ToString()));
  }
  for (const ApiKey& key : page) *response.add_api_keys() = ToProto(key);
  return response;
}

}  // namespace

void RegisterApiKeyService(rpc::Server& server, ApiKeys& keys) {
  server.Unary<pb::CreateApiKeyRequest, pb::CreateApiKeyResponse>(
      "agentflow.api.v1.ApiKeyService/CreateApiKey",
      [&](const rpc::Call& call, const pb::CreateApiKeyRequest& request) {
        return Create(keys, call, request);
      });
  server.Unary<pb::GetApiKeyRequest, pb::ApiKey>(
      "agentflow.api.v1.ApiKeyService/GetApiKey",
      [&](const rpc::Call& call,
          const pb::GetApiKeyRequest& request) -> absl::StatusOr<pb::ApiKey> {
        AF_ASSIGN_OR_RETURN(ApiKey key, keys.Get(call.tenant(), IdIn(request.name(), kCollection)));
        return ToProto(key);
      });
  server.Unary<pb::ListApiKeysRequest, pb::ListApiKeysResponse>(
      "agentflow.api.v1.ApiKeyService/ListApiKeys",
      [&](const rpc::Call& call, const pb::ListApiKeysRequest& request) {
        return List(keys, call, request);
      });
  server.Unary<pb::RevokeApiKeyRequest, pb::ApiKey>(
      "agentflow.api.v1.ApiKeyService/RevokeApiKey",
      [&](const rpc::Call& call,
          const pb::RevokeApiKeyRequest& request) -> absl::StatusOr<pb::ApiKey> {
        AF_ASSIGN_OR_RETURN(ApiKey key,
                            keys.Revoke(ActorOf(call), IdIn(request.name(), kCollection)));
        return ToProto(key);
      });
}

}  // namespace agentflow::tenant
