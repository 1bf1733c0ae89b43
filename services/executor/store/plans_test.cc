// How PostgreSQL finds the rows that PgStore writes.
#include "services/executor/store/store_for_test.h"

namespace agentflow::executor {
namespace {

// Just after ANALYZE has seen the live table nearly empty, while its indexes are large, and that of
// its key the largest, because ids are random.
TEST(PgPlansTest, ALiveRowIsFoundByItsKeyHoweverSmallItsTableSeems) {
  PgWorld world;
  auto count = [&](const std::string& what, const std::string& index) {
    return std::stoi(
        world.database().Sql("SELECT " + what +
                             " FROM pg_stat_user_indexes WHERE schemaname = 'executor' "
                             "AND indexrelname = 'live_execution_" +
                             index + "'"));
  };
  world.database().Sql(
      "ALTER TABLE executor.live_execution SET (autovacuum_enabled = off);"
      "INSERT INTO executor.live_execution (lane, execution_id, tenant_id, start_day, "
      "retention_days, start_time, state, mode, priority, version, workflow, content_hash, labels, "
      "principal, trace_id) SELECT 3, gen_random_uuid(), 'acme', 100, 7, "
      "now() + n * interval '1 ms', 2, 1, 3, 1, 'w', 'h', '', 'p', '' "
      "FROM generate_series(1, 20000) AS n;"
      "ALTER INDEX executor.live_execution_pkey SET (fillfactor = 30);"
      "REINDEX INDEX executor.live_execution_pkey;"
      "DELETE FROM executor.live_execution WHERE ctid <> '(0,1)';"
      "ANALYZE executor.live_execution");
  {
    auto lanes = world.NewLanes("a", 1);
    ASSERT_TRUE(lanes->Join().ok());
    ASSERT_TRUE(lanes->Look(/*take=*/true, {}).ok());
    auto store = world.NewStore("a", 0);
    Fence fence = *AskFence(*store, 0);
    SeededRandom random(1);
    auto facts = std::make_shared<ExecutionFacts>();
    facts->start_time = 1'700'000'000'000'000;  // day 19675
    facts->id = MakeExecutionId(facts->start_time / 1000, 3, random);
    facts->tenant = "acme";
    facts->start_day = StartDayOf(facts->id, facts->start_time);
    facts->workflow = "workflows/w";
    ExecutionWrite write{.facts = facts, .state = 2};
    for (Live live : {Live::kInsert, Live::kUpdate, Live::kDelete}) {
      ++write.first_sequence;
      write.last_sequence = write.first_sequence;
      write.events = "events";
      write.live = live;
      if (live == Live::kDelete) write.end = ExecutionWrite::End{.time = facts->start_time + 1};
      ASSERT_EQ(Commit(*store, fence, {std::make_shared<ExecutionWrite>(write)}).kind,
                Kind::kCommitted);
      ++fence.seq;
      if (live != Live::kDelete) {
        EXPECT_EQ(Read(*store, {.executions = {facts->id}}).executions.size(), 1u);
      }
    }
  }
  // A connection tells what it did when it ends.
  while (count("idx_scan", "pkey") + count("idx_scan", "by_start") == 0) std::this_thread::yield();
  EXPECT_EQ(count("idx_scan", "by_start"), 0);
  EXPECT_LT(count("idx_tup_read", "pkey"), 100);
}

}  // namespace
}  // namespace agentflow::executor
