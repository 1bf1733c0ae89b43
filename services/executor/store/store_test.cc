// What every Store promises, checked on the model in memory and on PostgreSQL.
#include "services/executor/store/store.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "absl/strings/str_split.h"
#include "libs/base/lane.h"
#include "libs/base/status.h"
#include "libs/pg/migrate.h"
#include "libs/testing/postgres.h"
#include "migrations/executor.h"
#include "services/executor/lanes/batch_writer.h"
#include "services/executor/store/memory_store.h"
#include "libs/pg/pipeline.h"
#include "services/executor/store/pg_housekeeping.h"
#include "services/executor/store/pg_store.h"

namespace agentflow::executor {
namespace {

using Live = ExecutionWrite::Live;
using Kind = CommitOutcome::Kind;

// A database with its stores and lane tables.
class World {
 public:
  virtual ~World() = default;
  virtual std::unique_ptr<Store> NewStore(const std::string& owner, int committer) = 0;
  virtual std::unique_ptr<LaneTable> NewLanes(const std::string& owner, int committers) = 0;
  virtual void ExpireLeases() = 0;
  // From now on lane tables replace suspects with less than this left of their lease.
  virtual void SetSuspectLeft(std::chrono::milliseconds left) = 0;
  // So much is left of the leases of the owner.
  virtual void LeaveLease(const std::string& owner, std::chrono::milliseconds left) = 0;
  // The owner's process is gone with its connections; its lease still runs.
  virtual void Kill(const std::string& owner, std::vector<std::unique_ptr<Store>>& stores) = 0;
  virtual int CountLive() = 0;
  virtual int CountClosed() = 0;
  virtual int CountJournal() = 0;
  // "state decider comment values title", in the order of the ids.
  virtual std::vector<std::string> Approvals() = 0;
};

class MemoryWorld final : public World {
 public:
  std::unique_ptr<Store> NewStore(const std::string& owner, int committer) override {
    return std::make_unique<MemoryStore>(database_, owner, committer);
  }
  std::unique_ptr<LaneTable> NewLanes(const std::string& owner, int committers) override {
    return std::make_unique<MemoryLaneTable>(database_, owner, committers, owner + ":1");
  }
  void ExpireLeases() override { database_.now += 10'000'000; }
  void SetSuspectLeft(std::chrono::milliseconds left) override {
    database_.suspect_left = left.count() * 1000;
  }
  void LeaveLease(const std::string& owner, std::chrono::milliseconds left) override {
    for (auto& [key, row] : database_.owners) {
      if (key.first == owner) row.lease_until = database_.now + left.count() * 1000;
    }
  }
  void Kill(const std::string& owner, std::vector<std::unique_ptr<Store>>&) override {
    for (auto& [key, row] : database_.owners) {
      if (key.first == owner) row.connected = false;
    }
  }
  int CountLive() override { return static_cast<int>(database_.live.size()); }
  int CountClosed() override { return static_cast<int>(database_.closed.size()); }
  int CountJournal() override {
    int rows = 0;
    for (const auto& [id, records] : database_.journal) rows += static_cast<int>(records.size());
    return rows;
  }

  std::vector<std::string> Approvals() override {
    std::vector<std::string> list;
    for (const auto& [id, a] : database_.approvals) {
      list.push_back(std::to_string(static_cast<int>(a.state)) + " " + a.decider + " " + a.comment +
                     " " + a.values + " " + a.title);
    }
    return list;
  }

 private:
  MemoryDatabase database_;
};

class PgWorld final : public World {
 public:
  PgWorld() {
    AF_CHECK(pg::Migrate(database_.Url("executor_owner"), Migrations()).ok());
    PgHousekeeping housekeeping(database_.Url("executor_engine"));
    AF_CHECK(housekeeping.EnsurePartitions(30, 19'675, 19'677).ok());
    // Before, nobody is believed to be dead for being suspected.
    while (database_.Sql("SELECT pg_postmaster_start_time() < now() - interval '1 s'") != "t") {
      std::this_thread::yield();
    }
  }
  std::unique_ptr<Store> NewStore(const std::string& owner, int committer) override {
    return std::make_unique<PgStore>(PgStoreOptions{
        .url = database_.Url("executor_engine"), .owner = owner, .committer = committer});
  }
  std::unique_ptr<LaneTable> NewLanes(const std::string& owner, int committers) override {
    return std::make_unique<PgLaneTable>(PgLaneTableOptions{.url = database_.Url("executor_engine"),
                                                            .owner = owner,
                                                            .committers = committers,
                                                            .address = owner + ":1",
                                                            .suspect_left_ms = suspect_left_ms_});
  }
  void SetSuspectLeft(std::chrono::milliseconds left) override {
    suspect_left_ms_ = static_cast<int>(left.count());
  }
  void LeaveLease(const std::string& owner, std::chrono::milliseconds left) override {
    database_.Sql("UPDATE executor.owner SET lease_until = clock_timestamp() + interval '" +
                  std::to_string(left.count()) + " ms' WHERE owner_id = '" + owner + "'");
  }
  void ExpireLeases() override {
    database_.Sql("UPDATE executor.owner SET lease_until = now() - interval '1 s'");
  }
  void Kill(const std::string&, std::vector<std::unique_ptr<Store>>& stores) override {
    stores.clear();
    while (database_.Sql("SELECT count(*) FROM executor.owner o JOIN pg_stat_activity a "
                         "ON a.pid = o.backend_pid AND a.backend_start = o.backend_start") != "0") {
      std::this_thread::yield();
    }
  }
  int CountLive() override { return Count("live_execution"); }
  int CountClosed() override { return Count("closed_execution"); }
  int CountJournal() override { return Count("journal"); }
  std::vector<std::string> Approvals() override {
    const std::string text = database_.Sql(
        "SELECT coalesce(string_agg(concat_ws(' ', state, decider, comment, decided_values, title),"
        " '|' ORDER BY approval_id), '') FROM executor.approval");
    return absl::StrSplit(text, '|', absl::SkipEmpty());
  }
  testing::PostgresForTest& database() { return database_; }

