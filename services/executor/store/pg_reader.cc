#include "services/executor/store/pg_reader.h"

#include <algorithm>
#include <map>
#include <set>

#include "libs/base/lane.h"
#include "libs/base/status.h"
#include "services/executor/sealing/tenant_keys.h"
#include "services/executor/store/engine_connection.h"

namespace agentflow::executor {
namespace {

constexpr int kLongestAnswer = 60'000;

enum : size_t {
  kSetUp,
  kStartKeys,
  kLiveByLane,
  kRecordsByLane,
  kLiveById,
  kRecordsById,
  kHolders,
  kKeys,
  kMail,
};

#define LIVE_COLUMNS                                                                          \
  "SELECT l.execution_id, l.tenant_id, l.start_day, l.retention_days, l.start_time, l.mode, " \
  "l.priority, l.version, l.workflow, l.content_hash, l.labels, l.principal, l.trace_id, "    \
  "l.state, l.snapshot, l.business_key, l.snapshot_sequence FROM "
#define OF_LANES "live_execution l WHERE l.lane = ANY($1::smallint[]) "
// The subqueries keep the order of the joins: see AF_ROW_OF.
#define BY_ID                                                                                 \
  "unnest($1::smallint[], $2::uuid[]) AS d(lane, execution_id) CROSS JOIN LATERAL (SELECT * " \
  "FROM live_execution k WHERE k.lane = d.lane AND k.execution_id = d.execution_id "          \
  "LIMIT 1) AS l "
#define RECORDS                                                                             \
  "CROSS JOIN LATERAL (SELECT * FROM journal k WHERE k.execution_id = l.execution_id "      \
  "AND k.start_day = l.start_day AND k.retention_days = l.retention_days "                  \
  "AND k.first_sequence > l.snapshot_sequence OFFSET 0) AS j "                              \
  "ORDER BY l.execution_id, j.first_sequence"
#define RECORD_COLUMNS "SELECT l.execution_id, j.first_sequence, j.events FROM "

std::vector<pg::Statement> Statements() {
  return {
      kConfigure,
      {"start_keys",
       "SELECT execution_id, body_hash FROM start_key WHERE execution_id = ANY($1::uuid[])"},
      {"live_by_lane", LIVE_COLUMNS OF_LANES},
      {"records_by_lane", RECORD_COLUMNS "(SELECT * FROM " OF_LANES ") AS l " RECORDS},
      {"live_by_id", LIVE_COLUMNS BY_ID},
      {"records_by_id", RECORD_COLUMNS BY_ID RECORDS},
      {"holders",
       "SELECT l.tenant_id, l.workflow, l.business_key, l.execution_id FROM live_execution l "
       "JOIN unnest($1::text[], $2::text[]) AS d(tenant_id, business_key) "
       "ON l.tenant_id = d.tenant_id AND l.business_key = d.business_key "
       "WHERE l.business_key <> ''"},
      {"keys",
       "SELECT lane, tenant_id, key, execution_id, step, number, place_limit, held "
       "FROM key_ticket WHERE lane = ANY($1::smallint[])"},
      {"mail",
       "SELECT to_lane, seq, body FROM outbox WHERE to_lane = ANY($1::smallint[]) ORDER BY seq"},
  };
}
#undef LIVE_COLUMNS
#undef OF_LANES
#undef BY_ID
#undef RECORDS
#undef RECORD_COLUMNS

// The body, or none; what is wrong with it is the execution's trouble, and no other one's.
std::string Opened(absl::StatusOr<std::string> body, StoredExecution* stored) {
  if (body.ok()) return *std::move(body);
  stored->readable.Update(body.status());
  return "";
}

}  // namespace

PgReader::PgReader(const PgStoreOptions& options)
    : options_(options), answer_timeout_ms_(ShortestAnswer(options.lease_ms)) {}

absl::StatusOr<ReadResult> PgReader::Read(const ReadRequest& request, bool anew) {
  if (anew) db_.reset();
  absl::StatusOr<ReadResult> result = TryRead(request);
  if (db_ != nullptr && db_->lost()) {
    db_.reset();
    // Perhaps it was no dead connection but a long read: the next one has more time.
    answer_timeout_ms_ = std::min(2 * answer_timeout_ms_, kLongestAnswer);
  } else if (result.ok()) {
    answer_timeout_ms_ = ShortestAnswer(options_.lease_ms);
  }
  return result;
}

absl::StatusOr<ReadResult> PgReader::TryRead(const ReadRequest& request) {
  if (db_ == nullptr) {
    AF_ASSIGN_OR_RETURN(db_, ConnectEngine(options_.url, "executor-reader", Statements(),
                                           answer_timeout_ms_));
  }
  ReadResult result;
  if (!request.start_keys.empty()) {
    pg::UuidArray ids;
    for (const Uuid& id : request.start_keys) ids.Append(id);
    AF_ASSIGN_OR_RETURN(const pg::BinaryResult rows,
                        db_->Query(kStartKeys, pg::BinaryParams().Array(ids)));
    for (size_t i = 0; i < rows.size(); ++i) {
      result.starts.push_back({rows.Id(i, 0), std::string(rows.Bytes(i, 1))});
    }
  }
  if (!request.lanes.empty()) {
    pg::SmallintArray lanes;
    for (int lane : request.lanes) lanes.Append(static_cast<int16_t>(lane));
    AF_RETURN_IF_ERROR(ReadLive(kLiveByLane, kRecordsByLane,
                                pg::BinaryParams().Array(lanes), &result));
    AF_RETURN_IF_ERROR(ReadKeys(pg::BinaryParams().Array(lanes), &result));
  }
  if (!request.business_keys.empty()) {
    AF_RETURN_IF_ERROR(ReadHolders(request.business_keys, &result));
  }
  if (!request.lanes.empty() || !request.mail.empty()) {
    AF_RETURN_IF_ERROR(ReadMail(request, &result));
  }
  if (!request.executions.empty()) {
    pg::SmallintArray lanes;
    pg::UuidArray ids;
    for (const Uuid& id : request.executions) {
      lanes.Append(static_cast<int16_t>(LaneOf(id)));
      ids.Append(id);
    }
    AF_RETURN_IF_ERROR(ReadLive(kLiveById, kRecordsById,
                                pg::BinaryParams().Array(lanes).Array(ids), &result));
  }
  return result;
}

absl::Status PgReader::ReadKeys(const pg::BinaryParams& lanes, ReadResult* result) {
  AF_ASSIGN_OR_RETURN(const pg::BinaryResult rows, db_->Query(kKeys, lanes));
  for (size_t i = 0; i < rows.size(); ++i) {
    result->keys.push_back({.lane = static_cast<int>(rows.Int(i, 0)),
                            .tenant = std::string(rows.Bytes(i, 1)),
                            .key = std::string(rows.Bytes(i, 2)),
                            .ticket = {rows.Id(i, 3), std::string(rows.Bytes(i, 4))},
                            .number = rows.Int(i, 5),
                            .limit = static_cast<uint32_t>(rows.Int(i, 6)),
                            .held = rows.Bool(i, 7)});
  }
  return absl::OkStatus();
}

absl::Status PgReader::ReadHolders(const std::vector<std::pair<std::string, std::string>>& keys,
                         ReadResult* result) {
  pg::TextArray tenants, names;
  for (const auto& [tenant, key] : keys) {
    tenants.Append(tenant);
    names.Append(key);
  }
  AF_ASSIGN_OR_RETURN(const pg::BinaryResult rows,
                      db_->Query(kHolders, pg::BinaryParams().Array(tenants).Array(names)));
  for (size_t i = 0; i < rows.size(); ++i) {
    result->holders.push_back({std::string(rows.Bytes(i, 0)), std::string(rows.Bytes(i, 1)),
                               std::string(rows.Bytes(i, 2)), rows.Id(i, 3)});
  }
  return absl::OkStatus();
}

absl::Status PgReader::ReadMail(const ReadRequest& request, ReadResult* result) {
  pg::SmallintArray lanes;
  for (int lane : request.lanes) lanes.Append(static_cast<int16_t>(lane));
  for (int lane : request.mail) lanes.Append(static_cast<int16_t>(lane));
  AF_ASSIGN_OR_RETURN(const pg::BinaryResult rows,
                      db_->Query(kMail, pg::BinaryParams().Array(lanes)));
  for (size_t i = 0; i < rows.size(); ++i) {
    result->mail.push_back(
        {static_cast<int>(rows.Int(i, 0)), rows.Int(i, 1), std::string(rows.Bytes(i, 2))});
  }
  return absl::OkStatus();
}

absl::Status PgReader::ReadLive(size_t live_statement, size_t record_statement,
                      const pg::BinaryParams& params, ReadResult* result) {
  AF_ASSIGN_OR_RETURN(const pg::BinaryResult rows, db_->Query(live_statement, params));
  AF_ASSIGN_OR_RETURN(const pg::BinaryResult records, db_->Query(record_statement, params));
  std::set<std::string> tenants;
  for (size_t i = 0; i < rows.size(); ++i) tenants.emplace(rows.Bytes(i, 1));
  AF_ASSIGN_OR_RETURN(const auto seals, options_.keys->OpenAll(tenants));
  std::map<Uuid, size_t> index;
  for (size_t i = 0; i < rows.size(); ++i) {
    StoredExecution stored;
    ExecutionFacts& f = stored.facts;
    f.id = rows.Id(i, 0);
    f.tenant = rows.Bytes(i, 1);
    f.start_day = static_cast<int32_t>(rows.Int(i, 2));
    f.retention_days = static_cast<int16_t>(rows.Int(i, 3));
    f.start_time = rows.Time(i, 4);
    f.mode = static_cast<int16_t>(rows.Int(i, 5));
    f.priority = static_cast<int16_t>(rows.Int(i, 6));
    f.version = static_cast<int32_t>(rows.Int(i, 7));
    f.workflow = rows.Bytes(i, 8);
    f.content_hash = rows.Bytes(i, 9);
    f.labels = rows.Bytes(i, 10);
    f.principal = rows.Bytes(i, 11);
    f.trace_id = rows.Bytes(i, 12);
    stored.state = static_cast<int16_t>(rows.Int(i, 13));
    if (!rows.IsNull(i, 14)) {
      stored.snapshot = Opened(OpenStored(seals.at(f.tenant), SnapshotPlace(f.id, rows.Int(i, 16)),
                                          rows.Bytes(i, 14)),
                               &stored);
    }
    f.business_key = rows.Bytes(i, 15);
    index[f.id] = result->executions.size();
    result->executions.push_back(std::move(stored));
  }
  for (size_t i = 0; i < records.size(); ++i) {
    auto it = index.find(records.Id(i, 0));
    if (it == index.end()) continue;
    StoredExecution& stored = result->executions[it->second];
    stored.records.push_back(Opened(
        OpenStored(seals.at(stored.facts.tenant), JournalPlace(stored.facts.id, records.Int(i, 1)),
                   records.Bytes(i, 2)),
        &stored));
  }
  return absl::OkStatus();
}

}  // namespace agentflow::executor
