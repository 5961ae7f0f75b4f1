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