 private:
  int Count(const std::string& table) {
    return std::stoi(database_.Sql("SELECT count(*) FROM executor." + table));
  }
  testing::PostgresForTest database_;
  int suspect_left_ms_ = 0;
};

// The store's threads answer when they answer; the model at once.
template <typename Take>
auto Await(Take take) {
  while (true) {
    if (auto answer = take()) return *std::move(answer);
    std::this_thread::yield();
  }
}

CommitOutcome Commit(Store& store, const Fence& fence, std::vector<WritePtr> writes,
                     std::vector<LaneMove> moves = {}) {
  store.BeginCommit(fence, {.writes = std::move(writes), .moves = std::move(moves)});
  return Await([&] { return store.TakeCommit(); });
}
absl::StatusOr<Fence> AskFence(Store& store, int64_t epoch) {
  store.BeginAskFence(epoch);
  AF_ASSIGN_OR_RETURN(const FenceAnswer answer, Await([&] { return store.TakeFence(); }));
  EXPECT_GT(answer.database_time, 0);
  return answer.fence;
}
ReadResult Read(Store& store, ReadRequest request) {
  store.BeginRead(std::move(request));
  absl::StatusOr<ReadResult> result = Await([&] { return store.TakeRead(); });
  EXPECT_TRUE(result.ok()) << result.status();
  return *std::move(result);
}
BatchResult WriteBatch(BatchWriter& writer, std::vector<WritePtr> writes) {
  SystemClock clock;
  writer.Start({.writes = std::move(writes)});
  return Await([&] { return writer.Step(clock); });
}

// Makes a store lose the acknowledgement of its next commit.
class LossyStore final : public Store {
 public:
  explicit LossyStore(Store& inner) : inner_(inner) {}
  void BeginCommit(const Fence& expected, Transaction transaction) override {
    inner_.BeginCommit(expected, std::move(transaction));
  }
  std::optional<CommitOutcome> TakeCommit() override {
    auto outcome = inner_.TakeCommit();
    if (outcome && lose_next) {
      lose_next = false;
      return CommitOutcome{.kind = Kind::kUnknown, .status = Unavailable("LOST", "lost")};
    }
    return outcome;
  }
  void BeginAskFence(int64_t epoch) override { inner_.BeginAskFence(epoch); }
  std::optional<absl::StatusOr<FenceAnswer>> TakeFence() override { return inner_.TakeFence(); }
  void BeginRead(ReadRequest request) override { inner_.BeginRead(std::move(request)); }
  std::optional<absl::StatusOr<ReadResult>> TakeRead() override { return inner_.TakeRead(); }

  bool lose_next = false;

 private:
  Store& inner_;
};

class StoreTest : public ::testing::TestWithParam<bool> {
 protected:
  StoreTest() {
    if (GetParam()) {
      world_ = std::make_unique<PgWorld>();
    } else {
      world_ = std::make_unique<MemoryWorld>();
    }
  }

  // A new execution in `lane` that stays live.
  std::shared_ptr<ExecutionWrite> NewExecution(int lane) {
    auto facts = std::make_shared<ExecutionFacts>();
    facts->start_time = 1'700'000'000'000'000;  // day 19675
    facts->id = MakeExecutionId(facts->start_time / 1000, lane, random_);
    facts->tenant = "acme";
    facts->start_day = StartDayOf(facts->id, facts->start_time);
    facts->workflow = "workflows/w";
    facts->content_hash = "sha256:1";
    facts->labels = R"({"team":"x"})";
    facts->principal = "users/1";
    auto write = std::make_shared<ExecutionWrite>();
    write->facts = facts;
    write->first_sequence = 1;
    write->last_sequence = 2;
    write->events = std::string("ev\0nts", 6);
    write->live = Live::kInsert;
    write->state = 2;
    write->change = "change";
    return write;
  }
  static std::shared_ptr<ExecutionWrite> Next(const ExecutionWrite& before, std::string events) {
    auto write = std::make_shared<ExecutionWrite>();
    write->facts = before.facts;
    write->first_sequence = before.last_sequence + 1;
    write->last_sequence = before.last_sequence + 1;
    write->events = std::move(events);
    write->state = before.state;
    return write;
  }

