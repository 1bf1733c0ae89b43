#include "services/tenant/users/users.h"

#include <algorithm>

#include "libs/base/status.h"
#include "libs/crypto/random.h"
#include "libs/json/value.h"
#include "libs/pg/error.h"
#include "services/tenant/identity/revocations.h"
#include "services/tenant/users/roles.h"

namespace agentflow::tenant {
namespace {

constexpr pg::Statement kInsert{"user_insert", R"sql(
  INSERT INTO app_user (tenant_id, id, email, display_name, roles, password_hash, create_time,
                        update_time)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $7))sql"};
constexpr pg::Statement kGet{"user_get", R"sql(
  SELECT id, email, display_name, roles, disabled, version, create_time, update_time
  FROM app_user WHERE tenant_id = $1 AND id = $2)sql"};
constexpr pg::Statement kGetLocked{"user_get_locked", R"sql(
  SELECT id, email, display_name, roles, disabled, version, create_time, update_time
  FROM app_user WHERE tenant_id = $1 AND id = $2 FOR UPDATE)sql"};
constexpr pg::Statement kList{"user_list", R"sql(
  SELECT id, email, display_name, roles, disabled, version, create_time, update_time
  FROM app_user WHERE tenant_id = $1 AND id > $2 ORDER BY id LIMIT $3)sql"};
constexpr pg::Statement kUpdate{"user_update", R"sql(
  UPDATE app_user SET display_name = $3, roles = $4, disabled = $5, version = $6, update_time = $7
  WHERE tenant_id = $1 AND id = $2)sql"};
constexpr pg::Statement kDelete{"user_delete",
                                "DELETE FROM app_user WHERE tenant_id = $1 AND id = $2"};
constexpr pg::Statement kEndSessions{"user_end_sessions", R"sql(
  UPDATE session SET revoke_time = $3
  WHERE tenant_id = $1 AND user_id = $2 AND revoke_time IS NULL)sql"};
// Taken before administrators are counted, so that two that demote each other take turns.
constexpr pg::Statement kLockTenant{"user_lock_tenant",
                                    "SELECT 1 FROM tenant WHERE tenant_id = $1 FOR UPDATE"};
constexpr pg::Statement kOtherAdmins{"user_other_admins", R"sql(
  SELECT count(*) FROM app_user
  WHERE tenant_id = $1 AND id <> $2 AND NOT disabled AND $3 = ANY(roles))sql"};

constexpr size_t kLongestName = 200;

User UserOf(const pg::Row& row) {
  User user;
  user.id = row.Id(0);
  user.email = row.Text(1);
  user.display_name = row.Text(2);
  user.roles = row.TextArray(3);
  user.disabled = row.Bool(4);
  user.version = row.Int(5);
  user.create_time = row.Time(6);
  user.update_time = row.Time(7);
  return user;
}

std::string NameOf(const Uuid& id) {
  return "users/" + id.ToString();
}

absl::Status NoSuchUser() {
  return NotFound("USER_NOT_FOUND", "there is no such user; list them with GET /v1/users");
}

absl::Status CheckDisplayName(const std::string& name) {
  if (name.size() <= kLongestName) return absl::OkStatus();
  return InvalidArgument("DISPLAY_NAME_TOO_LONG", "user.displayName",
                         "a display name has at most 200 bytes");
}

bool IsActiveAdmin(const User& user) {
  return !user.disabled &&
         std::find(user.roles.begin(), user.roles.end(), kAdminRole) != user.roles.end();
}

absl::Status RequireAnotherAdmin(pg::TenantTx& tx, const Uuid& id) {
  AF_ASSIGN_OR_RETURN(pg::Result others, tx.Exec(kOtherAdmins, tx.tenant(), id, kAdminRole));
  if (others[0].Int(0) > 0) return absl::OkStatus();
  return FailedPrecondition("LAST_ADMINISTRATOR",
                            "this is the tenant's last administrator; give somebody else the role "
                            "\"admin\" first");
}

absl::StatusOr<User> GetLocked(pg::TenantTx& tx, const Uuid& id, int64_t version) {
  AF_RETURN_IF_ERROR(tx.Exec(kLockTenant, tx.tenant()).status());
  AF_ASSIGN_OR_RETURN(pg::Result rows, tx.Exec(kGetLocked, tx.tenant(), id));
  if (rows.empty()) return NoSuchUser();
  User user = UserOf(rows[0]);
  AF_RETURN_IF_ERROR(CheckVersion(version, user.version));
  return user;
}

json::Value RolesJson(const std::vector<std::string>& roles) {
  json::Array array;
  for (const std::string& role : roles) array.emplace_back(role);
  return array;
}

std::string DetailOf(const User& user) {
  return json::Dump(json::Object{{"email", user.email},
                                 {"displayName", user.display_name},
                                 {"roles", RolesJson(user.roles)},
                                 {"disabled", user.disabled}});
}

}  // namespace

