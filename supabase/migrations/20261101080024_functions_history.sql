-- functions/24_history.sql of Chalkola. Written by `python -m chalkola.surfaces.docs`; it does nothing where it was applied.

DO $chalkola$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('chalkola migrate'));
  CREATE TABLE IF NOT EXISTS sp_migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
  ALTER TABLE sp_migrations ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM sp_migrations WHERE name = 'functions/24_history.sql' AND checksum = 'ea01c28b2b95c007') THEN
    RETURN;
  END IF;
  PERFORM set_config('lock_timeout', '10s', true);
  EXECUTE $script$
-- What only a backfill does to the ledger.

-- Drop questions about history that were written down and never asked: their like has been refused, and they are planned
-- anew in another size. Their days are as they were before.
CREATE OR REPLACE FUNCTION sp_withdraw(account text, source text)
RETURNS void LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  dropped bigint[];
BEGIN
  SELECT array_agg(p.id) INTO dropped FROM (
    SELECT p.id FROM sp_pulls p
    WHERE p.account = $1 AND p.source = $2 AND p.rank = 2 AND p.stage = 'planned' AND p.asks = 0 AND p.finished_at IS NULL
      AND (p.lease_until IS NULL OR p.lease_until < clock_timestamp())
    ORDER BY p.id FOR UPDATE SKIP LOCKED) AS p;
  DELETE FROM sp_pull_slices ps WHERE ps.pull_id = ANY (dropped);
  DELETE FROM sp_pulls p WHERE p.id = ANY (dropped);
END $$;

-- Close days of which Amazon has shown twice that there is nothing: no total for the day, and no ASIN in a listing that
-- spans it. `days` is a list of {dataset, scope, first_day, marketplace_id, amazon_marketplace_id, reason}.
CREATE OR REPLACE FUNCTION sp_close_silent(days jsonb, now timestamptz)
RETURNS void LANGUAGE sql SET search_path = public, pg_temp AS $$
  INSERT INTO sp_slices AS s (dataset, scope, first_day, state, row_count, asked_at, reason)
  SELECT d.dataset, d.scope, d.first_day, 'empty', 0, now, d.reason
  FROM jsonb_to_recordset(days) AS d (dataset text, scope text, first_day date, reason text)
  ORDER BY d.dataset, d.scope, d.first_day
  ON CONFLICT (dataset, scope, first_day) DO UPDATE SET
    state = 'empty', reason = excluded.reason, next_at = NULL, ask = NULL, attempts = 0
  WHERE coalesce(s.row_count, 0) = 0 AND s.state <> 'empty';

  INSERT INTO sp_data_pulls AS p (pull_date, marketplace_id, amazon_marketplace_id, status, asin_count, completed_at)
  SELECT d.first_day, d.marketplace_id, d.amazon_marketplace_id, 'completed', 0, now
  FROM jsonb_to_recordset(days) AS d (dataset text, first_day date, marketplace_id uuid, amazon_marketplace_id text)
  WHERE d.dataset = 'sales_and_traffic'
  ON CONFLICT (pull_date, marketplace_id) DO UPDATE SET
    status = excluded.status, asin_count = excluded.asin_count, error_message = NULL, completed_at = excluded.completed_at
  WHERE p.status <> 'completed';
$$;
$script$;
  INSERT INTO sp_migrations VALUES ('functions/24_history.sql', 'ea01c28b2b95c007')
  ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
END $chalkola$;

-- Nobody but the owner and service_role may use what is made here.
DO $access$
DECLARE
  made constant text[] := '{sp_close_silent, sp_migrations, sp_withdraw}'::text[];
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
