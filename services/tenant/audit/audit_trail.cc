#include "services/tenant/audit/audit_trail.h"

#include <map>
#include <set>

#include "libs/base/status.h"
#include "services/tenant/audit/chain.h"

namespace agentflow::tenant {
namespace {

constexpr pg::Statement kMakeHead{"audit_make_head", R"sql(
  INSERT INTO audit_head (tenant_id, sequence, hash) VALUES ($1, 0, $2)
  ON CONFLICT DO NOTHING)sql"};
constexpr pg::Statement kLockHead{
    "audit_lock_head", "SELECT sequence, hash FROM audit_head WHERE tenant_id = $1 FOR UPDATE"};
constexpr pg::Statement kMoveHead{
    "audit_move_head", "UPDATE audit_head SET sequence = $2, hash = $3 WHERE tenant_id = $1"};
constexpr pg::Statement kKnown{"audit_known", R"sql(
  SELECT id FROM audit_event WHERE tenant_id = $1 AND service = $2 AND id = ANY($3))sql"};
constexpr pg::Statement kInsert{"audit_insert", R"sql(
  INSERT INTO audit_event (tenant_id, sequence, service, id, time, principal, method, resource,
                           outcome, trace_id, remote_address, detail, previous_hash, hash)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14))sql"};
// A null parameter is no condition.
constexpr pg::Statement kList{"audit_list", R"sql(
  SELECT sequence, time, principal, method, resource, outcome, trace_id, remote_address, detail,
         hash, previous_hash
  FROM audit_event
  WHERE tenant_id = $1 AND ($2 = 0 OR sequence < $2)
    AND ($4::text IS NULL OR principal = $4) AND ($5::text IS NULL OR method = $5)
    AND ($6::text IS NULL OR resource = $6) AND ($7::text IS NULL OR outcome = $7)
    AND ($8::timestamptz IS NULL OR time < $8) AND ($9::timestamptz IS NULL OR time > $9)
  ORDER BY sequence DESC LIMIT $3)sql"};
constexpr pg::Statement kWalk{"audit_walk", R"sql(
  SELECT sequence, time, principal, method, resource, outcome, trace_id, remote_address, detail,
         hash, previous_hash, service, id
  FROM audit_event WHERE tenant_id = $1 AND sequence > $2 ORDER BY sequence LIMIT $3)sql"};
constexpr pg::Statement kHead{"audit_head",
                              "SELECT sequence, hash FROM audit_head WHERE tenant_id = $1"};

constexpr int kWalkPage = 1000;
constexpr char kNoTenant[] = "_platform";

AuditEvent EventOf(const pg::Row& row) {
  AuditEvent event;
  event.sequence = row.Int(0);
  event.time = row.Time(1);
  event.principal = row.Text(2);
  event.method = row.Text(3);
  event.resource = row.Text(4);
  event.outcome = row.Text(5);
  event.trace_id = row.Text(6);
  event.remote_address = row.Text(7);
  event.detail_json = row.Text(8);
  event.hash = row.Bytes(9);
  event.previous_hash = row.Bytes(10);
  return event;
}

AuditEvent EventOf(const pg::AuditRecord& record) {
  AuditEvent event;
  event.time = record.time;
  event.principal = record.principal;
  event.method = record.method;
  event.resource = record.resource;
  event.outcome = record.outcome;
  event.trace_id = record.trace_id;
  event.remote_address = record.remote_address;
  event.detail_json = CanonicalDetail(record.detail_json);
  return event;
}

absl::StatusOr<std::set<Uuid>> KnownIds(pg::TenantTx& tx, const std::string& service,
                                        const std::vector<const pg::AuditRecord*>& records) {
  std::vector<Uuid> ids;
  for (const pg::AuditRecord* record : records) ids.push_back(record->id);
  AF_ASSIGN_OR_RETURN(pg::Result rows, tx.Exec(kKnown, tx.tenant(), service, ids));
  std::set<Uuid> known;
  for (pg::Row row : rows) known.insert(row.Id(0));
  return known;
}

}  // namespace

absl::Status AuditTrail::Append(const std::string& service,
                                const std::vector<pg::AuditRecord>& records) {
  std::map<std::string, std::vector<const pg::AuditRecord*>> by_tenant;
  for (const pg::AuditRecord& record : records) {
    by_tenant[record.tenant.empty() ? kNoTenant : record.tenant].push_back(&record);
  }
  for (const auto& [tenant, own] : by_tenant) {
    AF_RETURN_IF_ERROR(AppendToTenant(tenant, service, own));
  }
  return absl::OkStatus();
}

