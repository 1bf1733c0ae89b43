#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "services/executor/feed/feed_reader.h"
#include "services/executor/sealing/tenant_keys.h"
#include "services/executor/store/store.h"

// The Store over PostgreSQL (role executor_engine, schema executor; see migrations/).
namespace agentflow::executor {

struct PgStoreOptions {
  std::string url;
  std::string owner;  // name of this executor
  int committer = 0;
  int lease_ms = 3'000;
  TenantKeys* keys = nullptr;  // under which it seals; must outlive the store
  // Called from the store's threads whenever an answer can be taken.
  std::function<void()> wake;
  // Each commit that was acknowledged, in order, with what it wrote into the feed, not sealed;
  // before its answer can be taken. Null: nobody asks.
  std::function<void(FeedRow)> committed = {};
  // Called from there when the connection that commits was lost; null: nobody wants to know.
  std::function<void()> lost = {};
};

// Two connections and two threads of its own: one commits (a whole batch in one pipelined round
// trip), one reads. They are made at first use and again after they broke.
class PgStore final : public Store {
 public:
  explicit PgStore(PgStoreOptions options);
  ~PgStore() override;  // waits for what is under way

  void BeginCommit(const Fence& expected, Transaction transaction) override;
  std::optional<CommitOutcome> TakeCommit() override;
  void BeginAskFence(int64_t epoch) override;
  std::optional<absl::StatusOr<FenceAnswer>> TakeFence() override;
  void BeginRead(ReadRequest request) override;
  std::optional<absl::StatusOr<ReadResult>> TakeRead() override;

 private:
  class Writer;
  class Reader;  // PgReader on a thread
  std::unique_ptr<Writer> writer_;
  std::unique_ptr<Reader> reader_;
};

struct PgLaneTableOptions {
  std::string url;
  std::string owner;
  int committers = 1;
  std::string address;
  int lease_ms = 3'000;
  // A suspect with less than this left of its lease is dead; 0: one whose lease has ended.
  int suspect_left_ms = 0;
  // Longest silence of the database before the connection counts as lost.
  int answer_timeout_ms = 15'000;
};

class PgLaneTable final : public LaneTable {
 public:
  explicit PgLaneTable(PgLaneTableOptions options);
  ~PgLaneTable() override;

  absl::StatusOr<std::vector<int64_t>> Join() override;
  absl::StatusOr<LaneView> Look(bool take, const Suspects& suspects) override;
  absl::Status Release() override;

 private:
  struct Rep;
  std::unique_ptr<Rep> rep_;
};

}  // namespace agentflow::executor
