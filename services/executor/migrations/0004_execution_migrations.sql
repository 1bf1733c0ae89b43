-- Moving live executions to another version: what was asked for, and what became of each.
CREATE TABLE migration (
  tenant_id     text        NOT NULL,
  migration_id  uuid        NOT NULL,
  workflow      text        NOT NULL,
  from_version  int         NOT NULL,
  to_version    int         NOT NULL,
  to_hash       text        NOT NULL,  -- content of to_version
  mapping       text        NOT NULL,  -- a JSON object: old node path -> new node path
  validate_only boolean     NOT NULL,
  creator       text        NOT NULL,
  create_time   timestamptz NOT NULL DEFAULT now(),
  end_time      timestamptz,           -- null while it goes on
  PRIMARY KEY (tenant_id, migration_id)
);
CREATE INDEX migration_by_workflow ON migration (tenant_id, workflow, create_time);
CREATE INDEX migration_open ON migration (tenant_id) WHERE end_time IS NULL;

CREATE TABLE migration_result (
  tenant_id    text     NOT NULL,
  migration_id uuid     NOT NULL,
  execution_id uuid     NOT NULL,
  lane         smallint NOT NULL,
  -- 0 chosen, its lane is asked next; 1 moved (or can be); 2 refused. What is written before the
  -- lane is asked makes the counts right after a crash too.
  outcome      smallint NOT NULL,
  reason       text     NOT NULL DEFAULT '',
  message      text     NOT NULL DEFAULT '',
  PRIMARY KEY (tenant_id, migration_id, execution_id)
);
CREATE INDEX migration_result_open ON migration_result (tenant_id, migration_id, lane)
  WHERE outcome = 0;

DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['migration','migration_result'] LOOP
    CALL af.protect_table(('executor.' || name)::regclass);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON executor.%I TO executor_app', name);
    EXECUTE format('CREATE POLICY engine ON executor.%I TO executor_engine USING (true)'
                   ' WITH CHECK (true)', name);
    EXECUTE format('GRANT SELECT, DELETE ON executor.%I TO executor_engine', name);
  END LOOP;
END $$;

-- Those that go on, of all tenants: what every executor works at for its lanes.
CREATE FUNCTION open_migrations() RETURNS TABLE (tenant text, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = executor, pg_temp AS $$
  SELECT tenant_id, migration_id FROM migration WHERE end_time IS NULL
  ORDER BY create_time LIMIT 100
$$;
REVOKE ALL ON FUNCTION open_migrations() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION open_migrations() TO executor_app;
GRANT SELECT ON migration TO executor_system;
ALTER FUNCTION open_migrations() OWNER TO executor_system;
