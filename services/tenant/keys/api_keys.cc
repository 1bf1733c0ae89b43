#include "services/tenant/keys/api_keys.h"

#include "libs/base/status.h"
#include "libs/crypto/random.h"
#include "libs/json/value.h"
#include "services/tenant/identity/revocations.h"
#include "services/tenant/keys/credential.h"
#include "services/tenant/users/roles.h"

namespace agentflow::tenant {
namespace {

constexpr pg::Statement kInsert{"api_key_insert", R"sql(
  INSERT INTO api_key (tenant_id, id, hash, title, roles, hint, creator, create_time, expire_time)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9))sql"};
constexpr pg::Statement kGet{"api_key_get", R"sql(
  SELECT id, title, roles, hint, creator, create_time, expire_time, revoke_time
  FROM api_key WHERE tenant_id = $1 AND id = $2)sql"};
constexpr pg::Statement kList{"api_key_list", R"sql(
  SELECT id, title, roles, hint, creator, create_time, expire_time, revoke_time
  FROM api_key WHERE tenant_id = $1 AND id > $2 ORDER BY id LIMIT $3)sql"};
constexpr pg::Statement kRevoke{"api_key_revoke", R"sql(
  UPDATE api_key SET revoke_time = $3
  WHERE tenant_id = $1 AND id = $2 AND revoke_time IS NULL)sql"};

constexpr size_t kLongestTitle = 200;

ApiKey KeyOf(const pg::Row& row) {
  ApiKey key;
  key.id = row.Id(0);
  key.title = row.Text(1);
  key.roles = row.TextArray(2);
  key.hint = row.Text(3);
  key.creator = row.Text(4);
  key.create_time = row.Time(5);
  key.expire_time = row.OptionalTime(6);
  key.revoke_time = row.OptionalTime(7);
  return key;
}

std::string NameOf(const Uuid& id) {
  return "apiKeys/" + id.ToString();
}

absl::Status NoSuchKey() {
  return NotFound("API_KEY_NOT_FOUND", "there is no such API key; list them with GET /v1/apiKeys");
}

std::string DetailOf(const ApiKey& key) {
  json::Array roles;
  for (const std::string& role : key.roles) roles.emplace_back(role);
  return json::Dump(
      json::Object{{"title", key.title}, {"hint", key.hint}, {"roles", std::move(roles)}});
}

absl::Status CheckNew(const NewApiKey& wanted, UnixMicros now) {
  if (wanted.title.size() > kLongestTitle) {
    return InvalidArgument("TITLE_TOO_LONG", "apiKey.title", "a title has at most 200 bytes");
  }
  if (wanted.roles.empty()) {
    return InvalidArgument("ROLES_MISSING", "apiKey.roles", "give the key at least one role");
  }
  if (wanted.expire_time && *wanted.expire_time <= now) {
    return InvalidArgument("EXPIRE_TIME_PAST", "apiKey.expireTime",
                           "the key would have ended already; give a time to come");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ApiKeys::Created> ApiKeys::Create(const Actor& actor, NewApiKey wanted) {
  const UnixMicros now = clock_.Now();
  AF_RETURN_IF_ERROR(CheckNew(wanted, now));
  AF_ASSIGN_OR_RETURN(wanted.roles, NormalizeRoles(std::move(wanted.roles), "apiKey.roles"));
  AF_RETURN_IF_ERROR(RequireGrantable(actor.permissions, wanted.roles, "apiKey.roles"));
  crypto::SecureRandom random;
  Created created;
  created.secret = MakeCredential(CredentialKind::kApiKey);
  created.key = {.id = Uuid::MakeOrdered(now / 1000, random),
                 .title = wanted.title,
                 .roles = wanted.roles,
                 .hint = CredentialHint(created.secret),
                 .creator = actor.principal,
                 .create_time = now,
                 .expire_time = wanted.expire_time};
  const ApiKey& key = created.key;
  std::optional<pg::Timestamp> expire;
  if (key.expire_time) expire = pg::Timestamp{*key.expire_time};
  AF_RETURN_IF_ERROR(pool_.InTenant(actor.tenant, [&](pg::TenantTx& tx) -> absl::Status {
    AF_RETURN_IF_ERROR(tx.Exec(kInsert, actor.tenant, key.id,
                               pg::Bytea{CredentialHash(created.secret)}, key.title, key.roles,
                               key.hint, key.creator, pg::Timestamp{now}, expire)
                           .status());
    return pg::WriteAudit(tx, AuditOf(actor, NameOf(key.id), DetailOf(key)));
  }));
  return created;
}

absl::StatusOr<ApiKey> ApiKeys::Get(const std::string& tenant, const Uuid& id) {
  AF_ASSIGN_OR_RETURN(pg::TenantTx tx, pool_.Begin(tenant));
  AF_ASSIGN_OR_RETURN(pg::Result rows, tx.Exec(kGet, tenant, id));
  if (rows.empty()) return NoSuchKey();
  return KeyOf(rows[0]);
}

absl::StatusOr<std::vector<ApiKey>> ApiKeys::List(const std::string& tenant, const Uuid& after,
                                                  int limit) {
  AF_ASSIGN_OR_RETURN(pg::TenantTx tx, pool_.Begin(tenant));
  AF_ASSIGN_OR_RETURN(pg::Result rows, tx.Exec(kList, tenant, after, limit));
  std::vector<ApiKey> keys;
  for (pg::Row row : rows) keys.push_back(KeyOf(row));
  return keys;
}

absl::StatusOr<ApiKey> ApiKeys::Revoke(const Actor& actor, const Uuid& id) {
  ApiKey key;
  AF_RETURN_IF_ERROR(pool_.InTenant(actor.tenant, [&](pg::TenantTx& tx) -> absl::Status {
    AF_ASSIGN_OR_RETURN(pg::Result revoked,
                        tx.Exec(kRevoke, actor.tenant, id, pg::Timestamp{clock_.Now()}));
    AF_ASSIGN_OR_RETURN(pg::Result rows, tx.Exec(kGet, actor.tenant, id));
    if (rows.empty()) return NoSuchKey();
    key = KeyOf(rows[0]);
    if (revoked.affected() == 0) return absl::OkStatus();
    AF_RETURN_IF_ERROR(WriteRevocation(tx, NameOf(id)));
    return pg::WriteAudit(tx, AuditOf(actor, NameOf(id), DetailOf(key)));
  }));
  return key;
}

}  // namespace agentflow::tenant
