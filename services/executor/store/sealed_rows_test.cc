// What PgStore's tables hold: nothing that anybody reads without the tenant's key, and nothing that
// opens in another place.
#include "services/executor/feed/feed_reader.h"
#include "services/executor/store/store_for_test.h"

namespace agentflow::executor {
namespace {

constexpr char kPlain[] = "Nobody must read this";

class SealedRowsTest : public ::testing::Test {
 protected:
  SealedRowsTest()
      : lanes_(world_.NewLanes("a", 1)), store_(world_.NewStore("a", 0)) {
    EXPECT_TRUE(lanes_->Join().ok());
    EXPECT_TRUE(lanes_->Look(true, {}).ok());
    fence_ = *AskFence(*store_, 0);
  }

  // A live execution with a row of the journal, a snapshot and one row more.
  Uuid Write(const std::string& text, const std::string& tenant = "acme") {
    auto facts = std::make_shared<ExecutionFacts>();
    facts->start_time = 1'700'000'000'000'000;  // day 19675
    facts->id = MakeExecutionId(facts->start_time / 1000, 3, random_);
    facts->tenant = tenant;
    facts->start_day = StartDayOf(facts->id, facts->start_time);
    facts->workflow = "workflows/w";
    ExecutionWrite write{.facts = facts, .live = Live::kInsert, .state = 2};
    for (int64_t sequence = 1; sequence <= 3; ++sequence) {
      write.first_sequence = write.last_sequence = sequence;
      write.events = text + std::to_string(sequence);
      write.change = "change of " + write.events;
      write.snapshot.reset();
      if (sequence == 2) write.snapshot = "snapshot of " + text;
      write.opened_approvals.clear();
      write.closed_approvals.clear();
      Approval approval{.id = ApprovalIdOf(facts->id, "sign"),
                        .execution = facts->id,
                        .step = "sign",
                        .workflow = "workflows/w",
                        .title = "title " + text,
                        .description = "description " + text,
                        .form = "form " + text,
                        .create_time = facts->start_time};
      if (sequence == 1) write.opened_approvals = {approval};
      if (sequence == 2) {
        approval.state = ApprovalState::kApproved;
        approval.comment = "comment " + text;
        approval.values = "values " + text;
        write.closed_approvals = {approval};
      }
      EXPECT_EQ(Commit(*store_, fence_, {std::make_shared<ExecutionWrite>(write)}).kind,
                Kind::kCommitted);
      ++fence_.seq;
      write.live = Live::kUpdate;
    }
    return facts->id;
  }
  std::map<Uuid, StoredExecution> ReadAll() {
    std::map<Uuid, StoredExecution> all;
    for (StoredExecution& each : Read(*store_, {.lanes = {3}}).executions) {
      all[each.facts.id] = std::move(each);
    }
    return all;
  }
  std::string Sql(const std::string& query) { return world_.database().Sql(query); }
  // The changes in the feed, one after the other.
  std::string Feed() {
    PgFeed feed(world_.database().Url("executor_engine"), world_.keys());
    std::string told;
    auto rows = feed.Read({}, 100);
    EXPECT_TRUE(rows.ok()) << rows.status();
    for (const FeedRow& row : *rows) told += row.body;
    return told;
  }

