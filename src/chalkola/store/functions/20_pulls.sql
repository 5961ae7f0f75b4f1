-- The life of a pull: plan -> claim (which takes the turns and writes the intent) -> ticket -> postpone … -> finish.
-- Each verb is one transaction. All but `sp_plan` and `sp_claim` are fenced: they raise CH001 when the caller's lease
-- has run out and somebody else has claimed the pull since.

-- Write questions down. `pulls` is a list of {source, account, question, question_key, first_day, last_day, settled,
-- creation, rank, slot, filters, slices: [{dataset, scope, first_day, marketplace_id, amazon_marketplace_id}]}, in the
-- order in which they are to be asked. Return the ids of the open lines, new or already there.
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

  RETURN QUERY
  SELECT open.id FROM jsonb_to_recordset(pulls) AS p (question_key text)
  JOIN sp_pulls open ON open.question_key = p.question_key AND open.finished_at IS NULL;
END $$;

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

-- Claim up to `most` pulls whose next step can be done now: tickets and further pages first, then days that are new to
-- us, then the newest. A pull that is to be asked takes its turns here and becomes 'asking' here, so that the intent is written before the request leaves; one
-- that is found 'asking' was left behind by somebody and becomes 'looking': Amazon may know the question already.
-- Only the pulls in `wanted`, and any of these accounts' that have been asked before.
CREATE OR REPLACE FUNCTION sp_claim(worker text, accounts text[], wanted bigint[], most integer, lease interval,
                                    now timestamptz)
RETURNS SETOF sp_pulls LANGUAGE plpgsql SET search_path = public, pg_temp
-- Thousands of lines may be new since the last ANALYZE; without a sort it is idx_sp_pulls_open that gives the order.
SET enable_sort = off AS $$
DECLARE
  pull sp_pulls;
  taken integer := 0;
  dry text[] := ARRAY(SELECT b.key FROM sp_buckets b WHERE b.open_at > now);
  full_slots text[];
  asked bigint[] := '{}';
BEGIN
  WHILE taken < most LOOP
    full_slots := sp_full_slots();
    -- The first hit ends the search, however many pulls are open.
    SELECT p.* INTO pull FROM sp_pulls p
    WHERE p.finished_at IS NULL AND p.account = ANY (accounts) AND p.run_at <= now
      AND NOT p.needs && dry
      AND (p.stage <> 'planned' OR p.slot IS NULL OR p.slot <> ALL (full_slots))
      AND (p.lease_until IS NULL OR p.lease_until < clock_timestamp())
      AND (p.stage <> 'planned' OR p.id = ANY (wanted))
    ORDER BY p.stage = 'planned' AND p.page_token IS NULL, p.rank, p.last_day DESC, p.id
    FOR UPDATE SKIP LOCKED LIMIT 1;
    EXIT WHEN NOT FOUND;
    IF taken = 0 THEN
      -- We may draw from several buckets one pull after the other, and others do the same: all lock them in this order.
      PERFORM 1 FROM sp_buckets b WHERE split_part(b.key, '@', 2) = ANY (accounts || 'app'::text)
      ORDER BY b.key FOR UPDATE;
      CONTINUE WHEN pull.stage = 'planned' AND pull.slot = ANY (sp_full_slots());  -- filled while we waited
    END IF;
    IF NOT (SELECT granted FROM sp_take(pull.needs, now)) THEN
      -- The last turn went to the pull before, or to another run: the bucket now says when, and is passed over.
      dry := ARRAY(SELECT b.key FROM sp_buckets b WHERE b.open_at > now);
      CONTINUE;
    END IF;
    taken := taken + 1;
    UPDATE sp_pulls p SET
      lease_owner = worker, lease_until = clock_timestamp() + lease, generation = p.generation + 1,
      stage = CASE p.stage WHEN 'planned' THEN 'asking' WHEN 'asking' THEN 'looking' ELSE p.stage END,
      needs = CASE p.stage WHEN 'planned' THEN '{}' ELSE p.needs END,
      intended_at = CASE p.stage WHEN 'planned' THEN now ELSE p.intended_at END,
      asks = p.asks + (p.stage = 'planned')::integer,
      waiting_for = NULL
    WHERE p.id = pull.id RETURNING * INTO pull;
    IF pull.stage = 'asking' THEN
      asked := asked || pull.id;
    END IF;
    RETURN NEXT pull;
  END LOOP;
  -- A line that is locked is being loaded at this moment, which says more than that it is asked for: never wait for it.
  UPDATE sp_slices s SET state = 'asked' FROM (
    SELECT l.dataset, l.scope, l.first_day FROM sp_slices l JOIN sp_pull_slices ps USING (dataset, scope, first_day)
    WHERE ps.pull_id = ANY (asked) AND l.state IN ('due', 'failed', 'closed')
    FOR UPDATE OF l SKIP LOCKED) AS free
  WHERE (s.dataset, s.scope, s.first_day) = (free.dataset, free.scope, free.first_day);
  PERFORM sp_note_data_pulls(asked, now);
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
END $$;

