#include <algorithm>

#include "libs/base/status.h"
#include "libs/engine/evaluate.h"
#include "libs/engine/transition.h"

// Steps that wait for somebody or something: signals, approvals and conditions.
namespace agentflow::engine {

using workflow::ApprovalConfig;
using workflow::OnTimeout;

namespace {

constexpr size_t kMaxSignalName = 128;
constexpr size_t kMaxSignalId = 256;
constexpr size_t kMaxText = 10'000;
constexpr size_t kMaxDeciders = 100;

// "role:lead", "user:ann", "group:support"
bool IsDecider(std::string_view text) {
  for (std::string_view kind : {"role:", "user:", "group:"}) {
    if (text.size() > kind.size() && text.starts_with(kind)) return text.size() <= 256;
  }
  return false;
}

}  // namespace

uint64_t Transition::StartWait(StepRef ref, Wait wait, workflow::Micros timeout) {
  UnixMicros wake_at = timeout > 0 ? now_ + timeout : 0;
  // What is before the gate does not count for the step's own time.
  bool gate = wait.kind == WaitKind::kApproval && NodeOf(ref).policy.approval;
  workflow::Micros total = gate ? 0 : NodeOf(ref).policy.timeouts.schedule_to_close;
  UnixMicros deadline = total > 0 ? now_ + total : 0;
  auto what = std::make_shared<const Wait>(std::move(wait));
  uint64_t cause = Emit(StepWaiting{ref, wake_at, std::move(what), deadline});
  if (wake_at != 0) Act(cause, StartTimer{{TimerKind::kWait, ref, 0}, wake_at, true});
  if (deadline != 0) {
    Act(cause, StartTimer{{TimerKind::kScheduleToClose, ref, 0}, deadline, true});
  }
  return cause;
}

absl::StatusOr<std::string> Transition::TextOf(StepRef ref, const workflow::Template& value,
                                               std::string_view field, size_t most) const {
  AF_ASSIGN_OR_RETURN(json::Value text, Evaluate(state_, ref.activation, value));
  if (text.is_string() && !text.as_string().empty() && text.as_string().size() <= most) {
    return text.as_string();
  }
  std::string name = "nodes." + NodeOf(ref).path + "." + std::string(field);
  return InvalidArgument("EXPRESSION_FAILED", name,
                         name + ": must give 1 to " + std::to_string(most) + " bytes of text");
}

// --- signals

void Transition::ExecuteSignal(StepRef ref, const workflow::SignalConfig& config) {
  auto name = TextOf(ref, config.name, "with.name", kMaxSignalName);
  if (!name.ok()) return FailStep(ref, Attempt(ref), ErrorOf(name.status()));
  for (const Signal& signal : state_.signals) {
    if (signal.name != *name || !Matches(ref, signal.payload)) continue;
    return Complete(ref, Attempt(ref), 0, signal.payload, std::nullopt, signal.sequence);
  }
  StartWait(ref, {.kind = WaitKind::kSignal, .name = *std::move(name)});
}

// A payload on which the filter fails is not the one that is waited for: what somebody sends must
// not make the execution fail.
bool Transition::Matches(StepRef ref, const json::Value& payload) const {
  const auto& config = std::get<workflow::SignalConfig>(NodeOf(ref).config);
  if (config.filter.empty()) return true;
  auto matches =
      EvaluateCondition(state_, ref.activation, config.filter, Locals{.signal = &payload});
  return matches.ok() && *matches;
}

absl::Status Transition::Handle(const SignalExecution& signal) {
  AF_RETURN_IF_ERROR(CheckOpen());
  if (signal.name.empty() || signal.name.size() > kMaxSignalName) {
    return InvalidArgument("SIGNAL_NAME_INVALID", "name",
                           "A signal's name has 1 to " + std::to_string(kMaxSignalName) +
                               " bytes; write the one that the flow.signal waits for.");
  }
  if (signal.id.size() > kMaxSignalId) {
    return InvalidArgument("VALUE_TOO_LARGE", "id",
                           "A signal's id has at most " + std::to_string(kMaxSignalId) + " bytes.");
  }
  if (!Fits(signal.payload)) {
    return InvalidArgument("VALUE_TOO_LARGE", "payload", TooLarge("The payload", signal.payload));
  }
  if (const CommandId* earlier = Known(CommandId::Kind::kSignal, signal.id)) {
    if (earlier->name == signal.name) return absl::OkStatus();
    return agentflow::Error(
        absl::StatusCode::kAlreadyExists, "SIGNAL_ID_REUSED",
        "The id was used for a signal " + earlier->name + " before; take another one.");
  }
  if (state_.signals.size() >= limits_.signals) {
    return agentflow::Error(absl::StatusCode::kResourceExhausted, "SIGNAL_LIMIT",
                            "The execution keeps " + std::to_string(state_.signals.size()) +
                                " signals that nothing has taken yet; send no more until a "
                                "flow.signal has.");
  }
  uint64_t sequence =
      Emit(SignalReceived{signal.id, signal.name, signal.payload, command_.principal});
  auto listeners = state_.listeners.find(signal.name);
  if (listeners == state_.listeners.end()) return absl::OkStatus();
  auto taker = std::find_if(listeners->second.begin(), listeners->second.end(),
                            [&](StepRef ref) { return Matches(ref, signal.payload); });
  if (taker == listeners->second.end()) return absl::OkStatus();
  StepRef ref = *taker;
  Complete(ref, state_.step(ref).attempt, 0, signal.payload, std::nullopt, sequence);
  return absl::OkStatus();
}

// --- approvals

void Transition::ExecuteApproval(StepRef ref, const ApprovalConfig& config) {
  auto request = MakeRequest(ref, config);
  if (!request.ok()) return FailStep(ref, Attempt(ref), ErrorOf(request.status()));
  OpenRequest(ref, config, *std::move(request));
}

bool Transition::StopAtGate(StepRef ref) {
  const ApprovalConfig& config = *NodeOf(ref).policy.approval;
  if (!config.when.empty()) {
    auto needed = EvaluateCondition(state_, ref.activation, config.when);
    if (!needed.ok()) {
      FailStep(ref, Attempt(ref), ErrorOf(needed.status()));
      return true;
    }
    if (!*needed) return false;
  }
  ExecuteApproval(ref, config);
  return true;
}

absl::StatusOr<std::shared_ptr<const ApprovalRequest>> Transition::MakeRequest(
    StepRef ref, const ApprovalConfig& config) const {
  auto request = std::make_shared<ApprovalRequest>();
  bool gate = NodeOf(ref).policy.approval != nullptr;
  std::string_view owner = gate ? "policy.approval" : "with";
  auto field = [&](std::string_view name) { return std::string(owner) + "." + std::string(name); };
  request->title = NodeOf(ref).path;
  if (!config.title.empty()) {
    AF_ASSIGN_OR_RETURN(request->title, TextOf(ref, config.title, field("title"), kMaxText));
  }
  if (!config.description.empty()) {
    AF_ASSIGN_OR_RETURN(request->description,
                        TextOf(ref, config.description, field("description"), kMaxText));
  }
  AF_ASSIGN_OR_RETURN(json::Value by, Evaluate(state_, ref.activation, config.by));
  json::Array who;
  if (by.is_array()) {
    who = by.as_array();
  } else if (!by.is_null()) {
    who.push_back(by);
  }
  for (const json::Value& one : who) {
    if (one.is_string() && IsDecider(one.as_string()) && who.size() <= kMaxDeciders) {
      request->by.push_back(one.as_string());
      continue;
    }
    std::string name = "nodes." + NodeOf(ref).path + "." + field("by");
    return InvalidArgument("EXPRESSION_FAILED", name,
                           name + ": must give role:x, user:y or group:z, or a list of at most " +
                               std::to_string(kMaxDeciders) + " of them");
  }
  request->form = config.form;
  request->on_timeout = config.on_timeout;
  return request;
}

void Transition::OpenRequest(StepRef ref, const ApprovalConfig& config,
                             std::shared_ptr<const ApprovalRequest> request) {
  uint64_t cause =
      StartWait(ref, {.kind = WaitKind::kApproval, .approval = request}, config.timeout);
  UnixMicros deadline = state_.waits.at(ref).deadline;
  Act(cause, OpenApproval{ref, std::move(request), deadline});
}

absl::Status Transition::Handle(const DecideApproval& decision) {
  AF_RETURN_IF_ERROR(CheckOpen(decision.step));
  auto wait = state_.waits.find(decision.step);
  bool open = wait != state_.waits.end() && wait->second.what->kind == WaitKind::kApproval &&
              !wait->second.granted;
  if (!open) {
    return FailedPrecondition("APPROVAL_NOT_OPEN", "The step " + StepKey(state_, decision.step) +
                                                       " waits for no approval (any more).");
  }
  if (!Fits(decision.values)) {
    return InvalidArgument("VALUE_TOO_LARGE", "values",
                           TooLarge("The form's values", decision.values));
  }
  if (decision.comment.size() > kMaxText) {
    return InvalidArgument("VALUE_TOO_LARGE", "comment",
                           "A comment has at most " + std::to_string(kMaxText) + " bytes.");
  }
  EndApproval(decision.step, decision.approved, decision);
  return absl::OkStatus();
}

void Transition::EndApproval(StepRef ref, bool approved, const DecideApproval& decision,
                             std::optional<TimerKind> fired) {
  const workflow::Node& node = NodeOf(ref);
  bool gate = node.policy.approval != nullptr;
  Actions leftovers;
  if (gate && approved) {  // else what ends the step takes them back
    CollectTimers(ref, fired, /*whole_step=*/true, &leftovers);
    CollectWait(ref, std::nullopt, &leftovers);
  }
  uint64_t cause =
      Emit(ApprovalDecided{ref, approved, decision.principal, decision.comment, decision.values});
  ActAll(cause, std::move(leftovers));
  if (gate && approved) return;
  uint32_t attempt = state_.step(ref).attempt;
  if (gate) {
    std::string message = "It was not approved";
    if (!decision.comment.empty()) message += ": " + decision.comment;
    return FailStep(ref, attempt, {"APPROVAL_REJECTED", message + ".", ""}, false, fired);
  }
  const auto& config = std::get<ApprovalConfig>(node.config);
  json::Value output = json::Object{{"decision", approved ? "approved" : "rejected"},
                                    {"by", decision.principal},
                                    {"comment", decision.comment},
                                    {"values", decision.values}};
  Complete(ref, attempt, approved ? config.approved_port : config.rejected_port, std::move(output),
           fired);
}

void Transition::FireApprovalTimer(StepRef ref) {
  OnTimeout then = state_.waits.at(ref).what->approval->on_timeout;
  if (then == OnTimeout::kFail) {
    return FailStep(ref, state_.step(ref).attempt,
                    {"APPROVAL_TIMEOUT", "Nobody decided in time.", ""}, false, TimerKind::kWait);
  }
  DecideApproval decision{.step = ref, .comment = "Nobody decided in time"};
  EndApproval(ref, then == OnTimeout::kApprove, decision, TimerKind::kWait);
}

// --- conditions

void Transition::ExecuteCondition(StepRef ref, const workflow::ConditionConfig& config) {
  auto holds = EvaluateCondition(state_, ref.activation, config.condition);
  if (!holds.ok()) return FailStep(ref, Attempt(ref), ErrorOf(holds.status()));
  if (*holds) return Complete(ref, Attempt(ref), 0, json::Value());
  StartWait(ref, {.kind = WaitKind::kCondition});
}

bool Transition::WakeConditions() {
  size_t first_change = began_with_more_ ? 0 : seen_changes_;
  bool all = began_with_more_;
  began_with_more_ = false;
  seen_changes_ = decision_.changes.size();
  bool woken = false;
  for (StepRef ref : std::vector<StepRef>(state_.conditions.begin(), state_.conditions.end())) {
    if (!state_.conditions.contains(ref)) continue;  // one before it ended their scope
    if (!all && !ReadsWhatEnded(ref, first_change)) continue;
    const auto& config = std::get<workflow::ConditionConfig>(NodeOf(ref).config);
    auto holds = EvaluateCondition(state_, ref.activation, config.condition);
    if (holds.ok() && !*holds) continue;
    woken = true;
    if (holds.ok()) {
      Complete(ref, state_.step(ref).attempt, 0, json::Value());
    } else {
      FailStep(ref, state_.step(ref).attempt, ErrorOf(holds.status()));
    }
  }
  return woken || FailStuckCondition();
}

bool Transition::ReadsWhatEnded(StepRef ref, size_t first_change) const {
  const auto& config = std::get<workflow::ConditionConfig>(NodeOf(ref).config);
  for (size_t i = first_change; i < seen_changes_; ++i) {
    const StepChange& change = decision_.changes[i];
    if (!IsOver(change.after)) continue;
    for (const workflow::Reference& read : config.condition.references) {
      if (read.node == change.step.node) return true;
    }
  }
  return false;
}

bool Transition::FailStuckCondition() {
  bool stuck = state_.proceeds() && !state_.more() && state_.active == 0 &&
               !state_.conditions.empty() && state_.waiting == state_.conditions.size();
  for (StepRef ref : state_.conditions) stuck = stuck && state_.step(ref).deadline == 0;
  if (!stuck) return false;
  StepRef ref = *state_.conditions.begin();
  FailStep(
      ref, state_.step(ref).attempt,
      {"CONDITION_UNREACHABLE", "Nothing else goes on that could make the condition hold.", ""});
  return true;
}

}  // namespace agentflow::engine
