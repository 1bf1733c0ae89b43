#include "libs/audit/shipping.h"

#include <utility>

#include "agentflow/internal/tenant/v1/audit_sink.pb.h"
#include "google/protobuf/util/time_util.h"

namespace agentflow::audit {
namespace {

namespace pb = internal::tenant::v1;

constexpr char kAppend[] = "agentflow.internal.tenant.v1.AuditSinkService/Append";

void Fill(const pg::AuditRecord& record, pb::AuditRecord* out) {
  out->set_id(record.id.ToString());
  out->set_tenant(record.tenant);
  *out->mutable_time() =
      google::protobuf::util::TimeUtil::MicrosecondsToTimestamp(record.time);
  out->set_principal(record.principal);
  out->set_method(record.method);
  out->set_resource(record.resource);
  out->set_outcome(record.outcome);
  out->set_trace_id(record.trace_id);
  out->set_remote_address(record.remote_address);
  out->set_detail_json(record.detail_json);
}

}  // namespace

pg::AuditShipper::Send SendToTenant(rpc::ChannelPtr tenant) {
  return [tenant = std::move(tenant)](const std::vector<pg::AuditRecord>& records) {
    pb::AppendRequest request;
    for (const pg::AuditRecord& record : records) Fill(record, request.add_records());
    return tenant->Unary<pb::AppendRequest, pb::AppendResponse>(kAppend, request).status();
  };
}

}  // namespace agentflow::audit
