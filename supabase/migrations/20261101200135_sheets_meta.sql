-- sheets/95_meta.sql of Chalkola. Written by `python -m chalkola.surfaces.docs`; it does nothing where it was applied.

DO $chalkola$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('chalkola migrate'));
  CREATE TABLE IF NOT EXISTS sp_migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
  ALTER TABLE sp_migrations ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM sp_migrations WHERE name = 'sheets/95_meta.sql' AND checksum = '5004956bc57af7da') THEN
    RETURN;
  END IF;
  PERFORM set_config('lock_timeout', '10s', true);
  EXECUTE $script$
-- What tabs there are, and how fresh.

CREATE OR REPLACE FUNCTION sp_sheet_meta(currency text, now timestamptz)
RETURNS jsonb LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
  target constant text := sp_sheet_currency(currency);
BEGIN
  RETURN (
    WITH there AS MATERIALIZED (SELECT * FROM sp_sheet_calendar(now) c WHERE c.closed IS NOT NULL),
    together AS (SELECT min(closed) AS closed FROM there WHERE closed >= (SELECT max(closed) FROM there) - 7),
    known AS (
      SELECT k.marketplace_id, count(*) AS rows FROM sp_sheet_known(ARRAY(SELECT marketplace_id FROM there)) k
      WHERE k.last_day >= (now AT TIME ZONE 'UTC')::date - 400 OR k.is_listed GROUP BY 1)
    SELECT jsonb_build_object(
      'tabs', (SELECT coalesce(jsonb_agg(jsonb_build_object('tab', '_' || c.code, 'marketplace', c.code, 'rows',
                 coalesce(k.rows, 0)) ORDER BY c.place), '[]')
               FROM there c LEFT JOIN known k USING (marketplace_id))
              || CASE WHEN EXISTS (SELECT FROM there) THEN
                   '[{"tab": "_ALL", "marketplace": "ALL"}, {"tab": "_daily"}]'::jsonb ELSE '[]' END,
      'last_closed', (SELECT coalesce(jsonb_object_agg(c.code, c.closed), '{}') FROM there c)
                     || coalesce((SELECT jsonb_build_object('ALL', t.closed) FROM together t WHERE t.closed IS NOT NULL), '{}'),
      'fx_date', (SELECT max(f.date) FROM fx_rates f WHERE target IS NULL OR target = 'EUR' OR f.currency_code = target),
      'made_at', (SELECT to_char(max(s.loaded_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') FROM sp_slices s
                  WHERE s.dataset IN ('sales_and_traffic', 'daily_totals', 'daily_parents')),
      'freshness', (
        SELECT CASE WHEN max(c.closed) IS NULL THEN 'No data yet.' ELSE concat('Up to ', max(c.closed),
          coalesce('; ' || string_agg(concat(c.code, ' up to ', c.closed), ', ' ORDER BY c.place)
                   FILTER (WHERE c.closed < (SELECT max(closed) FROM there)), ''), '.') END FROM there c)));
END $$;

CREATE OR REPLACE FUNCTION sheet_meta(token text,
    currency text DEFAULT NULL)
RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET statement_timeout = '6s' AS $$
DECLARE
  refused constant jsonb := sp_sheet_enter(token);
  at constant timestamptz := sp_sheet_now();
  code text;
BEGIN
  RETURN coalesce(refused, jsonb_build_object('ok', true, 'version', sp_sheet_version(at), 'data',
    sp_sheet_meta(currency, at)));
EXCEPTION WHEN OTHERS OR query_canceled THEN
  GET STACKED DIAGNOSTICS code = PG_EXCEPTION_HINT;
  RETURN sp_sheet_failed(SQLSTATE, SQLERRM, code);
END $$;
$script$;
  INSERT INTO sp_migrations VALUES ('sheets/95_meta.sql', '5004956bc57af7da')
  ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
END $chalkola$;

-- Nobody but the owner and service_role may use what is made here.
DO $access$
DECLARE
  made constant text[] := '{sheet_meta, sp_migrations, sp_sheet_meta}'::text[];
  read_functions constant text[] := '{sheet_meta}'::text[];
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
