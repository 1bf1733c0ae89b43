-- Content that values of executions name instead of holding it: {"$payload": "payloads/{id}"}.
CREATE TABLE payload (
  tenant_id    text        NOT NULL,
  payload_id   text        NOT NULL,  -- hash of type and content
  content_type text        NOT NULL,
  body         bytea       NOT NULL,
  create_time  timestamptz NOT NULL DEFAULT now(),
  creator      text        NOT NULL,
  -- The last day (since 1970-01-01, UTC) on which it is needed, raised by every row of the journal
  -- that names it.
  kept_until   int         NOT NULL,
  PRIMARY KEY (tenant_id, payload_id)
);
CREATE INDEX payload_by_day ON payload (kept_until);
CALL af.protect_table('executor.payload');
CREATE POLICY engine ON payload TO executor_engine USING (true) WITH CHECK (true);
GRANT SELECT, DELETE, UPDATE (kept_until) ON payload TO executor_engine;
GRANT SELECT, INSERT, UPDATE (kept_until) ON payload TO executor_app;
