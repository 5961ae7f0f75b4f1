-- What only a backfill does to the ledger.

-- Drop questions about history that were written down and never asked: their like has been refused, and they are planned
-- anew in another size. Their days are as they were before.
CREATE OR REPLACE FUNCTION sp_withdraw(account text, source text)
RETURNS void LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  dropped bigint[];
BEGIN
  SELECT array_agg(p.id) INTO dropped FROM (
    SELECT p.id FROM sp_pulls p
    WHERE p.account = $1 AND p.source = $2 AND p.rank = 2 AND p.stage = 'planned' AND p.asks = 0 AND p.finished_at IS NULL
      AND (p.lease_until IS NULL OR p.lease_until < clock_timestamp())
    ORDER BY p.id FOR UPDATE SKIP LOCKED) AS p;
  DELETE FROM sp_pull_slices ps WHERE ps.pull_id = ANY (dropped);
  DELETE FROM sp_pulls p WHERE p.id = ANY (dropped);
END $$;

-- Close days of which Amazon has shown twice that there is nothing: no total for the day, and no ASIN in a listing that
-- spans it. `days` is a list of {dataset, scope, first_day, marketplace_id, amazon_marketplace_id, reason}.
CREATE OR REPLACE FUNCTION sp_close_silent(days jsonb, now timestamptz)
RETURNS void LANGUAGE sql SET search_path = public, pg_temp AS $$
  INSERT INTO sp_slices AS s (dataset, scope, first_day, state, row_count, asked_at, reason)
  SELECT d.dataset, d.scope, d.first_day, 'empty', 0, now, d.reason
  FROM jsonb_to_recordset(days) AS d (dataset text, scope text, first_day date, reason text)
  ORDER BY d.dataset, d.scope, d.first_day
  ON CONFLICT (dataset, scope, first_day) DO UPDATE SET
    state = 'empty', reason = excluded.reason, next_at = NULL, ask = NULL, attempts = 0
  WHERE coalesce(s.row_count, 0) = 0 AND s.state <> 'empty';

  INSERT INTO sp_data_pulls AS p (pull_date, marketplace_id, amazon_marketplace_id, status, asin_count, completed_at)
  SELECT d.first_day, d.marketplace_id, d.amazon_marketplace_id, 'completed', 0, now
  FROM jsonb_to_recordset(days) AS d (dataset text, first_day date, marketplace_id uuid, amazon_marketplace_id text)
  WHERE d.dataset = 'sales_and_traffic'
  ON CONFLICT (pull_date, marketplace_id) DO UPDATE SET
    status = excluded.status, asin_count = excluded.asin_count, error_message = NULL, completed_at = excluded.completed_at
  WHERE p.status <> 'completed';
$$;
