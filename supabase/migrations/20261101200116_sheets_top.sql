-- sheets/76_top.sql of Chalkola. Written by `python -m chalkola.surfaces.docs`; it does nothing where it was applied.

DO $chalkola$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('chalkola migrate'));
  CREATE TABLE IF NOT EXISTS sp_migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
  ALTER TABLE sp_migrations ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM sp_migrations WHERE name = 'sheets/76_top.sql' AND checksum = '15175f4f699a88ec') THEN
    RETURN;
  END IF;
  PERFORM set_config('lock_timeout', '10s', true);
  EXECUTE $script$
-- The products with most or least of a metric, or whose metric moved most, beside the period before.
CREATE OR REPLACE FUNCTION sp_sheet_top(marketplace text, metric text, period text, n text, direction text, level text,
                                        currency text, start text, "end" text, now timestamptz)
RETURNS jsonb LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
  wanted constant text := sp_sheet_metric(metric);
  place constant text := sp_sheet_marketplace(marketplace);
  target constant text := sp_sheet_target(wanted, ARRAY[place], currency);
  most constant integer := sp_sheet_number(n, 'n', 1, 1000, 20);
  towards constant text := sp_sheet_choice(direction, 'direction', '{most,least,up,down}');
  of_level constant text := sp_sheet_choice(level, 'level', '{child,parent}');
  columns constant jsonb := sp_sheet_pair(place, period, 'previous', start, "end", target, now);
  asins constant text[] := ARRAY(
    SELECT DISTINCT k.asin
    FROM sp_sheet_known(ARRAY(SELECT m::uuid FROM jsonb_array_elements_text(columns -> 0 -> 'members') m)) k
    WHERE k.level = of_level);
  rows jsonb;
BEGIN
  WITH figures AS (
    SELECT asins[c.n] AS asin, max(c.figures[1]) FILTER (WHERE c.col = 1) AS this, max(c.figures[1]) FILTER (WHERE c.col = 2) AS that
    FROM sp_sheet_cells(ARRAY[wanted], asins, columns, target) c GROUP BY 1
  ), ranked AS (
    SELECT f.*, row_number() OVER (ORDER BY CASE towards WHEN 'most' THEN -f.this WHEN 'least' THEN f.this
                                              WHEN 'up' THEN f.that - f.this ELSE f.this - f.that END, f.asin COLLATE "C") AS place
    FROM figures f
    WHERE f.this IS NOT NULL AND (towards NOT IN ('up', 'down') OR CASE towards WHEN 'up' THEN f.this > f.that ELSE f.this < f.that END)
  )
  SELECT coalesce(jsonb_agg(jsonb_build_array(r.asin, f.title, f.sku, r.this, r.that, r.this - r.that,
                                              round((r.this - r.that) / nullif(r.that, 0), 4)) ORDER BY r.place), '[]')
  INTO rows
  FROM ranked r
  LEFT JOIN sp_sheet_facts(ARRAY(SELECT t.asin FROM ranked t WHERE t.place <= most),
                           ARRAY(SELECT m::uuid FROM jsonb_array_elements_text(columns -> 0 -> 'members') m)) f ON f.asin = r.asin
  WHERE r.place <= most;
  RETURN jsonb_build_object('header', jsonb_build_array('asin', 'title', 'sku', wanted, 'before', 'change', 'change ratio'),
                            'now', sp_sheet_told(columns) -> 0, 'then', sp_sheet_told(columns) -> 1, 'rows', rows);
END $$;

CREATE OR REPLACE FUNCTION sheet_top(token text,
    marketplace text DEFAULT NULL, metric text DEFAULT NULL, period text DEFAULT NULL,
    n text DEFAULT NULL, direction text DEFAULT NULL, level text DEFAULT NULL,
    currency text DEFAULT NULL, start text DEFAULT NULL, "end" text DEFAULT NULL)
RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET statement_timeout = '6s' AS $$
DECLARE
  refused constant jsonb := sp_sheet_enter(token);
  at constant timestamptz := sp_sheet_now();
  code text;
BEGIN
  RETURN coalesce(refused, jsonb_build_object('ok', true, 'version', sp_sheet_version(at), 'data',
    sp_sheet_top(marketplace, metric, period, n, direction, level, currency, start, "end", at)));
EXCEPTION WHEN OTHERS OR query_canceled THEN
  GET STACKED DIAGNOSTICS code = PG_EXCEPTION_HINT;
  RETURN sp_sheet_failed(SQLSTATE, SQLERRM, code);
END $$;
$script$;
  INSERT INTO sp_migrations VALUES ('sheets/76_top.sql', '15175f4f699a88ec')
  ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
END $chalkola$;

-- Nobody but the owner and service_role may use what is made here.
DO $access$
DECLARE
  made constant text[] := '{sheet_top, sp_migrations, sp_sheet_top}'::text[];
  read_functions constant text[] := '{sheet_top}'::text[];
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
