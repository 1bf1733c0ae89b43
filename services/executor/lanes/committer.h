#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "libs/base/random.h"
#include "libs/engine/engine.h"
#include "services/executor/feed/change.h"
#include "services/executor/lanes/admission.h"
#include "services/executor/lanes/batch_writer.h"
#include "services/executor/lanes/claim_board.h"
#include "services/executor/lanes/commands.h"
#include "services/executor/lanes/database_clock.h"
#include "services/executor/lanes/dispatch.h"
#include "services/executor/lanes/fair_queue.h"
#include "services/executor/lanes/key_board.h"
#include "services/executor/lanes/tenant_load.h"

namespace agentflow::executor {

struct CommitterOptions {
  engine::Limits limits;
  size_t batch_items = 1000;         // commands decided in one batch
  size_t batch_bytes = 4u << 20;     // journal bytes of one batch
  size_t inbox_limit = 20'000;       // waiting; more are refused, but for results of tasks
  int64_t renew_after = 1'000'000;   // an idle committer renews its lease this often
  int64_t task_lease = 30'000'000;   // a holder may be silent for this long
  int64_t claim_grace = 10'000'000;  // after a takeover: time for holders to report
  int64_t lease_check = 1'000'000;
  int64_t child_again = 1'000'000;    // until a child that could not be started is asked for again
  size_t snapshot_bytes = 64 * 1024;  // journal tail after which a snapshot is written
  int lanes_per_read = 16;
  int64_t slow_commit = 150'000;   // a database that takes longer to commit a little is slow
  int64_t slow_after = 350'000;    // and too slow once it has not been quicker for so long
  int64_t mail_every = 5'000'000;  // looks for messages whose sender could not tell of them
};

// What it has done, for metrics; read from any thread.
struct CommitterStats {
  std::atomic<int64_t> lanes{0};
  std::atomic<int64_t> live{0};
  std::atomic<int64_t> backlog{0};
  std::atomic<int64_t> oldest_item_at{0};  // monotonic; 0: nothing waits
  std::atomic<int64_t> batches{0};
  std::atomic<int64_t> executions_written{0};
  std::atomic<int64_t> items{0};
  std::atomic<int64_t> refused{0};
  std::atomic<int64_t> rehomed{0};
  std::function<void(size_t executions, int64_t micros)> on_commit;
};

struct CommitterParts {
  Store& store;
  DatabaseClock& clock;
  Random& random;
  Dispatch& dispatch;
  Plans& plans;
  TenantLoad& load;
  ClaimBoard& board;
  // Runs the callbacks of a commit, in order; null: at once.
  std::function<void(std::vector<std::function<void()>>)> answer;
  // Starts a child execution: its StartItem comes through this committer's inbox, or a command
  // that refuses it, or a ChildLaterItem. Null: none can be started.
  std::function<void(ChildRequest)> start_child;
  // Wakes whoever runs Step, from any thread; null: nobody sleeps.
  std::function<void()> wake;
  // After each commit: the feed has a new batch.
  std::function<void()> published;
  // What is believed about a tenant now, without waiting; null: nobody has limits.
  std::function<TenantLimits(const std::string& tenant)> limits;
  // Decides; null: engine::Advance. A simulation looks at every decision here.
  std::function<absl::StatusOr<engine::Decision>(engine::ExecutionState&, const engine::Command&,
                                                 const engine::Limits&)>
      advance;
  // Lanes were lost or handed over: whoever keeps them should look.
  std::function<void()> lanes_changed;
  // Messages for lanes of other committers are in the outbox.
  std::function<void(const std::vector<int>& lanes)> mail_sent;
};

// The single-threaded state machine of a set of lanes: takes commands, decides them in memory,
// commits everything that they did as one transaction, and only then answers and hands out. While
// a batch is being written the next one is decided on its uncommitted state; nothing of it leaves
// before both are durable.
//
// A plain object: all but Post and stats() belong to the thread that calls Step, which never
// blocks.
class Committer {
 public:
  Committer(CommitterParts parts, CommitterOptions options);
  ~Committer();

