#include "libs/pg/pool.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <limits>
#include <map>
#include <mutex>
#include <vector>

#include "libs/obs/log.h"
#include "libs/pg/connection.h"
#include "libs/pg/error.h"
#include "libs/runtime/periodic.h"

namespace agentflow::pg {
namespace {

using SteadyClock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kFirstBackoff{25};
constexpr milliseconds kLongestBackoff{50};
constexpr int kAttempts = 3;

int64_t MicrosSince(SteadyClock::time_point start) {
  return std::chrono::duration_cast<std::chrono::microseconds>(SteadyClock::now() - start).count();
}

absl::Status CommitUnknown() {
  return Unavailable("DATABASE_COMMIT_UNKNOWN",
                     "the connection was lost while committing; look whether the change is there "
                     "before repeating it");
}

}  // namespace

struct Pool::State {
  explicit State(PoolOptions given) : options(std::move(given)) {}

  const PoolOptions options;
  std::mutex mutex;
  std::condition_variable returned;
  std::vector<std::unique_ptr<Connection>> idle;
  size_t open = 0;  // idle, in use, or being opened
  milliseconds backoff{0};
  SteadyClock::time_point next_attempt{};
  struct Question {
    SteadyClock::time_point asked, answer_by;
  };
  std::map<Connection*, Question> questions;  // what the server was asked
  std::mutex audit_mutex;
  std::function<void()> on_audit;

  absl::StatusOr<std::unique_ptr<Connection>> Acquire();
  void Release(std::unique_ptr<Connection> connection);
  absl::StatusOr<std::unique_ptr<Connection>> Open();
  class AnswerBy;
  void BreakSilent();
  void Distrust();
  // Under the lock. Those that are to be closed outside it.
  std::vector<std::unique_ptr<Connection>> GiveUpIdle();
};

namespace {

constexpr milliseconds kWatchEvery{250};
// The longest that an answer takes where nothing is wrong.
constexpr milliseconds kAWhile{300};
constexpr int kNoLimitMs = std::numeric_limits<int>::max();

}  // namespace

absl::StatusOr<std::unique_ptr<Connection>> Pool::State::Acquire() {
  std::unique_lock lock(mutex);
  for (bool waited = false;; waited = true) {
    auto available = [&] { return !idle.empty() || open < options.size; };
    if (!returned.wait_for(lock, milliseconds(options.acquire_timeout_ms), available)) {
      return Error(absl::StatusCode::kResourceExhausted, "DATABASE_POOL_EXHAUSTED",
                   "all " + std::to_string(options.size) +
                       " database connections are busy; try again, or raise database.pool_size",
                   {{kErrorRetryAfterMs, "200"}});
    }
    if (!idle.empty()) {
      std::unique_ptr<Connection> connection = std::move(idle.back());
      idle.pop_back();
      return connection;
    }
    const auto now = SteadyClock::now();
    if (now >= next_attempt) break;
    if (waited) {
      auto left = std::chrono::duration_cast<milliseconds>(next_attempt - now).count() + 1;
      return Error(
          absl::StatusCode::kUnavailable, "DATABASE_UNAVAILABLE",
          "the database cannot be reached; connecting again in " + std::to_string(left) + " ms",
          {{kErrorRetryAfterMs, std::to_string(left)}});
    }
    // Somebody is about to find out, and then all go on at once.
    returned.wait_until(lock, next_attempt, [&] { return !idle.empty() || backoff.count() == 0; });
  }
  // While the server is away, one asks for all.
  if (backoff > milliseconds(0)) next_attempt = SteadyClock::now() + backoff;
  ++open;
  lock.unlock();
  return Open();
}

absl::StatusOr<std::unique_ptr<Connection>> Pool::State::Open() {
  absl::StatusOr<std::unique_ptr<Connection>> connection = Connection::Open(
      {options.url, options.name, options.connect_timeout_ms, options.statement_timeout_ms});
  std::lock_guard lock(mutex);
  if (connection.ok()) {
    backoff = milliseconds(0);
    next_attempt = {};
    returned.notify_all();
  } else {
    --open;
    backoff = std::clamp(backoff * 2, kFirstBackoff, kLongestBackoff);
    next_attempt = SteadyClock::now() + backoff;
    returned.notify_one();
  }
  return connection;
}

void Pool::State::Release(std::unique_ptr<Connection> connection) {
  bool usable = !connection->lost();
  if (!usable) connection.reset();  // closing may take a moment: not under the lock
  std::lock_guard lock(mutex);
  if (usable) {
    idle.push_back(std::move(connection));
  } else {
    --open;
  }
  returned.notify_one();
}

// A connection whose other end is gone without a word would hold its thread for good.
void Pool::State::BreakSilent() {
  std::vector<std::unique_ptr<Connection>> suspects;
  {
    std::lock_guard lock(mutex);
    const auto now = SteadyClock::now();
    bool silent = false;
    for (auto& [connection, question] : questions) {
      if (now < question.answer_by) continue;
      connection->Break();
      silent = true;
    }
    if (!silent) return;
    suspects = GiveUpIdle();
  }
  obs::Warn("the database does not answer; connections given up",
            {{"name", options.name}, {"idle", suspects.size()}});
}

std::vector<std::unique_ptr<Connection>> Pool::State::GiveUpIdle() {
  std::vector<std::unique_ptr<Connection>> given_up;
  open -= idle.size();
  given_up.swap(idle);
  for (auto& connection : given_up) connection->Break();
  returned.notify_all();
  return given_up;
}

void Pool::State::Distrust() {
  std::vector<std::unique_ptr<Connection>> suspects;
  std::lock_guard lock(mutex);
  for (auto& [connection, question] : questions) {
    if (SteadyClock::now() - question.asked > kAWhile) connection->Break();
  }
  suspects = GiveUpIdle();
}

// Says, for as long as it lives, by when the server must have answered.
class Pool::State::AnswerBy {
 public:
  AnswerBy(State& pool, Connection* connection, int most_ms)
      : pool_(pool), connection_(connection) {
    const auto now = SteadyClock::now();
    std::lock_guard lock(pool_.mutex);
    pool_.questions[connection_] = {now, now + milliseconds(most_ms)};
  }
  ~AnswerBy() {
    std::lock_guard lock(pool_.mutex);
    pool_.questions.erase(connection_);
  }

