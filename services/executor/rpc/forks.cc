// New executions that begin where another one stood: :retry, :fork, and the checkpoints for it.
#include <algorithm>
#include <span>

#include "libs/base/status.h"
#include "libs/engine/rebase.h"
#include "libs/rpc/json_value.h"
#include "libs/rpc/paging.h"
#include "services/executor/rpc/convert.h"
#include "services/executor/rpc/execution_service.h"

namespace agentflow::executor {
namespace {

using History = ExecutionReader::History;
using HistoryPtr = std::shared_ptr<const History>;

// What both ask for, once it is known where the new execution begins.
struct Fork {
  HistoryPtr history;
  engine::Origin origin;
  std::string request_id;
  std::optional<json::Value> input;  // nullopt: the source's
  std::map<std::string, json::Value> outputs;
};

// Whether a step was under way at a place of the journal: a fork from there begins it again.
bool IsOpenAt(const History& history, uint64_t sequence, engine::StepRef ref) {
  auto end = std::ranges::find_if(history.events,
                                  [&](const auto& event) { return event.sequence > sequence; });
  const engine::ExecutionState at =
      engine::Replay(history.compiled->plan, std::span(history.events.begin(), end));
  if (!at.HasStep(ref)) return false;
  const engine::StepState state = at.step(ref).state;
  return state != engine::StepState::kPending && !engine::IsOver(state);
}

// The last checkpoint before the step began for the first time; where that was in another version
// and the step is still under way, the one at which the execution was moved.
absl::StatusOr<uint64_t> CheckpointBefore(const History& history, const std::string& step) {
  const engine::PlanPtr& plan = history.compiled->plan;
  const std::vector<engine::Checkpoint> checkpoints = engine::Checkpoints(plan, history.events);
  const engine::ExecutionState state = engine::Replay(plan, history.events);
  absl::StatusOr<engine::StepRef> ref = engine::FindStep(state, step);
  if (!ref.ok() || checkpoints.empty()) {
    return Error(absl::StatusCode::kNotFound, "STEP_UNKNOWN",
                 "The execution has no step " + step + "; list its steps.",
                 {{kErrorField, "step"}});
  }
  const uint64_t first = checkpoints.front().sequence;
  auto begun = std::find_if(history.events.begin(), history.events.end(), [&](const auto& event) {
    return event.sequence > first && engine::StepOf(event) == *ref;
  });
  if (begun == history.events.end() && IsOpenAt(history, first, *ref)) return first;
  if (begun == history.events.end()) {
    return FailedPrecondition("STEP_NOT_BEGUN",
                              "The step " + step + " has not begun; fork from one that has.");
  }
  uint64_t found = first;
  for (const engine::Checkpoint& checkpoint : checkpoints) {
    if (checkpoint.sequence < begun->sequence) found = checkpoint.sequence;
  }
  return found;
}

absl::StatusOr<Fork> ToFork(const api::ForkExecutionRequest& request, const Uuid& source,
                            HistoryPtr history) {
  if ((request.checkpoint() != 0) == !request.step().empty()) {
    return InvalidArgument("FORK_PLACE", "checkpoint", "Give one of checkpoint and step.");
  }
  Fork fork{.history = std::move(history), .request_id = request.request_id()};
  fork.origin = {.kind = engine::Origin::Kind::kFork, .execution = source.ToString()};
  if (request.checkpoint() < 0) {
    return InvalidArgument("CHECKPOINT_UNKNOWN", "checkpoint", "A checkpoint is positive.");
  }
  fork.origin.sequence = static_cast<uint64_t>(request.checkpoint());
  if (!request.step().empty()) {
    AF_ASSIGN_OR_RETURN(fork.origin.sequence, CheckpointBefore(*fork.history, request.step()));
  }
  if (request.has_input()) {
    AF_ASSIGN_OR_RETURN(fork.input, rpc::ToJson(request.input()));
  }
  for (const auto& [step, output] : request.outputs()) {
    AF_ASSIGN_OR_RETURN(fork.outputs[step], rpc::ToJson(output));
  }
  return fork;
}

absl::StatusOr<Fork> ToFork(const api::RetryExecutionRequest& request, const Uuid& source,
                            HistoryPtr history) {
  Fork fork{.history = std::move(history), .request_id = request.request_id()};
  fork.origin = {.kind = engine::Origin::Kind::kRetry, .execution = source.ToString()};
  AF_ASSIGN_OR_RETURN(fork.origin.sequence,
                      engine::RetryPoint(fork.history->compiled->plan, fork.history->events));
  return fork;
}

StartRequest ToStart(const rpc::Call& call, const Fork& fork) {
  const engine::ExecutionState state =
      engine::Replay(fork.history->compiled->plan, fork.history->events);
  const engine::StartInfo& source = *state.start;
  StartRequest start;
  start.tenant = call.tenant();
  start.principal = call.principal().name;
  start.workflow = source.workflow;
  start.version = source.version;
  start.input = fork.input.value_or(source.input);
  start.request_id = fork.request_id;
  start.labels = source.labels;
  start.priority = source.priority;
  start.mode = source.mode;
  start.trace_id = call.trace.trace_id;
  start.origin = fork.origin;
  // A retry takes the place of what it retries; what a fork comes from may still run.
  if (fork.origin.kind == engine::Origin::Kind::kRetry) start.business_key = source.business_key;
  json::Object outputs;
  for (const auto& [step, output] : fork.outputs) outputs.Set(step, output);
  start.fork_outputs = std::move(outputs);
  auto make = [history = fork.history, origin = fork.origin,
               outputs = fork.outputs](const engine::StartInfo& info) {
    return engine::Fork(history->compiled->plan, history->events, origin.sequence,
                        {.info = std::make_shared<engine::StartInfo>(info), .outputs = outputs});
  };
  start.fork = std::make_shared<const ForkSource>(ForkSource{
      .version = source.version, .compiled = fork.history->compiled, .make = std::move(make)});
  return start;
}

template <typename Request>
void StartFork(const ExecutionPartsPtr& parts, const rpc::CallPtr& call, const Request& request,
               Answer<api::Execution> done) {
  absl::StatusOr<Uuid> source = ParseExecutionName(request.name(), "name");
  if (!source.ok()) return done(source.status());
  absl::StatusOr<History> history = parts->reader.ReadHistory(call->tenant(), *source);
  if (!history.ok()) return done(history.status());
  absl::StatusOr<Fork> fork =
      ToFork(request, *source, std::make_shared<const History>(*std::move(history)));
  if (!fork.ok()) return done(fork.status());
  parts->starter.Start(ToStart(*call, *fork),
                       [parts, call, done](const Uuid& id, absl::StatusOr<StartAnswer> answer) {
                         if (!answer.ok()) return done(answer.status());
                         if (answer->existed) {
                           return AnswerFromDatabase(*parts, call->tenant(), id, done);
                         }
                         api::Execution execution;
                         ToProto(answer->view, &execution);
                         done(std::move(execution));
                       });
}

template <typename Request>
void Register(rpc::Server& server, const ExecutionPartsPtr& parts, const char* method) {
  server.UnaryAsync<Request, api::Execution>(
      std::string("agentflow.api.v1.ExecutionService/") + method,
      [parts](rpc::CallPtr call, std::unique_ptr<Request> request, Answer<api::Execution> done) {
        auto shared = std::make_shared<const Request>(std::move(*request));
        const bool taken = parts->pool.TrySubmit(
            [parts, call, shared, done] { StartFork(parts, call, *shared, done); });
        if (!taken) done(TooBusy());
      });
}

absl::StatusOr<api::ListCheckpointsResponse> ListCheckpoints(
    const ExecutionServiceParts& parts, const rpc::Call& call,
    const api::ListCheckpointsRequest& request) {
  AF_ASSIGN_OR_RETURN(const Uuid id, ParseExecutionName(request.parent(), "parent"));
  AF_ASSIGN_OR_RETURN(const int limit, rpc::PageSize(request.page_size()));
  const rpc::PageQuery page{
      .tenant = call.tenant(), .method = "ListCheckpoints", .parent = request.parent()};
  AF_ASSIGN_OR_RETURN(const std::string position, rpc::ReadPageToken(page, request.page_token()));
  AF_ASSIGN_OR_RETURN(const int64_t after, NumberPosition(position));
  AF_ASSIGN_OR_RETURN(const History history, parts.reader.ReadHistory(call.tenant(), id));
  api::ListCheckpointsResponse response;
  for (const engine::Checkpoint& each :
       engine::Checkpoints(history.compiled->plan, history.events)) {
    if (static_cast<int64_t>(each.sequence) <= after) continue;
    if (response.checkpoints_size() == limit) {
      const int64_t last = response.checkpoints(limit - 1).sequence();
      response.set_next_page_token(rpc::MakePageToken(page, std::to_string(last)));
      break;
    }
    api::Checkpoint* out = response.add_checkpoints();
    out->set_sequence(static_cast<int64_t>(each.sequence));
    Set(each.time, out->mutable_time());
    out->set_step(each.step);
    out->set_what(each.what);
  }
  return response;
}

}  // namespace

void RegisterForks(rpc::Server& server, ExecutionPartsPtr parts) {
  Register<api::RetryExecutionRequest>(server, parts, "RetryExecution");
  Register<api::ForkExecutionRequest>(server, parts, "ForkExecution");
  server.Unary<api::ListCheckpointsRequest, api::ListCheckpointsResponse>(
      "agentflow.api.v1.ExecutionService/ListCheckpoints",
      [parts](const auto& call, const auto& request) {
        return ListCheckpoints(*parts, call, request);
      });
}

}  // namespace agentflow::executor
