-- sheets/45_columns.sql of Chalkola. Written by `python -m chalkola.surfaces.docs`; it does nothing where it was applied.

DO $chalkola$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('chalkola migrate'));
  CREATE TABLE IF NOT EXISTS sp_migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
  ALTER TABLE sp_migrations ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM sp_migrations WHERE name = 'sheets/45_columns.sql' AND checksum = 'b15742830b43a278') THEN
    RETURN;
  END IF;
  PERFORM set_config('lock_timeout', '10s', true);
  EXECUTE $script$
-- What the columns of a grid are about: marketplaces × periods, each with its days.

-- `members` are the marketplaces whose figures it shows; ALL is every one with data. Those that are a week behind the
-- others do not hold ALL back: they are counted in `missing`.
-- `state`: closed; preliminary (a single day that is not closed yet); due (nothing yet: `say` has when); none (`say` has
-- why). `missing`: marketplace-days of it without data. `has_parents`: whether Amazon's figures of parents are there for all
-- its days with data.
CREATE OR REPLACE FUNCTION sp_sheet_columns(marketplaces text[], periods text[], start text, "end" text, now timestamptz)
RETURNS TABLE (col integer, marketplace text, period text, members uuid[], first date, last date, state text, say text,
               missing integer, whole boolean, has_parents boolean)
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
  WITH calendar AS MATERIALIZED (SELECT * FROM sp_sheet_calendar(now)),
  live AS (SELECT c.* FROM calendar c WHERE c.closed >= (SELECT max(closed) FROM calendar) - 7),
  places AS (
    SELECT w.place, c.code, ARRAY[c.marketplace_id] AS members, c.today, c.closed
    FROM unnest(marketplaces) WITH ORDINALITY AS w (code, place) JOIN calendar c ON c.code = w.code
    UNION ALL
    SELECT w.place, 'ALL', ARRAY(SELECT marketplace_id FROM calendar c WHERE c.closed IS NOT NULL),
           (SELECT min(today) FROM live), (SELECT min(closed) FROM live)
    FROM unnest(marketplaces) WITH ORDINALITY AS w (code, place) WHERE w.code = 'ALL'
  ), cols AS (
    SELECT (row_number() OVER (ORDER BY p.place, g.place))::integer AS col, p.code, p.members, p.today, p.closed, g.period,
           f.first, f.last, f.nominal_last, f.is_a_day, f.last < f.first OR f.last IS NULL AS is_empty
    FROM places p CROSS JOIN unnest(periods) WITH ORDINALITY AS g (period, place)
    CROSS JOIN LATERAL sp_sheet_period(g.period, p.today, p.closed, start, "end") f
  ), days AS (  -- by column and member
    SELECT c.col, m.marketplace_id, d.there, d.of_parents
    FROM cols c JOIN calendar m ON m.marketplace_id = ANY (c.members)
    CROSS JOIN LATERAL (
      SELECT count(*)::integer AS there, count(p.first_day)::integer AS of_parents
      FROM sp_slices l
      LEFT JOIN sp_slices p ON p.dataset = 'daily_parents' AND p.scope = l.scope AND p.first_day = l.first_day
        AND (p.state IN ('proven', 'differs', 'empty') OR p.row_count > 0)
      WHERE l.dataset = 'sales_and_traffic' AND l.scope = m.scope AND l.first_day BETWEEN c.first AND c.last
        AND (l.state IN ('proven', 'differs', 'empty') OR l.row_count > 0)) AS d
    WHERE NOT c.is_empty
  ), held AS (
    SELECT c.*, d.there, d.marketplaces_there, d.has_parents,
           CASE WHEN c.closed IS NULL THEN 'none'
                WHEN c.is_empty OR c.is_a_day AND c.first > c.closed THEN
                  CASE WHEN c.is_a_day AND d.live_there = (SELECT count(*) FROM live l WHERE l.marketplace_id = ANY (c.members))
                         THEN 'preliminary'
                       WHEN c.first > c.today OR c.first < c.today - 7 OR c.nominal_last < c.first THEN 'none' ELSE 'due' END
                WHEN d.there > 0 THEN 'closed' ELSE 'none' END AS state
    FROM cols c LEFT JOIN LATERAL (
      SELECT sum(d.there)::integer AS there, count(*) FILTER (WHERE d.there > 0) AS marketplaces_there,
             coalesce(bool_and(d.of_parents = d.there), false) AS has_parents,
             count(*) FILTER (WHERE d.there > 0 AND EXISTS (SELECT FROM live l WHERE l.marketplace_id = d.marketplace_id))
               AS live_there
      FROM days d WHERE d.col = c.col) AS d ON true
  )
  SELECT h.col, h.code, h.period, h.members, h.first,
         CASE WHEN h.is_empty THEN h.nominal_last ELSE h.last END, h.state,
         CASE WHEN h.state = 'due' THEN
                concat_ws('; ', CASE WHEN NOT h.is_a_day THEN 'no closed day in it yet' END,
                  (SELECT max(sp_sheet_due(m.scope, m.zone, h.first, now)) FROM live m
                   WHERE m.marketplace_id = ANY (h.members) AND (h.closed IS NULL OR m.closed < h.first)))
              WHEN h.state <> 'none' THEN NULL
              WHEN h.closed IS NULL THEN 'no data yet'
              WHEN h.first > h.today THEN 'it is yet to come'
              WHEN h.nominal_last < h.first THEN 'there is no such month in this year yet'
              WHEN h.is_empty THEN 'no closed day in it'
              ELSE 'no data of these days' END,
         coalesce((h.last - h.first + 1) * cardinality(h.members) - h.there, 0),
         h.last IS NOT DISTINCT FROM h.nominal_last AND NOT h.is_empty,
         coalesce(h.has_parents, false)
  FROM held h ORDER BY h.col;
$$;
$script$;
  INSERT INTO sp_migrations VALUES ('sheets/45_columns.sql', 'b15742830b43a278')
  ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
END $chalkola$;

-- Nobody but the owner and service_role may use what is made here.
DO $access$
DECLARE
  made constant text[] := '{sp_migrations, sp_sheet_columns}'::text[];
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
