-- Deleting a tenant: its credentials end at once; its rows go in every service, and here last.

ALTER TABLE tenant ADD COLUMN delete_time timestamptz;
CREATE INDEX tenant_deleting ON tenant (delete_time) WHERE delete_time IS NOT NULL;

-- The services that hold nothing of it any more.
CREATE TABLE erasure (
  tenant_id text        NOT NULL,
  service   text        NOT NULL,
  time      timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, service)
);
CALL af.protect_table('erasure');
GRANT SELECT, INSERT ON erasure TO tenant_system;
GRANT UPDATE ON tenant TO tenant_system;
GRANT INSERT ON revocation TO tenant_system;

-- In the transaction of the administrator's tenant, whose trail keeps it. Suspended, it cannot
-- sign in; the revocation ends what is cached. Nothing where the version is another one.
CREATE FUNCTION delete_tenant(slug text, wanted_version bigint, moment timestamptz)
RETURNS SETOF tenant
LANGUAGE plpgsql SECURITY DEFINER SET search_path = tenant, pg_temp AS $$
BEGIN
  INSERT INTO revocation (tenant_id, principal) VALUES (slug, '');
  RETURN QUERY UPDATE tenant SET delete_time = coalesce(delete_time, moment), suspended = true,
                                 version = version + 1, update_time = moment
    WHERE tenant_id = slug AND wanted_version IN (0, version) RETURNING *;
END $$;

-- What a service has to erase: tenants deleted before `before` that it has not reported. One that
-- would get new rows from what another one still has comes after it: schedules start executions,
-- whose ends are projected.
CREATE FUNCTION list_erasures(wanted_service text, services text[], before timestamptz)
RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = tenant, pg_temp AS $$
  SELECT t.tenant_id FROM tenant t
  WHERE t.delete_time <= before AND NOT EXISTS (
    SELECT FROM erasure e WHERE e.tenant_id = t.tenant_id AND e.service = wanted_service)
  AND NOT EXISTS (
    SELECT FROM (VALUES ('executor', 'scheduler'), ('monitor', 'executor')) AS o(service, first)
    WHERE o.service = wanted_service AND o.first = ANY (services) AND NOT EXISTS (
      SELECT FROM erasure e
      WHERE e.tenant_id = t.tenant_id AND e.service = o.first AND e.time <= before))
  ORDER BY t.delete_time LIMIT 100
$$;

CREATE FUNCTION report_erased(slug text, done_service text, moment timestamptz) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = tenant, pg_temp AS $$
  INSERT INTO erasure SELECT tenant_id, done_service, moment FROM tenant
  WHERE tenant_id = slug AND delete_time IS NOT NULL ON CONFLICT DO NOTHING
$$;

-- Tenants that all these services have erased: what is left of them is here.
CREATE FUNCTION erased_elsewhere(services text[]) RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = tenant, pg_temp AS $$
  SELECT t.tenant_id FROM tenant t
  WHERE t.delete_time IS NOT NULL AND NOT EXISTS (
    SELECT FROM unnest(services) AS s(service)
    WHERE NOT EXISTS (SELECT FROM erasure e
                      WHERE e.tenant_id = t.tenant_id AND e.service = s.service))
  ORDER BY t.delete_time LIMIT 100
$$;

DO $$
DECLARE
  f text;
BEGIN
  FOREACH f IN ARRAY ARRAY[
      'delete_tenant(text, bigint, timestamptz)',
      'list_erasures(text, text[], timestamptz)',
      'report_erased(text, text, timestamptz)', 'erased_elsewhere(text[])'] LOOP
    EXECUTE 'REVOKE ALL ON FUNCTION ' || f || ' FROM PUBLIC';
    EXECUTE 'GRANT EXECUTE ON FUNCTION ' || f || ' TO tenant_app';
    EXECUTE 'ALTER FUNCTION ' || f || ' OWNER TO tenant_system';
  END LOOP;
END $$;
