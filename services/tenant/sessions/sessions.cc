#include "services/tenant/sessions/sessions.h"

#include "libs/base/status.h"
#include "libs/crypto/digest.h"
#include "libs/crypto/random.h"
#include "services/tenant/identity/revocations.h"
#include "services/tenant/keys/credential.h"
#include "services/tenant/users/users.h"

namespace agentflow::tenant {
namespace {

constexpr pg::Statement kFindLogin{
    "login_find", "SELECT tenant_id, user_id, password_hash, usable FROM find_login($1, $2)"};
constexpr pg::Statement kTakeAttempt{"login_take", "SELECT login_take($1, $2, $3, $4)"};
constexpr pg::Statement kClearAttempts{"login_clear", "SELECT login_clear($1)"};
constexpr pg::Statement kInsertSession{"session_insert", R"sql(
  INSERT INTO session (tenant_id, id, user_id, create_time, expire_time)
  VALUES ($1, $2, $3, $4, $5))sql"};
constexpr pg::Statement kRenewSession{
    "session_renew", "UPDATE session SET expire_time = $3 WHERE tenant_id = $1 AND id = $2"};
constexpr pg::Statement kEndSession{"session_end", R"sql(
  UPDATE session SET revoke_time = $3
  WHERE tenant_id = $1 AND id = $2 AND revoke_time IS NULL)sql"};
constexpr pg::Statement kInsertTokens{"token_insert", R"sql(
  INSERT INTO token (tenant_id, hash, refresh, session_id, expire_time)
  VALUES ($1, $2, false, $3, $4), ($1, $5, true, $3, $6))sql"};
constexpr pg::Statement kFindToken{
    "token_find", "SELECT tenant_id, refresh, user_id, session_id FROM find_token($1)"};
// The lock makes two uses of one token take turns.
constexpr pg::Statement kLockToken{"token_lock", R"sql(
  SELECT k.use_time IS NOT NULL, k.expire_time, s.revoke_time IS NOT NULL, u.disabled, t.suspended
  FROM token k
  JOIN session s ON s.tenant_id = k.tenant_id AND s.id = k.session_id
  JOIN app_user u ON u.tenant_id = s.tenant_id AND u.id = s.user_id
  JOIN tenant t ON t.tenant_id = k.tenant_id
  WHERE k.tenant_id = $1 AND k.hash = $2 FOR UPDATE OF k)sql"};
constexpr pg::Statement kUseToken{
    "token_use", "UPDATE token SET use_time = $3 WHERE tenant_id = $1 AND hash = $2"};
constexpr pg::Statement kPurge{"purge_expired", "SELECT purge_expired($1)"};

// Takes the records of sign-ins for addresses that belong to nobody; no slug starts so.
constexpr char kNoTenant[] = "_platform";

int64_t Micros(std::chrono::milliseconds life) {
  return life.count() * 1000;
}

absl::Status Unauthenticated(const char* reason, const char* message) {
  return Error(absl::StatusCode::kUnauthenticated, reason, message);
}

absl::Status WrongCredentials() {
  return Unauthenticated("CREDENTIALS_INVALID",
                         "address and password do not belong together; if the address is in "
                         "several tenants, name the tenant too");
}

absl::Status WrongToken() {
  return Unauthenticated("CREDENTIALS_INVALID", "this refresh token is not valid; sign in again");
}

}  // namespace

// Who may be meant by an address and, perhaps, a tenant.
struct Sessions::Candidate {
  std::string tenant = kNoTenant;
  Uuid user;
  std::string password_hash;  // empty: nobody
  bool usable = false;
  bool ambiguous = false;

