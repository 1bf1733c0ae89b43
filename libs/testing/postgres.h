#pragma once

#include <string>
#include <string_view>

namespace agentflow::testing {

// A fresh database with deploy/postgres/bootstrap.sql applied, dropped at the end.
//
// The server: the one that AGENTFLOW_TEST_POSTGRES names (a superuser's URL), else a private
// PostgreSQL 15 that the first instance in this process starts, without fsync, reachable through
// a Unix socket in a folder of its own, and that ends with the process. What goes wrong here
// ends the process with a message.
class PostgresForTest {
 public:
  PostgresForTest();
  ~PostgresForTest();
  PostgresForTest(const PostgresForTest&) = delete;
  PostgresForTest& operator=(const PostgresForTest&) = delete;

  // Of a role of bootstrap.sql: Url("tenant_app"), Url("executor_engine").
  std::string Url(std::string_view role) const;
  // Of the superuser, for what a test must do behind a service's back.
  std::string SuperuserUrl() const;
  const std::string& database() const { return database_; }

  // Runs SQL as the superuser; the first column of the last result's first row, "" without rows.
  std::string Sql(std::string_view sql) const;
  // Kills every connection to this database, as a restart of the server would.
  void TerminateConnections() const;

 private:
  std::string database_;
};

}  // namespace agentflow::testing
