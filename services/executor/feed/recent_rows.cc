#include "services/executor/feed/recent_rows.h"

#include <algorithm>
#include <utility>

namespace agentflow::executor {

void RecentRows::Add(FeedRow row) {
  std::lock_guard lock(mutex_);
  Committer& committer = committers_[row.committer];
  if (row.sequence != committer.last + 1) {
    for (const FeedRow& old : committer.rows) kept_bytes_ -= old.body.size();
    committer.rows.clear();
    committer.all_after = row.sequence - 1;
  }
  committer.last = row.sequence;
  if (row.body.empty()) return;
  kept_bytes_ += row.body.size();
  committer.rows.push_back(std::move(row));
  MakeRoom(committer);
}

// One committer makes room at its own expense: there are few, and equally busy.
void RecentRows::MakeRoom(Committer& added_to) {
  while (kept_bytes_ > bytes_ && !added_to.rows.empty()) {
    kept_bytes_ -= added_to.rows.front().body.size();
    added_to.all_after = added_to.rows.front().sequence;
    added_to.rows.pop_front();
  }
}

std::optional<std::vector<FeedRow>> RecentRows::After(const FeedCursors& cursors,
                                                      int limit) const {
  std::lock_guard lock(mutex_);
  std::vector<FeedRow> found;
  for (const auto& [name, committer] : committers_) {
    auto cursor = cursors.find(name);
    const int64_t after = cursor == cursors.end() ? 0 : cursor->second;
    if (after >= committer.last) continue;
    if (after < committer.all_after) return std::nullopt;
    auto next = std::ranges::upper_bound(committer.rows, after, {}, &FeedRow::sequence);
    const auto most = std::min<ptrdiff_t>(limit, committer.rows.end() - next);
    found.insert(found.end(), next, next + most);
  }
  return found;
}

}  // namespace agentflow::executor
