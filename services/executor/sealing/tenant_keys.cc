#include "services/executor/sealing/tenant_keys.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_split.h"
#include "libs/base/status.h"
#include "libs/crypto/encoding.h"
#include "libs/obs/log.h"

namespace agentflow::executor {
namespace {

// About 300 bytes each. One that had to go is read again.
constexpr size_t kKeysKept = 100'000;
constexpr int kAnswerTimeoutMs = 5'000;
// With nothing left to seal anew, this many looks are left out: nobody waits for it.
constexpr int kChecksToReseal = 11;

enum : size_t { kFind, kMake, kReseal, kDestroy, kStale, kMasters };

std::vector<pg::Statement> Statements() {
  return {
      {"tenant_key_find",
       "SELECT tenant_id, sealed FROM tenant_key WHERE tenant_id = ANY($1::text[])"},
      {"tenant_key_make",
       "INSERT INTO tenant_key (tenant_id, key_id, sealed) VALUES ($1::text, $2::text, $3::bytea) "
       "ON CONFLICT DO NOTHING"},
      {"tenant_key_reseal",
       "UPDATE tenant_key SET key_id = $2::text, sealed = $3::bytea "
       "WHERE tenant_id = $1::text AND sealed = $4::bytea"},
      // Those who have it in memory asked less than three checks ago; the fourth one covers a look
      // that was under way meanwhile.
      {"tenant_key_destroy",
       "UPDATE tenant_key SET key_id = '', sealed = '', "
       "destroy_time = coalesce(destroy_time, clock_timestamp()) WHERE tenant_id = $1::text "
       "RETURNING clock_timestamp() > destroy_time + 4 * $2::int * interval '1 ms'"},
      {"tenant_key_stale",
       "SELECT tenant_id, sealed FROM tenant_key WHERE key_id <> $1::text AND key_id <> '' "
       "ORDER BY random() LIMIT 100"},
      {"tenant_key_masters",
       "SELECT t.tenant_id, t.sealed, m.key_id FROM (SELECT DISTINCT key_id FROM tenant_key "
       "WHERE key_id <> '') AS m CROSS JOIN LATERAL (SELECT * FROM tenant_key k "
       "WHERE k.key_id = m.key_id LIMIT 5) AS t"},
  };
}

// A tenant's key opens as that tenant's alone.
std::string BoundTo(const std::string& tenant) {
  return "tenant_key/" + tenant;
}

absl::Status Destroyed() {
  return NotFound("TENANT_KEY_DESTROYED",
                  "The tenant is being deleted, and its key is destroyed already.");
}

absl::Status SettingInvalid(std::string_view setting, const std::string& message) {
  return InvalidArgument("CONFIG_INVALID", setting,
                         std::string(setting) + ": " + message +
                             ". Make a key with: echo \"main=$(openssl rand -base64 32)\"; "
                             "docs/operating/encryption.md says more.");
}

}  // namespace

absl::StatusOr<crypto::KeyRing> MasterKeys(const crypto::Secret& keys, const std::string& current) {
  constexpr char kSetting[] = "encryption.keys";
  std::map<std::string, crypto::Secret> ring;
  const std::vector<std::string> entries =
      absl::StrSplit(keys.Reveal(), absl::ByAnyChar(", \t\r\n"), absl::SkipEmpty());
  for (const std::string& entry : entries) {
    const size_t at = entry.find('=');
    const std::string id = entry.substr(0, at);
    if (at == std::string::npos || id.empty()) {
      return SettingInvalid(kSetting, "an entry is NAME=KEY; commas or spaces part them");
    }
    std::optional<std::string> bytes = crypto::Base64Decode(entry.substr(at + 1));
    if (!bytes || bytes->size() != crypto::DataKey::kSize) {
      return SettingInvalid(kSetting, "the key \"" + id + "\" is not 32 bytes in base64");
    }
    if (!ring.emplace(id, crypto::Secret(*std::move(bytes))).second) {
      return SettingInvalid(kSetting, "there are two keys \"" + id + "\"");
    }
  }
  if (ring.empty()) return SettingInvalid(kSetting, "names no master key");
  if (current.empty() && ring.size() > 1) {
    return SettingInvalid("encryption.current", "says which of several keys seals");
  }
  const std::string seals = current.empty() ? ring.begin()->first : current;
  if (!ring.contains(seals)) {
    return SettingInvalid("encryption.current", "encryption.keys has no \"" + seals + "\"");
  }
  absl::StatusOr<crypto::KeyRing> made = crypto::KeyRing::Make(std::move(ring), seals);
  if (!made.ok()) return SettingInvalid(kSetting, MessageOf(made.status()));
  return made;
}

TenantKeys::TenantKeys(TenantKeysOptions options, crypto::KeyRing master, const Clock& clock)
    : options_(std::move(options)), master_(std::move(master)), clock_(clock) {}
TenantKeys::~TenantKeys() = default;

absl::StatusOr<pg::BinaryResult> TenantKeys::Query(size_t statement,
                                                   const pg::BinaryParams& params) {
  std::lock_guard lock(db_mutex_);
  // A connection that broke while it was idle is found out by using it; all statements may be
  // repeated.
  for (bool again = false;; again = true) {
    if (db_ == nullptr || db_->lost()) {
      AF_ASSIGN_OR_RETURN(db_, pg::Pipeline::Connect({.url = options_.url,
                                                      .name = "executor-keys",
                                                      .statements = Statements(),
                                                      .answer_timeout_ms = kAnswerTimeoutMs}));
    }
    absl::StatusOr<pg::BinaryResult> rows = db_->Query(statement, params);
    if (rows.ok() || again || !db_->lost()) return rows;
  }
}

TenantSealPtr TenantKeys::FindAt(const std::string& tenant, int64_t monotonic) {
  std::lock_guard lock(mutex_);
  auto it = cached_.find(tenant);
  return it == cached_.end() || it->second.trusted_until <= monotonic ? nullptr : it->second.seal;
}

TenantSealPtr TenantKeys::Find(const std::string& tenant) {
  return FindAt(tenant, clock_.Monotonic());
}

absl::StatusOr<TenantSealPtr> TenantKeys::Get(const std::string& tenant) {
  absl::StatusOr<TenantSealPtr> seal = Open(tenant);
  if (ReasonOf(seal.status()) != "TENANT_KEY_MISSING") return seal;
  // Whose key it becomes, all take.
  const std::string sealed =
      master_.Seal(crypto::DataKey::Generate().bytes().Reveal(), BoundTo(tenant));
  AF_RETURN_IF_ERROR(
      Query(kMake, pg::BinaryParams().Text(tenant).Text(master_.current()).Bytea(sealed)).status());
  return Open(tenant);
}

absl::StatusOr<TenantSealPtr> TenantKeys::Open(const std::string& tenant) {
  if (TenantSealPtr seal = Find(tenant)) return seal;
  std::lock_guard lock(opening_);
  if (TenantSealPtr seal = Find(tenant)) return seal;
  AF_ASSIGN_OR_RETURN(auto all, OpenAll({tenant}));
  return all.at(tenant);
}

absl::StatusOr<std::map<std::string, absl::StatusOr<TenantSealPtr>>> TenantKeys::OpenAll(
    const std::set<std::string>& tenants) {
  std::map<std::string, absl::StatusOr<TenantSealPtr>> all;
  pg::TextArray names;
  const int64_t asked_at = clock_.Monotonic();
  for (const std::string& tenant : tenants) {
    if (TenantSealPtr seal = FindAt(tenant, asked_at)) {
      all.emplace(tenant, std::move(seal));
      continue;
    }
    all.emplace(tenant, Error(absl::StatusCode::kDataLoss, "TENANT_KEY_MISSING",
                              "The tenant " + tenant + " has no key in executor.tenant_key. "
                              "Restore its row from a backup."));
    names.Append(tenant);
  }
  if (names.size() == 0) return all;
  AF_ASSIGN_OR_RETURN(const pg::BinaryResult rows, Query(kFind, pg::BinaryParams().Array(names)));
  for (size_t i = 0; i < rows.size(); ++i) {
    const std::string tenant(rows.Bytes(i, 0));
    const std::string sealed(rows.Bytes(i, 1));
    Row row = Unwrap(tenant, sealed);
    if (row.ok()) {
      std::lock_guard lock(mutex_);
      if (cached_.size() >= kKeysKept) cached_.erase(cached_.begin());
      cached_[tenant] = {*row, sealed, asked_at + TrustMicros()};
    }
    all.at(tenant) = std::move(row);
  }
  return all;
}

TenantKeys::Row TenantKeys::Unwrap(const std::string& tenant, const std::string& sealed) {
  if (sealed.empty()) return Destroyed();
  absl::StatusOr<crypto::Secret> bytes = master_.Open(sealed, BoundTo(tenant));
  if (ReasonOf(bytes.status()) == "SEAL_KEY_UNKNOWN") {
    return FailedPrecondition("MASTER_KEY_UNKNOWN",
                              "The key of the tenant " + tenant +
                                  " is sealed under a master key that encryption.keys does not "
                                  "have. Add it there; SELECT DISTINCT key_id FROM "
                                  "executor.tenant_key says which are in use.");
  }
  absl::StatusOr<crypto::DataKey> key =
      bytes.ok() ? crypto::DataKey::FromBytes(*bytes) : bytes.status();
  if (!key.ok()) {
    return Error(absl::StatusCode::kDataLoss, "TENANT_KEY_BROKEN",
                 "The key of the tenant " + tenant +
                     " does not open: its row was changed, or encryption.keys has another key "
                     "under that name. Restore the one or the other.");
  }
  if (master_.IsStale(sealed)) {
    const std::string anew = master_.Seal(bytes->Reveal(), BoundTo(tenant));
    const absl::StatusOr<pg::BinaryResult> done = Query(
        kReseal,
        pg::BinaryParams().Text(tenant).Text(master_.current()).Bytea(anew).Bytea(sealed));
    // It opens as it is.
    if (!done.ok()) {
      obs::Warn("a tenant's key is not sealed anew",
                {{"tenant", tenant}, {"error", MessageOf(done.status())}});
    }
  }
  return std::make_shared<const TenantSeal>(tenant, *std::move(key), broken_);
}

absl::StatusOr<bool> TenantKeys::Destroy(const std::string& tenant) {
  {
    std::lock_guard lock(mutex_);
    cached_.erase(tenant);
  }
  AF_ASSIGN_OR_RETURN(
      const pg::BinaryResult rows,
      Query(kDestroy, pg::BinaryParams().Text(tenant).Int(options_.check_ms)));
  return rows.empty() || rows.Bool(0, 0);
}

absl::Status TenantKeys::Check() {
  AF_RETURN_IF_ERROR(CheckCached());
  return reseal_in_-- > 0 ? absl::OkStatus() : ResealSome();
}

absl::Status TenantKeys::CheckCached() {
  std::map<std::string, std::string> known;  // and what it was read from
  pg::TextArray names;
  const int64_t asked_at = clock_.Monotonic();
  {
    std::lock_guard lock(mutex_);
    for (const auto& [tenant, cached] : cached_) {
      known[tenant] = cached.sealed;
      names.Append(tenant);
    }
  }
  if (known.empty()) return absl::OkStatus();
  AF_ASSIGN_OR_RETURN(const pg::BinaryResult rows, Query(kFind, pg::BinaryParams().Array(names)));
  std::map<std::string, std::string_view> there;
  for (size_t i = 0; i < rows.size(); ++i) there[std::string(rows.Bytes(i, 0))] = rows.Bytes(i, 1);
  std::lock_guard lock(mutex_);
  for (const auto& [tenant, sealed] : known) {
    auto it = cached_.find(tenant);
    if (it == cached_.end() || it->second.sealed != sealed) continue;  // read again meanwhile
    auto row = there.find(tenant);
    if (row != there.end() && row->second == sealed) {
      it->second.trusted_until = std::max(it->second.trusted_until, asked_at + TrustMicros());
    } else {
      cached_.erase(it);  // destroyed, or sealed anew: then it is read again when needed
    }
  }
  return absl::OkStatus();
}

absl::Status TenantKeys::ResealSome() {
  AF_ASSIGN_OR_RETURN(const pg::BinaryResult rows,
                      Query(kStale, pg::BinaryParams().Text(master_.current())));
  for (size_t i = 0; i < rows.size(); ++i) {
    const std::string tenant(rows.Bytes(i, 0));
    if (Row row = Unwrap(tenant, std::string(rows.Bytes(i, 1))); !row.ok()) {
      obs::Error("a tenant's key cannot be sealed anew",
                 {{"tenant", tenant}, {"error", MessageOf(row.status())}});
    }
  }
  // An executor that has its settings of before may still make some.
  reseal_in_ = rows.empty() ? kChecksToReseal : 0;
  return absl::OkStatus();
}

absl::Status TenantKeys::CheckMaster() {
  AF_ASSIGN_OR_RETURN(const pg::BinaryResult rows, Query(kMasters, {}));
  // One row that was changed is its tenant's trouble; where none opens it is the master key.
  std::map<std::string, absl::Status> masters;
  for (size_t i = 0; i < rows.size(); ++i) {
    const absl::Status opened =
        Unwrap(std::string(rows.Bytes(i, 0)), std::string(rows.Bytes(i, 1))).status();
    auto [it, first] = masters.try_emplace(std::string(rows.Bytes(i, 2)), opened);
    if (opened.ok()) it->second = opened;
  }
  for (const auto& [id, opened] : masters) AF_RETURN_IF_ERROR(opened);
  return absl::OkStatus();
}

}  // namespace agentflow::executor
