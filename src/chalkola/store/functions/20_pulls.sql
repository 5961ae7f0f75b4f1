-- The life of a pull: plan -> claim (which takes the turns and writes the intent) -> ticket -> postpone … -> finish.
-- Each verb is one transaction. All but `sp_plan` and `sp_claim` are fenced: they raise CH001 when the caller's lease
-- has run out and somebody else has claimed the pull since. What a person would want to know of it later each verb writes
-- into `sp_pull_events`; that Amazon is still at work is no event.

-- Write questions down. `pulls` is a list of {source, account, question, question_key, first_day, last_day, settled,
-- creation, rank, slot, filters, redoes, slices: [{dataset, scope, first_day, marketplace_id, amazon_marketplace_id}]}, in
-- the order in which they are to be asked; `redoes` is a refused pull whose ASINs and days are in them. Return the ids of
-- the open lines, new or already there.
CREATE OR REPLACE FUNCTION sp_plan(pulls jsonb, now timestamptz)
RETURNS SETOF bigint LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  INSERT INTO sp_pulls (source, account, question, question_key, first_day, last_day, settled, creation, needs, rank,
                        slot, filters, run_at, created_at)
  SELECT p.source, p.account, p.question, p.question_key, p.first_day, p.last_day, p.settled, p.creation, p.creation,
         p.rank, p.slot, p.filters, now, now
  FROM jsonb_to_recordset(pulls) AS p (source text, account text, question jsonb, question_key text, first_day date,
                                       last_day date, settled boolean, creation text[], rank smallint, slot text,
                                       filters jsonb)
  ON CONFLICT (question_key) WHERE finished_at IS NULL DO NOTHING;

  INSERT INTO sp_pull_slices (pull_id, dataset, scope, first_day, marketplace_id, amazon_marketplace_id)
  SELECT open.id, s.dataset, s.scope, s.first_day, s.marketplace_id, s.amazon_marketplace_id
  FROM jsonb_to_recordset(pulls) AS p (question_key text, slices jsonb)
  JOIN sp_pulls open ON open.question_key = p.question_key AND open.finished_at IS NULL
  CROSS JOIN jsonb_to_recordset(p.slices) AS s (dataset text, scope text, first_day date, marketplace_id uuid,
                                                amazon_marketplace_id text)
  ON CONFLICT DO NOTHING;

  INSERT INTO sp_slices (dataset, scope, first_day)
  SELECT s.dataset, s.scope, s.first_day
  FROM jsonb_to_recordset(pulls) AS p (slices jsonb)
  CROSS JOIN jsonb_to_recordset(p.slices) AS s (dataset text, scope text, first_day date)
  ON CONFLICT DO NOTHING;

  UPDATE sp_pulls SET redone_at = now
  WHERE id IN (SELECT p.redoes FROM jsonb_to_recordset(pulls) AS p (redoes bigint)) AND redone_at IS NULL;

  RETURN QUERY
  SELECT open.id FROM jsonb_to_recordset(pulls) AS p (question_key text)
  JOIN sp_pulls open ON open.question_key = p.question_key AND open.finished_at IS NULL;
END $$;

-- Keep the mission's table in step with the slices of some pulls: one line a data day and marketplace of sales and
-- traffic. Lines are locked in one order by everybody, so that two such calls never wait for each other in a ring.
CREATE OR REPLACE FUNCTION sp_note_data_pulls(pulls bigint[], now timestamptz)
RETURNS void LANGUAGE sql SET search_path = public, pg_temp AS $$
  INSERT INTO sp_data_pulls AS d (pull_date, marketplace_id, amazon_marketplace_id, report_id, status, asin_count,
                                  error_message, started_at, completed_at)
  SELECT DISTINCT ON (s.first_day, ps.marketplace_id)
         s.first_day, ps.marketplace_id, ps.amazon_marketplace_id, pull.ticket, m.status, s.row_count,
         CASE WHEN m.status IN ('failed', 'pending') THEN s.reason END, pull.intended_at,
         CASE WHEN m.status IN ('completed', 'failed') THEN now END
  FROM sp_pull_slices ps
  JOIN sp_slices s USING (dataset, scope, first_day)
  JOIN sp_pulls pull ON pull.id = ps.pull_id
  CROSS JOIN LATERAL (SELECT CASE WHEN s.state = 'due' THEN 'pending' WHEN s.state = 'asked' THEN 'processing'
                                  WHEN s.state IN ('failed', 'closed') THEN 'failed' ELSE 'completed' END) AS m (status)
  WHERE pull.id = ANY (pulls) AND ps.dataset = 'sales_and_traffic' AND ps.marketplace_id IS NOT NULL
  ORDER BY s.first_day, ps.marketplace_id, pull.id DESC
  ON CONFLICT (pull_date, marketplace_id) DO UPDATE SET
    report_id = excluded.report_id, status = excluded.status, error_message = excluded.error_message,
    asin_count = excluded.asin_count, started_at = excluded.started_at, completed_at = excluded.completed_at;
