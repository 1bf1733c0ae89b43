#include "services/executor/rpc/execution_service.h"

#include <algorithm>
#include <charconv>

#include "agentflow/api/v1/execution.pb.h"
#include "agentflow/internal/executor/v1/feed.pb.h"
#include "libs/base/status.h"
#include "libs/rpc/filter.h"
#include "libs/rpc/json_value.h"
#include "libs/rpc/paging.h"
#include "services/executor/rpc/convert.h"
#include "services/executor/rpc/list_query.h"

namespace agentflow::executor {
namespace {

namespace internal = agentflow::internal::executor::v1;

constexpr char kService[] = "agentflow.api.v1.ExecutionService/";

std::string Method(const char* name) {
  return std::string(kService) + name;
}

void StartExecution(const ExecutionServiceParts& parts, rpc::CallPtr call,
                    const api::StartExecutionRequest& request, Answer<api::Execution> done) {
  absl::StatusOr<StartRequest> start = ToStart(*call, request);
  if (!start.ok()) return done(start.status());
  parts.starter.Start(*std::move(start),
                      [&parts, call, done](const Uuid& id, absl::StatusOr<StartAnswer> answer) {
                        if (!answer.ok()) return done(answer.status());
                        if (answer->existed)
                          return AnswerFromDatabase(parts, call->tenant(), id, done);
                        api::Execution execution;
                        ToProto(answer->view, &execution);
                        done(std::move(execution));
                      });
}

absl::StatusOr<api::Execution> GetExecution(const ExecutionServiceParts& parts,
                                            const rpc::Call& call,
                                            const api::GetExecutionRequest& request) {
  AF_ASSIGN_OR_RETURN(const Uuid id, ParseExecutionName(request.name(), "name"));
  AF_ASSIGN_OR_RETURN(const ExecutionView view, parts.reader.View(call.tenant(), id));
  api::Execution execution;
  ToProto(view, &execution);
  return execution;
}

absl::StatusOr<api::ListExecutionsResponse> ListExecutions(
    const ExecutionServiceParts& parts, const rpc::Call& call,
    const api::ListExecutionsRequest& request) {
  AF_ASSIGN_OR_RETURN(ListQuery query, ToListQuery(request.filter(), request.order_by()));
  AF_ASSIGN_OR_RETURN(query.limit, rpc::PageSize(request.page_size()));
  const rpc::PageQuery page{.tenant = call.tenant(),
                            .method = "ListExecutions",
                            .filter = request.filter(),
                            .order_by = request.order_by()};
  AF_ASSIGN_OR_RETURN(const std::string position, rpc::ReadPageToken(page, request.page_token()));
  AF_ASSIGN_OR_RETURN(query.after, ParsePosition(position));
  AF_ASSIGN_OR_RETURN(std::vector<ExecutionSummary> list, parts.reader.List(call.tenant(), query));
  const bool more = list.size() > static_cast<size_t>(query.limit);
  if (more) list.resize(static_cast<size_t>(query.limit));
  api::ListExecutionsResponse response;
  for (const ExecutionSummary& summary : list) ToProto(summary, response.add_executions());
  if (more) {
    response.set_next_page_token(
        rpc::MakePageToken(page, FormatPosition(list.back().start_time, list.back().id)));
  }
  return response;
}

absl::StatusOr<api::ListStepsResponse> ListSteps(const ExecutionServiceParts& parts,
                                                 const rpc::Call& call,
                                                 const api::ListStepsRequest& request) {
  AF_ASSIGN_OR_RETURN(const Uuid id, ParseExecutionName(request.parent(), "parent"));
  AF_ASSIGN_OR_RETURN(const int limit, rpc::PageSize(request.page_size()));
  const rpc::PageQuery page{
      .tenant = call.tenant(), .method = "ListSteps", .parent = request.parent()};
  AF_ASSIGN_OR_RETURN(const std::string position, rpc::ReadPageToken(page, request.page_token()));
  AF_ASSIGN_OR_RETURN(const int64_t first, NumberPosition(position));
  std::map<engine::StepRef, Uuid> children;
  AF_ASSIGN_OR_RETURN(const engine::ExecutionState state,
                      parts.reader.Read(call.tenant(), id, &children));
  std::vector<engine::StepRef> steps = engine::ListSteps(state);
  std::stable_sort(steps.begin(), steps.end(), [&](engine::StepRef a, engine::StepRef b) {
    return state.step(a).scheduled_at < state.step(b).scheduled_at;
  });
  api::ListStepsResponse response;
  const size_t from = std::min(static_cast<size_t>(first), steps.size());
  const size_t to = std::min(from + static_cast<size_t>(limit), steps.size());
  for (size_t i = from; i < to; ++i) {
    api::Step* step = response.add_steps();
    ToProto(state, steps[i], step);
    auto child = children.find(steps[i]);
    if (child != children.end() && step->child().empty()) {
      step->set_child(ExecutionName(child->second));
    }
  }
  if (to < steps.size()) {
    response.set_next_page_token(rpc::MakePageToken(page, std::to_string(to)));
  }
  return response;
}

absl::StatusOr<api::ListEventsResponse> ListEvents(const ExecutionServiceParts& parts,
                                                   const rpc::Call& call,
                                                   const api::ListEventsRequest& request) {
  AF_ASSIGN_OR_RETURN(const Uuid id, ParseExecutionName(request.parent(), "parent"));
  AF_ASSIGN_OR_RETURN(const int limit, rpc::PageSize(request.page_size()));
  const rpc::PageQuery page{
      .tenant = call.tenant(), .method = "ListEvents", .parent = request.parent()};
  AF_ASSIGN_OR_RETURN(const std::string position, rpc::ReadPageToken(page, request.page_token()));
  AF_ASSIGN_OR_RETURN(const int64_t after, NumberPosition(position));
  AF_ASSIGN_OR_RETURN(const ExecutionReader::Page read,
                      parts.reader.Events(call.tenant(), id, static_cast<uint64_t>(after), limit));
  api::ListEventsResponse response;
  for (const ExecutionReader::Chapter& chapter : read.chapters) {
    for (const engine::Event& event : chapter.events) {
      ToProto(chapter.state, event, response.add_events());
    }
  }
  if (read.more) {
    const api::ExecutionEvent& last = *response.events().rbegin();
    response.set_next_page_token(rpc::MakePageToken(page, std::to_string(last.sequence())));
  }
  return response;
}

void ServiceStart(const ExecutionServiceParts& parts, const internal::ServiceStartRequest& request,
                  Answer<internal::ServiceStartResponse> done) {
  StartRequest start;
  start.tenant = request.tenant();
  start.principal = request.principal();
  start.workflow = request.workflow();
  start.version = request.version();
  start.request_id = request.request_id();
  start.labels.assign(request.labels().begin(), request.labels().end());
  std::sort(start.labels.begin(), start.labels.end());
  if (!request.input_json().empty()) {
    absl::StatusOr<json::Value> input = json::Parse(request.input_json());
    if (!input.ok()) return done(input.status());
    start.input = *std::move(input);
  }
  absl::Status allowed =
      Authorize(*parts.tenant, start.tenant, start.principal, "executions.start");
  if (!allowed.ok()) return done(allowed);
  parts.starter.Start(std::move(start), [done](const Uuid& id, absl::StatusOr<StartAnswer> answer) {
    if (!answer.ok()) return done(answer.status());
    internal::ServiceStartResponse response;
    response.set_execution(ExecutionName(id));
    done(std::move(response));
  });
}

}  // namespace

// Reads the execution on the pool and answers with it.
void AnswerFromDatabase(const ExecutionServiceParts& parts, const std::string& tenant,
                        const Uuid& id, Answer<api::Execution> done) {
  const bool taken = parts.pool.TrySubmit([&reader = parts.reader, tenant, id, done] {
    absl::StatusOr<ExecutionView> view = reader.View(tenant, id);
    if (!view.ok()) return done(view.status());
    api::Execution execution;
    ToProto(*view, &execution);
    done(std::move(execution));
  });
  if (!taken) done(TooBusy());
}

absl::StatusOr<StartRequest> ToStart(const rpc::Call& call,
                                     const api::StartExecutionRequest& request) {
  StartRequest start;
  start.tenant = call.tenant();
  start.principal = call.principal().name;
  start.workflow = request.workflow();
  if (!start.workflow.starts_with("workflows/") || start.workflow.size() <= 10) {
    return InvalidArgument("NAME_INVALID", "workflow", "A workflow's name is workflows/{id}.");
  }
  if (request.version() < 0) {
    return InvalidArgument("VERSION_INVALID", "version", "A version is a positive number, or 0.");
  }
  start.version = request.version();
  if (request.has_input()) {
    AF_ASSIGN_OR_RETURN(start.input, rpc::ToJson(request.input()));
  }
  start.request_id = request.request_id();
  start.business_key = request.business_key();
  start.use_existing = request.use_existing();
  start.labels.assign(request.labels().begin(), request.labels().end());
  std::sort(start.labels.begin(), start.labels.end());
  start.priority = request.priority();
  switch (request.mode()) {
    case api::Execution::MODE_UNSPECIFIED:
    case api::Execution::LIVE:
      break;
    case api::Execution::TEST:
      start.mode = engine::Mode::kTest;
      break;
    case api::Execution::DRY_RUN:
      start.mode = engine::Mode::kDryRun;
      break;
    default:
      return InvalidArgument("MODE_INVALID", "mode", "A mode is LIVE, TEST or DRY_RUN.");
  }
  start.trace_id = call.trace.trace_id;
  return start;
}

absl::StatusOr<int64_t> NumberPosition(const std::string& position) {
  int64_t number = 0;
  if (position.empty()) return number;
  const auto [end, error] =
      std::from_chars(position.data(), position.data() + position.size(), number);
  if (error != std::errc() || end != position.data() + position.size() || number < 0) {
    return InvalidArgument("PAGE_TOKEN_INVALID", "pageToken", "The page token is damaged.");
  }
  return number;
}

absl::Status TooBusy() {
  return Unavailable("EXECUTOR_BUSY", "Too many requests wait. Try again.");
}

ExecutionPartsPtr RegisterExecutionService(rpc::Server& server, ExecutionServiceParts given) {
  // One copy for all handlers, as long as the server has them.
  auto parts = std::make_shared<const ExecutionServiceParts>(std::move(given));
  RegisterControl(server, parts);
  RegisterForks(server, parts);
  RegisterReplays(server, parts);
  RegisterBatchStart(server, parts);
  server.UnaryAsync<api::StartExecutionRequest, api::Execution>(
      Method("StartExecution"),
      [parts](rpc::CallPtr call, std::unique_ptr<api::StartExecutionRequest> request,
              Answer<api::Execution> done) {
        StartExecution(*parts, std::move(call), *request, std::move(done));
      });
  server.Unary<api::GetExecutionRequest, api::Execution>(
      Method("GetExecution"), [parts](const auto& call, const auto& request) {
        return GetExecution(*parts, call, request);
      });
  server.Unary<api::ListExecutionsRequest, api::ListExecutionsResponse>(
      Method("ListExecutions"), [parts](const auto& call, const auto& request) {
        return ListExecutions(*parts, call, request);
      });
  server.Unary<api::ListStepsRequest, api::ListStepsResponse>(
      Method("ListSteps"),
      [parts](const auto& call, const auto& request) { return ListSteps(*parts, call, request); });
  server.Unary<api::ListEventsRequest, api::ListEventsResponse>(
      Method("ListEvents"),
      [parts](const auto& call, const auto& request) { return ListEvents(*parts, call, request); });
  server.UnaryAsync<internal::ServiceStartRequest, internal::ServiceStartResponse>(
      "agentflow.internal.executor.v1.StartService/Start",
      [parts](rpc::CallPtr, std::unique_ptr<internal::ServiceStartRequest> request,
              Answer<internal::ServiceStartResponse> done) {
        // Asks the tenant service, so it may not stay on the reading thread.
        auto shared = std::make_shared<internal::ServiceStartRequest>(std::move(*request));
        const bool taken =
            parts->pool.TrySubmit([parts, shared, done] { ServiceStart(*parts, *shared, done); });
        if (!taken) done(TooBusy());
      });
  return parts;
}

}  // namespace agentflow::executor