  bool known() const { return !password_hash.empty(); }
};

absl::Status Sessions::TakeAttempt(const std::string& key) {
  int64_t wait_ms = 0;
  AF_RETURN_IF_ERROR(pool_.InSystem([&](pg::SystemTx& tx) -> absl::Status {
    AF_ASSIGN_OR_RETURN(pg::Result rows,
                        tx.Exec(kTakeAttempt, pg::Bytea{key}, pg::Timestamp{clock_.Now()},
                                static_cast<double>(options_.failures_allowed),
                                static_cast<double>(options_.failure_recovery.count())));
    wait_ms = rows[0].Int(0);
    return absl::OkStatus();
  }));
  if (wait_ms == 0) return absl::OkStatus();
  return Error(absl::StatusCode::kResourceExhausted, "LOGIN_LOCKED",
               "too many failed sign-ins with this address; wait before trying again",
               {{kErrorRetryAfterMs, std::to_string(wait_ms)}, {kErrorLimit, "login.failures"}});
}

absl::StatusOr<Sessions::Candidate> Sessions::FindCandidate(const std::string& email,
                                                            const std::string& tenant) {
  AF_ASSIGN_OR_RETURN(pg::SystemTx tx, pool_.BeginSystem());
  AF_ASSIGN_OR_RETURN(pg::Result rows, tx.Exec(kFindLogin, email, tenant));
  Candidate candidate;
  if (rows.empty()) return candidate;
  candidate.tenant = rows[0].Text(0);
  candidate.user = rows[0].Id(1);
  candidate.password_hash = rows[0].Text(2);
  candidate.usable = rows[0].Bool(3);
  candidate.ambiguous = rows.size() > 1;
  return candidate;
}

// Nobody's failures are recorded as well, which also makes them take as long.
absl::Status Sessions::RecordFailure(Actor actor, const Candidate& candidate) {
  std::string resource = candidate.known() ? "users/" + candidate.user.ToString() : "";
  return pool_.InTenant(candidate.tenant, [&](pg::TenantTx& tx) {
    pg::AuditRecord record = AuditOf(actor, resource);
    record.outcome = "UNAUTHENTICATED";
    return pg::WriteAudit(tx, record);
  });
}

absl::StatusOr<TokenGrant> Sessions::Grant(pg::TenantTx& tx, const Uuid& session, UnixMicros now) {
  TokenGrant grant{.access_token = MakeCredential(CredentialKind::kAccessToken),
                   .refresh_token = MakeCredential(CredentialKind::kRefreshToken),
                   .expire_time = now + Micros(options_.access_life)};
  const std::string access = CredentialHash(grant.access_token);
  const std::string refresh = CredentialHash(grant.refresh_token);
  AF_RETURN_IF_ERROR(tx.Exec(kInsertTokens, tx.tenant(), pg::Bytea{access}, session,
                             pg::Timestamp{grant.expire_time}, pg::Bytea{refresh},
                             pg::Timestamp{now + Micros(options_.session_life)})
                         .status());
  return grant;
}

absl::StatusOr<TokenGrant> Sessions::Login(const Actor& actor, const std::string& given_email,
                                           const std::string& password, const std::string& tenant) {
  absl::StatusOr<std::string> normalized = NormalizeEmail(given_email, "email");
  if (!normalized.ok()) return WrongCredentials();
  const std::string& email = *normalized;
  const std::string key(crypto::AsText(crypto::Sha256(email)));
  AF_RETURN_IF_ERROR(TakeAttempt(key));
  AF_ASSIGN_OR_RETURN(Candidate candidate, FindCandidate(email, tenant));
  AF_ASSIGN_OR_RETURN(bool fits, passwords_.Verify(password, candidate.password_hash));
  if (fits && candidate.ambiguous) {
    return FailedPrecondition("TENANT_REQUIRED",
                              "this address is in several tenants; give the tenant's id too");
  }
  if (!fits || !candidate.usable) {
    AF_RETURN_IF_ERROR(RecordFailure(actor, candidate));
    return WrongCredentials();
  }

  const UnixMicros now = clock_.Now();
  crypto::SecureRandom random;
  const Uuid session = Uuid::MakeOrdered(now / 1000, random);
  Actor user = actor;
  user.principal = "users/" + candidate.user.ToString();
  TokenGrant grant;
  AF_RETURN_IF_ERROR(pool_.InTenant(candidate.tenant, [&](pg::TenantTx& tx) -> absl::Status {
    AF_RETURN_IF_ERROR(tx.Exec(kInsertSession, tx.tenant(), session, candidate.user,
                               pg::Timestamp{now},
                               pg::Timestamp{now + Micros(options_.session_life)})
                           .status());
    AF_ASSIGN_OR_RETURN(grant, Grant(tx, session, now));
    return pg::WriteAudit(tx, AuditOf(user, user.principal));
  }));
  AF_RETURN_IF_ERROR(pool_.InSystem(
      [&](pg::SystemTx& tx) { return tx.Exec(kClearAttempts, pg::Bytea{key}).status(); }));
  return grant;
}

namespace {

// Where a refresh token belongs.
struct Found {
  std::string tenant;
  Uuid user;
  Uuid session;
  std::string principal() const { return "users/" + user.ToString(); }
};

absl::StatusOr<std::optional<Found>> FindRefreshToken(pg::Pool& pool, const std::string& hash) {
  AF_ASSIGN_OR_RETURN(pg::SystemTx tx, pool.BeginSystem());
  AF_ASSIGN_OR_RETURN(pg::Result rows, tx.Exec(kFindToken, pg::Bytea{hash}));
  if (rows.empty() || !rows[0].Bool(1)) return std::nullopt;
  return Found{std::string(rows[0].Text(0)), rows[0].Id(2), rows[0].Id(3)};
}

absl::Status EndSession(pg::TenantTx& tx, const Found& found, UnixMicros now) {
  AF_RETURN_IF_ERROR(tx.Exec(kEndSession, tx.tenant(), found.session, pg::Timestamp{now}).status());
  return WriteRevocation(tx, found.principal());
}

}  // namespace

absl::StatusOr<TokenGrant> Sessions::Refresh(const Actor& actor, const std::string& token) {
  if (KindOfCredential(token) != CredentialKind::kRefreshToken) return WrongToken();
  const std::string hash = CredentialHash(token);
  AF_ASSIGN_OR_RETURN(std::optional<Found> found, FindRefreshToken(pool_, hash));
  if (!found) return WrongToken();

  const UnixMicros now = clock_.Now();
  Actor user = actor;
  user.principal = found->principal();
  TokenGrant grant;
  // A refusal, which must not undo the transaction that records it.
  absl::Status refusal;
  AF_RETURN_IF_ERROR(pool_.InTenant(found->tenant, [&](pg::TenantTx& tx) -> absl::Status {
    refusal = absl::OkStatus();
    AF_ASSIGN_OR_RETURN(pg::Result rows, tx.Exec(kLockToken, tx.tenant(), pg::Bytea{hash}));
    if (rows.empty()) return WrongToken();
    const pg::Row row = rows[0];
    const bool used = row.Bool(0), ended = row.Bool(2), unusable = row.Bool(3) || row.Bool(4);
    pg::AuditRecord record = AuditOf(user, user.principal);
    if (ended || unusable) return WrongToken();
    if (used) {
      refusal = Unauthenticated("TOKEN_REUSED",
                                "this refresh token was used before, so somebody else may hold "
                                "it; the session has ended, sign in again");
      record.outcome = "UNAUTHENTICATED";
      record.detail_json = R"({"reason":"TOKEN_REUSED"})";
      AF_RETURN_IF_ERROR(EndSession(tx, *found, now));
      return pg::WriteAudit(tx, record);
    }
    if (row.Time(1) <= now) {
      return Unauthenticated("TOKEN_EXPIRED", "this refresh token has ended; sign in again");
    }
    AF_RETURN_IF_ERROR(
        tx.Exec(kUseToken, tx.tenant(), pg::Bytea{hash}, pg::Timestamp{now}).status());
    AF_RETURN_IF_ERROR(tx.Exec(kRenewSession, tx.tenant(), found->session,
                               pg::Timestamp{now + Micros(options_.session_life)})
                           .status());
    AF_ASSIGN_OR_RETURN(grant, Grant(tx, found->session, now));
    return pg::WriteAudit(tx, record);
  }));
  AF_RETURN_IF_ERROR(refusal);
  return grant;
}

absl::Status Sessions::Logout(const Actor& actor, const std::string& token) {
  if (KindOfCredential(token) != CredentialKind::kRefreshToken) return absl::OkStatus();
  AF_ASSIGN_OR_RETURN(std::optional<Found> found, FindRefreshToken(pool_, CredentialHash(token)));
  if (!found) return absl::OkStatus();
  Actor user = actor;
  user.principal = found->principal();
  return pool_.InTenant(found->tenant, [&](pg::TenantTx& tx) -> absl::Status {
    AF_RETURN_IF_ERROR(EndSession(tx, *found, clock_.Now()));
    return pg::WriteAudit(tx, AuditOf(user, user.principal));
  });
}

absl::Status Sessions::Purge() {
  return pool_.InSystem(
      [&](pg::SystemTx& tx) { return tx.Exec(kPurge, pg::Timestamp{clock_.Now()}).status(); });
}

}  // namespace agentflow::tenant
