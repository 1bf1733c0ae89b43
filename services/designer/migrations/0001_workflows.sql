-- Drafts, their immutable versions and the content that versions stand for.

CREATE TABLE workflow (
  tenant_id       text NOT NULL,
  id              text NOT NULL CHECK (id ~ '^[a-z][a-z0-9-]{0,62}$'),
  title           text NOT NULL,
  labels          jsonb NOT NULL,
  -- The draft as it was written, the document parsed from it, and the hash of its content.
  source          text NOT NULL,
  document        text NOT NULL,
  content_hash    text NOT NULL,
  -- Grows with every change, over deletion too; the etag.
  revision        bigint NOT NULL,
  -- Of the newest version that is not hidden; 0 and '': none.
  latest_version  int NOT NULL DEFAULT 0,
  latest_hash     text NOT NULL DEFAULT '',
  -- Numbers of versions are never used twice, over deletion too.
  version_counter int NOT NULL DEFAULT 0,
  create_time     timestamptz NOT NULL,
  update_time     timestamptz NOT NULL,
  delete_time     timestamptz,
  PRIMARY KEY (tenant_id, id)
);
CALL af.protect_table('workflow');
GRANT SELECT, INSERT, UPDATE ON workflow TO designer_app;
GRANT SELECT ON workflow TO designer_system;

CREATE TABLE workflow_version (
  tenant_id    text NOT NULL,
  workflow_id  text NOT NULL,
  version      int NOT NULL,
  content_hash text NOT NULL,
  source       text NOT NULL,
  document     text NOT NULL,
  comment      text NOT NULL,
  creator      text NOT NULL,
  create_time  timestamptz NOT NULL,
  -- Its workflow was deleted; executions keep it.
  hidden       boolean NOT NULL DEFAULT false,
  PRIMARY KEY (tenant_id, workflow_id, version)
);
CREATE INDEX workflow_version_by_hash ON workflow_version (tenant_id, workflow_id, content_hash);
CALL af.protect_table('workflow_version');
GRANT SELECT, INSERT ON workflow_version TO designer_app;
GRANT UPDATE (hidden) ON workflow_version TO designer_app;
GRANT SELECT ON workflow_version TO designer_system;

-- Canonical documents by hash; never changed.
CREATE TABLE content (
  tenant_id    text NOT NULL,
  content_hash text NOT NULL,
  canonical    bytea NOT NULL,
  PRIMARY KEY (tenant_id, content_hash)
);
CALL af.protect_table('content');
GRANT SELECT, INSERT ON content TO designer_app;

-- Answers of creations by request id, for a day.
CREATE TABLE request (
  tenant_id    text NOT NULL,
  request_id   text NOT NULL,
  request_hash text NOT NULL,
  response     bytea NOT NULL,
  create_time  timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, request_id)
);
CREATE INDEX request_by_time ON request (tenant_id, create_time);
CALL af.protect_table('request');
GRANT SELECT, INSERT, DELETE ON request TO designer_app;

-- How a text compares, by the operators of list filters.
CREATE FUNCTION compares(found text, operator text, wanted text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT coalesce(CASE operator
    WHEN '=' THEN found = wanted
    WHEN '!=' THEN found <> wanted
    WHEN '<' THEN found COLLATE "C" < wanted COLLATE "C"
    WHEN '<=' THEN found COLLATE "C" <= wanted COLLATE "C"
    WHEN '>' THEN found COLLATE "C" > wanted COLLATE "C"
    WHEN '>=' THEN found COLLATE "C" >= wanted COLLATE "C"
    WHEN ':' THEN position(lower(wanted) IN lower(found)) > 0
  END, operator = '!=')
$$;

-- A moment as text of one width, so that its order is the order of time.
CREATE FUNCTION sortable(moment timestamptz) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT to_char(moment AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US')
$$;

-- A field of a workflow as text, for filters and orders. An unknown label is null.
CREATE FUNCTION field_of(w workflow, field text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT CASE
    WHEN field = 'name' THEN w.id
    WHEN field = 'title' THEN w.title
    WHEN field = 'create_time' THEN designer.sortable(w.create_time)
    WHEN field = 'update_time' THEN designer.sortable(w.update_time)
    WHEN field = 'latest_version' THEN lpad(w.latest_version::text, 10, '0')
    WHEN field LIKE 'labels.%' THEN w.labels ->> substr(field, 8)
  END
$$;

-- The versions that names stand for, over tenants: for the executor, which asks for many at once.
-- `found` says how far the name leads: 0 no workflow, 1 no such version, 2 nothing published, 3 all.
CREATE FUNCTION resolve_versions(tenants text[], workflows text[], versions int[])
RETURNS TABLE (ordinal bigint, found int, version int, content_hash text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = designer, pg_temp AS $$
  SELECT q.ordinal,
         CASE WHEN w.id IS NULL THEN 0
              WHEN q.version = 0 AND w.latest_version = 0 THEN 2
              WHEN v.version IS NULL THEN 1
              ELSE 3 END,
         coalesce(v.version, 0), coalesce(v.content_hash, '')
  FROM unnest(tenants, workflows, versions)
       WITH ORDINALITY AS q(tenant, workflow, version, ordinal)
  LEFT JOIN workflow w ON w.tenant_id = q.tenant AND w.id = q.workflow AND w.delete_time IS NULL
  LEFT JOIN workflow_version v ON v.tenant_id = q.tenant AND v.workflow_id = w.id AND NOT v.hidden
       AND v.version = CASE WHEN q.version = 0 THEN w.latest_version ELSE q.version END
  ORDER BY q.ordinal
$$;
REVOKE ALL ON FUNCTION resolve_versions(text[], text[], int[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION resolve_versions(text[], text[], int[]) TO designer_app;
ALTER FUNCTION resolve_versions(text[], text[], int[]) OWNER TO designer_system;
