-- Who may write which lane. One row per committer: the fence of its batches, its lease, and what
-- a successor needs to stop it (libs/base/lane.h, services/executor/store/store.h).
CREATE TABLE owner (
  owner_id      text        NOT NULL,
  committer     int         NOT NULL,
  epoch         bigint      NOT NULL,
  seq           bigint      NOT NULL,  -- of the last batch
  lease_until   timestamptz NOT NULL,
  address       text        NOT NULL,  -- host:port of its gRPC server
  backend_pid   int         NOT NULL,
  backend_start timestamptz NOT NULL,
  PRIMARY KEY (owner_id, committer)
) WITH (fillfactor = 50);

CREATE TABLE lane (
  lane      smallint PRIMARY KEY CHECK (lane BETWEEN 0 AND 255),
  owner_id  text,                      -- null: free
  committer int
);
INSERT INTO lane (lane) SELECT generate_series(0, 255);

-- Executions that are not over. `state`, `snapshot` and `snapshot_sequence` are the only columns
-- that change, and no index covers them, so that updates stay in their page.
CREATE TABLE live_execution (
  lane              smallint    NOT NULL,
  execution_id      uuid        NOT NULL,
  tenant_id         text        NOT NULL,
  start_day         int         NOT NULL,  -- days since 1970-01-01, UTC
  retention_days    smallint    NOT NULL,
  start_time        timestamptz NOT NULL,
  state             smallint    NOT NULL,
  mode              smallint    NOT NULL,
  priority          smallint    NOT NULL,
  version           int         NOT NULL,
  workflow          text        NOT NULL,
  content_hash      text        NOT NULL,
  labels            text        NOT NULL,  -- a JSON object; empty: none
  principal         text        NOT NULL,
  trace_id          text        NOT NULL,
  snapshot_sequence bigint      NOT NULL DEFAULT 0,
  snapshot          bytea,
  PRIMARY KEY (lane, execution_id)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
CREATE INDEX live_execution_by_start ON live_execution (tenant_id, start_time, execution_id);

-- What each batch changed, for projections.
CREATE TABLE event_batch (
  committer   text        NOT NULL,  -- "<owner>/<committer>"
  seq         bigint      NOT NULL,
  epoch       bigint      NOT NULL,
  commit_time timestamptz NOT NULL DEFAULT now(),
  body        bytea       NOT NULL,
  PRIMARY KEY (committer, seq)
);
CREATE INDEX event_batch_by_time ON event_batch USING brin (commit_time) WITH (pages_per_range = 16);

-- Start requests with a request id. The execution's id follows from tenant and request id.
CREATE TABLE start_key (
  execution_id   uuid        PRIMARY KEY,
  tenant_id      text        NOT NULL,
  body_hash      bytea       NOT NULL,
  start_time     timestamptz NOT NULL,
  start_day      int         NOT NULL,
  retention_days smallint    NOT NULL
);
CREATE INDEX start_key_by_time ON start_key USING brin (start_time) WITH (pages_per_range = 32);

-- Documents by hash, so that an execution outlives its workflow and needs no designer to go on.
CREATE TABLE document (
  tenant_id    text  NOT NULL,
  content_hash text  NOT NULL,
  body         bytea NOT NULL,
  PRIMARY KEY (tenant_id, content_hash)
);

-- The events of every execution: one row per execution and batch. Partitioned by retention class,
-- then by the day the execution started; dropped whole.
CREATE TABLE journal (
  execution_id   uuid     NOT NULL,
  first_sequence bigint   NOT NULL,
  last_sequence  bigint   NOT NULL,
  start_day      int      NOT NULL,
  retention_days smallint NOT NULL,
  tenant_id      text     NOT NULL,
  events         bytea    NOT NULL,
  PRIMARY KEY (execution_id, first_sequence, start_day, retention_days)
) PARTITION BY LIST (retention_days);

-- Executions that are over, for lists; everything else about them is in the journal.
CREATE TABLE closed_execution (
  tenant_id      text        NOT NULL,
  start_time     timestamptz NOT NULL,
  execution_id   uuid        NOT NULL,
  start_day      int         NOT NULL,
  retention_days smallint    NOT NULL,
  end_time       timestamptz NOT NULL,
  state          smallint    NOT NULL,
  mode           smallint    NOT NULL,
  priority       smallint    NOT NULL,
  version        int         NOT NULL,
  workflow       text        NOT NULL,
  labels         text        NOT NULL,
  principal      text        NOT NULL,
  trace_id       text        NOT NULL,
  error_reason   text        NOT NULL,
  error_message  text        NOT NULL,
  error_node     text        NOT NULL,
  PRIMARY KEY (tenant_id, start_time, execution_id, start_day, retention_days)
) PARTITION BY LIST (retention_days);

DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['live_execution','start_key','document','journal',
                              'closed_execution'] LOOP
    CALL af.protect_table(('executor.' || name)::regclass);
    EXECUTE format('CREATE POLICY engine ON executor.%I TO executor_engine USING (true)'
                   ' WITH CHECK (true)', name);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON executor.%I TO executor_engine', name);
  END LOOP;
  -- These belong to no tenant, or to all of them.
  FOREACH name IN ARRAY ARRAY['owner','lane','event_batch'] LOOP
    EXECUTE format('ALTER TABLE executor.%I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE executor.%I FORCE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY engine ON executor.%I TO executor_engine USING (true)'
                   ' WITH CHECK (true)', name);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON executor.%I TO executor_engine', name);
  END LOOP;
END $$;
GRANT SELECT ON live_execution, closed_execution, journal, start_key, document TO executor_app;
GRANT INSERT ON document TO executor_app;

-- Makes `me` an owner with `committers` rows and ends what an earlier process under that name may
-- still be doing: its backends are terminated, then its epochs raised.
CREATE FUNCTION join_owner(me text, committers int, my_address text, lease_ms int) RETURNS void
LANGUAGE plpgsql SET search_path = executor, pg_temp AS $$
BEGIN
  PERFORM pg_terminate_backend(a.pid) FROM owner o JOIN pg_stat_activity a
    ON a.pid = o.backend_pid AND a.backend_start = o.backend_start
    WHERE o.owner_id = me AND a.pid <> pg_backend_pid();
  INSERT INTO owner SELECT me, c, 1, 0, clock_timestamp() + lease_ms * interval '1 ms', my_address,
                           0, '-infinity'
    FROM generate_series(0, committers - 1) AS c
    ON CONFLICT (owner_id, committer) DO UPDATE
    SET epoch = owner.epoch + 1, lease_until = excluded.lease_until, address = excluded.address,
        backend_pid = 0, backend_start = '-infinity';
  UPDATE owner SET epoch = epoch + 1, lease_until = '-infinity'
    WHERE owner_id = me AND committer >= committers;
  UPDATE lane SET committer = lane.lane % committers WHERE owner_id = me;
END $$;

-- Frees the lanes of owners whose lease ran out, then gives every free lane to `me`. The order is
-- what makes it safe: first the dead owner's backend is terminated, then its epoch is raised,
-- which waits for a commit under way and fails every later one, then its lanes move.
-- Gives all lanes that `me` owns now.
CREATE FUNCTION acquire_lanes(me text, committers int)
RETURNS TABLE (owned_lane smallint, owned_committer int)
LANGUAGE plpgsql SET search_path = executor, pg_temp AS $$
DECLARE
  dead owner%ROWTYPE;
BEGIN
  FOR dead IN
    SELECT * FROM owner o WHERE o.owner_id <> me AND o.lease_until < clock_timestamp()
      AND EXISTS (SELECT FROM lane l WHERE l.owner_id = o.owner_id AND l.committer = o.committer)
      ORDER BY o.owner_id, o.committer
  LOOP
    PERFORM pg_terminate_backend(a.pid) FROM pg_stat_activity a
      WHERE a.pid = dead.backend_pid AND a.backend_start = dead.backend_start;
    UPDATE owner SET epoch = epoch + 1, lease_until = '-infinity'
      WHERE owner_id = dead.owner_id AND committer = dead.committer AND epoch = dead.epoch
        AND lease_until < clock_timestamp();
    IF FOUND THEN
      UPDATE lane SET owner_id = NULL, committer = NULL
        WHERE owner_id = dead.owner_id AND committer = dead.committer;
    END IF;
  END LOOP;
  IF EXISTS (SELECT FROM lane WHERE owner_id IS NULL) THEN
    UPDATE lane SET owner_id = me, committer = lane.lane % committers WHERE owner_id IS NULL;
  END IF;
  RETURN QUERY SELECT l.lane, l.committer FROM lane l WHERE l.owner_id = me ORDER BY l.lane;
END $$;

-- Gives back every lane of `me`, at the end of a clean shutdown.
CREATE FUNCTION release_lanes(me text) RETURNS void
LANGUAGE plpgsql SET search_path = executor, pg_temp AS $$
BEGIN
  UPDATE owner SET epoch = epoch + 1, lease_until = '-infinity' WHERE owner_id = me;
  UPDATE lane SET owner_id = NULL, committer = NULL WHERE owner_id = me;
END $$;
REVOKE ALL ON FUNCTION join_owner(text, int, text, int), acquire_lanes(text, int),
                       release_lanes(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION join_owner(text, int, text, int), acquire_lanes(text, int),
                          release_lanes(text) TO executor_engine;

-- Makes the partitions of a retention class for a span of days. Cheap when they exist.
CREATE FUNCTION ensure_partitions(retention int, first_day int, last_day int) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = executor, pg_temp AS $$
DECLARE
  parent text;
  class text;
  leaf text;
  day int;
BEGIN
  PERFORM pg_advisory_xact_lock(7221002);
  FOREACH parent IN ARRAY ARRAY['journal','closed_execution'] LOOP
    class := format('%s_r%s', parent, retention);
    IF to_regclass('executor.' || class) IS NULL THEN
      EXECUTE format('CREATE TABLE executor.%I PARTITION OF executor.%I FOR VALUES IN (%s)'
                     ' PARTITION BY RANGE (start_day)', class, parent, retention);
      EXECUTE format('ALTER TABLE executor.%I ENABLE ROW LEVEL SECURITY', class);
      EXECUTE format('ALTER TABLE executor.%I FORCE ROW LEVEL SECURITY', class);
    END IF;
    FOR day IN first_day .. last_day LOOP
      leaf := format('%s_d%s', class, day);
      IF to_regclass('executor.' || leaf) IS NULL THEN
        EXECUTE format('CREATE TABLE executor.%I PARTITION OF executor.%I FOR VALUES FROM (%s) TO (%s)',
                       leaf, class, day, day + 1);
        EXECUTE format('ALTER TABLE executor.%I ENABLE ROW LEVEL SECURITY', leaf);
        EXECUTE format('ALTER TABLE executor.%I FORCE ROW LEVEL SECURITY', leaf);
      END IF;
    END LOOP;
  END LOOP;
END $$;
REVOKE ALL ON FUNCTION ensure_partitions(int, int, int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ensure_partitions(int, int, int) TO executor_engine;

-- Drops what its retention class keeps no longer: days before today - retention.
CREATE FUNCTION drop_old_partitions(today int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = executor, pg_temp AS $$
DECLARE
  leaf record;
  dropped int := 0;
BEGIN
  PERFORM pg_advisory_xact_lock(7221002);
  FOR leaf IN
    SELECT c.relname AS name, m[1]::int AS retention, m[2]::int AS day
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace,
         regexp_match(c.relname, '^(?:journal|closed_execution)_r(\d+)_d(\d+)$') AS m
    WHERE n.nspname = 'executor' AND c.relkind = 'r' AND m IS NOT NULL
  LOOP
    -- A day that a live execution started on is kept until it is over.
    IF leaf.day + leaf.retention < today AND NOT EXISTS (
         SELECT FROM live_execution
         WHERE start_day = leaf.day AND retention_days = leaf.retention) THEN
      EXECUTE format('DROP TABLE executor.%I', leaf.name);
      dropped := dropped + 1;
    END IF;
  END LOOP;
  RETURN dropped;
END $$;
REVOKE ALL ON FUNCTION drop_old_partitions(int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION drop_old_partitions(int) TO executor_engine;
