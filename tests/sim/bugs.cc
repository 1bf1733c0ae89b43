#include "tests/sim/bugs.h"

namespace agentflow::sim {
namespace {

constexpr BugInfo kBugs[] = {
    {Bug::kFenceNotRaised, "fence_not_raised", "a takeover leaves the dead owner's epoch as it is"},
    {Bug::kRedoWithoutFence, "redo_without_fence",
     "a batch whose answer was lost is written again, wherever the fence stands"},
    {Bug::kAnsweredBeforeCommit, "answered_before_commit",
     "the store says committed before the transaction is"},
    {Bug::kFeedRowDropped, "feed_row_dropped", "a change is left out of the feed"},
    {Bug::kJournalRowDropped, "journal_row_dropped", "a journal row is left out of a batch"},
    {Bug::kSnapshotFieldMissing, "snapshot_field_missing",
     "a snapshot forgets the failed attempts of its steps"},
    {Bug::kJournalTailForgotten, "journal_tail_forgotten",
     "a takeover reads all journal rows but the last"},
    {Bug::kStartKeyNotLookedUp, "start_key_not_looked_up", "request ids are never found again"},
    {Bug::kLaneLoadedTwice, "lane_loaded_twice", "a living owner's lane is given to another"},
    {Bug::kTimerLost, "timer_lost", "a durable timer is never started"},
    {Bug::kRetryLost, "retry_lost", "the second attempt is never offered"},
    {Bug::kContinueLost, "continue_lost", "a decision that had to stop is not gone on with"},
    {Bug::kInProcessLost, "in_process_lost", "an in-process step is never run"},
    {Bug::kResultAppliedTwice, "result_applied_twice", "a result makes its event twice"},
    {Bug::kClaimNotCleared, "claim_not_cleared", "a step that timed out stays with its holder"},
    {Bug::kClockGoesBack, "clock_goes_back", "an event is older than the one before it"},
    {Bug::kTimerEarly, "timer_early", "the lanes' clock runs ahead of the database's"},
    {Bug::kSecondEffectKey, "second_effect_key", "each attempt has an idempotency key of its own"},
    {Bug::kTerminalStateLeft, "terminal_state_left", "an execution goes on after its end"},
    {Bug::kCancelNotPassedOn, "cancel_not_passed_on", "a cancelled parent leaves its children"},
    {Bug::kChildEndNotTold, "child_end_not_told", "a child's end stays unknown to its parent"},
    {Bug::kSignalForgotten, "signal_forgotten", "a signal is answered and not kept"},
    {Bug::kOfferBeforeCommit, "offer_before_commit", "tasks are offered when they are decided"},
    {Bug::kOfferLost, "offer_lost", "a committed task is not put into the queue"},
    {Bug::kTenantsMixed, "tenants_mixed", "a task is offered in another tenant's name"},
    {Bug::kAcknowledgedBeforeCommit, "acknowledged_before_commit",
     "a result is acknowledged on arrival"},
    {Bug::kStartAnsweredEarly, "start_answered_early", "a start is answered before its commit"},
    {Bug::kTokenNotChecked, "token_not_checked", "results with wrong task tokens count"},
    {Bug::kTenantNotChecked, "tenant_not_checked", "one tenant may cancel for another"},
    {Bug::kLeaseNeverExpires, "lease_never_expires", "a silent holder keeps its task for ever"},
    {Bug::kRedisLossUnnoticed, "redis_loss_unnoticed", "nobody notices that Redis lost its data"},
    {Bug::kOutboxRowDropped, "outbox_row_dropped", "messages between lanes are left out"},
    {Bug::kMessageNotDeleted, "message_not_deleted", "messages that are done stay in the outbox"},
    {Bug::kKeyRowDropped, "key_row_dropped", "what happens at a key is left out of a batch"},
    {Bug::kPlaceGivenTwice, "place_given_twice", "a place at a key that is taken is given"},
    {Bug::kLimitNotKept, "limit_not_kept", "a tenant's limit of what runs is not looked at"},
    {Bug::kChildStartedTwice, "child_started_twice", "asking twice for a child starts two"},
};

}  // namespace

std::span<const BugInfo> AllBugs() {
  return kBugs;
}

std::optional<Bug> BugNamed(std::string_view name) {
  for (const BugInfo& info : kBugs) {
    if (info.name == name) return info.bug;
  }
  return std::nullopt;
}

}  // namespace agentflow::sim
