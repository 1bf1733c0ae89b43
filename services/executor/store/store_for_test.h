// The two databases that tests of Store and LaneTable run on: the model in memory and PostgreSQL.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "libs/base/lane.h"
#include "libs/base/status.h"
#include "libs/pg/migrate.h"
#include "libs/testing/postgres.h"
#include "migrations/executor.h"
#include "services/executor/approvals/approval_reader.h"
#include "services/executor/lanes/batch_writer.h"
#include "services/executor/store/memory_store.h"
#include "services/executor/store/pg_housekeeping.h"
#include "services/executor/store/pg_store.h"
#include "services/executor/store/store.h"

namespace agentflow::executor {

using Live = ExecutionWrite::Live;
using Kind = CommitOutcome::Kind;

inline constexpr char kMasterKey[] = "main=MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

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
  // The database ends and begins again, and the owner has not connected since. False: it cannot.
  virtual bool BeginAgain(const std::string& owner,
                          std::vector<std::unique_ptr<Store>>& stores) = 0;
  virtual void PassSecondsSinceConnecting(const std::string& owner) = 0;
  virtual int CountLive() = 0;
  virtual int CountClosed() = 0;
  virtual int CountJournal() = 0;
  // "state decider comment values title" of tenant acme's.
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
  bool BeginAgain(const std::string&, std::vector<std::unique_ptr<Store>>&) override {
    return false;  // the model is always there
  }
  void PassSecondsSinceConnecting(const std::string&) override {}
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
  }
  std::unique_ptr<Store> NewStore(const std::string& owner, int committer) override {
    return std::make_unique<PgStore>(PgStoreOptions{
        .url = database_.Url("executor_engine"),
        .owner = owner,
        .committer = committer,
        .keys = &keys_});
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
  // As the rows stand then.
  bool BeginAgain(const std::string& owner, std::vector<std::unique_ptr<Store>>& stores) override {
    Kill(owner, stores);
    database_.Sql("UPDATE executor.owner SET backend_start = pg_postmaster_start_time() - "
                  "interval '1 s' WHERE owner_id = '" + owner + "'");
    return true;
  }
  void PassSecondsSinceConnecting(const std::string& owner) override {
    while (database_.Sql("SELECT pg_postmaster_start_time() < now() - interval '3 s'") != "t") {
      std::this_thread::yield();
    }
    database_.Sql("UPDATE executor.owner SET backend_start = backend_start - interval '2 s' "
                  "WHERE owner_id = '" + owner + "'");
  }
  int CountLive() override { return Count("live_execution"); }
  int CountClosed() override { return Count("closed_execution"); }
  int CountJournal() override { return Count("journal"); }
  std::vector<std::string> Approvals() override {
    pg::Pool pool({.url = database_.Url("executor_app")});
    std::vector<std::string> list;
    auto found = ApprovalReader(pool, keys_).List("acme", {});
    EXPECT_TRUE(found.ok()) << found.status();
    for (const Approval& a : *found) {
      list.push_back(std::to_string(static_cast<int>(a.state)) + " " + a.decider + " " + a.comment +
                     " " + a.values + " " + a.title);
    }
    return list;
  }
  testing::PostgresForTest& database() { return database_; }
  TenantKeys& keys() { return keys_; }

 private:
  int Count(const std::string& table) {
    return std::stoi(database_.Sql("SELECT count(*) FROM executor." + table));
  }
  testing::PostgresForTest database_;
  SystemClock clock_;
  TenantKeys keys_{{.url = database_.Url("executor_engine")},
                   *MasterKeys(crypto::Secret(kMasterKey), ""), clock_};
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

inline CommitOutcome Commit(Store& store, const Fence& fence, std::vector<WritePtr> writes,
                     std::vector<LaneMove> moves = {}) {
  store.BeginCommit(fence, {.writes = std::move(writes), .moves = std::move(moves)});
  return Await([&] { return store.TakeCommit(); });
}
inline absl::StatusOr<Fence> AskFence(Store& store, int64_t epoch) {
  store.BeginAskFence(epoch);
  AF_ASSIGN_OR_RETURN(const FenceAnswer answer, Await([&] { return store.TakeFence(); }));
  EXPECT_GT(answer.database_time, 0);
  return answer.fence;
}
inline ReadResult Read(Store& store, ReadRequest request) {
  store.BeginRead(std::move(request));
  absl::StatusOr<ReadResult> result = Await([&] { return store.TakeRead(); });
  EXPECT_TRUE(result.ok()) << result.status();
  return *std::move(result);
}
inline BatchResult WriteBatch(BatchWriter& writer, std::vector<WritePtr> writes) {
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
  static LaneView Look(LaneTable& lanes, const std::vector<std::string>& silent = {},
                       const std::vector<std::string>& slow = {}) {
    absl::StatusOr<LaneView> view = lanes.Look(/*take=*/true, {silent, slow});
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

}  // namespace agentflow::executor