 private:
  State& pool_;
  Connection* const connection_;
};

struct Tx::Impl {
  Impl(std::shared_ptr<Pool::State> pool, std::unique_ptr<Connection> connection)
      : pool(std::move(pool)), connection(std::move(connection)) {}
  ~Impl() {
    if (!done && !connection->lost()) (void)Script("ROLLBACK", "rollback");
    pool->Release(std::move(connection));
  }

  // What takes the server no time.
  absl::Status Script(const std::string& sql, const char* name) {
    const Pool::State::AnswerBy watched(*pool, connection.get(), pool->options.silence_ms);
    return connection->Script(sql, name).status();
  }
  absl::StatusOr<Result> Run(const Statement& statement, std::span<const Param> params) {
    return WithinTime([&] { return connection->Prepared(statement, params); });
  }
  absl::Status Commit() {
    return WithinTime([&] { return connection->Script("COMMIT", "commit"); }).status();
  }
  template <typename Ask>
  absl::StatusOr<Result> WithinTime(const Ask& ask) {
    const PoolOptions& options = pool->options;
    const bool limited = options.statement_timeout_ms != 0;
    const Pool::State::AnswerBy watched(
        *pool, connection.get(),
        limited ? options.statement_timeout_ms + options.silence_ms : kNoLimitMs);
    return ask();
  }

