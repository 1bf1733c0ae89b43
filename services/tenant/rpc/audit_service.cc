#include <charconv>

#include "agentflow/api/v1/audit_event.pb.h"
#include "agentflow/internal/tenant/v1/audit_sink.pb.h"
#include "google/protobuf/util/time_util.h"
#include "libs/base/status.h"
#include "libs/crypto/encoding.h"
#include "libs/json/value.h"
#include "libs/rpc/filter.h"
#include "libs/rpc/json_value.h"
#include "libs/rpc/paging.h"
#include "services/tenant/rpc/convert.h"
#include "services/tenant/rpc/services.h"

namespace agentflow::tenant {
namespace {

namespace pb = api::v1;
namespace internal_pb = internal::tenant::v1;

constexpr char kFields[] = "principal, method, resource, outcome (=), time (<, >)";

absl::StatusOr<pb::AuditEvent> ToProto(const AuditEvent& event) {
  pb::AuditEvent out;
  out.set_name("auditEvents/" + std::to_string(event.sequence));
  SetTime(event.time, out.mutable_time());
  out.set_principal(event.principal);
  out.set_method(event.method);
  out.set_resource(event.resource);
  out.set_outcome(event.outcome);
  out.set_trace_id(event.trace_id);
  out.set_remote_address(event.remote_address);
  AF_ASSIGN_OR_RETURN(json::Value detail, json::Parse(event.detail_json));
  AF_RETURN_IF_ERROR(rpc::ToProto(detail, out.mutable_detail()));
  out.set_hash(crypto::HexEncode(event.hash));
  out.set_previous_hash(crypto::HexEncode(event.previous_hash));
  return out;
}

absl::StatusOr<AuditCondition> TimeCondition(const rpc::FilterTerm& term) {
  using Op = rpc::FilterTerm::Op;
  AuditCondition condition{.field = AuditCondition::Field::kTime};
  google::protobuf::Timestamp time;
  bool ordered = term.op == Op::kLess || term.op == Op::kGreater;
  if (!ordered || !google::protobuf::util::TimeUtil::FromString(term.Text(), &time)) {
    return InvalidArgument("FILTER_INVALID", "filter",
                           "compare time with < or > to a text like \"2026-01-01T00:00:00Z\"");
  }
  condition.op = term.op == Op::kLess ? AuditCondition::Op::kBefore : AuditCondition::Op::kAfter;
  condition.time = TimeIn(time);
  return condition;
}

absl::StatusOr<AuditCondition> ConditionOf(const rpc::FilterTerm& term) {
  if (term.field == "time") return TimeCondition(term);
  AuditCondition condition{.text = term.Text()};
  if (term.field == "principal") {
    condition.field = AuditCondition::Field::kPrincipal;
  } else if (term.field == "method") {
    condition.field = AuditCondition::Field::kMethod;
  } else if (term.field == "resource") {
    condition.field = AuditCondition::Field::kResource;
  } else if (term.field == "outcome") {
    condition.field = AuditCondition::Field::kOutcome;
  } else {
    return rpc::UnknownFilterField(term.field, kFields);
  }
  if (term.op != rpc::FilterTerm::Op::kEqual) {
    return InvalidArgument("FILTER_INVALID", "filter", "compare " + term.field + " with = only");
  }
  return condition;
}

absl::StatusOr<pb::ListAuditEventsResponse> List(AuditTrail& audit, const rpc::Call& call,
                                                 const pb::ListAuditEventsRequest& request) {
  const rpc::PageQuery query{
      .tenant = call.tenant(), .method = "ListAuditEvents", .filter = request.filter()};
  AF_ASSIGN_OR_RETURN(int size, rpc::PageSize(request.page_size()));
  AF_ASSIGN_OR_RETURN(std::string position, rpc::ReadPageToken(query, request.page_token()));
  AF_ASSIGN_OR_RETURN(std::vector<rpc::FilterTerm> terms, rpc::ParseFilter(request.filter()));
  std::vector<AuditCondition> conditions;
  for (const rpc::FilterTerm& term : terms) {
    AF_ASSIGN_OR_RETURN(AuditCondition condition, ConditionOf(term));
    conditions.push_back(std::move(condition));
  }
  int64_t before = 0;
  std::from_chars(position.data(), position.data() + position.size(), before);
  AF_ASSIGN_OR_RETURN(std::vector<AuditEvent> page,
                      audit.List(call.tenant(), conditions, before, size + 1));
  pb::ListAuditEventsResponse response;
  if (page.size() > static_cast<size_t>(size)) {
    page.pop_back();
    response.set_next_page_token(rpc::MakePageToken(query, std::to_string(page.back().sequence)));
  }
  for (const AuditEvent& event : page) {
    AF_ASSIGN_OR_RETURN(*response.add_audit_events(), ToProto(event));
  }
  return response;
}

absl::StatusOr<pg::AuditRecord> RecordOf(const internal_pb::AuditRecord& in) {
  std::optional<Uuid> id = Uuid::Parse(in.id());
  if (!id) {
    return InvalidArgument("FIELD_INVALID", "records.id", "the id of a record is a UUID");
  }
  pg::AuditRecord record;
  record.id = *id;
  record.tenant = in.tenant();
  record.time = TimeIn(in.time());
  record.principal = in.principal();
  record.method = in.method();
  record.resource = in.resource();
  record.outcome = in.outcome();
  record.trace_id = in.trace_id();
  record.remote_address = in.remote_address();
  record.detail_json = in.detail_json();
  return record;
}

absl::StatusOr<internal_pb::AppendResponse> Append(AuditTrail& audit, const rpc::Call& call,
                                                   const internal_pb::AppendRequest& request) {
  std::vector<pg::AuditRecord> records;
  for (const internal_pb::AuditRecord& in : request.records()) {
    AF_ASSIGN_OR_RETURN(pg::AuditRecord record, RecordOf(in));
    records.push_back(std::move(record));
  }
  AF_RETURN_IF_ERROR(audit.Append(call.caller, records));
  return internal_pb::AppendResponse();
}

}  // namespace

void RegisterAuditServices(rpc::Server& server, AuditTrail& audit) {
  server.Unary<pb::ListAuditEventsRequest, pb::ListAuditEventsResponse>(
      "agentflow.api.v1.AuditService/ListAuditEvents",
      [&](const rpc::Call& call, const pb::ListAuditEventsRequest& request) {
        return List(audit, call, request);
      });
  server.Unary<internal_pb::AppendRequest, internal_pb::AppendResponse>(
      "agentflow.internal.tenant.v1.AuditSinkService/Append",
      [&](const rpc::Call& call, const internal_pb::AppendRequest& request) {
        return Append(audit, call, request);
      });
}

}  // namespace agentflow::tenant
