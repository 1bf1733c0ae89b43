-- Tenants, people, sessions and keys. Times come from the service's clock, so that tests hold it.

CREATE TABLE tenant (
  tenant_id           text PRIMARY KEY CHECK (tenant_id ~ '^[a-z][a-z0-9-]{1,62}$'),
  title               text NOT NULL,
  suspended           boolean NOT NULL DEFAULT false,
  -- Quotas; 0 is the platform's default.
  requests_per_second int NOT NULL DEFAULT 0,
  request_burst       int NOT NULL DEFAULT 0,
  live_executions     int NOT NULL DEFAULT 0,
  starts_per_second   int NOT NULL DEFAULT 0,
  workflows           int NOT NULL DEFAULT 0,
  version             bigint NOT NULL DEFAULT 1,
  create_time         timestamptz NOT NULL,
  update_time         timestamptz NOT NULL
);

CREATE TABLE app_user (
  tenant_id     text NOT NULL,
  id            uuid NOT NULL,
  email         text NOT NULL,
  display_name  text NOT NULL,
  roles         text[] NOT NULL,
  disabled      boolean NOT NULL DEFAULT false,
  password_hash text NOT NULL,
  version       bigint NOT NULL DEFAULT 1,
  create_time   timestamptz NOT NULL,
  update_time   timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CONSTRAINT app_user_email UNIQUE (tenant_id, email)
);
CREATE INDEX app_user_by_email ON app_user (email);

CREATE TABLE session (
  tenant_id   text NOT NULL,
  id          uuid NOT NULL,
  user_id     uuid NOT NULL,
  create_time timestamptz NOT NULL,
  expire_time timestamptz NOT NULL,
  revoke_time timestamptz,
  PRIMARY KEY (tenant_id, id)
);
CREATE INDEX session_by_user ON session (tenant_id, user_id);
CREATE INDEX session_by_expiry ON session (expire_time);

-- Access and refresh tokens, by hash only.
CREATE TABLE token (
  tenant_id   text NOT NULL,
  hash        bytea NOT NULL,
  refresh     boolean NOT NULL,
  session_id  uuid NOT NULL,
  expire_time timestamptz NOT NULL,
  use_time    timestamptz,
  PRIMARY KEY (tenant_id, hash)
);
CREATE UNIQUE INDEX token_by_hash ON token (hash);
CREATE INDEX token_by_expiry ON token (expire_time);

