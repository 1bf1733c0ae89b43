// How a committer gives lanes away: they stop, their last batch moves them, and callers that came
// meanwhile hear where to go.
#include "services/executor/lanes/live.h"

namespace agentflow::executor {

void Committer::HandOver(const std::vector<LaneMove>& moves) {
  {
    std::lock_guard lock(inbox_mutex_);
    for (const LaneMove& move : moves) {
      const auto lane = static_cast<size_t>(move.lane);
      if (!ready_[lane] || leaving_[lane].exchange(true)) continue;
      asked_moves_.push_back(move);
    }
    if (asked_moves_.empty()) return;
  }
  if (parts_.wake) parts_.wake();
}

void Committer::Left(const std::vector<std::pair<int, std::string>>& lanes) {
  {
    std::lock_guard lock(inbox_mutex_);
    for (const auto& [lane, address] : lanes) {
      owned_[static_cast<size_t>(lane)] = false;
      leaving_[static_cast<size_t>(lane)] = false;
      gave_[static_cast<size_t>(lane)] = false;
      left_.emplace_back(lane, address);
    }
  }
  if (parts_.wake) parts_.wake();
}

void Committer::TakeMoves() {
  std::vector<LaneMove> moves;
  std::vector<std::pair<int, std::string>> left;
  {
    std::lock_guard lock(inbox_mutex_);
    moves.swap(asked_moves_);
    left.swap(left_);
  }
  for (const LaneMove& move : moves) {
    ready_[static_cast<size_t>(move.lane)] = false;
    --stats_.lanes;
    moves_.push_back(move);
  }
  for (const auto& [lane, address] : left) {
    const auto index = static_cast<size_t>(lane);
    frozen_[index] = false;
    auto parked = parked_.find(lane);
    if (parked == parked_.end()) continue;
    const absl::Status moved = LaneMoved(address);
    for (Item& item : parked->second) {
      --waiting_;
      Refuse(item, moved);
    }
    parked_.erase(parked);
  }
}

// Nothing of these lanes is decided any more: what their batch does not hold the new owner decides.
void Committer::Freeze(const std::vector<LaneMove>& moves) {
  for (const LaneMove& move : moves) frozen_[static_cast<size_t>(move.lane)] = true;
  if (admission_.empty()) return;
  for (const auto& [id, live] : live_) {
    if (!Frozen(id) || live->place != TenantLoad::Place::kQueued) continue;
    admission_.Remove(live->facts->tenant, live->facts->priority, live->state.started_at, id);
  }
}

// The lanes are another executor's from this commit on. Nothing of them may stay in memory; what
// is volatile (who holds a task) is told to the new owner by those who hold.
void Committer::Leave(const std::vector<LaneMove>& moves) {
  std::vector<Uuid> executions;
  for (const auto& [id, live] : live_) {
    if (Frozen(id)) executions.push_back(id);
  }
  for (const Uuid& id : executions) Forget(id);
  for (const LaneMove& move : moves) {
    gave_[static_cast<size_t>(move.lane)] = true;
    keys_.DropLane(move.lane);
    mail_to_read_.erase(move.lane);
  }
  auto gone = [this](const Uuid& id) { return Frozen(id); };
  std::erase_if(recent_starts_, [&](const auto& start) { return gone(start.first); });
  std::erase_if(executions_to_load_, gone);
  std::erase_if(refused_, gone);
  std::erase_if(unloaded_, gone);
  std::erase_if(loaded_, [&](const StoredExecution& stored) { return gone(stored.facts.id); });
  std::erase_if(orphans_, [&](const auto& children) { return gone(children.first); });
  for (auto it = absent_.begin(); it != absent_.end();) {
    if (!gone(it->first)) {
      ++it;
      continue;
    }
    auto& parked = parked_[LaneOf(it->first)];
    for (Item& item : it->second) parked.push_back(std::move(item));
    it = absent_.erase(it);
  }
  std::vector<StartItem> staying;
  for (StartItem& start : awaiting_lookup_) {
    if (gone(start.info->id)) {
      ++waiting_;
      parked_[LaneOf(start.info->id)].push_back(std::move(start));
    } else {
      staying.push_back(std::move(start));
    }
  }
  awaiting_lookup_ = std::move(staying);
  if (parts_.lanes_changed) parts_.lanes_changed();
}

}  // namespace agentflow::executor
