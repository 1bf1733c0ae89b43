#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "libs/pg/error.h"
#include "libs/pg/guard.h"
#include "libs/pg/migrate.h"
#include "libs/pg/pool.h"
#include "libs/pg/script.h"
#include "libs/testing/postgres.h"
#include "libs/testing/postgres_proxy.h"
#include "migrations/monitor_test.h"

// The request path against a real server, in the schema and under the roles of `monitor`.
namespace agentflow::pg {
namespace {

constexpr Statement kInsert{"note_insert", "INSERT INTO note VALUES ($1, $2, $3, $4, $5)"};
constexpr Statement kAll{"note_all",
                         "SELECT tenant_id, id, body, tags, made_at FROM note ORDER BY id"};
constexpr Statement kOfTenant{"note_of", "SELECT 1 FROM note WHERE tenant_id = $1"};
constexpr Statement kUpdateAll{"note_update", "UPDATE note SET body = body || '!' RETURNING 1"};
constexpr Statement kCountAll{"note_count", "SELECT notes_of_all()"};
constexpr Statement kOne{"one", "SELECT 1"};

class RequestTest : public ::testing::Test {
 protected:
  RequestTest() { AF_CHECK(Migrate(database_.Url("monitor_owner"), Set()).ok()); }
  static MigrationSet Set() {
    MigrationSet set = monitor_test::Migrations();
    set.schema = "monitor";
    return set;
  }
  PoolOptions Options(const char* role = "monitor_app") {
    return {.url = database_.Url(role), .size = 3, .acquire_timeout_ms = 50};
  }
  absl::Status Insert(Pool& pool, const char* tenant, int64_t id, const std::string& body) {
    return pool.InTenant(tenant, [&](TenantTx& tx) {
      return tx.Exec(kInsert, tx.tenant(), id, body, std::vector<std::string>{}, std::nullopt)
          .status();
    });
  }
  testing::PostgresForTest database_;
};

TEST_F(RequestTest, ValuesSurviveTheRoundTrip) {
  Pool pool(Options());
  const std::vector<std::string> tags = {"plain", "with \"quotes\", comma", "back\\slash", ""};
  const UnixMicros time = 1'700'000'000'000'123;
  auto tx = pool.Begin("acme");
  ASSERT_TRUE(tx.ok()) << tx.status();
  ASSERT_TRUE(tx->Exec(kInsert, "acme", int64_t{-7}, "ünï'code\n", tags, Timestamp{time}).ok());
  auto rows = tx->Exec(kAll);
  ASSERT_TRUE(rows.ok()) << rows.status();
  ASSERT_EQ(rows->size(), 1u);
  Row row = (*rows)[0];
  EXPECT_EQ(row.Text(0), "acme");
  EXPECT_EQ(row.Int(1), -7);
  EXPECT_EQ(row.Text(2), "ünï'code\n");
  EXPECT_EQ(row.TextArray(3), tags);
  EXPECT_EQ(row.Time(4), time);
  EXPECT_FALSE(row.IsNull(4));
}

TEST_F(RequestTest, ATenantSeesAndTouchesItsOwnRowsOnly) {
  Pool pool(Options());
  ASSERT_TRUE(Insert(pool, "acme", 1, "a").ok());
  ASSERT_TRUE(Insert(pool, "bolt", 2, "b").ok());
  auto tx = pool.Begin("acme");
  ASSERT_TRUE(tx.ok());
  EXPECT_EQ(tx->Exec(kAll)->size(), 1u);
  // Asked by hand for the other's rows, and for all rows.
  EXPECT_EQ(tx->Exec(kOfTenant, "bolt")->size(), 0u);
  EXPECT_EQ(tx->Exec(kUpdateAll)->size(), 1u);
  ASSERT_TRUE(tx->Commit().ok());
  EXPECT_EQ(database_.Sql("SELECT body FROM monitor.note WHERE tenant_id = 'bolt'"), "b");
}

TEST_F(RequestTest, ATenantCannotWriteAnothersRow) {
  Pool pool(Options());
  auto tx = pool.Begin("acme");
  ASSERT_TRUE(tx.ok());
  auto result =
      tx->Exec(kInsert, "bolt", int64_t{1}, "x", std::vector<std::string>{}, std::nullopt);
  EXPECT_EQ(SqlStateOf(result.status()), "42501") << result.status();
}

TEST_F(RequestTest, AMissingTenantIsAnErrorAlsoOnAConnectionThatHadOne) {
  Pool pool(Options());
  ASSERT_TRUE(Insert(pool, "acme", 1, "a").ok());
  for (int i = 0; i < 2; ++i) {
    auto tx = pool.BeginSystem();
    ASSERT_TRUE(tx.ok());
    EXPECT_EQ(SqlStateOf(tx->Exec(kAll).status()), "42501");
  }
  EXPECT_EQ(ReasonOf(pool.Begin("").status()), "TENANT_MISSING");
  // A function of the system role sees all of them.
  auto tx = pool.BeginSystem();
  auto count = tx->Exec(kCountAll);
  ASSERT_TRUE(count.ok()) << count.status();
  EXPECT_EQ((*count)[0].Int(0), 1);
}

TEST_F(RequestTest, ATenantsNameCannotBreakOutOfTheStatement) {
  Pool pool(Options());
  ASSERT_TRUE(Insert(pool, "acme", 1, "a").ok());
  auto tx = pool.Begin("x'; SET LOCAL app.tenant = 'acme");
  ASSERT_TRUE(tx.ok()) << tx.status();
  EXPECT_EQ(tx->Exec(kAll)->size(), 0u);
}

TEST_F(RequestTest, WithoutCommitNothingStays) {
  Pool pool(Options());
  {
    auto tx = pool.Begin("acme");
    ASSERT_TRUE(
        tx->Exec(kInsert, "acme", int64_t{1}, "a", std::vector<std::string>{}, std::nullopt).ok());
  }
  EXPECT_EQ(database_.Sql("SELECT count(*) FROM monitor.note"), "0");
}

TEST_F(RequestTest, ErrorsCarryReasonSqlStateAndConstraint) {
  Pool pool(Options());
  ASSERT_TRUE(Insert(pool, "acme", 1, "same").ok());
  absl::Status duplicate = Insert(pool, "bolt", 2, "same");
  EXPECT_EQ(duplicate.code(), absl::StatusCode::kAlreadyExists) << duplicate;
  EXPECT_EQ(ReasonOf(duplicate), "DATABASE_DUPLICATE");
  EXPECT_EQ(ConstraintOf(duplicate), "note_body_key");
  EXPECT_EQ(SqlStateOf(duplicate), "23505");
}

TEST_F(RequestTest, ATextWithANulIsRefusedAndNotCutOff) {
  Pool pool(Options());
  EXPECT_EQ(ReasonOf(Insert(pool, "acme", 1, std::string("a\0b", 3))), "DATABASE_VALUE_REFUSED");
}

TEST(ErrorTable, EverySqlStateHasItsStatus) {
  struct Case {
    const char* sqlstate;
    absl::StatusCode code;
    const char* reason;
    bool retryable;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"08006", absl::StatusCode::kUnavailable, "DATABASE_UNAVAILABLE", true},
           {"53300", absl::StatusCode::kUnavailable, "DATABASE_UNAVAILABLE", true},
           {"57P01", absl::StatusCode::kUnavailable, "DATABASE_UNAVAILABLE", true},
           {"40001", absl::StatusCode::kAborted, "DATABASE_CONFLICT", true},
           {"40P01", absl::StatusCode::kAborted, "DATABASE_CONFLICT", true},
           {"57014", absl::StatusCode::kDeadlineExceeded, "DATABASE_TIMEOUT", true},
           {"23514", absl::StatusCode::kFailedPrecondition, "DATABASE_CONSTRAINT", false},
           {"22003", absl::StatusCode::kInvalidArgument, "DATABASE_VALUE_REFUSED", false},
           {"42P01", absl::StatusCode::kInternal, "DATABASE_STATEMENT", false}}) {
    absl::Status status = FromSqlState(c.sqlstate, "ERROR:  text", "s");
    EXPECT_EQ(status.code(), c.code) << c.sqlstate;
    EXPECT_EQ(ReasonOf(status), c.reason) << c.sqlstate;
    EXPECT_EQ(IsRetryable(status), c.retryable) << c.sqlstate;
    EXPECT_EQ(MetadataOf(status).contains(kErrorRetryAfterMs),
              c.code == absl::StatusCode::kUnavailable)
        << c.sqlstate;
  }
}

