-- functions/60_web_sessions.sql of Chalkola. Written by `python -m chalkola.surfaces.docs`; it does nothing where it was applied.

DO $chalkola$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('chalkola migrate'));
  CREATE TABLE IF NOT EXISTS sp_migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
  ALTER TABLE sp_migrations ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM sp_migrations WHERE name = 'functions/60_web_sessions.sql' AND checksum = '2df055e9f2bb0d28') THEN
    RETURN;
  END IF;
  PERFORM set_config('lock_timeout', '10s', true);
  EXECUTE $script$
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
$script$;
  INSERT INTO sp_migrations VALUES ('functions/60_web_sessions.sql', '2df055e9f2bb0d28')
  ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
END $chalkola$;

-- Nobody but the owner and service_role may use what is made here.
DO $access$
DECLARE
  made constant text[] := '{sp_begin_web_session, sp_end_web_sessions, sp_migrations, sp_see_web_session}'::text[];
  read_functions constant text[] := '{}'::text[];
  runners constant text[] := '{}'::text[];
  -- Supabase's roles, as far as this database has them, and our own.
  visitors constant text := (
    SELECT string_agg(quote_ident(rolname), ', ') FROM pg_roles WHERE rolname = ANY ('{anon, authenticated, chalkola_sheets}'::text[]));
  service constant text := (SELECT quote_ident(rolname) FROM pg_roles WHERE rolname = 'service_role');
  one record;
BEGIN
  FOR one IN
    WITH relations AS (
      SELECT c.oid, c.relkind FROM pg_class c
      WHERE c.relnamespace = current_schema()::regnamespace AND c.relname = ANY (made)
        AND pg_has_role(c.relowner, 'USAGE')
        AND (c.relkind IN ('r', 'p') AND c.relrowsecurity
             AND NOT EXISTS (SELECT FROM pg_policy WHERE polrelid = c.oid AND polname <> 'chalkola_readers')
             OR c.relkind = 'v' AND 'security_invoker=true' = ANY (c.reloptions)))
    SELECT 'TABLE ' || r.oid::regclass AS what, false AS open, true AS for_service FROM relations r
    UNION ALL
    SELECT 'SEQUENCE ' || d.objid::regclass, false, true FROM relations r
    JOIN pg_depend d ON d.refobjid = r.oid AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
    JOIN pg_class s ON s.oid = d.objid AND d.classid = 'pg_class'::regclass AND s.relkind = 'S'
    UNION ALL
    SELECT 'FUNCTION ' || p.oid::regprocedure, p.proname = ANY (read_functions),
           p.proname <> ALL (runners) OR p.prosecdef
    FROM pg_proc p
    WHERE p.pronamespace = current_schema()::regnamespace AND p.proname = ANY (made)
      AND pg_has_role(p.proowner, 'USAGE')
  LOOP
    EXECUTE format('REVOKE ALL ON %s FROM %s', one.what, concat_ws(', ', 'PUBLIC', visitors));
    IF one.open AND visitors IS NOT NULL THEN
      EXECUTE format('GRANT EXECUTE ON %s TO %s', one.what, visitors);
    END IF;
    IF service IS NOT NULL AND one.for_service THEN
      EXECUTE format('GRANT ALL ON %s TO %s', one.what, service);
    ELSIF service IS NOT NULL THEN
      EXECUTE format('REVOKE ALL ON %s FROM %s', one.what, service);
    END IF;
  END LOOP;
END $access$;
