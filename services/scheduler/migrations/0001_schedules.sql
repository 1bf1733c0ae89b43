CREATE TABLE scheduler.schedule (
  tenant_id text NOT NULL,
  id text NOT NULL,
  title text NOT NULL,
  workflow text NOT NULL,
  input text NOT NULL,            -- JSON; empty: none
  cron text NOT NULL,
  time_zone text NOT NULL,
  paused boolean NOT NULL,
  principal text NOT NULL,        -- in whose name executions start
  revision bigint NOT NULL DEFAULT 1,
  next_fire_time timestamptz,     -- nominal; null while paused
  last_fire_time timestamptz,
  last_execution text NOT NULL DEFAULT '',
  last_error text NOT NULL DEFAULT '',
  create_time timestamptz NOT NULL DEFAULT now(),
  update_time timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, id)
);
CREATE INDEX schedule_next ON scheduler.schedule (next_fire_time) WHERE next_fire_time IS NOT NULL;
CALL af.protect_table('scheduler.schedule');
GRANT SELECT, INSERT, UPDATE, DELETE ON scheduler.schedule TO scheduler_app;
GRANT SELECT ON scheduler.schedule TO scheduler_system;

-- Schedules of all tenants whose time has come, the longest due first.
CREATE FUNCTION scheduler.due(at timestamptz, most integer)
RETURNS TABLE (tenant_id text, id text) LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = scheduler, pg_temp AS $$
  SELECT tenant_id, id FROM schedule WHERE next_fire_time <= at ORDER BY next_fire_time LIMIT most
$$;
CREATE FUNCTION scheduler.next_due() RETURNS timestamptz LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = scheduler, pg_temp AS 'SELECT min(next_fire_time) FROM schedule';
ALTER FUNCTION scheduler.due OWNER TO scheduler_system;
ALTER FUNCTION scheduler.next_due OWNER TO scheduler_system;
REVOKE ALL ON FUNCTION scheduler.due, scheduler.next_due FROM PUBLIC;
GRANT EXECUTE ON FUNCTION scheduler.due, scheduler.next_due TO scheduler_app;
