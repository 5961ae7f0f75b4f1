-- functions/15_slots.sql of Chalkola. Written by `python -m chalkola.surfaces.docs`; it does nothing where it was applied.

DO $chalkola$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('chalkola migrate'));
  CREATE TABLE IF NOT EXISTS sp_migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
  ALTER TABLE sp_migrations ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM sp_migrations WHERE name = 'functions/15_slots.sql' AND checksum = '8debbe7f72510990') THEN
    RETURN;
  END IF;
  PERFORM set_config('lock_timeout', '10s', true);
  EXECUTE $script$
-- How many questions of one kind an account may have under way.

-- The slots that are full: as many questions of a kind are under way as Amazon takes of an account, or one, as long as
-- it has accepted none of that kind yet.
CREATE OR REPLACE FUNCTION sp_full_slots()
RETURNS text[] LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
  SELECT coalesce(array_agg(u.slot), '{}') FROM (
    SELECT p.slot, count(*) AS questions FROM sp_pulls p
    WHERE p.finished_at IS NULL AND p.slot IS NOT NULL AND p.stage IN ('asking', 'looking', 'asked')
    GROUP BY p.slot) AS u
  JOIN sp_slots s ON s.key = u.slot
  WHERE u.questions >= CASE WHEN s.accepted THEN s.most ELSE 1 END;
$$;

-- Declare how many questions may be under way. One that was lowered comes back by one a day.
CREATE OR REPLACE FUNCTION sp_define_slot(key text, most integer, now timestamptz)
RETURNS void LANGUAGE sql SET search_path = public, pg_temp AS $$
  INSERT INTO sp_slots AS s (key, most) VALUES ($1, $2)
  ON CONFLICT ON CONSTRAINT sp_slots_pkey DO UPDATE SET
    most = CASE WHEN s.refused_at IS NULL OR s.most > $2 THEN $2 ELSE s.most + 1 END,
    refused_at = CASE WHEN s.refused_at IS NULL OR s.most + 1 >= $2 THEN NULL ELSE $3 END
  WHERE s.most <> $2 AND (s.refused_at IS NULL OR s.most > $2 OR s.refused_at <= $3 - interval '24 hours');
$$;

-- Amazon has refused a question while others of its kind were under way: from now on no more than those.
CREATE OR REPLACE FUNCTION sp_lower_slot(pull_id bigint, now timestamptz)
RETURNS void LANGUAGE sql SET search_path = public, pg_temp AS $$
  UPDATE sp_slots s SET most = least(s.most, u.others), refused_at = $2
  FROM (SELECT asked.slot, count(*)::integer AS others FROM sp_pulls p
        JOIN sp_pulls asked ON asked.slot = p.slot AND asked.id <> p.id AND asked.finished_at IS NULL
          AND asked.stage IN ('looking', 'asked')
        WHERE p.id = $1 GROUP BY asked.slot) AS u
  WHERE s.key = u.slot;
$$;
$script$;
  INSERT INTO sp_migrations VALUES ('functions/15_slots.sql', '8debbe7f72510990')
  ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
END $chalkola$;

-- Nobody but the owner and service_role may use what is made here.
DO $access$
DECLARE
  made constant text[] := '{sp_define_slot, sp_full_slots, sp_lower_slot, sp_migrations}'::text[];
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
