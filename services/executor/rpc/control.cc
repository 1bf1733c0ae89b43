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

// The same command, whatever the state.
MakeCommand Always(engine::CommandBody body) {
  return [body = std::move(body)](const engine::ExecutionState&) { return body; };
}

// Whether a cancel is what it is undoing its steps for.
bool IsBeingCanceled(const engine::ExecutionState& state) {
  auto all = state.unwindings.find(engine::StepRef{0, workflow::kNone});
  return state.phase == engine::Phase::kCompensating && all != state.unwindings.end() &&
         all->second.ending.kind == engine::Ending::Kind::kCancel;
}

absl::StatusOr<MakeCommand> ToCommand(const api::CancelExecutionRequest& request) {
  AF_RETURN_IF_ERROR(CheckCause(request.cause()));
  return [cancel = engine::CancelExecution{request.cause(), request.compensate()}](
             const engine::ExecutionState& state) -> engine::CommandBody {
    // Said again. Without `compensate` it would give the rest of it up.
    if (cancel.compensate && IsBeingCanceled(state)) return engine::Continue{};
    return cancel;
  };
}

// What a command that came too late is answered with after all; else the error stands.
template <typename Request>
absl::StatusOr<api::Execution> AnswerLate(const ExecutionServiceParts&, const std::string&,
                                          const Uuid&, const absl::Status& status) {
  return status;
}

// Cancelled twice is cancelled.
template <>
absl::StatusOr<api::Execution> AnswerLate<api::CancelExecutionRequest>(
    const ExecutionServiceParts& parts, const std::string& tenant, const Uuid& id,
    const absl::Status& status) {
  if (ReasonOf(status) != "EXECUTION_OVER") return status;
  AF_ASSIGN_OR_RETURN(const ExecutionView view, parts.reader.View(tenant, id));
  if (view.phase != engine::Phase::kCanceled) return status;
  api::Execution execution;
  ToProto(view, &execution);
  return execution;
}

absl::StatusOr<MakeCommand> ToCommand(const api::PauseExecutionRequest& request) {
  AF_RETURN_IF_ERROR(CheckCause(request.cause()));
  AF_RETURN_IF_ERROR(CheckRequestId(request.request_id()));
  return Always(engine::PauseExecution{.cause = request.cause(), .id = request.request_id()});
}

absl::StatusOr<MakeCommand> ToCommand(const api::ResumeExecutionRequest& request) {
  using Kind = engine::HeldDecision::Kind;
  AF_RETURN_IF_ERROR(CheckRequestId(request.request_id()));
  engine::ResumeExecution resume{.id = request.request_id()};
  for (const auto& [step, decision] : request.decisions()) {
    engine::HeldDecision& held = resume.decisions[step];
    switch (decision.action()) {
      case api::StepDecision::RETRY:
        held.kind = Kind::kRetry;
        break;
      case api::StepDecision::FAIL:
        held.kind = Kind::kFail;
        break;
      case api::StepDecision::COMPLETE:
        held.kind = Kind::kComplete;
        break;
      default:
        return InvalidArgument("ACTION_INVALID", "decisions." + step + ".action",
                               "An action is RETRY, FAIL or COMPLETE.");
    }
    if (held.kind != Kind::kComplete && (decision.has_output() || !decision.port().empty())) {
      return InvalidArgument("OUTPUT_UNEXPECTED", "decisions." + step,
                             "Only COMPLETE takes an output and a port.");
    }
    AF_ASSIGN_OR_RETURN(held.output, rpc::ToJson(decision.output()));
    held.port = decision.port();
  }
  return Always(std::move(resume));
}

absl::StatusOr<MakeCommand> ToCommand(const api::SignalExecutionRequest& request) {
  AF_RETURN_IF_ERROR(CheckRequestId(request.request_id()));
  engine::SignalExecution signal{.name = request.signal(), .id = request.request_id()};
  AF_ASSIGN_OR_RETURN(signal.payload, rpc::ToJson(request.payload()));
  return Always(std::move(signal));
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
                    [parts, call, id = *id,
                     done = std::move(done)](absl::StatusOr<ExecutionView> view) {
                      if (!view.ok()) {
                        return done(
                            AnswerLate<Request>(*parts, call->tenant(), id, view.status()));
                      }
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
