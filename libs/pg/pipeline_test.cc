#include "libs/pg/pipeline.h"

#include <gtest/gtest.h>
#include <poll.h>

#include "libs/testing/postgres.h"
#include "libs/testing/postgres_proxy.h"

// The executor's way to PostgreSQL, with a table and a fence as in docs/architecture.md.
namespace agentflow::pg {
namespace {

enum : size_t { kFence, kInsert, kDelete, kSelect, kTypes, kFail, kSlow };

std::vector<Statement> Statements() {
  return {
      {"fence",
       "WITH f AS (UPDATE owner SET seq = $3::bigint + 1 WHERE id = $1::int AND epoch = $2::bigint "
       "AND seq = $3::bigint RETURNING 1) SELECT 1 / count(*) FROM f"},
      {"insert", "INSERT INTO item (id, body) SELECT * FROM unnest($1::bigint[], $2::bytea[])"},
      {"delete", "DELETE FROM item WHERE id = ANY($1::bigint[])"},
      {"select", "SELECT id, body FROM item ORDER BY id"},
      {"types",
       "SELECT * FROM unnest($1::bigint[], $2::int[], $3::smallint[], $4::bool[], $5::text[], "
       "$6::bytea[], $7::uuid[], $8::timestamptz[])"},
      {"fail", "SELECT 1 / $1::int"},
      {"slow", "SELECT pg_sleep(60)"}};
}

class PipelineTest : public ::testing::Test {
 protected:
  PipelineTest() {
    database_.Sql(
        "SET ROLE executor_owner; CREATE TABLE executor.owner (id int, epoch bigint, seq bigint);"
        "CREATE TABLE executor.item (id bigint PRIMARY KEY, body bytea);"
        "GRANT ALL ON executor.owner, executor.item TO executor_engine;"
        "INSERT INTO executor.owner VALUES (1, 7, 0)");
  }
  std::unique_ptr<Pipeline> Connect(int answer_timeout_ms = 15'000) {
    auto pipeline = Pipeline::Connect({.url = database_.Url("executor_engine"),
                                       .statements = Statements(),
                                       .answer_timeout_ms = answer_timeout_ms});
    EXPECT_TRUE(pipeline.ok()) << pipeline.status();
    return *std::move(pipeline);
  }
  static BinaryParams Fence(int64_t seq) { return BinaryParams().Int(1).Bigint(7).Bigint(seq); }
  static BinaryParams Items(std::initializer_list<int64_t> ids) {
    BigintArray keys;
    ByteaArray bodies;
    for (int64_t id : ids) {
      keys.Append(id);
      bodies.Append(std::string("b\0dy", 4));
    }
    return BinaryParams().Array(keys).Array(bodies);
  }
  std::string Count() { return database_.Sql("SELECT count(*) FROM executor.item"); }