  PgWorld world_;
  std::unique_ptr<LaneTable> lanes_;
  std::unique_ptr<Store> store_;
  Fence fence_;
  SeededRandom random_{1};
};

TEST_F(SealedRowsTest, NoColumnHoldsWhatWasWritten) {
  const Uuid id = Write(kPlain);
  const StoredExecution stored = ReadAll()[id];
  EXPECT_TRUE(stored.readable.ok()) << stored.readable;
  EXPECT_EQ(stored.snapshot, std::string("snapshot of ") + kPlain);
  EXPECT_EQ(stored.records, std::vector<std::string>{std::string(kPlain) + "3"});
  EXPECT_NE(Feed().find(std::string("change of ") + kPlain), std::string::npos);
  auto over = std::make_shared<ExecutionWrite>(
      ExecutionWrite{.facts = std::make_shared<ExecutionFacts>(stored.facts),
                     .live = Live::kDelete,
                     .state = 7,
                     .end = ExecutionWrite::End{.time = 1'700'000'000'100'000,
                                                .error_reason = "BROKEN",
                                                .error_message = kPlain,
                                                .error_node = kPlain}});
  ASSERT_EQ(Commit(*store_, fence_, {over}).kind, Kind::kCommitted);
  // Of every table, as text and as bytes.
  const std::string found = Sql(
      "SELECT coalesce(string_agg(t || '.' || c, ' '), '') FROM (SELECT a.attrelid::regclass::text "
      "AS t, a.attname AS c, (xpath('/row/n/text()', query_to_xml(format('SELECT count(*) AS n "
      "FROM %s WHERE position(''" + std::string(kPlain) + "''::bytea IN %s) > 0', "
      "a.attrelid::regclass, CASE a.atttypid WHEN 'bytea'::regtype THEN quote_ident(a.attname) "
      "ELSE format('convert_to(%I::text, ''UTF8'')', a.attname) END), false, true, '')))[1]"
      "::text::int AS n FROM pg_attribute a JOIN pg_class k ON k.oid = a.attrelid "
      "WHERE k.relnamespace = 'executor'::regnamespace AND k.relkind IN ('r', 'p') "
      "AND a.attnum > 0 AND NOT a.attisdropped) AS columns WHERE n > 0");
  EXPECT_EQ(found, "");
}

TEST_F(SealedRowsTest, WhatPeopleAreAskedAndAnswerIsSealed) {
  const Uuid id = Write(kPlain), other = Write("of another one");
  pg::Pool pool({.url = world_.database().Url("executor_app")});
  ApprovalReader approvals(pool, world_.keys());
  const absl::StatusOr<Approval> approval = approvals.Get("acme", ApprovalIdOf(id, "sign"));
  ASSERT_TRUE(approval.ok()) << approval.status();
  for (const auto& [text, name] : {std::pair(approval->title, "title "),
                                   std::pair(approval->description, "description "),
                                   std::pair(approval->form, "form "),
                                   std::pair(approval->comment, "comment "),
                                   std::pair(approval->values, "values ")}) {
    EXPECT_EQ(text, std::string(name) + kPlain);
  }
  // Another one's: told by itself, and left out of the list.
  Sql("UPDATE executor.approval SET asked = (SELECT asked FROM executor.approval WHERE "
      "execution_id = '" + other.ToString() + "') WHERE execution_id = '" + id.ToString() + "'");
  EXPECT_EQ(ReasonOf(approvals.Get("acme", ApprovalIdOf(id, "sign")).status()), "SEAL_BROKEN");
  const auto list = approvals.List("acme", {});
  ASSERT_TRUE(list.ok() && list->size() == 2) << list.status();
  EXPECT_EQ((*list)[0].title + (*list)[1].title, "title of another one");
  ASSERT_TRUE(world_.keys().Destroy("acme").ok());
  EXPECT_EQ(ReasonOf(approvals.Get("acme", ApprovalIdOf(other, "sign")).status()),
            "APPROVAL_NOT_FOUND");
}

TEST_F(SealedRowsTest, WhatIsMovedOrChangedStopsThatExecutionAlone) {
  const struct {
    std::string what, query;
  } cases[] = {
      {"a row of another execution", "UPDATE executor.journal SET events = (SELECT events FROM "
                                     "executor.journal WHERE execution_id = 'OTHER' AND "
                                     "first_sequence = 3) WHERE execution_id = 'ID' AND "
                                     "first_sequence = 3"},
      {"another row of the same one", "UPDATE executor.journal SET events = (SELECT events FROM "
                                      "executor.journal WHERE execution_id = 'ID' AND "
                                      "first_sequence = 1) WHERE execution_id = 'ID' AND "
                                      "first_sequence = 3"},
      {"a changed byte", "UPDATE executor.journal SET events = set_byte(events, 20, "
                         "255 - get_byte(events, 20)) WHERE execution_id = 'ID' AND "
                         "first_sequence = 3"},
      {"a snapshot of another one",
       "UPDATE executor.live_execution SET snapshot = (SELECT snapshot FROM "
       "executor.live_execution WHERE execution_id = 'OTHER') WHERE execution_id = 'ID'"},
      {"a snapshot for a row",
       "UPDATE executor.live_execution SET snapshot = (SELECT events FROM executor.journal "
       "WHERE execution_id = 'ID' AND first_sequence = 2) WHERE execution_id = 'ID'"},
  };
  const Uuid other = Write(kPlain);
  for (const auto& each : cases) {
    const Uuid id = Write(kPlain);
    std::string query = each.query;
    for (size_t at; (at = query.find("OTHER")) != std::string::npos;) {
      query.replace(at, 5, other.ToString());
    }
    for (size_t at; (at = query.find("'ID'")) != std::string::npos;) {
      query.replace(at + 1, 2, id.ToString());
    }
    Sql(query);
    const int64_t before = world_.keys().broken();
    const auto all = ReadAll();
    const absl::Status readable = all.at(id).readable;
    EXPECT_EQ(ReasonOf(readable), "SEAL_BROKEN") << each.what;
    EXPECT_EQ(readable.code(), absl::StatusCode::kDataLoss) << each.what;
    EXPECT_NE(MessageOf(readable).find(id.ToString()), std::string::npos) << readable;
    EXPECT_TRUE(all.at(other).readable.ok()) << each.what;
    EXPECT_GT(world_.keys().broken(), before) << each.what;
    Sql("DELETE FROM executor.live_execution WHERE execution_id = '" + id.ToString() + "'");
  }
}

TEST_F(SealedRowsTest, WhatWasWrittenBeforeItWasSealedIsReadAsItIs) {
  const Uuid id = Write(kPlain);
  Sql("UPDATE executor.journal SET events = 'clear'; UPDATE executor.live_execution SET "
      "snapshot = 'clear too'; DELETE FROM executor.event_batch; "
      "INSERT INTO executor.event_batch VALUES ('a/0', 1, 1, now(), '\\x0a0163')");
  const StoredExecution stored = ReadAll()[id];
  EXPECT_TRUE(stored.readable.ok()) << stored.readable;
  EXPECT_EQ(stored.records, std::vector<std::string>{"clear"});
  EXPECT_EQ(stored.snapshot, "clear too");
  EXPECT_EQ(Feed(), "\x0a\x01" "c");
}

TEST_F(SealedRowsTest, WithoutItsKeyNothingOfATenantIsReadAndAnotherOneLosesNothing) {
  const Uuid id = Write(kPlain), others = Write("of the other", "other");
  ASSERT_TRUE(world_.keys().Destroy("acme").ok());
  const auto all = ReadAll();
  EXPECT_EQ(ReasonOf(all.at(id).readable), "TENANT_KEY_DESTROYED");
  EXPECT_TRUE(all.at(others).readable.ok());
  EXPECT_EQ(all.at(others).snapshot, "snapshot of of the other");
  const std::string told = Feed();
  EXPECT_EQ(told.find(kPlain), std::string::npos);
  EXPECT_NE(told.find("change of of the other3"), std::string::npos);
}

TEST_F(SealedRowsTest, AFeedRowThatIsChangedOrMovedIsLeftOut) {
  Write("first");
  Sql("UPDATE executor.event_batch SET seq = seq + 100 WHERE seq = 1;"
      "UPDATE executor.event_batch SET body = substr(body, 1, length(body) - 1) WHERE seq = 2");
  const std::string told = Feed();
  EXPECT_EQ(told.find("change of first1"), std::string::npos);
  EXPECT_EQ(told.find("change of first2"), std::string::npos);
  EXPECT_NE(told.find("change of first3"), std::string::npos);
}

TEST_F(SealedRowsTest, AWriteWhoseTenantsKeyIsDestroyedFailsAlone) {
  Write("first");
  Write("first", "other");
  ASSERT_TRUE(world_.keys().Destroy("acme").ok());
  auto write = [&](const std::string& tenant) {
    auto facts = std::make_shared<ExecutionFacts>();
    facts->start_time = 1'700'000'000'000'000;
    facts->id = MakeExecutionId(facts->start_time / 1000, 3, random_);
    facts->tenant = tenant;
    facts->start_day = StartDayOf(facts->id, facts->start_time);
    return std::make_shared<ExecutionWrite>(ExecutionWrite{.facts = facts,
                                                           .first_sequence = 1,
                                                           .last_sequence = 1,
                                                           .events = "e",
                                                           .live = Live::kInsert});
  };
  SystemClock clock;
  BatchWriter writer(*store_);
  writer.Join();
  Await([&] { return writer.Step(clock); });
  const BatchResult result = WriteBatch(writer, {write("other"), write("acme"), write("other")});
  ASSERT_EQ(result.refused.size(), 1u);
  EXPECT_EQ(result.refused[0].first, 1u);
  EXPECT_EQ(ReasonOf(result.refused[0].second), "TENANT_KEY_DESTROYED");
}

}  // namespace
}  // namespace agentflow::executor