$$;
DROP FUNCTION IF EXISTS sp_note_data_pull(sp_pulls, timestamptz);

-- Lock a pull that the caller holds, or raise CH001.
CREATE OR REPLACE FUNCTION sp_hold(pull_id bigint, held integer)
RETURNS sp_pulls LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  pull sp_pulls;
BEGIN
  SELECT p.* INTO pull FROM sp_pulls p WHERE p.id = pull_id FOR UPDATE;
  IF pull.generation IS DISTINCT FROM held OR pull.finished_at IS NOT NULL THEN
    RAISE EXCEPTION 'pull % has been taken over', pull_id USING ERRCODE = 'CH001';
  END IF;
  RETURN pull;
END $$;

-- Lock a pull that the caller holds, or raise CH001; lock and return the lines of its slices, and of the same days in
-- `beside`: other datasets, whose lines are judged together with them.
CREATE OR REPLACE FUNCTION sp_hold_slices(pull_id bigint, held integer, beside text[])
RETURNS SETOF sp_slices LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM sp_hold($1, held);
  RETURN QUERY
  SELECT s.* FROM sp_slices s
  WHERE (s.dataset, s.scope, s.first_day) IN (
    SELECT ps.dataset, ps.scope, ps.first_day FROM sp_pull_slices ps WHERE ps.pull_id = $1
    UNION SELECT b.dataset, ps.scope, ps.first_day FROM sp_pull_slices ps, unnest(beside) AS b (dataset)
    WHERE ps.pull_id = $1)
  ORDER BY s.dataset, s.scope, s.first_day FOR UPDATE OF s;
END $$;
DROP FUNCTION IF EXISTS sp_hold_slices(bigint, integer);

-- Write the ticket down; its first check is at `check_at` and draws from `needs`. One that a pull which was 'looking' has
-- was found, and may turn out to be another application's. A source that was closed is open again.
CREATE OR REPLACE FUNCTION sp_ticket(pull_id bigint, held integer, ticket text, check_at timestamptz, needs text[],
                                     now timestamptz)
RETURNS void LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  pull sp_pulls := sp_hold(pull_id, held);
  just_asked boolean := pull.stage = 'asking';
BEGIN
  UPDATE sp_pulls p SET stage = 'asked', ticket = sp_ticket.ticket, found = NOT just_asked, ticketed_at = now, run_at = check_at,
    needs = sp_ticket.needs, waiting_for = 'Amazon to finish it', stalled_since = now,
    lease_owner = NULL, lease_until = NULL
  WHERE p.id = pull.id RETURNING * INTO pull;
  IF just_asked THEN
    PERFORM sp_settle_turn(pull.creation, pull.intended_at, now);
    PERFORM sp_open_source(pull.account, pull.source, now);
    UPDATE sp_slots s SET accepted = true WHERE s.key = pull.slot AND NOT s.accepted;
  END IF;
  INSERT INTO sp_pull_events (pull_id, at, what, said)
  VALUES (pull.id, now, CASE WHEN just_asked THEN 'ticket' ELSE 'found' END, pull.ticket);
  PERFORM sp_note_data_pulls(ARRAY[pull.id], now);
END $$;

