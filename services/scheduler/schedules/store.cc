#include "services/scheduler/schedules/store.h"

#include "libs/base/status.h"

namespace agentflow::scheduler {
namespace {

#define SCHEDULE_COLUMNS                                                                        \
  "id, title, workflow, input, cron, time_zone, paused, principal, revision, next_fire_time,"  \
  " last_fire_time, last_execution, last_error, create_time, update_time"

constexpr pg::Statement kCreate{
    "schedule_create",
    "INSERT INTO schedule (tenant_id, id, title, workflow, input, cron, time_zone, paused,"
    " principal, next_fire_time) VALUES (af.tenant(), $1, $2, $3, $4, $5, $6, $7, $8, $9)"
    " ON CONFLICT DO NOTHING"};
constexpr pg::Statement kGet{"schedule_get",
                             "SELECT " SCHEDULE_COLUMNS " FROM schedule WHERE id = $1"};
constexpr pg::Statement kList{
    "schedule_list",
    "SELECT " SCHEDULE_COLUMNS " FROM schedule WHERE id > $1 ORDER BY id LIMIT $2"};
constexpr pg::Statement kUpdate{
    "schedule_update",
    "UPDATE schedule SET title = $3, workflow = $4, input = $5, cron = $6, time_zone = $7,"
    " paused = $8, principal = $9, next_fire_time = $10, revision = revision + 1,"
    " update_time = now() WHERE id = $1 AND revision = $2"};
constexpr pg::Statement kDelete{
    "schedule_delete", "DELETE FROM schedule WHERE id = $1 AND ($2 = 0 OR revision = $2)"};
constexpr pg::Statement kDue{"schedule_due", "SELECT tenant_id, id FROM scheduler.due($1, $2)"};
constexpr pg::Statement kNextDue{"schedule_next_due", "SELECT scheduler.next_due()"};
constexpr pg::Statement kFired{
    "schedule_fired",
    "UPDATE schedule SET last_fire_time = $2, last_execution = $3, last_error = $4,"
    " next_fire_time = $5 WHERE id = $1 AND next_fire_time = $2"};

#undef SCHEDULE_COLUMNS

Schedule ScheduleOf(pg::Row row) {
  return {.id = std::string(row.Text(0)),
          .title = std::string(row.Text(1)),
          .workflow = std::string(row.Text(2)),
          .input_json = std::string(row.Text(3)),
          .cron = std::string(row.Text(4)),
          .time_zone = std::string(row.Text(5)),
          .paused = row.Bool(6),
          .principal = std::string(row.Text(7)),
          .revision = row.Int(8),
          .next_fire_time = row.OptionalTime(9),
          .last_fire_time = row.OptionalTime(10),
          .last_execution = std::string(row.Text(11)),
          .last_error = std::string(row.Text(12)),
          .create_time = row.Time(13),
          .update_time = row.Time(14)};
}

std::optional<pg::Timestamp> Stamp(const std::optional<UnixMicros>& time) {
  if (!time) return std::nullopt;
  return pg::Timestamp{*time};
}

absl::Status Unknown(const std::string& id) {
  return NotFound("SCHEDULE_NOT_FOUND", "there is no schedule '" + id + "'");
}

// Why an UPDATE or DELETE with a revision touched no row.
absl::Status WhyNone(pg::TenantTx& tx, const std::string& id) {
  AF_ASSIGN_OR_RETURN(pg::Result rows, tx.Exec(kGet, id));
  if (rows.empty()) return Unknown(id);
  return Error(absl::StatusCode::kAborted, "ETAG_MISMATCH",
               "the schedule was changed meanwhile; read it again and repeat the change");
}

}  // namespace

absl::Status Store::Create(const std::string& tenant, const Schedule& s,
                           const pg::AuditRecord& audit) {
  return pool_.InTenant(tenant, [&](pg::TenantTx& tx) -> absl::Status {
    AF_ASSIGN_OR_RETURN(pg::Result made,
                        tx.Exec(kCreate, s.id, s.title, s.workflow, s.input_json, s.cron,
                                s.time_zone, s.paused, s.principal, Stamp(s.next_fire_time)));
    if (made.affected() == 0) {
      return Error(absl::StatusCode::kAlreadyExists, "SCHEDULE_EXISTS",
                   "there is a schedule '" + s.id + "' already; choose another id");
    }
    return pg::WriteAudit(tx, audit);
  });
}

absl::StatusOr<Schedule> Store::Get(const std::string& tenant, const std::string& id) {
  AF_ASSIGN_OR_RETURN(pg::TenantTx tx, pool_.Begin(tenant));
  AF_ASSIGN_OR_RETURN(pg::Result rows, tx.Exec(kGet, id));
  if (rows.empty()) return Unknown(id);
  return ScheduleOf(rows[0]);
}

absl::StatusOr<std::vector<Schedule>> Store::List(const std::string& tenant,
                                                  const std::string& after, int limit) {
  AF_ASSIGN_OR_RETURN(pg::TenantTx tx, pool_.Begin(tenant));
  AF_ASSIGN_OR_RETURN(pg::Result rows, tx.Exec(kList, after, limit));
  std::vector<Schedule> schedules;
  for (pg::Row row : rows) schedules.push_back(ScheduleOf(row));
  return schedules;
}

absl::Status Store::Update(const std::string& tenant, const Schedule& s,
                           const pg::AuditRecord& audit) {
  return pool_.InTenant(tenant, [&](pg::TenantTx& tx) -> absl::Status {
    AF_ASSIGN_OR_RETURN(
        pg::Result updated,
        tx.Exec(kUpdate, s.id, s.revision, s.title, s.workflow, s.input_json, s.cron, s.time_zone,
                s.paused, s.principal, Stamp(s.next_fire_time)));
    if (updated.affected() == 0) return WhyNone(tx, s.id);
    return pg::WriteAudit(tx, audit);
  });
}

absl::Status Store::Delete(const std::string& tenant, const std::string& id, int64_t revision,
                           const pg::AuditRecord& audit) {
  return pool_.InTenant(tenant, [&](pg::TenantTx& tx) -> absl::Status {
    AF_ASSIGN_OR_RETURN(pg::Result deleted, tx.Exec(kDelete, id, revision));
    if (deleted.affected() == 0) return WhyNone(tx, id);
    return pg::WriteAudit(tx, audit);
  });
}

absl::StatusOr<std::vector<std::pair<std::string, std::string>>> Store::Due(UnixMicros now,
                                                                           int most) {
  AF_ASSIGN_OR_RETURN(pg::SystemTx tx, pool_.BeginSystem());
  AF_ASSIGN_OR_RETURN(pg::Result rows, tx.Exec(kDue, pg::Timestamp{now}, most));
  std::vector<std::pair<std::string, std::string>> due;
  for (pg::Row row : rows) due.emplace_back(row.Text(0), row.Text(1));
  return due;
}

absl::StatusOr<std::optional<UnixMicros>> Store::NextDue() {
  AF_ASSIGN_OR_RETURN(pg::SystemTx tx, pool_.BeginSystem());
  AF_ASSIGN_OR_RETURN(pg::Result rows, tx.Exec(kNextDue));
  return rows[0].OptionalTime(0);
}

absl::Status Store::Fired(const std::string& tenant, const std::string& id, UnixMicros nominal,
                          const std::string& execution, const std::string& error,
                          std::optional<UnixMicros> next) {
  return pool_.InTenant(tenant, [&](pg::TenantTx& tx) {
    return tx.Exec(kFired, id, pg::Timestamp{nominal}, execution, error, Stamp(next)).status();
  });
}

}  // namespace agentflow::scheduler
