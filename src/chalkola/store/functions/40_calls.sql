-- Calls to Amazon: written in batches beside the work, and forgotten after a while.

-- Write a batch down. `again` says that an earlier attempt at it may have come through: what is there is left out.
CREATE OR REPLACE FUNCTION sp_note_calls(calls jsonb, again boolean)
RETURNS void LANGUAGE sql SET search_path = public, pg_temp AS $$
  INSERT INTO sp_api_calls (at, account, operation, status, failure, duration_ms, request_id, rate_per_second, pull_id)
  SELECT c.at, c.account, c.operation, c.status, nullif(c.failure, ''), round(c.seconds * 1000)::integer,
         nullif(c.request_id, ''), c.rate_per_second, c.pull
  FROM jsonb_to_recordset(calls)
    AS c (at timestamptz, account text, operation text, status smallint, failure text, seconds double precision,
          request_id text, rate_per_second double precision, pull bigint)
  WHERE NOT again OR NOT EXISTS (
    SELECT FROM sp_api_calls a WHERE a.at = c.at AND (a.account, a.operation, a.duration_ms)
      = (c.account, c.operation, round(c.seconds * 1000)::integer)
      AND (a.status, a.request_id, a.pull_id) IS NOT DISTINCT FROM (c.status, nullif(c.request_id, ''), c.pull));
$$;

-- Forget at most `most` calls that were over before an instant. Return how many; what another run is at is passed over.
CREATE OR REPLACE FUNCTION sp_forget_calls(before timestamptz, most integer)
RETURNS integer LANGUAGE sql SET search_path = public, pg_temp AS $$
  WITH gone AS (
    DELETE FROM sp_api_calls WHERE id IN (
      SELECT id FROM sp_api_calls WHERE at < before ORDER BY at LIMIT most FOR UPDATE SKIP LOCKED)
    RETURNING 1)
  SELECT count(*)::integer FROM gone;
$$;