  // From any thread. False when too much waits already; the item is then untouched.
  [[nodiscard]] bool Post(Item&& item);
  // From any thread: which lanes this committer shall have. Only ever grows, until it gives some
  // away or loses all.
  void Own(const std::vector<int>& lanes);
  // From any thread: stops these lanes and gives them away with the next batch. What comes for them
  // from then on waits until Left. Those that are not loaded yet are kept.
  void HandOver(const std::vector<LaneMove>& moves);
  // Being given away, or given away and not Left yet.
  bool Leaving(int lane) const { return leaving_[static_cast<size_t>(lane)].load(); }
  // The move is committed. From any thread.
  bool Gave(int lane) const { return gave_[static_cast<size_t>(lane)].load(); }
  // From any thread: the new owners of lanes that were given away take commands now. Callers that
  // wait hear LANE_MOVED with the new owner's address.
  void Left(const std::vector<std::pair<int, std::string>>& lanes);
  // From any thread. False: a command for it would be refused with LANE_MOVED.
  bool Owns(int lane) const { return owned_[static_cast<size_t>(lane)].load(); }
  // Owned, and its executions are in memory.
  bool Ready(int lane) const { return ready_[static_cast<size_t>(lane)].load(); }

  // From any thread: moves the journals of executions that have outlived their retention class to
  // that day (since 1970-01-01), before the day they lie on is dropped. Some at a time: asked again
  // it goes on.
  void Rehome(int today) { rehome_asked_ = today; }

  // From any thread: there are messages for these lanes in the outbox.
  void MailCame(const std::vector<int>& lanes);
  // From any thread: whether anybody else could send messages to its lanes. Then the outbox is
  // looked at from time to time, for those that nobody told of.
  void ExpectMail(bool expected) { expect_mail_ = expected; }
  // From any thread: others want to see its lease renewed this often, if not more often.
  void RenewWithin(int64_t micros);
  // From any thread: since when (monotonic) the database owes it an answer; 0: it owes none.
  int64_t unanswered_since() const { return unanswered_since_; }
  // From any thread: while others want to see its lease renewed, whether the database has not
  // committed anything quickly for too long.
  bool Slow() const;

  // Moves everything on as far as it goes now. True: something happened, call again.
  bool Step();
  // Monotonic time at which Step has something to do even if nothing else happens.
  int64_t WakeAt() const;
  // No right to write: new, or fenced out and everything dropped. Wants a Reset.
  bool lost() const { return lost_ && !resetting_; }
  // Drops everything, as after a fence.
  void Abandon();
  // Begins anew without lanes and asks the fence, once what the store is still doing has ended.
  // `epoch`: as the lane table's Join said. REQUIRES: lost().
  void Reset(int64_t epoch);
  bool joined() const { return joined_; }
  // Nothing waits, is being decided or written.
  bool Idle() const;

  const CommitterStats& stats() const { return stats_; }
  CommitterStats& stats() { return stats_; }
  const Fence& fence() const { return writer_->fence(); }
  // For tests: null when not in memory.
  const engine::ExecutionState* Find(const Uuid& execution) const;

 private:
  struct LiveTask;
  struct Live;
  struct BatchEntry;
  struct Batch;
  struct Answer;
  // What a decision means for another execution of the lane: for the same batch.
  struct Consequence {
    Uuid execution;
    std::string step;  // of a ChildEnded: key of the parent's step; else empty
    engine::CommandBody body;
  };
  using TimerKey = std::tuple<UnixMicros, Uuid, std::string>;  // encoded engine::TimerId
  using TaskKey = std::tuple<UnixMicros, Uuid, engine::StepRef, uint32_t>;

  // committer.cc: the round
  bool TakeInbox();
  bool TakeCommit();
  bool FireTimers();
  bool OfferDelayed();
  void OfferDue(const std::vector<TaskKey>& due);
  bool AdmitQueued();
  void Queue(const Live& live);
  bool CheckLeases();
  bool DecideItems();
  bool StartCommit();
  void Seal(Batch& batch);
  void Release(Batch& batch, const BatchResult& result);
  void BeginOutside(const Batch& batch);
  void Drop(const Uuid& execution);
  void StartAgain(StartItem start);
  void Lose();
  bool FinishReset();
  int64_t RenewAfter() const { return std::min(options_.renew_after, renew_within_.load()); }

