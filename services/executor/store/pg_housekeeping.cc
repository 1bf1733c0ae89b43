#include "services/executor/store/pg_housekeeping.h"

#include "libs/base/status.h"
#include "libs/pg/pipeline.h"

namespace agentflow::executor {
namespace {

constexpr int kPortion = 5'000;  // as in the statements
constexpr int kPayloadPortion = 50;  // these are large
constexpr int kMaxPortions = 400;
constexpr int kMaxDays = 2'000;
// Longer than the longest class, with time to say so again.
constexpr int kDocumentDays = 410;

enum : size_t {
  kNow,
  kEnsurePartitions,
  kDropDay,
  kKeepDocuments,
  kTrimFeed,
  kTrimStartKeys,
  kTrimRehomed,
  kTrimApprovals,
  kTrimDocuments,
  kTrimMigrationResults,
  kTrimMigrations,
  kTrimPayloads,
};

#define TRIM_SOME(table, condition, portion)                                      \
  "DELETE FROM " table " WHERE ctid = ANY(ARRAY(SELECT t.ctid FROM " table " t " \
  "WHERE " condition " LIMIT " portion "))"
#define TRIM(table, condition) TRIM_SOME(table, condition, "5000")
// A lane is the last byte of its executions' ids (libs/base/lane.h).
#define NOT_LIVE                                                                         \
  "NOT EXISTS (SELECT FROM live_execution l WHERE l.execution_id = t.execution_id "      \
  "AND l.lane = get_byte(uuid_send(t.execution_id), 15))"

std::vector<pg::Statement> Statements() {
  return {
      {"now", "SELECT clock_timestamp()"},
      {"ensure_partitions", "SELECT 1 FROM ensure_partitions($1::int, $2::int, $3::int)"},
      {"drop_day", "SELECT drop_old_day($1::int)"},
      {"keep_documents",
       "UPDATE document t SET kept_until = $3::int FROM unnest($1::text[], $2::text[]) "
       "AS d(tenant_id, content_hash) WHERE t.tenant_id = d.tenant_id "
       "AND t.content_hash = d.content_hash AND t.kept_until < $3::int"},
      {"trim_feed",
       TRIM("event_batch", "t.commit_time < now() - $1::bigint * interval '1 ms'")},
      {"trim_start_keys",
       TRIM("start_key", "t.start_day + t.retention_days < $1::int AND " NOT_LIVE)},
      {"trim_rehomed", TRIM("rehomed", "t.start_day + t.retention_days < $1::int AND " NOT_LIVE)},
      {"trim_approvals",
       TRIM("approval", "t.end_time < to_timestamp(($1::int - t.retention_days) * 86400.0)")},
      {"trim_documents",
       TRIM("document",
            "t.kept_until < $1::int AND NOT EXISTS (SELECT FROM live_execution l "
            "WHERE l.tenant_id = t.tenant_id AND l.content_hash = t.content_hash)")},
      {"trim_migration_results",
       TRIM("migration_result",
            "EXISTS (SELECT FROM migration m WHERE m.tenant_id = t.tenant_id "
            "AND m.migration_id = t.migration_id "
            "AND m.end_time < to_timestamp($1::int * 86400.0))")},
      {"trim_migrations",
       TRIM("migration",
            "t.end_time < to_timestamp($1::int * 86400.0) AND NOT EXISTS (SELECT FROM "
            "migration_result r WHERE r.tenant_id = t.tenant_id "
            "AND r.migration_id = t.migration_id)")},
      // A live execution that has outlived its class keeps its tenant's payloads until it has a new
      // home, whose row in the journal names those that it still needs. Looked at once more by
      // whoever deletes: an execution may have named it meanwhile.
      {"trim_payloads",
       TRIM_SOME("payload",
                 "t.kept_until < $1::int AND NOT EXISTS (SELECT FROM live_execution l "
                 "WHERE l.tenant_id = t.tenant_id AND l.start_day + l.retention_days < $1::int)",
                 "50")
       " AND kept_until < $1::int"},
  };
}
#undef TRIM
#undef TRIM_SOME
#undef NOT_LIVE

}  // namespace

struct PgHousekeeping::Rep {
  std::string url;
  std::unique_ptr<pg::Pipeline> db;