CREATE TABLE api_key (
  tenant_id   text NOT NULL,
  id          uuid NOT NULL,
  hash        bytea NOT NULL,
  title       text NOT NULL,
  roles       text[] NOT NULL,
  hint        text NOT NULL,
  creator     text NOT NULL,
  create_time timestamptz NOT NULL,
  expire_time timestamptz,
  revoke_time timestamptz,
  PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX api_key_by_hash ON api_key (hash);

-- What caches elsewhere must forget. An empty principal is the whole tenant.
CREATE TABLE revocation (
  tenant_id text NOT NULL,
  seq       bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  principal text NOT NULL,
  time      timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (tenant_id, seq)
);
CREATE INDEX revocation_by_time ON revocation (time);

CALL af.protect_table('tenant');
CALL af.protect_table('app_user');
CALL af.protect_table('session');
CALL af.protect_table('token');
CALL af.protect_table('api_key');
CALL af.protect_table('revocation');

-- Failed sign-ins by address (hashed), of known and unknown ones alike: a bucket that leaks.
-- Reached through functions only.
CREATE TABLE login_attempt (
  key         bytea PRIMARY KEY,
  level       double precision NOT NULL,
  update_time timestamptz NOT NULL
);
ALTER TABLE login_attempt ENABLE ROW LEVEL SECURITY;
ALTER TABLE login_attempt FORCE ROW LEVEL SECURITY;
CREATE POLICY system ON login_attempt TO tenant_system USING (true) WITH CHECK (true);

GRANT SELECT, INSERT, UPDATE ON tenant, session, token, api_key TO tenant_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON app_user TO tenant_app;
GRANT INSERT ON revocation TO tenant_app;
GRANT SELECT ON tenant, app_user, api_key TO tenant_system;
GRANT SELECT, DELETE ON session, token, revocation TO tenant_system;
GRANT SELECT, INSERT, UPDATE, DELETE ON login_attempt TO tenant_system;

-- Before the tenant is known. Each gives what its one caller needs, for one exact credential.

CREATE FUNCTION find_login(wanted_email text, wanted_tenant text)
RETURNS TABLE (tenant_id text, user_id uuid, password_hash text, usable boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = tenant, pg_temp AS $$
  SELECT u.tenant_id, u.id, u.password_hash, NOT u.disabled AND NOT t.suspended
  FROM app_user u JOIN tenant t USING (tenant_id)
  WHERE u.email = wanted_email AND (wanted_tenant = '' OR u.tenant_id = wanted_tenant)
  ORDER BY u.create_time LIMIT 2
$$;

CREATE FUNCTION find_token(wanted_hash bytea)
RETURNS TABLE (tenant_id text, refresh boolean, user_id uuid, session_id uuid, email text,
               display_name text, roles text[], usable boolean, expire_time timestamptz,
               requests_per_second int, request_burst int, live_executions int,
               starts_per_second int, workflows int)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = tenant, pg_temp AS $$
  SELECT k.tenant_id, k.refresh, u.id, s.id, u.email, u.display_name, u.roles,
         NOT u.disabled AND NOT t.suspended AND s.revoke_time IS NULL, k.expire_time,
         t.requests_per_second, t.request_burst, t.live_executions, t.starts_per_second,
         t.workflows
  FROM token k
  JOIN session s ON s.tenant_id = k.tenant_id AND s.id = k.session_id
  JOIN app_user u ON u.tenant_id = s.tenant_id AND u.id = s.user_id
  JOIN tenant t ON t.tenant_id = k.tenant_id
  WHERE k.hash = wanted_hash
$$;

CREATE FUNCTION find_api_key(wanted_hash bytea)
RETURNS TABLE (tenant_id text, id uuid, title text, roles text[], suspended boolean,
               expire_time timestamptz, revoke_time timestamptz,
               requests_per_second int, request_burst int, live_executions int,
               starts_per_second int, workflows int)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = tenant, pg_temp AS $$
  SELECT k.tenant_id, k.id, k.title, k.roles, t.suspended, k.expire_time, k.revoke_time,
         t.requests_per_second, t.request_burst, t.live_executions, t.starts_per_second,
         t.workflows
  FROM api_key k JOIN tenant t USING (tenant_id)
  WHERE k.hash = wanted_hash
$$;

-- Over all tenants.

CREATE FUNCTION list_tenants(after_id text, most int) RETURNS SETOF tenant
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = tenant, pg_temp AS $$
  SELECT * FROM tenant WHERE tenant_id > after_id ORDER BY tenant_id LIMIT most
$$;

-- Revocations of the last `overlap` before `since` too: a transaction may commit later than its
-- rows' time says. The first row has the time to ask from next and no revocation.
CREATE FUNCTION revocations_since(since timestamptz, overlap interval)
RETURNS TABLE (seq bigint, tenant_id text, principal text, at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = tenant, pg_temp AS $$
  SELECT 0, '', '', now()
  UNION ALL
  (SELECT r.seq, r.tenant_id, r.principal, r.time FROM revocation r
   WHERE r.time > coalesce(since, now()) - overlap ORDER BY r.seq)
$$;

-- Takes one attempt from the bucket of `wanted_key`: gives 0, or the milliseconds until the next
-- one is allowed. The bucket holds `most` attempts and forgets one every `recovery_ms`.
CREATE FUNCTION login_take(wanted_key bytea, moment timestamptz, most double precision,
                           recovery_ms double precision)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = tenant, pg_temp AS $$
DECLARE
  current double precision;
BEGIN
  INSERT INTO login_attempt VALUES (wanted_key, 0, moment) ON CONFLICT DO NOTHING;
  SELECT greatest(0, level - greatest(0, extract(epoch FROM moment - update_time)) * 1000
                            / recovery_ms)
  INTO current FROM login_attempt WHERE key = wanted_key FOR UPDATE;
  IF current + 1 > most THEN
    RETURN ceil((current + 1 - most) * recovery_ms);
  END IF;
  UPDATE login_attempt SET level = current + 1, update_time = greatest(moment, update_time)
  WHERE key = wanted_key;
  RETURN 0;
END $$;

CREATE FUNCTION login_clear(wanted_key bytea) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = tenant, pg_temp AS $$
  DELETE FROM login_attempt WHERE key = wanted_key
$$;

-- Forgets what is long over. Used refresh tokens stay until they expire: a second use must be seen.
CREATE FUNCTION purge_expired(moment timestamptz) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = tenant, pg_temp AS $$
  DELETE FROM token WHERE expire_time < moment - interval '1 hour';
  DELETE FROM session WHERE expire_time < moment - interval '1 day';
  DELETE FROM revocation WHERE time < clock_timestamp() - interval '1 hour';
  DELETE FROM login_attempt WHERE update_time < moment - interval '1 day';
$$;

DO $$
DECLARE
  f text;
BEGIN
  FOREACH f IN ARRAY ARRAY[
      'find_login(text, text)', 'find_token(bytea)', 'find_api_key(bytea)',
      'list_tenants(text, int)', 'revocations_since(timestamptz, interval)',
      'login_take(bytea, timestamptz, double precision, double precision)',
      'login_clear(bytea)', 'purge_expired(timestamptz)'] LOOP
    EXECUTE 'REVOKE ALL ON FUNCTION ' || f || ' FROM PUBLIC';
    EXECUTE 'GRANT EXECUTE ON FUNCTION ' || f || ' TO tenant_app';
    EXECUTE 'ALTER FUNCTION ' || f || ' OWNER TO tenant_system';
  END LOOP;
END $$;
