#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "services/executor/store/batch.h"

// The truth, as a committer sees it. Two implementations pass one contract test: PostgreSQL
// (pg_store.h) and a model in memory (memory_store.h) that can be told to fail.
namespace agentflow::executor {

// How one transaction ended.
struct CommitOutcome {
  enum class Kind {
    kCommitted,
    kFenced,   // somebody else owns the lanes now; nothing was written and nothing ever will be
    kRefused,  // the data of a write is at fault (SQLSTATE 22, 23, 54); nothing was written
    kNotDone,  // nothing was written; the same may work later (08, 40, 53, 57)
    kUnknown,  // the connection broke before the answer: it may have landed; ask AskFence
  };
  Kind kind = Kind::kUnknown;
  absl::Status status;           // OK exactly when committed
  UnixMicros database_time = 0;  // PostgreSQL's now() within the transaction; 0: unknown
};

// Where the fence stands.
struct FenceAnswer {
  Fence fence;
  UnixMicros database_time = 0;  // PostgreSQL's clock; 0: unknown
};

// A live execution as stored.
struct StoredExecution {
  ExecutionFacts facts;
  int16_t state = 0;
  std::string snapshot;              // empty: none
  std::vector<std::string> records;  // journal rows after the snapshot, in order
};

// A start that was made under a request id.
struct StoredStart {
  Uuid execution;
  std::string body_hash;
};

struct ReadRequest {
  std::vector<Uuid> start_keys;  // which of these were started before?
  std::vector<int> lanes;        // all live executions of these lanes
  std::vector<Uuid> executions;  // these executions, if live
};

struct ReadResult {
  std::vector<StoredStart> starts;
  std::vector<StoredExecution> executions;
};

// One committer's door to the database. Begin... returns at once; the answer is taken later, in
// the same thread. At most one commit (or fence question) and one read are under way at a time.
class Store {
 public:
  virtual ~Store() = default;

  // One transaction: the fence (raises where it is not `expected`, else sets seq + 1 and renews
  // the lease), the writes, one feed row. An empty batch only renews the lease.
  virtual void BeginCommit(const Fence& expected, std::vector<WritePtr> writes) = 0;
  virtual std::optional<CommitOutcome> TakeCommit() = 0;

  // After a lost connection, and once at the start: makes a new connection the owner's and says
  // where the fence stands, after waiting for an older transaction that is still under way.
  // FAILED_PRECONDITION, reason LANES_LOST, when `epoch` (0: any) is over.
  virtual void BeginAskFence(int64_t epoch) = 0;
  virtual std::optional<absl::StatusOr<FenceAnswer>> TakeFence() = 0;

  // What is committed, in a snapshot taken after the call.
  virtual void BeginRead(ReadRequest request) = 0;
  virtual std::optional<absl::StatusOr<ReadResult>> TakeRead() = 0;
};

// Who owns which lane. Blocking; one thread.
class LaneTable {
 public:
  struct Owned {
    int lane = 0;
    int committer = 0;
  };
  virtual ~LaneTable() = default;

  // Makes this process an owner under its name and ends an earlier process of the same name.
  virtual absl::Status Join() = 0;
  // Takes free lanes and those of dead owners; gives all that this owner has now. The database's
  // time is stored where asked for.
  virtual absl::StatusOr<std::vector<Owned>> Acquire() = 0;
  // Address of each lane's owner; empty where none is alive. 256 entries.
  virtual absl::StatusOr<std::vector<std::string>> Addresses() = 0;
  // Gives all lanes back.
  virtual absl::Status Release() = 0;
};

}  // namespace agentflow::executor