  absl::StatusOr<pg::BinaryResult> Query(size_t statement, const pg::BinaryParams& params) {
    if (db == nullptr || db->lost()) {
      AF_ASSIGN_OR_RETURN(db, pg::Pipeline::Connect({.url = url,
                                                     .name = "executor-housekeeping",
                                                     .statements = Statements()}));
    }
    return db->Query(statement, params);
  }

  // Small portions, so that nothing is locked for long; bounded, so that this ends.
  absl::Status Delete(size_t statement, const pg::BinaryParams& params, int64_t* count,
                      int most = kPortion) {
    for (int portion = 0; portion < kMaxPortions; ++portion) {
      AF_ASSIGN_OR_RETURN(const pg::BinaryResult deleted, Query(statement, params));
      *count += deleted.affected();
      if (deleted.affected() < most) break;
    }
    return absl::OkStatus();
  }

  absl::Status DropDays(int today, int64_t* tables) {
    for (int day = 0; day < kMaxDays; ++day) {
      AF_ASSIGN_OR_RETURN(const pg::BinaryResult dropped,
                          Query(kDropDay, pg::BinaryParams().Int(today)));
      if (dropped.Int(0, 0) == 0) break;
      *tables += dropped.Int(0, 0);
    }
    return absl::OkStatus();
  }
};

PgHousekeeping::PgHousekeeping(std::string url) : rep_(std::make_unique<Rep>()) {
  rep_->url = std::move(url);
}
PgHousekeeping::~PgHousekeeping() = default;

absl::Status PgHousekeeping::EnsurePartitions(int retention_days, int first_day, int last_day) {
  return rep_
      ->Query(kEnsurePartitions,
              pg::BinaryParams().Int(retention_days).Int(first_day).Int(last_day))
      .status();
}

absl::Status PgHousekeeping::KeepDocuments(
    const std::vector<std::pair<std::string, std::string>>& documents, int today) {
  if (documents.empty()) return absl::OkStatus();
  pg::TextArray tenants, hashes;
  for (const auto& [tenant, hash] : documents) {
    tenants.Append(tenant);
    hashes.Append(hash);
  }
  return rep_
      ->Query(kKeepDocuments,
              pg::BinaryParams().Array(tenants).Array(hashes).Int(today + kDocumentDays))
      .status();
}

absl::Status PgHousekeeping::Trim(int today, const Keep& keep,
                                  std::map<std::string, int64_t>* removed) {
  std::map<std::string, int64_t>& counts = *removed;
  const auto day = [](int number) { return pg::BinaryParams().Int(number); };
  absl::Status first = rep_->DropDays(today, &counts["partition"]);
  first.Update(rep_->Delete(kTrimFeed, pg::BinaryParams().Bigint(keep.feed_ms),
                            &counts["event_batch"]));
  first.Update(rep_->Delete(kTrimStartKeys, day(today), &counts["start_key"]));
  first.Update(rep_->Delete(kTrimRehomed, day(today), &counts["rehomed"]));
  first.Update(rep_->Delete(kTrimApprovals, day(today), &counts["approval"]));
  first.Update(rep_->Delete(kTrimDocuments, day(today), &counts["document"]));
  const int ended = today - keep.migration_days;
  first.Update(rep_->Delete(kTrimMigrationResults, day(ended), &counts["migration_result"]));
  first.Update(rep_->Delete(kTrimMigrations, day(ended), &counts["migration"]));
  first.Update(rep_->Delete(kTrimPayloads, day(today), &counts["payload"], kPayloadPortion));
  return first;
}

absl::StatusOr<UnixMicros> PgHousekeeping::DatabaseTime() {
  AF_ASSIGN_OR_RETURN(const pg::BinaryResult rows, rep_->Query(kNow, {}));
  return rows.Time(0, 0);
}

}  // namespace agentflow::executor
