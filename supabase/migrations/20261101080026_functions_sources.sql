-- functions/26_sources.sql of Chalkola. Written by `python -m chalkola.surfaces.docs`; it does nothing where it was applied.

DO $chalkola$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('chalkola migrate'));
  CREATE TABLE IF NOT EXISTS sp_migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
  ALTER TABLE sp_migrations ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM sp_migrations WHERE name = 'functions/26_sources.sql' AND checksum = '5f391c3800a0f4da') THEN
    RETURN;
  END IF;
  PERFORM set_config('lock_timeout', '10s', true);
  EXECUTE $script$
-- What Amazon lets an account use, what was learned of it, and what people are to know.

-- Close a source for an account: its open pulls that have no ticket end here, and so does the one it showed on.
CREATE OR REPLACE FUNCTION sp_close_source(account text, source text, reason text, fingerprint text,
                                           showed_on bigint, now timestamptz)
RETURNS void LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  pull sp_pulls;
  ended bigint[] := '{}';
BEGIN
  INSERT INTO sp_sources (account, source, closed_at, reason, token_fingerprint) VALUES ($1, $2, $6, $3, $4)
  ON CONFLICT ON CONSTRAINT sp_sources_pkey DO UPDATE SET
    closed_at = excluded.closed_at, reason = excluded.reason, token_fingerprint = excluded.token_fingerprint;
  FOR pull IN UPDATE sp_pulls p SET stage = 'refused', finished_at = $6, failure = $3, waiting_for = NULL, needs = '{}',
                lease_owner = NULL, lease_until = NULL
              WHERE p.account = $1 AND p.source = $2 AND p.finished_at IS NULL
                AND (p.ticket IS NULL OR p.id = showed_on)
              RETURNING p.* LOOP
    UPDATE sp_slots s SET accepted = false WHERE s.key = pull.slot;  -- tried again, it is tried with one question
    ended := ended || pull.id;
  END LOOP;
  INSERT INTO sp_pull_events (pull_id, at, what, said)
  SELECT closing.id, $6, 'source closed', $3 FROM unnest(ended) AS closing (id);
  PERFORM 1 FROM sp_slices l WHERE (l.dataset, l.scope, l.first_day) IN (
    SELECT ps.dataset, ps.scope, ps.first_day FROM sp_pull_slices ps WHERE ps.pull_id = ANY (ended))
  ORDER BY l.dataset, l.scope, l.first_day FOR UPDATE;
  UPDATE sp_slices s SET state = 'closed', reason = $3 FROM sp_pull_slices ps
  WHERE ps.pull_id = ANY (ended) AND (s.dataset, s.scope, s.first_day) = (ps.dataset, ps.scope, ps.first_day)
    AND s.state IN ('due', 'asked', 'failed');
  PERFORM sp_note_data_pulls(ended, $6);
END $$;
DROP FUNCTION IF EXISTS sp_close_source(text, text, text, text, timestamptz);

-- Note that an account opens no other marketplaces any more than these (Amazon's ids): its open pulls that have no ticket
-- and name another one end here, and so does the one it showed on. Days of marketplaces that are open are due again.
CREATE OR REPLACE FUNCTION sp_lose_marketplaces(account text, opens text[], reason text, showed_on bigint, now timestamptz)
RETURNS void LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  ended bigint[];
BEGIN
  UPDATE sp_accounts a SET marketplaces = opens, seen_at = now WHERE a.account = $1;
  WITH gone AS (
    UPDATE sp_pulls p SET stage = 'refused', finished_at = now, failure = $3, waiting_for = NULL, needs = '{}',
      lease_owner = NULL, lease_until = NULL,
      redone_at = now  -- what is left of it is planned anew
    WHERE p.account = $1 AND p.finished_at IS NULL AND (p.ticket IS NULL OR p.id = showed_on)
      AND EXISTS (SELECT FROM sp_pull_slices ps
                  WHERE ps.pull_id = p.id AND ps.amazon_marketplace_id <> ALL (opens))
    RETURNING p.id)
  SELECT coalesce(array_agg(gone.id), '{}') INTO ended FROM gone;
  INSERT INTO sp_pull_events (pull_id, at, what, said)
  SELECT closing.id, now, 'source closed', $3 FROM unnest(ended) AS closing (id);
  PERFORM 1 FROM sp_slices l WHERE (l.dataset, l.scope, l.first_day) IN (
    SELECT ps.dataset, ps.scope, ps.first_day FROM sp_pull_slices ps WHERE ps.pull_id = ANY (ended))
  ORDER BY l.dataset, l.scope, l.first_day FOR UPDATE;
  UPDATE sp_slices s SET
    state = CASE WHEN ps.amazon_marketplace_id = ANY (opens) THEN 'due' ELSE 'closed' END,
    reason = CASE WHEN ps.amazon_marketplace_id = ANY (opens) THEN s.reason ELSE $3 END
  FROM sp_pull_slices ps
  WHERE ps.pull_id = ANY (ended) AND (s.dataset, s.scope, s.first_day) = (ps.dataset, ps.scope, ps.first_day)
    AND s.state IN ('due', 'asked', 'failed');
  PERFORM sp_note_data_pulls(ended, now);
END $$;

-- Amazon has accepted a question: whatever was closed is open, and its alert is cured.
CREATE OR REPLACE FUNCTION sp_open_source(account text, source text, now timestamptz)
RETURNS void LANGUAGE sql SET search_path = public, pg_temp AS $$
  UPDATE sp_alerts a SET cured_at = $3
  WHERE a.rule = 'source closed' AND a.subject = $2 || ' ' || $1 AND a.cured_at IS NULL
    AND EXISTS (SELECT FROM sp_sources s WHERE s.account = $1 AND s.source = $2 AND s.closed_at IS NOT NULL);
  UPDATE sp_sources s SET closed_at = NULL, reason = NULL
  WHERE s.account = $1 AND s.source = $2 AND s.closed_at IS NOT NULL;
$$;

-- Remember what one question may span, after Amazon has refused more.
CREATE OR REPLACE FUNCTION sp_learn_limits(account text, source text, limits jsonb)
RETURNS void LANGUAGE sql SET search_path = public, pg_temp AS $$
  INSERT INTO sp_sources AS s (account, source, limits) VALUES ($1, $2, $3)
  ON CONFLICT ON CONSTRAINT sp_sources_pkey DO UPDATE SET limits = excluded.limits;
$$;

-- Raise an alert, once for each subject until it is cured.
CREATE OR REPLACE FUNCTION sp_raise_alert(rule text, subject text, message text, now timestamptz)
RETURNS void LANGUAGE sql SET search_path = public, pg_temp AS $$
  INSERT INTO sp_alerts (rule, subject, message, raised_at) VALUES ($1, $2, $3, $4)
  ON CONFLICT (rule, subject) WHERE cured_at IS NULL DO UPDATE SET message = excluded.message;
$$;
$script$;
  INSERT INTO sp_migrations VALUES ('functions/26_sources.sql', '5f391c3800a0f4da')
  ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
END $chalkola$;

-- Nobody but the owner and service_role may use what is made here.
DO $access$
DECLARE
  made constant text[] := '{sp_close_source, sp_learn_limits, sp_lose_marketplaces, sp_migrations, sp_open_source, sp_raise_alert}'::text[];
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
