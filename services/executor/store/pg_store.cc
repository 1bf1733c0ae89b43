#include "services/executor/store/pg_store.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <tuple>
#include <utility>
#include <variant>

#include "libs/base/lane.h"
#include "libs/base/status.h"
#include "libs/obs/log.h"
#include "libs/pg/error.h"
#include "libs/pg/pipeline.h"
#include "services/executor/approvals/approval_rows.h"
#include "services/executor/feed/change.h"
#include "services/executor/feed/sealed_changes.h"
#include "services/executor/payloads/payload_references.h"
#include "services/executor/sealing/sealed_texts.h"
#include "services/executor/store/engine_connection.h"
#include "services/executor/store/pg_reader.h"
#include "services/executor/store/worker_thread.h"

namespace agentflow::executor {
namespace {

namespace write {

enum : size_t {
  kSetUp,
  kAdopt,
  kFence,
  kJournal,
  kInsertLive,
  kUpdateLive,
  kDeleteLive,
  kInsertClosed,
  kInsertStartKey,
  kFeed,
  kOpenApproval,
  kCloseApproval,
  kMoveLanes,
  kOutbox,
  kTakeMail,
  kPutKeys,
  kDropKeys,
  kRehome,
  kRehomeStartKey,
  kKeepPayloads,
};

#define LIVE_ROW \
  AF_ROW_OF("live_execution", "k.lane = d.lane AND k.execution_id = d.execution_id")

std::vector<pg::Statement> Statements() {
  return {
      kConfigure,
      // What was sent over an earlier connection, and has not come yet, never does.
      {"adopt",
       "WITH ended AS (SELECT pg_terminate_backend(a.pid) FROM owner o JOIN pg_stat_activity a "
       "ON a.pid = o.backend_pid AND a.backend_start = o.backend_start "
       "WHERE o.owner_id = $1::text AND o.committer = $2::int AND a.pid <> pg_backend_pid()) "
       "UPDATE owner SET backend_pid = pg_backend_pid(), backend_start = (SELECT a.backend_start "
       "FROM pg_stat_activity a WHERE a.pid = pg_backend_pid()), "
       "lease_until = clock_timestamp() + $4::int * interval '1 ms' "
       "WHERE owner_id = $1::text AND committer = $2::int AND ($3::bigint = 0 OR epoch = "
       "$3::bigint) AND (SELECT count(*) FROM ended) >= 0 "
       "RETURNING epoch, seq, clock_timestamp()"},
      {"fence",
       "WITH f AS (UPDATE owner SET seq = $4::bigint + 1, "
       "lease_until = clock_timestamp() + $5::int * interval '1 ms' "
       "WHERE owner_id = $1::text AND committer = $2::int AND epoch = $3::bigint "
       "AND seq = $4::bigint RETURNING 1) SELECT 1 / count(*), now() FROM f"},
      {"journal",
       "INSERT INTO journal (execution_id, first_sequence, last_sequence, start_day, "
       "retention_days, tenant_id, events) SELECT * FROM unnest($1::uuid[], $2::bigint[], "
       "$3::bigint[], $4::int[], $5::smallint[], $6::text[], $7::bytea[])"},
      {"insert_live",
       "INSERT INTO live_execution (lane, execution_id, tenant_id, start_day, retention_days, "
       "start_time, state, mode, priority, version, workflow, content_hash, labels, principal, "
       "trace_id, business_key) SELECT * FROM unnest($1::smallint[], $2::uuid[], $3::text[], "
       "$4::int[], $5::smallint[], $6::timestamptz[], $7::smallint[], $8::smallint[], "
       "$9::smallint[], $10::int[], $11::text[], $12::text[], $13::text[], $14::text[], "
       "$15::text[], $16::text[])"},
      {"update_live",
       "UPDATE live_execution l SET state = d.state, version = d.version, "
       "content_hash = d.content_hash, start_day = d.start_day, "
       "snapshot_sequence = coalesce(d.sequence, l.snapshot_sequence), "
       "snapshot = coalesce(d.snapshot, l.snapshot) "
       "FROM unnest($1::smallint[], $2::uuid[], $3::smallint[], $4::bigint[], $5::bytea[], "
       "$6::int[], $7::text[], $8::int[]) "
       "AS d(lane, execution_id, state, sequence, snapshot, version, content_hash, start_day) "
       LIVE_ROW "WHERE l.ctid = found.ctid"},
      {"delete_live",
       "DELETE FROM live_execution l USING unnest($1::smallint[], $2::uuid[]) "
       "AS d(lane, execution_id) " LIVE_ROW "WHERE l.ctid = found.ctid"},
      {"insert_closed",
       "INSERT INTO closed_execution (tenant_id, start_time, execution_id, start_day, "
       "retention_days, end_time, state, mode, priority, version, workflow, labels, principal, "
       "trace_id, error_reason, business_key, failure, error_message, error_node) "
       "SELECT d.*, '', '' FROM unnest($1::text[], $2::timestamptz[], $3::uuid[], $4::int[], "
       "$5::smallint[], $6::timestamptz[], $7::smallint[], $8::smallint[], $9::smallint[], "
       "$10::int[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[], "
       "$16::text[], $17::bytea[]) AS d"},
      {"insert_start_key",
       "INSERT INTO start_key (execution_id, tenant_id, body_hash, start_time, start_day, "
       "retention_days) SELECT * FROM unnest($1::uuid[], $2::text[], $3::bytea[], "
       "$4::timestamptz[], $5::int[], $6::smallint[])"},
      {"feed",
       "INSERT INTO event_batch (committer, epoch, seq, body) "
       "VALUES ($1::text, $2::bigint, $3::bigint, $4::bytea)"},
      executor::kOpenApproval,
      executor::kCloseApproval,
      {"move_lanes",
       "UPDATE lane l SET owner_id = o.owner_id, committer = l.lane % o.committers "
       "FROM unnest($3::smallint[], $4::text[]) AS d(lane, owner_id) "
       "JOIN owner o ON o.owner_id = d.owner_id AND o.committer = 0 "
       "WHERE l.lane = d.lane AND l.owner_id = $1::text AND l.committer = $2::int"},
      {"outbox",
       "INSERT INTO outbox (to_lane, from_lane, body) SELECT d.to_lane, d.from_lane, d.body FROM "
       "unnest($1::smallint[], $2::smallint[], $3::bytea[]) WITH ORDINALITY "
       "AS d(to_lane, from_lane, body, place) ORDER BY d.place"},
      {"take_mail",
       "DELETE FROM outbox o USING unnest($1::smallint[], $2::bigint[]) AS d(lane, seq) "
       AF_ROW_OF("outbox", "k.to_lane = d.lane AND k.seq = d.seq")
       "WHERE o.ctid = found.ctid"},
      {"put_keys",
       "INSERT INTO key_ticket (lane, tenant_id, key, execution_id, step, number, place_limit, "
       "held) SELECT * FROM unnest($1::smallint[], $2::text[], $3::bytea[], $4::uuid[], "
       "$5::text[], $6::bigint[], $7::int[], $8::boolean[]) "
       "ON CONFLICT (lane, tenant_id, key, execution_id, step) DO UPDATE "
       "SET number = excluded.number, place_limit = excluded.place_limit, held = excluded.held"},
      {"drop_keys",
       "DELETE FROM key_ticket t USING unnest($1::smallint[], $2::text[], $3::bytea[], "
       "$4::uuid[], $5::text[]) AS d(lane, tenant_id, key, execution_id, step) "
       AF_ROW_OF("key_ticket",
                 "k.lane = d.lane AND k.tenant_id = d.tenant_id AND k.key = d.key "
                 "AND k.execution_id = d.execution_id AND k.step = d.step")
       "WHERE t.ctid = found.ctid"},
      {"rehome",
       "INSERT INTO rehomed (execution_id, tenant_id, start_day, retention_days) "
       "SELECT * FROM unnest($1::uuid[], $2::text[], $3::int[], $4::smallint[]) "
       "ON CONFLICT (execution_id) DO UPDATE SET start_day = excluded.start_day"},
      {"rehome_start_key",
       "UPDATE start_key k SET start_day = d.start_day FROM unnest($1::uuid[], $2::int[]) "
       "AS d(execution_id, start_day) WHERE k.execution_id = d.execution_id"},
      executor::kKeepPayloads,
  };
}
#undef LIVE_ROW

}  // namespace write

// PostgreSQL's text holds everything but NUL.
std::string WithoutNul(std::string text) {
  std::erase(text, '\0');
  return text;
}

int16_t LaneColumn(const Uuid& id) {
  return static_cast<int16_t>(LaneOf(id));
}

// A start has seen to its tenant's key, and a lane taken over to those of its executions: they are
// in memory.
absl::StatusOr<TenantSeals> SealsOf(TenantKeys& keys, const std::vector<WritePtr>& writes) {
  TenantSeals seals;
  seals.reserve(writes.size());
  for (const WritePtr& w : writes) {
    TenantSealPtr seal = keys.Find(w->facts->tenant);
    if (seal == nullptr) {
      AF_ASSIGN_OR_RETURN(seal, keys.Get(w->facts->tenant));
    }
    seals.push_back(std::move(seal));
  }
  return seals;
}

void AddJournal(pg::Pipeline& db, const std::vector<WritePtr>& writes, const TenantSeals& seals) {
  pg::UuidArray id;
  pg::BigintArray first, last;
  pg::IntArray day;
  pg::SmallintArray retention;
  pg::TextArray tenant;
  pg::ByteaArray events;
  for (size_t i = 0; i < writes.size(); ++i) {
    const WritePtr& w = writes[i];
    if (w->events.empty()) continue;
    id.Append(w->facts->id);
    first.Append(w->first_sequence);
    last.Append(w->last_sequence);
    day.Append(w->facts->start_day);
    retention.Append(w->facts->retention_days);
    tenant.Append(w->facts->tenant);
    events.Append(seals[i]->Seal(JournalPlace(w->facts->id, w->first_sequence), w->events));
  }
  if (id.size() == 0) return;
  pg::BinaryParams params;
  params.Array(id).Array(first).Array(last).Array(day).Array(retention).Array(tenant);
  params.Array(events);
  db.Add(write::kJournal, params);
}

void AddInsertLive(pg::Pipeline& db, const std::vector<WritePtr>& writes) {
  pg::SmallintArray lane, retention, state, mode, priority;
  pg::UuidArray id;
  pg::TextArray tenant, workflow, hash, labels, principal, trace, business_key;
  pg::IntArray day, version;
  pg::TimestampArray start;
  for (const WritePtr& w : writes) {
    if (w->live != ExecutionWrite::Live::kInsert) continue;
    const ExecutionFacts& f = *w->facts;
    lane.Append(LaneColumn(f.id));
    id.Append(f.id);
    tenant.Append(f.tenant);
    day.Append(f.start_day);
    retention.Append(f.retention_days);
    start.Append(f.start_time);
    state.Append(w->state);
    mode.Append(f.mode);
    priority.Append(f.priority);
    version.Append(f.version);
    workflow.Append(f.workflow);
    hash.Append(f.content_hash);
    labels.Append(f.labels);
    principal.Append(f.principal);
    trace.Append(f.trace_id);
    business_key.Append(f.business_key);
  }
  if (id.size() == 0) return;
  pg::BinaryParams params;
  params.Array(lane).Array(id).Array(tenant).Array(day).Array(retention).Array(start).Array(state);
  params.Array(mode).Array(priority).Array(version).Array(workflow).Array(hash).Array(labels);
  params.Array(principal).Array(trace).Array(business_key);
  db.Add(write::kInsertLive, params);
}

void AddUpdateLive(pg::Pipeline& db, const std::vector<WritePtr>& writes,
                   const TenantSeals& seals) {
  pg::SmallintArray lane, state;
  pg::UuidArray id;
  pg::BigintArray sequence;
  pg::ByteaArray snapshot;
  pg::IntArray version, day;
  pg::TextArray hash;
  for (size_t i = 0; i < writes.size(); ++i) {
    const WritePtr& w = writes[i];
    if (w->live != ExecutionWrite::Live::kUpdate) continue;
    day.Append(w->facts->start_day);
    version.Append(w->facts->version);
    hash.Append(w->facts->content_hash);
    lane.Append(LaneColumn(w->facts->id));
    id.Append(w->facts->id);
    state.Append(w->state);
    if (w->snapshot) {
      sequence.Append(w->last_sequence);
      snapshot.Append(
          seals[i]->Seal(SnapshotPlace(w->facts->id, w->last_sequence), *w->snapshot));
    } else {
      sequence.AppendNull();
      snapshot.AppendNull();
    }
  }
  if (id.size() == 0) return;
  pg::BinaryParams params;
  params.Array(lane).Array(id).Array(state).Array(sequence).Array(snapshot).Array(version);
  params.Array(hash).Array(day);
  db.Add(write::kUpdateLive, params);
}

void AddRehomed(pg::Pipeline& db, const std::vector<WritePtr>& writes) {
  pg::UuidArray id;
  pg::TextArray tenant;
  pg::IntArray day;
  pg::SmallintArray retention;
  for (const WritePtr& w : writes) {
    if (!w->rehomed) continue;
    id.Append(w->facts->id);
    tenant.Append(w->facts->tenant);
    day.Append(w->facts->start_day);
    retention.Append(w->facts->retention_days);
  }
  if (id.size() == 0) return;
  db.Add(write::kRehome, pg::BinaryParams().Array(id).Array(tenant).Array(day).Array(retention));
  db.Add(write::kRehomeStartKey, pg::BinaryParams().Array(id).Array(day));
}

void AddDeleteLive(pg::Pipeline& db, const std::vector<WritePtr>& writes) {
  pg::SmallintArray lane;
  pg::UuidArray id;
  for (const WritePtr& w : writes) {
    if (w->live != ExecutionWrite::Live::kDelete) continue;
    lane.Append(LaneColumn(w->facts->id));
    id.Append(w->facts->id);
  }
  if (id.size() == 0) return;
  db.Add(write::kDeleteLive, pg::BinaryParams().Array(lane).Array(id));
}

void AddInsertClosed(pg::Pipeline& db, const std::vector<WritePtr>& writes,
                     const TenantSeals& seals) {
  pg::TextArray tenant, workflow, labels, principal, trace, reason, business_key;
  pg::ByteaArray failure;
  pg::TimestampArray start, end;
  pg::UuidArray id;
  pg::IntArray day, version;
  pg::SmallintArray retention, state, mode, priority;
  for (size_t i = 0; i < writes.size(); ++i) {
    const WritePtr& w = writes[i];
    if (!w->end) continue;
    const ExecutionFacts& f = *w->facts;
    tenant.Append(f.tenant);
    start.Append(f.start_time);
    id.Append(f.id);
    day.Append(f.start_day);
    retention.Append(f.retention_days);
    end.Append(w->end->time);
    state.Append(w->state);
    mode.Append(f.mode);
    priority.Append(f.priority);
    version.Append(f.version);
    workflow.Append(f.workflow);
    labels.Append(f.labels);
    principal.Append(f.principal);
    trace.Append(f.trace_id);
    reason.Append(WithoutNul(w->end->error_reason));
    failure.Append(
        SealTexts(*seals[i], FailurePlace(f.id),
                  {{"message", w->end->error_message}, {"node", w->end->error_node}}));
    business_key.Append(f.business_key);
  }
  if (id.size() == 0) return;
  pg::BinaryParams params;
  params.Array(tenant).Array(start).Array(id).Array(day).Array(retention).Array(end).Array(state);
  params.Array(mode).Array(priority).Array(version).Array(workflow).Array(labels).Array(principal);
  params.Array(trace).Array(reason).Array(business_key).Array(failure);
  db.Add(write::kInsertClosed, params);
}

void AddStartKeys(pg::Pipeline& db, const std::vector<WritePtr>& writes) {
  pg::UuidArray id;
  pg::TextArray tenant;
  pg::ByteaArray hash;
  pg::TimestampArray start;
  pg::IntArray day;
  pg::SmallintArray retention;
  for (const WritePtr& w : writes) {
    if (w->body_hash.empty()) continue;
    id.Append(w->facts->id);
    tenant.Append(w->facts->tenant);
    hash.Append(w->body_hash);
    start.Append(w->facts->start_time);
    day.Append(w->facts->start_day);
    retention.Append(w->facts->retention_days);
  }
  if (id.size() == 0) return;
  db.Add(write::kInsertStartKey,
         pg::BinaryParams().Array(id).Array(tenant).Array(hash).Array(start).Array(day).Array(
             retention));
}

void AddMoves(pg::Pipeline& db, const PgStoreOptions& owner, const std::vector<LaneMove>& moves) {
  if (moves.empty()) return;
  pg::SmallintArray lanes;
  pg::TextArray owners;
  for (const LaneMove& move : moves) {
    lanes.Append(static_cast<int16_t>(move.lane));
    owners.Append(move.to);
  }
  db.Add(write::kMoveLanes,
         pg::BinaryParams().Text(owner.owner).Int(owner.committer).Array(lanes).Array(owners));
}

void AddMessages(pg::Pipeline& db, const Transaction& transaction) {
  pg::SmallintArray to, from;
  pg::ByteaArray body;
  auto add = [&](const std::vector<OutboxRow>& rows) {
    for (const OutboxRow& row : rows) {
      to.Append(static_cast<int16_t>(row.to_lane));
      from.Append(static_cast<int16_t>(row.from_lane));
      body.Append(row.body);
    }
  };
  for (const WritePtr& w : transaction.writes) add(w->messages);
  add(transaction.messages);
  if (body.size() > 0) {
    db.Add(write::kOutbox, pg::BinaryParams().Array(to).Array(from).Array(body));
  }
  if (transaction.taken.empty()) return;
  pg::SmallintArray lane;
  pg::BigintArray number;
  for (const Mail& mail : transaction.taken) {
    lane.Append(static_cast<int16_t>(mail.lane));
    number.Append(mail.number);
  }
  db.Add(write::kTakeMail, pg::BinaryParams().Array(lane).Array(number));
}

// A ticket may have come and gone within the batch: its last change counts.
void AddKeys(pg::Pipeline& db, const std::vector<KeyChange>& changes) {
  if (changes.empty()) return;
  std::map<std::tuple<std::string, std::string, KeyTicket>, const KeyChange*> last;
  for (const KeyChange& change : changes) {
    last[{change.row.tenant, change.row.key, change.row.ticket}] = &change;
  }
  for (const bool gone : {true, false}) {
    pg::SmallintArray lane;
    pg::TextArray tenant, step;
    pg::ByteaArray key;
    pg::UuidArray execution;
    pg::BigintArray number;
    pg::IntArray limit;
    pg::BoolArray held;
    for (const auto& [name, change] : last) {
      if (change->gone != gone) continue;
      const KeyRow& row = change->row;
      lane.Append(static_cast<int16_t>(row.lane));
      tenant.Append(row.tenant);
      key.Append(row.key);
      execution.Append(row.ticket.execution);
      step.Append(row.ticket.step);
      number.Append(row.number);
      limit.Append(static_cast<int32_t>(row.limit));
      held.Append(row.held);
    }
    if (execution.size() == 0) continue;
    pg::BinaryParams params;
    params.Array(lane).Array(tenant).Array(key).Array(execution).Array(step);
    if (!gone) params.Array(number).Array(limit).Array(held);
    db.Add(gone ? write::kDropKeys : write::kPutKeys, params);
  }
}

CommitOutcome ToOutcome(const pg::BatchOutcome& batch) {
  using Kind = CommitOutcome::Kind;
  switch (batch.kind) {
    case pg::BatchOutcome::Kind::kCommitted:
      return {.kind = Kind::kCommitted,
              .database_time = batch.results.empty() ? 0 : batch.results[0].Time(0, 1)};
    case pg::BatchOutcome::Kind::kUnknown:
      return {.kind = Kind::kUnknown, .status = batch.status};
    case pg::BatchOutcome::Kind::kRolledBack:
      break;
  }
  if (batch.failed == size_t{0} && batch.sqlstate == "22012") {
    return {.kind = Kind::kFenced,
            .status = FailedPrecondition("LANES_LOST", "Another owner has raised the epoch.")};
  }
  // A day without a partition is nobody's bad data.
  const bool no_partition = batch.sqlstate == "23514" &&
                            MessageOf(batch.status).find("no partition") != std::string::npos;
  if (pg::ConstraintOf(batch.status) == "live_execution_business_key") {
    return {.kind = Kind::kRefused,
            .status = Error(absl::StatusCode::kAlreadyExists, kBusinessKeyRefused,
                            "Another live execution has this business key.")};
  }
  if (pg::IsDataError(batch.sqlstate) && !no_partition) {
    return {.kind = Kind::kRefused, .status = batch.status};
  }
  obs::Warn("a batch was rolled back",
            {{"sqlstate", batch.sqlstate}, {"error", MessageOf(batch.status)}});
  return {.kind = Kind::kNotDone, .status = batch.status};
}

}  // namespace

class PgStore::Writer {
 public:
  explicit Writer(const PgStoreOptions& options) : options_(options), thread_(options.wake) {}

