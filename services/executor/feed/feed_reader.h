#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/clock.h"
#include "services/executor/sealing/tenant_keys.h"

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

// Opens what the tenants' keys seal. Left out is what no key opens any more: the changes of erased
// tenants, and, with an entry in the log, those that are damaged.
class PgFeed final : public Feed {
 public:
  // `keys` must outlive this.
  PgFeed(std::string url, TenantKeys& keys);
  ~PgFeed() override;
  absl::StatusOr<std::vector<FeedRow>> Read(const FeedCursors& cursors, int limit) override;

 private:
  struct Rep;
  std::unique_ptr<Rep> rep_;
};

}  // namespace agentflow::executor
