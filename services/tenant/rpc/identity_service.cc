#include "agentflow/internal/tenant/v1/identity.pb.h"
#include "libs/base/status.h"
#include "services/tenant/rpc/convert.h"
#include "services/tenant/rpc/services.h"

namespace agentflow::tenant {
namespace {

namespace pb = internal::tenant::v1;

pb::Identity ToProto(const Identity& identity) {
  pb::Identity out;
  out.set_tenant(identity.tenant);
  out.set_principal(identity.principal);
  out.set_email(identity.email);
  out.set_display_name(identity.display_name);
  out.mutable_roles()->Add(identity.roles.begin(), identity.roles.end());
  out.mutable_permissions()->Add(identity.permissions.begin(), identity.permissions.end());
  out.mutable_cache_for()->set_seconds(identity.cache_for.count() / 1000);
  out.mutable_cache_for()->set_nanos(
      static_cast<int32_t>(identity.cache_for.count() % 1000 * 1'000'000));
  if (identity.expire_time) SetTime(*identity.expire_time, out.mutable_expire_time());
  SetQuotas(identity.quotas, out.mutable_quotas());
  return out;
}

}  // namespace

void IdentityService::Register(rpc::Server& server) {
  server.Unary<pb::AuthenticateRequest, pb::Identity>(
      "agentflow.internal.tenant.v1.IdentityService/Authenticate",
      [this](const rpc::Call&,
             const pb::AuthenticateRequest& request) -> absl::StatusOr<pb::Identity> {
        AF_ASSIGN_OR_RETURN(Identity identity, identities_.Authenticate(request.credential()));
        return ToProto(identity);
      });
  server.Unary<pb::AuthorizeRequest, pb::Identity>(
      "agentflow.internal.tenant.v1.IdentityService/Authorize",
      [this](const rpc::Call&,
             const pb::AuthorizeRequest& request) -> absl::StatusOr<pb::Identity> {
        AF_ASSIGN_OR_RETURN(Identity identity,
                            identities_.Authorize(request.tenant(), request.principal()));
        return ToProto(identity);
      });
  server.Unary<pb::GetQuotasRequest, api::v1::Quotas>(
      "agentflow.internal.tenant.v1.IdentityService/GetQuotas",
      [this](const rpc::Call&,
             const pb::GetQuotasRequest& request) -> absl::StatusOr<api::v1::Quotas> {
        AF_ASSIGN_OR_RETURN(Quotas quotas, tenants_.EffectiveQuotas(request.tenant()));
        api::v1::Quotas out;
        SetQuotas(quotas, &out);
        return out;
      });
  server.ServerStreaming<pb::WatchRevocationsRequest, pb::Revocation>(
      "agentflow.internal.tenant.v1.IdentityService/WatchRevocations",
      [this](rpc::ServerStream<pb::WatchRevocationsRequest, pb::Revocation> stream,
             const pb::WatchRevocationsRequest&) { Watch(stream.raw()); });
}

void IdentityService::Watch(std::shared_ptr<rpc::RawServerStream> stream) {
  // A stream that is over takes no more writes, so it may end at any moment in here.
  int64_t id = feed_.Subscribe([stream](const Revocation& revocation) {
    pb::Revocation message;
    message.set_tenant(revocation.tenant);
    message.set_principal(revocation.principal);
    stream->Write(message);
  });
  {
    std::lock_guard lock(mutex_);
    streams_[id] = stream;
  }
  stream->OnEnd([this, id](const absl::Status&) {
    feed_.Unsubscribe(id);
    std::lock_guard lock(mutex_);
    streams_.erase(id);
  });
}

void IdentityService::EndStreams() {
  std::map<int64_t, std::shared_ptr<rpc::RawServerStream>> streams;
  {
    std::lock_guard lock(mutex_);
    streams = streams_;
  }
  for (const auto& [id, stream] : streams) {
    stream->Finish(Unavailable("SHUTTING_DOWN", "this instance is going away; watch another"));
  }
}

}  // namespace agentflow::tenant