absl::StatusOr<std::string> NormalizeEmail(std::string_view email, const char* field) {
  std::string out(email);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  size_t at = out.find('@');
  bool blank =
      std::any_of(out.begin(), out.end(), [](unsigned char c) { return c <= 0x20 || c == 0x7f; });
  if (at == std::string::npos || at == 0 || at + 1 == out.size() || out.size() > 254 || blank ||
      out.find('@', at + 1) != std::string::npos) {
    return InvalidArgument("EMAIL_INVALID", field, "this is not an e-mail address");
  }
  return out;
}

absl::Status CheckVersion(int64_t wanted, int64_t current) {
  if (wanted == 0 || wanted == current) return absl::OkStatus();
  return Error(absl::StatusCode::kAborted, "ETAG_MISMATCH",
               "it was changed in the meantime; read it again and repeat the change");
}

absl::StatusOr<User> InsertUser(pg::TenantTx& tx, const NewUser& wanted, UnixMicros now) {
  crypto::SecureRandom random;
  User user{.id = Uuid::MakeOrdered(now / 1000, random),
            .email = wanted.email,
            .display_name = wanted.display_name,
            .roles = wanted.roles,
            .create_time = now,
            .update_time = now};
  absl::Status status = tx.Exec(kInsert, tx.tenant(), user.id, user.email, user.display_name,
                                user.roles, wanted.password_hash, pg::Timestamp{now})
                            .status();
  if (pg::ConstraintOf(status) == "app_user_email") {
    return Error(absl::StatusCode::kAlreadyExists, "USER_EXISTS",
                 "the tenant has a user with this e-mail address already",
                 {{kErrorField, "user.email"}});
  }
  AF_RETURN_IF_ERROR(status);
  return user;
}

absl::StatusOr<User> Users::Create(const Actor& actor, NewUser wanted,
                                   const std::string& password) {
  AF_ASSIGN_OR_RETURN(wanted.email, NormalizeEmail(wanted.email, "user.email"));
  AF_RETURN_IF_ERROR(CheckDisplayName(wanted.display_name));
  AF_RETURN_IF_ERROR(Passwords::Check(password, "password"));
  AF_ASSIGN_OR_RETURN(wanted.roles, NormalizeRoles(std::move(wanted.roles), "user.roles"));
  AF_RETURN_IF_ERROR(RequireGrantable(actor.permissions, wanted.roles, "user.roles"));
  AF_ASSIGN_OR_RETURN(wanted.password_hash, passwords_.Hash(password));
  User user;
  AF_RETURN_IF_ERROR(pool_.InTenant(actor.tenant, [&](pg::TenantTx& tx) -> absl::Status {
    AF_ASSIGN_OR_RETURN(user, InsertUser(tx, wanted, clock_.Now()));
    return pg::WriteAudit(tx, AuditOf(actor, NameOf(user.id), DetailOf(user)));
  }));
  return user;
}

