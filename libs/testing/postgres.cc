#include "libs/testing/postgres.h"

#include <pwd.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>

#include "libs/base/status.h"
#include "libs/pg/script.h"
#include "libs/testing/process.h"
#include "libs/testing/temp_dir.h"

#if defined(__SANITIZE_ADDRESS__)
// libpqxx 6.4 loses the result of a statement during which the connection broke.
extern "C" const char* __lsan_default_suppressions() {
  return "leak:libpqxx";
}
#endif

namespace agentflow::testing {
namespace {

constexpr char kBin[] = "/usr/lib/postgresql/15/bin/";
constexpr char kUser[] = "postgres";
constexpr char kBootstrap[] = AF_SOURCE_DIR "/deploy/postgres/bootstrap.sql";

[[noreturn]] void Fail(const std::string& what) {
  std::fprintf(stderr, "PostgresForTest: %s\n", what.c_str());
  std::abort();
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// "postgresql://user@host/database?x" with another user and database.
std::string WithUserAndDatabase(const std::string& url, std::string_view user,
                                std::string_view database) {
  size_t start = url.find("://");
  if (start == std::string::npos) Fail("AGENTFLOW_TEST_POSTGRES is not a URL: " + url);
  start += 3;
  size_t slash = url.find('/', start);
  size_t query = url.find('?', start);
  std::string host = url.substr(start, std::min(slash, query) - start);
  if (size_t at = host.rfind('@'); at != std::string::npos) host = host.substr(at + 1);
  std::string rest = query == std::string::npos ? "" : url.substr(query);
  return url.substr(0, start) + std::string(user) + "@" + host + "/" + std::string(database) + rest;
}

// The private server of this process, started at first use.
class Server {
 public:
  static Server& Get() {
    static auto* server = new Server;
    return *server;
  }

  const std::string& url() const { return url_; }

 private:
  Server() {
    if (const char* given = std::getenv("AGENTFLOW_TEST_POSTGRES"); given && *given) {
      url_ = given;
      return;
    }
    dir_ = std::make_unique<TempDir>();
    if (geteuid() == 0) {
      const passwd* account = getpwnam(kUser);
      if (account == nullptr) Fail("no system user postgres; install postgresql-15");
      AF_CHECK(chown(dir_->path().c_str(), account->pw_uid, account->pw_gid) == 0);
    }
    const std::string log = dir_->path() + "/log";
    const std::string data = dir_->path() + "/data";
    if (!WaitFor(Spawn({std::string(kBin) + "initdb", "-D", data, "-U", kUser, "--auth=trust",
                        "--no-sync", "--encoding=UTF8", "--locale=C"},
                       log, kUser))) {
      Fail("initdb failed:\n" + ReadFile(log));
    }
    std::vector<std::string> argv = {std::string(kBin) + "postgres", "-D", data, "-k",
                                     dir_->path()};
    for (const char* setting :
         {"listen_addresses=", "fsync=off", "synchronous_commit=off", "full_page_writes=off",
          "shared_buffers=32MB", "max_connections=100", "autovacuum=off", "wal_level=minimal",
          "max_wal_senders=0", "jit=off"}) {
      argv.insert(argv.end(), {"-c", setting});
    }
    pid_ = Spawn(argv, log, kUser);
    url_ = "postgresql://" + std::string(kUser) + "@/postgres?host=" + dir_->path();
    std::atexit([] { Get().Stop(); });
    for (int attempt = 0; attempt < 3000; ++attempt) {
      // The server writes here when it takes connections.
      if (ReadFile(data + "/postmaster.pid").find("ready") != std::string::npos) return;
      if (!IsRunning(pid_)) break;
      usleep(10'000);
    }
    Fail("the server did not start:\n" + ReadFile(log));
  }

  void Stop() {
    if (pid_ > 0) Kill(pid_, SIGQUIT);
    pid_ = 0;
    dir_.reset();
  }

  std::unique_ptr<TempDir> dir_;
  std::string url_;
  int pid_ = 0;
};

pg::Result MustRun(const std::string& url, std::string_view sql) {
  absl::StatusOr<pg::Result> result = pg::RunScript(url, sql);
  if (!result.ok()) Fail(MessageOf(result.status()) + "\nin: " + std::string(sql.substr(0, 300)));
  return *result;
}

std::string UserOf(const std::string& url) {
  size_t start = url.find("://") + 3;
  size_t at = url.find('@', start);
  return at == std::string::npos ? kUser : url.substr(start, at - start);
}

}  // namespace

PostgresForTest::PostgresForTest() {
  static std::atomic<int> next{0};
  database_ = "test_" + std::to_string(getpid()) + "_" + std::to_string(next++);
  MustRun(Server::Get().url(), "CREATE DATABASE " + database_);
  std::string bootstrap = ReadFile(kBootstrap);
  if (bootstrap.empty()) Fail(std::string("cannot read ") + kBootstrap);
  MustRun(SuperuserUrl(), bootstrap);
}

PostgresForTest::~PostgresForTest() {
  (void)pg::RunScript(Server::Get().url(),
                      "DROP DATABASE IF EXISTS " + database_ + " WITH (FORCE)");
}

std::string PostgresForTest::Url(std::string_view role) const {
  return WithUserAndDatabase(Server::Get().url(), role, database_);
}

std::string PostgresForTest::SuperuserUrl() const {
  return WithUserAndDatabase(Server::Get().url(), UserOf(Server::Get().url()), database_);
}

std::string PostgresForTest::Sql(std::string_view sql) const {
  pg::Result result = MustRun(SuperuserUrl(), sql);
  return result.empty() ? "" : result[0].OptionalText(0).value_or("");
}

void PostgresForTest::TerminateConnections() const {
  // Wait for each to be gone, so that a test sees the state after it.
  MustRun(Server::Get().url(),
          "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = '" +
              database_ + "'");
}

}  // namespace agentflow::testing
