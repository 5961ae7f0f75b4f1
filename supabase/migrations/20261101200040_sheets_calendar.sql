-- sheets/40_calendar.sql of Chalkola. Written by `python -m chalkola.surfaces.docs`; it does nothing where it was applied.

DO $chalkola$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('chalkola migrate'));
  CREATE TABLE IF NOT EXISTS sp_migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
  ALTER TABLE sp_migrations ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM sp_migrations WHERE name = 'sheets/40_calendar.sql' AND checksum = '8407948d27ed43a7') THEN
    RETURN;
  END IF;
  PERFORM set_config('lock_timeout', '10s', true);
  EXECUTE $script$
-- Which day is the last closed one, and what there is of a day.
--
-- A day has data when its line in the ledger is closed or has rows. The last closed day is the newest day with data before
-- the first day that is still waited for: one that is over, not closed, and over for less than 72 hours (no surface waits
-- longer: reconcile.py, NEVER_WAIT_LONGER). What is older counts as it is, and its absence is told.
CREATE OR REPLACE FUNCTION sp_sheet_calendar(now timestamptz)
RETURNS TABLE (place integer, code text, marketplace_id uuid, scope text, currency_code text, zone text, today date,
               closed date, first_day date)
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
  SELECT m.place, m.code, m.marketplace_id, s.scope, m.currency_code, m.zone, s.today, c.closed, f.first_day
  FROM sp_sheet_marketplaces() m
  CROSS JOIN LATERAL (SELECT 'marketplace:' || m.code, (now AT TIME ZONE m.zone)::date) AS s (scope, today)
  CROSS JOIN LATERAL (
    SELECT min(d.day) FROM generate_series(s.today - 5, s.today - 1, interval '1 day') AS g (at)
    CROSS JOIN LATERAL (SELECT g.at::date) AS d (day)
    WHERE ((d.day + 1)::timestamp AT TIME ZONE m.zone) + interval '72 hours' > now
      -- OFFSET 0: five days are looked up, not all of them read
      AND NOT EXISTS (SELECT FROM sp_slices l WHERE l.dataset = 'sales_and_traffic' AND l.scope = s.scope
                      AND l.first_day = d.day AND l.state IN ('proven', 'differs', 'empty') OFFSET 0)
  ) AS w (waited_for)
  LEFT JOIN LATERAL (
    SELECT l.first_day FROM sp_slices l
    WHERE l.dataset = 'sales_and_traffic' AND l.scope = s.scope AND l.first_day < coalesce(w.waited_for, s.today)
      AND (l.state IN ('proven', 'differs', 'empty') OR l.row_count > 0)
    ORDER BY l.first_day DESC LIMIT 1
  ) AS c (closed) ON true
  LEFT JOIN LATERAL (
    SELECT l.first_day FROM sp_slices l
    WHERE l.dataset = 'sales_and_traffic' AND l.scope = s.scope
      AND (l.state IN ('proven', 'differs', 'empty') OR l.row_count > 0)
    ORDER BY l.first_day LIMIT 1
  ) AS f (first_day) ON true;
$$;

-- When a day of sales and traffic is to be had, in words for a cell: "due 19:30 UTC".
CREATE OR REPLACE FUNCTION sp_sheet_due(scope text, zone text, day date, now timestamptz)
RETURNS text LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
  SELECT CASE WHEN d.at <= now THEN 'late: was due ' || d.said ELSE 'due ' || d.said END
  FROM (SELECT greatest(  -- settles 34 hours after its end (sales_and_traffic.py, SETTLES_AFTER)
          ((day + 1)::timestamp AT TIME ZONE zone) + interval '34 hours',
          (SELECT l.next_at FROM sp_slices l WHERE l.dataset = 'sales_and_traffic' AND l.scope = sp_sheet_due.scope
             AND l.first_day = day AND l.state NOT IN ('proven', 'differs', 'empty')))) AS g (at)
  CROSS JOIN LATERAL (
    SELECT g.at, to_char(g.at AT TIME ZONE 'UTC',
      CASE WHEN (g.at AT TIME ZONE 'UTC')::date = (now AT TIME ZONE 'UTC')::date THEN '' ELSE 'YYYY-MM-DD ' END
      || 'HH24:MI "UTC"')) AS d (at, said);
$$;

-- The version of everything that a sheet can see.
CREATE OR REPLACE FUNCTION sp_sheet_version(now timestamptz)
RETURNS text LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
  SELECT 'v-' || left(md5(concat_ws('|',
    (SELECT string_agg(concat_ws(' ', c.code, c.today, c.closed), ',' ORDER BY c.place) FROM sp_sheet_calendar(now) c),
    (SELECT concat_ws(' ', count(*), max(loaded_at), sum(row_count), sum(pull_id)) FROM sp_slices
     WHERE dataset IN ('sales_and_traffic', 'daily_totals', 'daily_parents')),
    (SELECT md5(string_agg(concat_ws(' ', dataset, scope, first_day, row_count), ',' ORDER BY dataset, scope, first_day))
     FROM sp_slices WHERE dataset IN ('sales_and_traffic', 'daily_totals', 'daily_parents')
       AND state NOT IN ('proven', 'differs', 'empty')),
    (SELECT concat_ws(' ', count(*), max(changed_at), max(first_seen_at), max(gone_at)) FROM sp_listings),
    (SELECT concat_ws(' ', count(*), max(date)) FROM fx_rates))), 16);
$$;
$script$;
  INSERT INTO sp_migrations VALUES ('sheets/40_calendar.sql', '8407948d27ed43a7')
  ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
END $chalkola$;

-- Nobody but the owner and service_role may use what is made here.
DO $access$
DECLARE
  made constant text[] := '{sp_migrations, sp_sheet_calendar, sp_sheet_due, sp_sheet_version}'::text[];
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
