-- migrations/0007_alerts.sql of Chalkola. Written by `python -m chalkola.surfaces.docs`; it does nothing where it was applied.

DO $chalkola$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('chalkola migrate'));
  CREATE TABLE IF NOT EXISTS sp_migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
  ALTER TABLE sp_migrations ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM sp_migrations WHERE name = 'migrations/0007_alerts.sql') THEN
    RETURN;
  END IF;
  PERFORM set_config('lock_timeout', '10s', true);
  EXECUTE $script$
-- Alerts: what a person should do about each, and who has been told of it.

ALTER TABLE sp_alerts
  ADD COLUMN severity text CHECK (severity IN ('note', 'warning', 'fault')),  -- NULL: no rule has seen it yet
  ADD COLUMN grade integer NOT NULL DEFAULT 1,  -- how grave it is now; told again when it exceeds what was told
  ADD COLUMN why text,
  ADD COLUMN done text,                      -- what was done about it
  ADD COLUMN todo text,                      -- what a person is to do
  ADD COLUMN cause text,                     -- rule/subject of the alert that explains this one, and is told instead
  ADD COLUMN found_at timestamptz;           -- when a rule saw it last
COMMENT ON COLUMN sp_alerts.message IS 'What is.';

-- A muted alert is kept and shown, and nobody is told of it.
CREATE TABLE sp_alert_mutes (
  rule text NOT NULL,
  subject text NOT NULL DEFAULT '',          -- empty: every subject of the rule
  until timestamptz NOT NULL,
  PRIMARY KEY (rule, subject)
);

-- Every message that was, or is to be, delivered: of an alert by how grave it was, of its cure, and of a digest by its day.
CREATE TABLE sp_alert_deliveries (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  channel text NOT NULL,                     -- Slack, mail
  kind text NOT NULL CHECK (kind IN ('raised', 'cured', 'digest')),
  alert_id bigint REFERENCES sp_alerts (id) ON DELETE CASCADE,
  grade integer NOT NULL DEFAULT 0,          -- of 'raised'
  day date,                                  -- of 'digest'
  tries integer NOT NULL DEFAULT 1,
  tried_at timestamptz NOT NULL,
  delivered_at timestamptz,                  -- NULL: not yet
  failure text,                              -- why the last try failed
  sending_until timestamptz,                 -- machine time: whoever is sending it has so long
  CHECK ((kind = 'digest') = (alert_id IS NULL) AND (kind = 'digest') = (day IS NOT NULL)),
  UNIQUE NULLS NOT DISTINCT (channel, kind, alert_id, grade, day)
);
CREATE INDEX idx_sp_alert_deliveries_alert ON sp_alert_deliveries (alert_id);

ALTER TABLE sp_alert_mutes ENABLE ROW LEVEL SECURITY;
ALTER TABLE sp_alert_deliveries ENABLE ROW LEVEL SECURITY;
$script$;
  INSERT INTO sp_migrations VALUES ('migrations/0007_alerts.sql', 'b1e8fa75b1e22014')
  ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
END $chalkola$;

-- Nobody but the owner and service_role may use what is made here.
DO $access$
DECLARE
  made constant text[] := '{sp_alert_deliveries, sp_alert_mutes, sp_migrations}'::text[];
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
