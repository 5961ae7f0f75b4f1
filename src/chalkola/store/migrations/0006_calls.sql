-- Every HTTP call to Amazon, in facts: no address, no body, no token. Written in batches beside the work and forgotten
-- after CHALKOLA_CALLS_KEPT_DAYS; nothing else depends on it.

CREATE TABLE sp_api_calls (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at timestamptz NOT NULL,                   -- when it was over, Amazon's time
  account text NOT NULL,
  operation text NOT NULL,                   -- Amazon's name of it; login; download
  status smallint,                           -- of HTTP; NULL: there was no answer
  failure text,                              -- what went wrong with the connection: reset, timeout, ...; NULL: nothing
  duration_ms integer NOT NULL,              -- machine time
  request_id text,                           -- Amazon's, for a support case
  rate_per_second double precision,          -- which Amazon states in its answer
  pull_id bigint                             -- the pull it was made for; NULL: none. No foreign key: it would cost
);
CREATE INDEX idx_sp_api_calls_at ON sp_api_calls (at);
CREATE INDEX idx_sp_api_calls_pull ON sp_api_calls (pull_id) WHERE pull_id IS NOT NULL;
ALTER TABLE sp_api_calls ENABLE ROW LEVEL SECURITY;
