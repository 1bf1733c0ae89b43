-- Erasing a tenant from the days: portion by portion, each within one day of one class. The other
-- tables are emptied by erase_tenant, which every schema has. 0 once nothing is left.
CREATE FUNCTION erase_tenant_days(slug text, most int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = executor, pg_temp AS $$
DECLARE
  leaf record;
  erased int;
  total int := 0;
BEGIN
  FOR leaf IN
    SELECT m[1] AS parent, m[2]::int AS retention, m[3]::int AS day
    FROM pg_class c, regexp_match(c.relname, '^(journal|closed_execution)_r(\d+)_d(\d+)$') AS m
    WHERE c.relnamespace = 'executor'::regnamespace AND c.relkind = 'r' AND m IS NOT NULL
    ORDER BY 3, 2, 1
  LOOP
    EXECUTE format('DELETE FROM %1$I WHERE retention_days = %2$s AND start_day = %3$s AND ctid = '
                   'ANY(ARRAY(SELECT ctid FROM %1$I WHERE retention_days = %2$s '
                   'AND start_day = %3$s AND tenant_id = $1 LIMIT $2))',
                   leaf.parent, leaf.retention, leaf.day)
      USING slug, most - total;
    GET DIAGNOSTICS erased = ROW_COUNT;
    total := total + erased;
    EXIT WHEN total >= most;
  END LOOP;
  RETURN total;
END $$;
REVOKE ALL ON FUNCTION erase_tenant_days(text, int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION erase_tenant_days(text, int) TO executor_app;
ALTER FUNCTION erase_tenant_days(text, int) OWNER TO executor_system;
