#include "services/monitor/rpc/stats.h"

#include <utility>

#include "agentflow/api/v1/stats.pb.h"
#include "google/protobuf/util/time_util.h"
#include "libs/base/status.h"
#include "libs/rpc/paging.h"

namespace agentflow::monitor {
namespace {

using google::protobuf::util::TimeUtil;

void Fill(const WorkflowStats& stats, api::v1::WorkflowStats* out) {
  out->set_workflow(stats.workflow);
  for (const auto& [state, count] : stats.executions_by_state) {
    (*out->mutable_executions_by_state())[state] = count;
  }
  for (const auto& [state, count] : stats.steps_by_state) {
    (*out->mutable_steps_by_state())[state] = count;
  }
  if (stats.duration_count > 0) {
    *out->mutable_duration_mean() =
        TimeUtil::MicrosecondsToDuration(stats.duration_sum_us / stats.duration_count);
    *out->mutable_duration_p50() = TimeUtil::MicrosecondsToDuration(stats.PercentileUs(0.50));
    *out->mutable_duration_p95() = TimeUtil::MicrosecondsToDuration(stats.PercentileUs(0.95));
    *out->mutable_duration_p99() = TimeUtil::MicrosecondsToDuration(stats.PercentileUs(0.99));
  }
  if (stats.last_start_time > 0) {
    *out->mutable_last_start_time() = TimeUtil::MicrosecondsToTimestamp(stats.last_start_time);
  }
}

}  // namespace

void RegisterStatsService(rpc::Server& server, Store& store, std::function<int64_t()> lag_ms) {
  server.Unary<api::v1::ListWorkflowStatsRequest, api::v1::ListWorkflowStatsResponse>(
      "agentflow.api.v1.StatsService/ListWorkflowStats",
      [&store, lag_ms = std::move(lag_ms)](const rpc::Call& call,
                                           const api::v1::ListWorkflowStatsRequest& request)
          -> absl::StatusOr<api::v1::ListWorkflowStatsResponse> {
        AF_ASSIGN_OR_RETURN(int size, rpc::PageSize(request.page_size()));
        rpc::PageQuery query{.tenant = call.tenant(),
                             .method = "ListWorkflowStats",
                             .filter = request.workflow()};
        AF_ASSIGN_OR_RETURN(std::string after, rpc::ReadPageToken(query, request.page_token()));
        AF_ASSIGN_OR_RETURN(std::vector<WorkflowStats> stats,
                            store.List(call.tenant(), after, request.workflow(), size + 1));
        api::v1::ListWorkflowStatsResponse response;
        if (static_cast<int>(stats.size()) > size) {
          stats.resize(static_cast<size_t>(size));
          response.set_next_page_token(rpc::MakePageToken(query, stats.back().workflow));
        }
        for (const WorkflowStats& one : stats) Fill(one, response.add_workflow_stats());
        *response.mutable_lag() = TimeUtil::MillisecondsToDuration(lag_ms());
        return response;
      });
}

}  // namespace agentflow::monitor
