#include "services/tenant/identity/revocations.h"

namespace agentflow::tenant {
namespace {

constexpr pg::Statement kWrite{"revocation_write",
                               "INSERT INTO revocation (tenant_id, principal) VALUES ($1, $2)"};
constexpr pg::Statement kNotify{"revocation_notify", "SELECT pg_notify($1, '')"};
constexpr pg::Statement kSince{"revocations_since", R"sql(
  SELECT seq, tenant_id, principal, at
  FROM revocations_since($1::timestamptz, interval '20 seconds'))sql"};

// Longer than any cached answer lives.
constexpr int64_t kRecentMicros = 60'000'000;

}  // namespace

absl::Status WriteRevocation(pg::TenantTx& tx, const std::string& principal) {
  AF_RETURN_IF_ERROR(tx.Exec(kWrite, tx.tenant(), principal).status());
  return tx.Exec(kNotify, std::string(RevocationFeed::kChannel)).status();
}

absl::Status RevocationFeed::Step() {
  std::lock_guard step(step_mutex_);
  std::optional<pg::Timestamp> since;
  if (since_) since = pg::Timestamp{*since_};
  AF_ASSIGN_OR_RETURN(pg::SystemTx tx, pool_.BeginSystem());
  AF_ASSIGN_OR_RETURN(pg::Result rows, tx.Exec(kSince, since));
  std::set<int64_t> seen;
  for (pg::Row row : rows) {
    int64_t seq = row.Int(0);
    if (seq == 0) {
      since_ = row.Time(3);
      continue;
    }
    seen.insert(seq);
    if (seen_.contains(seq)) continue;
    std::lock_guard lock(mutex_);
    Tell({std::string(row.Text(1)), std::string(row.Text(2))}, row.Time(3));
  }
  seen_ = std::move(seen);
  return absl::OkStatus();
}

void RevocationFeed::Tell(const Revocation& revocation, UnixMicros time) {
  recent_.emplace_back(time, revocation);
  while (recent_.front().first < time - kRecentMicros) recent_.pop_front();
  for (const auto& [id, listener] : listeners_) listener(revocation);
}

int64_t RevocationFeed::Subscribe(Listener listener) {
  std::lock_guard lock(mutex_);
  for (const auto& [time, revocation] : recent_) listener(revocation);
  listeners_[next_id_] = std::move(listener);
  return next_id_++;
}

void RevocationFeed::Unsubscribe(int64_t id) {
  std::lock_guard lock(mutex_);
  listeners_.erase(id);
}

}  // namespace agentflow::tenant
