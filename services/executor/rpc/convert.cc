#include "services/executor/rpc/convert.h"

#include "google/protobuf/util/time_util.h"
#include "libs/base/status.h"
#include "libs/rpc/json_value.h"
#include "services/executor/approvals/approval.h"

namespace agentflow::executor {
namespace {

json::Value ErrorDetail(const engine::Error& error) {
  return json::Object{{"reason", error.reason}, {"message", error.message}, {"node", error.node}};
}

std::string TimeText(UnixMicros time) {
  google::protobuf::Timestamp stamp;
  Set(time, &stamp);
  return google::protobuf::util::TimeUtil::ToString(stamp);
}

std::string PortName(const engine::ExecutionState& state, engine::StepRef ref,
                     engine::PortIndex port) {
  if (port == workflow::kErrorPort) return "error";
  if (port == workflow::kNoPort || !state.HasStep(ref)) return "";
  const workflow::Node& node = state.plan->nodes[ref.node];
  return port < node.ports.size() ? node.ports[port] : "";
}

// The fields of an event beyond those that all have.
struct Details {
  const engine::ExecutionState& state;
  json::Object* out;
  std::string* principal;

  void operator()(const engine::ExecutionStarted& e) {
    *principal = e.info->principal;
    out->Set("workflow", e.info->workflow);
    out->Set("version", int64_t{e.info->version});
    out->Set("mode", std::string(engine::Name(e.info->mode)));
    if (!e.info->request_id.empty()) out->Set("requestId", e.info->request_id);
    if (!e.info->business_key.empty()) out->Set("businessKey", e.info->business_key);
    if (e.deadline != 0) out->Set("deadline", TimeText(e.deadline));
  }
  void operator()(const engine::StepScheduled& e) {
    if (e.offer != nullptr) {
      out->Set("agent", e.offer->agent);
      out->Set("idempotencyKey", e.offer->idempotency_key);
    }
    out->Set("readyTime", TimeText(e.ready_at));
    if (e.deadline != 0) out->Set("deadline", TimeText(e.deadline));
  }
  void operator()(const engine::StepClaimed& e) { out->Set("holder", e.holder); }
  void operator()(const engine::StepWaiting& e) {
    if (e.wake_at != 0) out->Set("wakeTime", TimeText(e.wake_at));
    if (e.wait == nullptr) return;
    if (!e.wait->name.empty()) out->Set("for", e.wait->name);
    if (e.wait->approval == nullptr) return;
    out->Set("title", e.wait->approval->title);
    json::Array approvers(e.wait->approval->by.begin(), e.wait->approval->by.end());
    out->Set("approvers", std::move(approvers));
  }
  void operator()(const engine::StepCompleted& e) {
    out->Set("port", PortName(state, e.step, e.port));
    out->Set("output", e.output);
  }
  void operator()(const engine::AttemptFailed& e) {
    out->Set("error", ErrorDetail(e.error));
    out->Set("readyTime", TimeText(e.ready_at));
    out->Set("lost", e.lost);
  }
  void operator()(const engine::StepFailed& e) {
    out->Set("error", ErrorDetail(e.error));
    if (std::string port = PortName(state, e.step, e.port); !port.empty()) out->Set("port", port);
  }
  void operator()(const engine::SignalReceived& e) {
    *principal = e.principal;
    out->Set("signal", e.name);
    if (!e.id.empty()) out->Set("requestId", e.id);
    out->Set("payload", e.payload);
  }
  void operator()(const engine::ApprovalDecided& e) {
    *principal = e.principal;
    out->Set("decision", e.approved ? "approved" : "rejected");
    if (!e.comment.empty()) out->Set("comment", e.comment);
    if (!e.values.is_null()) out->Set("values", e.values);
  }
  void operator()(const engine::ChildAttached& e) {
    out->Set("child", ExecutionName(e.child));
    out->Set("version", int64_t{e.version});
  }
  void operator()(const engine::ExecutionPaused& e) {
    *principal = e.principal;
    out->Set("cause", e.cause);
  }
  void operator()(const engine::ExecutionResumed& e) { *principal = e.principal; }
  void operator()(const engine::StepHeld& e) { out->Set("error", ErrorDetail(e.error)); }
  void operator()(const engine::ExecutionRebased& e) {
    static constexpr const char* kKinds[] = {"", "FORK", "RETRY", "MIGRATION", "NEW_HOME"};
    out->Set("kind", kKinds[static_cast<size_t>(e.kind)]);
    if (e.source.empty()) return;
    out->Set("source", "executions/" + e.source);
    out->Set("sequence", static_cast<int64_t>(e.source_sequence));
  }
  // Kinds that say everything by themselves, and those of newer engines.
  template <typename Other>
  void operator()(const Other&) {}
  void operator()(const engine::StepCanceled& e) { out->Set("reason", e.reason); }
  void operator()(const engine::ActivationOpened& e) {
    out->Set("iteration", int64_t{e.iteration});
    out->Set("item", e.item);
  }
  void operator()(const engine::ExecutionCompleted& e) { out->Set("output", e.output); }
  void operator()(const engine::ExecutionFailed& e) { out->Set("error", ErrorDetail(e.error)); }
  void operator()(const engine::ExecutionCanceled& e) {
    *principal = e.principal;
    out->Set("cause", e.cause);
  }
};

uint32_t AttemptOf(const engine::Event& event) {
  return std::visit(
      [](const auto& body) -> uint32_t {
        if constexpr (requires { body.attempt; }) return body.attempt;
        return 0;
      },
      event.body);
}

}  // namespace

std::string ExecutionName(const Uuid& id) {
  return "executions/" + id.ToString();
}

std::string ApprovalName(const Uuid& id) {
  return "approvals/" + id.ToString();
}

void Set(UnixMicros time, google::protobuf::Timestamp* out) {
  out->set_seconds(time / 1'000'000);
  out->set_nanos(static_cast<int32_t>(time % 1'000'000 * 1000));
}

absl::StatusOr<Uuid> ParseExecutionName(const std::string& name, std::string_view field) {
  constexpr std::string_view kPrefix = "executions/";
  std::optional<Uuid> id;
  if (name.starts_with(kPrefix)) id = Uuid::Parse(std::string_view(name).substr(kPrefix.size()));
  if (!id) {
    return InvalidArgument("NAME_INVALID", field,
                           "An execution's name is executions/ and a UUID, as in "
                           "executions/0198a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b.");
  }
  return *id;
}

std::string LabelsText(const std::vector<std::pair<std::string, std::string>>& labels) {
  if (labels.empty()) return "";
  json::Object object;
  for (const auto& [key, value] : labels) object.Set(key, value);
  return json::Dump(object);
}

void SetError(const engine::Error& error, api::ExecutionError* out) {
  out->set_reason(error.reason);
  out->set_message(error.message);
  out->set_node(error.node);
}

void ToProto(const ExecutionView& view, api::Execution* out) {
  const engine::StartInfo& start = *view.start;
  out->set_name(ExecutionName(start.id));
  out->set_workflow(start.workflow);
  out->set_version(start.version);
  out->set_mode(static_cast<api::Execution::Mode>(start.mode));
  out->set_state(static_cast<api::Execution::State>(view.phase));
  rpc::ToProto(start.input, out->mutable_input());
  if (view.phase == engine::Phase::kCompleted) rpc::ToProto(view.output, out->mutable_output());
  if (!view.error.reason.empty()) SetError(view.error, out->mutable_error());
  Set(view.start_time, out->mutable_start_time());
  if (view.end_time != 0) Set(view.end_time, out->mutable_end_time());
  for (const auto& [key, value] : start.labels) (*out->mutable_labels())[key] = value;
  out->set_priority(start.priority);
  out->set_creator(start.principal);
  out->set_trace_id(start.trace_id);
  out->set_business_key(start.business_key);
  out->set_retention_days(view.retention_days);
  if (start.origin.kind != engine::Origin::Kind::kNone) {
    out->mutable_origin()->set_kind(static_cast<api::ExecutionOrigin::Kind>(start.origin.kind));
    out->mutable_origin()->set_execution("executions/" + start.origin.execution);
    out->mutable_origin()->set_sequence(static_cast<int64_t>(start.origin.sequence));
  }
  if (start.parent.depth > 0) {
    out->mutable_parent()->set_execution(ExecutionName(start.parent.execution));
    out->mutable_parent()->set_step(start.parent.step);
  }
}

void ToProto(const ExecutionSummary& summary, api::Execution* out) {
  out->set_name(ExecutionName(summary.id));
  out->set_workflow(summary.workflow);
  out->set_version(summary.version);
  out->set_mode(static_cast<api::Execution::Mode>(summary.mode));
  out->set_state(static_cast<api::Execution::State>(summary.phase));
  if (!summary.error.reason.empty()) SetError(summary.error, out->mutable_error());
  Set(summary.start_time, out->mutable_start_time());
  if (summary.end_time != 0) Set(summary.end_time, out->mutable_end_time());
  if (!summary.labels.empty()) {
    absl::StatusOr<json::Value> labels = json::Parse(summary.labels);
    if (labels.ok() && labels->is_object()) {
      for (const auto& [key, value] : labels->as_object()) {
        if (value.is_string()) (*out->mutable_labels())[key] = value.as_string();
      }
    }
  }
  out->set_priority(summary.priority);
  out->set_creator(summary.principal);
  out->set_trace_id(summary.trace_id);
  out->set_business_key(summary.business_key);
  out->set_retention_days(summary.retention_days);
}

// What a WAITING step waits for.
void SetWait(const engine::ExecutionState& state, engine::StepRef ref, api::Step* out) {
  const engine::Step& step = state.step(ref);
  api::StepWait* wait = out->mutable_wait();
  UnixMicros until = step.deadline;
  auto open = state.waits.find(ref);
  if (step.held) {
    wait->set_kind(api::StepWait::DECISION);
    until = 0;
  } else if (open == state.waits.end()) {
    wait->set_kind(api::StepWait::TIMER);
  } else {
    const engine::Wait& what = *open->second.what;
    if (open->second.deadline != 0) until = open->second.deadline;
    switch (what.kind) {
      case engine::WaitKind::kSignal:
        wait->set_kind(api::StepWait::SIGNAL);
        wait->set_signal(what.name);
        break;
      case engine::WaitKind::kApproval:
        wait->set_kind(api::StepWait::APPROVAL);
        wait->set_approval(
            ApprovalName(ApprovalIdOf(state.start->id, engine::StepKey(state, ref))));
        break;
      case engine::WaitKind::kCondition:
        wait->set_kind(api::StepWait::CONDITION);
        break;
      case engine::WaitKind::kChild:
        // With a time of its own it is the next attempt that it waits for.
        wait->set_kind(open->second.deadline != 0 ? api::StepWait::TIMER : api::StepWait::CHILD);
        if (!open->second.child.IsNil()) out->set_child(ExecutionName(open->second.child));
        break;
      case engine::WaitKind::kKey:
        wait->set_kind(api::StepWait::KEY);
        wait->set_key(what.name);
        break;
    }
  }
  if (until != 0) Set(until, wait->mutable_until_time());
}

void ToProto(const engine::ExecutionState& state, engine::StepRef ref, api::Step* out) {
  const engine::StepView view = engine::View(state, ref);
  std::string name = ExecutionName(state.start->id) + "/steps/" + std::string(view.node);
  if (!view.iteration.empty()) name += "." + view.iteration;
  out->set_name(name);
  out->set_node(std::string(view.node));
  out->set_iteration(view.iteration);
  out->set_state(static_cast<api::Step::State>(view.step->state));
  out->set_attempt(static_cast<int32_t>(view.step->attempt));
  if (view.step->offer != nullptr) rpc::ToProto(view.step->offer->input, out->mutable_input());
  if (view.step->state == engine::StepState::kCompleted) {
    rpc::ToProto(view.step->output, out->mutable_output());
  }
  if (view.step->error != nullptr) SetError(*view.step->error, out->mutable_error());
  if (view.start_time != 0) Set(view.start_time, out->mutable_start_time());
  if (view.end_time != 0) Set(view.end_time, out->mutable_end_time());
  out->set_type(std::string(view.type));
  if (view.step->state == engine::StepState::kWaiting) SetWait(state, ref, out);
  for (const engine::AttemptFailure& failure : view.step->failures) {
    api::AttemptFailure* each = out->add_failures();
    each->set_attempt(static_cast<int32_t>(failure.attempt));
    SetError(failure.error, each->mutable_error());
    Set(failure.time, each->mutable_time());
  }
}

void ToProto(const engine::ExecutionState& state, const engine::Event& event,
             api::ExecutionEvent* out) {
  out->set_sequence(static_cast<int64_t>(event.sequence));
  Set(event.time, out->mutable_time());
  out->set_type(std::string(engine::TypeName(event)));
  if (std::optional<engine::StepRef> step = engine::StepOf(event); step && state.HasStep(*step)) {
    out->set_node(state.plan->nodes[step->node].path);
    out->set_iteration(engine::IterationPath(state, step->activation));
  }
  out->set_attempt(static_cast<int32_t>(AttemptOf(event)));
  json::Object detail;
  std::string principal;
  std::visit(Details{state, &detail, &principal}, event.body);
  out->set_principal(principal);
  // An object always fits.
  if (!detail.empty()) (void)rpc::ToProto(json::Value(detail), out->mutable_detail());
}

}  // namespace agentflow::executor
