#include <algorithm>

#include "libs/base/lane.h"
#include "libs/base/status.h"
#include "libs/pg/pipeline.h"
#include "services/executor/store/pg_store.h"

namespace agentflow::executor {
namespace {

enum : size_t {
  kJoin,
  kLook,
  kRelease,
};

std::vector<pg::Statement> Statements() {
  return {
      {"join", "SELECT epoch FROM join_owner($1::text, $2::int, $3::text, $4::int)"},
      {"look",
       "SELECT lane, owner_id, committer, committers, address, lease_left, seen_at, leaving "
       "FROM look_at_lanes($1::text, $2::int, $3::boolean, $4::text[], $5::text[], $6::int)"},
      {"release", "SELECT 1 FROM release_lanes($1::text)"},
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
                  {.url = options.url,
                   .name = "executor-lanes",
                   .statements = Statements(),
                   .answer_timeout_ms = options.answer_timeout_ms}));
    }
    return db->Query(statement, params);
  }
};

PgLaneTable::PgLaneTable(PgLaneTableOptions options) : rep_(std::make_unique<Rep>()) {
  rep_->options = std::move(options);
}
PgLaneTable::~PgLaneTable() = default;

absl::StatusOr<std::vector<int64_t>> PgLaneTable::Join() {
  const PgLaneTableOptions& o = rep_->options;
  AF_ASSIGN_OR_RETURN(
      const pg::BinaryResult rows,
      rep_->Query(
          kJoin,
          pg::BinaryParams().Text(o.owner).Int(o.committers).Text(o.address).Int(o.lease_ms)));
  std::vector<int64_t> epochs;
  for (size_t i = 0; i < rows.size(); ++i) epochs.push_back(rows.Int(i, 0));
  return epochs;
}

absl::StatusOr<LaneView> PgLaneTable::Look(bool take, const Suspects& suspects) {
  pg::TextArray silent, slow;
  for (const std::string& name : suspects.silent) silent.Append(name);
  for (const std::string& name : suspects.slow) slow.Append(name);
  AF_ASSIGN_OR_RETURN(const pg::BinaryResult rows,
                      rep_->Query(kLook, pg::BinaryParams()
                                             .Text(rep_->options.owner)
                                             .Int(rep_->options.committers)
                                             .Bool(take)
                                             .Array(silent)
                                             .Array(slow)
                                             .Int(rep_->options.suspect_left_ms)));
  LaneView view;
  for (size_t i = 0; i < rows.size(); ++i) {
    view.time = rows.Time(i, 6);
    if (!rows.IsNull(i, 0) && !rows.IsNull(i, 1)) {
      view.lanes[static_cast<size_t>(rows.Int(i, 0))] = {std::string(rows.Bytes(i, 1)),
                                                         static_cast<int>(rows.Int(i, 2))};
    }
    if (rows.IsNull(i, 1) || rows.Int(i, 5) <= 0) continue;
    LaneView::Owner& owner = view.owners[std::string(rows.Bytes(i, 1))];
    owner = {std::string(rows.Bytes(i, 4)), static_cast<int>(rows.Int(i, 3)),
             std::max(owner.lease_left, rows.Int(i, 5)), rows.Bool(i, 7)};
  }
  return view;
}

absl::Status PgLaneTable::Release() {
  return rep_->Query(kRelease, pg::BinaryParams().Text(rep_->options.owner)).status();
}

}  // namespace agentflow::executor
