-- An owner whom the database answers too slowly says so, and another one takes its lanes at once. And
-- after the database has begun, nobody is suspected who has not been connected to it since: how long
-- it took to begin is no time in which it could have heard of anybody.

DROP FUNCTION look_at_lanes(text, int, boolean, text[], int);

-- Frees the lanes of dead owners, gives every free lane to `me` if asked to, and says who has
-- which; one that does not take is leaving. Dead is an owner whose lease ran out; of the silent
-- (whom other processes cannot reach) also one whose connection is gone, and one of whose lease
-- less than `suspect_left_ms` is left, where more is left of mine: a database that answers nobody
-- says nothing about others; and, where more is left of mine, each of the slow that has been
-- connected for a second: until then it had nobody to be quick with. The order is what makes it safe: first the dead owner's backend is terminated, then its epoch is raised, which waits
-- for a commit under way and fails every later one, then its lanes move.
-- One row for each lane, and one for each living owner's committer without any.
CREATE FUNCTION look_at_lanes(me text, my_committers int, take boolean, silent text[], slow text[],
                              suspect_left_ms int)
RETURNS TABLE (lane smallint, owner_id text, committer int, committers int, address text,
               lease_left bigint, seen_at timestamptz, leaving boolean)
LANGUAGE plpgsql SET search_path = executor, pg_temp AS $$
#variable_conflict use_column
DECLARE
  dead owner%ROWTYPE;
  left_at timestamptz := clock_timestamp() + suspect_left_ms * interval '1 ms';
BEGIN
  SELECT coalesce(array_agg(DISTINCT o.owner_id), '{}') INTO silent FROM owner o
    WHERE o.owner_id = ANY (silent) AND o.backend_start > pg_postmaster_start_time();
  SELECT coalesce(array_agg(DISTINCT o.owner_id), '{}') INTO slow FROM owner o
    WHERE o.owner_id = ANY (slow) AND o.backend_start > pg_postmaster_start_time()
      AND o.backend_start < clock_timestamp() - interval '1 s';
  IF EXISTS (SELECT FROM owner o WHERE o.owner_id = me AND o.committer < my_committers
             AND o.lease_until < left_at) THEN
    left_at := '-infinity';
    slow := '{}';
  END IF;
  FOR dead IN
    SELECT * FROM owner o WHERE o.owner_id <> me
      AND (o.lease_until < clock_timestamp()
           OR o.owner_id = ANY (slow)
           OR o.owner_id = ANY (silent) AND o.lease_until < left_at
           OR o.owner_id = ANY (silent) AND o.backend_pid <> 0 AND NOT EXISTS (
             SELECT FROM pg_stat_activity a
             WHERE a.pid = o.backend_pid AND a.backend_start = o.backend_start))
      AND EXISTS (SELECT FROM lane l WHERE l.owner_id = o.owner_id AND l.committer = o.committer)
      ORDER BY o.owner_id, o.committer
  LOOP
    PERFORM pg_terminate_backend(a.pid) FROM pg_stat_activity a
      WHERE a.pid = dead.backend_pid AND a.backend_start = dead.backend_start;
    -- One that has moved on since it was looked at is not dead.
    UPDATE owner o SET epoch = o.epoch + 1, lease_until = '-infinity'
      WHERE o.owner_id = dead.owner_id AND o.committer = dead.committer AND o.epoch = dead.epoch
        AND (o.lease_until < clock_timestamp()
             OR o.owner_id = ANY (slow)
             OR o.owner_id = ANY (silent) AND o.lease_until < left_at
             OR o.backend_pid = dead.backend_pid AND o.backend_start = dead.backend_start
                AND o.owner_id = ANY (silent));
    IF FOUND THEN
      UPDATE lane l SET owner_id = NULL, committer = NULL
        WHERE l.owner_id = dead.owner_id AND l.committer = dead.committer;
    END IF;
  END LOOP;
  UPDATE owner o SET leaving = NOT take WHERE o.owner_id = me AND o.leaving = take;
  IF take AND EXISTS (SELECT FROM lane l WHERE l.owner_id IS NULL) THEN
    UPDATE lane l SET owner_id = me, committer = l.lane % my_committers WHERE l.owner_id IS NULL;
  END IF;
  RETURN QUERY
    SELECT l.lane, o.owner_id, o.committer, o.committers, o.address,
           CASE WHEN o.lease_until > clock_timestamp()
                THEN (extract(epoch FROM o.lease_until - clock_timestamp()) * 1000000)::bigint
                ELSE 0 END,
           clock_timestamp(), o.leaving
    FROM owner o FULL JOIN lane l ON l.owner_id = o.owner_id AND l.committer = o.committer
    WHERE l.lane IS NOT NULL OR o.lease_until > clock_timestamp();
END $$;
REVOKE ALL ON FUNCTION look_at_lanes(text, int, boolean, text[], text[], int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION look_at_lanes(text, int, boolean, text[], text[], int) TO executor_engine;
