-- What steps ask people and what these answer, and why executions failed, sealed under the tenant's
-- key. The columns of before keep what was written then and are empty from now on.
ALTER TABLE approval ADD COLUMN asked bytea, ADD COLUMN answered bytea;
ALTER TABLE closed_execution ADD COLUMN failure bytea;
