// Many starts in one call. Each goes the way of a single one, so a request id means the same in
// both; those whose lane another executor owns are handed to it.
#include <atomic>

#include "libs/base/lane.h"
#include "libs/base/status.h"
#include "services/executor/rpc/convert.h"
#include "services/executor/rpc/execution_service.h"

namespace agentflow::executor {
namespace {

constexpr int kMaxStarts = 1000;

struct Batch {
  api::BatchStartExecutionsResponse response;
  std::atomic<int> open{0};
  Answer<api::BatchStartExecutionsResponse> done;

  // Each result has its own place, so only the counter is shared.
  void Take(int index, absl::StatusOr<api::Execution> execution) {
    api::BatchStartResult& result = *response.mutable_results(index);
    if (execution.ok()) {
      *result.mutable_execution() = *std::move(execution);
    } else {
      const ErrorMetadata metadata = MetadataOf(execution.status());
      api::StartError* error = result.mutable_error();
      error->set_code(absl::StatusCodeToString(execution.status().code()));
      error->set_reason(std::string(ReasonOf(execution.status())));
      error->set_message(std::string(MessageOf(execution.status())));
      if (auto field = metadata.find(kErrorField); field != metadata.end()) {
        error->set_field(field->second);
      }
    }
    if (open.fetch_sub(1) == 1) done(std::move(response));
  }
};
using BatchPtr = std::shared_ptr<Batch>;

void StartHere(const ExecutionPartsPtr& parts, const rpc::CallPtr& call,
               const api::StartExecutionRequest& request, Answer<api::Execution> done) {
  absl::StatusOr<StartRequest> start = ToStart(*call, request);
  if (!start.ok()) return done(start.status());
  parts->starter.Start(*std::move(start),
                       [parts, call, done](const Uuid& id, absl::StatusOr<StartAnswer> answer) {
                         if (!answer.ok()) return done(answer.status());
                         if (answer->existed)
                           return AnswerFromDatabase(*parts, call->tenant(), id, done);
                         api::Execution execution;
                         ToProto(answer->view, &execution);
                         done(std::move(execution));
                       });
}

void StartWhereOwned(const ExecutionPartsPtr& parts, const rpc::CallPtr& call,
                     const api::StartExecutionRequest& request, Answer<api::Execution> done) {
  if (!request.request_id().empty()) {
    const int lane = LaneOf(ExecutionIdForRequest(call->tenant(), request.request_id()));
    if (!parts->router.Owns(lane)) {
      if (rpc::ChannelPtr owner = parts->owner_of(lane)) {
        owner->UnaryAsync<api::StartExecutionRequest, api::Execution>(
            "agentflow.api.v1.ExecutionService/StartExecution", request,
            rpc::CallOptions::ForUser(*call), std::move(done));
        return;
      }
    }
  }
  StartHere(parts, call, request, std::move(done));
}

void BatchStart(const ExecutionPartsPtr& parts, const rpc::CallPtr& call,
                api::BatchStartExecutionsRequest& request,
                Answer<api::BatchStartExecutionsResponse> done) {
  if (request.requests_size() < 1 || request.requests_size() > kMaxStarts) {
    return done(InvalidArgument("BATCH_SIZE_INVALID", "requests",
                                "A batch holds 1 to 1000 starts; send more of them."));
  }
  for (int i = 0; i < request.requests_size(); ++i) {
    api::StartExecutionRequest& start = *request.mutable_requests(i);
    if (start.workflow().empty()) start.set_workflow(request.workflow());
    if (start.workflow() != request.workflow()) {
      return done(InvalidArgument("WORKFLOW_DIFFERS", "requests." + std::to_string(i) + ".workflow",
                                  "All starts of a batch are of the workflow in its name."));
    }
  }
  auto batch = std::make_shared<Batch>();
  batch->open = request.requests_size();
  batch->done = std::move(done);
  for (int i = 0; i < request.requests_size(); ++i) batch->response.add_results();
  for (int i = 0; i < request.requests_size(); ++i) {
    StartWhereOwned(parts, call, request.requests(i),
                    [batch, i](absl::StatusOr<api::Execution> execution) {
                      batch->Take(i, std::move(execution));
                    });
  }
}

}  // namespace

void RegisterBatchStart(rpc::Server& server, ExecutionPartsPtr parts) {
  server.UnaryAsync<api::BatchStartExecutionsRequest, api::BatchStartExecutionsResponse>(
      "agentflow.api.v1.ExecutionService/BatchStartExecutions",
      [parts](rpc::CallPtr call, std::unique_ptr<api::BatchStartExecutionsRequest> request,
              Answer<api::BatchStartExecutionsResponse> done) {
        BatchStart(parts, call, *request, std::move(done));
      });
}

}  // namespace agentflow::executor
