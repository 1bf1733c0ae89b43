#include "services/executor/migrating/migration_store.h"

#include "libs/base/status.h"
#include "libs/json/value.h"

namespace agentflow::executor {
namespace {

#define COLUMNS                                                                            \
  "SELECT migration_id, tenant_id, workflow, from_version, to_version, to_hash, mapping, " \
  "validate_only, creator, create_time, end_time FROM migration "
// Live executions that the migration $1 is about and that have no result.
#define LEFT_OVER                                                                      \
  "FROM migration m JOIN live_execution l ON l.workflow = m.workflow AND l.version = " \
  "m.from_version AND l.start_time <= m.create_time WHERE m.migration_id = $1 "        \
  "AND NOT EXISTS (SELECT FROM migration_result r WHERE r.tenant_id = m.tenant_id "    \
  "AND r.migration_id = m.migration_id AND r.execution_id = l.execution_id) "

constexpr pg::Statement kCreate = {
    "migration_create",
    "INSERT INTO migration (tenant_id, migration_id, workflow, from_version, to_version, to_hash, "
    "mapping, validate_only, creator) VALUES (af.tenant(), $1, $2, $3, $4, $5, $6, $7, $8) "
    "ON CONFLICT DO NOTHING"};
constexpr pg::Statement kGet = {"migration_get", COLUMNS "WHERE migration_id = $1"};
constexpr pg::Statement kList = {
    "migration_list", COLUMNS
    "WHERE workflow = $1 AND ($2::timestamptz IS NULL OR (create_time, migration_id) < "
    "($2::timestamptz, $3::uuid)) ORDER BY create_time DESC, migration_id DESC LIMIT $4::int"};
constexpr pg::Statement kOpen = {"migration_open", "SELECT tenant, id FROM open_migrations()"};
constexpr pg::Statement kChoose = {
    "migration_choose",
    "INSERT INTO migration_result (tenant_id, migration_id, execution_id, lane, outcome) "
    "SELECT m.tenant_id, m.migration_id, l.execution_id, l.lane, 0 " LEFT_OVER
    "AND l.lane = ANY($2::bigint[]) ORDER BY l.start_time LIMIT $3::int ON CONFLICT DO NOTHING"};
constexpr pg::Statement kAlreadyMoved = {
    "migration_already_moved",
    "UPDATE migration_result r SET outcome = 1 FROM migration m, live_execution l "
    "WHERE r.migration_id = $1 AND r.outcome = 0 AND m.migration_id = $1 "
    "AND NOT m.validate_only AND l.execution_id = r.execution_id AND l.lane = r.lane "
    "AND l.version = m.to_version"};
constexpr pg::Statement kChosen = {
    "migration_chosen",
    "SELECT execution_id FROM migration_result WHERE migration_id = $1 AND outcome = 0 "
    "AND lane = ANY($2::bigint[])"};
constexpr pg::Statement kRecord = {
    "migration_record",
    "UPDATE migration_result r SET outcome = d.outcome, reason = d.reason, message = d.message "
    "FROM unnest($2::uuid[], $3::bigint[], $4::text[], $5::text[]) "
    "AS d(execution_id, outcome, reason, message) "
    "WHERE r.migration_id = $1 AND r.execution_id = d.execution_id"};
constexpr pg::Statement kForget = {
    "migration_forget",
    "DELETE FROM migration_result WHERE migration_id = $1 AND execution_id = ANY($2::uuid[])"};
constexpr pg::Statement kEnd = {
    "migration_end",
    "UPDATE migration SET end_time = now() WHERE migration_id = $1 AND end_time IS NULL "
    "AND NOT EXISTS (SELECT FROM migration_result r WHERE r.migration_id = $1 AND r.outcome = 0) "
    "AND NOT EXISTS (SELECT " LEFT_OVER ")"};
constexpr pg::Statement kPending = {
    "migration_pending",
    "SELECT (SELECT count(*) " LEFT_OVER
    ") + (SELECT count(*) FROM migration_result WHERE migration_id = $1 AND outcome = 0)"};
constexpr pg::Statement kCounts = {
    "migration_counts",
    "SELECT outcome, reason, count(*), min(message), "
    "(array_agg(execution_id ORDER BY execution_id))[1:10]::text[] FROM migration_result "
    "WHERE migration_id = $1 AND outcome > 0 GROUP BY outcome, reason "
    "ORDER BY count(*) DESC, reason LIMIT 100"};
#undef COLUMNS
#undef LEFT_OVER

Migration FromRow(const pg::Row& row) {
  Migration m;
  m.id = row.Id(0);
  m.tenant = row.Text(1);
  m.workflow = row.Text(2);
  m.from_version = static_cast<int32_t>(row.Int(3));
  m.to_version = static_cast<int32_t>(row.Int(4));
  m.to_hash = row.Text(5);
  absl::StatusOr<json::Value> mapping = json::Parse(row.Text(6));
  if (mapping.ok() && mapping->is_object()) {
    for (const auto& [from, to] : mapping->as_object()) m.mapping[from] = to.as_string();
  }
  m.validate_only = row.Bool(7);
  m.creator = row.Text(8);
  m.create_time = row.Time(9);
  m.end_time = row.OptionalTime(10).value_or(0);
  return m;
}

std::string MappingText(const Migration& migration) {
  json::Object mapping;
  for (const auto& [from, to] : migration.mapping) mapping.Set(from, to);
  return json::Dump(mapping);
}

}  // namespace

absl::StatusOr<Migration> MigrationStore::Create(const Migration& migration) {
  std::optional<Migration> stored;
  AF_RETURN_IF_ERROR(pool_.InTenant(migration.tenant, [&](pg::TenantTx& tx) -> absl::Status {
    AF_RETURN_IF_ERROR(tx.Exec(kCreate, migration.id, migration.workflow, migration.from_version,
                               migration.to_version, migration.to_hash, MappingText(migration),
                               migration.validate_only, migration.creator)
                           .status());
    AF_ASSIGN_OR_RETURN(const pg::Result rows, tx.Exec(kGet, migration.id));
    if (!rows.empty()) stored = FromRow(rows[0]);
    return absl::OkStatus();
  }));
  if (!stored) return Internal("MIGRATION_LOST", "The migration was not stored.");
  return *std::move(stored);
}

absl::StatusOr<Migration> MigrationStore::Get(const std::string& tenant, const Uuid& id) {
  std::optional<Migration> found;
  AF_RETURN_IF_ERROR(pool_.InTenant(tenant, [&](pg::TenantTx& tx) -> absl::Status {
    AF_ASSIGN_OR_RETURN(const pg::Result rows, tx.Exec(kGet, id));
    if (!rows.empty()) found = FromRow(rows[0]);
    return absl::OkStatus();
  }));
  if (!found) return NotFound("MIGRATION_NOT_FOUND", "There is no such migration.");
  return *std::move(found);
}

absl::StatusOr<std::vector<Migration>> MigrationStore::List(
    const std::string& tenant, const std::string& workflow,
    const std::optional<std::pair<UnixMicros, Uuid>>& after, int limit) {
  std::vector<Migration> list;
  std::optional<pg::Timestamp> after_time;
  std::optional<Uuid> after_id;
  if (after) {
    after_time = pg::Timestamp{after->first};
    after_id = after->second;
  }
  AF_RETURN_IF_ERROR(pool_.InTenant(tenant, [&](pg::TenantTx& tx) -> absl::Status {
    list.clear();
    AF_ASSIGN_OR_RETURN(const pg::Result rows,
                        tx.Exec(kList, workflow, after_time, after_id, limit + 1));
    for (const pg::Row row : rows) list.push_back(FromRow(row));
    return absl::OkStatus();
  }));
  return list;
}

absl::StatusOr<MigrationProgress> MigrationStore::Progress(const Migration& migration) {
  MigrationProgress progress;
  AF_RETURN_IF_ERROR(pool_.InTenant(migration.tenant, [&](pg::TenantTx& tx) -> absl::Status {
    progress = {};
    if (migration.end_time == 0) {
      AF_ASSIGN_OR_RETURN(const pg::Result pending, tx.Exec(kPending, migration.id));
      progress.pending = pending[0].Int(0);
    }
    AF_ASSIGN_OR_RETURN(const pg::Result counts, tx.Exec(kCounts, migration.id));
    for (const pg::Row row : counts) {
      if (static_cast<MoveOutcome>(row.Int(0)) == MoveOutcome::kMoved) {
        progress.moved += row.Int(2);
        continue;
      }
      progress.refused += row.Int(2);
      MigrationProgress::Refusal& refusal = progress.refusals.emplace_back();
      refusal.reason = row.Text(1);
      refusal.executions = row.Int(2);
      refusal.message = row.Text(3);
      for (const std::string& id : row.TextArray(4)) {
        refusal.examples.push_back(Uuid::Parse(id).value_or(Uuid()));
      }
    }
    return absl::OkStatus();
  }));
  return progress;
}

absl::StatusOr<std::vector<std::pair<std::string, Uuid>>> MigrationStore::Open() {
  std::vector<std::pair<std::string, Uuid>> open;
  AF_RETURN_IF_ERROR(pool_.InSystem([&](pg::SystemTx& tx) -> absl::Status {
    open.clear();
    AF_ASSIGN_OR_RETURN(const pg::Result rows, tx.Exec(kOpen));
    for (const pg::Row row : rows) open.emplace_back(row.Text(0), row.Id(1));
    return absl::OkStatus();
  }));
  return open;
}

absl::StatusOr<std::vector<Uuid>> MigrationStore::Choose(const Migration& migration,
                                                         const std::vector<int64_t>& lanes,
                                                         int limit) {
  std::vector<Uuid> chosen;
  AF_RETURN_IF_ERROR(pool_.InTenant(migration.tenant, [&](pg::TenantTx& tx) -> absl::Status {
    chosen.clear();
    AF_RETURN_IF_ERROR(tx.Exec(kAlreadyMoved, migration.id).status());
    AF_RETURN_IF_ERROR(tx.Exec(kChoose, migration.id, lanes, limit).status());
    AF_ASSIGN_OR_RETURN(const pg::Result rows, tx.Exec(kChosen, migration.id, lanes));
    for (const pg::Row row : rows) chosen.push_back(row.Id(0));
    return absl::OkStatus();
  }));
  return chosen;
}

absl::Status MigrationStore::Record(const Migration& migration, const std::vector<Move>& moves) {
  std::vector<Uuid> executions;
  std::vector<int64_t> outcomes;
  std::vector<std::string> reasons, messages;
  for (const Move& move : moves) {
    executions.push_back(move.execution);
    outcomes.push_back(static_cast<int64_t>(move.outcome));
    reasons.push_back(move.reason);
    messages.push_back(move.message);
  }
  return pool_.InTenant(migration.tenant, [&](pg::TenantTx& tx) -> absl::Status {
    return tx.Exec(kRecord, migration.id, executions, outcomes, reasons, messages).status();
  });
}

absl::Status MigrationStore::Forget(const Migration& migration,
                                    const std::vector<Uuid>& executions) {
  return pool_.InTenant(migration.tenant, [&](pg::TenantTx& tx) -> absl::Status {
    return tx.Exec(kForget, migration.id, executions).status();
  });
}

absl::Status MigrationStore::EndIfDone(const Migration& migration) {
  return pool_.InTenant(migration.tenant, [&](pg::TenantTx& tx) -> absl::Status {
    return tx.Exec(kEnd, migration.id).status();
  });
}

}  // namespace agentflow::executor
