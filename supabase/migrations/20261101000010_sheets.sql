-- migrations/0010_sheets.sql of Chalkola. Written by `python -m chalkola.surfaces.docs`; it does nothing where it was applied.

DO $chalkola$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('chalkola migrate'));
  CREATE TABLE IF NOT EXISTS sp_migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
  ALTER TABLE sp_migrations ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM sp_migrations WHERE name = 'migrations/0010_sheets.sql') THEN
    RETURN;
  END IF;
  PERFORM set_config('lock_timeout', '10s', true);
  EXECUTE $script$
-- What spreadsheets ask with: tokens, of which only a digest is kept, and the calls that count against their rate.

CREATE TABLE sp_sheet_tokens (
  id text PRIMARY KEY,                       -- the part of the token that may be seen
  name text NOT NULL,
  secret_sha256 bytea NOT NULL,
  calls_a_minute integer NOT NULL DEFAULT 120 CHECK (calls_a_minute > 0),
  burst integer NOT NULL DEFAULT 60 CHECK (burst > 0),
  created_at timestamptz NOT NULL,
  last_used_at timestamptz,                  -- to the minute
  revoked_at timestamptz                     -- NULL: it is valid
);
ALTER TABLE sp_sheet_tokens ENABLE ROW LEVEL SECURITY;

-- The calls of the last minutes: written and never changed, so that calls of one token do not wait for each other.
CREATE UNLOGGED TABLE sp_sheet_calls (
  token_id text NOT NULL,
  called_at timestamptz NOT NULL             -- machine time: a rate is about this machine's work
);
CREATE INDEX idx_sp_sheet_calls ON sp_sheet_calls (token_id, called_at);
ALTER TABLE sp_sheet_calls ENABLE ROW LEVEL SECURITY;

-- The role that whoever serves sheets takes on (SET LOCAL ROLE): it may execute the functions for sheets and nothing else
-- (access.py). Roles belong to the whole server: it may be there already, or we may not be allowed to make it or to take it
-- on. `chalkola migrate` says so; nothing else depends on it.
DO $$
BEGIN
  BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'chalkola_sheets') THEN
      CREATE ROLE chalkola_sheets NOLOGIN;
    END IF;
  EXCEPTION
    WHEN insufficient_privilege THEN
      RAISE NOTICE 'the role chalkola_sheets cannot be made here: %', SQLERRM;
      RETURN;
    WHEN duplicate_object OR unique_violation THEN
      NULL;  -- another database of this server makes it at this moment
  END;
  EXECUTE format('GRANT USAGE ON SCHEMA %I TO chalkola_sheets', current_schema());
  -- Who makes a role may not take it on for that (since PostgreSQL 16). A superuser may take on any.
  IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
    EXECUTE format('GRANT chalkola_sheets TO %I', current_user);
  END IF;
EXCEPTION WHEN insufficient_privilege THEN
  RAISE NOTICE 'the role chalkola_sheets cannot be taken on here: %', SQLERRM;
END $$;
$script$;
  INSERT INTO sp_migrations VALUES ('migrations/0010_sheets.sql', '63c441e3f2e15dd6')
  ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
END $chalkola$;

-- Nobody but the owner and service_role may use what is made here.
DO $access$
DECLARE
  made constant text[] := '{sp_migrations, sp_sheet_calls, sp_sheet_tokens}'::text[];
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
