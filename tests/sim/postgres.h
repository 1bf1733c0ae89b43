#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "services/executor/store/memory_store.h"
#include "tests/sim/world.h"

// The model of PostgreSQL: the rows and rules of executor::MemoryDatabase, and between it and the
// executors connections on which everything takes time, breaks, arrives late or twice.
namespace agentflow::sim {

class Postgres {
 public:
  explicit Postgres(World& world);

  UnixMicros Now() const { return world_.schedule.now() + offset_; }
  bool away() const { return world_.schedule.now() < away_until_; }
  // Counts restarts: what was under way at one is rolled back.
  int incarnation() const { return incarnation_; }
  // Whether the clock ever went back: then the times of two rows say nothing.
  bool clock_went_back() const { return clock_went_back_; }

  executor::MemoryDatabase& rows() {
    rows_.now = Now();
    return rows_;
  }
  executor::CommitOutcome Commit(const std::string& owner, int committer, executor::Fence expected,
                                 const executor::Transaction& transaction, bool again);
  absl::StatusOr<executor::FenceAnswer> AskFence(const std::string& owner, int committer,
                                                 int64_t epoch);
  executor::ReadResult Read(const executor::ReadRequest& request);

  void Restart();
  void JumpClock();
  void Heal() { away_until_ = 0; }
  // From now on writes of this execution are refused, a few times.
  void Refuse(const Uuid& execution) { refusals_[execution] = 2; }
  // Whether the lane was taken from this executor, which may not know it yet.
  bool TakenFrom(int lane, const std::string& executor) const {
    auto it = taken_.find(lane);
    return it != taken_.end() && it->second == executor;
  }
  // Somebody else has looked, and may have taken lanes from others.
  void LanesSeen(const std::map<int, std::pair<std::string, int>>& before);
  // Empty when no ticket and no message is left.
  std::string AtRest() const;
  bool WasRefused(const Uuid& execution) const { return refused_.contains(execution); }
  // Whether it ever refused anything for its data: from then on batches come in parts.
  bool refused_any() const { return refused_any_; }

 private:
  World& world_;
  executor::MemoryDatabase rows_;
  int64_t offset_ = 0;
  bool clock_went_back_ = false;
  int64_t away_until_ = 0;
  int incarnation_ = 0;
  std::map<int, std::string> taken_;  // by lane: from whom
  std::map<Uuid, int> refusals_;
  std::set<Uuid> refused_;
  bool refused_any_ = false;
};

// A committer's two connections.
class SimStore final : public executor::Store {
 public:
  SimStore(World& world, std::string owner, int committer, std::function<void()> wake)
      : world_(world), owner_(std::move(owner)), committer_(committer), wake_(std::move(wake)) {}

  void BeginCommit(const executor::Fence& expected, executor::Transaction transaction) override;
  std::optional<executor::CommitOutcome> TakeCommit() override;
  void BeginAskFence(int64_t epoch) override;
  std::optional<absl::StatusOr<executor::FenceAnswer>> TakeFence() override;
  void BeginRead(executor::ReadRequest request) override;
  std::optional<absl::StatusOr<executor::ReadResult>> TakeRead() override;

 private:
  void Answer(int64_t after, executor::CommitOutcome outcome);
  void Send(int64_t after, const executor::Fence& expected,
            const executor::Transaction& transaction, bool answered);
  void AskLater(int64_t after, int64_t epoch);
  // Runs on behalf of this store, unless its process is gone by then.
  void After(int64_t micros, std::function<void()> run);

  World& world_;
  const std::string owner_;
  const int committer_;
  const std::function<void()> wake_;
  const std::shared_ptr<int> alive_ = std::make_shared<int>(0);
  // Changes when the fence was asked, which ends the connection before: what was sent over that one
  // and comes later is void.
  const std::shared_ptr<int> connection_ = std::make_shared<int>(0);
  bool again_ = false;        // the next commit repeats one whose answer was lost
  int64_t locked_until_ = 0;  // an older transaction still holds the owner's row
  std::optional<executor::CommitOutcome> commit_;
  std::optional<absl::StatusOr<executor::FenceAnswer>> fence_;
  std::optional<absl::StatusOr<executor::ReadResult>> read_;
};

class SimLaneTable final : public executor::LaneTable {
 public:
  SimLaneTable(World& world, std::string owner, int committers, std::string address);

  absl::StatusOr<std::vector<int64_t>> Join() override;
  absl::StatusOr<executor::LaneView> Look(bool take, const executor::Suspects& suspects) override;
  absl::Status Release() override;

 private:
  // An error, before the call or after it was carried out.
  absl::Status Trouble();

  World& world_;
  executor::MemoryLaneTable table_;
  const std::string owner_;
};

}  // namespace agentflow::sim
