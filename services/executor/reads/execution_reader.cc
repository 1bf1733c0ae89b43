#include "services/executor/reads/execution_reader.h"

#include <algorithm>
#include <span>

#include "libs/base/status.h"
#include "libs/engine/codec.h"
#include "libs/engine/rebase.h"
#include "services/executor/sealing/sealed_texts.h"
#include "services/executor/store/batch.h"

namespace agentflow::executor {
namespace {

constexpr int64_t kDay = 86'400'000'000;

constexpr pg::Statement kStartDay = {"start_day",
                                     "SELECT start_day FROM start_key WHERE execution_id = $1"};
constexpr pg::Statement kHome = {"home", "SELECT start_day FROM rehomed WHERE execution_id = $1"};
constexpr pg::Statement kRecords = {
    "journal_read",
    "SELECT events, first_sequence, retention_days FROM journal "
    "WHERE execution_id = $1 AND start_day = $2 ORDER BY first_sequence"};
constexpr pg::Statement kFirstRecord = {
    "journal_exists",
    "SELECT ''::bytea, first_sequence, retention_days FROM journal "
    "WHERE execution_id = $1 AND start_day = $2 LIMIT 1"};

// $1 states, $2 modes, $3 workflow, $4 version, $5 labels, $6 from, $7 until, $8 after time,
// $9 after id, $10 limit, $11 first day of the closed ones, $12 business key.
#define COLUMNS                                                                             \
  "execution_id, start_time, state, mode, priority, version, workflow, labels, principal, " \
  "trace_id, business_key, retention_days, "
#define CONDITIONS(compare)                                                                   \
  "WHERE ($1::bigint[] IS NULL OR state = ANY($1::bigint[])) "                                \
  "AND ($2::bigint[] IS NULL OR mode = ANY($2::bigint[])) "                                   \
  "AND ($3::text IS NULL OR workflow = $3::text) AND ($4::int IS NULL OR version = $4::int) " \
  "AND ($5::jsonb IS NULL OR (labels <> '' AND labels::jsonb @> $5::jsonb)) "                 \
  "AND ($12::text IS NULL OR (business_key <> '' AND business_key = $12::text)) "             \
  "AND start_time >= $6::timestamptz AND start_time < $7::timestamptz "                       \
  "AND (start_time, execution_id) " compare " ($8::timestamptz, $9::uuid) "
#define LIST(compare, order) \
  "(SELECT " COLUMNS "NULL::timestamptz, '', '', '', ''::bytea FROM live_execution "             \
  CONDITIONS(compare)                                                                            \
  "ORDER BY start_time " order ", execution_id " order " LIMIT $10::int) UNION ALL "             \
  "(SELECT " COLUMNS "end_time, error_reason, error_message, error_node, coalesce(failure, '') " \
  "FROM closed_execution "                                                                       \
  CONDITIONS(compare) "AND start_day >= $11::int "                                               \
  "ORDER BY start_time " order ", execution_id " order " LIMIT $10::int) "                       \
  "ORDER BY start_time " order ", execution_id " order " LIMIT $10::int"

constexpr pg::Statement kListNewest = {"list_newest", LIST("<", "DESC")};
constexpr pg::Statement kListOldest = {"list_oldest", LIST(">", "ASC")};
#undef COLUMNS
#undef CONDITIONS
#undef LIST

constexpr UnixMicros kFarFuture = 4'102'444'800'000'000;  // 2100

absl::Status ExecutionNotFound() {
  return NotFound("EXECUTION_NOT_FOUND", "There is no such execution.");
}

std::optional<std::vector<int64_t>> OrNull(const std::vector<int64_t>& list) {
  return list.empty() ? std::nullopt : std::optional(list);
}

bool IsRebase(const engine::Event& event) {
  return std::holds_alternative<engine::ExecutionRebased>(event.body);
}

Uuid LastUuid() {
  std::array<uint8_t, 16> bytes;
  bytes.fill(0xff);
  return Uuid(bytes);
}

}  // namespace

absl::Status ExecutionReader::CheckExists(const std::string& tenant, const Uuid& id) {
  return ReadJournal(tenant, id, kFirstRecord).status();
}

absl::StatusOr<ExecutionReader::Journal> ExecutionReader::ReadJournal(
    const std::string& tenant, const Uuid& id, const pg::Statement& statement) {
  std::vector<std::pair<std::string, int64_t>> stored;
  Journal journal;
  AF_RETURN_IF_ERROR(pool_.InTenant(tenant, [&](pg::TenantTx& tx) -> absl::Status {
    stored.clear();
    int day = StartDayOf(id, 0);
    if (id.version() != 7) {
      AF_ASSIGN_OR_RETURN(const pg::Result days, tx.Exec(kStartDay, id));
      if (days.empty()) return absl::OkStatus();
      day = static_cast<int>(days[0].Int(0));
    }
    AF_ASSIGN_OR_RETURN(pg::Result rows, tx.Exec(statement, id, day));
    // The shortest class is a day: what is younger lies where it began. A start key moves too.
    const int today = static_cast<int>(SystemClock().Now() / kDay);
    if (rows.empty() || (id.version() == 7 && day + 1 < today)) {
      AF_ASSIGN_OR_RETURN(const pg::Result homes, tx.Exec(kHome, id));
      if (!homes.empty() && homes[0].Int(0) != day) {
        AF_ASSIGN_OR_RETURN(rows, tx.Exec(statement, id, static_cast<int>(homes[0].Int(0))));
      }
    }
    for (const pg::Row row : rows) stored.emplace_back(row.Bytes(0), row.Int(1));
    if (!rows.empty()) journal.retention_days = static_cast<int16_t>(rows[0].Int(2));
    return absl::OkStatus();
  }));
  if (stored.empty()) return ExecutionNotFound();
  const absl::StatusOr<TenantSealPtr> seal = keys_.Open(tenant);
  if (ReasonOf(seal.status()) == "TENANT_KEY_DESTROYED") return ExecutionNotFound();
  for (const auto& [events, sequence] : stored) {
    AF_ASSIGN_OR_RETURN(journal.records.emplace_back(),
                        OpenStored(seal, JournalPlace(id, sequence), events));
  }
  return journal;
}

absl::StatusOr<ExecutionReader::History> ExecutionReader::ReadHistory(const std::string& tenant,
                                                                      const Uuid& id) {
  AF_ASSIGN_OR_RETURN(const Journal journal, ReadJournal(tenant, id, kRecords));
  History history{.retention_days = journal.retention_days};
  for (const std::string& record : journal.records) {
    AF_ASSIGN_OR_RETURN(std::vector<engine::Event> events, engine::DecodeEvents(record));
    for (engine::Event& event : events) history.events.push_back(std::move(event));
  }
  const std::string hash = engine::PlanHashOf(history.events);
  if (hash.empty()) return ExecutionNotFound();
  AF_ASSIGN_OR_RETURN(history.compiled, plans_.GetBlocking(tenant, hash));
  return history;
}

absl::StatusOr<engine::ExecutionState> ExecutionReader::Read(
    const std::string& tenant, const Uuid& id, std::map<engine::StepRef, Uuid>* children) {
  AF_ASSIGN_OR_RETURN(const History history, ReadHistory(tenant, id));
  if (children != nullptr) {
    for (const engine::Event& event : history.events) {
      if (const auto* attached = std::get_if<engine::ChildAttached>(&event.body)) {
        (*children)[attached->step] = attached->child;
      } else if (std::holds_alternative<engine::ExecutionRebased>(event.body)) {
        children->clear();  // steps have other numbers from here on
      }
    }
  }
  return Fold(id, history);
}

absl::StatusOr<ExecutionView> ExecutionReader::View(const std::string& tenant, const Uuid& id) {
  AF_ASSIGN_OR_RETURN(const History history, ReadHistory(tenant, id));
  AF_ASSIGN_OR_RETURN(const engine::ExecutionState state, Fold(id, history));
  return ViewOf(state, history.retention_days);
}

absl::StatusOr<engine::ExecutionState> ExecutionReader::Fold(const Uuid& id,
                                                             const History& history) const {
  engine::ExecutionState state = engine::Replay(history.compiled->plan, history.events);
  if (state.start == nullptr) return ExecutionNotFound();
  for (const ClaimBoard::Claim& claim : board_.Of(id)) {
    if (!state.HasStep(claim.step)) continue;
    engine::Step& step = state.step(claim.step);
    if (step.state != engine::StepState::kReady || step.attempt != claim.attempt) continue;
    step.state = engine::StepState::kRunning;
    step.claimed_at = claim.since;
  }
  return state;
}

absl::StatusOr<ExecutionReader::Page> ExecutionReader::Events(const std::string& tenant,
                                                              const Uuid& id, uint64_t sequence,
                                                              int limit) {
  AF_ASSIGN_OR_RETURN(const History history, ReadHistory(tenant, id));
  const std::span<const engine::Event> events = history.events;
  Page page;
  auto left = static_cast<size_t>(limit);
  for (size_t begin = 0, end = 0; begin < events.size(); begin = end) {
    end = begin + 1;
    while (end < events.size() && !IsRebase(events[end])) ++end;
    const std::span<const engine::Event> chapter = events.subspan(begin, end - begin);
    if (chapter.back().sequence <= sequence) continue;
    if (left == 0) {
      page.more = true;
      return page;
    }
    AF_ASSIGN_OR_RETURN(const CompiledPtr compiled,
                        plans_.GetBlocking(tenant, engine::PlanHashOf(chapter)));
    Chapter& made = page.chapters.emplace_back();
    made.state = engine::Replay(compiled->plan, chapter);
    for (const engine::Event& event : chapter) {
      if (event.sequence <= sequence) continue;
      if (left == 0) {
        page.more = true;
        return page;
      }
      made.events.push_back(event);
      --left;
    }
  }
  return page;
}

absl::StatusOr<std::vector<ExecutionSummary>> ExecutionReader::List(const std::string& tenant,
                                                                    const ListQuery& query) {
  const pg::Statement& statement = query.ascending ? kListOldest : kListNewest;
  const UnixMicros until = query.until == 0 ? kFarFuture : query.until;
  const std::pair<UnixMicros, Uuid> after = query.after ? *query.after
                                            : query.ascending
                                                ? std::make_pair(UnixMicros{0}, Uuid())
                                                : std::make_pair(kFarFuture, LastUuid());
  std::optional<std::string> labels;
  if (!query.labels.empty()) labels = query.labels;
  // Newest first: the newest days usually have enough, and older partitions are not opened.
  const UnixMicros newest = std::min({until, after.first, SystemClock().Now() + kDay});
  std::vector<int> spans = query.ascending ? std::vector<int>{} : std::vector<int>{2, 16};
  spans.push_back(0);  // all
  std::vector<ExecutionSummary> list;
  std::vector<std::string> failures;  // as stored, of those in the list
  for (int days : spans) {
    const UnixMicros from = days == 0 ? query.from : std::max(query.from, newest - days * kDay);
    const bool everything = from == query.from;
    list.clear();
    AF_RETURN_IF_ERROR(pool_.InTenant(tenant, [&](pg::TenantTx& tx) -> absl::Status {
      list.clear();
      failures.clear();
      AF_ASSIGN_OR_RETURN(
          const pg::Result rows,
          tx.Exec(statement, OrNull(query.states), OrNull(query.modes), query.workflow,
                  query.version, labels, pg::Timestamp{from}, pg::Timestamp{until},
                  pg::Timestamp{after.first}, after.second, query.limit + 1,
                  // The day in an id may lie a little before its start.
                  std::max(0, static_cast<int>(from / kDay) - 1), query.business_key));
      for (const pg::Row row : rows) {
        ExecutionSummary summary;
        summary.id = row.Id(0);
        summary.start_time = row.Time(1);
        summary.phase = static_cast<engine::Phase>(row.Int(2));
        summary.mode = static_cast<engine::Mode>(row.Int(3));
        summary.priority = static_cast<int32_t>(row.Int(4));
        summary.version = static_cast<int32_t>(row.Int(5));
        summary.workflow = row.Text(6);
        summary.labels = row.Text(7);
        summary.principal = row.Text(8);
        summary.trace_id = row.Text(9);
        summary.business_key = row.Text(10);
        summary.retention_days = static_cast<int16_t>(row.Int(11));
        summary.end_time = row.OptionalTime(12).value_or(0);
        summary.error = {.reason = std::string(row.Text(13)),
                         .message = std::string(row.Text(14)),
                         .node = std::string(row.Text(15))};
        list.push_back(std::move(summary));
        failures.push_back(row.Bytes(16));
      }
      return absl::OkStatus();
    }));
    if (everything || list.size() > static_cast<size_t>(query.limit)) break;
  }
  AF_RETURN_IF_ERROR(OpenFailures(tenant, failures, &list));
  return list;
}

absl::Status ExecutionReader::OpenFailures(const std::string& tenant,
                                           const std::vector<std::string>& stored,
                                           std::vector<ExecutionSummary>* list) {
  if (std::ranges::all_of(stored, &std::string::empty)) return absl::OkStatus();
  const absl::StatusOr<TenantSealPtr> seal = keys_.Open(tenant);
  if (IsRetryable(seal.status())) return seal.status();
  for (size_t i = 0; i < stored.size(); ++i) {
    ExecutionSummary& summary = (*list)[i];
    // One that does not open is logged; the rest of the list is as good without it.
    (void)OpenTexts(seal, FailurePlace(summary.id), stored[i],
                    {{"message", &summary.error.message}, {"node", &summary.error.node}});
  }
  return absl::OkStatus();
}

}  // namespace agentflow::executor