TEST_F(RequestTest, ABusyPoolSaysSo) {
  PoolOptions options = Options();
  options.size = 1;
  Pool pool(options);
  auto held = pool.Begin("acme");
  ASSERT_TRUE(held.ok());
  absl::Status status = pool.Begin("acme").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(status), "DATABASE_POOL_EXHAUSTED");
}

TEST_F(RequestTest, IdleConnectionsThatBrokeAreReplacedUnseen) {
  Pool pool(Options());
  {
    auto a = pool.Begin("acme"), b = pool.Begin("acme"), c = pool.Begin("acme");
    ASSERT_TRUE(a.ok() && b.ok() && c.ok());
  }
  database_.TerminateConnections();
  auto tx = pool.Begin("acme");
  ASSERT_TRUE(tx.ok()) << tx.status();
  EXPECT_TRUE(tx->Exec(kOne).ok());
}

TEST_F(RequestTest, AConnectionLostInATransactionIsUnavailableAndInCommitUnknown) {
  Pool pool(Options());
  {
    auto tx = pool.Begin("acme");
    database_.TerminateConnections();
    EXPECT_EQ(ReasonOf(tx->Exec(kOne).status()), "DATABASE_UNAVAILABLE");
  }
  auto tx = pool.Begin("acme");
  ASSERT_TRUE(tx.ok()) << tx.status();
  database_.TerminateConnections();
  EXPECT_EQ(ReasonOf(tx->Commit()), "DATABASE_COMMIT_UNKNOWN");
}