  using Answer = std::variant<CommitOutcome, absl::StatusOr<FenceAnswer>>;

  CommitOutcome Commit(const Fence& fence, const Transaction& transaction) {
    const std::vector<WritePtr>& writes = transaction.writes;
    if (absl::Status status = Connect(); !status.ok()) {
      return {.kind = CommitOutcome::Kind::kNotDone, .status = status};
    }
    const absl::StatusOr<TenantSeals> seals = SealsOf(*options_.keys, writes);
    if (!seals.ok()) {
      return {.kind = IsRetryable(seals.status()) ? CommitOutcome::Kind::kNotDone
                                                  : CommitOutcome::Kind::kRefused,
              .status = seals.status()};
    }
    pg::Pipeline& db = *db_;
    db.Add(write::kFence, pg::BinaryParams()
                              .Text(options_.owner)
                              .Int(options_.committer)
                              .Bigint(fence.epoch)
                              .Bigint(fence.seq)
                              .Int(options_.lease_ms));
    AddJournal(db, writes, *seals);
    KeepReferencedPayloads(db, write::kKeepPayloads, writes);
    // What is over frees its business key for what begins in the same batch.
    AddDeleteLive(db, writes);
    AddInsertLive(db, writes);
    AddUpdateLive(db, writes, *seals);
    AddRehomed(db, writes);
    AddInsertClosed(db, writes, *seals);
    AddStartKeys(db, writes);
    AddApprovals(db, write::kOpenApproval, write::kCloseApproval, writes, *seals);
    FeedRow row{.committer = options_.owner + "/" + std::to_string(options_.committer),
                .sequence = fence.seq + 1};
    AddFeed(db, fence, writes, *seals, &row);
    AddMessages(db, transaction);
    AddKeys(db, transaction.keys);
    AddMoves(db, options_, transaction.moves);
    if (absl::Status status = db.Send(); !status.ok()) {
      Drop();
      return {.kind = CommitOutcome::Kind::kUnknown, .status = status};
    }
    CommitOutcome outcome = ToOutcome(db.Wait());
    DropIfLost();
    if (outcome.kind == CommitOutcome::Kind::kCommitted && options_.committed) {
      row.commit_time = outcome.database_time;
      options_.committed(std::move(row));
    }
    return outcome;
  }