-- Put a pull back: its next step, in `stage`, is not before `until` and draws from `needs`. `reason` says why it waits:
-- 'quota' (ours to wait for), 'pending' (Amazon is at work on it) or 'setback' (something failed). Back to 'planned' the
-- ticket is forgotten; from 'looking' to 'planned' an answer is lost for good, and that is counted; back to 'looking' the
-- ticket is remembered as not ours.
CREATE OR REPLACE FUNCTION sp_postpone(pull_id bigint, held integer, stage text, until timestamptz, needs text[],
                                       reason text, waiting_for text, document_id text, now timestamptz)
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
END $$;

-- Close a pull and tell its slices, in the transaction that has merged its rows. `slices` is a list of {dataset, scope,
-- first_day, state, next_at, reason, ask, judged} and, for those whose rows are in, {row_count, checksum, sums};
-- `judged` is false while other pulls for the same slice are open; `residual` counts where it is true. `part` is the
-- checksum of an answer for some ASINs. `restated` says what Amazon changed. Slices of other datasets may be among them: totals bring a verdict on rows, and rows on totals.
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

  UPDATE sp_pull_slices ps SET loaded = true, checksum = t.part
  FROM jsonb_to_recordset(slices) AS t (dataset text, scope text, first_day date, row_count integer, part text)
  WHERE ps.pull_id = pull.id AND t.row_count IS NOT NULL
    AND (ps.dataset, ps.scope, ps.first_day) = (t.dataset, t.scope, t.first_day);

  INSERT INTO sp_restatements (dataset, scope, first_day, restated_at, pull_id, units_before, units_after, sales_before,
                               sales_after, sessions_before, sessions_after, rows_added, rows_changed, rows_withdrawn)
  SELECT t.dataset, t.scope, t.first_day, now, pull.id, r.units_before, r.units_after, r.sales_before, r.sales_after,
         r.sessions_before, r.sessions_after, r.rows_added, r.rows_changed, r.rows_withdrawn
  FROM jsonb_to_recordset(slices) AS t (dataset text, scope text, first_day date, restated jsonb)
  CROSS JOIN jsonb_to_record(t.restated) AS r (units_before integer, units_after integer, sales_before numeric,
    sales_after numeric, sessions_before integer, sessions_after integer, rows_added integer, rows_changed integer,
    rows_withdrawn integer)
  WHERE t.restated IS NOT NULL;

  PERFORM sp_note_data_pulls(ARRAY[pull.id], now);
END $$;

-- Lengthen the leases of the pulls that a living worker has in hand.
CREATE OR REPLACE FUNCTION sp_renew(worker text, pull_ids bigint[], lease interval)
RETURNS void LANGUAGE sql SET search_path = public, pg_temp AS $$
  UPDATE sp_pulls p SET lease_until = clock_timestamp() + lease
  WHERE p.id = ANY (pull_ids) AND p.lease_owner = worker AND p.finished_at IS NULL;
