// Commands of people to executions that are under way.
#include "libs/base/status.h"
#include "libs/rpc/json_value.h"
#include "services/executor/rpc/convert.h"
#include "services/executor/rpc/execution_service.h"

namespace agentflow::executor {
namespace {

constexpr size_t kMaxCause = 1000;

absl::Status CheckCause(const std::string& cause) {
  if (cause.size() <= kMaxCause) return absl::OkStatus();
  return InvalidArgument("CAUSE_TOO_LONG", "cause", "A cause has at most 1000 characters.");
}

absl::Status Unavailable() {
  return Error(absl::StatusCode::kUnimplemented, "FEATURE_UNAVAILABLE",
               "This platform cannot do that yet.");
}

absl::StatusOr<MakeCommand> ToCommand(const api::CancelExecutionRequest& request) {
  AF_RETURN_IF_ERROR(CheckCause(request.cause()));
  if (request.compensate()) return Unavailable();
  return [cause = request.cause()](const engine::ExecutionState&) -> engine::CommandBody {
    return engine::CancelExecution{cause};
  };
}

absl::StatusOr<MakeCommand> ToCommand(const api::PauseExecutionRequest& request) {
  AF_RETURN_IF_ERROR(CheckCause(request.cause()));
  return Unavailable();
}

absl::StatusOr<MakeCommand> ToCommand(const api::ResumeExecutionRequest&) {
  return Unavailable();
}

absl::StatusOr<MakeCommand> ToCommand(const api::SignalExecutionRequest&) {
  return Unavailable();
}

// One method whose request is a command to the execution that `name` names.
template <typename Request>
void Register(rpc::Server& server, const ExecutionPartsPtr& parts, const char* method) {
  server.UnaryAsync<Request, api::Execution>(
      std::string("agentflow.api.v1.ExecutionService/") + method,
      [parts](rpc::CallPtr call, std::unique_ptr<Request> request, Answer<api::Execution> done) {
        absl::StatusOr<Uuid> id = ParseExecutionName(request->name(), "name");
        if (!id.ok()) return done(id.status());
        absl::StatusOr<MakeCommand> command = ToCommand(*request);
        if (!command.ok()) return done(command.status());
        SendCommand(parts, call, *id, *std::move(command),
                    [done = std::move(done)](absl::StatusOr<ExecutionView> view) {
                      if (!view.ok()) return done(view.status());
                      api::Execution execution;
                      ToProto(*view, &execution);
                      done(std::move(execution));
                    });
      });
}

}  // namespace

void SendCommand(const ExecutionPartsPtr& parts, const rpc::CallPtr& call, const Uuid& id,
                 MakeCommand make, Answer<ExecutionView> done) {
  auto answer = [parts, tenant = call->tenant(), id, done](absl::StatusOr<ExecutionView> view) {
    if (ReasonOf(view.status()) != "EXECUTION_OVER") return done(std::move(view));
    // The lane knows those that are not over; whether there ever was one, the journal knows.
    const bool taken = parts->pool.TrySubmit([parts, tenant, id, done, over = view.status()] {
      const absl::Status exists = parts->reader.CheckExists(tenant, id);
      done(exists.ok() ? over : exists);
    });
    if (!taken) done(TooBusy());
  };
  absl::Status posted = parts->router.Post(CommandItem{.execution = id,
                                                       .tenant = call->tenant(),
                                                       .principal = call->principal().name,
                                                       .make = std::move(make),
                                                       .done = std::move(answer)});
  if (!posted.ok()) done(posted);
}

void RegisterControl(rpc::Server& server, ExecutionPartsPtr parts) {
  Register<api::CancelExecutionRequest>(server, parts, "CancelExecution");
  Register<api::PauseExecutionRequest>(server, parts, "PauseExecution");
  Register<api::ResumeExecutionRequest>(server, parts, "ResumeExecution");
  Register<api::SignalExecutionRequest>(server, parts, "SignalExecution");
}

}  // namespace agentflow::executor
