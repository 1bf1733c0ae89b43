#include "services/tenant/identity/identities.h"

#include "libs/auth/roles.h"
#include "libs/base/status.h"
#include "libs/base/uuid.h"
#include "services/tenant/keys/credential.h"

namespace agentflow::tenant {
namespace {

constexpr pg::Statement kToken{"authenticate_token", R"sql(
  SELECT quotas, tenant_id, user_id, email, display_name, roles, usable, refresh, expire_time
  FROM find_token($1))sql"};
constexpr pg::Statement kKey{"authenticate_key", R"sql(
  SELECT quotas, tenant_id, id, title, roles, suspended, expire_time, revoke_time
  FROM find_api_key($1))sql"};
constexpr pg::Statement kUser{"authorize_user", R"sql(
  SELECT t.quotas, u.email, u.display_name, u.roles, u.disabled OR t.suspended, NULL
  FROM app_user u JOIN tenant t USING (tenant_id)
  WHERE u.tenant_id = $1 AND u.id = $2)sql"};
constexpr pg::Statement kKeyOfTenant{"authorize_key", R"sql(
  SELECT t.quotas, '', k.title, k.roles,
         t.suspended OR k.revoke_time IS NOT NULL, k.expire_time
  FROM api_key k JOIN tenant t USING (tenant_id)
  WHERE k.tenant_id = $1 AND k.id = $2)sql"};

Quotas QuotasOf(const pg::Row& row) { return QuotasFromText(row.Text(0)); }

absl::Status Unauthenticated(const char* reason, const char* message) {
  return Error(absl::StatusCode::kUnauthenticated, reason, message);
}

absl::Status Invalid() {
  return Unauthenticated("CREDENTIALS_INVALID",
                         "this token or API key is not valid; sign in again or use another key");
}

absl::Status Expired() {
  return Unauthenticated("TOKEN_EXPIRED",
                         "this token or API key has ended; refresh it or use another one");
}

absl::Status NoSuchPrincipal() {
  return NotFound("PRINCIPAL_NOT_FOUND", "the tenant has no such user or API key");
}

}  // namespace

absl::StatusOr<Identity> Identities::Authenticate(const std::string& credential) {
  std::optional<CredentialKind> kind = KindOfCredential(credential);
  if (kind == CredentialKind::kApiKey) return AuthenticateKey(credential);
  if (kind == CredentialKind::kAccessToken) return AuthenticateToken(credential);
  return Invalid();
}

absl::StatusOr<Identity> Identities::AuthenticateToken(const std::string& token) {
  AF_ASSIGN_OR_RETURN(pg::SystemTx tx, pool_.BeginSystem());
  const std::string hash = CredentialHash(token);
  AF_ASSIGN_OR_RETURN(pg::Result rows, tx.Exec(kToken, pg::Bytea{hash}));
  if (rows.empty()) return Invalid();
  const pg::Row row = rows[0];
  const bool usable = row.Bool(6), refresh = row.Bool(7);
  if (!usable || refresh) return Invalid();
  const UnixMicros expires = row.Time(8);
  if (expires <= clock_.Now()) return Expired();
  Identity identity;
  identity.quotas = Effective(QuotasOf(row), options_.default_quotas);
  identity.tenant = row.Text(1);
  identity.principal = "users/" + row.Id(2).ToString();
  identity.email = row.Text(3);
  identity.display_name = row.Text(4);
  identity.roles = row.TextArray(5);
  identity.permissions = auth::PermissionsOf(identity.roles);
  identity.expire_time = expires;
  identity.cache_for = options_.cache_tokens;
  return identity;
}

absl::StatusOr<Identity> Identities::AuthenticateKey(const std::string& key) {
  AF_ASSIGN_OR_RETURN(pg::SystemTx tx, pool_.BeginSystem());
  const std::string hash = CredentialHash(key);
  AF_ASSIGN_OR_RETURN(pg::Result rows, tx.Exec(kKey, pg::Bytea{hash}));
  if (rows.empty()) return Invalid();
  const pg::Row row = rows[0];
  if (row.Bool(5)) return Invalid();  // the tenant is suspended
  if (!row.IsNull(7)) {
    return Unauthenticated("KEY_REVOKED", "this API key was revoked; use another one");
  }
  Identity identity;
  identity.expire_time = row.OptionalTime(6);
  if (identity.expire_time && *identity.expire_time <= clock_.Now()) return Expired();
  identity.quotas = Effective(QuotasOf(row), options_.default_quotas);
  identity.tenant = row.Text(1);
  identity.principal = "apiKeys/" + row.Id(2).ToString();
  identity.display_name = row.Text(3);
  identity.roles = row.TextArray(4);
  identity.permissions = auth::PermissionsOf(identity.roles);
  identity.cache_for = options_.cache_keys;
  return identity;
}

absl::StatusOr<Identity> Identities::Authorize(const std::string& tenant,
                                               const std::string& principal) {
  const bool user = principal.starts_with("users/");
  if (!user && !principal.starts_with("apiKeys/")) return NoSuchPrincipal();
  std::optional<Uuid> id = Uuid::Parse(std::string_view(principal).substr(user ? 6 : 8));
  if (!id || tenant.empty()) return NoSuchPrincipal();
  AF_ASSIGN_OR_RETURN(pg::TenantTx tx, pool_.Begin(tenant));
  AF_ASSIGN_OR_RETURN(pg::Result rows, tx.Exec(user ? kUser : kKeyOfTenant, tenant, *id));
  if (rows.empty()) return NoSuchPrincipal();
  const pg::Row row = rows[0];
  Identity identity;
  identity.expire_time = row.OptionalTime(5);
  if (row.Bool(4) || (identity.expire_time && *identity.expire_time <= clock_.Now())) {
    return Error(absl::StatusCode::kPermissionDenied, "PRINCIPAL_ENDED",
                 "the user or API key that this work is done for is no longer active");
  }
  identity.quotas = Effective(QuotasOf(row), options_.default_quotas);
  identity.tenant = tenant;
  identity.principal = principal;
  identity.email = row.Text(1);
  identity.display_name = row.Text(2);
  identity.roles = row.TextArray(3);
  identity.permissions = auth::PermissionsOf(identity.roles);
  identity.cache_for = options_.cache_keys;
  return identity;
}

}  // namespace agentflow::tenant
