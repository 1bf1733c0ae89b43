-- What steps ask people, for those who look for it: written by committers together with the step
-- that asks, so that a row is open exactly while its step waits.
CREATE TABLE approval (
  tenant_id      text        NOT NULL,
  approval_id    uuid        NOT NULL,
  execution_id   uuid        NOT NULL,
  step           text        NOT NULL,  -- key
  workflow       text        NOT NULL,
  title          text        NOT NULL,
  description    text        NOT NULL,
  approvers      text[],                -- null: anybody
  form           text        NOT NULL,  -- JSON Schema; empty: none
  create_time    timestamptz NOT NULL,
  expire_time    timestamptz,
  retention_days smallint    NOT NULL,
  state          smallint    NOT NULL,
  end_time       timestamptz,           -- null while it is open
  decider        text        NOT NULL DEFAULT '',
  comment        text        NOT NULL DEFAULT '',
  decided_values text        NOT NULL DEFAULT '',  -- JSON; empty: none
  PRIMARY KEY (tenant_id, approval_id)
);
CREATE INDEX approval_by_time ON approval (tenant_id, create_time, approval_id);
CREATE INDEX approval_open ON approval (tenant_id, create_time, approval_id) WHERE state = 1;
CREATE INDEX approval_by_end ON approval USING brin (end_time) WITH (pages_per_range = 32);
CALL af.protect_table('executor.approval');
CREATE POLICY engine ON approval TO executor_engine USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON approval TO executor_engine;
GRANT SELECT ON approval TO executor_app;