  absl::StatusOr<FenceAnswer> AskFence(int64_t epoch) {
    AF_RETURN_IF_ERROR(Connect());
    absl::StatusOr<pg::BinaryResult> rows = db_->Query(write::kAdopt, pg::BinaryParams()
                                                                          .Text(options_.owner)
                                                                          .Int(options_.committer)
                                                                          .Bigint(epoch)
                                                                          .Int(options_.lease_ms));
    DropIfLost();
    AF_RETURN_IF_ERROR(rows.status());
    if (rows->empty()) {
      return FailedPrecondition("LANES_LOST", "Another owner has raised the epoch.");
    }
    return FenceAnswer{.fence = {.epoch = rows->Int(0, 0), .seq = rows->Int(0, 1)},
                       .database_time = rows->Time(0, 2)};
  }

  WorkerThread<Answer>& thread() { return thread_; }
  std::optional<Answer> answer;
  // Whether a connection was lost since this was asked last. Thread-safe.
  bool TakeLost() { return lost_.exchange(false); }

 private:
  // `row` gets what is written as its readers see it.
  void AddFeed(pg::Pipeline& db, const Fence& fence, const std::vector<WritePtr>& writes,
               const TenantSeals& seals, FeedRow* row) {
    std::string body;
    for (size_t i = 0; i < writes.size(); ++i) {
      const ExecutionWrite& w = *writes[i];
      if (w.change.empty()) continue;
      const std::string sealed =
          seals[i]->Seal(ChangePlace(w.facts->id, row->committer, row->sequence), w.change);
      AppendSealedChange({w.facts->tenant, w.facts->id, sealed}, &body);
      if (options_.committed) AppendToFeedBody(w.change, &row->body);
    }
    if (body.empty()) return;
    db.Add(write::kFeed,
           pg::BinaryParams().Text(row->committer).Bigint(fence.epoch).Bigint(row->sequence).Bytea(
               body));
  }

