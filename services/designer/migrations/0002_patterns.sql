-- Versions that others use like a node (metadata.pattern). No version before this could say so.
ALTER TABLE workflow_version ADD COLUMN pattern boolean NOT NULL DEFAULT false;
CREATE INDEX workflow_version_patterns ON workflow_version (tenant_id, workflow_id, version)
  WHERE pattern AND NOT hidden;
