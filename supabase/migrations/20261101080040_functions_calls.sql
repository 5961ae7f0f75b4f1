-- functions/40_calls.sql of Chalkola. Written by `python -m chalkola.surfaces.docs`; it does nothing where it was applied.

DO $chalkola$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('chalkola migrate'));
  CREATE TABLE IF NOT EXISTS sp_migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
  ALTER TABLE sp_migrations ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM sp_migrations WHERE name = 'functions/40_calls.sql' AND checksum = '27d7b68dbdf1339a') THEN
    RETURN;
  END IF;
  PERFORM set_config('lock_timeout', '10s', true);
  EXECUTE $script$
-- Calls to Amazon: written in batches beside the work, and forgotten after a while.

-- Write a batch down. `again` says that an earlier attempt at it may have come through: what is there is left out.
CREATE OR REPLACE FUNCTION sp_note_calls(calls jsonb, again boolean)
RETURNS void LANGUAGE sql SET search_path = public, pg_temp AS $$
  INSERT INTO sp_api_calls (at, account, operation, status, failure, duration_ms, request_id, rate_per_second, pull_id)
  SELECT c.at, c.account, c.operation, c.status, nullif(c.failure, ''), round(c.seconds * 1000)::integer,
         nullif(c.request_id, ''), c.rate_per_second, c.pull
  FROM jsonb_to_recordset(calls)
    AS c (at timestamptz, account text, operation text, status smallint, failure text, seconds double precision,
          request_id text, rate_per_second double precision, pull bigint)
  WHERE NOT again OR NOT EXISTS (
    SELECT FROM sp_api_calls a WHERE a.at = c.at AND (a.account, a.operation, a.duration_ms)
      = (c.account, c.operation, round(c.seconds * 1000)::integer)
      AND (a.status, a.request_id, a.pull_id) IS NOT DISTINCT FROM (c.status, nullif(c.request_id, ''), c.pull));
$$;

-- Forget at most `most` calls that were over before an instant. Return how many; what another run is at is passed over.
CREATE OR REPLACE FUNCTION sp_forget_calls(before timestamptz, most integer)
RETURNS integer LANGUAGE sql SET search_path = public, pg_temp AS $$
  WITH gone AS (
    DELETE FROM sp_api_calls WHERE id IN (
      SELECT id FROM sp_api_calls WHERE at < before ORDER BY at LIMIT most FOR UPDATE SKIP LOCKED)
    RETURNING 1)
  SELECT count(*)::integer FROM gone;
$$;
$script$;
  INSERT INTO sp_migrations VALUES ('functions/40_calls.sql', '27d7b68dbdf1339a')
  ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
END $chalkola$;

-- Nobody but the owner and service_role may use what is made here.
DO $access$
DECLARE
  made constant text[] := '{sp_forget_calls, sp_migrations, sp_note_calls}'::text[];
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
