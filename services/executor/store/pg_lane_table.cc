#include "libs/base/lane.h"
#include "libs/base/status.h"
#include "libs/pg/pipeline.h"
#include "services/executor/store/pg_store.h"

namespace agentflow::executor {
namespace {

constexpr int kPortion = 5'000;  // as in the statements
constexpr int kMaxPortions = 400;

enum : size_t {
  kJoin,
  kAcquire,
  kAddresses,
  kRelease,
  kEnsurePartitions,
  kDropPartitions,
  kTrimFeed,
  kTrimStartKeys,
  kNow,
};

std::vector<pg::Statement> Statements() {
  return {
      {"join", "SELECT 1 FROM join_owner($1::text, $2::int, $3::text, $4::int)"},
      {"acquire", "SELECT owned_lane, owned_committer FROM acquire_lanes($1::text, $2::int)"},
      {"addresses",
       "SELECT l.lane, o.address FROM lane l JOIN owner o ON o.owner_id = l.owner_id "
       "AND o.committer = l.committer WHERE o.lease_until > clock_timestamp()"},
      {"release", "SELECT 1 FROM release_lanes($1::text)"},
      {"ensure_partitions", "SELECT 1 FROM ensure_partitions($1::int, $2::int, $3::int)"},
      {"drop_partitions", "SELECT drop_old_partitions($1::int)"},
      {"trim_feed",
       "DELETE FROM event_batch WHERE ctid = ANY(ARRAY(SELECT ctid FROM event_batch "
       "WHERE commit_time < now() - $1::bigint * interval '1 ms' LIMIT 5000))"},
      {"trim_start_keys",
       "DELETE FROM start_key WHERE ctid = ANY(ARRAY(SELECT ctid FROM start_key "
       "WHERE start_day + retention_days < $1::int "
       "AND start_time < now() - interval '1 day' LIMIT 5000))"},
      {"now", "SELECT clock_timestamp()"},
  };
}

}  // namespace

struct PgLaneTable::Rep {
  PgLaneTableOptions options;
  std::unique_ptr<pg::Pipeline> db;

  absl::StatusOr<pg::BinaryResult> Query(size_t statement, const pg::BinaryParams& params) {
    if (db == nullptr || db->lost()) {
      AF_ASSIGN_OR_RETURN(
          db, pg::Pipeline::Connect(
                  {.url = options.url, .name = "executor-lanes", .statements = Statements()}));
    }
    return db->Query(statement, params);
  }
};

PgLaneTable::PgLaneTable(PgLaneTableOptions options) : rep_(std::make_unique<Rep>()) {
  rep_->options = std::move(options);
}
PgLaneTable::~PgLaneTable() = default;

absl::Status PgLaneTable::Join() {
  const PgLaneTableOptions& o = rep_->options;
  return rep_
      ->Query(kJoin,
              pg::BinaryParams().Text(o.owner).Int(o.committers).Text(o.address).Int(o.lease_ms))
      .status();
}

absl::StatusOr<std::vector<LaneTable::Owned>> PgLaneTable::Acquire() {
  AF_ASSIGN_OR_RETURN(
      const pg::BinaryResult rows,
      rep_->Query(kAcquire,
                  pg::BinaryParams().Text(rep_->options.owner).Int(rep_->options.committers)));
  std::vector<Owned> owned;
  for (size_t i = 0; i < rows.size(); ++i) {
    owned.push_back({static_cast<int>(rows.Int(i, 0)), static_cast<int>(rows.Int(i, 1))});
  }
  return owned;
}

absl::StatusOr<std::vector<std::string>> PgLaneTable::Addresses() {
  AF_ASSIGN_OR_RETURN(const pg::BinaryResult rows, rep_->Query(kAddresses, {}));
  std::vector<std::string> addresses(kLaneCount);
  for (size_t i = 0; i < rows.size(); ++i) {
    addresses[static_cast<size_t>(rows.Int(i, 0))] = rows.Bytes(i, 1);
  }
  return addresses;
}

absl::Status PgLaneTable::Release() {
  return rep_->Query(kRelease, pg::BinaryParams().Text(rep_->options.owner)).status();
}

absl::Status PgLaneTable::EnsurePartitions(int retention_days, int first_day, int last_day) {
  return rep_
      ->Query(kEnsurePartitions,
              pg::BinaryParams().Int(retention_days).Int(first_day).Int(last_day))
      .status();
}

absl::Status PgLaneTable::Trim(int today, int64_t feed_kept_ms) {
  AF_RETURN_IF_ERROR(rep_->Query(kDropPartitions, pg::BinaryParams().Int(today)).status());
  // Small portions, so that nothing is locked for long; bounded, so that this ends.
  for (int portion = 0; portion < kMaxPortions; ++portion) {
    AF_ASSIGN_OR_RETURN(const pg::BinaryResult deleted,
                        rep_->Query(kTrimFeed, pg::BinaryParams().Bigint(feed_kept_ms)));
    if (deleted.affected() < kPortion) break;
  }
  for (int portion = 0; portion < kMaxPortions; ++portion) {
    AF_ASSIGN_OR_RETURN(const pg::BinaryResult deleted,
                        rep_->Query(kTrimStartKeys, pg::BinaryParams().Int(today)));
    if (deleted.affected() < kPortion) break;
  }
  return absl::OkStatus();
}

absl::StatusOr<UnixMicros> PgLaneTable::DatabaseTime() {
  AF_ASSIGN_OR_RETURN(const pg::BinaryResult rows, rep_->Query(kNow, {}));
  return rows.Time(0, 0);
}

}  // namespace agentflow::executor
