#include "services/gateway/client/tenant_client.h"

#include "agentflow/internal/tenant/v1/audit_sink.pb.h"
#include "agentflow/internal/tenant/v1/identity.pb.h"
#include "google/protobuf/util/time_util.h"
#include "libs/json/value.h"
#include "services/gateway/client/watch.h"

namespace agentflow::gateway {
namespace {

namespace pb = internal::tenant::v1;
using google::protobuf::util::TimeUtil;

constexpr char kAuthenticate[] = "agentflow.internal.tenant.v1.IdentityService/Authenticate";
constexpr char kWatch[] = "agentflow.internal.tenant.v1.IdentityService/WatchRevocations";
constexpr char kAppend[] = "agentflow.internal.tenant.v1.AuditSinkService/Append";

Identity FromProto(const pb::Identity& from) {
  auto principal = std::make_shared<auth::Principal>();
  principal->tenant = from.tenant();
  principal->name = from.principal();
  principal->email = from.email();
  principal->display_name = from.display_name();
  principal->roles.assign(from.roles().begin(), from.roles().end());
  principal->permissions.assign(from.permissions().begin(), from.permissions().end());
  Identity identity;
  identity.principal = std::move(principal);
  identity.rate = {from.quotas().requests_per_second(), from.quotas().request_burst()};
  identity.cache_micros = TimeUtil::DurationToMicroseconds(from.cache_for());
  if (from.has_expire_time()) {
    identity.expires = TimeUtil::TimestampToMicroseconds(from.expire_time());
  }
  return identity;
}

}  // namespace

void TenantIdentitySource::Authenticate(std::string credential, Done done) {
  pb::AuthenticateRequest request;
  request.set_credential(std::move(credential));
  rpc::CallOptions options;
  options.deadline = runtime::Deadline::After(std::chrono::seconds(5));
  tenant_->UnaryAsync<pb::AuthenticateRequest, pb::Identity>(
      kAuthenticate, request, options,
      [done = std::move(done)](absl::StatusOr<pb::Identity> identity) {
        if (!identity.ok()) return done(identity.status());
        done(FromProto(*identity));
      });
}

std::shared_ptr<void> WatchRevocations(
    rpc::ChannelPtr tenant,
    std::function<void(const std::string& tenant, const std::string& principal)> revoked,
    std::function<void()> all) {
  return std::make_shared<Watch<pb::WatchRevocationsRequest, pb::Revocation>>(
      std::move(tenant), kWatch,
      [revoked = std::move(revoked)](const pb::Revocation& revocation) {
        revoked(revocation.tenant(), revocation.principal());
      },
      std::move(all));
}

RefusalLog::Sender SendRefusals(rpc::ChannelPtr tenant) {
  return [tenant = std::move(tenant)](std::vector<Refusal> batch, std::function<void(bool)> done) {
    pb::AppendRequest request;
    for (const Refusal& refusal : batch) {
      pb::AuditRecord& record = *request.add_records();
      record.set_id(refusal.id);
      record.set_tenant(refusal.tenant);
      *record.mutable_time() = TimeUtil::MicrosecondsToTimestamp(refusal.time);
      record.set_principal(refusal.principal);
      record.set_method(refusal.method);
      record.set_resource(refusal.resource);
      record.set_outcome(refusal.outcome);
      record.set_trace_id(refusal.trace_id);
      record.set_remote_address(refusal.remote_address);
      record.set_detail_json(json::Dump(json::Object{{"reason", refusal.reason}}));
    }
    rpc::CallOptions options;
    options.deadline = runtime::Deadline::After(std::chrono::seconds(10));
    tenant->UnaryAsync<pb::AppendRequest, pb::AppendResponse>(
        kAppend, request, options, [done](absl::StatusOr<pb::AppendResponse> answer) {
          // What can never be appended must not block what can.
          done(answer.ok() || absl::IsInvalidArgument(answer.status()));
        });
  };
}

}  // namespace agentflow::gateway
