#include "services/executor/rpc/variable_service.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <vector>

#include "agentflow/internal/executor/v1/variables.pb.h"
#include "libs/auth/principal.h"
#include "libs/base/status.h"
#include "libs/engine/codec.h"
#include "libs/engine/evaluate.h"
#include "services/executor/rpc/convert.h"

namespace agentflow::executor {
namespace {

namespace pb = agentflow::internal::executor::v1;

// Whether the event is the one by which the step of that key is scheduled, or over at once: what
// it reads was evaluated then.
bool Schedules(const engine::ExecutionState& state, const engine::Event& event,
               const std::string& key) {
  std::optional<engine::StepRef> ref = engine::StepOf(event);
  if (!ref || !state.HasStep(*ref)) return false;
  const auto* scheduled = std::get_if<engine::StepScheduled>(&event.body);
  // Steps that run in process are evaluated when they run.
  if (scheduled != nullptr && scheduled->in_process) return false;
  return key.starts_with(state.plan->nodes[ref->node].path) && engine::StepKey(state, *ref) == key;
}

// The state before the step was scheduled, the latest one where it was not or `step` is empty. An
// execution that was moved to another version begins there: what was before is of another plan.
engine::ExecutionState StateSeenBy(const std::string& step,
                                   const ExecutionReader::History& history) {
  engine::ExecutionState state;
  state.plan = history.compiled->plan;
  auto moved = std::find_if(history.events.rbegin(), history.events.rend(),
                            [&state](const engine::Event& event) {
                              const auto* to = std::get_if<engine::ExecutionRebased>(&event.body);
                              return to != nullptr && to->plan_hash == state.plan->hash;
                            });
  auto at = moved == history.events.rend() ? history.events.begin() : std::prev(moved.base());
  for (; at != history.events.end(); ++at) {
    if (!step.empty() && state.start != nullptr && Schedules(state, *at, step)) break;
    engine::Apply(state, *at);
  }
  return state;
}

absl::StatusOr<std::vector<workflow::Reference>> ToReferences(
    const workflow::Plan& plan, const pb::ReadVariablesRequest& request) {
  std::vector<workflow::Reference> references;
  for (const pb::VariableReference& from : request.references()) {
    std::optional<workflow::Variable> variable = workflow::VariableNamed(from.variable());
    workflow::NodeIndex node = workflow::kNone;
    if (!from.node().empty()) node = plan.FindNode(from.node());
    if (!variable || (!from.node().empty() && node == workflow::kNone)) {
      return InvalidArgument("REFERENCE_UNKNOWN", "references",
                             "There is no variable " + from.variable() + " " + from.node());
    }
    references.push_back({*variable, node, from.name()});
  }
  return references;
}

absl::StatusOr<pb::ReadVariablesResponse> ReadVariables(ExecutionReader& reader,
                                                        const rpc::Call& call,
                                                        const pb::ReadVariablesRequest& request) {
  // The designer alone may call, but only for a user: a service context has no permissions.
  AF_RETURN_IF_ERROR(auth::RequirePermission(call.principal(), "executions.get"));
  AF_ASSIGN_OR_RETURN(const Uuid id, ParseExecutionName(request.execution(), "execution"));
  const std::string& step = request.step();
  AF_ASSIGN_OR_RETURN(const ExecutionReader::History history,
                      reader.ReadHistory(call.tenant(), id));
  const engine::ExecutionState state = StateSeenBy(step, history);
  engine::StepRef ref;
  if (!step.empty()) {
    AF_ASSIGN_OR_RETURN(ref, engine::FindStep(state, step));
  }
  pb::ReadVariablesResponse response;
  response.set_content_hash(state.plan->hash);
  if (!request.content_hash().empty() && request.content_hash() != state.plan->hash) {
    return Error(absl::StatusCode::kAborted, "EXECUTION_CHANGED",
                 "The execution was moved to another version meanwhile. Try again.");
  }
  AF_ASSIGN_OR_RETURN(const auto references, ToReferences(*state.plan, request));
  int64_t bytes = 0;
  for (const auto& value : engine::ReadReferences(state, ref.activation, references)) {
    pb::VariableValue* out = response.add_values();
    out->set_present(value.has_value());
    if (value) engine::EncodeValue(*value, out->mutable_value());
    bytes += static_cast<int64_t>(out->value().size());
    if (bytes > request.max_bytes()) {
      return Error(absl::StatusCode::kResourceExhausted, "VARIABLES_TOO_LARGE",
                   "The expression reads more than " + std::to_string(request.max_bytes()) +
                       " bytes of the execution. Read fewer nodes.",
                   {{kErrorLimit, "bytes"}});
    }
  }
  return response;
}

}  // namespace

void RegisterVariableService(rpc::Server& server, ExecutionReader& reader) {
  server.Unary<pb::ReadVariablesRequest, pb::ReadVariablesResponse>(
      "agentflow.internal.executor.v1.VariableService/ReadVariables",
      [&reader](const rpc::Call& call, const pb::ReadVariablesRequest& request) {
        return ReadVariables(reader, call, request);
      });
}

}  // namespace agentflow::executor