  // Takes what is free.
  static LaneView Look(LaneTable& lanes, const std::vector<std::string>& suspects = {}) {
    absl::StatusOr<LaneView> view = lanes.Look(/*take=*/true, suspects);
    EXPECT_TRUE(view.ok()) << view.status();
    return *view;
  }
  static int Count(const LaneView& view, const std::string& owner) {
    return static_cast<int>(
        std::count_if(view.lanes.begin(), view.lanes.end(),
                      [&](const LaneView::Lane& lane) { return lane.owner == owner; }));
  }
  // An owner with all lanes and its fence.
  Fence JoinAll(LaneTable& lanes, Store& store) {
    EXPECT_TRUE(lanes.Join().ok());
    EXPECT_EQ(Count(Look(lanes), "a"), 256);
    return *AskFence(store, 0);
  }

  SeededRandom random_{1};
  std::unique_ptr<World> world_;
};

TEST_P(StoreTest, ABatchIsWrittenAndReadBack) {
  auto lanes = world_->NewLanes("a", 1);
  auto store = world_->NewStore("a", 0);
  const Fence fence = JoinAll(*lanes, *store);
  EXPECT_EQ(fence.seq, 0);
  auto first = NewExecution(3);
  auto second = NewExecution(4);
  second->body_hash = "hash";
  const CommitOutcome outcome = Commit(*store, fence, {first, second});
  ASSERT_EQ(outcome.kind, Kind::kCommitted) << outcome.status;
  EXPECT_GT(outcome.database_time, 1'600'000'000'000'000);
  EXPECT_EQ(*AskFence(*store, fence.epoch), (Fence{fence.epoch, 1}));

  const ReadResult read =
      Read(*store, {.start_keys = {first->facts->id, second->facts->id}, .lanes = {3}});
  ASSERT_EQ(read.executions.size(), 1u);
  EXPECT_EQ(read.executions[0].facts.id, first->facts->id);
  EXPECT_EQ(read.executions[0].facts.tenant, "acme");
  EXPECT_EQ(read.executions[0].facts.labels, R"({"team":"x"})");
  EXPECT_EQ(read.executions[0].facts.start_time, first->facts->start_time);
  EXPECT_EQ(read.executions[0].state, 2);
  ASSERT_EQ(read.executions[0].records.size(), 1u);
  EXPECT_EQ(read.executions[0].records[0], std::string("ev\0nts", 6));
  ASSERT_EQ(read.starts.size(), 1u);
  EXPECT_EQ(read.starts[0].execution, second->facts->id);
  EXPECT_EQ(read.starts[0].body_hash, "hash");
}

TEST_P(StoreTest, SnapshotsReplaceTheRecordsBeforeThem) {
  auto lanes = world_->NewLanes("a", 1);
  auto store = world_->NewStore("a", 0);
  Fence fence = JoinAll(*lanes, *store);
  auto first = NewExecution(3);
  auto second = Next(*first, "two");
  second->live = Live::kUpdate;
  second->state = 3;
  second->snapshot = "snap";
  auto third = Next(*second, "three");
  for (const auto& write : {first, second, third}) {
    ASSERT_EQ(Commit(*store, fence, {write}).kind, Kind::kCommitted);
    ++fence.seq;
  }
  const ReadResult read = Read(*store, {.executions = {first->facts->id}});
  ASSERT_EQ(read.executions.size(), 1u);
  EXPECT_EQ(read.executions[0].state, 3);
  EXPECT_EQ(read.executions[0].snapshot, "snap");
  EXPECT_EQ(read.executions[0].records, std::vector<std::string>{"three"});
}

TEST_P(StoreTest, ApprovalsAreWrittenWithTheirExecution) {
  auto lanes = world_->NewLanes("a", 1);
  auto store = world_->NewStore("a", 0);
  Fence fence = JoinAll(*lanes, *store);
  auto first = NewExecution(3);
  Approval approval{.id = ApprovalIdOf(first->facts->id, "sign"),
                    .execution = first->facts->id,
                    .step = "sign",
                    .workflow = "workflows/w",
                    .title = std::string("Pay\0?", 5),
                    .approvers = {"role:lead", "user:ann"},
                    .create_time = 1'700'000'000'000'000};
  EXPECT_EQ(LaneOf(approval.id), 3);
  first->opened_approvals = {approval};
  approval.state = ApprovalState::kApproved;
  approval.end_time = 1'700'000'000'100'000;
  approval.decider = "users/ann";
  approval.comment = "yes";
  approval.values = "{}";
  auto second = Next(*first, "two");
  second->closed_approvals = {approval};
  // The same step may ask again.
  auto third = Next(*second, "three");
  third->opened_approvals = first->opened_approvals;
  const std::vector<std::string> expected[] = {
      {"1    Pay?"}, {"2 users/ann yes {} Pay?"}, {"1    Pay?"}};
  int i = 0;
  for (const auto& write : {first, second, third}) {
    ASSERT_EQ(Commit(*store, fence, {write}).kind, Kind::kCommitted);
    ++fence.seq;
    std::vector<std::string> found = world_->Approvals();
    for (std::string& each : found) std::erase(each, '\0');
    EXPECT_EQ(found, expected[i++]);
  }
}

TEST_P(StoreTest, AMigratedExecutionIsReadBackWithItsNewVersion) {
  auto lanes = world_->NewLanes("a", 1);
  auto store = world_->NewStore("a", 0);
  Fence fence = JoinAll(*lanes, *store);
  auto first = NewExecution(3);
  auto second = Next(*first, "two");
  auto facts = std::make_shared<ExecutionFacts>(*first->facts);
  facts->version = 8;
  facts->content_hash = "sha256:8";
  second->facts = facts;
  second->live = Live::kUpdate;
  second->snapshot = "snap";
  for (const auto& write : {first, second}) {
    ASSERT_EQ(Commit(*store, fence, {write}).kind, Kind::kCommitted);
    ++fence.seq;
  }
  const ReadResult read = Read(*store, {.executions = {first->facts->id}});
  ASSERT_EQ(read.executions.size(), 1u);
  EXPECT_EQ(read.executions[0].facts.version, 8);
  EXPECT_EQ(read.executions[0].facts.content_hash, "sha256:8");
}

TEST_P(StoreTest, AnExecutionThatIsOverLeavesTheLiveTable) {
  auto lanes = world_->NewLanes("a", 1);
  auto store = world_->NewStore("a", 0);
  Fence fence = JoinAll(*lanes, *store);
  auto longer = NewExecution(1);
  auto brief = NewExecution(2);  // starts and ends in one batch
  brief->live = Live::kNone;
  brief->state = 6;
  brief->end = ExecutionWrite::End{.time = 1'700'000'000'500'000};
  ASSERT_EQ(Commit(*store, fence, {longer, brief}).kind, Kind::kCommitted);
  EXPECT_EQ(world_->CountLive(), 1);
  EXPECT_EQ(world_->CountClosed(), 1);
  auto end = Next(*longer, "end");
  end->live = Live::kDelete;
  end->state = 7;
  end->end = ExecutionWrite::End{.time = 1'700'000'000'600'000,
                                 .error_reason = "NODE_FAILED",
                                 .error_message = std::string("a\0b", 3)};
  ++fence.seq;
  ASSERT_EQ(Commit(*store, fence, {end}).kind, Kind::kCommitted);
  EXPECT_EQ(world_->CountLive(), 0);
  EXPECT_EQ(world_->CountClosed(), 2);
  EXPECT_EQ(world_->CountJournal(), 3);
}

TEST_P(StoreTest, TheFenceRaises) {
  auto lanes = world_->NewLanes("a", 1);
  auto store = world_->NewStore("a", 0);
  const Fence fence = JoinAll(*lanes, *store);
  for (const Fence& wrong : {Fence{fence.epoch + 1, fence.seq}, Fence{fence.epoch, fence.seq + 1},
                             Fence{fence.epoch - 1, fence.seq}}) {
    EXPECT_EQ(Commit(*store, wrong, {NewExecution(3)}).kind, Kind::kFenced);
  }
  EXPECT_EQ(world_->CountJournal(), 0);
  EXPECT_EQ(Commit(*store, fence, {NewExecution(3)}).kind, Kind::kCommitted);
}

TEST_P(StoreTest, ARefusedWriteLeavesNothing) {
  auto lanes = world_->NewLanes("a", 1);
  auto store = world_->NewStore("a", 0);
  Fence fence = JoinAll(*lanes, *store);
  auto twice = NewExecution(3);
  ASSERT_EQ(Commit(*store, fence, {twice}).kind, Kind::kCommitted);
  ++fence.seq;
  auto again = std::make_shared<ExecutionWrite>(*twice);
  again->first_sequence = 3;  // the journal row is new, the live row is not
  again->last_sequence = 3;
  EXPECT_EQ(Commit(*store, fence, {NewExecution(4), again}).kind, Kind::kRefused);
  EXPECT_EQ(world_->CountLive(), 1);
  EXPECT_EQ(*AskFence(*store, fence.epoch), fence);
}

TEST_P(StoreTest, OneBadExecutionFailsAlone) {
  auto lanes = world_->NewLanes("a", 1);
  auto store = world_->NewStore("a", 0);
  JoinAll(*lanes, *store);
  SystemClock clock;
  BatchWriter writer(*store);
  writer.Join();
  Await([&] { return writer.Step(clock); });
  auto bad = NewExecution(3);
  ASSERT_TRUE(WriteBatch(writer, {bad}).refused.empty());
  auto again = std::make_shared<ExecutionWrite>(*bad);
  again->first_sequence = again->last_sequence = 3;
  std::vector<WritePtr> writes;
  for (int i = 0; i < 11; ++i) writes.push_back(NewExecution(i));
  writes[7] = again;
  const BatchResult result = WriteBatch(writer, writes);
  EXPECT_FALSE(result.fenced);
  ASSERT_EQ(result.refused.size(), 1u);
  EXPECT_EQ(result.refused[0].first, 7u);
  EXPECT_EQ(world_->CountLive(), 11);
}

TEST_P(StoreTest, ALostAcknowledgementIsAskedAbout) {
  auto lanes = world_->NewLanes("a", 1);
  auto inner = world_->NewStore("a", 0);
  JoinAll(*lanes, *inner);
  LossyStore store(*inner);
  SystemClock clock;
  BatchWriter writer(store);
  writer.Join();
  Await([&] { return writer.Step(clock); });
  store.lose_next = true;
  const BatchResult landed = WriteBatch(writer, {NewExecution(3)});
  EXPECT_FALSE(landed.fenced);
  EXPECT_TRUE(landed.refused.empty());
  EXPECT_EQ(world_->CountJournal(), 1);  // once, not twice
  ASSERT_FALSE(WriteBatch(writer, {NewExecution(3)}).fenced);
  EXPECT_EQ(world_->CountJournal(), 2);
}

TEST_P(StoreTest, ABusinessKeyIsOneLiveExecutionsOfTheWorkflow) {
  auto lanes = world_->NewLanes("a", 1);
  auto store = world_->NewStore("a", 0);
  Fence fence = JoinAll(*lanes, *store);
  auto with_key = [&](int lane, const std::string& workflow) {
    auto write = NewExecution(lane);
    auto facts = std::make_shared<ExecutionFacts>(*write->facts);
    facts->business_key = "order 17";
    facts->workflow = workflow;
    write->facts = facts;
    return write;
  };
  auto first = with_key(3, "workflows/w"), elsewhere = with_key(4, "workflows/v");
  ASSERT_EQ(Commit(*store, fence, {first, elsewhere}).kind, Kind::kCommitted);
  ++fence.seq;
  auto second = with_key(5, "workflows/w");
  const CommitOutcome refused = Commit(*store, fence, {second});
  EXPECT_EQ(refused.kind, Kind::kRefused);
  EXPECT_EQ(ReasonOf(refused.status), kBusinessKeyRefused);
  const ReadResult read =
      Read(*store, {.business_keys = {{"acme", "order 17"}, {"acme", "order 18"}}});
  std::map<std::string, Uuid> holders;
  for (const KeyHolder& each : read.holders) {
    EXPECT_EQ(each.tenant + " " + each.business_key, "acme order 17");
    holders[each.workflow] = each.execution;
  }
  EXPECT_EQ(holders, (std::map<std::string, Uuid>{{"workflows/w", first->facts->id},
                                                  {"workflows/v", elsewhere->facts->id}}));
  // Free again with the end of its holder, for the same batch.
  auto end = Next(*first, "end");
  end->live = Live::kDelete;
  end->state = 7;
  end->end = ExecutionWrite::End{.time = 1'700'000'000'000'001};
  EXPECT_EQ(Commit(*store, fence, {end, second}).kind, Kind::kCommitted);
}

TEST_P(StoreTest, ADeadOwnersLanesMoveAndItIsFencedOut) {
  auto old_lanes = world_->NewLanes("old", 3);
  ASSERT_TRUE(old_lanes->Join().ok());
  ASSERT_EQ(Count(Look(*old_lanes), "old"), 256);
  std::vector<std::unique_ptr<Store>> old_stores;
  std::vector<Fence> fences;
  for (int committer = 0; committer < 3; ++committer) {
    old_stores.push_back(world_->NewStore("old", committer));
    fences.push_back(*AskFence(*old_stores.back(), 0));
  }
  auto before = NewExecution(4);  // 4 % 3 == 1
  ASSERT_EQ(Commit(*old_stores[1], fences[1], {before}).kind, Kind::kCommitted);
  ++fences[1].seq;

  auto new_lanes = world_->NewLanes("new", 1);
  ASSERT_TRUE(new_lanes->Join().ok());
  const LaneView seen = Look(*new_lanes);
  EXPECT_EQ(Count(seen, "new"), 0);  // the old one lives
  EXPECT_EQ(seen.AddressOf(4), "old:1");
  EXPECT_EQ(seen.owners.at("old").committers, 3);
  world_->ExpireLeases();
  ASSERT_TRUE(new_lanes->Join().ok());  // its own lease ran out too
  const LaneView taken = Look(*new_lanes);
  EXPECT_EQ(Count(taken, "new"), 256);
  EXPECT_EQ(taken.AddressOf(4), "new:1");
  EXPECT_FALSE(taken.owners.contains("old"));

  for (int committer = 0; committer < 3; ++committer) {
    const auto index = static_cast<size_t>(committer);
    CommitOutcome late = Commit(*old_stores[index], fences[index], {NewExecution(committer)});
    if (late.kind == Kind::kUnknown || late.kind == Kind::kNotDone) {  // its backend was ended
      EXPECT_EQ(ReasonOf(AskFence(*old_stores[index], fences[index].epoch).status()), "LANES_LOST");
      late = Commit(*old_stores[index], fences[index], {NewExecution(committer)});
    }
    EXPECT_EQ(late.kind, Kind::kFenced) << committer;
  }
  auto new_store = world_->NewStore("new", 0);
  const Fence fence = *AskFence(*new_store, 0);
  const ReadResult read = Read(*new_store, {.lanes = {4}});
  ASSERT_EQ(read.executions.size(), 1u);
  EXPECT_EQ(Commit(*new_store, fence, {Next(*before, "on")}).kind, Kind::kCommitted);
}

TEST_P(StoreTest, AProcessOfTheSameNameReplacesTheOldOne) {
  auto lanes = world_->NewLanes("a", 1);
  auto store = world_->NewStore("a", 0);
  const Fence fence = JoinAll(*lanes, *store);
  auto again = world_->NewLanes("a", 2);
  ASSERT_TRUE(again->Join().ok());
  EXPECT_EQ(Count(Look(*again), "a"), 256);
  absl::Status asked = AskFence(*store, fence.epoch).status();
  // The first question may find that the connection was ended.
  if (IsRetryable(asked)) asked = AskFence(*store, fence.epoch).status();
  EXPECT_EQ(ReasonOf(asked), "LANES_LOST");
  CommitOutcome late = Commit(*store, fence, {NewExecution(0)});
  EXPECT_NE(late.kind, Kind::kCommitted);
  auto next = world_->NewStore("a", 0);
  const Fence now = *AskFence(*next, 0);
  EXPECT_GT(now.epoch, fence.epoch);
  EXPECT_EQ(now.seq, fence.seq);
}

TEST_P(StoreTest, ReleasedLanesAreFreeAtOnce) {
  auto lanes = world_->NewLanes("a", 1);
  auto store = world_->NewStore("a", 0);
  JoinAll(*lanes, *store);
  ASSERT_TRUE(lanes->Release().ok());
  auto other = world_->NewLanes("b", 1);
  ASSERT_TRUE(other->Join().ok());
  EXPECT_EQ(Count(Look(*other), "b"), 256);
}

TEST_P(StoreTest, ASuspectIsDeadOnceItsConnectionIsGoneToo) {
  auto old_lanes = world_->NewLanes("old", 2);
  ASSERT_TRUE(old_lanes->Join().ok());
  ASSERT_EQ(Count(Look(*old_lanes), "old"), 256);
  std::vector<std::unique_ptr<Store>> stores;
  std::vector<Fence> fences;
  for (int committer = 0; committer < 2; ++committer) {
    stores.push_back(world_->NewStore("old", committer));
    fences.push_back(*AskFence(*stores.back(), 0));
  }
  auto new_lanes = world_->NewLanes("new", 1);
  ASSERT_TRUE(new_lanes->Join().ok());
  EXPECT_EQ(Count(Look(*new_lanes, {"old"}), "new"), 0);  // cannot be reached, but lives
  ASSERT_EQ(Commit(*stores[0], fences[0], {NewExecution(4)}).kind, Kind::kCommitted);
  world_->Kill("old", stores);
  EXPECT_EQ(Count(Look(*new_lanes), "new"), 0);  // nobody misses it yet
  EXPECT_EQ(Count(Look(*new_lanes, {"old"}), "new"), 256);
}

TEST_P(StoreTest, ASuspectIsDeadOnceTheDatabaseMissesItMoreThanTheOther) {
  constexpr std::chrono::hours kMissed{1}, kHeard{2};
  world_->SetSuspectLeft(std::chrono::minutes(90));
  auto old_lanes = world_->NewLanes("old", 2);
  ASSERT_TRUE(old_lanes->Join().ok());
  ASSERT_EQ(Count(Look(*old_lanes), "old"), 256);
  auto old = world_->NewStore("old", 0);
  const Fence fence = *AskFence(*old, 0);
  auto new_lanes = world_->NewLanes("new", 1);
  ASSERT_TRUE(new_lanes->Join().ok());
  world_->LeaveLease("old", kMissed);
  world_->LeaveLease("new", kMissed);
  EXPECT_EQ(Count(Look(*new_lanes, {"old"}), "new"), 0);  // the database misses both
  world_->LeaveLease("new", kHeard);
  EXPECT_EQ(Count(Look(*new_lanes), "new"), 0);  // nobody suspects it
  EXPECT_EQ(Count(Look(*new_lanes, {"old"}), "new"), 256);
  EXPECT_NE(Commit(*old, fence, {NewExecution(4)}).kind, Kind::kCommitted);
  EXPECT_EQ(world_->CountLive(), 0);
}

TEST_P(StoreTest, OneThatLeftMayComeBack) {
  auto lanes = world_->NewLanes("a", 1), other = world_->NewLanes("b", 1);
  ASSERT_TRUE(lanes->Join().ok());
  ASSERT_TRUE(other->Join().ok());
  ASSERT_TRUE(lanes->Look(/*take=*/false, {}).ok());
  EXPECT_TRUE(Look(*other).owners.at("a").leaving);
  Look(*lanes);
  EXPECT_FALSE(Look(*other).owners.at("a").leaving);
}

TEST_P(StoreTest, LanesMoveInTheTransactionOfTheirOwner) {
  auto lanes = world_->NewLanes("a", 1);
  auto store = world_->NewStore("a", 0);
  Fence fence = JoinAll(*lanes, *store);
  auto others = world_->NewLanes("b", 3);
  ASSERT_TRUE(others->Join().ok());
  auto execution = NewExecution(7);
  // A stale owner moves nothing.
  EXPECT_EQ(Commit(*store, {fence.epoch, fence.seq + 1}, {}, {{7, "b"}}).kind, Kind::kFenced);
  EXPECT_EQ(Count(Look(*others), "b"), 0);
  ASSERT_EQ(Commit(*store, fence, {execution}, {{7, "b"}, {9, "b"}, {10, "nobody"}}).kind,
            Kind::kCommitted);
  const LaneView view = Look(*others);
  EXPECT_EQ(Count(view, "b"), 2);
  EXPECT_EQ(view.lanes[7].committer, 1);
  EXPECT_EQ(view.lanes[9].committer, 0);
  EXPECT_EQ(view.lanes[10].owner, "a");
  // What is no more its own it cannot move.
  ++fence.seq;
  ASSERT_EQ(Commit(*store, fence, {}, {{7, "a"}}).kind, Kind::kCommitted);
  EXPECT_EQ(Look(*others).lanes[7].owner, "b");
  auto heir = world_->NewStore("b", 1);
  ASSERT_TRUE(AskFence(*heir, 0).ok());
  EXPECT_EQ(Read(*heir, {.lanes = {7}}).executions.size(), 1u);
}

TEST_P(StoreTest, ARehomedExecutionIsReadBackFromItsNewDay) {
  auto lanes = world_->NewLanes("a", 1);
  auto store = world_->NewStore("a", 0);
  Fence fence = JoinAll(*lanes, *store);
  auto first = NewExecution(3);
  first->body_hash = "hash";
  auto second = Next(*first, "state");
  auto facts = std::make_shared<ExecutionFacts>(*first->facts);
  facts->start_day += 2;
  second->facts = facts;
  second->rehomed = true;
  second->live = Live::kUpdate;
  second->snapshot = "snap";
  auto third = Next(*second, "three");
  for (const auto& write : {first, second, third}) {
    ASSERT_EQ(Commit(*store, fence, {write}).kind, Kind::kCommitted);
    ++fence.seq;
  }
  const ReadResult read = Read(*store, {.executions = {first->facts->id}});
  ASSERT_EQ(read.executions.size(), 1u);
  EXPECT_EQ(read.executions[0].facts.start_day, facts->start_day);
  EXPECT_EQ(read.executions[0].snapshot, "snap");
  EXPECT_EQ(read.executions[0].records, std::vector<std::string>{"three"});
  if (auto* pg = dynamic_cast<PgWorld*>(world_.get())) {
    EXPECT_EQ(pg->database().Sql("SELECT start_day FROM executor.rehomed"), "19677");
    EXPECT_EQ(pg->database().Sql("SELECT start_day FROM executor.start_key"), "19677");
    EXPECT_EQ(pg->database().Sql("SELECT string_agg(start_day::text, ' ' ORDER BY first_sequence) "
                                 "FROM executor.journal"),
              "19675 19677 19677");
  }
}

INSTANTIATE_TEST_SUITE_P(Stores, StoreTest, ::testing::Bool(), [](const auto& info) {
  return std::string(info.param ? "PostgreSql" : "Memory");
});

TEST(PgStoreTest, ABrokenConnectionIsReplaced) {
  PgWorld world;
  auto lanes = world.NewLanes("a", 1);
  auto store = world.NewStore("a", 0);
  ASSERT_TRUE(lanes->Join().ok());
  ASSERT_TRUE(lanes->Look(true, {}).ok());
  SystemClock clock;
  BatchWriter writer(*store, 1000);
  writer.Join();
  Await([&] { return writer.Step(clock); });
  for (int i = 0; i < 3; ++i) {
    world.database().TerminateConnections();
    EXPECT_FALSE(WriteBatch(writer, {}).fenced);
  }
  EXPECT_EQ(writer.fence().seq, 3);
}

TEST(PgStoreTest, WhatItsClassKeepsNoLongerIsTrimmed) {
  PgWorld world;
  PgHousekeeping housekeeping(world.database().Url("executor_engine"));
  const std::string live = "'00000000-0000-4000-8000-000000000007'";
  world.database().Sql(
      "INSERT INTO executor.event_batch SELECT 'a/0', n, 1, now() - interval '2 hours', '' "
      "FROM generate_series(1, 12000) AS n;"
      "INSERT INTO executor.event_batch VALUES ('a/0', 12001, 1, now(), '');"
      "INSERT INTO executor.live_execution (lane, execution_id, tenant_id, start_day, "
      "retention_days, start_time, state, mode, priority, version, workflow, content_hash, labels, "
      "principal, trace_id) VALUES (7, " +
      live +
      ", 'acme', 100, 7, now(), 2, 1, 3, 1, 'w', 'used', '', 'p', '');"
      "INSERT INTO executor.start_key VALUES (gen_random_uuid(), 'acme', '', now(), 100, 7), "
      "(" + live + ", 'acme', '', now(), 100, 7), (gen_random_uuid(), 'acme', '', now(), 107, 7);"
      "INSERT INTO executor.rehomed VALUES (gen_random_uuid(), 'acme', 100, 7), "
      "(" + live + ", 'acme', 100, 7), (gen_random_uuid(), 'acme', 107, 7);"
      "INSERT INTO executor.document VALUES ('acme', 'old', '', 107), ('acme', 'used', '', 107), "
      "('acme', 'new', '', 108), ('acme', 'cached', '', 107);"
      "INSERT INTO executor.approval (tenant_id, approval_id, execution_id, step, workflow, title, "
      "description, form, create_time, retention_days, state, end_time) "
      "SELECT 'acme', gen_random_uuid(), gen_random_uuid(), 's', 'w', name, '', '', 'epoch', 7, 1, "
      "CASE WHEN day > 0 THEN to_timestamp(day * 86400.0) END "
      "FROM (VALUES ('open', 0), ('old', 100), ('new', 102)) AS a(name, day);"
      "INSERT INTO executor.migration (tenant_id, migration_id, workflow, from_version, "
      "to_version, to_hash, mapping, validate_only, creator, end_time) "
      "SELECT 'acme', id::uuid, 'w', 1, 2, 'h', '{}', false, 'p', to_timestamp(day * 86400.0) "
      "FROM (VALUES ('00000000-0000-4000-8000-000000000001', 90), "
      "('00000000-0000-4000-8000-000000000002', 99)) AS m(id, day);"
      "INSERT INTO executor.migration_result (tenant_id, migration_id, execution_id, lane, "
      "outcome) SELECT tenant_id, migration_id, gen_random_uuid(), 1, 1 FROM executor.migration;");
  ASSERT_TRUE(housekeeping.KeepDocuments({{"acme", "cached"}, {"other", "old"}}, 108).ok());
  std::map<std::string, int64_t> removed;
  ASSERT_TRUE(
      housekeeping.Trim(108, {.feed_ms = 3'600'000, .migration_days = 10}, &removed).ok());
  auto sql = [&](const std::string& query) { return world.database().Sql(query); };
  EXPECT_EQ(removed["event_batch"], 12000);
  EXPECT_EQ(sql("SELECT count(*) FROM executor.event_batch"), "1");
  EXPECT_EQ(sql("SELECT count(*) FROM executor.start_key"), "2");
  EXPECT_EQ(sql("SELECT count(*) FROM executor.rehomed"), "2");
  EXPECT_EQ(sql("SELECT string_agg(content_hash, ' ' ORDER BY content_hash) "
                "FROM executor.document"),
            "cached new used");
  EXPECT_EQ(sql("SELECT string_agg(title, ' ' ORDER BY title) FROM executor.approval"),
            "new open");
  EXPECT_EQ(sql("SELECT count(*) FROM executor.migration"), "1");
  EXPECT_EQ(sql("SELECT count(*) FROM executor.migration_result"), "1");
  EXPECT_EQ(sql("SELECT count(*) FROM executor.live_execution"), "1");
}

TEST(PgStoreTest, OldPartitionsAreDroppedUnlessSomethingInThemLives) {
  PgWorld world;
  PgHousekeeping housekeeping(world.database().Url("executor_engine"));
  ASSERT_TRUE(housekeeping.EnsurePartitions(1, 100, 103).ok());
  ASSERT_TRUE(housekeeping.EnsurePartitions(1, 100, 103).ok());  // again: nothing to do
  ASSERT_TRUE(housekeeping.EnsurePartitions(90, 99, 103).ok());
  world.database().Sql(
      "INSERT INTO executor.live_execution (lane, execution_id, tenant_id, start_day, "
      "retention_days, start_time, state, mode, priority, version, workflow, content_hash, labels, "
      "principal, trace_id) VALUES (0, gen_random_uuid(), 'acme', 101, 1, now(), 2, 1, 3, 1, 'w', "
      "'h', '', 'p', '');"
      "INSERT INTO executor.journal VALUES (gen_random_uuid(), 1, 1, 100, 90, 'acme', '')");
  std::map<std::string, int64_t> removed;
  ASSERT_TRUE(housekeeping.Trim(103, {}, &removed).ok());
  // Of the 90 days only one is kept that anything began on; the last two may still get something.
  EXPECT_EQ(world.database().Sql("SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class "
                                 "WHERE relname ~ '^journal_r(1|90)_d[0-9]+$'"),
            "journal_r1_d101 journal_r1_d102 journal_r1_d103 journal_r90_d100 journal_r90_d102 "
            "journal_r90_d103");
  EXPECT_EQ(removed["partition"], 6);
}

TEST(PgStoreTest, AReaderHoldsADropUpForAMomentOnly) {
  PgWorld world;
  PgHousekeeping housekeeping(world.database().Url("executor_engine"));
  ASSERT_TRUE(housekeeping.EnsurePartitions(1, 100, 100).ok());
  auto reader = pg::Pipeline::Connect(
      {.url = world.database().Url("executor_engine"),
       .name = "reader",
       .statements = {{"begin", "BEGIN"}, {"read", "SELECT count(*) FROM journal"}}});
  ASSERT_TRUE(reader.ok() && (*reader)->Query(0, {}).ok() && (*reader)->Query(1, {}).ok());
  std::map<std::string, int64_t> removed;
  EXPECT_FALSE(housekeeping.Trim(103, {}, &removed).ok());
  EXPECT_EQ(removed["partition"], 0);
  reader->reset();
  EXPECT_TRUE(housekeeping.Trim(103, {}, &removed).ok());
  EXPECT_EQ(removed["partition"], 2);
}

}  // namespace
}  // namespace agentflow::executor
