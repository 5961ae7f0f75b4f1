-- functions/30_merge.sql of Chalkola. Written by `python -m chalkola.surfaces.docs`; it does nothing where it was applied.

DO $chalkola$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('chalkola migrate'));
  CREATE TABLE IF NOT EXISTS sp_migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
  ALTER TABLE sp_migrations ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM sp_migrations WHERE name = 'functions/30_merge.sql' AND checksum = '45c811cce9af4395') THEN
    RETURN;
  END IF;
  PERFORM set_config('lock_timeout', '10s', true);
  EXECUTE $script$
-- Write what has changed into a table, inside one box. `staging` (SQL: a table, or a query in brackets) has the rows that
-- are changed ('changed': an answer says something else of it than the one before; 'filled': it only knows more, or others
-- changed) or that the answer no longer has ('withdrawn'), by `key`. `columns` are the source's own, so that it leaves what
-- only another source knows. `stamps` names the columns in which it is noted: {source, changed, times, gone}, null where the
-- table has none. Where there is one for what is gone, withdrawn rows are marked and kept, else they are deleted.
CREATE OR REPLACE FUNCTION sp_change(target text, staging text, key text[], columns text[], stamps jsonb, pull_id bigint,
                                     source text, now timestamptz)
RETURNS void LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  same_key text := (SELECT string_agg(format('t.%1$I = s.%1$I', k), ' AND ') FROM unnest(key) k);
  written text := (
    SELECT string_agg(format('%I = %s', w.name, w.value), ', ')
    FROM (SELECT c, format('s.%I', c) FROM unnest(columns) c
          UNION ALL VALUES
            ('pull_id', '$1'),
            (stamps ->> 'source', '$2'),
            (stamps ->> 'changed',
             'CASE s.becomes WHEN ''changed'' THEN $3 ELSE t.' || quote_ident(stamps ->> 'changed') || ' END'),
            (stamps ->> 'times',
             'coalesce(t.' || quote_ident(stamps ->> 'times') || ', 0) + (s.becomes = ''changed'')::integer'),
            (stamps ->> 'gone', 'NULL')) AS w (name, value)
    WHERE w.name IS NOT NULL);
  left_behind text := (
    SELECT string_agg(format('%I = %s', w.name, w.value), ', ')
    FROM (VALUES (stamps ->> 'gone', '$2'), (stamps ->> 'changed', '$2'), ('pull_id', '$1')) AS w (name, value)
    WHERE w.name IS NOT NULL);
BEGIN
  EXECUTE format('UPDATE %I t SET %s FROM %s s WHERE s.becomes <> ''withdrawn'' AND %s',
                 target, written, staging, same_key) USING pull_id, source, now;
  IF stamps ->> 'gone' IS NULL THEN
    EXECUTE format('DELETE FROM %I t USING %s s WHERE s.becomes = ''withdrawn'' AND %s', target, staging, same_key);
  ELSE
    EXECUTE format('UPDATE %I t SET %s FROM %s s WHERE s.becomes = ''withdrawn'' AND %s',
                   target, left_behind, staging, same_key) USING pull_id, now;
  END IF;
END $$;
DROP FUNCTION IF EXISTS sp_change(text, text, text[], text[], bigint, text, timestamptz);
DROP FUNCTION IF EXISTS sp_merge(text, text, text[], text[], date, uuid, bigint);
$script$;
  INSERT INTO sp_migrations VALUES ('functions/30_merge.sql', '45c811cce9af4395')
  ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
END $chalkola$;

-- Nobody but the owner and service_role may use what is made here.
DO $access$
DECLARE
  made constant text[] := '{sp_change, sp_migrations}'::text[];
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
