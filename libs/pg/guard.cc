#include "libs/pg/guard.h"

#include <string>

namespace agentflow::pg {
namespace {

// Roles this one is or may become, that row security does not hold for.
constexpr Statement kDangerousRoles{"guard_roles", R"sql(
  SELECT rolname, rolsuper FROM pg_roles
  WHERE (rolsuper OR rolbypassrls) AND pg_has_role(current_user, oid, 'MEMBER'))sql"};

constexpr Statement kOwnedTables{"guard_owned", R"sql(
  SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'v', 'm') AND n.nspname NOT LIKE 'pg\_%'
    AND n.nspname <> 'information_schema' AND pg_has_role(current_user, c.relowner, 'MEMBER'))sql"};

constexpr Statement kOpenTables{"guard_open", R"sql(
  SELECT c.relname, CASE
    WHEN NOT c.relrowsecurity THEN 'row security is not enabled'
    WHEN NOT c.relforcerowsecurity THEN 'row security is not forced'
    WHEN NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid) THEN 'it has no policy'
    ELSE 'a policy for this role does not look at the tenant' END
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = $1 AND c.relkind IN ('r', 'p')
    AND (has_table_privilege(c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE')
         OR has_any_column_privilege(c.oid, 'SELECT, INSERT, UPDATE'))
    AND (NOT c.relrowsecurity OR NOT c.relforcerowsecurity
         OR NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid)
         OR (EXISTS (SELECT FROM pg_attribute a
                     WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped)
             AND EXISTS (
               SELECT FROM pg_policies p
               WHERE p.schemaname = n.nspname AND p.tablename = c.relname
                 AND p.permissive = 'PERMISSIVE'
                 AND (p.roles @> '{public}' OR EXISTS (
                        SELECT FROM unnest(p.roles) r(name)
                        WHERE r.name <> 'public' AND pg_has_role(current_user, r.name, 'USAGE')))
                 AND coalesce(p.qual, '') || coalesce(p.with_check, '')
                     !~ 'af\.tenant\(\)|app\.tenant')))
  ORDER BY 1)sql"};

absl::Status Refuse(const std::string& what) {
  return FailedPrecondition("ROW_SECURITY_BYPASSED",
                            "refusing to start without row security: " + what +
                                "; connect with the role that deploy/postgres/bootstrap.sql makes "
                                "for this service");
}

}  // namespace

absl::Status CheckRowSecurity(Pool& pool, std::string_view schema) {
  AF_ASSIGN_OR_RETURN(SystemTx tx, pool.BeginSystem());
  AF_ASSIGN_OR_RETURN(Result roles, tx.Exec(kDangerousRoles));
  for (Row row : roles) {
    return Refuse("the role is, or may become, " + std::string(row.Text(0)) +
                  (row.Bool(1) ? ", a superuser" : ", which has BYPASSRLS"));
  }
  AF_ASSIGN_OR_RETURN(Result owned, tx.Exec(kOwnedTables));
  for (Row row : owned) return Refuse("the role owns " + std::string(row.Text(0)));
  AF_ASSIGN_OR_RETURN(Result open, tx.Exec(kOpenTables, schema));
  for (Row row : open) {
    return Refuse("table " + std::string(schema) + "." + std::string(row.Text(0)) + ": " +
                  std::string(row.Text(1)));
  }
  return absl::OkStatus();
}

}  // namespace agentflow::pg
