#include "services/executor/metrics.h"

namespace agentflow::executor {
namespace {

void Count(const obs::Counter& counter, int64_t now, int64_t* seen) {
  if (now > *seen) counter.Add(static_cast<double>(now - *seen));
  *seen = now;
}

}  // namespace

Metrics::Metrics(obs::Registry& registry, Router& router, const TenantLoad& load,
                 const RedisQueue& queue, const Links& links, const TenantKeys& keys,
                 const Clock& clock)
    : router_(router),
      load_(load),
      queue_(queue),
      links_(links),
      keys_(keys),
      clock_(clock),
      lanes_(registry.Gauge("agentflow_executor_lanes", "Lanes owned and loaded.")),
      live_(registry.Gauge("agentflow_executor_live_executions",
                           "Executions of these lanes that are not over.")),
      queued_(registry.Gauge("agentflow_executor_queued_executions",
                             "Executions that wait until their tenant has room.")),
      resident_(
          registry.Gauge("agentflow_executor_resident_executions", "Executions kept in memory.")),
      backlog_(registry.Gauge("agentflow_executor_backlog_commands",
                              "Commands received and not decided yet.")),
      oldest_(registry.Gauge("agentflow_executor_oldest_command_age_seconds",
                             "How long the oldest undecided command has waited.")),
      coordinators_(
          registry.Gauge("agentflow_executor_coordinator_links", "Coordinators connected.")),
      redis_up_(registry.Gauge("agentflow_executor_redis_up", "1 while tasks reach Redis.")),
      batches_(registry.Counter("agentflow_executor_batches_total", "Batches committed.")),
      executions_(registry.Counter("agentflow_executor_execution_writes_total",
                                   "Executions written, summed over batches.")),
      commands_(registry.Counter("agentflow_executor_commands_total", "Commands decided.")),
      refused_(registry.Counter("agentflow_executor_refused_writes_total",
                                "Executions whose write the database refused.")),
      offered_(registry.Counter("agentflow_executor_offered_tasks_total", "Tasks put into Redis.")),
      rehomed_(registry.Counter("agentflow_executor_rehomed_total",
                                "Live executions that outlived their retention class.")),
      unopened_(registry.Counter("agentflow_executor_unopened_bodies_total",
                                 "Stored bodies that their tenant's key does not open.")),
      removed_(registry.Counters("agentflow_executor_removed_total",
                                 "Removed after its retention: rows, and partitions as such.",
                                 {"table"})),
      batch_size_(registry.Histogram("agentflow_executor_batch_executions",
                                     "Executions written by one batch.",
                                     {0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000})),
      commit_seconds_(registry.Histogram("agentflow_executor_commit_seconds",
                                         "From sealing a batch to its commit.")) {
  for (Committer* committer : router_.committers()) {
    committer->stats().on_commit = [this](size_t executions, int64_t micros) {
      batch_size_.Observe(static_cast<double>(executions));
      commit_seconds_.Observe(static_cast<double>(micros) / 1e6);
    };
  }
}

void Metrics::Removed(const std::map<std::string, int64_t>& removed) {
  for (const auto& [table, count] : removed) {
    removed_.With({table}).Add(static_cast<double>(count));
  }
}

void Metrics::Update() {
  int64_t lanes = 0, resident = 0, backlog = 0, oldest = 0;
  int64_t batches = 0, executions = 0, commands = 0, refused = 0, rehomed = 0;
  for (Committer* committer : router_.committers()) {
    const CommitterStats& stats = committer->stats();
    lanes += stats.lanes;
    resident += stats.live;
    backlog += stats.backlog;
    batches += stats.batches;
    executions += stats.executions_written;
    commands += stats.items;
    refused += stats.refused;
    rehomed += stats.rehomed;
    if (const int64_t at = stats.oldest_item_at; at != 0 && (oldest == 0 || at < oldest)) {
      oldest = at;
    }
  }
  lanes_.Set(static_cast<double>(lanes));
  live_.Set(static_cast<double>(load_.live()));
  queued_.Set(static_cast<double>(load_.queued()));
  resident_.Set(static_cast<double>(resident));
  backlog_.Set(static_cast<double>(backlog));
  oldest_.Set(oldest == 0 ? 0 : static_cast<double>(clock_.Monotonic() - oldest) / 1e6);
  coordinators_.Set(static_cast<double>(links_.size()));
  redis_up_.Set(queue_.healthy() ? 1 : 0);
  Count(batches_, batches, &batches_seen_);
  Count(executions_, executions, &executions_seen_);
  Count(commands_, commands, &commands_seen_);
  Count(refused_, refused, &refused_seen_);
  Count(offered_, queue_.sent(), &offered_seen_);
  Count(rehomed_, rehomed, &rehomed_seen_);
  Count(unopened_, keys_.broken(), &unopened_seen_);
}

}  // namespace agentflow::executor
