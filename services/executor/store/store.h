#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "services/executor/lanes/key_board.h"
#include "services/executor/store/batch.h"

// The truth, as a committer sees it. Two implementations pass one contract test: PostgreSQL
// (pg_store.h) and a model in memory (memory_store.h) that can be told to fail.
namespace agentflow::executor {

// Reason of a refusal because another live execution of the workflow has the business key.
inline constexpr char kBusinessKeyRefused[] = "BUSINESS_KEY_REFUSED";

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
  // Why not all of it could be read, which is this execution's trouble alone; OK: it could.
  absl::Status readable;
};

// A start that was made under a request id.
struct StoredStart {
  Uuid execution;
  std::string body_hash;
};

// A message that waits for a lane.
struct Mail {
  int lane = 0;
  int64_t number = 0;  // unique; in the order in which one lane's owner sent them
  std::string body;

  bool operator==(const Mail&) const = default;
};

// A live execution that has a business key.
struct KeyHolder {
  std::string tenant;
  std::string workflow;
  std::string business_key;
  Uuid execution;
};

struct ReadRequest {
  std::vector<Uuid> start_keys;  // which of these were started before?
  std::vector<std::pair<std::string, std::string>> business_keys;  // tenant, key: who has them?
  std::vector<int> lanes;        // all live executions, tickets and messages of these lanes
  std::vector<Uuid> executions;  // these executions, if live
  std::vector<int> mail;         // messages for these lanes
};

struct ReadResult {
  std::vector<StoredStart> starts;
  std::vector<KeyHolder> holders;
  std::vector<StoredExecution> executions;
  std::vector<KeyRow> keys;
  std::vector<Mail> mail;  // by number
};

// A lane that its owner gives to another executor.
struct LaneMove {
  int lane = 0;
  std::string to;  // owner's name

  bool operator==(const LaneMove&) const = default;
};

// What one transaction does, besides the fence.
struct Transaction {
  std::vector<WritePtr> writes;
  std::vector<OutboxRow> messages;  // besides those of the writes
  std::vector<Mail> taken;          // these are done; without their bodies
  std::vector<KeyChange> keys;
  std::vector<LaneMove> moves;
};

// One committer's door to the database. Begin... returns at once; the answer is taken later, in
// the same thread. At most one commit (or fence question) and one read are under way at a time.
class Store {
 public:
  virtual ~Store() = default;

  // One transaction: the fence (raises where it is not `expected`, else sets seq + 1 and renews
  // the lease), the writes with one feed row, and the rest. An empty one only renews the lease.
  virtual void BeginCommit(const Fence& expected, Transaction transaction) = 0;
  virtual std::optional<CommitOutcome> TakeCommit() = 0;

  // After a lost connection, and once at the start: ends the connection that was the owner's, makes
  // a new one the owner's and says where the fence stands, after waiting for an older transaction
  // that is still under way. What was sent before and has not arrived never does.
  // FAILED_PRECONDITION, reason LANES_LOST, when `epoch` (0: any) is over.
  virtual void BeginAskFence(int64_t epoch) = 0;
  virtual std::optional<absl::StatusOr<FenceAnswer>> TakeFence() = 0;

  // What is committed, in a snapshot taken after the call.
  virtual void BeginRead(ReadRequest request) = 0;
  virtual std::optional<absl::StatusOr<ReadResult>> TakeRead() = 0;
};

// Who owns which lane, at one moment.
struct LaneView {
  struct Lane {
    std::string owner;  // empty: free
    int committer = 0;
  };
  struct Owner {
    std::string address;
    int committers = 1;
    // Microseconds until its lease runs out, at most.
    int64_t lease_left = 0;
    bool leaving = false;  // it gives its lanes away and wants no others
  };
  UnixMicros time = 0;  // the database's
  std::vector<Lane> lanes = std::vector<Lane>(256);
  std::map<std::string, Owner> owners;  // those whose lease runs, by name

  // Address of a lane's owner; empty where none is alive.
  std::string AddressOf(int lane) const {
    auto owner = owners.find(lanes[static_cast<size_t>(lane)].owner);
    return owner == owners.end() ? "" : owner->second.address;
  }
};

// Owners, by name, that another one believes unable to serve their lanes.
struct Suspects {
  std::vector<std::string> silent;  // they do not answer, or the database does not answer them
  std::vector<std::string> slow;    // they say so themselves: it answers them too slowly
};

// The table of owners and lanes. Blocking; one thread.
class LaneTable {
 public:
  virtual ~LaneTable() = default;

  // Makes this process an owner under its name and ends an earlier process of the same name. Gives
  // the epochs by committer: who adopts a later one by mistake writes what is not his.
  virtual absl::StatusOr<std::vector<int64_t>> Join() = 0;
  // Frees the lanes of dead owners: those whose lease ran out; of the silent ones also those whose
  // connection to the database is gone as well, or that have not renewed it for a shorter time
  // although this owner has; and, if it has, of the slow ones that have been connected for some
  // time. Nobody is suspected who has not been
  // connected since the database began. With `take` this owner takes all free lanes; without it is
  // leaving.
  virtual absl::StatusOr<LaneView> Look(bool take, const Suspects& suspects) = 0;
  // Gives all lanes back.
  virtual absl::Status Release() = 0;
};

}  // namespace agentflow::executor
