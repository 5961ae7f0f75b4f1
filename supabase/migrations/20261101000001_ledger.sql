-- migrations/0001_ledger.sql of Chalkola. Written by `python -m chalkola.surfaces.docs`; it does nothing where it was applied.

DO $chalkola$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('chalkola migrate'));
  CREATE TABLE IF NOT EXISTS sp_migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
  ALTER TABLE sp_migrations ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM sp_migrations WHERE name = 'migrations/0001_ledger.sql') THEN
    RETURN;
  END IF;
  PERFORM set_config('lock_timeout', '10s', true);
  EXECUTE $script$
-- The ledger: every slice we hold or lack has one line, every question to Amazon has one line.
-- Instants named *_at are Amazon's time, which may be simulated; only lease_until is machine time.

CREATE TABLE sp_accounts (
  account text PRIMARY KEY,                 -- NA, EU, FE, or a marketplace that is an account of its own
  region text NOT NULL,
  marketplaces text[] NOT NULL DEFAULT '{}',-- Amazon's ids, as the Sellers API answered last
  seen_at timestamptz,
  fault text,                               -- why this account is closed; NULL when its login works
  token_fingerprint text                    -- tells that the refresh token has changed, and nothing else
);

CREATE TABLE sp_sources (
  account text NOT NULL,
  source text NOT NULL,
  closed_at timestamptz,                    -- NULL: open
  reason text,
  token_fingerprint text,
  PRIMARY KEY (account, source)
);

CREATE TABLE sp_slices (
  dataset text NOT NULL,
  scope text NOT NULL,                      -- marketplace:DE, account:EU, profile:123, world
  first_day date NOT NULL,
  state text NOT NULL DEFAULT 'due' CHECK (state IN
    ('due', 'asked', 'preliminary', 'loaded', 'proven', 'differs', 'empty', 'failed', 'closed')),
  source text,                              -- who gave the rows; 'found' when they were there before us
  pull_id bigint,                           -- the pull that gave them
  asked_at timestamptz,                     -- when that answer was asked for: an earlier one never overwrites it
  loaded_at timestamptz,
  row_count integer,
  checksum text,
  sums jsonb,                               -- units, order items, sales, page views, sessions over the rows
  residual jsonb,                           -- totals minus rows, where they differ
  attempts integer NOT NULL DEFAULT 0,      -- answers in a row that did not close it
  next_at timestamptz,                      -- do not ask again before
  reason text,                              -- why it is not closed
  PRIMARY KEY (dataset, scope, first_day)
);
CREATE INDEX idx_sp_slices_not_closed ON sp_slices (dataset, scope, first_day)
  WHERE state NOT IN ('proven', 'differs', 'empty');

