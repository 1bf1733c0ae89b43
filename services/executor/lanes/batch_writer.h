#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "libs/base/clock.h"
#include "services/executor/store/store.h"

namespace agentflow::executor {

// What became of a batch.
struct BatchResult {
  // True: the lanes belong to somebody else. Nothing of what was still open is written.
  bool fenced = false;
  absl::Status status;
  // Writes that the database refused, by their position in the batch; all others are committed.
  std::vector<std::pair<size_t, absl::Status>> refused;
  UnixMicros database_time = 0;
  // Monotonic, when the answer that carried `database_time` was seen.
  int64_t seen_at = 0;
};

// Gets batches into the store, one after the other, whatever happens on the way: it asks the
// fence after a lost acknowledgement, halves a refused batch until the execution at fault is
// alone, and repeats what failed for a passing reason. What executions have to do with each other
// (a family, those at one key) stays in one part as long as nobody of them is at fault: the process
// may die between two parts. A plain object: Step moves it on.
class BatchWriter {
 public:
  // `retry_after`: microseconds between tries while the database is away.
  explicit BatchWriter(Store& store, int64_t retry_after = 100'000)
      : store_(store), retry_after_(retry_after) {}

  // Learns where the fence of `epoch` stands. Ends with a BatchResult like a batch, fenced where
  // that epoch is over. 0: whichever there is. REQUIRES: idle.
  void Join(int64_t epoch = 0);
  // An empty batch renews the lease. What belongs to no write happens with the last part.
  // REQUIRES: idle() and joined.
  void Start(Transaction batch);
  bool idle() const { return stage_ == Stage::kIdle && !finished_; }

  // Moves on without blocking; the result once everything about the batch is decided.
  std::optional<BatchResult> Step(const Clock& clock);

  const Fence& fence() const { return fence_; }
  // When Step has something to do by itself (monotonic); 0: only when the store has an answer.
  int64_t wake_at() const { return stage_ == Stage::kWaiting ? wake_at_ : 0; }

 private:
  enum class Stage { kIdle, kCommitting, kAsking, kWaiting };
  using Part = std::pair<size_t, size_t>;  // [first, last) of order_

  void SendNext();
  // What stands last among the parts cannot be written: it is halved, or given up.
  void Refuse(const absl::Status& status);
  // Orders the writes by groups of executions that have to do with each other.
  void Group();
  // Where to halve a part: between two groups if there are several.
  size_t Cut(const Part& part) const;
  bool HasOrphan(const Part& part) const;
  const ExecutionWrite& WriteAt(size_t place) const { return *batch_.writes[order_[place]]; }
  // The changes of keys that happen with a part: with the write of whose ticket it is.
  std::vector<KeyChange> KeysOf(const Part& part, bool last) const;
  void Wait(const Clock& clock);
  void OnCommit(const CommitOutcome& outcome, const Clock& clock);
  void OnFence(const absl::StatusOr<FenceAnswer>& answer, const Clock& clock);
  void PartDone();
  void Finish();
  void Fenced(absl::Status status);

  Store& store_;
  const int64_t retry_after_;
  Stage stage_ = Stage::kIdle;
  Fence fence_;
  Transaction batch_;
  std::vector<size_t> order_;  // positions of writes in the batch
  std::set<size_t> begins_;    // where groups begin in order_; empty: not grouped yet
  std::vector<Part> parts_;    // still to be written, the last one first
  std::set<Uuid> refused_;
  bool joining_ = false;
  int64_t wake_at_ = 0;
  BatchResult result_;
  bool finished_ = false;
};

}  // namespace agentflow::executor