  // decide.cc: commands
  void Decide(Item item);
  void DecideStart(StartItem item, bool looked_up);
  void Begin(StartItem item);
  absl::Status TryBegin(StartItem& item);
  void AnswerStart(StartItem item);
  // Who has the business key that the start wants: nil for nobody, or where it wants none.
  Uuid HolderOf(const StartItem& item) const;
  void AnswerWithHolder(StartItem item, const Uuid& holder);
  void DecideCommand(CommandItem item);
  void Refuse(Item& item, const absl::Status& status);
  void DecideHeld(HeldItem item);
  void Confirm(const HeldItem& item);
  void DecideResult(ResultItem item);
  void Reoffer();
  // Runs one command of the engine and books what follows from it.
  absl::Status Run(Live& live, engine::CommandBody body, std::string principal = {});
  void Book(Live& live, engine::Decision decision);
  BatchEntry& EntryOf(Live& live);
  void BookAction(Live& live, engine::Action action);
  void TakeBack(Live& live, const engine::CancelTask& cancel);
  void EndTask(Live& live, engine::StepRef ref);
  void AddTimer(Live& live, UnixMicros at, std::string id);
  void RemoveTimer(Live& live, UnixMicros at, const std::string& id);
  Batch& Forming();
  // Once a batch that is begun after this is durable. An empty one is written if need be: only a
  // commit shows that the lanes are still this committer's, and that what it knows is true.
  void AfterCommit(std::function<void()> effect);
  // The same for an answer: called with OK, or with the reason why it cannot be given.
  void Reply(const Uuid& execution, std::function<void(const absl::Status&)> answer);
  AttemptName NameOf(const Live& live, engine::StepRef ref, uint32_t attempt) const;

  // children.cc: executions that are steps of others
  void BeginChild(StartItem item);
  void MournChild(const Live& child);
  // Those that begin in the forming batch.
  void DropChildren(const Uuid& parent, std::set<Uuid>* dropped);
  void MournLostChild(const Live& parent, engine::StepRef step, uint32_t attempt);
  void RequestChild(const Uuid& execution, engine::StepRef step, uint32_t attempt);
  bool RequestLateChildren();
  bool Wanted(const engine::ExecutionState& child) const;
  void Follow(Consequence next);

  // approvals.cc: what steps ask people
  void BookApprovals(Live& live, ExecutionWrite& write, const engine::Decision& decision);

  void ReopenApprovals(Live& live, ExecutionWrite& write,
                       const std::map<engine::StepRef, Uuid>& before);

  // keys.cc: messages between lanes
  void AskKey(Live& live, const engine::AcquireKey& ask);
  void GiveBackKey(Live& live, const engine::ReleaseKey& release);
  // By ticket's step. `from`: as in Send.
  void GiveBackKeys(const Live& live, const std::map<std::string, std::string>& tickets,
                    Live* from);
  // Places at keys of this committer that an execution does not know of.
  void GiveBackUnknown(const Uuid& execution);
  bool Reaches(const LaneMessage& message) const;
  bool MailIsUnderWay(int lane) const;
  // Of an execution, with whose other effects it happens or does not; null: of the batch.
  void Send(LaneMessage message, Live* from);
  void FollowAll();
  void Announce(KeyBoard::Result result);
  void Deliver(const LaneMessage& message);
  void TakeMail(std::vector<Mail> mail);
  void MailCommitted(Batch& batch);
  void LookForMail();

  // handover.cc: lanes that are given to others
  void TakeMoves();
  void Freeze(const std::vector<LaneMove>& moves);
  void Leave(const std::vector<LaneMove>& moves);
  bool Frozen(const Uuid& execution) const {
    return frozen_[static_cast<size_t>(LaneOf(execution))];
  }

  // recover.cc: executions from the store
  bool StartRead();
  bool TakeRead();
  bool AdoptLoaded();
  absl::Status Adopt(StoredExecution& stored, const engine::PlanPtr& plan);
  // Begins everything that must go on outside for its state. Whoever holds a task has one grace
  // period to say so before it is offered again.
  void TakeUp(Live& live);
  void Reload(Live& live, const engine::ReloadExecution& reload);
  void FindHomeless();
  void RehomeOne();
  void Forget(const Uuid& execution);
  void LaneLoaded(int lane);
  void Unpark(std::vector<Item> items);
  void Present(const Uuid& execution);

  std::atomic<int> rehome_asked_{0};
  int rehome_day_ = 0;
  std::deque<Uuid> homeless_;
  bool rehoming_ = false;  // the command under way is RehomeExecution

  const CommitterParts parts_;
  const CommitterOptions options_;
  CommitterStats stats_;
  std::unique_ptr<BatchWriter> writer_;
  bool joined_ = false;
  bool joining_ = false;
  std::atomic<bool> lost_{true};
  std::atomic<bool> resetting_{false};
  std::atomic<int64_t> reset_epoch_{0};

