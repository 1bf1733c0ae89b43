#include "libs/pg/audit.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

namespace agentflow::pg {
namespace {

constexpr Statement kWrite{"audit_outbox_write", R"sql(
  INSERT INTO audit_outbox
    (tenant_id, id, principal, method, resource, outcome, trace_id, remote_address, detail)
  VALUES ($1, coalesce($2::uuid, gen_random_uuid()), $3, $4, $5, $6, $7, $8, $9))sql"};
constexpr Statement kOldest{"audit_outbox_oldest", R"sql(
  SELECT seq, id, tenant_id, time, principal, method, resource, outcome, trace_id,
         remote_address, detail
  FROM audit_outbox_oldest($1))sql"};
constexpr Statement kShipped{"audit_outbox_shipped", "SELECT audit_outbox_shipped($1)"};

AuditRecord RecordOf(const Row& row) {
  AuditRecord record;
  record.id = row.Id(1);
  record.tenant = row.Text(2);
  record.time = row.Time(3);
  record.principal = row.Text(4);
  record.method = row.Text(5);
  record.resource = row.Text(6);
  record.outcome = row.Text(7);
  record.trace_id = row.Text(8);
  record.remote_address = row.Text(9);
  record.detail_json = row.Text(10);
  return record;
}

}  // namespace

absl::Status WriteAudit(TenantTx& tx, const AuditRecord& record) {
  tx.CarriesAudit();
  std::optional<Uuid> id;
  if (!record.id.IsNil()) id = record.id;
  return tx
      .Exec(kWrite, tx.tenant(), id, record.principal, record.method, record.resource,
            record.outcome, record.trace_id, record.remote_address, record.detail_json)
      .status();
}

struct AuditShipper::Thread {
  std::mutex mutex;
  std::condition_variable wake;
  bool stopping = false;
  std::thread thread;

  bool woken = false;

  // False when told to stop. Ends early for a new record, but not while the other side fails.
  bool Sleep(int ms, bool failing) {
    std::unique_lock lock(mutex);
    wake.wait_for(lock, std::chrono::milliseconds(ms),
                  [&] { return stopping || (woken && !failing); });
    woken = false;
    return !stopping;
  }
  void Wake() {
    std::lock_guard lock(mutex);
    woken = true;
    wake.notify_all();
  }
};

AuditShipper::AuditShipper(Pool& pool, Send send, Options options)
    : pool_(pool), send_(std::move(send)), options_(options) {}

AuditShipper::~AuditShipper() {
  Stop();
}

absl::StatusOr<size_t> AuditShipper::Step() {
  std::vector<AuditRecord> records;
  std::vector<int64_t> seqs;
  AF_RETURN_IF_ERROR(pool_.InSystem([&](SystemTx& tx) -> absl::Status {
    records.clear();
    seqs.clear();
    AF_ASSIGN_OR_RETURN(Result rows, tx.Exec(kOldest, static_cast<int64_t>(options_.batch)));
    for (Row row : rows) {
      records.push_back(RecordOf(row));
      seqs.push_back(row.Int(0));
    }
    return absl::OkStatus();
  }));
  if (records.empty()) return 0;
  // No transaction is open while the other side works.
  AF_RETURN_IF_ERROR(send_(records));
  AF_RETURN_IF_ERROR(
      pool_.InSystem([&](SystemTx& tx) { return tx.Exec(kShipped, seqs).status(); }));
  return records.size();
}

void AuditShipper::Start() {
  AF_CHECK(thread_ == nullptr);
  thread_ = std::make_unique<Thread>();
  pool_.OnAudit([thread = thread_.get()] { thread->Wake(); });
  thread_->thread = std::thread([this] { Loop(); });
}

void AuditShipper::Loop() {
  int backoff_ms = 0;
  int wait_ms = 0;
  while (thread_->Sleep(wait_ms, backoff_ms > 0)) {
    absl::StatusOr<size_t> shipped = Step();
    if (shipped.ok()) {
      backoff_ms = 0;
      wait_ms = *shipped == options_.batch ? 0 : options_.idle_ms;
    } else {
      backoff_ms = std::clamp(backoff_ms * 2, options_.first_backoff_ms, options_.max_backoff_ms);
      wait_ms = backoff_ms;
    }
  }
}

void AuditShipper::Stop() {
  if (thread_ == nullptr) return;
  pool_.OnAudit(nullptr);
  {
    std::lock_guard lock(thread_->mutex);
    thread_->stopping = true;
  }
  thread_->wake.notify_all();
  thread_->thread.join();
  thread_.reset();
}

}  // namespace agentflow::pg
