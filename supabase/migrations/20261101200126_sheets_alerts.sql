-- sheets/86_alerts.sql of Chalkola. Written by `python -m chalkola.surfaces.docs`; it does nothing where it was applied.

DO $chalkola$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('chalkola migrate'));
  CREATE TABLE IF NOT EXISTS sp_migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
  ALTER TABLE sp_migrations ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM sp_migrations WHERE name = 'sheets/86_alerts.sql' AND checksum = '8acde483fc6292bc') THEN
    RETURN;
  END IF;
  PERFORM set_config('lock_timeout', '10s', true);
  EXECUTE $script$
-- What is wrong or deserves a look: the open alerts, the gravest first. An alert that another one explains is told by it.
CREATE OR REPLACE FUNCTION sp_sheet_alerts(marketplace text, rule text)
RETURNS jsonb LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
  sought constant text := CASE WHEN nullif(btrim(marketplace), '') IS NOT NULL THEN sp_sheet_marketplace(marketplace) END;
  named constant text := nullif(regexp_replace(lower(btrim(rule)), '[_\s]+', ' ', 'g'), '');
BEGIN
  RETURN jsonb_build_object(
    'header', jsonb_build_array('rule', 'marketplace', 'since', 'what', 'what to do'),
    'rows', (
      SELECT coalesce(jsonb_agg(jsonb_build_array(a.rule, m.code, to_char(a.raised_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'),
               concat_ws(' ', a.message, nullif(a.why, '')), nullif(a.todo, ''))
             ORDER BY array_position('{fault,warning,note}'::text[], a.severity), a.raised_at DESC, a.id), '[]')
      FROM sp_alerts a
      LEFT JOIN sp_sheet_marketplaces() m ON m.code = split_part(a.subject, ' ', 1)
      WHERE a.cured_at IS NULL AND a.cause IS NULL AND (named IS NULL OR a.rule = named)
        AND (sought IS NULL OR sought = 'ALL' OR m.code = sought)));
END $$;

CREATE OR REPLACE FUNCTION sheet_alerts(token text,
    marketplace text DEFAULT NULL, rule text DEFAULT NULL)
RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET statement_timeout = '6s' AS $$
DECLARE
  refused constant jsonb := sp_sheet_enter(token);
  at constant timestamptz := sp_sheet_now();
  code text;
BEGIN
  RETURN coalesce(refused, jsonb_build_object('ok', true, 'version', sp_sheet_version(at), 'data',
    sp_sheet_alerts(marketplace, rule)));
EXCEPTION WHEN OTHERS OR query_canceled THEN
  GET STACKED DIAGNOSTICS code = PG_EXCEPTION_HINT;
  RETURN sp_sheet_failed(SQLSTATE, SQLERRM, code);
END $$;
$script$;
  INSERT INTO sp_migrations VALUES ('sheets/86_alerts.sql', '8acde483fc6292bc')
  ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
END $chalkola$;

-- Nobody but the owner and service_role may use what is made here.
DO $access$
DECLARE
  made constant text[] := '{sheet_alerts, sp_migrations, sp_sheet_alerts}'::text[];
  read_functions constant text[] := '{sheet_alerts}'::text[];
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
