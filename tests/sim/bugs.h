#pragma once

#include <optional>
#include <span>
#include <string_view>

// Known bugs, switched on by name, each where the simulation's models meet the real code. They
// prove that the invariants can fail.
namespace agentflow::sim {

enum class Bug {
  kNone,
  // The store and the lane table.
  kFenceNotRaised,
  kRedoWithoutFence,
  kAnsweredBeforeCommit,
  kFeedRowDropped,
  kJournalRowDropped,
  kSnapshotFieldMissing,
  kJournalTailForgotten,
  kStartKeyNotLookedUp,
  kLaneLoadedTwice,
  // The engine's decisions.
  kTimerLost,
  kRetryLost,
  kContinueLost,
  kInProcessLost,
  kResultAppliedTwice,
  kClaimNotCleared,
  kClockGoesBack,
  kTimerEarly,
  kSecondEffectKey,
  kTerminalStateLeft,
  kCancelNotPassedOn,
  kChildEndNotTold,
  kSignalForgotten,
  // What goes out and comes in.
  kOfferBeforeCommit,
  kOfferLost,
  kTenantsMixed,
  kAcknowledgedBeforeCommit,
  kStartAnsweredEarly,
  kTokenNotChecked,
  kTenantNotChecked,
  kLeaseNeverExpires,
  kRedisLossUnnoticed,
  // Messages between lanes, keys, and who goes first.
  kOutboxRowDropped,
  kMessageNotDeleted,
  kKeyRowDropped,
  kPlaceGivenTwice,
  kLimitNotKept,
  kChildStartedTwice,
};

struct BugInfo {
  Bug bug;
  std::string_view name;
  std::string_view what;
};

// All but kNone.
std::span<const BugInfo> AllBugs();
std::optional<Bug> BugNamed(std::string_view name);

}  // namespace agentflow::sim
