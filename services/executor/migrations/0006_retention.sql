-- What is kept for how long: days are dropped whole, everything else goes in limited deletes.

-- Executions that outlive their class: where their journal lies, when not on the day of their id.
CREATE TABLE rehomed (
  execution_id   uuid     PRIMARY KEY,
  tenant_id      text     NOT NULL,
  start_day      int      NOT NULL,
  retention_days smallint NOT NULL
);
CALL af.protect_table('executor.rehomed'::regclass);
CREATE POLICY engine ON rehomed TO executor_engine USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON rehomed TO executor_engine;
GRANT SELECT ON rehomed TO executor_app;

-- A document is kept until no execution can refer to it: the longest class after an executor last
-- had its plan in memory, and while anything live runs on it.
ALTER TABLE document ADD COLUMN kept_until int NOT NULL DEFAULT 0;
UPDATE document SET kept_until = (extract(epoch FROM now()) / 86400)::int + 410;
GRANT UPDATE (kept_until) ON document TO executor_app;

-- Drops one day of one class that is kept no longer: one before today - retention, or one that is
-- past and on which nothing began. Never one that a live execution lies on. Gives the number of
-- tables; 0: nothing is left to drop. Waits a moment only: new executions wait behind it.
DROP FUNCTION drop_old_partitions(int);
CREATE FUNCTION drop_old_day(today int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = executor, pg_temp SET lock_timeout = '3s' AS $$
DECLARE
  old record;
  parent text;
  leaf text;
  dropped int := 0;
BEGIN
  PERFORM pg_advisory_xact_lock(7221002);
  FOR old IN
    WITH leaves AS (
      SELECT DISTINCT m[1]::int AS retention, m[2]::int AS day
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace,
           regexp_match(c.relname, '^(?:journal|closed_execution)_r(\d+)_d(\d+)$') AS m
      WHERE n.nspname = 'executor' AND c.relkind = 'r' AND m IS NOT NULL),
    lived AS MATERIALIZED (SELECT DISTINCT start_day, retention_days FROM live_execution)
    SELECT * FROM leaves l
    WHERE (l.day + l.retention < today OR l.day BETWEEN today - 4 AND today - 2)
      AND NOT EXISTS (SELECT FROM lived
                      WHERE start_day = l.day AND retention_days = l.retention)
    ORDER BY l.day, l.retention
  LOOP
    CONTINUE WHEN old.day + old.retention >= today AND (
      EXISTS (SELECT FROM journal WHERE start_day = old.day AND retention_days = old.retention)
      OR EXISTS (SELECT FROM closed_execution
                 WHERE start_day = old.day AND retention_days = old.retention));
    FOREACH parent IN ARRAY ARRAY['journal','closed_execution'] LOOP
      leaf := format('%s_r%s_d%s', parent, old.retention, old.day);
      CONTINUE WHEN to_regclass('executor.' || leaf) IS NULL;
      EXECUTE format('DROP TABLE executor.%I', leaf);
      dropped := dropped + 1;
    END LOOP;
    RETURN dropped;
  END LOOP;
  RETURN 0;
END $$;
REVOKE ALL ON FUNCTION drop_old_day(int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION drop_old_day(int) TO executor_engine;
