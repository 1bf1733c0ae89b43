-- Several executors: lanes move between living owners, and a dead one is known by more than its
-- silence.

-- How many committers the owner runs: lane l is its committer l % committers.
ALTER TABLE owner ADD COLUMN committers int NOT NULL DEFAULT 1;
-- Gives its lanes away and wants no others.
ALTER TABLE owner ADD COLUMN leaving boolean NOT NULL DEFAULT false;
UPDATE owner o SET committers = (SELECT count(*) FROM owner p WHERE p.owner_id = o.owner_id);

-- Gives the epochs by committer: an owner adopts those and no later ones.
DROP FUNCTION join_owner(text, int, text, int);
CREATE FUNCTION join_owner(me text, committers int, my_address text, lease_ms int)
RETURNS TABLE (epoch bigint) LANGUAGE plpgsql SET search_path = executor, pg_temp AS $$
#variable_conflict use_column
BEGIN
  PERFORM pg_terminate_backend(a.pid) FROM owner o JOIN pg_stat_activity a
    ON a.pid = o.backend_pid AND a.backend_start = o.backend_start
    WHERE o.owner_id = me AND a.pid <> pg_backend_pid();
  INSERT INTO owner (owner_id, committer, epoch, seq, lease_until, address, backend_pid,
                     backend_start, committers)
    SELECT me, c, 1, 0, clock_timestamp() + lease_ms * interval '1 ms', my_address, 0, '-infinity',
           join_owner.committers
    FROM generate_series(0, join_owner.committers - 1) AS c
    ON CONFLICT (owner_id, committer) DO UPDATE
    SET epoch = owner.epoch + 1, lease_until = excluded.lease_until, address = excluded.address,
        backend_pid = 0, backend_start = '-infinity', committers = excluded.committers, leaving = false;
  UPDATE owner SET epoch = epoch + 1, lease_until = '-infinity'
    WHERE owner_id = me AND committer >= join_owner.committers;
  UPDATE lane SET committer = lane.lane % join_owner.committers WHERE owner_id = me;
  RETURN QUERY SELECT o.epoch FROM owner o
    WHERE o.owner_id = me AND o.committer < join_owner.committers ORDER BY o.committer;
END $$;
REVOKE ALL ON FUNCTION join_owner(text, int, text, int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION join_owner(text, int, text, int) TO executor_engine;

-- Frees the lanes of dead owners, gives every free lane to `me` if asked to, and says who has
-- which; one that does not take is leaving. Dead is an owner whose lease ran out; of the suspects (whom other processes cannot reach)
-- also one whose connection is gone. The order is what makes it safe: first the dead owner's
-- backend is terminated, then its epoch is raised, which waits for a commit under way and fails
-- every later one, then its lanes move.
-- One row for each lane, and one for each living owner's committer without any.
CREATE FUNCTION look_at_lanes(me text, my_committers int, take boolean, suspects text[])
RETURNS TABLE (lane smallint, owner_id text, committer int, committers int, address text,
               lease_left bigint, seen_at timestamptz, leaving boolean)
LANGUAGE plpgsql SET search_path = executor, pg_temp AS $$
#variable_conflict use_column
DECLARE
  dead owner%ROWTYPE;
BEGIN
  FOR dead IN
    SELECT * FROM owner o WHERE o.owner_id <> me
      AND (o.lease_until < clock_timestamp()
           OR o.owner_id = ANY (suspects) AND o.backend_pid <> 0 AND NOT EXISTS (
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
             OR o.backend_pid = dead.backend_pid AND o.backend_start = dead.backend_start
                AND o.owner_id = ANY (suspects));
    IF FOUND THEN
      UPDATE lane l SET owner_id = NULL, committer = NULL
        WHERE l.owner_id = dead.owner_id AND l.committer = dead.committer;
    END IF;
  END LOOP;
  IF NOT take THEN
    UPDATE owner o SET leaving = true WHERE o.owner_id = me AND NOT o.leaving;
  END IF;
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
REVOKE ALL ON FUNCTION look_at_lanes(text, int, boolean, text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION look_at_lanes(text, int, boolean, text[]) TO executor_engine;
DROP FUNCTION acquire_lanes(text, int);
