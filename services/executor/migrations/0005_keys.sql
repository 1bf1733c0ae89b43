-- What lanes say to each other, and the keys that executions hold.

-- A message of one lane to another, written by the sender's batch, deleted by the receiver's.
CREATE TABLE outbox (
  to_lane   smallint NOT NULL,
  seq       bigint   NOT NULL GENERATED ALWAYS AS IDENTITY,
  from_lane smallint NOT NULL,
  body      bytea    NOT NULL,
  PRIMARY KEY (to_lane, seq)
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);

-- Tickets at keys (concurrency keys of executions, mutexes of steps), in the key's lane: the first
-- place_limit of a key hold a place, the others wait in the order of their numbers.
CREATE TABLE key_ticket (
  lane         smallint NOT NULL,
  tenant_id    text     NOT NULL,
  key          bytea    NOT NULL,
  execution_id uuid     NOT NULL,
  step         text     NOT NULL,  -- its key; empty: the execution itself
  number       bigint   NOT NULL,
  place_limit  int      NOT NULL,
  held         boolean  NOT NULL,
  PRIMARY KEY (lane, tenant_id, key, execution_id, step)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);

-- A business key is unique among the live executions of its tenant.
ALTER TABLE live_execution ADD COLUMN business_key text NOT NULL DEFAULT '';
CREATE UNIQUE INDEX live_execution_business_key ON live_execution (tenant_id, business_key)
  WHERE business_key <> '';
ALTER TABLE closed_execution ADD COLUMN business_key text NOT NULL DEFAULT '';

DO $$
BEGIN
  CALL af.protect_table('executor.key_ticket'::regclass);
  ALTER TABLE executor.outbox ENABLE ROW LEVEL SECURITY;
  ALTER TABLE executor.outbox FORCE ROW LEVEL SECURITY;
END $$;
CREATE POLICY engine ON key_ticket TO executor_engine USING (true) WITH CHECK (true);
CREATE POLICY engine ON outbox TO executor_engine USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON key_ticket, outbox TO executor_engine;
