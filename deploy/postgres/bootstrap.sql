-- Roles and schemas, once per database, by a superuser; running it again changes nothing.
-- Tables come from the services' own migrations.
--
--   <svc>_owner   logs in for migrations only; owns the schema and its tables
--   <svc>_app     logs in for requests; owns nothing, cannot bypass row security
--   <svc>_system  cannot log in; owns the few SECURITY DEFINER functions that look over all tenants
--   executor_engine  logs in for the executor's committer and recovery
--
-- Passwords are not set here: an installation does so with ALTER ROLE ... PASSWORD, or uses
-- certificates. Development and tests trust the local socket.

SET client_min_messages = warning;

DO $$
DECLARE
  svc text;
  suffix text;
  login text;
BEGIN
  -- Roles belong to the whole server, and two databases may be set up at once. Advisory locks
  -- are of one database; a lock on a shared catalogue is of the server.
  LOCK TABLE pg_catalog.pg_authid IN SHARE ROW EXCLUSIVE MODE;
  FOREACH svc IN ARRAY ARRAY['tenant','designer','executor','scheduler','coordinator','monitor'] LOOP
    FOREACH suffix IN ARRAY ARRAY['owner','app','system'] LOOP
      login := CASE WHEN suffix = 'system' THEN 'NOLOGIN' ELSE 'LOGIN' END;
      IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = svc || '_' || suffix) THEN
        EXECUTE format('CREATE ROLE %I %s NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS',
                       svc || '_' || suffix, login);
      END IF;
    END LOOP;
    -- So that migrations can hand functions to the system role.
    IF NOT pg_has_role(svc || '_owner', svc || '_system', 'MEMBER') THEN
      EXECUTE format('GRANT %I TO %I', svc || '_system', svc || '_owner');
    END IF;
  END LOOP;
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'executor_engine') THEN
    CREATE ROLE executor_engine LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS;
  END IF;
END $$;

-- Helpers of every schema's policies and migrations.
CREATE SCHEMA IF NOT EXISTS af;
REVOKE ALL ON SCHEMA af FROM PUBLIC;
GRANT USAGE ON SCHEMA af TO PUBLIC;

-- The transaction's tenant. Never set, or left empty by an earlier transaction of the connection:
-- an error, so that a forgotten tenant is neither an empty nor a full answer.
CREATE OR REPLACE FUNCTION af.tenant() RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog AS $$
DECLARE
  slug text := current_setting('app.tenant', true);
BEGIN
  IF slug IS NULL OR slug = '' THEN
    RAISE EXCEPTION 'app.tenant is not set in this transaction' USING ERRCODE = '42501';
  END IF;
  RETURN slug;
END $$;

-- Turns row security on for a table with the column tenant_id, enabled and forced: the schema's
-- app role sees and writes the transaction's tenant only, the system role everything it was
-- granted. Privileges are granted by the migration itself.
CREATE OR REPLACE PROCEDURE af.protect_table(target regclass)
LANGUAGE plpgsql AS $$
DECLARE
  svc text := (SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
               WHERE c.oid = target);
BEGIN
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target);
  EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', target);
  EXECUTE format('CREATE POLICY tenant ON %s TO %I USING (tenant_id = (SELECT af.tenant()))'
                 ' WITH CHECK (tenant_id = (SELECT af.tenant()))', target, svc || '_app');
  EXECUTE format('CREATE POLICY system ON %s TO %I USING (true) WITH CHECK (true)',
                 target, svc || '_system');
END $$;

DO $$
DECLARE
  svc text;
BEGIN
  FOREACH svc IN ARRAY ARRAY['tenant','designer','executor','scheduler','coordinator','monitor'] LOOP
    EXECUTE format('CREATE SCHEMA IF NOT EXISTS %I AUTHORIZATION %I', svc, svc || '_owner');
    EXECUTE format('REVOKE ALL ON SCHEMA %I FROM PUBLIC', svc);
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', svc, svc || '_app');
    EXECUTE format('GRANT USAGE, CREATE ON SCHEMA %I TO %I', svc, svc || '_system');
    EXECUTE format('ALTER ROLE %I IN DATABASE %I SET search_path = %I, pg_temp',
                   svc || '_app', current_database(), svc);
    EXECUTE format('ALTER ROLE %I IN DATABASE %I SET search_path = %I, pg_temp',
                   svc || '_owner', current_database(), svc);
  END LOOP;
  GRANT USAGE ON SCHEMA executor TO executor_engine;
  EXECUTE format('ALTER ROLE executor_engine IN DATABASE %I SET search_path = executor, pg_temp',
                 current_database());
  EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
END $$;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
