#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "services/executor/store/store.h"

// A model of the database for tests and simulations: the same rules as PostgreSQL, and it fails
// when told to. One thread.
namespace agentflow::executor {

class MemoryDatabase {
 public:
  struct OwnerRow {
    Fence fence;
    int64_t lease_until = 0;
    std::string address;
    int committers = 1;
    bool leaving = false;
    bool connected = false;  // its process still has its connection
  };
  struct JournalRow {
    int64_t first = 0;
    int64_t last = 0;
    std::string events;
  };
  struct LiveRow {
    ExecutionFacts facts;
    int16_t state = 0;
    std::string snapshot;
    int64_t snapshot_sequence = 0;
  };
  struct FeedRow {
    Fence fence;
    std::vector<std::string> changes;
  };

  std::map<std::pair<std::string, int>, OwnerRow> owners;
  std::map<int, std::pair<std::string, int>> lanes;  // owned ones
  std::map<Uuid, std::vector<JournalRow>> journal;
  std::map<Uuid, LiveRow> live;
  std::map<Uuid, std::pair<ExecutionFacts, int16_t>> closed;  // with the state
  std::map<Uuid, std::string> start_keys;
  std::map<Uuid, Approval> approvals;
  std::map<int64_t, Mail> outbox;  // by number
  int64_t last_mail = 0;
  std::map<std::tuple<std::string, std::string, KeyTicket>, KeyRow> keys;
  std::map<std::string, std::vector<FeedRow>> feed;  // by "<owner>/<committer>"
  int64_t now = 1'700'000'000'000'000;
  int64_t lease = 3'000'000;
  int64_t suspect_left = 0;  // a suspect with less than this left of its lease is dead
  int commits = 0;

  // Executions whose writes are refused.
  std::set<Uuid> poisoned;

  // Called where a write breaks what PostgreSQL does not check but every owner must keep; null:
  // ends the process. The write is then refused.
  std::function<void(const std::string&)> broken;
};

// What happens to the next commits, first to first; none: they succeed.
enum class CommitFault { kNone, kNotDone, kLostAfterCommit, kLostBeforeCommit };

class MemoryStore final : public Store {
 public:
  MemoryStore(MemoryDatabase& database, std::string owner, int committer)
      : database_(database), owner_(std::move(owner)), committer_(committer) {}

  void BeginCommit(const Fence& expected, Transaction transaction) override;
  std::optional<CommitOutcome> TakeCommit() override;
  void BeginAskFence(int64_t epoch) override;
  std::optional<absl::StatusOr<FenceAnswer>> TakeFence() override;
  void BeginRead(ReadRequest request) override;
  std::optional<absl::StatusOr<ReadResult>> TakeRead() override;

  std::deque<CommitFault> faults;
  // While true, commits are sent but neither done nor answered: a slow disk.
  bool stalled = false;
  // While true, they are done but not answered.
  bool answers_stalled = false;
  bool reads_stalled = false;
  // Before a commit is carried out.
  std::function<void(const std::vector<WritePtr>&)> on_commit;

 private:
  void Expect(bool holds, const std::string& what);
  bool Owns(int lane) const;
  CommitOutcome Carry(const Fence& expected, const Transaction& transaction);

  MemoryDatabase& database_;
  const std::string owner_;
  const int committer_;
  std::optional<std::pair<Fence, Transaction>> commit_;
  std::optional<CommitOutcome> unanswered_;
  std::optional<int64_t> question_;
  std::optional<ReadRequest> read_;
};

class MemoryLaneTable final : public LaneTable {
 public:
  MemoryLaneTable(MemoryDatabase& database, std::string owner, int committers, std::string address)
      : database_(database),
        owner_(std::move(owner)),
        committers_(committers),
        address_(std::move(address)) {}

  absl::StatusOr<std::vector<int64_t>> Join() override;
  absl::StatusOr<LaneView> Look(bool take, const Suspects& suspects) override;
  absl::Status Release() override;

 private:
  MemoryDatabase& database_;
  const std::string owner_;
  const int committers_;
  const std::string address_;
};

}  // namespace agentflow::executor
