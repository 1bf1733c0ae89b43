// :replay: what the engine decides when it is given a journal's results again. Nothing is started
// and nothing is written.
#include "libs/base/status.h"
#include "libs/engine/replay.h"
#include "libs/rpc/json_value.h"
#include "services/executor/rpc/convert.h"
#include "services/executor/rpc/execution_service.h"

namespace agentflow::executor {
namespace {

using History = ExecutionReader::History;

constexpr size_t kMostListed = 1000;  // as the messages say
constexpr size_t kMostText = 4000;

// The version that is asked for, with the input that it would have started with.
absl::StatusOr<engine::ReplayTarget> TargetOf(const ExecutionServiceParts& parts,
                                              const rpc::Call& call, int32_t version,
                                              const History& history) {
  const engine::PlanPtr& recorded = history.compiled->plan;
  const engine::ExecutionState state = engine::Replay(recorded, history.events);
  const engine::StartInfo& start = *state.start;
  if (version == 0 || version == start.version) {
    return engine::ReplayTarget{.plan = recorded, .version = start.version};
  }
  AF_ASSIGN_OR_RETURN(const ResolvedVersion resolved,
                      parts.versions.ResolveBlocking({call.tenant(), start.workflow, version}));
  AF_ASSIGN_OR_RETURN(const CompiledPtr compiled,
                      parts.plans.GetBlocking(call.tenant(), resolved.content_hash));
  AF_ASSIGN_OR_RETURN(json::Value input, AcceptInput(*compiled, start.input));
  return engine::ReplayTarget{
      .plan = compiled->plan, .version = version, .input = std::move(input)};
}

// Whole characters: at most `kMostText` bytes, which may hold large values.
std::string Shortened(std::string text) {
  if (text.size() <= kMostText) return text;
  size_t end = kMostText;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "...";
}

void ToProto(const engine::ReplayReport& report, api::ReplayExecutionResponse* out) {
  out->set_same(!report.divergence);
  out->set_same_decisions(static_cast<int32_t>(report.same));
  if (report.divergence) {
    const engine::Divergence& from = *report.divergence;
    api::ReplayDivergence* divergence = out->mutable_divergence();
    divergence->set_sequence(static_cast<int64_t>(from.sequence));
    divergence->set_step(from.step);
    divergence->set_node(from.node);
    divergence->set_expected(Shortened(from.expected));
    divergence->set_found(Shortened(from.found));
  }
  const engine::ExecutionState& state = report.state;
  out->set_state(static_cast<api::Execution::State>(engine::PhaseOf(state)));
  if (state.phase == engine::Phase::kCompleted) rpc::ToProto(state.output, out->mutable_output());
  if (!state.error.reason.empty()) SetError(state.error, out->mutable_error());
  for (const std::string& step : report.not_recorded) {
    if (out->not_recorded_size() < static_cast<int>(kMostListed)) out->add_not_recorded(step);
  }
  for (const std::string& decision : report.not_used) {
    if (out->not_used_size() < static_cast<int>(kMostListed)) {
      out->add_not_used(Shortened(decision));
    }
  }
}

absl::StatusOr<api::ReplayExecutionResponse> ReplayExecution(
    const ExecutionServiceParts& parts, const rpc::Call& call,
    const api::ReplayExecutionRequest& request) {
  AF_ASSIGN_OR_RETURN(const Uuid id, ParseExecutionName(request.name(), "name"));
  if (request.version() < 0) {
    return InvalidArgument("VERSION_INVALID", "version",
                           "A version is a positive number; leave it out for the execution's own.");
  }
  AF_ASSIGN_OR_RETURN(const History history, parts.reader.ReadHistory(call.tenant(), id));
  AF_ASSIGN_OR_RETURN(const engine::ReplayTarget target,
                      TargetOf(parts, call, request.version(), history));
  AF_ASSIGN_OR_RETURN(
      const engine::ReplayReport report,
      engine::ReplayDecisions(history.compiled->plan, history.events, target, parts.limits));
  api::ReplayExecutionResponse response;
  response.set_version(target.version);
  ToProto(report, &response);
  return response;
}

}  // namespace

void RegisterReplays(rpc::Server& server, ExecutionPartsPtr parts) {
  server.Unary<api::ReplayExecutionRequest, api::ReplayExecutionResponse>(
      "agentflow.api.v1.ExecutionService/ReplayExecution",
      [parts](const auto& call, const auto& request) {
        return ReplayExecution(*parts, call, request);
      });
}

}  // namespace agentflow::executor
