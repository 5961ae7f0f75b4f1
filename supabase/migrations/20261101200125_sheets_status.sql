-- sheets/85_status.sql of Chalkola. Written by `python -m chalkola.surfaces.docs`; it does nothing where it was applied.

DO $chalkola$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('chalkola migrate'));
  CREATE TABLE IF NOT EXISTS sp_migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
  ALTER TABLE sp_migrations ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM sp_migrations WHERE name = 'sheets/85_status.sql' AND checksum = '4a033c7762cbaa33') THEN
    RETURN;
  END IF;
  PERFORM set_config('lock_timeout', '10s', true);
  EXECUTE $script$
-- How fresh and how complete the figures are.

CREATE OR REPLACE FUNCTION sp_sheet_status(marketplaces jsonb, now timestamptz)
RETURNS jsonb LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
DECLARE
  wanted constant text[] := ARRAY(SELECT sp_sheet_marketplace(p)
    FROM unnest(sp_sheet_texts(marketplaces, 'marketplaces')) AS u (p) WHERE p IS NOT NULL);
BEGIN
  RETURN jsonb_build_object(
    'header', jsonb_build_array('marketplace', 'last closed day', 'yesterday', 'rows', 'missing days', 'differing days',
                                'restated in 30 days', 'last load', 'say'),
    'rows', (
      SELECT coalesce(jsonb_agg(jsonb_build_array(c.code, c.closed, y.state, l.rows, c.closed - c.first_day + 1 - l.days,
                l.differing, r.restated, to_char(l.loaded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
                CASE WHEN c.closed IS NULL THEN 'no data yet'
                     ELSE concat('complete to ', c.closed, CASE WHEN c.closed - c.first_day + 1 > l.days
                       THEN format(', %s days before it are missing', c.closed - c.first_day + 1 - l.days) END,
                       CASE y.state WHEN 'closed' THEN '' WHEN 'preliminary' THEN '; yesterday is preliminary'
                       ELSE '; yesterday is ' || sp_sheet_due(c.scope, c.zone, c.today - 1, now) END) END) ORDER BY c.place), '[]')
      FROM sp_sheet_calendar(now) c
      CROSS JOIN LATERAL (
        SELECT sum(s.row_count) AS rows, max(s.loaded_at) AS loaded_at, count(*) FILTER (WHERE s.state = 'differs') AS differing,
               (count(*) FILTER (WHERE s.first_day <= c.closed AND (s.state IN ('proven', 'differs', 'empty')
                                                                    OR s.row_count > 0)))::integer AS days
        FROM sp_slices s WHERE s.dataset = 'sales_and_traffic' AND s.scope = c.scope) AS l
      CROSS JOIN LATERAL (
        SELECT count(DISTINCT t.first_day) AS restated FROM sp_restatements t
        WHERE t.dataset = 'sales_and_traffic' AND t.scope = c.scope AND t.restated_at > now - interval '30 days') AS r
      CROSS JOIN LATERAL (
        SELECT CASE WHEN c.closed >= c.today - 1 THEN 'closed' WHEN EXISTS (
            SELECT FROM sp_slices s WHERE s.dataset = 'sales_and_traffic' AND s.scope = c.scope
            AND s.first_day = c.today - 1 AND (s.state IN ('proven', 'differs', 'empty') OR s.row_count > 0))
          THEN 'preliminary' ELSE 'due' END AS state) AS y
      WHERE CASE WHEN wanted IN ('{}', '{ALL}') THEN c.closed IS NOT NULL ELSE c.code = ANY (wanted) END));
END $$;

CREATE OR REPLACE FUNCTION sheet_status(token text, marketplaces jsonb DEFAULT NULL)
RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET statement_timeout = '6s' AS $$
DECLARE
  refused constant jsonb := sp_sheet_enter(token);
  at constant timestamptz := sp_sheet_now();
  code text;
BEGIN
  RETURN coalesce(refused, jsonb_build_object('ok', true, 'version', sp_sheet_version(at), 'data',
    sp_sheet_status(marketplaces, at)));
EXCEPTION WHEN OTHERS OR query_canceled THEN
  GET STACKED DIAGNOSTICS code = PG_EXCEPTION_HINT;
  RETURN sp_sheet_failed(SQLSTATE, SQLERRM, code);
END $$;
$script$;
  INSERT INTO sp_migrations VALUES ('sheets/85_status.sql', '4a033c7762cbaa33')
  ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
END $chalkola$;

-- Nobody but the owner and service_role may use what is made here.
DO $access$
DECLARE
  made constant text[] := '{sheet_status, sp_migrations, sp_sheet_status}'::text[];
  read_functions constant text[] := '{sheet_status}'::text[];
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
