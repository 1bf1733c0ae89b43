#include "services/monitor/projections/store.h"

#include <algorithm>

#include "libs/base/status.h"

namespace agentflow::monitor {
namespace {

constexpr pg::Statement kCursors{"feed_cursors",
                                 "SELECT committer, sequence FROM monitor.feed_cursors()"};
constexpr pg::Statement kApply{
    "feed_apply",
    "SELECT monitor.apply_feed($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15,"
    " $16, $17)"};
constexpr pg::Statement kWorkflows{
    "stats_workflows",
    "SELECT workflow, last_start_time FROM workflow WHERE workflow > $1 AND ($2 = '' OR"
    " workflow = $2) ORDER BY workflow LIMIT $3"};
constexpr pg::Statement kStates{
    "stats_states",
    "SELECT workflow, kind, state, count FROM state_count WHERE workflow = ANY($1::text[])"
    " AND count <> 0"};
constexpr pg::Statement kDurations{
    "stats_durations",
    "SELECT workflow, bucket, count, sum_us FROM duration WHERE workflow = ANY($1::text[])"
    " ORDER BY bucket"};

// The sums as parallel arrays.
struct Columns {
  std::vector<std::string> count_tenant, count_workflow, count_kind, count_state;
  std::vector<int64_t> count_delta;
  std::vector<std::string> duration_tenant, duration_workflow;
  std::vector<int64_t> duration_bucket, duration_count, duration_sum;
  std::vector<std::string> start_tenant, start_workflow;
  std::vector<int64_t> start_us;

  explicit Columns(const Sums& sums) {
    for (const auto& [key, delta] : sums.states) {
      if (delta == 0) continue;
      count_tenant.push_back(key.tenant);
      count_workflow.push_back(key.workflow);
      count_kind.push_back(key.kind);
      count_state.push_back(key.state);
      count_delta.push_back(delta);
    }
    for (const auto& [key, durations] : sums.durations) {
      duration_tenant.push_back(key.tenant);
      duration_workflow.push_back(key.workflow);
      duration_bucket.push_back(key.bucket);
      duration_count.push_back(durations.count);
      duration_sum.push_back(durations.sum_us);
    }
    for (const auto& [key, us] : sums.last_start_us) {
      start_tenant.push_back(key.first);
      start_workflow.push_back(key.second);
      start_us.push_back(us);
    }
  }
};

}  // namespace

int64_t WorkflowStats::PercentileUs(double share) const {
  int64_t wanted = static_cast<int64_t>(share * static_cast<double>(duration_count));
  int64_t seen = 0;
  for (const auto& [bucket, count] : buckets) {
    seen += count;
    if (seen > wanted) return MiddleOf(bucket);
  }
  return buckets.empty() ? 0 : MiddleOf(buckets.back().first);
}

absl::StatusOr<std::map<std::string, int64_t>> Store::Cursors() {
  AF_ASSIGN_OR_RETURN(pg::SystemTx tx, pool_.BeginSystem());
  AF_ASSIGN_OR_RETURN(pg::Result rows, tx.Exec(kCursors));
  std::map<std::string, int64_t> cursors;
  for (pg::Row row : rows) cursors[std::string(row.Text(0))] = row.Int(1);
  return cursors;
}

absl::Status Store::Apply(const std::string& committer, int64_t expected, int64_t reached,
                          UnixMicros commit_time, const Sums& sums) {
  Columns c(sums);
  return pool_.InSystem([&](pg::SystemTx& tx) -> absl::Status {
    AF_ASSIGN_OR_RETURN(
        pg::Result applied,
        tx.Exec(kApply, committer, expected, reached, pg::Timestamp{commit_time}, c.count_tenant,
                c.count_workflow, c.count_kind, c.count_state, c.count_delta, c.duration_tenant,
                c.duration_workflow, c.duration_bucket, c.duration_count, c.duration_sum,
                c.start_tenant, c.start_workflow, c.start_us));
    if (applied[0].Bool(0)) return absl::OkStatus();
    return FailedPrecondition("CURSOR_MOVED", "another monitor has read this feed further");
  });
}

absl::StatusOr<std::vector<WorkflowStats>> Store::List(const std::string& tenant,
                                                       const std::string& after,
                                                       const std::string& only, int limit) {
  AF_ASSIGN_OR_RETURN(pg::TenantTx tx, pool_.Begin(tenant));
  AF_ASSIGN_OR_RETURN(pg::Result rows, tx.Exec(kWorkflows, after, only, limit));
  std::vector<WorkflowStats> stats;
  std::vector<std::string> names;
  for (pg::Row row : rows) {
    names.emplace_back(row.Text(0));
    stats.push_back({.workflow = names.back(), .last_start_time = row.OptionalTime(1).value_or(0)});
  }
  auto of = [&](std::string_view name) -> WorkflowStats& {
    return stats[static_cast<size_t>(std::find(names.begin(), names.end(), name) -
                                     names.begin())];
  };
  AF_ASSIGN_OR_RETURN(pg::Result states, tx.Exec(kStates, names));
  for (pg::Row row : states) {
    WorkflowStats& one = of(row.Text(0));
    auto& counts = row.Text(1) == "execution" ? one.executions_by_state : one.steps_by_state;
    counts[std::string(row.Text(2))] = row.Int(3);
  }
  AF_ASSIGN_OR_RETURN(pg::Result durations, tx.Exec(kDurations, names));
  for (pg::Row row : durations) {
    WorkflowStats& one = of(row.Text(0));
    one.buckets.emplace_back(row.Int(1), row.Int(2));
    one.duration_count += row.Int(2);
    one.duration_sum_us += row.Int(3);
  }
  return stats;
}

}  // namespace agentflow::monitor