TEST_F(RequestTest, ACommitWhoseAnswerIsLostIsNotRepeated) {
  testing::PostgresProxy proxy(database_);
  Pool pool({.url = proxy.Url("monitor_app")});
  int runs = 0;
  std::thread cutter;
  absl::Status status = pool.InTenant("acme", [&](TenantTx& tx) -> absl::Status {
    ++runs;
    AF_RETURN_IF_ERROR(
        tx.Exec(kInsert, "acme", int64_t{1}, "a", std::vector<std::string>{}, std::nullopt)
            .status());
    proxy.SwallowAnswers();
    cutter = std::thread([&] {
      while (database_.Sql("SELECT count(*) FROM monitor.note") != "1") {
      }
      proxy.Cut();
    });
    return absl::OkStatus();
  });
  cutter.join();
  EXPECT_EQ(ReasonOf(status), "DATABASE_COMMIT_UNKNOWN");
  EXPECT_EQ(runs, 1);
}

TEST_F(RequestTest, AServerThatSaysNothingHoldsNobody) {
  testing::PostgresProxy proxy(database_);
  Pool pool({.url = proxy.Url("monitor_app"), .statement_timeout_ms = 50, .silence_ms = 50});
  {
    auto idle = pool.Begin("acme"), tx = pool.Begin("acme");
    ASSERT_TRUE(idle.ok() && tx.ok());
    proxy.SwallowAnswers();
    EXPECT_EQ(ReasonOf(tx->Exec(kOne).status()), "DATABASE_UNAVAILABLE");
    EXPECT_EQ(ReasonOf(idle->Commit()), "DATABASE_COMMIT_UNKNOWN");
  }
  proxy.Cut();
  {
    auto idle = pool.Begin("acme"), tx = pool.Begin("acme");
    ASSERT_TRUE(idle.ok() && tx.ok());
    proxy.SwallowAnswers();
    EXPECT_EQ(ReasonOf(tx->Exec(kOne).status()), "DATABASE_UNAVAILABLE");
  }
  // The one that was idle is not found out in its turn.
  proxy.Cut();
  EXPECT_TRUE(pool.Begin("acme").ok());
}

TEST_F(RequestTest, WhatMayBeDeadIsNotUsedAgain) {
  constexpr Statement kPid = {"pid", "SELECT pg_backend_pid()"};
  constexpr Statement kSleep = {"sleep", "SELECT pg_sleep(600)"};
  Pool pool({.url = Options().url, .statement_timeout_ms = 0});
  auto pid = [&] { return (*pool.Begin("acme")->Exec(kPid))[0].Int(0); };
  const int64_t first = pid();
  EXPECT_EQ(pid(), first);
  pool.Distrust();
  EXPECT_NE(pid(), first);
  auto tx = pool.Begin("acme");
  std::atomic<bool> over{false};
  absl::Status status;
  std::thread asking([&] {
    status = tx->Exec(kSleep).status();
    over = true;
  });
  while (!over) pool.Distrust();  // until it has waited for a while
  asking.join();
  EXPECT_EQ(ReasonOf(status), "DATABASE_UNAVAILABLE");
}

TEST_F(RequestTest, InTenantStartsOverWhenTheConnectionBreaks) {
  Pool pool(Options());
  int runs = 0;
  absl::Status status = pool.InTenant("acme", [&](TenantTx& tx) {
    if (++runs == 1) database_.TerminateConnections();
    return tx.Exec(kInsert, "acme", int64_t{1}, "a", std::vector<std::string>{}, std::nullopt)
        .status();
  });
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(database_.Sql("SELECT count(*) FROM monitor.note"), "1");
}

TEST_F(RequestTest, AnUnreachableServerFailsFastWithBackOff) {
  Pool pool({.url = "postgresql://monitor_app@/none?host=/tmp/agentflow-no-such-folder"});
  EXPECT_EQ(ReasonOf(pool.Ping()), "DATABASE_UNAVAILABLE");
  absl::Status second = pool.Ping();
  EXPECT_EQ(ReasonOf(second), "DATABASE_UNAVAILABLE");
  EXPECT_EQ(MetadataOf(second).count(kErrorRetryAfterMs), 1u) << second;
}

