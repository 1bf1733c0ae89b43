#include "libs/pg/pipeline.h"

#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <deque>

#include "libs/obs/log.h"
#include "libs/pg/error.h"

namespace agentflow::pg {
namespace {

constexpr char kBegin[] = "af_begin";
constexpr char kCommit[] = "af_commit";
constexpr char kRollback[] = "af_rollback";

std::shared_ptr<PGresult> Own(PGresult* result) {
  return {result, PQclear};
}

std::string Field(const PGresult* result, int field) {
  const char* text = PQresultErrorField(result, field);
  return text == nullptr ? std::string() : std::string(text);
}

void IgnoreNotice(void*, const PGresult*) {}

// One Sync's worth of commands that were sent.
struct Sent {
  enum class Kind { kBatch, kRollback, kQuery };
  Kind kind = Kind::kBatch;
  // Names for messages, by command; a batch has BEGIN first and COMMIT last.
  std::vector<const char*> names;
  size_t current = 0;  // the command whose answer comes next
  bool answered = false;
  std::vector<BinaryResult> results;
  absl::Status failure;
  std::string sqlstate;
  size_t failed = 0;
};

}  // namespace

struct Pipeline::Impl {
  PipelineOptions options;
  PGconn* connection = nullptr;
  struct Call {
    size_t statement;
    BinaryParams params;
  };
  std::vector<Call> forming;
  std::deque<Sent> sent;
  std::deque<BatchOutcome> finished;
  bool lost = false;
  bool rollback_under_way = false;
  bool unsent = false;  // libpq still holds bytes for the socket

  ~Impl() { PQfinish(connection); }

