#include "libs/base/status.h"
#include "libs/engine/evaluate.h"
#include "libs/engine/transition.h"

// Places at keys, which executions of a tenant share: for a part (flow.critical), or for all of an
// execution, which is QUEUED until it has one.
namespace agentflow::engine {

namespace {

constexpr size_t kMaxKey = 256;

}  // namespace

absl::StatusOr<std::shared_ptr<const StartInfo>> Transition::WithConcurrency(
    const StartExecution& start) const {
  const workflow::ConcurrencyConfig& config = start.plan->concurrency;
  if (config.key.empty() || !start.info->concurrency.key.empty()) return start.info;
  ExecutionState before;
  before.plan = start.plan;
  before.start = start.info;
  before.started_at = now_;
  AF_ASSIGN_OR_RETURN(json::Value key, Evaluate(before, 0, config.key));
  if (!key.is_string() || key.as_string().empty() || key.as_string().size() > kMaxKey) {
    return InvalidArgument("EXPRESSION_FAILED", "concurrency.key",
                           "concurrency.key: must give 1 to " + std::to_string(kMaxKey) +
                               " bytes of text, not " + json::Dump(key));
  }
  auto info = std::make_shared<StartInfo>(*start.info);
  info->concurrency = {key.as_string(), config.limit, config.when_busy};
  return info;
}

void Transition::ExecuteCritical(StepRef ref, const workflow::CriticalConfig& config) {
  auto key = TextOf(ref, config.key, "with.key", kMaxKey);
  if (!key.ok()) return FailStep(ref, Attempt(ref), ErrorOf(key.status()));
  uint64_t cause = StartWait(ref, {.kind = WaitKind::kKey, .name = *key, .limit = config.limit});
  Act(cause, AcquireKey{{ref}, *std::move(key), config.limit});
}

// Only once it is admitted: one that holds a key while it waits for those that run to end, and they
// for the key, would wait for ever.
void Transition::AskOwnKey(uint64_t cause) {
  const ConcurrencyKey& key = state_.start->concurrency;
  Act(cause, AcquireKey{{}, key.key, key.limit, key.when_busy, false});
}

absl::Status Transition::Handle(const KeyGranted& granted) {
  AF_RETURN_IF_ERROR(CheckOpen());
  if (!granted.ticket.step) {
    if (state_.holds == kHoldKey) LiftHold(kHoldKey);
    return absl::OkStatus();
  }
  auto wait = state_.waits.find(*granted.ticket.step);
  bool asked = wait != state_.waits.end() && wait->second.what->kind == WaitKind::kKey;
  if (asked && !wait->second.granted) Emit(KeyHeld{*granted.ticket.step});
  return absl::OkStatus();
}

absl::Status Transition::Handle(const KeyRefused& refused) {
  AF_RETURN_IF_ERROR(CheckOpen());
  std::string reason = refused.reason.empty() ? "KEY_BUSY" : refused.reason;
  if (!refused.ticket.step) {
    if (state_.holds == kHoldKey) {
      EndExecution(ExecutionCanceled{"", reason + ": " + refused.message});
    }
    return absl::OkStatus();
  }
  auto wait = state_.waits.find(*refused.ticket.step);
  bool asked = wait != state_.waits.end() && wait->second.what->kind == WaitKind::kKey;
  if (asked && !wait->second.granted) {
    FailStep(*refused.ticket.step, Attempt(*refused.ticket.step), {reason, refused.message, ""});
  }
  return absl::OkStatus();
}

absl::Status Transition::Handle(const AdmitExecution&) {
  AF_RETURN_IF_ERROR(CheckOpen());
  if (state_.holds & kHoldAdmission) LiftHold(kHoldAdmission);
  return absl::OkStatus();
}

void Transition::LiftHold(Hold hold) {
  bool last = state_.holds == hold;
  workflow::Micros timeout = last ? state_.plan->timeout : 0;
  UnixMicros deadline = timeout > 0 ? now_ + timeout : 0;
  uint64_t cause = Emit(HoldLifted{hold, deadline});
  if (deadline != 0) Act(cause, StartTimer{{TimerKind::kExecution, {}, 0}, deadline, true});
  if (state_.holds == kHoldKey) AskOwnKey(cause);
  if (last) FinishSettledScopes();
}

}  // namespace agentflow::engine
