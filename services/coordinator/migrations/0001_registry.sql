-- Agents, their immutable descriptions, and the instances that serve them now.
CREATE TABLE coordinator.agent (
  tenant_id text NOT NULL,
  id text NOT NULL,
  latest_version integer NOT NULL,
  create_time timestamptz NOT NULL DEFAULT now(),
  update_time timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, id)
);
CREATE TABLE coordinator.agent_version (
  tenant_id text NOT NULL,
  agent_id text NOT NULL,
  version integer NOT NULL,
  title text NOT NULL,
  description text NOT NULL,
  input_schema text NOT NULL,   -- JSON; empty: anything
  output_schema text NOT NULL,
  create_time timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, agent_id, version)
);
-- Kept fresh by the coordinator that the worker is connected to; without its refreshing, an
-- endpoint counts as gone after half a minute.
CREATE TABLE coordinator.endpoint (
  tenant_id text NOT NULL,
  agent_id text NOT NULL,
  worker_id text NOT NULL,
  coordinator_id text NOT NULL,
  capacity integer NOT NULL,
  held integer NOT NULL,
  client text NOT NULL,
  connect_time timestamptz NOT NULL,
  last_heartbeat_time timestamptz NOT NULL,
  refresh_time timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, agent_id, worker_id)
);
CALL af.protect_table('coordinator.agent');
CALL af.protect_table('coordinator.agent_version');
CALL af.protect_table('coordinator.endpoint');
GRANT SELECT, INSERT, UPDATE, DELETE
  ON coordinator.agent, coordinator.agent_version, coordinator.endpoint TO coordinator_app;
