-- Quotas as one JSON object, so that a new one needs no column in every question for a tenant.

ALTER TABLE tenant ADD COLUMN quotas text NOT NULL DEFAULT '{}';
UPDATE tenant SET quotas = json_build_object(
  'requestsPerSecond', requests_per_second, 'requestBurst', request_burst,
  'liveExecutions', live_executions, 'startsPerSecond', starts_per_second,
  'workflows', workflows)::text;

DROP FUNCTION find_token(bytea), find_api_key(bytea);
ALTER TABLE tenant DROP COLUMN requests_per_second, DROP COLUMN request_burst,
  DROP COLUMN live_executions, DROP COLUMN starts_per_second, DROP COLUMN workflows;

CREATE FUNCTION find_token(wanted_hash bytea)
RETURNS TABLE (tenant_id text, refresh boolean, user_id uuid, session_id uuid, email text,
               display_name text, roles text[], usable boolean, expire_time timestamptz,
               quotas text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = tenant, pg_temp AS $$
  SELECT k.tenant_id, k.refresh, u.id, s.id, u.email, u.display_name, u.roles,
         NOT u.disabled AND NOT t.suspended AND s.revoke_time IS NULL, k.expire_time, t.quotas
  FROM token k
  JOIN session s ON s.tenant_id = k.tenant_id AND s.id = k.session_id
  JOIN app_user u ON u.tenant_id = s.tenant_id AND u.id = s.user_id
  JOIN tenant t ON t.tenant_id = k.tenant_id
  WHERE k.hash = wanted_hash
$$;

CREATE FUNCTION find_api_key(wanted_hash bytea)
RETURNS TABLE (tenant_id text, id uuid, title text, roles text[], suspended boolean,
               expire_time timestamptz, revoke_time timestamptz, quotas text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = tenant, pg_temp AS $$
  SELECT k.tenant_id, k.id, k.title, k.roles, t.suspended, k.expire_time, k.revoke_time, t.quotas
  FROM api_key k JOIN tenant t USING (tenant_id)
  WHERE k.hash = wanted_hash
$$;

DO $$
DECLARE
  f text;
BEGIN
  FOREACH f IN ARRAY ARRAY['find_token(bytea)', 'find_api_key(bytea)'] LOOP
    EXECUTE 'REVOKE ALL ON FUNCTION ' || f || ' FROM PUBLIC';
    EXECUTE 'GRANT EXECUTE ON FUNCTION ' || f || ' TO tenant_app';
    EXECUTE 'ALTER FUNCTION ' || f || ' OWNER TO tenant_system';
  END LOOP;
END $$;
