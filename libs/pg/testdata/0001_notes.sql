-- A tenant table as a service would write it, for the tests of this library.
CREATE TABLE note (
  tenant_id text NOT NULL,
  id        bigint NOT NULL,
  body      text NOT NULL UNIQUE,
  tags      text[] NOT NULL DEFAULT '{}',
  made_at   timestamptz,
  PRIMARY KEY (tenant_id, id)
);
CALL af.protect_table('note');
GRANT SELECT, INSERT, UPDATE, DELETE ON note TO monitor_app;
GRANT SELECT ON note TO monitor_system;
