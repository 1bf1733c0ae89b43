#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/clock.h"

namespace agentflow::executor {

// One row of the durable feed.
struct FeedRow {
  std::string committer;  // "<owner>/<committer>"
  int64_t sequence = 0;
  UnixMicros commit_time = 0;
  std::string body;  // agentflow.internal.executor.v1.FeedBatch with `changes` alone
};

// Where a consumer stands, by committer. A committer not named is read from its oldest row.
using FeedCursors = std::map<std::string, int64_t>;

class Feed {
 public:
  virtual ~Feed() = default;
  // Rows after the cursors, each committer's in order, at most about `limit`. Blocking.
  virtual absl::StatusOr<std::vector<FeedRow>> Read(const FeedCursors& cursors, int limit) = 0;
};

class PgFeed final : public Feed {
 public:
  explicit PgFeed(std::string url);
  ~PgFeed() override;
  absl::StatusOr<std::vector<FeedRow>> Read(const FeedCursors& cursors, int limit) override;

 private:
  struct Rep;
  std::unique_ptr<Rep> rep_;
};

}  // namespace agentflow::executor
