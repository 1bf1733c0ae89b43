// What is kept no longer goes, in portions, and nothing that lives goes with it.
#include "libs/pg/pipeline.h"
#include "services/executor/store/store_for_test.h"

namespace agentflow::executor {
namespace {

TEST(PgHousekeepingTest, WhatItsClassKeepsNoLongerIsTrimmed) {
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

TEST(PgHousekeepingTest, OldPartitionsAreDroppedUnlessSomethingInThemLives) {
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

TEST(PgHousekeepingTest, AReaderHoldsADropUpForAMomentOnly) {
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
