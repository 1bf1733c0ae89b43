#include "services/executor/lanes/lane_keeper.h"

#include <algorithm>

#include "libs/base/lane.h"
#include "libs/base/status.h"
#include "libs/obs/log.h"

namespace agentflow::executor {
namespace {

// After a lease's end, so that it is over for sure.
constexpr int64_t kAfterLease = 20'000;
// While a peer may be dying.
constexpr int64_t kSuspectLook = 50'000;
// Until nobody's stream means that nobody can reach this executor: streams end and begin again.
constexpr int64_t kUnreachable = 300'000;
constexpr int64_t kDrainLook = 20'000;

bool Contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

absl::StatusOr<int64_t> LaneKeeper::Step() {
  if (released_) return parts_.look_every;
  const bool lost = std::any_of(parts_.committers.begin(), parts_.committers.end(),
                                [](const Committer* committer) { return committer->lost(); });
  if (lost && !draining_) {
    // First the epochs, then the committers: one that asked the fence before would be fenced out.
    AF_ASSIGN_OR_RETURN(const std::vector<int64_t> epochs, parts_.table.Join());
    parts_.restart(epochs);
  }
  // Before the look: what was given by then and is here again came back.
  std::vector<bool> gave(kLaneCount);
  for (int lane = 0; lane < kLaneCount; ++lane) {
    gave[static_cast<size_t>(lane)] = CommitterOf(lane).Gave(lane);
  }
  Suspects suspects;
  if (parts_.peers != nullptr) suspects = parts_.peers->Suspected();
  // Whom the database answers slowly as well has nothing better to offer.
  if (std::any_of(parts_.committers.begin(), parts_.committers.end(),
                  [](const Committer* committer) { return committer->Slow(); })) {
    suspects.slow.clear();
  }
  NoteReachable();
  AF_ASSIGN_OR_RETURN(const LaneView view, parts_.table.Look(!leaving(), suspects));
  has_others_ = view.owners.size() > view.owners.count(parts_.owner);
  for (Committer* committer : parts_.committers) {
    committer->ExpectMail(has_others_ || parts_.committers.size() > 1);
    committer->RenewWithin(has_others_ ? parts_.renew_within : std::numeric_limits<int64_t>::max());
  }
  Leave(view, gave);
  Own(view);
  std::vector<std::string> addresses(kLaneCount);
  for (int lane = 0; lane < kLaneCount; ++lane) {
    addresses[static_cast<size_t>(lane)] = view.AddressOf(lane);
  }
  if (parts_.publish) parts_.publish(addresses, view.time);
  {
    std::lock_guard lock(mutex_);
    addresses_ = std::move(addresses);
  }
  if (parts_.peers != nullptr) {
    std::map<std::string, std::string> others;
    for (const auto& [name, owner] : view.owners) {
      if (name != parts_.owner) others[name] = owner.address;
    }
    parts_.peers->Follow(others);
  }
  Note(view);
  GiveAway(view, suspects);
  return NextLook(view, suspects);
}

// One that others cannot reach does nothing for anybody, however well it is itself.
void LaneKeeper::NoteReachable() {
  const int64_t since = parts_.unreachable_for ? parts_.unreachable_for() : 0;
  maybe_unreachable_ = has_others_ && since > 0;
  const bool now = maybe_unreachable_ && since > kUnreachable;
  if (now != unreachable_) {
    obs::Warn(now ? "nobody reaches this executor; its lanes go to others"
                  : "this executor is reached again");
  }
  unreachable_ = now;
}

void LaneKeeper::Own(const LaneView& view) {
  std::vector<std::vector<int>> lanes(parts_.committers.size());
  size_t owned = 0;
  for (int lane = 0; lane < kLaneCount; ++lane) {
    if (view.lanes[static_cast<size_t>(lane)].owner != parts_.owner) continue;
    lanes[static_cast<size_t>(lane) % lanes.size()].push_back(lane);
    ++owned;
  }
  // Without any it admits nothing; its share says what it may admit of what still comes.
  if (parts_.owning && owned > 0) parts_.owning(owned);
  for (size_t i = 0; i < lanes.size(); ++i) parts_.committers[i]->Own(lanes[i]);
  if (owned != owned_) obs::Info("lanes owned", {{"lanes", owned}, {"before", owned_}});
  owned_ = owned;
}

// Lanes that were given away: callers are sent on once the new owner takes them.
void LaneKeeper::Leave(const LaneView& view, const std::vector<bool>& gave) {
  std::map<std::string, std::vector<int>> gone;
  for (int lane = 0; lane < kLaneCount; ++lane) {
    // Where the table says so already and the committer has not heard, what it has in memory of the
    // lane is still to be dropped.
    if (!gave[static_cast<size_t>(lane)]) continue;
    const bool mine = view.lanes[static_cast<size_t>(lane)].owner == parts_.owner;
    gone[mine ? "" : view.AddressOf(lane)].push_back(lane);
  }
  for (const auto& [address, lanes] : gone) {
    if (parts_.peers != nullptr && !address.empty()) parts_.peers->Tell(address, lanes);
    std::vector<std::vector<std::pair<int, std::string>>> left(parts_.committers.size());
    for (int lane : lanes) {
      left[static_cast<size_t>(lane) % left.size()].emplace_back(lane, address);
    }
    for (size_t i = 0; i < left.size(); ++i) parts_.committers[i]->Left(left[i]);
  }
}

void LaneKeeper::Note(const LaneView& view) {
  std::erase_if(seen_since_, [&](const auto& owner) { return !view.owners.contains(owner.first); });
  for (const auto& [name, owner] : view.owners) seen_since_.try_emplace(name, view.time);
}

// Everybody gives down to the same share, to those who have least: so all agree without talking.
void LaneKeeper::GiveAway(const LaneView& view, const Suspects& suspects) {
  auto suspected = [&](const std::string& name) {
    return Contains(suspects.silent, name) || Contains(suspects.slow, name);
  };
  std::map<std::string, int> counts;
  for (const auto& [name, owner] : view.owners) {
    if (!owner.leaving) counts[name] = 0;
  }
  std::vector<int> mine;
  for (int lane = 0; lane < kLaneCount; ++lane) {
    const std::string& owner = view.lanes[static_cast<size_t>(lane)].owner;
    if (auto it = counts.find(owner); it != counts.end()) ++it->second;
    const Committer& committer = CommitterOf(lane);
    if (owner == parts_.owner && committer.Ready(lane)) mine.push_back(lane);
  }
  const int owners = static_cast<int>(counts.size());
  int keep = owners == 0 ? kLaneCount : (kLaneCount + owners - 1) / owners;
  if (leaving()) keep = 0;
  std::vector<std::vector<LaneMove>> moves(parts_.committers.size());
  while (static_cast<int>(mine.size()) > keep) {
    auto least = counts.end();
    for (auto it = counts.begin(); it != counts.end(); ++it) {
      if (it->first == parts_.owner || suspected(it->first)) continue;
      if (!leaving() && !Settled(view, it->first)) continue;
      if (least == counts.end() || it->second < least->second) least = it;
    }
    if (least == counts.end() || (!leaving() && least->second >= keep)) break;
    const int lane = mine.back();
    mine.pop_back();
    ++least->second;
    moves[static_cast<size_t>(lane) % moves.size()].push_back({lane, least->first});
  }
  for (size_t i = 0; i < moves.size(); ++i) {
    if (!moves[i].empty()) parts_.committers[i]->HandOver(moves[i]);
  }
}

int64_t LaneKeeper::NextLook(const LaneView& view, const Suspects& suspects) const {
  int64_t next = parts_.look_every;
  if (has_others_) next = std::min(next, parts_.look_with_others);
  for (const auto& [name, owner] : view.owners) {
    // A living owner has renewed its lease by then.
    if (name == parts_.owner) continue;
    next = std::min(next, owner.lease_left + kAfterLease);
    if (!Settled(view, name)) {
      next = std::min(next, seen_since_.at(name) + parts_.settle - view.time + kAfterLease);
    }
  }
  const bool slow = std::any_of(view.lanes.begin(), view.lanes.end(), [&](const auto& lane) {
    return Contains(suspects.slow, lane.owner);
  });
  if (slow || !suspects.silent.empty() || maybe_unreachable_) next = std::min(next, kSuspectLook);
  if (draining_ && has_others_) next = std::min(next, kDrainLook);
  return next;
}

std::vector<std::string> LaneKeeper::Addresses() const {
  std::lock_guard lock(mutex_);
  return addresses_;
}

absl::Status LaneKeeper::Release() {
  released_ = true;
  return parts_.table.Release();
}

}  // namespace agentflow::executor
