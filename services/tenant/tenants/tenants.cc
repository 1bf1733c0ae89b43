#include "services/tenant/tenants/tenants.h"

#include <algorithm>

#include "libs/base/status.h"
#include "libs/json/value.h"
#include "libs/pg/error.h"
#include "services/tenant/identity/revocations.h"
#include "services/tenant/users/users.h"

namespace agentflow::tenant {
namespace {

constexpr pg::Statement kInsert{"tenant_insert", R"sql(
  INSERT INTO tenant (tenant_id, title, quotas, create_time, update_time)
  VALUES ($1, $2, $3, $4, $4))sql"};
constexpr pg::Statement kGet{"tenant_get", R"sql(
  SELECT tenant_id, title, suspended, quotas, version, create_time, update_time,
         delete_time IS NOT NULL
  FROM tenant WHERE tenant_id = $1)sql"};
constexpr pg::Statement kGetLocked{"tenant_get_locked", R"sql(
  SELECT tenant_id, title, suspended, quotas, version, create_time, update_time,
         delete_time IS NOT NULL
  FROM tenant WHERE tenant_id = $1 FOR UPDATE)sql"};
constexpr pg::Statement kList{"tenant_list", R"sql(
  SELECT tenant_id, title, suspended, quotas, version, create_time, update_time,
         delete_time IS NOT NULL
  FROM list_tenants($1, $2))sql"};
constexpr pg::Statement kUpdate{"tenant_update", R"sql(
  UPDATE tenant SET title = $2, suspended = $3, quotas = $4, version = $5, update_time = $6
  WHERE tenant_id = $1)sql"};

constexpr pg::Statement kDelete{"tenant_delete", R"sql(
  SELECT tenant_id, title, suspended, quotas, version, create_time, update_time,
         delete_time IS NOT NULL
  FROM delete_tenant($1, $2, $3))sql"};

constexpr size_t kLongestTitle = 200;
constexpr int kLargestQuota = 1'000'000'000;

Tenant TenantOf(const pg::Row& row) {
  Tenant tenant;
  tenant.slug = row.Text(0);
  tenant.title = row.Text(1);
  tenant.suspended = row.Bool(2);
  tenant.quotas = QuotasFromText(row.Text(3));
  tenant.version = row.Int(4);
  tenant.create_time = row.Time(5);
  tenant.update_time = row.Time(6);
  tenant.deleting = row.Bool(7);
  return tenant;
}

bool IsSlug(std::string_view text) {
  if (text.size() < 2 || text.size() > 63 || text[0] < 'a' || text[0] > 'z') return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

absl::Status NoSuchTenant() {
  return NotFound("TENANT_NOT_FOUND", "there is no such tenant; list them with GET /v1/tenants");
}

absl::Status CheckTitle(const std::string& title) {
  if (title.size() <= kLongestTitle) return absl::OkStatus();
  return InvalidArgument("TITLE_TOO_LONG", "tenant.title", "a title has at most 200 bytes");
}

absl::Status CheckQuotas(const Quotas& quotas) {
  for (const QuotaField& field : kQuotaFields) {
    const int value = quotas.*field.value;
    if (value < 0 || value > kLargestQuota) {
      return InvalidArgument("QUOTA_INVALID", std::string("tenant.quotas.") + field.name,
                             "a quota is between 0 (the platform's default) and 1000000000");
    }
  }
  return absl::OkStatus();
}

// Tenants are administered from another tenant, which the record names.
std::string DetailOf(const Actor& actor, const Tenant& tenant) {
  return json::Dump(json::Object{{"actorTenant", actor.tenant},
                                 {"title", tenant.title},
                                 {"suspended", tenant.suspended},
                                 {"quotas", ToJson(tenant.quotas)}});
}

}  // namespace

absl::StatusOr<Tenant> Tenants::Create(const Actor& actor, const NewTenant& wanted) {
  if (!IsSlug(wanted.slug)) {
    return InvalidArgument("TENANT_ID_INVALID", "tenantId",
                           "a tenant's id is 2 to 63 of a-z, 0-9 and -, a letter first");
  }
  AF_RETURN_IF_ERROR(CheckTitle(wanted.title));
  AF_RETURN_IF_ERROR(CheckQuotas(wanted.quotas));
  AF_RETURN_IF_ERROR(Passwords::Check(wanted.admin_password, "adminPassword"));
  NewUser admin{.email = wanted.admin_email, .roles = wanted.admin_roles};
  AF_ASSIGN_OR_RETURN(admin.email, NormalizeEmail(wanted.admin_email, "adminEmail"));
  AF_ASSIGN_OR_RETURN(admin.password_hash, passwords_.Hash(wanted.admin_password));

  Tenant made{.slug = wanted.slug, .title = wanted.title, .quotas = wanted.quotas};
  made.create_time = made.update_time = clock_.Now();
  absl::Status status = pool_.InTenant(wanted.slug, [&](pg::TenantTx& tx) -> absl::Status {
    AF_RETURN_IF_ERROR(tx.Exec(kInsert, wanted.slug, wanted.title,
                               json::Dump(ToJson(wanted.quotas)), pg::Timestamp{made.create_time})
                           .status());
    AF_RETURN_IF_ERROR(InsertUser(tx, admin, made.create_time).status());
    return pg::WriteAudit(tx, AuditOf(actor, "tenants/" + wanted.slug, DetailOf(actor, made)));
  });
  if (pg::ConstraintOf(status) == "tenant_pkey") {
    return Error(absl::StatusCode::kAlreadyExists, "TENANT_EXISTS",
                 "there is a tenant with this id already", {{kErrorField, "tenantId"}});
  }
  AF_RETURN_IF_ERROR(status);
  return made;
}

absl::StatusOr<Tenant> Tenants::Get(const std::string& slug) {
  if (!IsSlug(slug)) return NoSuchTenant();
  AF_ASSIGN_OR_RETURN(pg::TenantTx tx, pool_.Begin(slug));
  AF_ASSIGN_OR_RETURN(pg::Result rows, tx.Exec(kGet, slug));
  if (rows.empty()) return NoSuchTenant();
  return TenantOf(rows[0]);
}

absl::StatusOr<std::vector<Tenant>> Tenants::List(const std::string& after, int limit) {
  AF_ASSIGN_OR_RETURN(pg::SystemTx tx, pool_.BeginSystem());
  AF_ASSIGN_OR_RETURN(pg::Result rows, tx.Exec(kList, after, limit));
  std::vector<Tenant> tenants;
  for (pg::Row row : rows) tenants.push_back(TenantOf(row));
  return tenants;
}

absl::StatusOr<Tenant> Tenants::Update(const Actor& actor, const std::string& slug,
                                       const TenantChange& change, int64_t version) {
  if (!IsSlug(slug)) return NoSuchTenant();
  if (change.title) AF_RETURN_IF_ERROR(CheckTitle(*change.title));
  if (change.quotas) AF_RETURN_IF_ERROR(CheckQuotas(*change.quotas));
  Tenant tenant;
  AF_RETURN_IF_ERROR(pool_.InTenant(slug, [&](pg::TenantTx& tx) -> absl::Status {
    AF_ASSIGN_OR_RETURN(pg::Result rows, tx.Exec(kGetLocked, slug));
    if (rows.empty()) return NoSuchTenant();
    tenant = TenantOf(rows[0]);
    if (tenant.deleting) {
      return FailedPrecondition("TENANT_DELETING", "the tenant is deleted and being erased");
    }
    AF_RETURN_IF_ERROR(CheckVersion(version, tenant.version));
    tenant.title = change.title.value_or(tenant.title);
    tenant.suspended = change.suspended.value_or(tenant.suspended);
    tenant.quotas = change.quotas.value_or(tenant.quotas);
    tenant.update_time = clock_.Now();
    ++tenant.version;
    AF_RETURN_IF_ERROR(tx.Exec(kUpdate, slug, tenant.title, tenant.suspended,
                               json::Dump(ToJson(tenant.quotas)), tenant.version,
                               pg::Timestamp{tenant.update_time})
                           .status());
    // State and quotas are part of every cached identity.
    AF_RETURN_IF_ERROR(WriteRevocation(tx, ""));
    return pg::WriteAudit(tx, AuditOf(actor, "tenants/" + slug, DetailOf(actor, tenant)));
  }));
  return tenant;
}

absl::StatusOr<Tenant> Tenants::Delete(const Actor& actor, const std::string& slug,
                                       int64_t version) {
  AF_ASSIGN_OR_RETURN(Tenant tenant, Get(slug));
  if (tenant.deleting) return tenant;
  if (slug == actor.tenant) {
    return FailedPrecondition("TENANT_OWN",
                              "nobody deletes his own tenant; sign in to another one to do it");
  }
  AF_RETURN_IF_ERROR(CheckVersion(version, tenant.version));
  const int64_t seen = tenant.version;
  AF_RETURN_IF_ERROR(pool_.InTenant(actor.tenant, [&](pg::TenantTx& tx) -> absl::Status {
    AF_ASSIGN_OR_RETURN(const pg::Result rows,
                        tx.Exec(kDelete, slug, seen, pg::Timestamp{clock_.Now()}));
    // Somebody changed it since it was looked at.
    if (rows.empty()) return CheckVersion(seen, seen + 1);
    tenant = TenantOf(rows[0]);
    return pg::WriteAudit(tx, AuditOf(actor, "tenants/" + slug, DetailOf(actor, tenant)));
  }));
  return tenant;
}

absl::StatusOr<Quotas> Tenants::EffectiveQuotas(const std::string& slug) {
  AF_ASSIGN_OR_RETURN(Tenant tenant, Get(slug));
  return Effective(tenant.quotas, defaults_);
}

}  // namespace agentflow::tenant
