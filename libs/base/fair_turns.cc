#include "libs/base/fair_turns.h"

#include <algorithm>

namespace agentflow {

void FairTurns::Enter(std::string_view name) {
  auto it = entries_.find(name);
  if (it == entries_.end()) it = entries_.emplace(std::string(name), Entry{}).first;
  if (it->second.waiting) return;
  it->second.waiting = true;
  // A debt stays, savings do not.
  it->second.surplus = std::min<int64_t>(it->second.surplus, 0);
  ring_.push_back(it);
}

void FairTurns::Leave(std::string_view name) {
  auto it = entries_.find(name);
  if (it == entries_.end() || !it->second.waiting) return;
  it->second.waiting = false;
  ring_.erase(std::find(ring_.begin(), ring_.end(), it));
  if (it->second.surplus >= 0) entries_.erase(it);
}

const std::string& FairTurns::Next() {
  // Alone there is nobody to wait for.
  if (ring_.size() == 1) return ring_.front()->first;
  for (size_t looked = 0; ring_.front()->second.surplus <= 0; ++looked) {
    if (looked == ring_.size()) {
      SkipRounds();
      looked = 0;
    }
    Rotate();
  }
  return ring_.front()->first;
}

void FairTurns::Rotate() {
  auto it = ring_.front();
  ring_.pop_front();
  ring_.push_back(it);
  it->second.surplus += GainOf(it->first);
}

// Rounds in which nobody would get a turn, at once: debts may be large.
void FairTurns::SkipRounds() {
  int64_t rounds = INT64_MAX;
  for (const auto& it : ring_) {
    rounds = std::min(rounds, std::max<int64_t>(-it->second.surplus, 0) / GainOf(it->first));
  }
  for (const auto& it : ring_) it->second.surplus += rounds * GainOf(it->first);
}

int64_t FairTurns::GainOf(const std::string& name) const {
  return quantum_ * std::max<int64_t>(weight_(name), 1);
}

void FairTurns::Charge(std::string_view name, int64_t cost) {
  auto it = entries_.find(name);
  if (it == entries_.end()) {
    if (cost <= 0) return;
    it = entries_.emplace(std::string(name), Entry{}).first;
  }
  it->second.surplus -= cost;
  if (!it->second.waiting) {
    if (it->second.surplus >= 0) entries_.erase(it);
  } else if (ring_.size() == 1 && it->second.surplus < 0) {
    // Used while nobody else wanted it.
    it->second.surplus = 0;
  }
}

}  // namespace agentflow