$$;

-- Free the leases of workers that are known to be dead. Return how many.
CREATE OR REPLACE FUNCTION sp_release(workers text[])
RETURNS integer LANGUAGE sql SET search_path = public, pg_temp AS $$
  WITH freed AS (UPDATE sp_pulls SET lease_owner = NULL, lease_until = NULL
                 WHERE lease_owner = ANY (workers) AND finished_at IS NULL RETURNING 1)
  SELECT count(*)::integer FROM freed;
$$;

-- Let go of pulls whose step ended in an error of the database's, so that they can be claimed again at once.
CREATE OR REPLACE FUNCTION sp_let_go(worker text, pull_ids bigint[])
RETURNS void LANGUAGE sql SET search_path = public, pg_temp AS $$
  UPDATE sp_pulls SET lease_owner = NULL, lease_until = NULL
  WHERE id = ANY (pull_ids) AND lease_owner = worker AND finished_at IS NULL;
$$;

-- What a run still has before it: how many of its pulls are open, from when the next one can move (NULL: none is worth
-- waiting for; one that waits for a slot moves when another pull frees it), and how long (machine time) it is until the first lease of another worker ends. A pull that Amazon has kept waiting for
-- longer than `patience` is not worth waiting for: it stays in the ledger for the next run.
CREATE OR REPLACE FUNCTION sp_outlook(worker text, accounts text[], wanted bigint[], patience interval, now timestamptz,
                                      OUT open integer, OUT next_at timestamptz, OUT leased_for interval)
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
  -- Thousands of pulls draw from a handful of bucket sets, so the buckets are looked at once for each set.
  SELECT coalesce(sum(p.pulls), 0)::integer,
         min(greatest(p.run_at, (SELECT max(b.open_at) FROM sp_buckets b WHERE b.key = ANY (p.needs))))
           FILTER (WHERE p.run_at IS NOT NULL),
         min(p.leased_for)
  FROM (SELECT o.needs, count(*) AS pulls,
               min(o.run_at)
                 FILTER (WHERE NOT o.leased AND NOT o.full AND (o.stalled_since IS NULL OR o.stalled_since + patience > now)) AS run_at,
               min(o.lease_until - clock_timestamp()) FILTER (WHERE o.leased AND o.lease_owner <> worker) AS leased_for
        FROM (SELECT p.*, p.lease_until IS NOT NULL AND p.lease_until >= clock_timestamp() AS leased,
                     p.stage = 'planned' AND p.slot IS NOT NULL AND p.slot = ANY (f.slots) AS full
              FROM sp_pulls p CROSS JOIN (SELECT sp_full_slots()) AS f (slots)
              WHERE p.finished_at IS NULL AND p.account = ANY (accounts)
                AND (p.stage <> 'planned' OR p.id IN (SELECT unnest(wanted)))) AS o
        GROUP BY o.needs) AS p;
$$;

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
  PERFORM 1 FROM sp_slices l WHERE (l.dataset, l.scope, l.first_day) IN (
    SELECT ps.dataset, ps.scope, ps.first_day FROM sp_pull_slices ps WHERE ps.pull_id = ANY (ended))
  ORDER BY l.dataset, l.scope, l.first_day FOR UPDATE;
  UPDATE sp_slices s SET state = 'closed', reason = $3 FROM sp_pull_slices ps
  WHERE ps.pull_id = ANY (ended) AND (s.dataset, s.scope, s.first_day) = (ps.dataset, ps.scope, ps.first_day)
    AND s.state IN ('due', 'asked', 'failed');
  PERFORM sp_note_data_pulls(ended, $6);
END $$;
DROP FUNCTION IF EXISTS sp_close_source(text, text, text, text, timestamptz);

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