  testing::PostgresForTest database_;
};

TEST_F(PipelineTest, ABatchCommitsWhole) {
  auto pipeline = Connect();
  EXPECT_EQ(pipeline->Add(kFence, Fence(0)), 0u);
  EXPECT_EQ(pipeline->Add(kInsert, Items({1, 2, 3})), 1u);
  BigintArray gone;
  gone.Append(2);
  pipeline->Add(kDelete, BinaryParams().Array(gone));
  ASSERT_TRUE(pipeline->Send().ok());
  EXPECT_EQ(pipeline->in_flight(), 1u);
  BatchOutcome outcome = pipeline->Wait();
  EXPECT_EQ(outcome.kind, BatchOutcome::Kind::kCommitted) << outcome.status;
  ASSERT_EQ(outcome.results.size(), 3u);
  EXPECT_EQ(outcome.results[1].affected(), 3);
  EXPECT_EQ(outcome.results[2].affected(), 1);
  EXPECT_EQ(Count(), "2");
  EXPECT_EQ(pipeline->in_flight(), 0u);
}

TEST_F(PipelineTest, EveryTypeSurvivesTheRoundTripWithNullsAndEmptyArrays) {
  auto pipeline = Connect();
  BigintArray bigint;
  bigint.Append(INT64_MIN);
  bigint.AppendNull();
  IntArray ints;
  ints.Append(-5);
  ints.Append(6);
  SmallintArray smallint;
  smallint.Append(-7);
  BoolArray bools;
  bools.Append(true);
  bools.Append(false);
  TextArray text;
  text.Append("ünï");
  text.Append("");
  ByteaArray bytea;
  bytea.Append(std::string("\0\xff", 2));
  UuidArray uuid;
  Uuid id = *Uuid::Parse("0188c0de-0000-7000-8000-000000000001");
  uuid.Append(id);
  TimestampArray time;
  time.Append(1'700'000'000'000'123);
  time.Append(std::optional<UnixMicros>());
  auto rows = pipeline->Query(kTypes, BinaryParams()
                                          .Array(bigint)
                                          .Array(ints)
                                          .Array(smallint)
                                          .Array(bools)
                                          .Array(text)
                                          .Array(bytea)
                                          .Array(uuid)
                                          .Array(time));
  ASSERT_TRUE(rows.ok()) << rows.status();
  ASSERT_EQ(rows->size(), 2u);
  EXPECT_EQ(rows->Int(0, 0), INT64_MIN);
  EXPECT_TRUE(rows->IsNull(1, 0));
  EXPECT_EQ(rows->Int(0, 1), -5);
  EXPECT_EQ(rows->Int(0, 2), -7);
  EXPECT_TRUE(rows->IsNull(1, 2));
  EXPECT_TRUE(rows->Bool(0, 3));
  EXPECT_FALSE(rows->Bool(1, 3));
  EXPECT_EQ(rows->Bytes(0, 4), "ünï");
  EXPECT_EQ(rows->Bytes(1, 4), "");
  EXPECT_EQ(rows->Bytes(0, 5), std::string_view("\0\xff", 2));
  EXPECT_EQ(rows->Id(0, 6), id);
  EXPECT_EQ(rows->Time(0, 7), 1'700'000'000'000'123);
  EXPECT_TRUE(rows->IsNull(1, 7));

  bigint.Clear(), ints.Clear(), smallint.Clear(), bools.Clear();
  text.Clear(), bytea.Clear(), uuid.Clear(), time.Clear();
  auto none = pipeline->Query(kTypes, BinaryParams()
                                          .Array(bigint)
                                          .Array(ints)
                                          .Array(smallint)
                                          .Array(bools)
                                          .Array(text)
                                          .Array(bytea)
                                          .Array(uuid)
                                          .Array(time));
  ASSERT_TRUE(none.ok()) << none.status();
  EXPECT_EQ(none->size(), 0u);
}

TEST_F(PipelineTest, AFailureInTheMiddleRollsAllBackAndTheConnectionGoesOn) {
  auto pipeline = Connect();
  pipeline->Add(kFence, Fence(0));
  pipeline->Add(kInsert, Items({1}));
  pipeline->Add(kInsert, Items({1}));
  pipeline->Add(kInsert, Items({2}));
  ASSERT_TRUE(pipeline->Send().ok());
  BatchOutcome outcome = pipeline->Wait();
  EXPECT_EQ(outcome.kind, BatchOutcome::Kind::kRolledBack);
  EXPECT_EQ(outcome.failed, 2u);
  EXPECT_EQ(outcome.sqlstate, "23505");
  EXPECT_EQ(ReasonOf(outcome.status), "DATABASE_DUPLICATE") << outcome.status;
  EXPECT_EQ(Count(), "0");
  // The same fence still holds: nothing of the failed batch stayed.
  pipeline->Add(kFence, Fence(0));
  pipeline->Add(kInsert, Items({1}));
  ASSERT_TRUE(pipeline->Send().ok());
  EXPECT_EQ(pipeline->Wait().kind, BatchOutcome::Kind::kCommitted);
  EXPECT_EQ(Count(), "1");
}

TEST_F(PipelineTest, TheFenceRaisesForAStaleOwner) {
  auto pipeline = Connect();
  pipeline->Add(kFence, Fence(5));
  pipeline->Add(kInsert, Items({1}));
  ASSERT_TRUE(pipeline->Send().ok());
  BatchOutcome outcome = pipeline->Wait();
  EXPECT_EQ(outcome.kind, BatchOutcome::Kind::kRolledBack);
  EXPECT_EQ(outcome.failed, 0u);
  EXPECT_EQ(outcome.sqlstate, "22012");
  EXPECT_EQ(Count(), "0");
}

TEST_F(PipelineTest, BatchesSentAfterAFailingOneFailWithIt) {
  auto pipeline = Connect();
  pipeline->Add(kFail, BinaryParams().Int(0));
  ASSERT_TRUE(pipeline->Send().ok());
  pipeline->Add(kInsert, Items({1}));
  ASSERT_TRUE(pipeline->Send().ok());
  EXPECT_EQ(pipeline->in_flight(), 2u);
  EXPECT_EQ(pipeline->Wait().sqlstate, "22012");
  BatchOutcome second = pipeline->Wait();
  EXPECT_EQ(second.kind, BatchOutcome::Kind::kRolledBack);
  EXPECT_EQ(second.sqlstate, "25P02");
  pipeline->Add(kInsert, Items({2}));
  ASSERT_TRUE(pipeline->Send().ok());
  EXPECT_EQ(pipeline->Wait().kind, BatchOutcome::Kind::kCommitted);
  EXPECT_EQ(Count(), "1");
}

TEST_F(PipelineTest, AKilledBackendLeavesTheOutcomeUnknown) {
  auto pipeline = Connect();
  pipeline->Add(kInsert, Items({1}));
  pipeline->Add(kSlow, {});
  ASSERT_TRUE(pipeline->Send().ok());
  // A second batch is under way too.
  pipeline->Add(kInsert, Items({2}));
  ASSERT_TRUE(pipeline->Send().ok());
  database_.TerminateConnections();
  EXPECT_EQ(pipeline->Wait().kind, BatchOutcome::Kind::kUnknown);
  BatchOutcome second = pipeline->Wait();
  EXPECT_EQ(second.kind, BatchOutcome::Kind::kUnknown);
  EXPECT_EQ(ReasonOf(second.status), "DATABASE_COMMIT_UNKNOWN");
  EXPECT_TRUE(pipeline->lost());
  EXPECT_FALSE(pipeline->Send().ok());
  EXPECT_EQ(ReasonOf(pipeline->Query(kSelect).status()), "DATABASE_UNAVAILABLE");
  EXPECT_EQ(Count(), "0");
}

TEST_F(PipelineTest, ACommitWhoseAnswerIsLostIsUnknownAndCanBeLookedUp) {
  testing::PostgresProxy proxy(database_);
  auto connected =
      Pipeline::Connect({.url = proxy.Url("executor_engine"), .statements = Statements()});
  ASSERT_TRUE(connected.ok()) << connected.status();
  std::unique_ptr<Pipeline> pipeline = *std::move(connected);
  proxy.SwallowAnswers();
  pipeline->Add(kFence, Fence(0));
  pipeline->Add(kInsert, Items({1}));
  ASSERT_TRUE(pipeline->Send().ok());
  while (Count() != "1") {  // it has landed, and nobody here knows
    EXPECT_FALSE(pipeline->Poll().has_value());
  }
  proxy.Cut();
  BatchOutcome outcome = pipeline->Wait();
  EXPECT_EQ(outcome.kind, BatchOutcome::Kind::kUnknown);
  EXPECT_EQ(ReasonOf(outcome.status), "DATABASE_COMMIT_UNKNOWN");
  auto successor = Connect();
  successor->Add(kFence, Fence(0));
  ASSERT_TRUE(successor->Send().ok());
  EXPECT_EQ(successor->Wait().sqlstate, "22012") << "seq 0 was used by the batch that landed";
}

TEST_F(PipelineTest, SilenceCountsAsALostConnection) {
  auto pipeline = Connect(/*answer_timeout_ms=*/50);
  pipeline->Add(kSlow, {});
  ASSERT_TRUE(pipeline->Send().ok());
  EXPECT_EQ(pipeline->Wait().kind, BatchOutcome::Kind::kUnknown);
  EXPECT_TRUE(pipeline->lost());
}

TEST_F(PipelineTest, ALargeBatchGoesOutInTurnsWithoutBlocking) {
  auto pipeline = Connect();
  BigintArray ids;
  ByteaArray bodies;
  const std::string body(1000, 'x');
  for (int64_t id = 0; id < 20'000; ++id) {
    ids.Append(id);
    bodies.Append(body);
  }
  pipeline->Add(kInsert, BinaryParams().Array(ids).Array(bodies));
  pipeline->Add(kSelect, {});
  ASSERT_TRUE(pipeline->Send().ok());
  std::optional<BatchOutcome> outcome;
  while (!(outcome = pipeline->Poll())) {
    pollfd waiting{pipeline->fd(), POLLIN, 0};
    if (pipeline->wants_write()) waiting.events |= POLLOUT;
    ASSERT_EQ(poll(&waiting, 1, 30'000), 1);
  }
  EXPECT_EQ(outcome->kind, BatchOutcome::Kind::kCommitted) << outcome->status;
  EXPECT_EQ(outcome->results[1].size(), 20'000u);
}

TEST_F(PipelineTest, AStatementThatDoesNotParseIsRefusedAtConnect) {
  auto pipeline = Pipeline::Connect(
      {.url = database_.Url("executor_engine"), .statements = {{"bad", "SELECT no_such"}}});
  EXPECT_EQ(pipeline.status().code(), absl::StatusCode::kInternal);
  EXPECT_NE(MessageOf(pipeline.status()).find("bad"), std::string::npos);
}

}  // namespace
}  // namespace agentflow::pg