TEST_F(RequestTest, TheObserverHearsEveryStatementByName) {
  std::vector<std::string> heard;
  PoolOptions options = Options();
  options.observer = [&](const char* name, int64_t, const absl::Status&) { heard.push_back(name); };
  Pool pool(options);
  ASSERT_TRUE(pool.InTenant("acme", [](TenantTx& tx) { return tx.Exec(kOne).status(); }).ok());
  EXPECT_EQ(heard, (std::vector<std::string>{"one", "commit"}));
}

// --- the guard

TEST_F(RequestTest, TheGuardLetsTheAppRoleStart) {
  Pool pool(Options());
  absl::Status status = CheckRowSecurity(pool, "monitor");
  EXPECT_TRUE(status.ok()) << status;
}

TEST_F(RequestTest, TheGuardRefusesEveryWayAroundRowSecurity) {
  struct Case {
    const char* role;
    const char* before;
    const char* message;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"postgres", "SELECT 1", "superuser"},
           {"monitor_owner", "SELECT 1", "owns"},
           {"monitor_app",
            "CREATE TABLE monitor.bare (tenant_id text); "
            "GRANT SELECT ON monitor.bare TO monitor_app",
            "not enabled"},
           {"monitor_app", "ALTER TABLE monitor.bare ENABLE ROW LEVEL SECURITY", "not forced"},
           {"monitor_app", "ALTER TABLE monitor.bare FORCE ROW LEVEL SECURITY", "no policy"},
           {"monitor_app", "CREATE POLICY open ON monitor.bare TO monitor_app USING (true)",
            "does not look at the tenant"},
           {"monitor_app", "DROP TABLE monitor.bare; ALTER TABLE monitor.note OWNER TO monitor_app",
            "owns"},
           {"monitor_app",
            "ALTER TABLE monitor.note OWNER TO monitor_owner; "
            "GRANT SELECT ON monitor.note TO monitor_app; "
            "ALTER TABLE monitor.note NO FORCE ROW LEVEL SECURITY",
            "not forced"}}) {
    database_.Sql(c.before);
    std::string url =
        std::string(c.role) == "postgres" ? database_.SuperuserUrl() : database_.Url(c.role);
    Pool pool({.url = url, .size = 1});
    absl::Status status = CheckRowSecurity(pool, "monitor");
    EXPECT_EQ(ReasonOf(status), "ROW_SECURITY_BYPASSED") << c.before;
    EXPECT_NE(MessageOf(status).find(c.message), std::string::npos) << status;
  }
}

// --- migrations

TEST_F(RequestTest, MigratingAgainChangesNothing) {
  std::string before = database_.Sql(
      "SELECT string_agg(name || applied_at, ',' ORDER BY name) "
      "FROM monitor.schema_migrations");
  EXPECT_NE(before.find("0002_count"), std::string::npos);
  ASSERT_TRUE(Migrate(database_.Url("monitor_owner"), Set()).ok());
  EXPECT_EQ(database_.Sql("SELECT string_agg(name || applied_at, ',' ORDER BY name) "
                          "FROM monitor.schema_migrations"),
            before);
}

TEST_F(RequestTest, ABadMigrationIsRefusedAndLeavesNothing) {
  struct Case {
    const char* name;
    const char* sql;
    const char* reason;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"0001_notes", "SELECT 1", "MIGRATION_EDITED"},
           {"0000_before", "SELECT 1", "MIGRATION_UNKNOWN"},
           {"0003_broken", "CREATE TABLE half (id int); SELECT no_such_column",
            "MIGRATION_FAILED"}}) {
    std::vector<Migration> list(Set().migrations.begin(), Set().migrations.end());
    if (std::string(c.reason) == "MIGRATION_EDITED") list[0] = {c.name, c.sql};
    if (std::string(c.reason) == "MIGRATION_FAILED") list.push_back({c.name, c.sql});
    if (std::string(c.reason) == "MIGRATION_UNKNOWN") list.erase(list.begin());
    EXPECT_EQ(ReasonOf(Migrate(database_.Url("monitor_owner"), {"monitor", list})), c.reason);
  }
  EXPECT_EQ(database_.Sql("SELECT count(*) FROM pg_class WHERE relname = 'half'"), "0");
  // A newer binary's additions do not stop an older one.
  std::vector<Migration> older(Set().migrations.begin(), Set().migrations.begin() + 1);
  EXPECT_TRUE(Migrate(database_.Url("monitor_owner"), {"monitor", older}).ok());
}

TEST(Migrate, ManyProcessesAtOnceMigrateOnce) {
  testing::PostgresForTest database;
  std::atomic<int> good{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      MigrationSet set = monitor_test::Migrations();
      set.schema = "monitor";
      good += Migrate(database.Url("monitor_owner"), set).ok();
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, 4);
}

}  // namespace
}  // namespace agentflow::pg