  mutable std::mutex inbox_mutex_;
  std::vector<std::pair<int64_t, Item>> inbox_;  // with the time of arrival
  std::vector<int> granted_;
  std::vector<LaneMove> asked_moves_;
  std::vector<std::pair<int, std::string>> left_;
  std::atomic<size_t> waiting_{0};  // items posted and not decided yet
  std::array<std::atomic<bool>, kLaneCount> owned_{};
  std::array<std::atomic<bool>, kLaneCount> ready_{};
  std::array<std::atomic<bool>, kLaneCount> leaving_{};
  std::array<std::atomic<bool>, kLaneCount> gave_{};

  // Lanes whose last batch is sealed: nothing about them may be decided any more.
  std::array<bool, kLaneCount> frozen_{};
  std::vector<LaneMove> moves_;  // for the next batch

  UnixMicros now_ = 0;
  int64_t monotonic_ = 0;
  FairQueue<std::pair<int64_t, Item>> backlog_;
  Admission admission_;
  // Later than the last lane was loaded, so that what is under way in all lanes of this process
  // has been counted.
  int64_t admit_from_ = 0;
  std::deque<Consequence> consequences_;
  // Children to ask for again: when (monotonic), parent, key of the step, attempt.
  std::set<std::tuple<int64_t, Uuid, std::string, uint32_t>> late_children_;
  std::deque<std::pair<Uuid, engine::CommandBody>> internal_;        // for this batch
  std::vector<std::pair<Uuid, engine::CommandBody>> next_internal_;  // for the one after it
  absl::flat_hash_map<Uuid, std::unique_ptr<Live>> live_;
  std::unique_ptr<Batch> forming_;
  std::unique_ptr<Batch> flushing_;
  uint64_t batch_number_ = 0;
  int64_t last_commit_at_ = 0;
  // The answer of the batch that is being released was so long in coming that nobody knows whether
  // the lanes are still this committer's.
  bool late_ = false;
  std::atomic<int64_t> renew_within_{std::numeric_limits<int64_t>::max()};
  std::atomic<int64_t> unanswered_since_{0};
  std::atomic<int64_t> quick_at_{0};  // monotonic: when the database was quick last

  std::set<TimerKey> timers_;
  std::set<TaskKey> delayed_;
  std::map<std::pair<Uuid, engine::StepRef>, int64_t> held_;  // lease's end, monotonic
  int64_t leases_checked_at_ = 0;

  KeyBoard keys_;
  std::deque<LaneMessage> local_;  // for lanes of this committer, part of the forming batch
  std::set<int> mail_came_;        // under inbox_mutex_
  std::set<int> mail_to_read_;
  std::vector<int> mail_in_read_;
  int64_t mail_again_at_ = 0;
  int64_t mail_looked_at_ = 0;
  std::set<int64_t> taken_mail_;     // whose deletion a read may not see yet
  std::vector<int64_t> spent_mail_;  // of these: deleted while a read was under way
  std::atomic<bool> expect_mail_{false};

  // (tenant, workflow, business key) of executions in memory. One that is over no longer has it.
  using BusinessKey = std::tuple<std::string, std::string, std::string>;
  std::map<BusinessKey, Uuid> business_keys_;
  static BusinessKey BusinessKeyOf(const ExecutionFacts& facts) {
    return {facts.tenant, facts.workflow, facts.business_key};
  }

  // Starts under a request id: those that a look-up may not see yet.
  std::map<Uuid, std::string> recent_starts_;
  std::vector<Uuid> spent_starts_;  // committed while a look-up was under way
  std::vector<StartItem> awaiting_lookup_;
  std::vector<StartItem> in_lookup_;

  std::set<int> lanes_to_load_;
  std::vector<int> lanes_in_read_;
  std::set<Uuid> executions_to_load_;
  std::vector<Uuid> executions_in_read_;
  bool reading_ = false;
  bool read_void_ = false;  // what is being read was for lanes that were lost meanwhile
  int64_t retry_read_at_ = 0;
  std::deque<StoredExecution> loaded_;  // waiting for their plans
  int64_t adopt_again_at_ = 0;
  // Children whose parents are still to come, by parent: what they do means something there.
  std::map<Uuid, std::vector<StoredExecution>> orphans_;
  std::map<int, std::vector<Item>> parked_;   // for lanes that are being loaded
  std::map<Uuid, std::vector<Item>> absent_;  // for executions that are live but not in memory
  std::set<Uuid> refused_;                    // of these: after a refused write
  std::set<Uuid> unloaded_;  // live, but they cannot be loaded: left as they are stored
};

}  // namespace agentflow::executor
