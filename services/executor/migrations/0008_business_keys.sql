-- A business key is unique among the live executions of its workflow, and executions are listed by
-- it.
DROP INDEX live_execution_business_key;
CREATE UNIQUE INDEX live_execution_business_key
  ON live_execution (tenant_id, business_key, workflow) WHERE business_key <> '';
CREATE INDEX closed_execution_business_key ON closed_execution (tenant_id, business_key)
  WHERE business_key <> '';
