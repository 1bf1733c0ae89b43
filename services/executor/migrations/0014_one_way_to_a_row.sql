-- The id stood last in these indexes. While a table that is written to all the time is nearly
-- empty, its statistics make a walk through a whole such index look as cheap as the primary key,
-- and the rows were then found by that walk, past all that is dead.
DROP INDEX live_execution_by_start;
CREATE INDEX live_execution_by_start ON live_execution (tenant_id, start_time);
DROP INDEX approval_by_time;
CREATE INDEX approval_by_time ON approval (tenant_id, create_time);
DROP INDEX approval_open;
CREATE INDEX approval_open ON approval (tenant_id, create_time) WHERE state = 1;
