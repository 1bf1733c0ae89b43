#include "libs/engine/event.h"

#include <array>
#include <optional>

namespace agentflow::engine {
namespace {

constexpr std::array<std::string_view, std::variant_size_v<EventBody>> kTypeNames = {
    "ExecutionStarted", "StepScheduled",     "StepClaimed",       "StepWaiting",
    "StepCompleted",    "AttemptFailed",     "StepFailed",        "StepSkipped",
    "StepCanceled",     "ActivationOpened",  "ActivationClosed",  "ExecutionCompleted",
    "ExecutionFailed",  "ExecutionCanceled", "ExecutionTimedOut", "ContainerStarted",
    "ExecutionPaused",  "ExecutionResumed",  "StepHeld",          "StepRetried",
    "UnwindingStarted", "StepCompensated",   "ExecutionRebased",  "SignalReceived",
    "ApprovalDecided",  "ChildAttached",     "KeyHeld",           "HoldLifted"};

}  // namespace

std::string_view TypeName(const Event& event) {
  return kTypeNames[event.body.index()];
}

bool IsVolatile(const Event& event) {
  return std::holds_alternative<StepClaimed>(event.body);
}

std::optional<StepRef> StepOf(const Event& event) {
  return std::visit(
      [](const auto& body) -> std::optional<StepRef> {
        if constexpr (requires { body.step; }) {
          return body.step;
        } else {
          return std::nullopt;
        }
      },
      event.body);
}

}  // namespace agentflow::engine
