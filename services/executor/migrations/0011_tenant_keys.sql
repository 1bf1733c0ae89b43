-- The key under which what people put into a tenant's executions is sealed (docs/adr/0010), itself
-- sealed under a master key of the configuration. Requests (executor_app) have no right to it.
CREATE TABLE tenant_key (
  tenant_id    text        PRIMARY KEY,
  key_id       text        NOT NULL,  -- of the master key
  sealed       bytea       NOT NULL,  -- empty: destroyed
  create_time  timestamptz NOT NULL DEFAULT now(),
  destroy_time timestamptz            -- from then on no key is made for the tenant
);
CREATE INDEX tenant_key_by_master ON tenant_key (key_id);
CALL af.protect_table('executor.tenant_key');
CREATE POLICY engine ON tenant_key TO executor_engine USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE ON tenant_key TO executor_engine;