  void DropIfLost() {
    if (db_->lost()) Drop();
  }
  void Drop() {
    db_.reset();
    lost_ = true;
    if (options_.lost) options_.lost();
  }
  absl::Status Connect() {
    if (db_ != nullptr && !db_->lost()) return absl::OkStatus();
    AF_ASSIGN_OR_RETURN(db_,
                        ConnectEngine(options_.url, "executor-committer", write::Statements(),
                                      ShortestAnswer(options_.lease_ms)));
    return absl::OkStatus();
  }

  const PgStoreOptions options_;
  std::unique_ptr<pg::Pipeline> db_;
  std::atomic<bool> lost_{false};
  WorkerThread<Answer> thread_;  // last: its jobs use the rest
};

class PgStore::Reader {
 public:
  explicit Reader(const PgStoreOptions& options) : reader(options), thread(options.wake) {}

  PgReader reader;
  WorkerThread<absl::StatusOr<ReadResult>> thread;  // last: its jobs use the rest
};

PgStore::PgStore(PgStoreOptions options)
    : writer_(std::make_unique<Writer>(options)), reader_(std::make_unique<Reader>(options)) {}
PgStore::~PgStore() = default;

void PgStore::BeginCommit(const Fence& expected, Transaction transaction) {
  writer_->thread().Begin(
      [this, expected, transaction = std::move(transaction)]() -> Writer::Answer {
        return writer_->Commit(expected, transaction);
      });
}

std::optional<CommitOutcome> PgStore::TakeCommit() {
  std::optional<Writer::Answer> answer = writer_->thread().Take();
  if (!answer) return std::nullopt;
  return std::get<CommitOutcome>(*std::move(answer));
}

void PgStore::BeginAskFence(int64_t epoch) {
  writer_->thread().Begin([this, epoch]() -> Writer::Answer { return writer_->AskFence(epoch); });
}

std::optional<absl::StatusOr<FenceAnswer>> PgStore::TakeFence() {
  std::optional<Writer::Answer> answer = writer_->thread().Take();
  if (!answer) return std::nullopt;
  return std::get<absl::StatusOr<FenceAnswer>>(*std::move(answer));
}

void PgStore::BeginRead(ReadRequest request) {
  // What has cut one connection may have cut the other, which would not know before it is used.
  reader_->thread.Begin([this, request = std::move(request), anew = writer_->TakeLost()] {
    return reader_->reader.Read(request, anew);
  });
}

std::optional<absl::StatusOr<ReadResult>> PgStore::TakeRead() {
  return reader_->thread.Take();
}

}  // namespace agentflow::executor
