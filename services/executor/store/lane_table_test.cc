// Who owns which lane, and who is fenced out: on the model in memory and on PostgreSQL.
#include "services/executor/store/store_for_test.h"

namespace agentflow::executor {
namespace {

class LaneTableTest : public StoreTest {};

TEST_P(LaneTableTest, ADeadOwnersLanesMoveAndItIsFencedOut) {
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

TEST_P(LaneTableTest, AProcessOfTheSameNameReplacesTheOldOne) {
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

TEST_P(LaneTableTest, ReleasedLanesAreFreeAtOnce) {
  auto lanes = world_->NewLanes("a", 1);
  auto store = world_->NewStore("a", 0);
  JoinAll(*lanes, *store);
  ASSERT_TRUE(lanes->Release().ok());
  auto other = world_->NewLanes("b", 1);
  ASSERT_TRUE(other->Join().ok());
  EXPECT_EQ(Count(Look(*other), "b"), 256);
}

TEST_P(LaneTableTest, ASuspectIsDeadOnceItsConnectionIsGoneToo) {
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

TEST_P(LaneTableTest, ASuspectIsDeadOnceTheDatabaseMissesItMoreThanTheOther) {
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

TEST_P(LaneTableTest, TheLanesOfASlowOneAreTakenAtOnce) {
  world_->SetSuspectLeft(std::chrono::minutes(90));
  auto old_lanes = world_->NewLanes("old", 2);
  ASSERT_TRUE(old_lanes->Join().ok());
  ASSERT_EQ(Count(Look(*old_lanes), "old"), 256);
  auto old = world_->NewStore("old", 0);
  const Fence fence = *AskFence(*old, 0);
  auto also_old = world_->NewStore("old", 1);
  ASSERT_TRUE(AskFence(*also_old, 0).ok());
  auto new_lanes = world_->NewLanes("new", 1);
  ASSERT_TRUE(new_lanes->Join().ok());
  world_->LeaveLease("old", std::chrono::hours(2));
  world_->LeaveLease("new", std::chrono::hours(1));
  EXPECT_EQ(Count(Look(*new_lanes, {}, {"old"}), "new"), 0);  // whom it has not heard either
  world_->LeaveLease("new", std::chrono::hours(2));
  EXPECT_EQ(Count(Look(*new_lanes, {}, {"another"}), "new"), 0);
  world_->PassSecondsSinceConnecting("old");
  EXPECT_EQ(Count(Look(*new_lanes, {}, {"old"}), "new"), 256);
  EXPECT_NE(Commit(*old, fence, {NewExecution(4)}).kind, Kind::kCommitted);
  EXPECT_EQ(world_->CountLive(), 0);
}

TEST_P(LaneTableTest, NobodyIsSuspectedWhoHasNotConnectedSinceTheDatabaseBegan) {
  world_->SetSuspectLeft(std::chrono::minutes(90));
  auto old_lanes = world_->NewLanes("old", 1);
  ASSERT_TRUE(old_lanes->Join().ok());
  ASSERT_EQ(Count(Look(*old_lanes), "old"), 256);
  std::vector<std::unique_ptr<Store>> stores;
  stores.push_back(world_->NewStore("old", 0));
  ASSERT_TRUE(AskFence(*stores[0], 0).ok());
  world_->LeaveLease("old", std::chrono::hours(1));
  if (!world_->BeginAgain("old", stores)) return;
  auto new_lanes = world_->NewLanes("new", 1);
  ASSERT_TRUE(new_lanes->Join().ok());
  world_->LeaveLease("new", std::chrono::hours(2));
  EXPECT_EQ(Count(Look(*new_lanes, {"old"}, {"old"}), "new"), 0);
  world_->ExpireLeases();
  EXPECT_EQ(Count(Look(*new_lanes), "new"), 256);
}

TEST_P(LaneTableTest, OneThatLeftMayComeBack) {
  auto lanes = world_->NewLanes("a", 1), other = world_->NewLanes("b", 1);
  ASSERT_TRUE(lanes->Join().ok());
  ASSERT_TRUE(other->Join().ok());
  ASSERT_TRUE(lanes->Look(/*take=*/false, {}).ok());
  EXPECT_TRUE(Look(*other).owners.at("a").leaving);
  Look(*lanes);
  EXPECT_FALSE(Look(*other).owners.at("a").leaving);
}

TEST_P(LaneTableTest, LanesMoveInTheTransactionOfTheirOwner) {
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

INSTANTIATE_TEST_SUITE_P(LaneTables, LaneTableTest, ::testing::Bool(), [](const auto& info) {
  return std::string(info.param ? "PostgreSql" : "Memory");
});

}  // namespace
}  // namespace agentflow::executor