absl::Status AuditTrail::AppendToTenant(const std::string& tenant, const std::string& service,
                                        const std::vector<const pg::AuditRecord*>& records) {
  return pool_.InTenant(tenant, [&](pg::TenantTx& tx) -> absl::Status {
    const std::string start = ChainStart();
    AF_RETURN_IF_ERROR(tx.Exec(kMakeHead, tenant, pg::Bytea{start}).status());
    AF_ASSIGN_OR_RETURN(pg::Result head, tx.Exec(kLockHead, tenant));
    int64_t sequence = head[0].Int(0);
    std::string hash = head[0].Bytes(1);
    AF_ASSIGN_OR_RETURN(std::set<Uuid> known, KnownIds(tx, service, records));
    for (const pg::AuditRecord* record : records) {
      if (!known.insert(record->id).second) continue;
      AuditEvent event = EventOf(*record);
      event.sequence = ++sequence;
      event.previous_hash = hash;
      event.hash = hash = ChainHash(event.previous_hash, tenant, service, record->id, event);
      AF_RETURN_IF_ERROR(tx.Exec(kInsert, tenant, event.sequence, service, record->id,
                                 pg::Timestamp{event.time}, event.principal, event.method,
                                 event.resource, event.outcome, event.trace_id,
                                 event.remote_address, event.detail_json,
                                 pg::Bytea{event.previous_hash}, pg::Bytea{event.hash})
                             .status());
    }
    return tx.Exec(kMoveHead, tenant, sequence, pg::Bytea{hash}).status();
  });
}

absl::StatusOr<std::vector<AuditEvent>> AuditTrail::List(
    const std::string& tenant, const std::vector<AuditCondition>& conditions, int64_t before,
    int limit) {
  std::optional<std::string> texts[4];
  std::optional<pg::Timestamp> until, from;
  for (const AuditCondition& condition : conditions) {
    if (condition.field == AuditCondition::Field::kTime) {
      bool is_before = condition.op == AuditCondition::Op::kBefore;
      std::optional<pg::Timestamp>& bound = is_before ? until : from;
      bool tighter =
          !bound || (is_before ? condition.time < bound->micros : condition.time > bound->micros);
      if (tighter) bound = pg::Timestamp{condition.time};
      continue;
    }
    std::optional<std::string>& text = texts[static_cast<int>(condition.field)];
    // Two different values of one field: nothing fits.
    if (text && *text != condition.text) return std::vector<AuditEvent>();
    text = condition.text;
  }
  AF_ASSIGN_OR_RETURN(pg::TenantTx tx, pool_.Begin(tenant));
  AF_ASSIGN_OR_RETURN(pg::Result rows, tx.Exec(kList, tenant, before, limit, texts[0], texts[1],
                                               texts[2], texts[3], until, from));
  std::vector<AuditEvent> events;
  for (pg::Row row : rows) events.push_back(EventOf(row));
  return events;
}

absl::StatusOr<AuditTrail::Verification> AuditTrail::Verify(const std::string& tenant) {
  AF_ASSIGN_OR_RETURN(pg::TenantTx tx, pool_.Begin(tenant));
  Verification verification;
  std::string hash = ChainStart();
  int64_t sequence = 0;
  for (bool more = true; more;) {
    AF_ASSIGN_OR_RETURN(pg::Result rows, tx.Exec(kWalk, tenant, sequence, kWalkPage));
    more = rows.size() == kWalkPage;
    for (pg::Row row : rows) {
      AuditEvent event = EventOf(row);
      ++sequence;
      bool holds = event.sequence == sequence && event.previous_hash == hash &&
                   event.hash == ChainHash(hash, tenant, row.Text(11), row.Id(12), event);
      if (!holds) {
        verification.broken_at = sequence;
        return verification;
      }
      hash = event.hash;
      ++verification.events;
    }
  }
  AF_ASSIGN_OR_RETURN(pg::Result head, tx.Exec(kHead, tenant));
  // The end is missing, or the head was moved.
  bool ends_well =
      head.empty() ? sequence == 0 : head[0].Int(0) == sequence && head[0].Bytes(1) == hash;
  if (!ends_well) verification.broken_at = sequence + 1;
  return verification;
}

}  // namespace agentflow::tenant
