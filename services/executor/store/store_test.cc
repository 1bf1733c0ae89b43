// What every Store promises, checked on the model in memory and on PostgreSQL.
#include "services/executor/store/store_for_test.h"

namespace agentflow::executor {
namespace {

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

// It may be on its way through a network that has given up the connection only on this side.
TEST(PgStoreTest, WhatWasSentBeforeTheFenceWasAskedAndComesLaterNeverHappens) {
  PgWorld world;
  auto lanes = world.NewLanes("a", 1);
  auto before = world.NewStore("a", 0);
  ASSERT_TRUE(lanes->Join().ok());
  const Fence fence = *AskFence(*before, 0);
  auto after = world.NewStore("a", 0);
  ASSERT_EQ(*AskFence(*after, fence.epoch), fence);
  EXPECT_NE(Commit(*before, fence, {}).kind, CommitOutcome::Kind::kCommitted);
  EXPECT_EQ(*AskFence(*after, fence.epoch), fence);
}

}  // namespace
}  // namespace agentflow::executor
