-- migrations/0015_web_sessions.sql of Chalkola. Written by `python -m chalkola.surfaces.docs`; it does nothing where it was applied.

DO $chalkola$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('chalkola migrate'));
  CREATE TABLE IF NOT EXISTS sp_migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
  ALTER TABLE sp_migrations ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM sp_migrations WHERE name = 'migrations/0015_web_sessions.sql') THEN
    RETURN;
  END IF;
  PERFORM set_config('lock_timeout', '10s', true);
  EXECUTE $script$
-- Who has signed in to the pages, and until when that holds. Of what the browser shows only a digest is kept.

CREATE TABLE sp_web_sessions (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  digest bytea NOT NULL UNIQUE,              -- HMAC-SHA-256 of the cookie with SESSION_SECRET
  email text NOT NULL,                       -- verified by Google, in small letters
  name text NOT NULL DEFAULT '',             -- as Google has it
  signed_in_at timestamptz NOT NULL,         -- machine time, as all times here
  seen_at timestamptz NOT NULL,              -- to the minute
  expires_at timestamptz NOT NULL,
  ended_at timestamptz,                      -- NULL: nobody has ended it
  ended_by text                              -- the address of whoever did
);
CREATE INDEX idx_sp_web_sessions_email ON sp_web_sessions (email, signed_in_at DESC);
ALTER TABLE sp_web_sessions ENABLE ROW LEVEL SECURITY;
$script$;
  INSERT INTO sp_migrations VALUES ('migrations/0015_web_sessions.sql', 'c435bb8768d43984')
  ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
END $chalkola$;

-- Nobody but the owner and service_role may use what is made here.
DO $access$
DECLARE
  made constant text[] := '{sp_migrations, sp_web_sessions}'::text[];
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
