-- Sessions of people who look at the pages. Times are machine time: nothing of Amazon's is decided by them.

-- Begin a session of `lifetime`. Those that have been over for 90 days are forgotten.
CREATE OR REPLACE FUNCTION sp_begin_web_session(digest bytea, email text, name text, lifetime interval)
RETURNS void LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  now constant timestamptz := clock_timestamp();
BEGIN
  DELETE FROM sp_web_sessions s WHERE s.expires_at < now - interval '90 days';
  INSERT INTO sp_web_sessions (digest, email, name, signed_in_at, seen_at, expires_at)
  VALUES ($1, $2, $3, now, now, now + $4);
END $$;

-- Return whose session it is, nothing where it is none or is over; and write down, to the minute, that it is in use.
CREATE OR REPLACE FUNCTION sp_see_web_session(digest bytea)
RETURNS TABLE (email text, name text, expires_at timestamptz) LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  now constant timestamptz := clock_timestamp();
BEGIN
  UPDATE sp_web_sessions s SET seen_at = now
  WHERE s.id = (SELECT k.id FROM sp_web_sessions k
                WHERE k.digest = $1 AND k.seen_at < now - interval '1 minute' FOR NO KEY UPDATE SKIP LOCKED);
  RETURN QUERY SELECT s.email, s.name, s.expires_at FROM sp_web_sessions s
    WHERE s.digest = $1 AND s.ended_at IS NULL AND s.expires_at > now;
END $$;

-- End sessions: the one with this digest, or all of a person. `ended_by` is the address of whoever does. Return how many.
CREATE OR REPLACE FUNCTION sp_end_web_sessions(digest bytea, email text, ended_by text)
RETURNS integer LANGUAGE sql SET search_path = public, pg_temp AS $$
  WITH ended AS (
    UPDATE sp_web_sessions s SET ended_at = clock_timestamp(), ended_by = $3
    WHERE (s.digest = $1 OR s.email = $2) AND s.ended_at IS NULL AND s.expires_at > clock_timestamp()
    RETURNING s.id)
  SELECT count(*)::integer FROM ended;
$$;
