-- The audit trail: one chain per tenant. The service can add to it, not change it.

CREATE TABLE audit_event (
  tenant_id      text NOT NULL,
  sequence       bigint NOT NULL,
  -- The outbox row it came from: an appended record is known by these two.
  service        text NOT NULL,
  id             uuid NOT NULL,
  time           timestamptz NOT NULL,
  principal      text NOT NULL,
  method         text NOT NULL,
  resource       text NOT NULL,
  outcome        text NOT NULL,
  trace_id       text NOT NULL,
  remote_address text NOT NULL,
  -- Canonical JSON as it was hashed.
  detail         text NOT NULL,
  previous_hash  bytea NOT NULL,
  hash           bytea NOT NULL,
  PRIMARY KEY (tenant_id, sequence),
  UNIQUE (tenant_id, service, id)
);

-- Where each chain ends. Its lock makes appends to one chain take turns.
CREATE TABLE audit_head (
  tenant_id text PRIMARY KEY,
  sequence  bigint NOT NULL,
  hash      bytea NOT NULL
);

CALL af.protect_table('audit_event');
CALL af.protect_table('audit_head');
GRANT SELECT, INSERT ON audit_event TO tenant_app;
GRANT SELECT, INSERT, UPDATE ON audit_head TO tenant_app;