  absl::Status Open();
  absl::Status PrepareAll();
  absl::Status NotReached() const;
  bool SendPrepared(const char* name, const BinaryParams& params);
  bool Sync(Sent batch);
  void SendRollback();
  void Move();
  bool TakeResults();
  void Take(PGresult* result);
  void Finish();
  void MarkLost(const std::string& why);
  bool WaitForSocket();
  std::string Message() const { return PQerrorMessage(connection); }
};

absl::Status Pipeline::Impl::NotReached() const {
  obs::Warn("database not reached", {{"name", options.name}, {"error", Message()}});
  return Unavailable("DATABASE_UNAVAILABLE", "the database cannot be reached; try again");
}

absl::Status Pipeline::Impl::Open() {
  std::string timeout_s = std::to_string(std::max(2, (options.connect_timeout_ms + 999) / 1000));
  std::string answer_ms = std::to_string(options.answer_timeout_ms);
  const char* keys[] = {"dbname",           "application_name", "connect_timeout",
                        "tcp_user_timeout", "options",          nullptr};
  const char* values[] = {options.url.c_str(), options.name.c_str(), timeout_s.c_str(),
                          answer_ms.c_str(),   "-c TimeZone=UTC",    nullptr};
  connection = PQconnectdbParams(keys, values, /*expand_dbname=*/1);
  if (connection == nullptr || PQstatus(connection) != CONNECTION_OK) return NotReached();
  PQsetNoticeReceiver(connection, IgnoreNotice, nullptr);
  return PrepareAll();
}

absl::Status Pipeline::Impl::PrepareAll() {
  std::vector<Statement> all = options.statements;
  all.push_back({kBegin, "BEGIN"});
  all.push_back({kCommit, "COMMIT"});
  all.push_back({kRollback, "ROLLBACK"});
  if (PQenterPipelineMode(connection) != 1) {
    return Internal("DATABASE_STATEMENT", "cannot enter pipeline mode: " + Message());
  }
  // In one round trip: on a slow way each one costs what a commit may cost.
  bool sent_all = true;
  for (const Statement& statement : all) {
    sent_all = sent_all &&
               PQsendPrepare(connection, statement.name, statement.sql, 0, nullptr) == 1;
  }
  if (!sent_all || PQpipelineSync(connection) != 1) return NotReached();
  for (const Statement& statement : all) {
    auto result = Own(PQgetResult(connection));
    if (result == nullptr || PQstatus(connection) != CONNECTION_OK) return NotReached();
    if (PQresultStatus(result.get()) != PGRES_COMMAND_OK) {
      return FromSqlState(Field(result.get(), PG_DIAG_SQLSTATE), PQresultErrorMessage(result.get()),
                          statement.name);
    }
    Own(PQgetResult(connection));  // the end of this one
  }
  auto synced = Own(PQgetResult(connection));
  if (PQresultStatus(synced.get()) != PGRES_PIPELINE_SYNC) return NotReached();
  if (PQsetnonblocking(connection, 1) != 0) {
    return Internal("DATABASE_STATEMENT", "cannot go on without blocking: " + Message());
  }
  return absl::OkStatus();
}

bool Pipeline::Impl::SendPrepared(const char* name, const BinaryParams& params) {
  std::vector<const char*> values;
  std::vector<int> lengths;
  std::vector<int> formats(params.values_.size(), 1);
  for (const std::optional<std::string>& value : params.values_) {
    values.push_back(value ? value->data() : nullptr);
    lengths.push_back(value ? static_cast<int>(value->size()) : 0);
  }
  return PQsendQueryPrepared(connection, name, static_cast<int>(values.size()), values.data(),
                             lengths.data(), formats.data(), /*resultFormat=*/1) == 1;
}

bool Pipeline::Impl::Sync(Sent batch) {
  if (PQpipelineSync(connection) != 1) return false;
  sent.push_back(std::move(batch));
  return true;
}

// After a failed batch the transaction is still open, with its locks.
void Pipeline::Impl::SendRollback() {
  if (rollback_under_way || lost) return;
  Sent rollback;
  rollback.kind = Sent::Kind::kRollback;
  rollback.names = {kRollback};
  if (!SendPrepared(kRollback, {}) || !Sync(std::move(rollback))) return MarkLost(Message());
  rollback_under_way = true;
}

// Moves bytes both ways without blocking, and reads what has arrived.
void Pipeline::Impl::Move() {
  if (lost) return;
  bool broken = false;
  int flushed = PQflush(connection);
  broken = flushed < 0;
  unsent = flushed > 0;
  // Answers that arrived before the connection broke still count.
  if (PQconsumeInput(connection) != 1) broken = true;
  if (!TakeResults()) broken = true;
  if (broken) return MarkLost(Message());
  // A result may have called for a rollback.
  flushed = PQflush(connection);
  if (flushed < 0) return MarkLost(Message());
  unsent = flushed > 0;
}

// False when the connection is found broken.
bool Pipeline::Impl::TakeResults() {
  int nulls = 0;
  while (!sent.empty() && nulls < 2 && !lost) {
    if (PQisBusy(connection) == 1) return true;
    PGresult* result = PQgetResult(connection);
    if (result == nullptr) {
      ++nulls;
      Sent& front = sent.front();
      if (front.answered) {
        ++front.current;
        front.answered = false;
      }
      continue;
    }
    nulls = 0;
    Take(result);
    if (PQstatus(connection) != CONNECTION_OK) return false;
  }
  return PQstatus(connection) == CONNECTION_OK;
}

void Pipeline::Impl::Take(PGresult* raw) {
  std::shared_ptr<PGresult> result = Own(raw);
  Sent& front = sent.front();
  switch (PQresultStatus(raw)) {
    case PGRES_PIPELINE_SYNC:
      return Finish();
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
      front.answered = true;
      front.results.emplace_back(result);
      return;
    case PGRES_PIPELINE_ABORTED:
      front.answered = true;
      return;
    default: {
      front.answered = true;
      std::string severity = Field(raw, PG_DIAG_SEVERITY_NONLOCALIZED);
      std::string sqlstate = Field(raw, PG_DIAG_SQLSTATE);
      // FATAL and no SQLSTATE are the connection's end, not a statement's error.
      if (severity != "ERROR" || sqlstate.empty()) return MarkLost(PQresultErrorMessage(raw));
      if (!front.failure.ok()) return;
      const char* name = front.names[std::min(front.current, front.names.size() - 1)];
      front.failure = FromSqlState(sqlstate, PQresultErrorMessage(raw), name);
      front.sqlstate = sqlstate;
      front.failed = front.current;
    }
  }
}

// The oldest batch's Sync came back.
void Pipeline::Impl::Finish() {
  Sent done = std::move(sent.front());
  sent.pop_front();
  if (done.kind == Sent::Kind::kRollback) {
    rollback_under_way = false;
    return;
  }
  BatchOutcome outcome;
  outcome.status = done.failure;
  outcome.sqlstate = done.sqlstate;
  bool is_batch = done.kind == Sent::Kind::kBatch;
  if (done.failure.ok()) {
    outcome.kind = BatchOutcome::Kind::kCommitted;
    outcome.results = std::move(done.results);
    if (is_batch) {  // without BEGIN's and COMMIT's
      outcome.results.pop_back();
      outcome.results.erase(outcome.results.begin());
    }
  } else {
    outcome.kind = BatchOutcome::Kind::kRolledBack;
    if (is_batch) {
      if (done.failed > 0) outcome.failed = done.failed - 1;
      if (!done.results.empty()) done.results.erase(done.results.begin());
      outcome.results = std::move(done.results);
      SendRollback();
    }
  }
  finished.push_back(std::move(outcome));
}

void Pipeline::Impl::MarkLost(const std::string& why) {
  if (lost) return;
  lost = true;
  unsent = false;
  obs::Warn("database pipeline lost", {{"name", options.name}, {"error", why}});
  for (Sent& batch : sent) {
    if (batch.kind == Sent::Kind::kRollback) continue;
    BatchOutcome outcome;
    if (!batch.failure.ok()) {
      outcome.kind = BatchOutcome::Kind::kRolledBack;
      outcome.status = batch.failure;
      outcome.sqlstate = batch.sqlstate;
      if (batch.failed > 0) outcome.failed = batch.failed - 1;
    } else {
      outcome.kind = BatchOutcome::Kind::kUnknown;
      outcome.status = Unavailable("DATABASE_COMMIT_UNKNOWN",
                                   "the connection was lost before the batch's answer");
    }
    finished.push_back(std::move(outcome));
  }
  sent.clear();
  forming.clear();
}

// Waits until the socket can move something. False after too long a silence.
bool Pipeline::Impl::WaitForSocket() {
  pollfd waiting{PQsocket(connection), POLLIN, 0};
  if (unsent) waiting.events |= POLLOUT;
  int ready;
  do {
    ready = poll(&waiting, 1, options.answer_timeout_ms);
  } while (ready < 0 && errno == EINTR);
  return ready > 0;
}

absl::StatusOr<std::unique_ptr<Pipeline>> Pipeline::Connect(PipelineOptions options) {
  auto impl = std::make_unique<Impl>();
  impl->options = std::move(options);
  AF_RETURN_IF_ERROR(impl->Open());
  return std::unique_ptr<Pipeline>(new Pipeline(std::move(impl)));
}

Pipeline::Pipeline(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Pipeline::~Pipeline() = default;

size_t Pipeline::Add(size_t statement, BinaryParams params) {
  AF_CHECK(statement < impl_->options.statements.size());
  impl_->forming.push_back({statement, std::move(params)});
  return impl_->forming.size() - 1;
}

size_t Pipeline::pending() const {
  return impl_->forming.size();
}
void Pipeline::Discard() {
  impl_->forming.clear();
}

absl::Status Pipeline::Send() {
  Impl& impl = *impl_;
  auto lost_connection = [&] {
    impl.forming.clear();
    return Unavailable("DATABASE_UNAVAILABLE", "the connection is lost; nothing was sent");
  };
  if (impl.lost) return lost_connection();
  Sent batch;
  bool ok = impl.SendPrepared(kBegin, {});
  batch.names.push_back(kBegin);
  for (const Impl::Call& call : impl.forming) {
    const char* name = impl.options.statements[call.statement].name;
    ok = ok && impl.SendPrepared(name, call.params);
    batch.names.push_back(name);
  }
  ok = ok && impl.SendPrepared(kCommit, {});
  batch.names.push_back(kCommit);
  impl.forming.clear();
  // Without the Sync and its COMMIT a batch cannot have landed.
  if (!ok || !impl.Sync(std::move(batch))) {
    impl.MarkLost(impl.Message());
    return lost_connection();
  }
  int flushed = PQflush(impl.connection);
  impl.unsent = flushed > 0;
  if (flushed < 0) impl.MarkLost(impl.Message());  // the outcome says so
  return absl::OkStatus();
}

size_t Pipeline::in_flight() const {
  size_t count = impl_->finished.size();
  for (const Sent& batch : impl_->sent) count += batch.kind != Sent::Kind::kRollback;
  return count;
}

int Pipeline::fd() const {
  return PQsocket(impl_->connection);
}
bool Pipeline::wants_write() const {
  return impl_->unsent;
}
bool Pipeline::lost() const {
  return impl_->lost;
}
int32_t Pipeline::backend_pid() const {
  return PQbackendPID(impl_->connection);
}

std::optional<BatchOutcome> Pipeline::Poll() {
  if (impl_->finished.empty()) impl_->Move();
  if (impl_->finished.empty()) return std::nullopt;
  BatchOutcome outcome = std::move(impl_->finished.front());
  impl_->finished.pop_front();
  return outcome;
}

BatchOutcome Pipeline::Wait() {
  AF_CHECK(in_flight() > 0);
  for (;;) {
    if (std::optional<BatchOutcome> outcome = Poll()) return *std::move(outcome);
    if (!impl_->WaitForSocket()) impl_->MarkLost("no answer in time");
  }
}

absl::StatusOr<BinaryResult> Pipeline::Query(size_t statement, const BinaryParams& params) {
  AF_CHECK(statement < impl_->options.statements.size() && in_flight() == 0);
  const char* name = impl_->options.statements[statement].name;
  if (!impl_->lost) {
    Sent query;
    query.kind = Sent::Kind::kQuery;
    query.names = {name};
    if (!impl_->SendPrepared(name, params) || !impl_->Sync(std::move(query))) {
      impl_->MarkLost(impl_->Message());
    }
  }
  if (in_flight() == 0) return Unavailable("DATABASE_UNAVAILABLE", "the connection is lost");
  BatchOutcome outcome = Wait();
  if (outcome.kind == BatchOutcome::Kind::kUnknown) {
    return Unavailable("DATABASE_UNAVAILABLE", MessageOf(outcome.status));
  }
  AF_RETURN_IF_ERROR(outcome.status);
  return outcome.results.front();
}

}  // namespace agentflow::pg