absl::StatusOr<User> Users::Get(const std::string& tenant, const Uuid& id) {
  AF_ASSIGN_OR_RETURN(pg::TenantTx tx, pool_.Begin(tenant));
  AF_ASSIGN_OR_RETURN(pg::Result rows, tx.Exec(kGet, tenant, id));
  if (rows.empty()) return NoSuchUser();
  return UserOf(rows[0]);
}

absl::StatusOr<std::vector<User>> Users::List(const std::string& tenant, const Uuid& after,
                                              int limit) {
  AF_ASSIGN_OR_RETURN(pg::TenantTx tx, pool_.Begin(tenant));
  AF_ASSIGN_OR_RETURN(pg::Result rows, tx.Exec(kList, tenant, after, limit));
  std::vector<User> users;
  for (pg::Row row : rows) users.push_back(UserOf(row));
  return users;
}

absl::StatusOr<User> Users::Update(const Actor& actor, const Uuid& id, UserChange change,
                                   int64_t version) {
  if (change.display_name) AF_RETURN_IF_ERROR(CheckDisplayName(*change.display_name));
  if (change.roles) {
    AF_ASSIGN_OR_RETURN(change.roles, NormalizeRoles(*std::move(change.roles), "user.roles"));
    AF_RETURN_IF_ERROR(RequireGrantable(actor.permissions, *change.roles, "user.roles"));
  }
  User after;
  AF_RETURN_IF_ERROR(pool_.InTenant(actor.tenant, [&](pg::TenantTx& tx) -> absl::Status {
    AF_ASSIGN_OR_RETURN(const User before, GetLocked(tx, id, version));
    after = before;
    after.display_name = change.display_name.value_or(before.display_name);
    after.roles = change.roles.value_or(before.roles);
    after.disabled = change.disabled.value_or(before.disabled);
    after.update_time = clock_.Now();
    ++after.version;
    const bool rights_change = after.roles != before.roles || after.disabled != before.disabled;
    if (rights_change) {
      AF_RETURN_IF_ERROR(RequireGrantable(actor.permissions, before.roles, "user.name"));
    }
    if (IsActiveAdmin(before) && !IsActiveAdmin(after)) {
      AF_RETURN_IF_ERROR(RequireAnotherAdmin(tx, id));
    }
    const pg::Timestamp now{after.update_time};
    AF_RETURN_IF_ERROR(tx.Exec(kUpdate, actor.tenant, id, after.display_name, after.roles,
                               after.disabled, after.version, now)
                           .status());
    if (after.disabled && !before.disabled) {
      AF_RETURN_IF_ERROR(tx.Exec(kEndSessions, actor.tenant, id, now).status());
    }
    AF_RETURN_IF_ERROR(WriteRevocation(tx, NameOf(id)));
    return pg::WriteAudit(tx, AuditOf(actor, NameOf(id), DetailOf(after)));
  }));
  return after;
}

absl::Status Users::Delete(const Actor& actor, const Uuid& id, int64_t version) {
  return pool_.InTenant(actor.tenant, [&](pg::TenantTx& tx) -> absl::Status {
    AF_ASSIGN_OR_RETURN(const User user, GetLocked(tx, id, version));
    AF_RETURN_IF_ERROR(RequireGrantable(actor.permissions, user.roles, "name"));
    if (IsActiveAdmin(user)) AF_RETURN_IF_ERROR(RequireAnotherAdmin(tx, id));
    AF_RETURN_IF_ERROR(
        tx.Exec(kEndSessions, actor.tenant, id, pg::Timestamp{clock_.Now()}).status());
    AF_RETURN_IF_ERROR(tx.Exec(kDelete, actor.tenant, id).status());
    AF_RETURN_IF_ERROR(WriteRevocation(tx, NameOf(id)));
    return pg::WriteAudit(tx, AuditOf(actor, NameOf(id), DetailOf(user)));
  });
}

}  // namespace agentflow::tenant
