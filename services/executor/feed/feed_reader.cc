#include "services/executor/feed/feed_reader.h"

#include <optional>
#include <set>

#include "libs/base/status.h"
#include "libs/obs/log.h"
#include "libs/pg/pipeline.h"
#include "services/executor/feed/change.h"
#include "services/executor/feed/sealed_changes.h"

namespace agentflow::executor {
namespace {

enum : size_t { kSetUp, kRead };

// A committer that the table knows and the cursors do not is found by a walk over the index
// (one probe for each committer), so that an idle look costs next to nothing.
std::vector<pg::Statement> Statements() {
  return {
      {"configure", "SELECT set_config('enable_seqscan', 'off', false)"},
      {"feed_read",
       "WITH RECURSIVE known AS ("
       "  (SELECT committer FROM event_batch ORDER BY committer LIMIT 1)"
       "  UNION ALL SELECT (SELECT e.committer FROM event_batch e WHERE e.committer > k.committer "
       "                    ORDER BY e.committer LIMIT 1) FROM known k WHERE k.committer IS NOT "
       "NULL"
       "), cursor AS (SELECT * FROM unnest($1::text[], $2::bigint[]) AS c(committer, seq)) "
       "SELECT e.committer, e.seq, e.commit_time, e.body FROM known k "
       "LEFT JOIN cursor c ON c.committer = k.committer "
       "CROSS JOIN LATERAL (SELECT * FROM event_batch b WHERE b.committer = k.committer "
       "  AND b.seq > coalesce(c.seq, 0) ORDER BY b.seq LIMIT $3::int) e "
       "WHERE k.committer IS NOT NULL ORDER BY e.committer, e.seq"},
  };
}

using OpenedKeys = std::map<std::string, absl::StatusOr<TenantSealPtr>>;

// As one that was never sealed.
std::string Unsealed(const FeedRow& row, const std::vector<SealedChange>& changes,
                     const OpenedKeys& keys) {
  std::string body;
  for (const SealedChange& each : changes) {
    const absl::StatusOr<TenantSealPtr>& seal = keys.at(std::string(each.tenant));
    if (!seal.ok()) {
      const std::string reason = ReasonOf(seal.status());
      if (reason != "TENANT_KEY_DESTROYED" && reason != "TENANT_KEY_MISSING") {
        obs::Error("a change is not told", {{"tenant", std::string(each.tenant)},
                                            {"execution", each.execution.ToString()},
                                            {"error", MessageOf(seal.status())}});
      }
      continue;
    }
    const absl::StatusOr<std::string> change =
        (*seal)->Open(ChangePlace(each.execution, row.committer, row.sequence), each.sealed);
    if (change.ok()) AppendToFeedBody(*change, &body);
  }
  return body;
}

}  // namespace

struct PgFeed::Rep {
  explicit Rep(TenantKeys& keys) : keys(keys) {}
  absl::Status Open(std::vector<FeedRow>& rows);

  std::string url;
  TenantKeys& keys;
  std::unique_ptr<pg::Pipeline> db;
};

absl::Status PgFeed::Rep::Open(std::vector<FeedRow>& rows) {
  std::vector<std::optional<std::vector<SealedChange>>> split(rows.size());
  std::set<std::string> tenants;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (!HoldsSealedChanges(rows[i].body)) continue;
    split[i] = SplitSealedChanges(rows[i].body);
    if (!split[i]) {
      obs::Error("a feed row cannot be read",
                 {{"committer", rows[i].committer}, {"seq", rows[i].sequence}});
      split[i].emplace();
    }
    for (const SealedChange& change : *split[i]) tenants.emplace(change.tenant);
  }
  AF_ASSIGN_OR_RETURN(const OpenedKeys opened, keys.OpenAll(tenants));
  for (size_t i = 0; i < rows.size(); ++i) {
    if (split[i]) rows[i].body = Unsealed(rows[i], *split[i], opened);
  }
  return absl::OkStatus();
}

PgFeed::PgFeed(std::string url, TenantKeys& keys) : rep_(std::make_unique<Rep>(keys)) {
  rep_->url = std::move(url);
}
PgFeed::~PgFeed() = default;

absl::StatusOr<std::vector<FeedRow>> PgFeed::Read(const FeedCursors& cursors, int limit) {
  if (rep_->db == nullptr || rep_->db->lost()) {
    AF_ASSIGN_OR_RETURN(
        rep_->db, pg::Pipeline::Connect(
                      {.url = rep_->url, .name = "executor-feed", .statements = Statements()}));
    AF_RETURN_IF_ERROR(rep_->db->Query(kSetUp).status());
  }
  pg::TextArray committers;
  pg::BigintArray sequences;
  for (const auto& [committer, sequence] : cursors) {
    committers.Append(committer);
    sequences.Append(sequence);
  }
  AF_ASSIGN_OR_RETURN(
      const pg::BinaryResult rows,
      rep_->db->Query(kRead, pg::BinaryParams().Array(committers).Array(sequences).Int(limit)));
  std::vector<FeedRow> out;
  out.reserve(rows.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    out.push_back({.committer = std::string(rows.Bytes(i, 0)),
                   .sequence = rows.Int(i, 1),
                   .commit_time = rows.Time(i, 2),
                   .body = std::string(rows.Bytes(i, 3))});
  }
  AF_RETURN_IF_ERROR(rep_->Open(out));
  return out;
}

}  // namespace agentflow::executor
