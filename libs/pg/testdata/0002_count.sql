CREATE FUNCTION notes_of_all() RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = monitor, pg_temp AS
$$ SELECT count(*) FROM note; $$;
REVOKE ALL ON FUNCTION notes_of_all() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION notes_of_all() TO monitor_app;
ALTER FUNCTION notes_of_all() OWNER TO monitor_system;