  std::shared_ptr<Pool::State> pool;
  std::unique_ptr<Connection> connection;
  bool done = false;
  bool audited = false;
};

Tx::Tx(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
Tx::Tx(Tx&&) noexcept = default;
Tx::~Tx() = default;

absl::StatusOr<Result> Tx::Run(const Statement& statement, std::span<const Param> params) {
  AF_CHECK(impl_ && !impl_->done);
  auto start = SteadyClock::now();
  absl::StatusOr<Result> result = impl_->Run(statement, params);
  if (const auto& observer = impl_->pool->options.observer) {
    observer(statement.name, MicrosSince(start), result.status());
  }
  return result;
}

absl::Status Tx::Commit() {
  AF_CHECK(impl_ && !impl_->done);
  auto start = SteadyClock::now();
  impl_->done = true;
  absl::Status status = impl_->Commit();
  if (!status.ok() && impl_->connection->lost()) status = CommitUnknown();
  if (const auto& observer = impl_->pool->options.observer) {
    observer("commit", MicrosSince(start), status);
  }
  if (impl_->audited) {
    std::lock_guard lock(impl_->pool->audit_mutex);
    if (impl_->pool->on_audit) impl_->pool->on_audit();
  }
  return status;
}

void TenantTx::CarriesAudit() {
  impl_->audited = true;
}

Pool::Pool(PoolOptions options) : state_(std::make_shared<State>(std::move(options))) {
  watch_ = std::make_unique<runtime::PeriodicTask>("pg-watch", kWatchEvery,
                                                   [state = state_] { state->BreakSilent(); });
}
Pool::~Pool() = default;

absl::StatusOr<std::shared_ptr<Tx::Impl>> Pool::Start(const std::string* tenant) {
  // After a restart of the server every idle connection is broken; each is found so here, before
  // anything ran on it, and the next one is tried.
  for (size_t attempt = 0;; ++attempt) {
    AF_ASSIGN_OR_RETURN(std::unique_ptr<Connection> connection, state_->Acquire());
    auto tx = std::make_shared<Tx::Impl>(state_, std::move(connection));
    std::string begin = "BEGIN";
    if (tenant != nullptr) begin += "; SET LOCAL app.tenant = " + tx->connection->Quote(*tenant);
    absl::Status status = tx->Script(begin, "begin");
    if (status.ok()) return tx;
    if (!tx->connection->lost() || attempt >= state_->options.size) return status;
  }
}

absl::StatusOr<TenantTx> Pool::Begin(std::string_view tenant) {
  std::string slug(tenant);
  if (slug.empty()) {
    return Internal("TENANT_MISSING", "a tenant's transaction was begun without a tenant");
  }
  AF_ASSIGN_OR_RETURN(std::shared_ptr<Tx::Impl> impl, Start(&slug));
  return TenantTx(std::move(impl), std::move(slug));
}

absl::StatusOr<SystemTx> Pool::BeginSystem() {
  AF_ASSIGN_OR_RETURN(std::shared_ptr<Tx::Impl> impl, Start(nullptr));
  return SystemTx(std::move(impl));
}

void Pool::OnAudit(std::function<void()> told) {
  std::lock_guard lock(state_->audit_mutex);
  state_->on_audit = std::move(told);
}

void Pool::Distrust() {
  state_->Distrust();
}

absl::Status Pool::Ping() {
  return BeginSystem().status();
}

namespace {

// Whether starting the whole transaction again is safe and may help.
bool WorthRepeating(const absl::Status& status) {
  if (status.ok()) return false;
  std::string reason = ReasonOf(status);
  return reason == "DATABASE_UNAVAILABLE" || SqlStateOf(status).starts_with("40");
}

template <typename Begin, typename Body>
absl::Status Repeatedly(const Begin& begin, const Body& body) {
  absl::Status status;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    auto tx = begin();
    if (!tx.ok()) return attempt == 0 ? tx.status() : status;
    status = body(*tx);
    if (status.ok()) status = tx->Commit();
    if (!WorthRepeating(status)) return status;
  }
  return status;
}

}  // namespace

absl::Status Pool::InTenant(std::string_view tenant,
                            const std::function<absl::Status(TenantTx&)>& body) {
  return Repeatedly([&] { return Begin(tenant); }, body);
}

absl::Status Pool::InSystem(const std::function<absl::Status(SystemTx&)>& body) {
  return Repeatedly([&] { return BeginSystem(); }, body);
}

}  // namespace agentflow::pg
