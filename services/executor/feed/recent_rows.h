#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "services/executor/feed/feed_reader.h"

namespace agentflow::executor {

// The rows that this process's committers have written last, so that readers who keep up need not
// have them read back and opened. Each committer tells of all its commits, in order. Thread-safe.
class RecentRows {
 public:
  // `bytes`: of the bodies kept. A reader who is further behind asks the database.
  explicit RecentRows(size_t bytes) : bytes_(bytes) {}

  // A commit is durable; an empty body left no row. After a gap in the sequence, where a commit was
  // durable without this process hearing of it, the committer's rows begin anew.
  void Add(FeedRow row);

  // The rows of these committers after the cursors, each committer's in order, at most about
  // `limit`; nullopt: something after a cursor is not here.
  std::optional<std::vector<FeedRow>> After(const FeedCursors& cursors, int limit) const;

 private:
  struct Committer {
    int64_t all_after = 0;  // every row with a greater sequence is here
    int64_t last = 0;       // sequence of the last commit
    std::deque<FeedRow> rows;
  };
  void MakeRoom(Committer& added_to);

  const size_t bytes_;
  mutable std::mutex mutex_;
  size_t kept_bytes_ = 0;
  std::map<std::string, Committer> committers_;
};

}  // namespace agentflow::executor