-- The document of a page is there and names a next one: ask for that, with the documents so far written down.
CREATE OR REPLACE FUNCTION sp_next_page(pull_id bigint, held integer, document_id text, page_token text, now timestamptz)
RETURNS void LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  pull sp_pulls := sp_hold(pull_id, held);
BEGIN
  UPDATE sp_pulls p SET stage = 'planned', run_at = now, needs = p.creation, page_token = sp_next_page.page_token,
    pages = p.pages || sp_next_page.document_id, page_tickets = p.page_tickets || p.ticket, ticket = NULL,
    found = false, document_id = NULL, checks = 0, waiting_for = 'its next page', lease_owner = NULL, lease_until = NULL
  WHERE p.id = pull.id;
  INSERT INTO sp_pull_events (pull_id, at, what, said)
  VALUES (pull.id, now, 'page', 'page ' || cardinality(pull.pages) + 1);
END $$;

-- Amazon has forgotten where the next page begins: ask for the first one again.
CREATE OR REPLACE FUNCTION sp_first_page(pull_id bigint, held integer, until timestamptz, waiting_for text,
                                         now timestamptz)
RETURNS void LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  pull sp_pulls := sp_hold(pull_id, held);
BEGIN
  UPDATE sp_pulls p SET stage = 'planned', run_at = until, needs = p.creation, page_token = NULL, pages = '{}',
    ticket = NULL, found = false, document_id = NULL, waiting_for = sp_first_page.waiting_for,
    setbacks = p.setbacks + 1, stalled_since = coalesce(p.stalled_since, now), lease_owner = NULL, lease_until = NULL
  WHERE p.id = pull.id;
  INSERT INTO sp_pull_events (pull_id, at, what, said) VALUES (pull.id, now, 'first page', sp_first_page.waiting_for);
END $$;

-- Put a pull back: its next step, in `stage`, is not before `until` and draws from `needs`. `reason` says why it waits:
-- 'quota' (ours to wait for), 'pending' (Amazon is at work on it) or 'setback' (something failed). Back to 'planned' the
-- ticket is forgotten; from 'looking' to 'planned' an answer is lost for good, and that is counted; back to 'looking' the
-- ticket is remembered as not ours. `why` is for its story, in Amazon's words where there are any.
CREATE OR REPLACE FUNCTION sp_postpone(pull_id bigint, held integer, stage text, until timestamptz, needs text[],
                                       reason text, waiting_for text, why text, document_id text, now timestamptz)
RETURNS void LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  pull sp_pulls := sp_hold(pull_id, held);
BEGIN
  UPDATE sp_pulls p SET stage = sp_postpone.stage, run_at = until, needs = sp_postpone.needs,
    waiting_for = sp_postpone.waiting_for, document_id = sp_postpone.document_id,
    checks = p.checks + (reason = 'pending')::integer,
    setbacks = p.setbacks + (reason = 'setback')::integer,
    stalled_since = coalesce(p.stalled_since, CASE reason WHEN 'setback' THEN now END),
    lost_asks = p.lost_asks + (p.stage = 'looking' AND sp_postpone.stage = 'planned')::integer,
    not_ours = CASE WHEN sp_postpone.stage = 'looking' AND p.found THEN p.not_ours || p.ticket ELSE p.not_ours END,
    ticket = CASE WHEN sp_postpone.stage IN ('planned', 'looking') THEN NULL ELSE p.ticket END,
    found = p.found AND sp_postpone.stage NOT IN ('planned', 'looking'),
    lease_owner = NULL, lease_until = NULL
  WHERE p.id = pull.id;

  INSERT INTO sp_pull_events (pull_id, at, what, said)
  SELECT pull.id, now, e.what, concat_ws(' ', sp_postpone.waiting_for, nullif(why, ''))
  FROM (SELECT CASE WHEN reason = 'quota' THEN 'throttled'
                    WHEN pull.stage = 'asking' AND sp_postpone.stage = 'looking' THEN 'lost'
                    WHEN pull.stage = 'looking' AND sp_postpone.stage = 'planned' THEN 'asked again'
                    WHEN pull.found AND sp_postpone.stage = 'looking' THEN 'not ours'
                    WHEN reason = 'setback' THEN 'setback' END) AS e (what)
  WHERE e.what IS NOT NULL;
END $$;
DROP FUNCTION IF EXISTS sp_postpone(bigint, integer, text, timestamptz, text[], text, text, text, timestamptz);

