-- What the feed adds up to, kept together with the position in the feed it stands for. Every
-- change of these tables is a sum, applied by one function that refuses to apply a batch twice.
CREATE TABLE monitor.feed_cursor (
  committer text PRIMARY KEY,
  sequence bigint NOT NULL,
  commit_time timestamptz NOT NULL
);
CREATE TABLE monitor.state_count (
  tenant_id text NOT NULL,
  workflow text NOT NULL,
  kind text NOT NULL,          -- 'execution' or 'step'
  state text NOT NULL,
  count bigint NOT NULL,
  PRIMARY KEY (tenant_id, workflow, kind, state)
) WITH (fillfactor = 70);
-- Durations of executions that are over: bucket n holds 1.05^n to 1.05^(n+1) microseconds.
CREATE TABLE monitor.duration (
  tenant_id text NOT NULL,
  workflow text NOT NULL,
  bucket integer NOT NULL,
  count bigint NOT NULL,
  sum_us bigint NOT NULL,
  PRIMARY KEY (tenant_id, workflow, bucket)
) WITH (fillfactor = 70);
CREATE TABLE monitor.workflow (
  tenant_id text NOT NULL,
  workflow text NOT NULL,
  last_start_time timestamptz,
  PRIMARY KEY (tenant_id, workflow)
) WITH (fillfactor = 70);

ALTER TABLE monitor.feed_cursor ENABLE ROW LEVEL SECURITY;
ALTER TABLE monitor.feed_cursor FORCE ROW LEVEL SECURITY;
CREATE POLICY system ON monitor.feed_cursor TO monitor_system USING (true) WITH CHECK (true);
CALL af.protect_table('monitor.state_count');
CALL af.protect_table('monitor.duration');
CALL af.protect_table('monitor.workflow');
GRANT SELECT ON monitor.state_count, monitor.duration, monitor.workflow TO monitor_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON monitor.feed_cursor, monitor.state_count,
  monitor.duration, monitor.workflow TO monitor_system;

-- Moves the cursor of a committer from `expected` to `reached` and adds what lies between.
-- False, and nothing changed, where the cursor stands elsewhere.
CREATE FUNCTION monitor.apply_feed(
  of_committer text, expected bigint, reached bigint, committed timestamptz,
  count_tenant text[], count_workflow text[], count_kind text[], count_state text[],
  count_delta bigint[],
  duration_tenant text[], duration_workflow text[], duration_bucket bigint[],
  duration_count bigint[], duration_sum bigint[],
  start_tenant text[], start_workflow text[], start_us bigint[]) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = monitor, pg_temp AS $$
BEGIN
  INSERT INTO feed_cursor VALUES (of_committer, 0, committed) ON CONFLICT DO NOTHING;
  UPDATE feed_cursor SET sequence = reached, commit_time = committed
    WHERE committer = of_committer AND sequence = expected;
  IF NOT FOUND THEN RETURN false; END IF;
  INSERT INTO state_count AS c
    SELECT * FROM unnest(count_tenant, count_workflow, count_kind, count_state, count_delta)
    ON CONFLICT (tenant_id, workflow, kind, state) DO UPDATE SET count = c.count + excluded.count;
  INSERT INTO duration AS d
    SELECT * FROM unnest(duration_tenant, duration_workflow, duration_bucket::integer[],
                         duration_count, duration_sum)
    ON CONFLICT (tenant_id, workflow, bucket)
    DO UPDATE SET count = d.count + excluded.count, sum_us = d.sum_us + excluded.sum_us;
  INSERT INTO workflow AS w
    SELECT s.tenant, s.name, to_timestamp(s.us / 1000000.0)
    FROM unnest(start_tenant, start_workflow, start_us) AS s(tenant, name, us)
    ON CONFLICT (tenant_id, workflow)
    DO UPDATE SET last_start_time = greatest(w.last_start_time, excluded.last_start_time);
  RETURN true;
END $$;
ALTER FUNCTION monitor.apply_feed OWNER TO monitor_system;
REVOKE ALL ON FUNCTION monitor.apply_feed FROM PUBLIC;
GRANT EXECUTE ON FUNCTION monitor.apply_feed TO monitor_app;

CREATE FUNCTION monitor.feed_cursors() RETURNS TABLE (committer text, sequence bigint)
LANGUAGE sql SECURITY DEFINER SET search_path = monitor, pg_temp AS
  'SELECT committer, sequence FROM feed_cursor';
ALTER FUNCTION monitor.feed_cursors OWNER TO monitor_system;
REVOKE ALL ON FUNCTION monitor.feed_cursors FROM PUBLIC;
GRANT EXECUTE ON FUNCTION monitor.feed_cursors TO monitor_app;
