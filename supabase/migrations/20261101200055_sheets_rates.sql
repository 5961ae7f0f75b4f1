-- sheets/55_rates.sql of Chalkola. Written by `python -m chalkola.surfaces.docs`; it does nothing where it was applied.

DO $chalkola$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('chalkola migrate'));
  CREATE TABLE IF NOT EXISTS sp_migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
  ALTER TABLE sp_migrations ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM sp_migrations WHERE name = 'sheets/55_rates.sql' AND checksum = 'e7cff53e02d13ea6') THEN
    RETURN;
  END IF;
  PERFORM set_config('lock_timeout', '10s', true);
  EXECUTE $script$
-- Money in another currency, at the rate of the day on which it was earned.

-- For each day: what one unit of the currency is in `target`. A rate holds until the next one is published, for ten days at
-- most (the European Central Bank pauses for four or five at Easter); a day without one is not there.
CREATE OR REPLACE FUNCTION sp_sheet_rates(sources text[], target text, first date, last date)
RETURNS TABLE (currency_code text, date date, rate numeric)
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
  WITH published AS (
    SELECT f.currency_code, f.per_eur, f.date,
           lead(f.date) OVER (PARTITION BY f.currency_code ORDER BY f.date) AS next
    FROM fx_rates f
    WHERE f.currency_code = ANY (sources || target) AND f.date > first - 10 AND f.date <= last AND f.per_eur > 0
      AND f.currency_code <> 'EUR'
  ), euros AS MATERIALIZED (
    SELECT p.currency_code, g::date AS date, p.per_eur
    FROM published p CROSS JOIN LATERAL generate_series(greatest(p.date, first)::timestamp,
      least(p.date + 9, p.next - 1, last)::timestamp, interval '1 day') g
    UNION ALL
    SELECT 'EUR', g::date, 1 FROM generate_series(first::timestamp, last::timestamp, interval '1 day') g
    WHERE 'EUR' = ANY (sources || target)
  )
  SELECT s.currency_code, s.date, t.per_eur / s.per_eur FROM euros s JOIN euros t ON t.date = s.date AND t.currency_code = target
  WHERE s.currency_code = ANY (sources) AND s.currency_code <> target
  UNION ALL
  SELECT target, g::date, 1 FROM generate_series(first::timestamp, last::timestamp, interval '1 day') g
  WHERE target = ANY (sources);
$$;

-- The currency of this code, or a refusal that lists them. NULL where nothing is given.
CREATE OR REPLACE FUNCTION sp_sheet_currency(given text)
RETURNS text LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
DECLARE
  wanted constant text := upper(nullif(btrim(given), ''));
  known constant text[] := ARRAY(
    SELECT DISTINCT m.currency_code FROM sp_sheet_marketplaces() m
    UNION SELECT DISTINCT f.currency_code FROM fx_rates f ORDER BY 1);
BEGIN
  IF wanted <> ALL (known) THEN
    PERFORM sp_sheet_refuse('bad_argument', format('There is no currency "%s". Known: %s.', left(given, 40),
                                                   array_to_string(known, ', ')));
  END IF;
  RETURN wanted;
END $$;
$script$;
  INSERT INTO sp_migrations VALUES ('sheets/55_rates.sql', 'e7cff53e02d13ea6')
  ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
END $chalkola$;

-- Nobody but the owner and service_role may use what is made here.
DO $access$
DECLARE
  made constant text[] := '{sp_migrations, sp_sheet_currency, sp_sheet_rates}'::text[];
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