-- Close a pull and tell its slices, in the transaction that has merged its rows. `slices` is a list of {dataset, scope,
-- first_day, state, next_at, reason, ask, judged} and, for those whose rows are in, {row_count, checksum, sums};
-- `judged` is false while other pulls for the same slice are open; `residual` counts where it is true. `part` is the
-- checksum of an answer for some ASINs. `restated` says what Amazon changed. Slices of other datasets may be among them:
-- totals bring a verdict on rows, and rows on totals. What the pull's own slices became is kept beside it.
CREATE OR REPLACE FUNCTION sp_finish(pull_id bigint, held integer, stage text, row_count integer, byte_count bigint,
                                     archived_as text, note text, failure text, slices jsonb, now timestamptz)
RETURNS void LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  pull sp_pulls := sp_hold(pull_id, held);
BEGIN
  UPDATE sp_pulls p SET stage = sp_finish.stage, finished_at = now, row_count = sp_finish.row_count,
    byte_count = sp_finish.byte_count, archived_as = sp_finish.archived_as, note = sp_finish.note,
    failure = sp_finish.failure, waiting_for = NULL, needs = '{}', lease_owner = NULL, lease_until = NULL
  WHERE p.id = pull.id RETURNING * INTO pull;

  UPDATE sp_slices s SET
    state = t.state, next_at = t.next_at, reason = t.reason, ask = t.ask,
    attempts = CASE WHEN t.state IN ('proven', 'differs', 'empty') THEN 0 ELSE s.attempts + t.counts::integer END,
    source = CASE WHEN t.row_count IS NULL THEN s.source ELSE pull.source END,
    pull_id = CASE WHEN t.row_count IS NULL THEN s.pull_id ELSE pull.id END,
    asked_at = CASE WHEN t.row_count IS NULL OR NOT t.judged THEN s.asked_at ELSE pull.intended_at END,
    loaded_at = CASE WHEN t.row_count IS NULL THEN s.loaded_at ELSE now END,
    row_count = coalesce(t.row_count, s.row_count),
    checksum = CASE WHEN t.row_count IS NULL THEN s.checksum ELSE t.checksum END,
    sums = coalesce(t.sums, s.sums),
    residual = CASE WHEN t.judged THEN t.residual ELSE s.residual END,
    residual_since = CASE WHEN t.judged THEN t.residual_since ELSE s.residual_since END
  FROM jsonb_to_recordset(slices) AS t (dataset text, scope text, first_day date, state text, next_at timestamptz,
                                        reason text, ask text, counts boolean, judged boolean, row_count integer,
                                        checksum text, sums jsonb, residual jsonb, residual_since timestamptz)
  WHERE (s.dataset, s.scope, s.first_day) = (t.dataset, t.scope, t.first_day);

  UPDATE sp_pull_slices ps SET state = t.state, reason = t.reason,
    loaded = coalesce(ps.loaded, CASE WHEN t.row_count IS NOT NULL THEN true END),
    checksum = CASE WHEN t.row_count IS NULL THEN ps.checksum ELSE t.part END
  FROM jsonb_to_recordset(slices) AS t (dataset text, scope text, first_day date, state text, reason text,
                                        row_count integer, part text)
  WHERE ps.pull_id = pull.id AND (ps.dataset, ps.scope, ps.first_day) = (t.dataset, t.scope, t.first_day);

  INSERT INTO sp_restatements (dataset, scope, first_day, restated_at, pull_id, units_before, units_after, sales_before,
                               sales_after, sessions_before, sessions_after, rows_added, rows_changed, rows_withdrawn)
  SELECT t.dataset, t.scope, t.first_day, now, pull.id, r.units_before, r.units_after, r.sales_before, r.sales_after,
         r.sessions_before, r.sessions_after, r.rows_added, r.rows_changed, r.rows_withdrawn
  FROM jsonb_to_recordset(slices) AS t (dataset text, scope text, first_day date, restated jsonb)
  CROSS JOIN jsonb_to_record(t.restated) AS r (units_before integer, units_after integer, sales_before numeric,
    sales_after numeric, sessions_before integer, sessions_after integer, rows_added integer, rows_changed integer,
    rows_withdrawn integer)
  WHERE t.restated IS NOT NULL;

  INSERT INTO sp_pull_events (pull_id, at, what, said) VALUES (pull.id, now, pull.stage, coalesce(pull.failure, pull.note));
  DELETE FROM sp_staged s WHERE s.pull_id = pull.id;
  PERFORM sp_note_data_pulls(ARRAY[pull.id], now);
END $$;
