-- functions/50_alerts.sql of Chalkola. Written by `python -m chalkola.surfaces.docs`; it does nothing where it was applied.

DO $chalkola$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('chalkola migrate'));
  CREATE TABLE IF NOT EXISTS sp_migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
  ALTER TABLE sp_migrations ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM sp_migrations WHERE name = 'functions/50_alerts.sql' AND checksum = '88e49fde43c07907') THEN
    RETURN;
  END IF;
  PERFORM set_config('lock_timeout', '10s', true);
  EXECUTE $script$
-- Alerts and their deliveries. What is to be raised, closed and told is decided in Python, from values; here it is kept.

-- Write down what the rules have found, and close the alerts in `ended`. `seen` is a list of {rule, subject, severity,
-- grade, message, why, done, todo, cause}. One run after the other, for what one closes another may have found.
CREATE OR REPLACE FUNCTION sp_see_alerts(seen jsonb, ended bigint[], now timestamptz)
RETURNS void LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('chalkola alerts'));
  INSERT INTO sp_alerts (rule, subject, message, severity, grade, why, done, todo, cause, raised_at, found_at)
  SELECT f.rule, f.subject, f.message, f.severity, f.grade, f.why, f.done, f.todo, f.cause, now, now
  FROM jsonb_to_recordset(seen) AS f (rule text, subject text, message text, severity text, grade integer, why text,
                                      done text, todo text, cause text)
  ON CONFLICT (rule, subject) WHERE cured_at IS NULL DO UPDATE SET
    message = excluded.message, severity = excluded.severity, grade = excluded.grade, why = excluded.why,
    done = excluded.done, todo = excluded.todo, cause = excluded.cause, found_at = excluded.found_at;
  UPDATE sp_alerts a SET cured_at = now WHERE a.id = ANY (ended) AND a.cured_at IS NULL;
END $$;

-- Claim messages for a channel: each is sent by one run only, and never again once it was delivered. `wanted` is a list
-- of {kind, alert_id, grade, day}. Return those that the caller is to send within `lease` (machine time).
CREATE OR REPLACE FUNCTION sp_claim_deliveries(channel text, wanted jsonb, lease interval, now timestamptz)
RETURNS SETOF sp_alert_deliveries LANGUAGE sql SET search_path = public, pg_temp AS $$
  INSERT INTO sp_alert_deliveries AS d (channel, kind, alert_id, grade, day, tried_at, sending_until)
  SELECT $1, w.kind, w.alert_id, coalesce(w.grade, 0), w.day, $4, clock_timestamp() + $3
  FROM jsonb_to_recordset($2) AS w (kind text, alert_id bigint, grade integer, day date)
  ORDER BY w.kind, w.alert_id, w.grade, w.day
  ON CONFLICT (channel, kind, alert_id, grade, day) DO UPDATE SET
    tries = d.tries + 1, tried_at = excluded.tried_at, sending_until = excluded.sending_until
  WHERE d.delivered_at IS NULL AND (d.sending_until IS NULL OR d.sending_until < clock_timestamp())
  RETURNING d.*;
$$;

-- Write down how the sending of claimed messages ended. `failure` is NULL when they were delivered.
CREATE OR REPLACE FUNCTION sp_note_deliveries(ids bigint[], failure text, now timestamptz)
RETURNS void LANGUAGE sql SET search_path = public, pg_temp AS $$
  UPDATE sp_alert_deliveries d SET
    delivered_at = CASE WHEN $2 IS NULL THEN $3 END, failure = $2, sending_until = NULL
  WHERE d.id = ANY ($1) AND d.delivered_at IS NULL;
$$;

-- Tell nobody of a rule's alerts on a subject (empty: on any) before `until`; NULL: tell again from now on.
CREATE OR REPLACE FUNCTION sp_mute_alert(rule text, subject text, until timestamptz)
RETURNS void LANGUAGE sql SET search_path = public, pg_temp AS $$
  DELETE FROM sp_alert_mutes m WHERE m.rule = $1 AND m.subject = $2 AND $3 IS NULL;
  INSERT INTO sp_alert_mutes (rule, subject, until) SELECT $1, $2, $3 WHERE $3 IS NOT NULL
  ON CONFLICT ON CONSTRAINT sp_alert_mutes_pkey DO UPDATE SET until = excluded.until;
$$;

-- Have something else hold of a rule: whether it is on, and its thresholds that are not the usual ones.
CREATE OR REPLACE FUNCTION sp_change_alert_setting(
  rule text, enabled boolean, thresholds jsonb, now timestamptz, changed_by text)
RETURNS void LANGUAGE sql SET search_path = public, pg_temp AS $$
  INSERT INTO sp_alert_settings (rule, enabled, thresholds, changed_at, changed_by) VALUES ($1, $2, $3, $4, $5);
$$;
$script$;
  INSERT INTO sp_migrations VALUES ('functions/50_alerts.sql', '88e49fde43c07907')
  ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
END $chalkola$;

-- Nobody but the owner and service_role may use what is made here.
DO $access$
DECLARE
  made constant text[] := '{sp_change_alert_setting, sp_claim_deliveries, sp_migrations, sp_mute_alert, sp_note_deliveries, sp_see_alerts}'::text[];
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