CREATE TABLE sp_pulls (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  source text NOT NULL,
  account text NOT NULL,
  question jsonb NOT NULL,
  question_key text NOT NULL,               -- the same question has at most one open line
  first_day date NOT NULL,
  last_day date NOT NULL,
  settled boolean NOT NULL,                 -- whether its days had settled when it was planned
  stage text NOT NULL DEFAULT 'planned' CHECK (stage IN
    ('planned', 'asking', 'looking', 'asked', 'ready', 'loaded', 'empty', 'refused')),
  creation text[] NOT NULL,                 -- the buckets that asking draws from
  needs text[] NOT NULL,                    -- the buckets that its next step draws from
  run_at timestamptz NOT NULL,              -- its next step is not before
  waiting_for text,                         -- in words, for people
  stalled_since timestamptz,                -- Amazon has kept us waiting since (not for a quota)
  ticket text,
  found boolean NOT NULL DEFAULT false,     -- the ticket was found in Amazon's list, not given to us
  not_ours text[] NOT NULL DEFAULT '{}',    -- tickets that were found and answer another application's question
  document_id text,
  intended_at timestamptz,
  ticketed_at timestamptz,
  finished_at timestamptz,                  -- NULL: open
  asks integer NOT NULL DEFAULT 0,          -- creations sent, those that Amazon refused included
  lost_asks integer NOT NULL DEFAULT 0,     -- creations whose answer was lost and could not be found: asked once more
  checks integer NOT NULL DEFAULT 0,
  setbacks integer NOT NULL DEFAULT 0,
  row_count integer,
  byte_count bigint,
  archived_as text,
  note text,
  failure text,
  lease_owner text,
  lease_until timestamptz,                  -- machine time
  generation integer NOT NULL DEFAULT 0,    -- fences whoever held an earlier lease
  created_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX idx_sp_pulls_open_question ON sp_pulls (question_key) WHERE finished_at IS NULL;
CREATE INDEX idx_sp_pulls_open ON sp_pulls ((stage = 'planned'), last_day DESC, id) WHERE finished_at IS NULL;
CREATE INDEX idx_sp_pulls_ticket ON sp_pulls (account, ticket);

CREATE TABLE sp_pull_slices (
  pull_id bigint NOT NULL REFERENCES sp_pulls (id),
  dataset text NOT NULL,
  scope text NOT NULL,
  first_day date NOT NULL,
  marketplace_id uuid,
  amazon_marketplace_id text,
  PRIMARY KEY (pull_id, dataset, scope, first_day)
);
CREATE INDEX idx_sp_pull_slices_slice ON sp_pull_slices (dataset, scope, first_day);

-- A bucket of turns (GCRA): `full_at` is when it would be full again if nobody took a turn.
CREATE TABLE sp_buckets (
  key text PRIMARY KEY,                     -- createReport@NA, sales_and_traffic.report@app
  seconds_per_turn double precision NOT NULL,
  burst integer NOT NULL,
  daily integer,                            -- turns in any 24 hours; NULL: no such limit
  learned boolean NOT NULL DEFAULT false,   -- seconds_per_turn is what Amazon stated
  full_at timestamptz,
  blocked_until timestamptz,                -- Amazon answered 429
  refused_in_row integer NOT NULL DEFAULT 0,
  open_at timestamptz                       -- from when a turn can be had; NULL: now
);

CREATE TABLE sp_bucket_turns (              -- of buckets with a daily limit only, one day deep
  key text NOT NULL REFERENCES sp_buckets (key),
  taken_at timestamptz NOT NULL
);
CREATE INDEX idx_sp_bucket_turns ON sp_bucket_turns (key, taken_at);

CREATE TABLE sp_alerts (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  rule text NOT NULL,
  subject text NOT NULL,
  message text NOT NULL,
  raised_at timestamptz NOT NULL,
  cured_at timestamptz
);
CREATE UNIQUE INDEX idx_sp_alerts_open ON sp_alerts (rule, subject) WHERE cured_at IS NULL;

ALTER TABLE sp_accounts ENABLE ROW LEVEL SECURITY;
ALTER TABLE sp_sources ENABLE ROW LEVEL SECURITY;
ALTER TABLE sp_slices ENABLE ROW LEVEL SECURITY;
ALTER TABLE sp_pulls ENABLE ROW LEVEL SECURITY;
ALTER TABLE sp_pull_slices ENABLE ROW LEVEL SECURITY;
ALTER TABLE sp_buckets ENABLE ROW LEVEL SECURITY;
ALTER TABLE sp_bucket_turns ENABLE ROW LEVEL SECURITY;
ALTER TABLE sp_alerts ENABLE ROW LEVEL SECURITY;
$script$;
  INSERT INTO sp_migrations VALUES ('migrations/0001_ledger.sql', '28b78ff20985b583')
  ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
END $chalkola$;

-- Nobody but the owner and service_role may use what is made here.
DO $access$
DECLARE
  made constant text[] := '{sp_accounts, sp_alerts, sp_bucket_turns, sp_buckets, sp_migrations, sp_pull_slices, sp_pulls, sp_slices, sp_sources}'::text[];
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
  IF to_regclass('sp_reader_domains') IS NOT NULL AND to_regprocedure('auth.jwt()') IS NOT NULL
     AND EXISTS (SELECT FROM pg_roles WHERE rolname = 'authenticated') THEN
    FOR one IN
      SELECT c.oid::regclass AS what, c.relname, c.relkind,
             EXISTS (SELECT FROM pg_policy WHERE polrelid = c.oid AND polname = 'chalkola_readers') AS has_policy
      FROM pg_class c
      WHERE c.relnamespace = current_schema()::regnamespace AND c.relname = ANY ('{sp_reader_domains, fx_rates, sp_alerts, sp_api_pulls, sp_coverage, sp_daily_asin_data, sp_daily_parent_data, sp_daily_totals, sp_data_pulls, sp_listings, sp_restatements, sp_slices, sp_unattributed}'::text[])
        AND pg_has_role(c.relowner, 'USAGE')
        AND (c.relkind IN ('r', 'p') AND c.relrowsecurity
             AND NOT EXISTS (SELECT FROM pg_policy WHERE polrelid = c.oid AND polname <> 'chalkola_readers')
             OR c.relkind = 'v' AND 'security_invoker=true' = ANY (c.reloptions))
    LOOP
      IF one.relkind <> 'v' AND NOT one.has_policy THEN
        EXECUTE format('CREATE POLICY chalkola_readers ON %s FOR SELECT TO authenticated USING (%s)', one.what,
          CASE WHEN one.relname = 'sp_reader_domains' THEN $claimed$domain = (
            SELECT lower(substring(c.jwt ->> 'email' FROM '^[^@[:space:]]+@([^@[:space:]]+)$'))
            FROM (SELECT auth.jwt() AS jwt) c
            WHERE c.jwt -> 'user_metadata' -> 'email_verified' = 'true'
              AND coalesce(c.jwt -> 'is_anonymous', 'false') = 'false'
              AND EXISTS (SELECT FROM jsonb_array_elements(
                            CASE jsonb_typeof(c.jwt -> 'amr') WHEN 'array' THEN c.jwt -> 'amr' ELSE '[]' END) m
                          WHERE m ->> 'method' IN ('oauth', 'sso/saml', 'otp', 'magiclink', 'invite', 'recovery',
                                                   'email/signup'))
          )$claimed$ ELSE '(SELECT EXISTS (SELECT FROM sp_reader_domains))' END);
      END IF;
      EXECUTE format('GRANT SELECT ON %s TO authenticated', one.what);
    END LOOP;
  END IF;
END $access$;
