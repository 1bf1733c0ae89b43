#pragma once

// Private to libs/pg: the library's own migrations, run in every schema before the service's.
// "{svc}" stands for the schema.
namespace agentflow::pg {

inline constexpr char kAuditOutboxMigration[] = R"sql(
CREATE TABLE audit_outbox (
  tenant_id      text NOT NULL,
  id             uuid NOT NULL DEFAULT gen_random_uuid(),
  seq            bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  time           timestamptz NOT NULL DEFAULT clock_timestamp(),
  principal      text NOT NULL,
  method         text NOT NULL,
  resource       text NOT NULL,
  outcome        text NOT NULL,
  trace_id       text NOT NULL,
  remote_address text NOT NULL,
  detail         text NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
CREATE INDEX audit_outbox_seq ON audit_outbox (seq);
CALL af.protect_table('audit_outbox');
GRANT INSERT ON audit_outbox TO {svc}_app;
GRANT SELECT, DELETE ON audit_outbox TO {svc}_system;

CREATE FUNCTION audit_outbox_oldest(most int) RETURNS SETOF audit_outbox
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = {svc}, pg_temp AS
$$ SELECT * FROM audit_outbox ORDER BY seq LIMIT most $$;
CREATE FUNCTION audit_outbox_shipped(seqs bigint[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = {svc}, pg_temp AS
$$ DELETE FROM audit_outbox WHERE seq = ANY(seqs) $$;
REVOKE ALL ON FUNCTION audit_outbox_oldest(int), audit_outbox_shipped(bigint[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit_outbox_oldest(int), audit_outbox_shipped(bigint[]) TO {svc}_app;
ALTER FUNCTION audit_outbox_oldest(int) OWNER TO {svc}_system;
ALTER FUNCTION audit_outbox_shipped(bigint[]) OWNER TO {svc}_system;
)sql";

// Erases a tenant, at most that many rows at a time, from every table of the schema with the column
// tenant_id: 0 once nothing is left. Later tables are covered too, but for partitioned ones, which
// are emptied before by a function of their own. A tenant's own row goes last.
inline constexpr char kEraseTenantMigration[] = R"sql(
GRANT SELECT, DELETE ON ALL TABLES IN SCHEMA {svc} TO {svc}_system;
ALTER DEFAULT PRIVILEGES IN SCHEMA {svc} GRANT SELECT, DELETE ON TABLES TO {svc}_system;
CREATE FUNCTION erase_tenant(slug text, most int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = {svc}, pg_temp AS $$
DECLARE
  held regclass;
  erased int;
  total int := 0;
BEGIN
  FOR held IN
    SELECT c.oid FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = '{svc}'::regnamespace AND c.relkind = 'r' AND NOT c.relispartition
      AND a.attname = 'tenant_id' AND NOT a.attisdropped
    ORDER BY c.relname = 'tenant', c.relname
  LOOP
    EXECUTE format('DELETE FROM %s WHERE ctid = ANY(ARRAY('
                   'SELECT ctid FROM %s WHERE tenant_id = $1 LIMIT $2))', held, held)
      USING slug, most - total;
    GET DIAGNOSTICS erased = ROW_COUNT;
    total := total + erased;
    EXIT WHEN total >= most;
  END LOOP;
  RETURN total;
END $$;
REVOKE ALL ON FUNCTION erase_tenant(text, int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION erase_tenant(text, int) TO {svc}_app;
ALTER FUNCTION erase_tenant(text, int) OWNER TO {svc}_system;
)sql";

}  // namespace agentflow::pg
