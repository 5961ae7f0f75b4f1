-- Chalkola's database, as SQL to paste. This is all of it; where there is a part of it already, the rest is added.
-- It may be pasted again: a script that has been applied does nothing. Your tables, columns, rows stay.
-- The first command after it adds marketplaces, adopts the days that are in your tables, and says what
-- blocks it in them, if anything does.

-- migrations/0001_ledger.sql
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

-- migrations/0002_tables.sql
DO $chalkola$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('chalkola migrate'));
  CREATE TABLE IF NOT EXISTS sp_migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
  ALTER TABLE sp_migrations ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM sp_migrations WHERE name = 'migrations/0002_tables.sql') THEN
    RETURN;
  END IF;
  PERFORM set_config('lock_timeout', '10s', true);
  EXECUTE $script$
-- The mission's tables. On a database that has some of them already they are kept as they are: missing columns are
-- added (without defaults, so that no row of the user's changes its meaning), nothing is dropped or rewritten.

DO $$
DECLARE
  name text;
BEGIN
  CREATE TEMPORARY TABLE chalkola_new_tables (name text) ON COMMIT DROP;
  FOREACH name IN ARRAY ARRAY['marketplaces', 'products', 'product_variants',
                              'sp_daily_asin_data', 'sp_daily_totals', 'sp_data_pulls'] LOOP
    IF to_regclass(name) IS NULL THEN
      INSERT INTO chalkola_new_tables VALUES (name);
    END IF;
  END LOOP;
END $$;

CREATE TABLE IF NOT EXISTS marketplaces (
  id uuid PRIMARY KEY,
  code text UNIQUE,
  name text,
  amazon_marketplace_id text UNIQUE,
  region text,
  currency_code text,
  time_zone text
);

CREATE TABLE IF NOT EXISTS products (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  parent_asin text UNIQUE NOT NULL,
  title text,
  category text
);

CREATE TABLE IF NOT EXISTS product_variants (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  child_asin text UNIQUE NOT NULL,
  product_id uuid
);

CREATE TABLE IF NOT EXISTS sp_daily_asin_data (
  id bigserial PRIMARY KEY,
  date date NOT NULL,
  marketplace_id uuid NOT NULL REFERENCES marketplaces (id),
  amazon_marketplace_id text NOT NULL,
  parent_asin text,
  child_asin text NOT NULL,
  units_ordered integer DEFAULT 0,
  units_ordered_b2b integer DEFAULT 0,
  ordered_product_sales numeric(12,2) DEFAULT 0,
  ordered_product_sales_b2b numeric(12,2) DEFAULT 0,
  currency_code text DEFAULT 'USD',
  total_order_items integer DEFAULT 0,
  total_order_items_b2b integer DEFAULT 0,
  sessions integer DEFAULT 0,
  sessions_b2b integer DEFAULT 0,
  page_views integer DEFAULT 0,
  page_views_b2b integer DEFAULT 0,
  browser_sessions integer DEFAULT 0,
  mobile_app_sessions integer DEFAULT 0,
  browser_page_views integer DEFAULT 0,
  mobile_app_page_views integer DEFAULT 0,
  buy_box_percentage numeric(7,2),
  buy_box_percentage_b2b numeric(7,2),
  unit_session_percentage numeric(7,2),
  unit_session_percentage_b2b numeric(7,2),
  created_at timestamptz DEFAULT now(),
  pull_id bigint,
  UNIQUE (date, marketplace_id, child_asin)
);
ALTER TABLE sp_daily_asin_data
  ADD COLUMN IF NOT EXISTS date date,
  ADD COLUMN IF NOT EXISTS marketplace_id uuid,
  ADD COLUMN IF NOT EXISTS amazon_marketplace_id text,
  ADD COLUMN IF NOT EXISTS parent_asin text,
  ADD COLUMN IF NOT EXISTS child_asin text,
  ADD COLUMN IF NOT EXISTS units_ordered integer,
  ADD COLUMN IF NOT EXISTS units_ordered_b2b integer,
  ADD COLUMN IF NOT EXISTS ordered_product_sales numeric(12,2),
  ADD COLUMN IF NOT EXISTS ordered_product_sales_b2b numeric(12,2),
  ADD COLUMN IF NOT EXISTS currency_code text,
  ADD COLUMN IF NOT EXISTS total_order_items integer,
  ADD COLUMN IF NOT EXISTS total_order_items_b2b integer,
  ADD COLUMN IF NOT EXISTS sessions integer,
  ADD COLUMN IF NOT EXISTS sessions_b2b integer,
  ADD COLUMN IF NOT EXISTS page_views integer,
  ADD COLUMN IF NOT EXISTS page_views_b2b integer,
  ADD COLUMN IF NOT EXISTS browser_sessions integer,
  ADD COLUMN IF NOT EXISTS mobile_app_sessions integer,
  ADD COLUMN IF NOT EXISTS browser_page_views integer,
  ADD COLUMN IF NOT EXISTS mobile_app_page_views integer,
  ADD COLUMN IF NOT EXISTS buy_box_percentage numeric(7,2),
  ADD COLUMN IF NOT EXISTS buy_box_percentage_b2b numeric(7,2),
  ADD COLUMN IF NOT EXISTS unit_session_percentage numeric(7,2),
  ADD COLUMN IF NOT EXISTS unit_session_percentage_b2b numeric(7,2),
  ADD COLUMN IF NOT EXISTS created_at timestamptz DEFAULT now(),
  ADD COLUMN IF NOT EXISTS pull_id bigint;
COMMENT ON COLUMN sp_daily_asin_data.pull_id IS
  'The line of sp_pulls that wrote this row last. NULL: the row was there before us, and we never delete it.';
CREATE INDEX IF NOT EXISTS idx_sp_daily_date ON sp_daily_asin_data (date DESC);
CREATE INDEX IF NOT EXISTS idx_sp_daily_asin ON sp_daily_asin_data (child_asin);
CREATE INDEX IF NOT EXISTS idx_sp_daily_marketplace ON sp_daily_asin_data (marketplace_id);
CREATE INDEX IF NOT EXISTS idx_sp_daily_date_marketplace ON sp_daily_asin_data (date, marketplace_id);

CREATE TABLE IF NOT EXISTS sp_daily_totals (
  id bigserial PRIMARY KEY,
  date date NOT NULL,
  marketplace_id uuid NOT NULL REFERENCES marketplaces (id),
  amazon_marketplace_id text NOT NULL,
  currency_code text,
  ordered_product_sales numeric(14,2),
  ordered_product_sales_b2b numeric(14,2),
  units_ordered integer,
  units_ordered_b2b integer,
  total_order_items integer,
  total_order_items_b2b integer,
  average_sales_per_order_item numeric(14,2),
  average_sales_per_order_item_b2b numeric(14,2),
  average_units_per_order_item numeric(12,2),
  average_units_per_order_item_b2b numeric(12,2),
  average_selling_price numeric(14,2),
  average_selling_price_b2b numeric(14,2),
  units_refunded integer,
  refund_rate numeric(7,2),
  claims_granted integer,
  claims_amount numeric(14,2),
  shipped_product_sales numeric(14,2),
  units_shipped integer,
  orders_shipped integer,
  browser_page_views integer,
  browser_page_views_b2b integer,
  mobile_app_page_views integer,
  mobile_app_page_views_b2b integer,
  page_views integer,
  page_views_b2b integer,
  browser_sessions integer,
  browser_sessions_b2b integer,
  mobile_app_sessions integer,
  mobile_app_sessions_b2b integer,
  sessions integer,
  sessions_b2b integer,
  buy_box_percentage numeric(7,2),
  buy_box_percentage_b2b numeric(7,2),
  order_item_session_percentage numeric(7,2),
  order_item_session_percentage_b2b numeric(7,2),
  unit_session_percentage numeric(7,2),
  unit_session_percentage_b2b numeric(7,2),
  average_offer_count integer,
  average_parent_items integer,
  feedback_received integer,
  negative_feedback_received integer,
  received_negative_feedback_rate numeric(7,2),
  created_at timestamptz DEFAULT now(),
  pull_id bigint,
  UNIQUE (date, marketplace_id)
);
ALTER TABLE sp_daily_totals
  ADD COLUMN IF NOT EXISTS date date,
  ADD COLUMN IF NOT EXISTS marketplace_id uuid,
  ADD COLUMN IF NOT EXISTS amazon_marketplace_id text,
  ADD COLUMN IF NOT EXISTS currency_code text,
  ADD COLUMN IF NOT EXISTS ordered_product_sales numeric(14,2),
  ADD COLUMN IF NOT EXISTS ordered_product_sales_b2b numeric(14,2),
  ADD COLUMN IF NOT EXISTS units_ordered integer,
  ADD COLUMN IF NOT EXISTS units_ordered_b2b integer,
  ADD COLUMN IF NOT EXISTS total_order_items integer,
  ADD COLUMN IF NOT EXISTS total_order_items_b2b integer,
  ADD COLUMN IF NOT EXISTS average_sales_per_order_item numeric(14,2),
  ADD COLUMN IF NOT EXISTS average_sales_per_order_item_b2b numeric(14,2),
  ADD COLUMN IF NOT EXISTS average_units_per_order_item numeric(12,2),
  ADD COLUMN IF NOT EXISTS average_units_per_order_item_b2b numeric(12,2),
  ADD COLUMN IF NOT EXISTS average_selling_price numeric(14,2),
  ADD COLUMN IF NOT EXISTS average_selling_price_b2b numeric(14,2),
  ADD COLUMN IF NOT EXISTS units_refunded integer,
  ADD COLUMN IF NOT EXISTS refund_rate numeric(7,2),
  ADD COLUMN IF NOT EXISTS claims_granted integer,
  ADD COLUMN IF NOT EXISTS claims_amount numeric(14,2),
  ADD COLUMN IF NOT EXISTS shipped_product_sales numeric(14,2),
  ADD COLUMN IF NOT EXISTS units_shipped integer,
  ADD COLUMN IF NOT EXISTS orders_shipped integer,
  ADD COLUMN IF NOT EXISTS browser_page_views integer,
  ADD COLUMN IF NOT EXISTS browser_page_views_b2b integer,
  ADD COLUMN IF NOT EXISTS mobile_app_page_views integer,
  ADD COLUMN IF NOT EXISTS mobile_app_page_views_b2b integer,
  ADD COLUMN IF NOT EXISTS page_views integer,
  ADD COLUMN IF NOT EXISTS page_views_b2b integer,
  ADD COLUMN IF NOT EXISTS browser_sessions integer,
  ADD COLUMN IF NOT EXISTS browser_sessions_b2b integer,
  ADD COLUMN IF NOT EXISTS mobile_app_sessions integer,
  ADD COLUMN IF NOT EXISTS mobile_app_sessions_b2b integer,
  ADD COLUMN IF NOT EXISTS sessions integer,
  ADD COLUMN IF NOT EXISTS sessions_b2b integer,
  ADD COLUMN IF NOT EXISTS buy_box_percentage numeric(7,2),
  ADD COLUMN IF NOT EXISTS buy_box_percentage_b2b numeric(7,2),
  ADD COLUMN IF NOT EXISTS order_item_session_percentage numeric(7,2),
  ADD COLUMN IF NOT EXISTS order_item_session_percentage_b2b numeric(7,2),
  ADD COLUMN IF NOT EXISTS unit_session_percentage numeric(7,2),
  ADD COLUMN IF NOT EXISTS unit_session_percentage_b2b numeric(7,2),
  ADD COLUMN IF NOT EXISTS average_offer_count integer,
  ADD COLUMN IF NOT EXISTS average_parent_items integer,
  ADD COLUMN IF NOT EXISTS feedback_received integer,
  ADD COLUMN IF NOT EXISTS negative_feedback_received integer,
  ADD COLUMN IF NOT EXISTS received_negative_feedback_rate numeric(7,2),
  ADD COLUMN IF NOT EXISTS created_at timestamptz DEFAULT now(),
  ADD COLUMN IF NOT EXISTS pull_id bigint;

-- One line a data day and marketplace of sales and traffic: pending, processing, completed or failed.
CREATE TABLE IF NOT EXISTS sp_data_pulls (
  id bigserial PRIMARY KEY,
  pull_date date NOT NULL,
  marketplace_id uuid NOT NULL REFERENCES marketplaces (id),
  amazon_marketplace_id text NOT NULL,
  report_id text,
  status text DEFAULT 'pending',
  asin_count integer,
  error_message text,
  started_at timestamptz DEFAULT now(),
  completed_at timestamptz,
  UNIQUE (pull_date, marketplace_id)
);
ALTER TABLE sp_data_pulls
  ADD COLUMN IF NOT EXISTS pull_date date,
  ADD COLUMN IF NOT EXISTS marketplace_id uuid,
  ADD COLUMN IF NOT EXISTS amazon_marketplace_id text,
  ADD COLUMN IF NOT EXISTS report_id text,
  ADD COLUMN IF NOT EXISTS status text DEFAULT 'pending',
  ADD COLUMN IF NOT EXISTS asin_count integer,
  ADD COLUMN IF NOT EXISTS error_message text,
  ADD COLUMN IF NOT EXISTS started_at timestamptz DEFAULT now(),
  ADD COLUMN IF NOT EXISTS completed_at timestamptz;

DO $$
DECLARE
  name text;
  percentage text;
BEGIN
  -- Of a table `products` of the user's we know nothing, not even that it has an id.
  IF (SELECT count(*) FROM chalkola_new_tables n WHERE n.name IN ('products', 'product_variants')) = 2 THEN
    ALTER TABLE product_variants ADD FOREIGN KEY (product_id) REFERENCES products (id);
  END IF;

  IF to_regclass('sp_api_pulls') IS NULL THEN
    CREATE VIEW sp_api_pulls WITH (security_invoker = true) AS SELECT * FROM sp_data_pulls;
  END IF;

  -- The percentages can exceed 999.99. Widening changes the catalogue only; where a view of the user's stands on the
  -- column it is not possible, and such a value is then stored as NULL with a note in the pull's line.
  FOREACH percentage IN ARRAY ARRAY['buy_box_percentage', 'buy_box_percentage_b2b',
                                    'unit_session_percentage', 'unit_session_percentage_b2b'] LOOP
    BEGIN
      IF EXISTS (SELECT FROM information_schema.columns
                 WHERE table_schema = current_schema() AND table_name = 'sp_daily_asin_data'
                   AND column_name = percentage AND data_type = 'numeric'
                   AND numeric_precision = 5 AND numeric_scale = 2) THEN
        EXECUTE format('ALTER TABLE sp_daily_asin_data ALTER COLUMN %I TYPE numeric(7,2)', percentage);
      END IF;
    EXCEPTION WHEN feature_not_supported OR insufficient_privilege OR dependent_objects_still_exist THEN
      RAISE NOTICE 'sp_daily_asin_data.% stays numeric(5,2): %', percentage, SQLERRM;
    END;
  END LOOP;

  -- Row-level security on what we have just made; tables that were there before are the user's own affair.
  FOR name IN SELECT n.name FROM chalkola_new_tables n LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
  END LOOP;
END $$;
$script$;
  INSERT INTO sp_migrations VALUES ('migrations/0002_tables.sql', '6c84627a87716691')
  ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
END $chalkola$;

-- migrations/0003_data_kiosk.sql
DO $chalkola$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('chalkola migrate'));
  CREATE TABLE IF NOT EXISTS sp_migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
  ALTER TABLE sp_migrations ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM sp_migrations WHERE name = 'migrations/0003_data_kiosk.sql') THEN
    RETURN;
  END IF;
  PERFORM set_config('lock_timeout', '10s', true);
  EXECUTE $script$
-- Data Kiosk: columns that only it fills, parents, restatements, questions under way at once, and what was learned.
-- Columns are added without rewriting a row; nothing of the user's is dropped.

ALTER TABLE sp_daily_asin_data
  ADD COLUMN IF NOT EXISTS units_refunded integer,
  ADD COLUMN IF NOT EXISTS units_refunded_b2b integer,
  ADD COLUMN IF NOT EXISTS refund_rate numeric(7,2),
  ADD COLUMN IF NOT EXISTS refund_rate_b2b numeric(7,2),
  ADD COLUMN IF NOT EXISTS orders_shipped integer,
  ADD COLUMN IF NOT EXISTS orders_shipped_b2b integer,
  ADD COLUMN IF NOT EXISTS units_shipped integer,
  ADD COLUMN IF NOT EXISTS units_shipped_b2b integer,
  ADD COLUMN IF NOT EXISTS shipped_product_sales numeric(12,2),
  ADD COLUMN IF NOT EXISTS shipped_product_sales_b2b numeric(12,2),
  ADD COLUMN IF NOT EXISTS browser_session_percentage numeric(7,2),
  ADD COLUMN IF NOT EXISTS mobile_app_session_percentage numeric(7,2),
  ADD COLUMN IF NOT EXISTS session_percentage numeric(7,2),
  ADD COLUMN IF NOT EXISTS browser_page_views_percentage numeric(7,2),
  ADD COLUMN IF NOT EXISTS mobile_app_page_views_percentage numeric(7,2),
  ADD COLUMN IF NOT EXISTS page_views_percentage numeric(7,2);

ALTER TABLE sp_daily_totals
  ADD COLUMN IF NOT EXISTS claims_amount_b2b numeric(14,2),
  ADD COLUMN IF NOT EXISTS claims_granted_b2b integer,
  ADD COLUMN IF NOT EXISTS orders_shipped_b2b integer,
  ADD COLUMN IF NOT EXISTS refund_rate_b2b numeric(7,2),
  ADD COLUMN IF NOT EXISTS shipped_product_sales_b2b numeric(14,2),
  ADD COLUMN IF NOT EXISTS units_refunded_b2b integer,
  ADD COLUMN IF NOT EXISTS units_shipped_b2b integer,
  ADD COLUMN IF NOT EXISTS feedback_received_b2b integer,
  ADD COLUMN IF NOT EXISTS negative_feedback_received_b2b integer,
  ADD COLUMN IF NOT EXISTS received_negative_feedback_rate_b2b numeric(7,2);

-- A parent's day as Amazon counts it: one visit may see several children, so theirs do not add up to it.
DO $$
BEGIN
  IF to_regclass('sp_daily_parent_data') IS NULL THEN
    CREATE TABLE sp_daily_parent_data (
      id bigserial PRIMARY KEY,
      date date NOT NULL,
      marketplace_id uuid NOT NULL REFERENCES marketplaces (id),
      amazon_marketplace_id text NOT NULL,
      parent_asin text NOT NULL,
      UNIQUE (date, marketplace_id, parent_asin)
    );
    CREATE INDEX idx_sp_daily_parent_asin ON sp_daily_parent_data (parent_asin, marketplace_id, date);
    ALTER TABLE sp_daily_parent_data ENABLE ROW LEVEL SECURITY;
  END IF;
END $$;
ALTER TABLE sp_daily_parent_data
  ADD COLUMN IF NOT EXISTS date date,
  ADD COLUMN IF NOT EXISTS marketplace_id uuid,
  ADD COLUMN IF NOT EXISTS amazon_marketplace_id text,
  ADD COLUMN IF NOT EXISTS parent_asin text,
  ADD COLUMN IF NOT EXISTS units_ordered integer,
  ADD COLUMN IF NOT EXISTS units_ordered_b2b integer,
  ADD COLUMN IF NOT EXISTS ordered_product_sales numeric(12,2),
  ADD COLUMN IF NOT EXISTS ordered_product_sales_b2b numeric(12,2),
  ADD COLUMN IF NOT EXISTS currency_code text,
  ADD COLUMN IF NOT EXISTS total_order_items integer,
  ADD COLUMN IF NOT EXISTS total_order_items_b2b integer,
  ADD COLUMN IF NOT EXISTS sessions integer,
  ADD COLUMN IF NOT EXISTS sessions_b2b integer,
  ADD COLUMN IF NOT EXISTS page_views integer,
  ADD COLUMN IF NOT EXISTS page_views_b2b integer,
  ADD COLUMN IF NOT EXISTS browser_sessions integer,
  ADD COLUMN IF NOT EXISTS mobile_app_sessions integer,
  ADD COLUMN IF NOT EXISTS browser_page_views integer,
  ADD COLUMN IF NOT EXISTS mobile_app_page_views integer,
  ADD COLUMN IF NOT EXISTS buy_box_percentage numeric(7,2),
  ADD COLUMN IF NOT EXISTS buy_box_percentage_b2b numeric(7,2),
  ADD COLUMN IF NOT EXISTS unit_session_percentage numeric(7,2),
  ADD COLUMN IF NOT EXISTS unit_session_percentage_b2b numeric(7,2),
  ADD COLUMN IF NOT EXISTS units_refunded integer,
  ADD COLUMN IF NOT EXISTS units_refunded_b2b integer,
  ADD COLUMN IF NOT EXISTS refund_rate numeric(7,2),
  ADD COLUMN IF NOT EXISTS refund_rate_b2b numeric(7,2),
  ADD COLUMN IF NOT EXISTS orders_shipped integer,
  ADD COLUMN IF NOT EXISTS orders_shipped_b2b integer,
  ADD COLUMN IF NOT EXISTS units_shipped integer,
  ADD COLUMN IF NOT EXISTS units_shipped_b2b integer,
  ADD COLUMN IF NOT EXISTS shipped_product_sales numeric(12,2),
  ADD COLUMN IF NOT EXISTS shipped_product_sales_b2b numeric(12,2),
  ADD COLUMN IF NOT EXISTS browser_session_percentage numeric(7,2),
  ADD COLUMN IF NOT EXISTS mobile_app_session_percentage numeric(7,2),
  ADD COLUMN IF NOT EXISTS session_percentage numeric(7,2),
  ADD COLUMN IF NOT EXISTS browser_page_views_percentage numeric(7,2),
  ADD COLUMN IF NOT EXISTS mobile_app_page_views_percentage numeric(7,2),
  ADD COLUMN IF NOT EXISTS page_views_percentage numeric(7,2),
  ADD COLUMN IF NOT EXISTS created_at timestamptz DEFAULT now(),
  ADD COLUMN IF NOT EXISTS pull_id bigint;

-- What every row of ours carries. Rows that were there before us say nothing of their source or first load.
DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['sp_daily_asin_data', 'sp_daily_totals', 'sp_daily_parent_data'] LOOP
    EXECUTE format('ALTER TABLE %I
      ADD COLUMN IF NOT EXISTS source text,
      ADD COLUMN IF NOT EXISTS first_loaded_at timestamptz,
      ADD COLUMN IF NOT EXISTS last_changed_at timestamptz,
      ADD COLUMN IF NOT EXISTS times_changed integer DEFAULT 0', name);
    EXECUTE format('COMMENT ON COLUMN %I.source IS %L', name,
      'How the row came last: by_asin, by_date, trends, report or import. NULL: the row was there before us.');
    EXECUTE format('COMMENT ON COLUMN %I.last_changed_at IS %L', name,
      'When an answer of Amazon''s last changed a figure that was there before. NULL: never.');
  END LOOP;
END $$;

-- Amazon changed a day that we held: the day's sums over the columns that both answers have, and its rows.
CREATE TABLE sp_restatements (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  dataset text NOT NULL,
  scope text NOT NULL,
  first_day date NOT NULL,
  restated_at timestamptz NOT NULL,          -- when the changed answer was loaded, Amazon's time
  pull_id bigint NOT NULL,
  units_before integer,
  units_after integer,
  sales_before numeric(14,2),
  sales_after numeric(14,2),
  sessions_before integer,
  sessions_after integer,
  rows_added integer NOT NULL,
  rows_changed integer NOT NULL,
  rows_withdrawn integer NOT NULL
);
CREATE INDEX idx_sp_restatements_slice ON sp_restatements (dataset, scope, first_day);
CREATE INDEX idx_sp_restatements_at ON sp_restatements (restated_at);

ALTER TABLE sp_slices
  ADD COLUMN ask text CHECK (ask IN ('alone', 'complete')),  -- how to ask next time; NULL: any way
  ADD COLUMN residual_since timestamptz;     -- asked_at of the first answer that left this residual

ALTER TABLE sp_pulls
  ADD COLUMN rank smallint NOT NULL DEFAULT 0,   -- 0: days that are new to us, 1: days that are read again
  ADD COLUMN slot text,                      -- what Amazon limits the questions under way of: salesAndTrafficByAsin@NA
  ADD COLUMN filters jsonb,                  -- [scope, ASINs] of each filter; NULL: all ASINs
  ADD COLUMN page_token text,                -- the next page to ask for; NULL: the first
  ADD COLUMN pages text[] NOT NULL DEFAULT '{}',         -- the documents of the pages before
  ADD COLUMN page_tickets text[] NOT NULL DEFAULT '{}';  -- and their tickets
ALTER TABLE sp_pull_slices
  ADD COLUMN loaded boolean,                 -- whether this pull's rows were accepted for the slice
  ADD COLUMN checksum text;                  -- of its rows, where it asked for some ASINs only
CREATE INDEX idx_sp_pulls_filters ON sp_pulls (account, source, md5(filters::text), id)
  WHERE filters IS NOT NULL AND stage = 'loaded';
DROP INDEX idx_sp_pulls_open;
CREATE INDEX idx_sp_pulls_open ON sp_pulls ((stage = 'planned' AND page_token IS NULL), rank, last_day DESC, id)
  WHERE finished_at IS NULL;
CREATE INDEX idx_sp_pulls_under_way ON sp_pulls (slot)
  WHERE finished_at IS NULL AND slot IS NOT NULL AND stage IN ('asking', 'looking', 'asked');

-- How many questions of one kind an account may have under way. Amazon does not publish it: it is learned.
CREATE TABLE sp_slots (
  key text PRIMARY KEY,                      -- salesAndTrafficByAsin@NA
  most integer NOT NULL CHECK (most > 0),
  accepted boolean NOT NULL DEFAULT false,   -- until Amazon has accepted a question, one at a time
  refused_at timestamptz                     -- when it was lowered or last raised
);

ALTER TABLE sp_sources ADD COLUMN limits jsonb;  -- what one question may span, where Amazon has refused more

-- In which zone Amazon's day runs in a marketplace, as far as its own figures tell.
CREATE TABLE sp_day_zones (
  amazon_marketplace_id text PRIMARY KEY,
  zone text,                                 -- NULL: the figures did not tell
  days integer NOT NULL,                     -- days compared
  fits jsonb NOT NULL,                       -- by zone: days on which the figures agreed
  found_at timestamptz NOT NULL
);

ALTER TABLE sp_restatements ENABLE ROW LEVEL SECURITY;
ALTER TABLE sp_slots ENABLE ROW LEVEL SECURITY;
ALTER TABLE sp_day_zones ENABLE ROW LEVEL SECURITY;
$script$;
  INSERT INTO sp_migrations VALUES ('migrations/0003_data_kiosk.sql', 'de75a5e606a218e6')
  ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
END $chalkola$;

-- migrations/0004_backfill.sql
DO $chalkola$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('chalkola migrate'));
  CREATE TABLE IF NOT EXISTS sp_migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
  ALTER TABLE sp_migrations ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM sp_migrations WHERE name = 'migrations/0004_backfill.sql') THEN
    RETURN;
  END IF;
  PERFORM set_config('lock_timeout', '10s', true);
  EXECUTE $script$
-- The backfill: which ASINs Amazon showed in a month, and questions that are asked anew in smaller ones.

CREATE TABLE sp_seen_asins (
  id bigserial PRIMARY KEY,
  date date NOT NULL,                        -- the first day of the period
  marketplace_id uuid NOT NULL REFERENCES marketplaces (id),
  amazon_marketplace_id text NOT NULL,
  child_asin text NOT NULL,
  parent_asin text,
  units_ordered integer,
  page_views integer,
  created_at timestamptz DEFAULT now(),
  pull_id bigint,
  source text,
  first_loaded_at timestamptz,
  last_changed_at timestamptz,
  times_changed integer DEFAULT 0,
  UNIQUE (date, marketplace_id, child_asin)
);
ALTER TABLE sp_seen_asins ENABLE ROW LEVEL SECURITY;

ALTER TABLE sp_pulls
  ADD COLUMN redo_at timestamptz,            -- a refused question for some ASINs: ask for these anew from then on
  ADD COLUMN redone_at timestamptz;          -- when that was planned
CREATE INDEX idx_sp_pulls_refused_parts ON sp_pulls (id)
  WHERE stage = 'refused' AND filters IS NOT NULL AND redone_at IS NULL;
$script$;
  INSERT INTO sp_migrations VALUES ('migrations/0004_backfill.sql', '9c973c8b1735b605')
  ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
END $chalkola$;

-- migrations/0005_stories.sql
DO $chalkola$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('chalkola migrate'));
  CREATE TABLE IF NOT EXISTS sp_migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
  ALTER TABLE sp_migrations ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM sp_migrations WHERE name = 'migrations/0005_stories.sql') THEN
    RETURN;
  END IF;
  PERFORM set_config('lock_timeout', '10s', true);
  EXECUTE $script$
-- What has happened to a pull, and what its slices became by it: a slice's story is told from these.

CREATE TABLE sp_pull_events (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  pull_id bigint NOT NULL REFERENCES sp_pulls (id) ON DELETE CASCADE,
  at timestamptz NOT NULL,                   -- Amazon's time
  what text NOT NULL CHECK (what IN (
    'asking',                                -- the intent is written, and the question leaves
    'ticket',                                -- Amazon has taken it
    'throttled',                             -- Amazon's quota: a 429, or no turn to be had
    'setback',                               -- an outage, a connection or a login that failed
    'lost',                                  -- Amazon's answer to the question was lost: it is looked for
    'looking',                               -- whoever was asking is gone: it is looked for
    'taken over',                            -- whoever had it in hand at another stage is gone
    'found',                                 -- Amazon's list has it
    'not ours',                              -- what was found answers another application's question
    'asked again',                           -- Amazon's list does not have it
    'page',                                  -- the document of a page is there, and names a next one
    'first page',                            -- the next page is refused: the first one is asked for again
    'source closed',
    'loaded', 'empty', 'refused'             -- its end
  )),
  said text                                  -- which ticket or page; why, in Amazon's words where there are any
);
CREATE INDEX idx_sp_pull_events_pull ON sp_pull_events (pull_id, id);
ALTER TABLE sp_pull_events ENABLE ROW LEVEL SECURITY;

ALTER TABLE sp_pull_slices
  ADD COLUMN state text,                     -- what the slice became by this pull; NULL: nothing, or not known
  ADD COLUMN reason text;
$script$;
  INSERT INTO sp_migrations VALUES ('migrations/0005_stories.sql', '77b1e559e184be00')
  ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
END $chalkola$;

-- migrations/0006_calls.sql
DO $chalkola$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('chalkola migrate'));
  CREATE TABLE IF NOT EXISTS sp_migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
  ALTER TABLE sp_migrations ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM sp_migrations WHERE name = 'migrations/0006_calls.sql') THEN
    RETURN;
  END IF;
  PERFORM set_config('lock_timeout', '10s', true);
  EXECUTE $script$
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
$script$;
  INSERT INTO sp_migrations VALUES ('migrations/0006_calls.sql', 'b3f10f6e81f2b3f3')
  ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
END $chalkola$;

-- migrations/0007_alerts.sql
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

-- migrations/0008_rest.sql
DO $chalkola$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('chalkola migrate'));
  CREATE TABLE IF NOT EXISTS sp_migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
  ALTER TABLE sp_migrations ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM sp_migrations WHERE name = 'migrations/0008_rest.sql') THEN
    RETURN;
  END IF;
  PERFORM set_config('lock_timeout', '10s', true);
  EXECUTE $script$
-- Rows on their way into a table through Supabase's API, a few hundred in a call, under the pull that brings them. The
-- transaction that ends the pull moves them. What a pull has left behind here nobody reads; it goes when the pull ends.
-- Unlogged: should the server crash in the middle, they are missed when they are counted, and are staged again.
CREATE TABLE sp_staged (
  pull_id    bigint NOT NULL,
  generation integer NOT NULL,
  part       integer NOT NULL,
  place      integer NOT NULL,
  cells      text[] NOT NULL,
  PRIMARY KEY (pull_id, generation, part, place)
);
ALTER TABLE sp_staged SET UNLOGGED;
ALTER TABLE sp_staged ENABLE ROW LEVEL SECURITY;

-- What calls through Supabase's API have answered lately: one that was lost on its way is made again under its id, and has
-- then been carried out once, whichever of them came through.
CREATE TABLE sp_rest_calls (
  id     uuid PRIMARY KEY,
  at     timestamptz NOT NULL DEFAULT clock_timestamp(),
  answer json
);
ALTER TABLE sp_rest_calls ENABLE ROW LEVEL SECURITY;
CREATE INDEX idx_sp_rest_calls_at ON sp_rest_calls (at);
$script$;
  INSERT INTO sp_migrations VALUES ('migrations/0008_rest.sql', '136dd9c9ab3b0e4a')
  ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
END $chalkola$;

-- migrations/0009_listings_and_rates.sql
DO $chalkola$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('chalkola migrate'));
  CREATE TABLE IF NOT EXISTS sp_migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
  ALTER TABLE sp_migrations ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM sp_migrations WHERE name = 'migrations/0009_listings_and_rates.sql') THEN
    RETURN;
  END IF;
  PERFORM set_config('lock_timeout', '10s', true);
  EXECUTE $script$
-- Listings (which SKU is which ASIN, as Amazon lists them) and the euro's daily reference rates. Where a table of these
-- names was there before us its rows and columns are kept; missing columns are added.

DO $$
BEGIN
  IF to_regclass('sp_listings') IS NULL THEN
    CREATE TABLE sp_listings (
      marketplace_id uuid NOT NULL REFERENCES marketplaces (id),
      amazon_marketplace_id text NOT NULL,
      sku text NOT NULL,
      PRIMARY KEY (marketplace_id, sku)
    );
    ALTER TABLE sp_listings ENABLE ROW LEVEL SECURITY;
  END IF;
  IF to_regclass('fx_rates') IS NULL THEN
    CREATE TABLE fx_rates (
      date date NOT NULL,
      currency_code text NOT NULL,
      PRIMARY KEY (date, currency_code)
    );
    ALTER TABLE fx_rates ENABLE ROW LEVEL SECURITY;
  END IF;
END $$;

ALTER TABLE sp_listings
  ADD COLUMN IF NOT EXISTS marketplace_id uuid,
  ADD COLUMN IF NOT EXISTS amazon_marketplace_id text,
  ADD COLUMN IF NOT EXISTS sku text,
  ADD COLUMN IF NOT EXISTS asin text,              -- NULL: Amazon names none, as of a listing that is incomplete
  ADD COLUMN IF NOT EXISTS title text,
  ADD COLUMN IF NOT EXISTS price numeric(12,2),
  ADD COLUMN IF NOT EXISTS currency_code text,     -- of the price: the marketplace's
  ADD COLUMN IF NOT EXISTS quantity integer,       -- NULL where Amazon keeps the stock (FBA)
  ADD COLUMN IF NOT EXISTS status text,            -- Active, Inactive, Incomplete, in Amazon's words
  ADD COLUMN IF NOT EXISTS fulfilment text,        -- FBA: Amazon sends it; FBM: the merchant does
  ADD COLUMN IF NOT EXISTS listing_id text,
  ADD COLUMN IF NOT EXISTS open_date text,         -- as Amazon writes it, which differs by marketplace
  ADD COLUMN IF NOT EXISTS first_seen_at timestamptz,
  ADD COLUMN IF NOT EXISTS changed_at timestamptz, -- when it last became another one, went, or came back
  ADD COLUMN IF NOT EXISTS gone_at timestamptz,    -- since when Amazon's list has not had it; NULL: it has
  ADD COLUMN IF NOT EXISTS pull_id bigint;
COMMENT ON COLUMN sp_listings.gone_at IS
  'Since when Amazon''s list has not had this SKU. NULL: it has. The row keeps what the list said of it last.';
COMMENT ON COLUMN sp_listings.pull_id IS
  'The line of sp_pulls that wrote this row last. NULL: the row was there before us, and we never mark it as gone.';
CREATE INDEX IF NOT EXISTS idx_sp_listings_asin ON sp_listings (asin);

ALTER TABLE fx_rates
  ADD COLUMN IF NOT EXISTS date date,
  ADD COLUMN IF NOT EXISTS currency_code text,
  ADD COLUMN IF NOT EXISTS per_eur numeric,        -- units of the currency for one euro
  ADD COLUMN IF NOT EXISTS source text,            -- ecb: as published; peg: by a fixed rate to one that is published
  ADD COLUMN IF NOT EXISTS pull_id bigint;
COMMENT ON COLUMN fx_rates.per_eur IS
  'Units of the currency for one euro. There is a row for each day on which the European Central Bank published.';
$script$;
  INSERT INTO sp_migrations VALUES ('migrations/0009_listings_and_rates.sql', '83d0dc6d51cb5620')
  ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
END $chalkola$;

-- migrations/0010_sheets.sql
DO $chalkola$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('chalkola migrate'));
  CREATE TABLE IF NOT EXISTS sp_migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
  ALTER TABLE sp_migrations ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM sp_migrations WHERE name = 'migrations/0010_sheets.sql') THEN
    RETURN;
  END IF;
  PERFORM set_config('lock_timeout', '10s', true);
  EXECUTE $script$
-- What spreadsheets ask with: tokens, of which only a digest is kept, and the calls that count against their rate.

CREATE TABLE sp_sheet_tokens (
  id text PRIMARY KEY,                       -- the part of the token that may be seen
  name text NOT NULL,
  secret_sha256 bytea NOT NULL,
  calls_a_minute integer NOT NULL DEFAULT 120 CHECK (calls_a_minute > 0),
  burst integer NOT NULL DEFAULT 60 CHECK (burst > 0),
  created_at timestamptz NOT NULL,
  last_used_at timestamptz,                  -- to the minute
  revoked_at timestamptz                     -- NULL: it is valid
);
ALTER TABLE sp_sheet_tokens ENABLE ROW LEVEL SECURITY;

-- The calls of the last minutes: written and never changed, so that calls of one token do not wait for each other.
CREATE UNLOGGED TABLE sp_sheet_calls (
  token_id text NOT NULL,
  called_at timestamptz NOT NULL             -- machine time: a rate is about this machine's work
);
CREATE INDEX idx_sp_sheet_calls ON sp_sheet_calls (token_id, called_at);
ALTER TABLE sp_sheet_calls ENABLE ROW LEVEL SECURITY;

-- The role that whoever serves sheets takes on (SET LOCAL ROLE): it may execute the functions for sheets and nothing else
-- (access.py). Roles belong to the whole server: it may be there already, or we may not be allowed to make it or to take it
-- on. `chalkola migrate` says so; nothing else depends on it.
DO $$
BEGIN
  BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'chalkola_sheets') THEN
      CREATE ROLE chalkola_sheets NOLOGIN;
    END IF;
  EXCEPTION
    WHEN insufficient_privilege THEN
      RAISE NOTICE 'the role chalkola_sheets cannot be made here: %', SQLERRM;
      RETURN;
    WHEN duplicate_object OR unique_violation THEN
      NULL;  -- another database of this server makes it at this moment
  END;
  EXECUTE format('GRANT USAGE ON SCHEMA %I TO chalkola_sheets', current_schema());
  -- Who makes a role may not take it on for that (since PostgreSQL 16). A superuser may take on any.
  IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
    EXECUTE format('GRANT chalkola_sheets TO %I', current_user);
  END IF;
EXCEPTION WHEN insufficient_privilege THEN
  RAISE NOTICE 'the role chalkola_sheets cannot be taken on here: %', SQLERRM;
END $$;
$script$;
  INSERT INTO sp_migrations VALUES ('migrations/0010_sheets.sql', '63c441e3f2e15dd6')
  ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
END $chalkola$;

-- migrations/0011_documents.sql
DO $chalkola$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('chalkola migrate'));
  CREATE TABLE IF NOT EXISTS sp_migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
  ALTER TABLE sp_migrations ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM sp_migrations WHERE name = 'migrations/0011_documents.sql') THEN
    RETURN;
  END IF;
  PERFORM set_config('lock_timeout', '10s', true);
  EXECUTE $script$
-- What became of every document that Amazon sent: where it is kept and what it takes there, or why it is not.

CREATE TABLE sp_documents (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- No foreign key: a file that is imported is kept before the line of its pull is written.
  pull_id bigint NOT NULL,
  at timestamptz NOT NULL,                   -- when it came, Amazon's time
  state text NOT NULL CHECK (state IN ('kept', 'failed', 'too large', 'removed')),
  name text UNIQUE,                          -- as sp_pulls.archived_as; supabase:<bucket>/… or a path in the folder
  byte_count bigint NOT NULL,                -- as it is kept
  why text                                   -- why it is not kept
);
CREATE INDEX idx_sp_documents_pull ON sp_documents (pull_id);
CREATE INDEX idx_sp_documents_kept ON sp_documents (at) WHERE state = 'kept';
CREATE INDEX idx_sp_documents_not_kept ON sp_documents (at) WHERE state IN ('failed', 'too large');
ALTER TABLE sp_documents ENABLE ROW LEVEL SECURITY;

INSERT INTO sp_documents (pull_id, at, state, name, byte_count)
SELECT id, coalesce(finished_at, created_at), 'kept', archived_as, coalesce(byte_count, 0)
FROM sp_pulls WHERE archived_as IS NOT NULL ORDER BY id
ON CONFLICT (name) DO NOTHING;
$script$;
  INSERT INTO sp_migrations VALUES ('migrations/0011_documents.sql', '2b0e7cbd8ebe4a28')
  ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
END $chalkola$;

-- migrations/0015_web_sessions.sql
DO $chalkola$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('chalkola migrate'));
  CREATE TABLE IF NOT EXISTS sp_migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
  ALTER TABLE sp_migrations ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM sp_migrations WHERE name = 'migrations/0015_web_sessions.sql') THEN
    RETURN;
  END IF;
  PERFORM set_config('lock_timeout', '10s', true);
  EXECUTE $script$
-- Who has signed in to the pages, and until when that holds. Of what the browser shows only a digest is kept.

CREATE TABLE sp_web_sessions (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  digest bytea NOT NULL UNIQUE,              -- HMAC-SHA-256 of the cookie with SESSION_SECRET
  email text NOT NULL,                       -- verified by Google, in small letters
  name text NOT NULL DEFAULT '',             -- as Google has it
  signed_in_at timestamptz NOT NULL,         -- machine time, as all times here
  seen_at timestamptz NOT NULL,              -- to the minute
  expires_at timestamptz NOT NULL,
  ended_at timestamptz,                      -- NULL: nobody has ended it
  ended_by text                              -- the address of whoever did
);
CREATE INDEX idx_sp_web_sessions_email ON sp_web_sessions (email, signed_in_at DESC);
ALTER TABLE sp_web_sessions ENABLE ROW LEVEL SECURITY;
$script$;
  INSERT INTO sp_migrations VALUES ('migrations/0015_web_sessions.sql', 'c435bb8768d43984')
  ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
END $chalkola$;

-- migrations/0018_running_sums.sql
DO $chalkola$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('chalkola migrate'));
  CREATE TABLE IF NOT EXISTS sp_migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
  ALTER TABLE sp_migrations ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM sp_migrations WHERE name = 'migrations/0018_running_sums.sql') THEN
    RETURN;
  END IF;
  PERFORM set_config('lock_timeout', '10s', true);
  EXECUTE $script$
-- Running sums of each month beside the daily rows, and a note of every month whose rows were written since it was summed.

-- One row for each child and parent (`of_parents`: each parent, from sp_daily_parent_data) of a marketplace's month. Element
-- d of an array is the sum of days 1 to d, so a window inside a month is one subtraction. NULL instead of an array: zeros;
-- instead of one called `..._of`: what it is a share of, whole. Bit d - 1 of `..._known` says that day d has a figure, of
-- `seen` that it has a row. Money, and page views weighed by the buy box, are in ten-thousandths. functions/35_sums.sql
-- writes it and lists the series.
CREATE TABLE sp_month_sums (
  marketplace_id uuid NOT NULL,
  of_parents boolean NOT NULL,
  month date NOT NULL,                       -- its first day
  child_asin text,
  parent_asin text,
  seen integer NOT NULL,
  units_known integer NOT NULL, sales_known integer NOT NULL, sessions_known integer NOT NULL,
  page_views_known integer NOT NULL, buy_box_views_known integer NOT NULL, order_items_known integer NOT NULL,
  mobile_sessions_known integer NOT NULL, b2b_sessions_known integer NOT NULL, refunds_known integer NOT NULL,
  units_b2b_known integer NOT NULL, sales_b2b_known integer NOT NULL,
  units integer[], sales bigint[], sessions integer[], page_views integer[], buy_box_views bigint[],
  buy_box_of integer[],                      -- page views of the days on which the buy box is known
  order_items integer[], mobile_sessions integer[], mobile_of integer[], b2b_sessions integer[], b2b_of integer[],
  refunds integer[], refunds_of integer[], units_b2b integer[], sales_b2b bigint[]
);
-- 31 numbers at most: a row always fits into a page, and nothing of it has to be fetched from elsewhere.
DO $$
DECLARE
  name text;
BEGIN
  FOR name IN SELECT attname FROM pg_attribute WHERE attrelid = 'sp_month_sums'::regclass AND attndims > 0 LOOP
    EXECUTE format('ALTER TABLE sp_month_sums ALTER COLUMN %I SET STORAGE PLAIN', name);
  END LOOP;
END $$;
CREATE INDEX idx_sp_month_sums ON sp_month_sums (marketplace_id, of_parents, month);
ALTER TABLE sp_month_sums ENABLE ROW LEVEL SECURITY;

-- The products of the months that are summed: `days` has the last day with a row of each of them, oldest first.
CREATE TABLE sp_summed_products (
  marketplace_id uuid NOT NULL,
  of_parents boolean NOT NULL,
  child_asin text,
  parent_asin text,
  days date[] NOT NULL
);
CREATE INDEX idx_sp_summed_products ON sp_summed_products (marketplace_id, of_parents);
ALTER TABLE sp_summed_products ENABLE ROW LEVEL SECURITY;

-- A month whose rows were written: whoever writes adds a line, and nobody waits for another. While there is one the rows
-- count and not the sums. Summing deletes the lines that it saw before it read the rows, so none that comes meanwhile is lost.
CREATE TABLE sp_unsummed (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  of_parents boolean NOT NULL,
  marketplace_id uuid NOT NULL,
  month date NOT NULL,
  too_large boolean NOT NULL DEFAULT false   -- its figures do not fit into the sums: it stays as it is
);
ALTER TABLE sp_unsummed ENABLE ROW LEVEL SECURITY;

-- They run as their owner: whoever may write a row may have its month noted, and needs no right to anything of ours.
CREATE OR REPLACE FUNCTION sp_note_new()
RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  INSERT INTO sp_unsummed (of_parents, marketplace_id, month)
  SELECT DISTINCT TG_ARGV[0]::boolean, t.marketplace_id, date_trunc('month', t.date::timestamp)::date FROM new_rows t
  WHERE t.marketplace_id IS NOT NULL AND isfinite(t.date);
  RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION sp_note_old()
RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  INSERT INTO sp_unsummed (of_parents, marketplace_id, month)
  SELECT DISTINCT TG_ARGV[0]::boolean, t.marketplace_id, date_trunc('month', t.date::timestamp)::date FROM old_rows t
  WHERE t.marketplace_id IS NOT NULL AND isfinite(t.date);
  RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION sp_note_changed()
RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  INSERT INTO sp_unsummed (of_parents, marketplace_id, month)
  SELECT DISTINCT TG_ARGV[0]::boolean, t.marketplace_id, date_trunc('month', t.date::timestamp)::date
  FROM (SELECT marketplace_id, date FROM new_rows UNION ALL SELECT marketplace_id, date FROM old_rows) t
  WHERE t.marketplace_id IS NOT NULL AND isfinite(t.date);
  RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION sp_note_emptied()
RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  INSERT INTO sp_unsummed (of_parents, marketplace_id, month)
  SELECT DISTINCT s.of_parents, s.marketplace_id, s.month FROM sp_month_sums s WHERE s.of_parents = TG_ARGV[0]::boolean;
  RETURN NULL;
END $$;

DO $$
DECLARE
  one record;
BEGIN
  FOR one IN SELECT * FROM (VALUES ('sp_daily_asin_data', false), ('sp_daily_parent_data', true)) AS t (rows, of_parents) LOOP
    EXECUTE format('CREATE TRIGGER sp_sums_new AFTER INSERT ON %I REFERENCING NEW TABLE AS new_rows'
                   ' FOR EACH STATEMENT EXECUTE FUNCTION sp_note_new(%L)', one.rows, one.of_parents);
    EXECUTE format('CREATE TRIGGER sp_sums_changed AFTER UPDATE ON %I REFERENCING NEW TABLE AS new_rows OLD TABLE AS old_rows'
                   ' FOR EACH STATEMENT EXECUTE FUNCTION sp_note_changed(%L)', one.rows, one.of_parents);
    EXECUTE format('CREATE TRIGGER sp_sums_gone AFTER DELETE ON %I REFERENCING OLD TABLE AS old_rows'
                   ' FOR EACH STATEMENT EXECUTE FUNCTION sp_note_old(%L)', one.rows, one.of_parents);
    EXECUTE format('CREATE TRIGGER sp_sums_emptied AFTER TRUNCATE ON %I'
                   ' FOR EACH STATEMENT EXECUTE FUNCTION sp_note_emptied(%L)', one.rows, one.of_parents);
    -- Also where a session has switched triggers off for itself (session_replication_role).
    EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER sp_sums_new, ENABLE ALWAYS TRIGGER sp_sums_changed,'
                   ' ENABLE ALWAYS TRIGGER sp_sums_gone, ENABLE ALWAYS TRIGGER sp_sums_emptied', one.rows);
    -- What is there already. Nobody writes until this is committed.
    EXECUTE format('INSERT INTO sp_unsummed (of_parents, marketplace_id, month)'
                   ' SELECT DISTINCT %L::boolean, marketplace_id, date_trunc(''month'', date::timestamp)::date FROM %I'
                   ' WHERE marketplace_id IS NOT NULL AND isfinite(date)', one.of_parents, one.rows);
  END LOOP;
END $$;
$script$;
  INSERT INTO sp_migrations VALUES ('migrations/0018_running_sums.sql', '6a211127697b3f39')
  ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
END $chalkola$;

-- migrations/0019_board.sql
DO $chalkola$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('chalkola migrate'));
  CREATE TABLE IF NOT EXISTS sp_migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
  ALTER TABLE sp_migrations ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM sp_migrations WHERE name = 'migrations/0019_board.sql') THEN
    RETURN;
  END IF;
  PERFORM set_config('lock_timeout', '10s', true);
  EXECUTE $script$
-- Notes: what people write beside a day of a product, or of the shop as a whole; and tokens of the JSON API.

CREATE TABLE sp_notes (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  asin text,                                 -- NULL: of the shop
  day date NOT NULL,
  author text NOT NULL,                      -- the address that was signed in
  text text NOT NULL CHECK (length(text) BETWEEN 1 AND 2000),
  written_at timestamptz NOT NULL
);
CREATE INDEX idx_sp_notes_asin ON sp_notes (asin, day);
ALTER TABLE sp_notes ENABLE ROW LEVEL SECURITY;

ALTER TABLE sp_sheet_tokens
  ADD COLUMN kind text NOT NULL DEFAULT 'sheet' CHECK (kind IN ('sheet', 'api'));  -- what it opens
$script$;
  INSERT INTO sp_migrations VALUES ('migrations/0019_board.sql', '0cb30f2aedc69dbd')
  ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
END $chalkola$;

-- migrations/0021_alert_settings.sql
DO $chalkola$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('chalkola migrate'));
  CREATE TABLE IF NOT EXISTS sp_migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
  ALTER TABLE sp_migrations ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM sp_migrations WHERE name = 'migrations/0021_alert_settings.sql') THEN
    RETURN;
  END IF;
  PERFORM set_config('lock_timeout', '10s', true);
  EXECUTE $script$
-- What a person has chosen of the rules for alerts. Nothing is changed or removed: the last line of a rule holds.

CREATE TABLE sp_alert_settings (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  rule text NOT NULL,
  enabled boolean NOT NULL,
  thresholds jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(thresholds) = 'object'),  -- figures that are not the usual
  changed_at timestamptz NOT NULL,
  changed_by text NOT NULL                   -- the address of whoever signed in, or `this machine`
);
CREATE INDEX idx_sp_alert_settings_rule ON sp_alert_settings (rule, id DESC);
ALTER TABLE sp_alert_settings ENABLE ROW LEVEL SECURITY;
$script$;
  INSERT INTO sp_migrations VALUES ('migrations/0021_alert_settings.sql', 'ed3ce483b3988d59')
  ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
END $chalkola$;

-- migrations/0022_readers.sql
DO $chalkola$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('chalkola migrate'));
  CREATE TABLE IF NOT EXISTS sp_migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
  ALTER TABLE sp_migrations ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM sp_migrations WHERE name = 'migrations/0022_readers.sql') THEN
    RETURN;
  END IF;
  PERFORM set_config('lock_timeout', '10s', true);
  EXECUTE $script$
-- Whose people may read our tables through Supabase: the domains of their verified addresses. Empty: nobody may.
-- What they may read, and by which policy, is written in `store/access.py`.

CREATE TABLE sp_reader_domains (
  domain text PRIMARY KEY CHECK (domain = lower(domain) AND domain ~ '^[^@\s]+$')
);
ALTER TABLE sp_reader_domains ENABLE ROW LEVEL SECURITY;
$script$;
  INSERT INTO sp_migrations VALUES ('migrations/0022_readers.sql', '0d75cc0c9a3b9c4d')
  ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
END $chalkola$;

-- migrations/0023_days_of_a_product.sql
DO $chalkola$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('chalkola migrate'));
  CREATE TABLE IF NOT EXISTS sp_migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
  ALTER TABLE sp_migrations ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM sp_migrations WHERE name = 'migrations/0023_days_of_a_product.sql') THEN
    RETURN;
  END IF;
  PERFORM set_config('lock_timeout', '10s', true);
  EXECUTE $script$
-- The days of one product are read from the sums of months, in every marketplace at once.
CREATE INDEX idx_sp_month_sums_child ON sp_month_sums (child_asin, month) WHERE NOT of_parents;
CREATE INDEX idx_sp_month_sums_parent ON sp_month_sums (parent_asin, month) WHERE of_parents;
$script$;
  INSERT INTO sp_migrations VALUES ('migrations/0023_days_of_a_product.sql', '265f017ac3962af3')
  ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
END $chalkola$;

-- migrations/0024_latest_days.sql
DO $chalkola$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('chalkola migrate'));
  CREATE TABLE IF NOT EXISTS sp_migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
  ALTER TABLE sp_migrations ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM sp_migrations WHERE name = 'migrations/0024_latest_days.sql') THEN
    RETURN;
  END IF;
  PERFORM set_config('lock_timeout', '10s', true);
  EXECUTE $script$
-- The ledger's lines are read from the latest day on: a page of them without sorting all.
CREATE INDEX IF NOT EXISTS idx_sp_slices_day ON sp_slices (first_day);
$script$;
  INSERT INTO sp_migrations VALUES ('migrations/0024_latest_days.sql', 'a7fa7ba021cb7690')
  ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
END $chalkola$;

-- functions/10_buckets.sql
DO $chalkola$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('chalkola migrate'));
  CREATE TABLE IF NOT EXISTS sp_migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
  ALTER TABLE sp_migrations ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM sp_migrations WHERE name = 'functions/10_buckets.sql' AND checksum = 'd2343ba965fc9abb') THEN
    RETURN;
  END IF;
  PERFORM set_config('lock_timeout', '10s', true);
  EXECUTE $script$
-- Turns from buckets. A bucket is one row (GCRA): `full_at` moves on by `seconds_per_turn` with each turn, and a turn can
-- be had while the bucket lacks fewer than `burst` turns. `now` is Amazon's time and always a parameter.

-- From when a bucket grants its next turn while that share of its turns is kept for others: of its burst, so that the
-- others need not wait, and of what it grants in a day.
CREATE OR REPLACE FUNCTION sp_next_turn_beside(b sp_buckets, reserve double precision)
RETURNS timestamptz LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
  SELECT greatest(
    -- rounded as `sp_take` rounds each turn
    b.full_at - (b.burst - 1 - floor(b.burst * reserve)::integer) * make_interval(secs => b.seconds_per_turn),
    b.blocked_until,
    -- a daily limit is full while the daily-th youngest turn is less than a day old
    CASE WHEN b.daily IS NOT NULL THEN (
      SELECT t.taken_at + interval '24 hours' FROM sp_bucket_turns t
      WHERE t.key = b.key ORDER BY t.taken_at DESC
      OFFSET greatest(1, b.daily - floor(b.daily * reserve)::integer) - 1 LIMIT 1) END);
$$;

-- From when a bucket grants its next turn.
CREATE OR REPLACE FUNCTION sp_next_turn(b sp_buckets)
RETURNS timestamptz LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
  SELECT sp_next_turn_beside(b, 0);
$$;

-- Declare a bucket; an existing one keeps its state, and its rate too when Amazon has stated one.
CREATE OR REPLACE FUNCTION sp_define_bucket(key text, seconds_per_turn double precision, burst integer, daily integer)
RETURNS void LANGUAGE sql SET search_path = public, pg_temp AS $$
  INSERT INTO sp_buckets AS b (key, seconds_per_turn, burst, daily)
  VALUES ($1, $2, $3, $4)
  ON CONFLICT (key) DO UPDATE SET
    seconds_per_turn = CASE WHEN b.learned THEN b.seconds_per_turn ELSE excluded.seconds_per_turn END,
    burst = excluded.burst,
    daily = excluded.daily
  WHERE (b.burst, b.daily) IS DISTINCT FROM (excluded.burst, excluded.daily)
     OR NOT b.learned AND b.seconds_per_turn <> excluded.seconds_per_turn;
  UPDATE sp_buckets b SET open_at = sp_next_turn(b) WHERE b.key = $1 AND b.full_at IS NOT NULL;
$$;

-- Take one turn from every bucket in `keys`, or none from any. Not granted: `open_at` is when to try again, and
-- `waiting_for` the bucket that says so.
CREATE OR REPLACE FUNCTION sp_take(keys text[], now timestamptz,
                                   OUT granted boolean, OUT open_at timestamptz, OUT waiting_for text)
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM 1 FROM sp_buckets b WHERE b.key = ANY (keys) ORDER BY b.key FOR UPDATE;
  SELECT b.open_at, b.key INTO open_at, waiting_for FROM sp_buckets b
  WHERE b.key = ANY (keys) AND b.open_at > now ORDER BY b.open_at DESC LIMIT 1;
  granted := NOT FOUND;
  IF granted THEN
    INSERT INTO sp_bucket_turns SELECT b.key, now FROM sp_buckets b WHERE b.key = ANY (keys) AND b.daily IS NOT NULL;
    DELETE FROM sp_bucket_turns t WHERE t.key = ANY (keys) AND t.taken_at <= now - interval '24 hours';
    UPDATE sp_buckets b SET full_at = greatest(b.full_at, now) + make_interval(secs => b.seconds_per_turn)
    WHERE b.key = ANY (keys);
    UPDATE sp_buckets b SET open_at = sp_next_turn(b) WHERE b.key = ANY (keys);
    open_at := now;
  END IF;
END $$;

-- Amazon answered a question whose turn was taken at `asked_at`. Count the turn from the answer, since Amazon counted it
-- somewhere in between, and end any run of 429s.
CREATE OR REPLACE FUNCTION sp_settle_turn(keys text[], asked_at timestamptz, now timestamptz)
RETURNS void LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM 1 FROM sp_buckets b WHERE b.key = ANY (keys) ORDER BY b.key FOR UPDATE;
  UPDATE sp_bucket_turns t SET taken_at = now WHERE t.key = ANY (keys) AND t.taken_at = asked_at;
  UPDATE sp_buckets b SET full_at = b.full_at + (now - asked_at), refused_in_row = 0 WHERE b.key = ANY (keys);
  UPDATE sp_buckets b SET open_at = sp_next_turn(b) WHERE b.key = ANY (keys);
END $$;

-- Note a 429: nothing leaves through this bucket before `until`. Return how many came in a row.
CREATE OR REPLACE FUNCTION sp_refuse_turn(key text, until timestamptz)
RETURNS integer LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  bucket sp_buckets;
BEGIN
  UPDATE sp_buckets b SET blocked_until = greatest(b.blocked_until, until), refused_in_row = b.refused_in_row + 1
  WHERE b.key = $1 RETURNING * INTO bucket;
  UPDATE sp_buckets b SET open_at = sp_next_turn(b) WHERE b.key = $1;
  RETURN coalesce(bucket.refused_in_row, 1);
END $$;

-- Note that Amazon let a call through again.
CREATE OR REPLACE FUNCTION sp_accept_turn(key text)
RETURNS void LANGUAGE sql SET search_path = public, pg_temp AS $$
  UPDATE sp_buckets b SET refused_in_row = 0 WHERE b.key = $1 AND b.refused_in_row > 0;
$$;

-- Adopt the rate that Amazon states for an operation.
CREATE OR REPLACE FUNCTION sp_learn_rate(key text, rate_per_second double precision)
RETURNS void LANGUAGE sql SET search_path = public, pg_temp AS $$
  UPDATE sp_buckets b SET seconds_per_turn = 1 / nullif(rate_per_second, 0), learned = true
  WHERE b.key = $1 AND rate_per_second > 0 AND abs(b.seconds_per_turn * rate_per_second - 1) > 0.001;
  UPDATE sp_buckets b SET open_at = sp_next_turn(b) WHERE b.key = $1 AND b.full_at IS NOT NULL;
$$;
$script$;
  INSERT INTO sp_migrations VALUES ('functions/10_buckets.sql', 'd2343ba965fc9abb')
  ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
END $chalkola$;

-- functions/15_slots.sql
DO $chalkola$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('chalkola migrate'));
  CREATE TABLE IF NOT EXISTS sp_migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
  ALTER TABLE sp_migrations ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM sp_migrations WHERE name = 'functions/15_slots.sql' AND checksum = '8debbe7f72510990') THEN
    RETURN;
  END IF;
  PERFORM set_config('lock_timeout', '10s', true);
  EXECUTE $script$
-- How many questions of one kind an account may have under way.

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
$script$;
  INSERT INTO sp_migrations VALUES ('functions/15_slots.sql', '8debbe7f72510990')
  ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
END $chalkola$;

-- functions/20_pulls.sql
DO $chalkola$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('chalkola migrate'));
  CREATE TABLE IF NOT EXISTS sp_migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
  ALTER TABLE sp_migrations ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM sp_migrations WHERE name = 'functions/20_pulls.sql' AND checksum = '7d4e6ed8b572ce51') THEN
    RETURN;
  END IF;
  PERFORM set_config('lock_timeout', '10s', true);
  EXECUTE $script$
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
$script$;
  INSERT INTO sp_migrations VALUES ('functions/20_pulls.sql', '7d4e6ed8b572ce51')
  ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
END $chalkola$;

-- functions/22_claims.sql
DO $chalkola$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('chalkola migrate'));
  CREATE TABLE IF NOT EXISTS sp_migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
  ALTER TABLE sp_migrations ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM sp_migrations WHERE name = 'functions/22_claims.sql' AND checksum = '7607abb2728534dd') THEN
    RETURN;
  END IF;
  PERFORM set_config('lock_timeout', '10s', true);
  EXECUTE $script$
-- Who works on what: pulls are claimed for as long as a lease, and what is left is looked at from outside.

-- Whether a pull may be gone on with by anybody, wanted or not: it has been asked, and is not one of a backfill that is
-- still at work. That looks at each of its pulls within seconds of `run_at`.
CREATE OR REPLACE FUNCTION sp_is_anyones(stage text, rank smallint, run_at timestamptz, now timestamptz)
RETURNS boolean LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
  SELECT stage <> 'planned' AND (rank < 2 OR run_at < now - interval '2 minutes');
$$;

-- Claim up to `most` pulls whose next step can be done now: tickets and further pages first, then days that are new to
-- us, then the newest. A pull that is to be asked takes its turns here and becomes 'asking' here, so that the intent is written before the request leaves; one
-- that is found 'asking' was left behind by somebody and becomes 'looking': Amazon may know the question already.
-- Only the pulls in `wanted`, and any of these accounts' that nobody else goes on with (`sp_is_anyones`). A question about
-- history (rank 2) leaves the share `reserve` of every bucket's turns to the others.
CREATE OR REPLACE FUNCTION sp_claim(worker text, accounts text[], wanted bigint[], most integer, lease interval,
                                    reserve double precision, now timestamptz)
RETURNS SETOF sp_pulls LANGUAGE plpgsql SET search_path = public, pg_temp
-- Thousands of lines may be new since the last ANALYZE; without a sort it is idx_sp_pulls_open that gives the order.
SET enable_sort = off AS $$
DECLARE
  pull sp_pulls;
  taken integer := 0;
  dry text[] := ARRAY(SELECT b.key FROM sp_buckets b WHERE b.open_at > now);
  kept text[] := ARRAY(SELECT b.key FROM sp_buckets b WHERE sp_next_turn_beside(b, reserve) > now);
  full_slots text[];
  asked bigint[] := '{}';
  left_asking bigint[] := '{}';
  left_behind bigint[] := '{}';
BEGIN
  WHILE taken < most LOOP
    full_slots := sp_full_slots();
    -- The first hit ends the search, however many pulls are open.
    SELECT p.* INTO pull FROM sp_pulls p
    WHERE p.finished_at IS NULL AND p.account = ANY (accounts) AND p.run_at <= now
      AND NOT p.needs && CASE WHEN p.rank = 2 THEN kept ELSE dry END
      AND (p.stage <> 'planned' OR p.slot IS NULL OR p.slot <> ALL (full_slots))
      AND (p.lease_until IS NULL OR p.lease_until < clock_timestamp())
      AND (p.id = ANY (wanted) OR sp_is_anyones(p.stage, p.rank, p.run_at, now))
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
      kept := ARRAY(SELECT b.key FROM sp_buckets b WHERE sp_next_turn_beside(b, reserve) > now);
      CONTINUE;
    END IF;
    taken := taken + 1;
    IF reserve > 0 THEN
      kept := ARRAY(SELECT b.key FROM sp_buckets b WHERE sp_next_turn_beside(b, reserve) > now);
    END IF;
    IF pull.stage = 'asking' THEN
      left_asking := left_asking || pull.id;
    ELSIF pull.lease_owner IS NOT NULL THEN
      left_behind := left_behind || pull.id;
    END IF;
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
  INSERT INTO sp_pull_events (pull_id, at, what, said)
  SELECT p.id, now, CASE WHEN p.id = ANY (left_asking) THEN 'looking' WHEN p.id = ANY (left_behind) THEN 'taken over'
                         ELSE 'asking' END,
         CASE WHEN p.id = ANY (asked) AND p.page_token IS NOT NULL THEN 'page ' || cardinality(p.pages) + 1 END
  FROM sp_pulls p WHERE p.id = ANY (asked || left_asking || left_behind) ORDER BY p.id;
  -- A line that is locked is being loaded at this moment, which says more than that it is asked for: never wait for it.
  UPDATE sp_slices s SET state = 'asked' FROM (
    SELECT l.dataset, l.scope, l.first_day FROM sp_slices l JOIN sp_pull_slices ps USING (dataset, scope, first_day)
    WHERE ps.pull_id = ANY (asked) AND l.state IN ('due', 'failed', 'closed')
    FOR UPDATE OF l SKIP LOCKED) AS free
  WHERE (s.dataset, s.scope, s.first_day) = (free.dataset, free.scope, free.first_day);
  PERFORM sp_note_data_pulls(asked, now);
END $$;

DROP FUNCTION IF EXISTS sp_claim(text, text[], bigint[], integer, interval, timestamptz);

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
-- waiting for; one that waits for a slot moves when another pull frees it, which is looked at twice a minute where that is
-- somebody else's), and how long (machine time) it is until the
-- first lease of another worker ends. A pull that Amazon has kept waiting for longer than `patience` is not worth waiting
-- for: it stays in the ledger for the next run. `reserve` as in `sp_claim`.
CREATE OR REPLACE FUNCTION sp_outlook(worker text, accounts text[], wanted bigint[], patience interval,
                                      reserve double precision, now timestamptz,
                                      OUT open integer, OUT next_at timestamptz, OUT leased_for interval)
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
  -- Thousands of pulls draw from a handful of bucket sets, so the buckets are looked at once for each set.
  SELECT coalesce(sum(p.pulls), 0)::integer,
         min(greatest(p.run_at, (SELECT max(CASE WHEN p.reserved THEN sp_next_turn_beside(b, reserve) ELSE b.open_at END)
                                 FROM sp_buckets b WHERE b.key = ANY (p.needs))))
           FILTER (WHERE p.run_at IS NOT NULL),
         min(p.leased_for)
  FROM (SELECT o.needs, o.reserved, count(*) AS pulls,
               min(CASE WHEN o.full THEN now + interval '30 seconds' ELSE o.run_at END)
                 FILTER (WHERE NOT o.leased AND (NOT o.full OR o.by_others)
                           AND (o.stalled_since IS NULL OR o.stalled_since + patience > now)) AS run_at,
               min(o.lease_until - clock_timestamp()) FILTER (WHERE o.leased AND o.lease_owner <> worker) AS leased_for
        FROM (SELECT p.*, p.lease_until IS NOT NULL AND p.lease_until >= clock_timestamp() AS leased,
                     p.rank = 2 AS reserved,
                     p.stage = 'planned' AND p.slot IS NOT NULL AND p.slot = ANY (f.slots) AS full,
                     p.slot = ANY (h.slots) AS by_others
              FROM sp_pulls p CROSS JOIN (SELECT sp_full_slots()) AS f (slots)
              CROSS JOIN (SELECT coalesce(array_agg(s.slot), '{}') FROM sp_pulls s
                          WHERE s.finished_at IS NULL AND s.slot IS NOT NULL AND s.stage IN ('asking', 'looking', 'asked')
                            AND NOT sp_is_anyones(s.stage, s.rank, s.run_at, now)
                            AND s.id NOT IN (SELECT unnest(wanted))) AS h (slots)
              WHERE p.finished_at IS NULL AND p.account = ANY (accounts)
                AND (sp_is_anyones(p.stage, p.rank, p.run_at, now) OR p.id IN (SELECT unnest(wanted)))) AS o
        GROUP BY o.needs, o.reserved) AS p;
$$;
DROP FUNCTION IF EXISTS sp_outlook(text, text[], bigint[], interval, timestamptz);
$script$;
  INSERT INTO sp_migrations VALUES ('functions/22_claims.sql', '7607abb2728534dd')
  ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
END $chalkola$;

-- functions/24_history.sql
DO $chalkola$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('chalkola migrate'));
  CREATE TABLE IF NOT EXISTS sp_migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
  ALTER TABLE sp_migrations ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM sp_migrations WHERE name = 'functions/24_history.sql' AND checksum = 'ea01c28b2b95c007') THEN
    RETURN;
  END IF;
  PERFORM set_config('lock_timeout', '10s', true);
  EXECUTE $script$
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
$script$;
  INSERT INTO sp_migrations VALUES ('functions/24_history.sql', 'ea01c28b2b95c007')
  ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
END $chalkola$;

-- functions/26_sources.sql
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

-- functions/30_merge.sql
DO $chalkola$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('chalkola migrate'));
  CREATE TABLE IF NOT EXISTS sp_migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
  ALTER TABLE sp_migrations ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM sp_migrations WHERE name = 'functions/30_merge.sql' AND checksum = '45c811cce9af4395') THEN
    RETURN;
  END IF;
  PERFORM set_config('lock_timeout', '10s', true);
  EXECUTE $script$
-- Write what has changed into a table, inside one box. `staging` (SQL: a table, or a query in brackets) has the rows that
-- are changed ('changed': an answer says something else of it than the one before; 'filled': it only knows more, or others
-- changed) or that the answer no longer has ('withdrawn'), by `key`. `columns` are the source's own, so that it leaves what
-- only another source knows. `stamps` names the columns in which it is noted: {source, changed, times, gone}, null where the
-- table has none. Where there is one for what is gone, withdrawn rows are marked and kept, else they are deleted.
CREATE OR REPLACE FUNCTION sp_change(target text, staging text, key text[], columns text[], stamps jsonb, pull_id bigint,
                                     source text, now timestamptz)
RETURNS void LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  same_key text := (SELECT string_agg(format('t.%1$I = s.%1$I', k), ' AND ') FROM unnest(key) k);
  written text := (
    SELECT string_agg(format('%I = %s', w.name, w.value), ', ')
    FROM (SELECT c, format('s.%I', c) FROM unnest(columns) c
          UNION ALL VALUES
            ('pull_id', '$1'),
            (stamps ->> 'source', '$2'),
            (stamps ->> 'changed',
             'CASE s.becomes WHEN ''changed'' THEN $3 ELSE t.' || quote_ident(stamps ->> 'changed') || ' END'),
            (stamps ->> 'times',
             'coalesce(t.' || quote_ident(stamps ->> 'times') || ', 0) + (s.becomes = ''changed'')::integer'),
            (stamps ->> 'gone', 'NULL')) AS w (name, value)
    WHERE w.name IS NOT NULL);
  left_behind text := (
    SELECT string_agg(format('%I = %s', w.name, w.value), ', ')
    FROM (VALUES (stamps ->> 'gone', '$2'), (stamps ->> 'changed', '$2'), ('pull_id', '$1')) AS w (name, value)
    WHERE w.name IS NOT NULL);
BEGIN
  EXECUTE format('UPDATE %I t SET %s FROM %s s WHERE s.becomes <> ''withdrawn'' AND %s',
                 target, written, staging, same_key) USING pull_id, source, now;
  IF stamps ->> 'gone' IS NULL THEN
    EXECUTE format('DELETE FROM %I t USING %s s WHERE s.becomes = ''withdrawn'' AND %s', target, staging, same_key);
  ELSE
    EXECUTE format('UPDATE %I t SET %s FROM %s s WHERE s.becomes = ''withdrawn'' AND %s',
                   target, left_behind, staging, same_key) USING pull_id, now;
  END IF;
END $$;
DROP FUNCTION IF EXISTS sp_change(text, text, text[], text[], bigint, text, timestamptz);
DROP FUNCTION IF EXISTS sp_merge(text, text, text[], text[], date, uuid, bigint);
$script$;
  INSERT INTO sp_migrations VALUES ('functions/30_merge.sql', '45c811cce9af4395')
  ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
END $chalkola$;

-- functions/35_sums.sql
DO $chalkola$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('chalkola migrate'));
  CREATE TABLE IF NOT EXISTS sp_migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
  ALTER TABLE sp_migrations ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM sp_migrations WHERE name = 'functions/35_sums.sql' AND checksum = '0772da4e8ab0adc1') THEN
    RETURN;
  END IF;
  PERFORM set_config('lock_timeout', '10s', true);
  EXECUTE $script$
-- Running sums: what is summed, and the summing of what was written (migrations/0018_running_sums.sql).

-- The series. `of_row` is a row's own figure (its table is t), in whole numbers where `scale` is 1, in ten-thousandths of
-- them where it is 0.0001. One with a `base` is the part of the base on whose days something is known. Traffic of a parent is
-- Amazon's own figure (a visit may see several children), not the sum of its children's.
DROP FUNCTION IF EXISTS sp_sum_series();
CREATE OR REPLACE FUNCTION sp_sum_series()
RETURNS TABLE (place integer, name text, base text, is_money boolean, is_traffic boolean, scale numeric, of_row text)
LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
  VALUES
    (1, 'units', NULL, false, false, 1, 't.units_ordered'),
    (2, 'sales', NULL, true, false, 0.0001, 't.ordered_product_sales'),
    (3, 'sessions', NULL, false, true, 1, 't.sessions'),
    (4, 'page_views', NULL, false, true, 1, 't.page_views'),
    (5, 'buy_box_views', NULL, false, true, 0.0001, 't.page_views * t.buy_box_percentage / 100'),
    (6, 'buy_box_of', 'page_views', false, true, 1, 'CASE WHEN t.buy_box_percentage IS NOT NULL THEN t.page_views END'),
    (7, 'order_items', NULL, false, false, 1, 't.total_order_items'),
    (8, 'mobile_sessions', NULL, false, true, 1, 't.mobile_app_sessions'),
    (9, 'mobile_of', 'sessions', false, true, 1, 'CASE WHEN t.mobile_app_sessions IS NOT NULL THEN t.sessions END'),
    (10, 'b2b_sessions', NULL, false, true, 1, 't.sessions_b2b'),
    (11, 'b2b_of', 'sessions', false, true, 1, 'CASE WHEN t.sessions_b2b IS NOT NULL THEN t.sessions END'),
    (12, 'refunds', NULL, false, false, 1, 't.units_refunded'),
    (13, 'refunds_of', 'units', false, false, 1, 'CASE WHEN t.units_refunded IS NOT NULL THEN t.units_ordered END'),
    (14, 'units_b2b', NULL, false, false, 1, 't.units_ordered_b2b'),
    (15, 'sales_b2b', NULL, true, false, 0.0001, 't.ordered_product_sales_b2b');
$$;

-- The statement that sums a month: $1 marketplace, $2 its first day, $3 its last. It writes nothing where a figure has more
-- decimals than a sum can hold.
CREATE OR REPLACE FUNCTION sp_sum_statement(of_parents boolean)
RETURNS text LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
  SELECT format($sql$
    WITH daily AS MATERIALIZED (
      SELECT dense_rank() OVER (ORDER BY %1$s COLLATE "C", t.parent_asin COLLATE "C") AS n, %1$s AS child_asin, t.parent_asin,
             extract(day FROM t.date)::integer AS day, %2$s
      FROM %3$I t WHERE t.marketplace_id = $1 AND t.date BETWEEN $2 AND $3 GROUP BY %1$s, t.parent_asin, t.date
    ), products AS (
      SELECT n, child_asin, parent_asin, bit_or(1 << (day - 1)) AS seen, %4$s FROM daily GROUP BY 1, 2, 3
    ), running AS (
      SELECT p.n, g.day, %5$s
      FROM products p CROSS JOIN generate_series(1, $3 - $2 + 1) AS g (day) LEFT JOIN daily t ON t.n = p.n AND t.day = g.day
      WINDOW w AS (PARTITION BY p.n ORDER BY g.day)
    ), arrays AS (
      SELECT r.n, %6$s FROM running r GROUP BY r.n
    )
    INSERT INTO sp_month_sums (marketplace_id, of_parents, month, child_asin, parent_asin, seen, %7$s)
    SELECT $1, %8$L, $2, p.child_asin, p.parent_asin, p.seen, %9$s
    FROM arrays a JOIN products p USING (n) CROSS JOIN (SELECT array_fill(0, ARRAY[$3 - $2 + 1]) AS zeros) AS z
    WHERE NOT EXISTS (SELECT FROM daily t WHERE %10$s) ORDER BY p.n
    $sql$,
    CASE WHEN of_parents THEN 'NULL::text' ELSE 't.child_asin' END,
    string_agg(format('sum(%s) * %s AS %I', s.of_row, round(1 / s.scale), s.name), ', ' ORDER BY s.place),
    CASE WHEN of_parents THEN 'sp_daily_parent_data' ELSE 'sp_daily_asin_data' END,
    string_agg(format('coalesce(bit_or(1 << (day - 1)) FILTER (WHERE %1$I IS NOT NULL), 0) AS %1$s_known', s.name), ', '
               ORDER BY s.place) FILTER (WHERE s.base IS NULL),
    string_agg(format('coalesce(sum(t.%1$I::%2$s) OVER w, 0) AS %1$I', s.name, k.kind), ', ' ORDER BY s.place),
    string_agg(format('array_agg(r.%1$I ORDER BY r.day)::%2$s[] AS %1$I', s.name, k.kind), ', ' ORDER BY s.place),
    string_agg(concat_ws(', ', CASE WHEN s.base IS NULL THEN s.name || '_known' END, s.name), ', ' ORDER BY s.place),
    of_parents,
    string_agg(CASE WHEN s.base IS NULL THEN format('p.%1$s_known, nullif(a.%1$I, z.zeros::%2$s[])', s.name, k.kind)
                    ELSE format('nullif(a.%I, a.%I)', s.name, s.base) END, ', ' ORDER BY s.place),
    string_agg(format('t.%I %% 1 <> 0', s.name), ' OR ' ORDER BY s.place))
  FROM sp_sum_series() s
  CROSS JOIN LATERAL (SELECT CASE s.scale WHEN 1 THEN 'integer' ELSE 'bigint' END) AS k (kind);
$$;

-- Sum anew the months whose rows were written since: the newest first, `most` of them, all where that is NULL. Return how
-- many were summed and how many are left. One sums at a time.
CREATE OR REPLACE FUNCTION sp_sum_up(most integer DEFAULT NULL, OUT summed integer, OUT remaining integer)
LANGUAGE plpgsql SET search_path = public, pg_temp SET plan_cache_mode = force_custom_plan AS $$
DECLARE
  one record;
BEGIN
  -- Each statement has to see what was committed before it: what is noted is read before the rows are.
  IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
    RAISE EXCEPTION 'sp_sum_up has to be called in a transaction that is read committed';
  END IF;
  PERFORM pg_advisory_xact_lock(hashtext('chalkola sums'));
  summed := 0;
  FOR one IN
    SELECT u.of_parents, u.marketplace_id, u.month, array_agg(u.id) AS noted FROM sp_unsummed u
    -- A table in parts may be written part by part, past the triggers of the whole.
    JOIN pg_class c ON c.oid = (CASE WHEN u.of_parents THEN 'sp_daily_parent_data' ELSE 'sp_daily_asin_data' END)::regclass
      AND c.relkind = 'r' AND NOT EXISTS (SELECT FROM pg_inherits WHERE inhparent = c.oid)
    GROUP BY 1, 2, 3 HAVING NOT bool_and(u.too_large) ORDER BY u.month DESC, u.marketplace_id, u.of_parents LIMIT most
  LOOP
    PERFORM sp_sum_month(one.of_parents, one.marketplace_id, one.month, one.noted);
    summed := summed + 1;
  END LOOP;
  remaining := (SELECT count(*) FROM (SELECT FROM sp_unsummed u GROUP BY u.of_parents, u.marketplace_id, u.month
                                      HAVING NOT bool_and(u.too_large)) AS r);
END $$;

-- Sum one month, for `sp_sum_up`, which holds the lock and has read the notes.
CREATE OR REPLACE FUNCTION sp_sum_month(parents boolean, marketplace uuid, first date, noted bigint[])
RETURNS void LANGUAGE plpgsql SET search_path = public, pg_temp SET plan_cache_mode = force_custom_plan AS $$
DECLARE
  last constant date := (first + interval '1 month')::date - 1;
  written bigint;
BEGIN
  DELETE FROM sp_month_sums s WHERE s.marketplace_id = marketplace AND s.of_parents = parents AND s.month = first;
  BEGIN
    EXECUTE sp_sum_statement(parents) USING marketplace, first, last;
    GET DIAGNOSTICS written = ROW_COUNT;
    IF written = 0 THEN
      EXECUTE format('SELECT count(*) FROM (SELECT FROM %I WHERE marketplace_id = $1 AND date BETWEEN $2 AND $3 LIMIT 1) AS t',
        CASE WHEN parents THEN 'sp_daily_parent_data' ELSE 'sp_daily_asin_data' END) INTO written USING marketplace, first, last;
      IF written > 0 THEN
        RAISE numeric_value_out_of_range;
      END IF;
    END IF;
  EXCEPTION WHEN numeric_value_out_of_range OR feature_not_supported THEN  -- the latter of NaN and infinity
    UPDATE sp_unsummed u SET too_large = true WHERE u.id = ANY (noted);
    noted := '{}';
  END;

  WITH gone AS (
    DELETE FROM sp_summed_products p WHERE p.marketplace_id = marketplace AND p.of_parents = parents RETURNING p.*
  ), days AS (
    SELECT g.child_asin, g.parent_asin, d.day FROM gone g CROSS JOIN LATERAL unnest(g.days) AS d (day)
    WHERE d.day NOT BETWEEN first AND last
    UNION ALL
    SELECT s.child_asin, s.parent_asin, first + length(ltrim(s.seen::bit(32)::text, '0')) - 1 FROM sp_month_sums s
    WHERE s.marketplace_id = marketplace AND s.of_parents = parents AND s.month = first
  )
  INSERT INTO sp_summed_products SELECT marketplace, parents, child_asin, parent_asin, array_agg(day ORDER BY day) FROM days
  GROUP BY child_asin, parent_asin;

  DELETE FROM sp_unsummed u WHERE u.id = ANY (noted);
END $$;
$script$;
  INSERT INTO sp_migrations VALUES ('functions/35_sums.sql', '0772da4e8ab0adc1')
  ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
END $chalkola$;

-- functions/40_calls.sql
DO $chalkola$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('chalkola migrate'));
  CREATE TABLE IF NOT EXISTS sp_migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
  ALTER TABLE sp_migrations ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM sp_migrations WHERE name = 'functions/40_calls.sql' AND checksum = '27d7b68dbdf1339a') THEN
    RETURN;
  END IF;
  PERFORM set_config('lock_timeout', '10s', true);
  EXECUTE $script$
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
$script$;
  INSERT INTO sp_migrations VALUES ('functions/40_calls.sql', '27d7b68dbdf1339a')
  ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
END $chalkola$;

-- functions/45_documents.sql
DO $chalkola$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('chalkola migrate'));
  CREATE TABLE IF NOT EXISTS sp_migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
  ALTER TABLE sp_migrations ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM sp_migrations WHERE name = 'functions/45_documents.sql' AND checksum = '7041cc32f4df9029') THEN
    RETURN;
  END IF;
  PERFORM set_config('lock_timeout', '10s', true);
  EXECUTE $script$
-- Amazon's documents: what became of each, and which are to be removed.

-- Write down what became of a pull's document. One that is kept under the same name once more replaces the former.
CREATE OR REPLACE FUNCTION sp_note_document(pull_id bigint, state text, name text, byte_count bigint, why text,
                                            now timestamptz)
RETURNS void LANGUAGE sql SET search_path = public, pg_temp AS $$
  INSERT INTO sp_documents AS d (pull_id, at, state, name, byte_count, why)
  VALUES ($1, $6, $2, $3, $4, $5)
  ON CONFLICT (name) DO UPDATE SET
    at = excluded.at, state = excluded.state, byte_count = excluded.byte_count, why = excluded.why;
$$;

-- Note that documents are not there any more, and why.
CREATE OR REPLACE FUNCTION sp_drop_documents(ids bigint[], why text)
RETURNS void LANGUAGE sql SET search_path = public, pg_temp AS $$
  WITH gone AS (
    UPDATE sp_documents d SET state = 'removed', why = $2 WHERE d.id = ANY (ids) RETURNING d.pull_id, d.name)
  UPDATE sp_pulls p SET archived_as = NULL FROM gone WHERE p.id = gone.pull_id AND p.archived_as = gone.name;
$$;
$script$;
  INSERT INTO sp_migrations VALUES ('functions/45_documents.sql', '7041cc32f4df9029')
  ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
END $chalkola$;

-- functions/50_alerts.sql
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

-- functions/55_rest.sql
DO $chalkola$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('chalkola migrate'));
  CREATE TABLE IF NOT EXISTS sp_migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
  ALTER TABLE sp_migrations ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM sp_migrations WHERE name = 'functions/55_rest.sql' AND checksum = 'e01a283dbc777e3a') THEN
    RETURN;
  END IF;
  PERFORM set_config('lock_timeout', '10s', true);
  EXECUTE $script$
-- The store's statements through Supabase's API (PostgREST), for who has set SUPABASE_URL and SUPABASE_SERVICE_KEY alone.
-- Each call is one transaction. A statement is one that returns rows (what changes something returns how much): they come in
-- PostgreSQL's binary form of a record, which says the types of its values. What is refused comes back as an answer, whatever
-- stands between. These functions are run by `service_role` alone and with its rights (store/access.py says how, and why).

-- Execute queries as one moment sees them; none can change anything. `steps` is a list of {statement}; the answer as below.
CREATE OR REPLACE FUNCTION sp_rest_read(steps text)
RETURNS json LANGUAGE plpgsql STABLE SET search_path = public, pg_temp SET statement_timeout = '55s' AS $$
DECLARE
  step json;
  one record;
  line bytea;
  lines text[];
  columns json;
  sum numeric;
  answers json[] := '{}';
BEGIN
  PERFORM set_config('transaction_read_only', 'on', true);  -- for the functions that a query may call
  FOR step IN SELECT json_array_elements(steps::json) LOOP
    lines := '{}'; columns := '[]'; sum := 0;
    FOR one IN EXECUTE step ->> 'statement' LOOP
      IF lines = '{}' THEN
        columns := (SELECT json_agg(k) FROM json_object_keys(to_json(one)) k);
      END IF;
      line := record_send(one);
      lines := lines || translate(encode(line, 'base64'), E'\n', '');
      sum := sum + hashtextextended(encode(line, 'hex'), 0);
    END LOOP;
    answers := answers || json_build_object('columns', columns, 'rows', lines,
                                            'digest', concat_ws(':', cardinality(lines), sum));
  END LOOP;
  RETURN json_build_object('answers', answers);
EXCEPTION WHEN OTHERS THEN
  RETURN json_build_object('refused', sqlstate, 'message', sqlerrm);
END $$;

-- Execute one statement after the other, all of them or none, and once however often the call is made. `steps` is a list of
-- {statement, digest}: where there is a `digest`, the statement was executed before, and has to give what it gave then, or
-- CH003 undoes everything. Return {answers: [{columns, rows, digest}]}, nothing for a statement with a digest; or {refused,
-- message}.
CREATE OR REPLACE FUNCTION sp_rest_write(call uuid, steps text)
RETURNS json LANGUAGE plpgsql SET search_path = public, pg_temp SET statement_timeout = '55s' AS $$
DECLARE
  step json;
  one record;
  line bytea;
  lines text[];
  columns json;
  counted bigint;
  sum numeric;
  answers json[] := '{}';
  result json;
BEGIN
  INSERT INTO sp_rest_calls (id) VALUES (call) ON CONFLICT DO NOTHING;  -- waits for one that is under way
  IF NOT FOUND THEN
    RETURN (SELECT c.answer FROM sp_rest_calls c WHERE c.id = call);
  END IF;
  FOR step IN SELECT json_array_elements(steps::json) LOOP
    lines := '{}'; columns := '[]'; counted := 0; sum := 0;
    FOR one IN EXECUTE step ->> 'statement' LOOP
      IF counted = 0 THEN
        columns := (SELECT json_agg(k) FROM json_object_keys(to_json(one)) k);
      END IF;
      line := record_send(one);
      counted := counted + 1;
      sum := sum + hashtextextended(encode(line, 'hex'), 0);
      IF step ->> 'digest' IS NULL THEN
        lines := lines || translate(encode(line, 'base64'), E'\n', '');
      END IF;
    END LOOP;
    IF step ->> 'digest' <> concat_ws(':', counted, sum) THEN
      RAISE EXCEPTION 'another run has changed what this one has looked at' USING ERRCODE = 'CH003';
    END IF;
    IF step ->> 'digest' IS NULL THEN
      answers := answers || json_build_object('columns', columns, 'rows', lines,
                                              'digest', concat_ws(':', counted, sum));
    END IF;
  END LOOP;
  result := json_build_object('answers', answers);
  UPDATE sp_rest_calls c SET answer = result WHERE c.id = call;
  DELETE FROM sp_rest_calls WHERE id IN (
    SELECT c.id FROM sp_rest_calls c WHERE c.at < clock_timestamp() - interval '15 minutes' LIMIT 100
    FOR UPDATE SKIP LOCKED);
  RETURN result;
EXCEPTION WHEN OTHERS THEN
  RETURN json_build_object('refused', sqlstate, 'message', sqlerrm);
END $$;

-- Put rows aside for a pull that the caller holds. `lines` is a list of rows, each a list of texts; the first is in
-- `place`. A call may be repeated.
CREATE OR REPLACE FUNCTION sp_rest_stage(pull_id bigint, held integer, part integer, place integer, lines text)
RETURNS json LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM sp_hold($1, held);
  DELETE FROM sp_staged s WHERE s.pull_id = $1 AND s.generation < held;
  INSERT INTO sp_staged
  SELECT $1, held, $3, $4 + (n - 1)::integer, ARRAY(SELECT json_array_elements_text(line))
  FROM json_array_elements(lines::json) WITH ORDINALITY AS l (line, n)
  ON CONFLICT DO NOTHING;
  RETURN '{}';
EXCEPTION WHEN OTHERS THEN
  RETURN json_build_object('refused', sqlstate, 'message', sqlerrm);
END $$;

-- Raise CH003 unless a part that was staged is there whole.
CREATE OR REPLACE FUNCTION sp_expect_staged(pull_id bigint, held integer, part integer, rows bigint)
RETURNS void LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF rows <> (SELECT count(*) FROM sp_staged s WHERE (s.pull_id, s.generation, s.part) = ($1, held, $3)) THEN
    RAISE EXCEPTION 'rows that were staged for pull % are gone', pull_id USING ERRCODE = 'CH003';
  END IF;
END $$;

-- PostgREST reads which functions there are when it is told to.
NOTIFY pgrst, 'reload schema';
$script$;
  INSERT INTO sp_migrations VALUES ('functions/55_rest.sql', 'e01a283dbc777e3a')
  ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
END $chalkola$;

-- functions/60_web_sessions.sql
DO $chalkola$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('chalkola migrate'));
  CREATE TABLE IF NOT EXISTS sp_migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
  ALTER TABLE sp_migrations ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM sp_migrations WHERE name = 'functions/60_web_sessions.sql' AND checksum = '2df055e9f2bb0d28') THEN
    RETURN;
  END IF;
  PERFORM set_config('lock_timeout', '10s', true);
  EXECUTE $script$
-- Sessions of people who look at the pages. Times are machine time: nothing of Amazon's is decided by them.

-- Begin a session of `lifetime`. Those that have been over for 90 days are forgotten.
CREATE OR REPLACE FUNCTION sp_begin_web_session(digest bytea, email text, name text, lifetime interval)
RETURNS void LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  now constant timestamptz := clock_timestamp();
BEGIN
  DELETE FROM sp_web_sessions s WHERE s.expires_at < now - interval '90 days';
  INSERT INTO sp_web_sessions (digest, email, name, signed_in_at, seen_at, expires_at)
  VALUES ($1, $2, $3, now, now, now + $4);
END $$;

-- Return whose session it is, nothing where it is none or is over; and write down, to the minute, that it is in use.
CREATE OR REPLACE FUNCTION sp_see_web_session(digest bytea)
RETURNS TABLE (email text, name text, expires_at timestamptz) LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  now constant timestamptz := clock_timestamp();
BEGIN
  UPDATE sp_web_sessions s SET seen_at = now
  WHERE s.id = (SELECT k.id FROM sp_web_sessions k
                WHERE k.digest = $1 AND k.seen_at < now - interval '1 minute' FOR NO KEY UPDATE SKIP LOCKED);
  RETURN QUERY SELECT s.email, s.name, s.expires_at FROM sp_web_sessions s
    WHERE s.digest = $1 AND s.ended_at IS NULL AND s.expires_at > now;
END $$;

-- End sessions: the one with this digest, or all of a person. `ended_by` is the address of whoever does. Return how many.
CREATE OR REPLACE FUNCTION sp_end_web_sessions(digest bytea, email text, ended_by text)
RETURNS integer LANGUAGE sql SET search_path = public, pg_temp AS $$
  WITH ended AS (
    UPDATE sp_web_sessions s SET ended_at = clock_timestamp(), ended_by = $3
    WHERE (s.digest = $1 OR s.email = $2) AND s.ended_at IS NULL AND s.expires_at > clock_timestamp()
    RETURNING s.id)
  SELECT count(*)::integer FROM ended;
$$;
$script$;
  INSERT INTO sp_migrations VALUES ('functions/60_web_sessions.sql', '2df055e9f2bb0d28')
  ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
END $chalkola$;

-- functions/65_readers.sql
DO $chalkola$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('chalkola migrate'));
  CREATE TABLE IF NOT EXISTS sp_migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
  ALTER TABLE sp_migrations ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM sp_migrations WHERE name = 'functions/65_readers.sql' AND checksum = '1686b84bcc1ab4a0') THEN
    RETURN;
  END IF;
  PERFORM set_config('lock_timeout', '10s', true);
  EXECUTE $script$
-- Have the people of these domains read our tables through Supabase, and nobody else's.
CREATE OR REPLACE FUNCTION sp_set_reader_domains(domains text[])
RETURNS void LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  DELETE FROM sp_reader_domains r WHERE r.domain <> ALL ($1);
  INSERT INTO sp_reader_domains SELECT DISTINCT lower(d) FROM unnest($1) d ON CONFLICT DO NOTHING;
END $$;
$script$;
  INSERT INTO sp_migrations VALUES ('functions/65_readers.sql', '1686b84bcc1ab4a0')
  ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
END $chalkola$;

-- views/10_coverage.sql
DO $chalkola$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('chalkola migrate'));
  CREATE TABLE IF NOT EXISTS sp_migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
  ALTER TABLE sp_migrations ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM sp_migrations WHERE name = 'views/10_coverage.sql' AND checksum = '954c7ef29049e16a') THEN
    RETURN;
  END IF;
  PERFORM set_config('lock_timeout', '10s', true);
  EXECUTE $script$
-- What there is of every day and marketplace: the lines of the daily datasets, with their marketplace. Somebody's own
-- views may stand on this one: columns are only ever added, at the end.
--
-- The marketplaces are those of `marketplaces.py`; of the table of that name, which may be the user's own, nothing but
-- the ids can be relied on.
CREATE OR REPLACE VIEW sp_coverage WITH (security_invoker = true) AS
SELECT s.first_day AS date, m.marketplace, m.marketplace_id, m.amazon_marketplace_id, s.dataset, s.state, s.row_count,
       m.currency_code,
       (s.sums ->> 'units')::integer AS units,
       (s.sums ->> 'order_items')::integer AS order_items,
       (s.sums ->> 'sales')::numeric(14,2) AS sales,
       (s.sums ->> 'page_views')::integer AS page_views,
       (s.sums ->> 'sessions')::integer AS sessions,
       (s.residual ->> 'units')::integer AS residual_units,  -- Amazon's own total minus the rows
       (s.residual ->> 'order_items')::integer AS residual_order_items,
       (s.residual ->> 'sales')::numeric(14,2) AS residual_sales,
       (s.residual ->> 'page_views')::integer AS residual_page_views,
       s.source, s.asked_at, s.loaded_at, s.next_at, s.reason
FROM sp_slices s
JOIN (VALUES
  ('US', 'f47ac10b-58cc-4372-a567-0e02b2c3d479'::uuid, 'ATVPDKIKX0DER', 'USD'),
  ('CA', 'a1b2c3d4-58cc-4372-a567-0e02b2c3d480'::uuid, 'A2EUQ1WTGCTBG2', 'CAD'),
  ('MX', 'c9d0e1f2-58cc-4372-a567-0e02b2c3d488'::uuid, 'A1AM78C64UM0Y8', 'MXN'),
  ('BR', 'b1a2c3e4-58cc-4372-a567-0e02b2c3d490'::uuid, 'A2Q3Y263D00KWC', 'BRL'),
  ('UK', 'b2c3d4e5-58cc-4372-a567-0e02b2c3d481'::uuid, 'A1F83G8C2ARO7P', 'GBP'),
  ('DE', 'c3d4e5f6-58cc-4372-a567-0e02b2c3d482'::uuid, 'A1PA6795UKMFR9', 'EUR'),
  ('FR', 'd4e5f6a7-58cc-4372-a567-0e02b2c3d483'::uuid, 'A13V1IB3VIYZZH', 'EUR'),
  ('IT', 'a7b8c9d0-58cc-4372-a567-0e02b2c3d486'::uuid, 'APJ6JRA9NG5V4', 'EUR'),
  ('ES', 'b8c9d0e1-58cc-4372-a567-0e02b2c3d487'::uuid, 'A1RKKUPIHCS9HS', 'EUR'),
  ('AE', 'e5f6a7b8-58cc-4372-a567-0e02b2c3d484'::uuid, 'A2VIGQ35RCS4UG', 'AED'),
  ('AU', 'f6a7b8c9-58cc-4372-a567-0e02b2c3d485'::uuid, 'A39IBJ37TRP1C6', 'AUD'),
  ('JP', 'd0e1f2a3-58cc-4372-a567-0e02b2c3d489'::uuid, 'A1VC38T7YXB528', 'JPY')
) AS m (marketplace, marketplace_id, amazon_marketplace_id, currency_code) ON s.scope = 'marketplace:' || m.marketplace
WHERE s.dataset IN ('sales_and_traffic', 'daily_totals', 'daily_parents');
$script$;
  INSERT INTO sp_migrations VALUES ('views/10_coverage.sql', '954c7ef29049e16a')
  ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
END $chalkola$;

-- views/20_unattributed.sql
DO $chalkola$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('chalkola migrate'));
  CREATE TABLE IF NOT EXISTS sp_migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
  ALTER TABLE sp_migrations ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM sp_migrations WHERE name = 'views/20_unattributed.sql' AND checksum = '848fc0b64279e464') THEN
    RETURN;
  END IF;
  PERFORM set_config('lock_timeout', '10s', true);
  EXECUTE $script$
-- What Amazon's own totals have above the rows by ASIN, of days that differ: the same in two complete answers a day
-- apart, and accepted. Rows and these together are Amazon's totals; of page views, where they are more than 2 % apart.
CREATE OR REPLACE VIEW sp_unattributed WITH (security_invoker = true) AS
SELECT c.date, c.marketplace, c.marketplace_id, c.amazon_marketplace_id,
       c.residual_units AS units_ordered,
       c.residual_order_items AS total_order_items,
       c.residual_sales AS ordered_product_sales,
       c.residual_page_views AS page_views,
       c.currency_code
FROM sp_coverage c
WHERE c.dataset = 'sales_and_traffic' AND c.state = 'differs' AND c.residual_units IS NOT NULL;
$script$;
  INSERT INTO sp_migrations VALUES ('views/20_unattributed.sql', '848fc0b64279e464')
  ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
END $chalkola$;

-- sheets/10_ground.sql
DO $chalkola$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('chalkola migrate'));
  CREATE TABLE IF NOT EXISTS sp_migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
  ALTER TABLE sp_migrations ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM sp_migrations WHERE name = 'sheets/10_ground.sql' AND checksum = '752ac86e83ff66e4') THEN
    RETURN;
  END IF;
  PERFORM set_config('lock_timeout', '10s', true);
  EXECUTE $script$
-- What every function for sheets stands on: marketplaces and metrics as tables, the hour, and how a refusal is worded.

-- The marketplaces, as marketplaces.py has them. `zone` is where Amazon's own figures have told that its day runs.
CREATE OR REPLACE FUNCTION sp_sheet_marketplaces()
RETURNS TABLE (place integer, code text, spellings text[], marketplace_id uuid, amazon_marketplace_id text,
               currency_code text, zone text)
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
  SELECT m.place, m.code, m.spellings, m.marketplace_id, m.amazon_marketplace_id, m.currency_code,
         coalesce(z.zone, m.zone)
  FROM (VALUES
    (1, 'US', '{US,USA}'::text[], 'f47ac10b-58cc-4372-a567-0e02b2c3d479'::uuid, 'ATVPDKIKX0DER', 'USD', 'America/Los_Angeles'),
    (2, 'CA', '{CA}', 'a1b2c3d4-58cc-4372-a567-0e02b2c3d480', 'A2EUQ1WTGCTBG2', 'CAD', 'America/Los_Angeles'),
    (3, 'MX', '{MX}', 'c9d0e1f2-58cc-4372-a567-0e02b2c3d488', 'A1AM78C64UM0Y8', 'MXN', 'America/Los_Angeles'),
    (4, 'BR', '{BR}', 'b1a2c3e4-58cc-4372-a567-0e02b2c3d490', 'A2Q3Y263D00KWC', 'BRL', 'America/Sao_Paulo'),
    (5, 'UK', '{UK,GB}', 'b2c3d4e5-58cc-4372-a567-0e02b2c3d481', 'A1F83G8C2ARO7P', 'GBP', 'Europe/London'),
    (6, 'DE', '{DE}', 'c3d4e5f6-58cc-4372-a567-0e02b2c3d482', 'A1PA6795UKMFR9', 'EUR', 'Europe/Berlin'),
    (7, 'FR', '{FR}', 'd4e5f6a7-58cc-4372-a567-0e02b2c3d483', 'A13V1IB3VIYZZH', 'EUR', 'Europe/Paris'),
    (8, 'IT', '{IT}', 'a7b8c9d0-58cc-4372-a567-0e02b2c3d486', 'APJ6JRA9NG5V4', 'EUR', 'Europe/Rome'),
    (9, 'ES', '{ES}', 'b8c9d0e1-58cc-4372-a567-0e02b2c3d487', 'A1RKKUPIHCS9HS', 'EUR', 'Europe/Madrid'),
    (10, 'AE', '{AE,UAE}', 'e5f6a7b8-58cc-4372-a567-0e02b2c3d484', 'A2VIGQ35RCS4UG', 'AED', 'Asia/Dubai'),
    (11, 'AU', '{AU}', 'f6a7b8c9-58cc-4372-a567-0e02b2c3d485', 'A39IBJ37TRP1C6', 'AUD', 'Australia/Sydney'),
    (12, 'JP', '{JP}', 'd0e1f2a3-58cc-4372-a567-0e02b2c3d489', 'A1VC38T7YXB528', 'JPY', 'Asia/Tokyo')
  ) AS m (place, code, spellings, marketplace_id, amazon_marketplace_id, currency_code, zone)
  LEFT JOIN sp_day_zones z ON z.amazon_marketplace_id = m.amazon_marketplace_id;
$$;

-- What can be asked for. A metric is a sum, or one sum divided by another: never a mean of what was divided before. `above`
-- and `below` are the sums (`sp_sum_series`).
DROP FUNCTION IF EXISTS sp_sheet_metrics();
CREATE OR REPLACE FUNCTION sp_sheet_metrics()
RETURNS TABLE (metric text, above text, below text, is_money boolean, decimals integer, is_ratio boolean, meaning text)
LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
  VALUES
    ('units', 'units', NULL, false, 0, false, 'units ordered'),
    ('sales', 'sales', NULL, true, 2, false, 'ordered product sales'),
    ('order_items', 'order_items', NULL, false, 0, false, 'order lines'),
    ('sessions', 'sessions', NULL, false, 0, false, 'visits'),
    ('page_views', 'page_views', NULL, false, 0, false, 'page views'),
    ('mobile_share', 'mobile_sessions', 'mobile_of', false, 4, true, 'sessions in Amazon''s app, as a fraction of all'),
    ('b2b_share', 'b2b_sessions', 'b2b_of', false, 4, true, 'sessions of business customers, as a fraction of all'),
    ('cvr', 'units', 'sessions', false, 4, true, 'units ordered for each session'),
    ('buy_box', 'buy_box_views', 'buy_box_of', false, 4, true, 'fraction of page views with your offer in the buy box'),
    ('average_price', 'sales', 'units', true, 4, true, 'sales for each unit'),
    ('refunds', 'refunds', NULL, false, 0, false, 'units refunded'),
    ('refund_rate', 'refunds', 'refunds_of', false, 4, true, 'units refunded for each unit ordered'),
    ('units_b2b', 'units_b2b', NULL, false, 0, false, 'units ordered by business customers'),
    ('sales_b2b', 'sales_b2b', NULL, true, 2, false, 'sales to business customers');
$$;

-- Amazon's time, which a process that simulates it says (SET LOCAL chalkola.now).
CREATE OR REPLACE FUNCTION sp_sheet_now()
RETURNS timestamptz LANGUAGE sql VOLATILE SET search_path = public, pg_temp AS $$
  SELECT coalesce(nullif(current_setting('chalkola.now', true), '')::timestamptz, clock_timestamp());
$$;

-- Refuse with a code and a sentence, which `sp_sheet_refused` makes the answer of.
CREATE OR REPLACE FUNCTION sp_sheet_refuse(code text, say text)
RETURNS void LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  RAISE EXCEPTION USING ERRCODE = 'CH002', MESSAGE = say, HINT = code;
END $$;

-- The answer to a call that failed. What is not a refusal of ours goes to the server's log and not into a sheet: it may
-- name what nobody there should read.
CREATE OR REPLACE FUNCTION sp_sheet_failed(error text, said text, code text)
RETURNS jsonb LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF error = 'CH002' THEN
    RETURN jsonb_build_object('ok', false, 'code', code, 'say', said);
  END IF;
  IF error = '57014' THEN
    RETURN jsonb_build_object('ok', false, 'code', 'too_large', 'say',
      'This takes longer than the database gives it: ask for fewer items, or a shorter period.');
  END IF;
  RAISE LOG 'a function for sheets failed: % (SQLSTATE %)', said, error;
  RETURN jsonb_build_object('ok', false, 'code', 'failed', 'say',
    format('The database could not answer (SQLSTATE %s): its log says why.', error));
END $$;

-- The texts of an argument: an array of texts or numbers, nested as a range is, or one of them alone; NULL is an empty list.
CREATE OR REPLACE FUNCTION sp_sheet_texts(argument jsonb, name text)
RETURNS text[] LANGUAGE plpgsql IMMUTABLE SET search_path = public, pg_temp AS $$
BEGIN
  IF argument IS NULL OR jsonb_typeof(argument) = 'null' THEN
    RETURN '{}';
  END IF;
  IF jsonb_typeof(argument) <> 'array' THEN
    argument := jsonb_build_array(argument);
  END IF;
  IF EXISTS (SELECT FROM jsonb_array_elements(argument) e WHERE jsonb_typeof(e) = 'array') THEN
    argument := (SELECT jsonb_agg(inner_.e ORDER BY outer_.n, inner_.n)
                 FROM jsonb_array_elements(argument) WITH ORDINALITY AS outer_ (e, n)
                 CROSS JOIN jsonb_array_elements(CASE jsonb_typeof(outer_.e) WHEN 'array' THEN outer_.e
                                                 ELSE jsonb_build_array(outer_.e) END)
                   WITH ORDINALITY AS inner_ (e, n));
  END IF;
  IF EXISTS (SELECT FROM jsonb_array_elements(argument) e WHERE jsonb_typeof(e) IN ('array', 'object')) THEN
    PERFORM sp_sheet_refuse('bad_argument', format('%s has to be a list of texts.', name));
  END IF;
  RETURN ARRAY(SELECT nullif(btrim(e, E' \t\r\n\u00a0'), '')
               FROM jsonb_array_elements_text(argument) WITH ORDINALITY AS t (e, n) ORDER BY n);
END $$;

-- A whole number between two bounds; `otherwise` where nothing is given.
CREATE OR REPLACE FUNCTION sp_sheet_number(given text, name text, least_ integer, most integer, otherwise integer)
RETURNS integer LANGUAGE plpgsql IMMUTABLE SET search_path = public, pg_temp AS $$
DECLARE
  typed text := nullif(btrim(given), '');
BEGIN
  IF typed IS NULL THEN
    RETURN otherwise;
  END IF;
  IF typed !~ '^\d{1,6}(\.0+)?$' OR typed::numeric NOT BETWEEN least_ AND most THEN
    PERFORM sp_sheet_refuse('bad_argument',
      format('%s has to be a whole number from %s to %s, not "%s".', name, least_, most, left(typed, 40)));
  END IF;
  RETURN typed::numeric::integer;
END $$;

-- The metric of this name, or a refusal that lists them.
CREATE OR REPLACE FUNCTION sp_sheet_metric(given text)
RETURNS text LANGUAGE plpgsql IMMUTABLE SET search_path = public, pg_temp AS $$
DECLARE
  wanted text := regexp_replace(lower(btrim(given)), '[\s-]+', '_', 'g');
  known text;
BEGIN
  SELECT m.metric INTO known FROM sp_sheet_metrics() m
  WHERE m.metric = CASE wanted WHEN 'pageviews' THEN 'page_views' WHEN 'conversion' THEN 'cvr'
                               WHEN 'buybox' THEN 'buy_box' ELSE wanted END;
  IF known IS NULL THEN
    PERFORM sp_sheet_refuse('bad_argument', format('There is no metric "%s". Known: %s.', left(coalesce(given, ''), 40),
      (SELECT string_agg(m.metric, ', ') FROM sp_sheet_metrics() m)));
  END IF;
  RETURN known;
END $$;

-- The marketplace of this code in any spelling, 'ALL', or a refusal that lists them.
CREATE OR REPLACE FUNCTION sp_sheet_marketplace(given text)
RETURNS text LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
DECLARE
  wanted text := upper(btrim(given));
  known text;
BEGIN
  IF wanted = 'ALL' THEN
    RETURN wanted;
  END IF;
  SELECT m.code INTO known FROM sp_sheet_marketplaces() m
  WHERE wanted = ANY (m.spellings) OR m.amazon_marketplace_id = wanted;
  IF known IS NULL THEN
    PERFORM sp_sheet_refuse('bad_argument', format('There is no marketplace "%s". Known: %s and ALL.',
      left(coalesce(given, ''), 40),
      (SELECT string_agg(m.code, ', ' ORDER BY m.place) FROM sp_sheet_marketplaces() m)));
  END IF;
  RETURN known;
END $$;
$script$;
  INSERT INTO sp_migrations VALUES ('sheets/10_ground.sql', '752ac86e83ff66e4')
  ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
END $chalkola$;

-- sheets/20_tokens.sql
DO $chalkola$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('chalkola migrate'));
  CREATE TABLE IF NOT EXISTS sp_migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
  ALTER TABLE sp_migrations ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM sp_migrations WHERE name = 'sheets/20_tokens.sql' AND checksum = 'd98201e0ecd686cf') THEN
    RETURN;
  END IF;
  PERFORM set_config('lock_timeout', '10s', true);
  EXECUTE $script$
-- Tokens of sheets, and of the JSON API: cs_<id>_<secret>. The secret is shown once and kept as a digest.

-- Make a token and return it: nobody can read it again. 192 bits of PostgreSQL's own strong randomness are its secret.
CREATE OR REPLACE FUNCTION sp_new_token(name text, kind text, now timestamptz DEFAULT clock_timestamp())
RETURNS text LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  id constant text := left(replace(gen_random_uuid()::text, '-', ''), 8);
  secret constant text := left(encode(sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())), 'hex'), 48);
BEGIN
  INSERT INTO sp_sheet_tokens (id, name, kind, secret_sha256, created_at)
  VALUES (id, sp_new_token.name, sp_new_token.kind, sha256(convert_to(secret, 'UTF8')), now);
  RETURN concat_ws('_', 'cs', id, secret);
END $$;

CREATE OR REPLACE FUNCTION sp_new_sheet_token(name text, now timestamptz DEFAULT clock_timestamp())
RETURNS text LANGUAGE sql SET search_path = public, pg_temp AS $$
  SELECT sp_new_token(name, 'sheet', now);
$$;

-- Revoke the tokens of this id or name. Return how many were valid until now.
CREATE OR REPLACE FUNCTION sp_revoke_sheet_token(named text, now timestamptz DEFAULT clock_timestamp())
RETURNS integer LANGUAGE sql SET search_path = public, pg_temp AS $$
  WITH revoked AS (
    UPDATE sp_sheet_tokens t SET revoked_at = now WHERE (t.id = named OR t.name = named) AND t.revoked_at IS NULL
    RETURNING t.id)
  SELECT count(*)::integer FROM revoked;
$$;

-- Let a caller in who shows a valid token of the wanted kind and has a turn left: return NULL, or the answer that refuses it. Each call is
-- written down; a bucket of `burst` turns that is filled `calls_a_minute` times a minute is computed from what is there.
CREATE OR REPLACE FUNCTION sp_token_enter(token text, wanted text)
RETURNS jsonb LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  parts constant text[] := regexp_match(btrim(token), '^cs_([0-9a-z]{1,40})_([0-9A-Za-z]{1,100})$');
  -- Digests are compared after both were hashed again with fresh random bytes: how long that takes says nothing.
  salt constant bytea := uuid_send(gen_random_uuid());
  shown constant bytea := sha256(convert_to(coalesce(parts[2], ''), 'UTF8'));
  at constant timestamptz := clock_timestamp();  -- machine time: a rate is about this machine's work
  kept sp_sheet_tokens;
  turns double precision;
BEGIN
  SELECT t.* INTO kept FROM sp_sheet_tokens t WHERE t.id = parts[1];
  IF sha256(salt || shown) IS DISTINCT FROM sha256(salt || coalesce(kept.secret_sha256, sha256(salt))) THEN
    RETURN jsonb_build_object('ok', false, 'code', 'token_unknown', 'say',
      'This sheet''s token is not known: connect the sheet again with a token of yours.');
  END IF;
  IF kept.revoked_at IS NOT NULL THEN
    RETURN jsonb_build_object('ok', false, 'code', 'token_revoked', 'say',
      format('The token "%s" was revoked: ask whoever keeps the database for a new one.', kept.name));
  END IF;
  IF kept.kind <> wanted THEN
    RETURN jsonb_build_object('ok', false, 'code', 'token_of_another_kind', 'say',
      format('The token "%s" is made for the %s, and this is the %s: ask whoever keeps the database for one.', kept.name,
             CASE kept.kind WHEN 'api' THEN 'API' ELSE 'sheets' END, CASE wanted WHEN 'api' THEN 'API' ELSE 'sheets' END));
  END IF;
  SELECT least(kept.burst, min(kept.burst + extract(epoch FROM at - c.called_at) * kept.calls_a_minute / 60.0 - c.since))
  INTO turns
  FROM (SELECT called_at, row_number() OVER (ORDER BY called_at DESC) AS since FROM sp_sheet_calls
        WHERE token_id = kept.id AND called_at > at - interval '10 minutes') c;
  IF turns < 1 THEN
    RETURN jsonb_build_object('ok', false, 'code', 'slow_down', 'say',
      format('More than %s calls a minute: wait a little. One formula over a range is one call.', kept.calls_a_minute),
      'retry_after', ceil((1 - turns) * 60 / kept.calls_a_minute));
  END IF;
  INSERT INTO sp_sheet_calls VALUES (kept.id, at);
  IF kept.last_used_at IS NULL OR kept.last_used_at < at - interval '1 minute' THEN
    -- Whoever else is writing just that has it: nobody waits.
    UPDATE sp_sheet_tokens t SET last_used_at = at
    WHERE t.id = (SELECT k.id FROM sp_sheet_tokens k WHERE k.id = kept.id FOR NO KEY UPDATE SKIP LOCKED);
    DELETE FROM sp_sheet_calls WHERE ctid = ANY (ARRAY(
      SELECT c.ctid FROM sp_sheet_calls c WHERE c.called_at < at - interval '1 hour' LIMIT 5000 FOR UPDATE SKIP LOCKED));
  END IF;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION sp_sheet_enter(token text)
RETURNS jsonb LANGUAGE sql SET search_path = public, pg_temp AS $$
  SELECT sp_token_enter(token, 'sheet');
$$;
$script$;
  INSERT INTO sp_migrations VALUES ('sheets/20_tokens.sql', 'd98201e0ecd686cf')
  ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
END $chalkola$;

-- sheets/30_periods.sql
DO $chalkola$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('chalkola migrate'));
  CREATE TABLE IF NOT EXISTS sp_migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
  ALTER TABLE sp_migrations ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM sp_migrations WHERE name = 'sheets/30_periods.sql' AND checksum = 'a0775b0f50416277') THEN
    RETURN;
  END IF;
  PERFORM set_config('lock_timeout', '10s', true);
  EXECUTE $script$
-- Periods in words: the one place in which they have a meaning. tests/documents/periods.json has cases of each.
--
-- `today` is the day under way in the marketplace's zone, `closed` its last closed day (NULL: none). Words that say what
-- the calendar says (Today, Yesterday, This month, Last week) are the calendar's; Last 7 days and the like count back from
-- the last closed day. Every period but a single day of the calendar ends at the last closed day at the latest: what is
-- after it is left out. `last` is NULL or before `first` where there is no closed day
-- in it yet; `nominal_last` is where it would end if all days were closed.
CREATE OR REPLACE FUNCTION sp_sheet_period(word text, today date, closed date, start text DEFAULT NULL,
                                           "end" text DEFAULT NULL,
                                           OUT first date, OUT last date, OUT nominal_last date, OUT is_a_day boolean)
LANGUAGE plpgsql IMMUTABLE SET search_path = public, pg_temp AS $$
DECLARE
  typed constant text := regexp_replace(lower(btrim(word)), '\s+', ' ', 'g');
  said text := regexp_replace(typed, '[-_ ]+', ' ', 'g');
  shift constant text := substring(said FROM ' (week|month|quarter|year) ago$');
  parts text[];
  n integer;
BEGIN
  IF shift IS NOT NULL THEN
    said := left(said, -length(shift) - 5);
  END IF;
  said := CASE said WHEN 'mtd' THEN 'this month' WHEN 'qtd' THEN 'this quarter' WHEN 'ytd' THEN 'this year'
                    WHEN 'wtd' THEN 'this week' WHEN 'month to date' THEN 'this month'
                    WHEN 'quarter to date' THEN 'this quarter' WHEN 'year to date' THEN 'this year'
                    WHEN 'week to date' THEN 'this week' WHEN 'last day' THEN 'last 1 days' ELSE said END;
  is_a_day := false;

  IF shift IS NULL AND said IN ('today', 'yesterday') THEN
    first := today - (said = 'yesterday')::integer;
    last := first;
    is_a_day := true;

  ELSIF shift IS NULL AND said IN ('same day last week', 'same day last month', 'same day last year') THEN
    first := (today - ('1 ' || substr(said, 15))::interval)::date;  -- the last of a shorter month
    last := first;
    is_a_day := true;

  ELSIF said ~ '^last \d{1,3} days?$' AND shift IS DISTINCT FROM 'quarter' AND substring(said FROM '\d+')::integer BETWEEN 1 AND 731 THEN
    n := substring(said FROM '\d+')::integer;
    last := CASE WHEN shift IS NULL THEN closed ELSE (closed - ('1 ' || shift)::interval)::date END;
    first := last - n + 1;  -- as many days, wherever they end

  ELSIF said IN ('this week', 'this month', 'this quarter', 'this year')
        AND (shift IS NULL OR shift = substr(said, 6) OR shift = 'year' AND said <> 'this week') THEN
    first := date_trunc(substr(said, 6), today::timestamp)::date;
    last := least((first + sp_sheet_span(substr(said, 6)))::date - 1, greatest(today - 1, first));  -- today is not over
    IF shift IS NOT NULL THEN  -- the one before, as far as this one has come
      n := least(last, closed) - first;
      first := (first - sp_sheet_span(shift))::date;
      last := CASE WHEN n >= 0 THEN least(first + n, (first + sp_sheet_span(substr(said, 6)))::date - 1) END;
    END IF;

  ELSIF shift IS NULL AND said IN ('last week', 'last month', 'last quarter', 'last year') THEN
    last := date_trunc(substr(said, 6), today::timestamp)::date - 1;
    first := date_trunc(substr(said, 6), last::timestamp)::date;

  ELSIF shift IS NULL AND said ~ '^last \d{1,3} (weeks?|months?|quarters?)$'
        AND substring(said FROM '\d+')::integer BETWEEN 1 AND 104 THEN
    parts := regexp_match(said, '^last (\d+) (week|month|quarter)');
    last := date_trunc(parts[2], today::timestamp)::date - 1;
    first := (last + 1 - parts[1]::integer * sp_sheet_span(parts[2]))::date;

  ELSIF shift IS NULL AND said = 'this year to last month' THEN
    first := date_trunc('year', today::timestamp)::date;
    last := date_trunc('month', today::timestamp)::date - 1;

  ELSIF typed ~ '^20\d\d$' THEN
    first := make_date(typed::integer, 1, 1);
    last := make_date(typed::integer, 12, 31);

  ELSIF typed ~ '^20\d\d-(0[1-9]|1[0-2])$' THEN
    first := to_date(typed, 'YYYY-MM');
    last := (first + interval '1 month')::date - 1;

  ELSIF typed ~ '^20\d\d-?q[1-4]$' THEN
    first := make_date(left(typed, 4)::integer, right(typed, 1)::integer * 3 - 2, 1);
    last := (first + interval '3 months')::date - 1;

  ELSIF typed ~ '^20\d\d-?w\d\d$' AND to_char(to_date(left(typed, 4) || right(typed, 2), 'IYYYIW'), 'IYYYIW')
                                      = left(typed, 4) || right(typed, 2) THEN
    first := to_date(left(typed, 4) || right(typed, 2), 'IYYYIW');  -- ISO 8601: a Monday
    last := first + 6;

  ELSIF typed ~ '^\d{4}-\d\d-\d\d$' THEN
    first := sp_sheet_date(typed, 'The period');
    last := first;
    is_a_day := true;

  ELSIF said = 'custom' OR typed ~ '^\d{4}-\d\d-\d\d ?\.\. ?\d{4}-\d\d-\d\d$' THEN
    first := sp_sheet_date(CASE said WHEN 'custom' THEN start ELSE left(typed, 10) END, 'start');
    last := sp_sheet_date(CASE said WHEN 'custom' THEN "end" ELSE right(typed, 10) END, 'end');
    IF first IS NULL OR last IS NULL THEN
      PERFORM sp_sheet_refuse('bad_argument', 'A period CUSTOM needs a start and an end, written as 2026-09-01.');
    ELSIF first > last THEN
      PERFORM sp_sheet_refuse('bad_argument', format('The start %s is after the end %s: swap them.', first, last));
    ELSIF last - first > 1100 THEN
      PERFORM sp_sheet_refuse('bad_argument', 'A period has 1,100 days at most.');
    END IF;

  ELSE
    PERFORM sp_sheet_refuse('bad_argument', format('There is no period "%s". Known: %s.', left(coalesce(word, ''), 40),
                                                   sp_sheet_period_words()));
  END IF;

  nominal_last := last;
  IF NOT is_a_day THEN
    last := CASE WHEN last <= closed THEN last WHEN last > closed THEN closed END;  -- least() passes over NULL
  END IF;
END $$;

-- What a refusal lists.
CREATE OR REPLACE FUNCTION sp_sheet_period_words()
RETURNS text LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
  SELECT 'Today, Yesterday, Last day, Same day last week (month, year), Last 7 days (any number to 731), Last 7 days week'
         ' ago (month ago, year ago), This week (month, quarter, year), MTD, QTD, YTD, MTD month ago (year ago), Last week'
         ' (month, quarter, year), Last 3 months, This Year-to-Last-Month, 2026-09, 2026-W40, 2026-Q3, 2026, 2026-09-15,'
         ' 2026-09-01..2026-09-15, CUSTOM with start and end';
$$;

CREATE OR REPLACE FUNCTION sp_sheet_span(unit text)
RETURNS interval LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
  SELECT CASE unit WHEN 'quarter' THEN interval '3 months' ELSE ('1 ' || unit)::interval END;
$$;

-- A date as a sheet sends it: 2026-09-01, or an instant that begins like it. NULL where nothing is given.
CREATE OR REPLACE FUNCTION sp_sheet_date(typed text, name text)
RETURNS date LANGUAGE plpgsql IMMUTABLE SET search_path = public, pg_temp AS $$
DECLARE
  day constant text := substring(btrim(typed) FROM '^(20\d\d-\d\d-\d\d)(?:T[\d:.Z+-]*)?$');
BEGIN
  IF nullif(btrim(typed), '') IS NULL THEN
    RETURN NULL;
  END IF;
  BEGIN
    IF day IS NOT NULL THEN
      RETURN make_date(left(day, 4)::integer, substr(day, 6, 2)::integer, right(day, 2)::integer);
    END IF;
  EXCEPTION WHEN datetime_field_overflow THEN
    NULL;  -- 2026-02-30
  END;
  PERFORM sp_sheet_refuse('bad_argument', format('%s has to be a day, written as 2026-09-01, not "%s".', name,
                                                 left(typed, 40)));
END $$;
$script$;
  INSERT INTO sp_migrations VALUES ('sheets/30_periods.sql', 'a0775b0f50416277')
  ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
END $chalkola$;

-- sheets/40_calendar.sql
DO $chalkola$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('chalkola migrate'));
  CREATE TABLE IF NOT EXISTS sp_migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
  ALTER TABLE sp_migrations ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM sp_migrations WHERE name = 'sheets/40_calendar.sql' AND checksum = '8407948d27ed43a7') THEN
    RETURN;
  END IF;
  PERFORM set_config('lock_timeout', '10s', true);
  EXECUTE $script$
-- Which day is the last closed one, and what there is of a day.
--
-- A day has data when its line in the ledger is closed or has rows. The last closed day is the newest day with data before
-- the first day that is still waited for: one that is over, not closed, and over for less than 72 hours (no surface waits
-- longer: reconcile.py, NEVER_WAIT_LONGER). What is older counts as it is, and its absence is told.
CREATE OR REPLACE FUNCTION sp_sheet_calendar(now timestamptz)
RETURNS TABLE (place integer, code text, marketplace_id uuid, scope text, currency_code text, zone text, today date,
               closed date, first_day date)
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
  SELECT m.place, m.code, m.marketplace_id, s.scope, m.currency_code, m.zone, s.today, c.closed, f.first_day
  FROM sp_sheet_marketplaces() m
  CROSS JOIN LATERAL (SELECT 'marketplace:' || m.code, (now AT TIME ZONE m.zone)::date) AS s (scope, today)
  CROSS JOIN LATERAL (
    SELECT min(d.day) FROM generate_series(s.today - 5, s.today - 1, interval '1 day') AS g (at)
    CROSS JOIN LATERAL (SELECT g.at::date) AS d (day)
    WHERE ((d.day + 1)::timestamp AT TIME ZONE m.zone) + interval '72 hours' > now
      -- OFFSET 0: five days are looked up, not all of them read
      AND NOT EXISTS (SELECT FROM sp_slices l WHERE l.dataset = 'sales_and_traffic' AND l.scope = s.scope
                      AND l.first_day = d.day AND l.state IN ('proven', 'differs', 'empty') OFFSET 0)
  ) AS w (waited_for)
  LEFT JOIN LATERAL (
    SELECT l.first_day FROM sp_slices l
    WHERE l.dataset = 'sales_and_traffic' AND l.scope = s.scope AND l.first_day < coalesce(w.waited_for, s.today)
      AND (l.state IN ('proven', 'differs', 'empty') OR l.row_count > 0)
    ORDER BY l.first_day DESC LIMIT 1
  ) AS c (closed) ON true
  LEFT JOIN LATERAL (
    SELECT l.first_day FROM sp_slices l
    WHERE l.dataset = 'sales_and_traffic' AND l.scope = s.scope
      AND (l.state IN ('proven', 'differs', 'empty') OR l.row_count > 0)
    ORDER BY l.first_day LIMIT 1
  ) AS f (first_day) ON true;
$$;

-- When a day of sales and traffic is to be had, in words for a cell: "due 19:30 UTC".
CREATE OR REPLACE FUNCTION sp_sheet_due(scope text, zone text, day date, now timestamptz)
RETURNS text LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
  SELECT CASE WHEN d.at <= now THEN 'late: was due ' || d.said ELSE 'due ' || d.said END
  FROM (SELECT greatest(  -- settles 34 hours after its end (sales_and_traffic.py, SETTLES_AFTER)
          ((day + 1)::timestamp AT TIME ZONE zone) + interval '34 hours',
          (SELECT l.next_at FROM sp_slices l WHERE l.dataset = 'sales_and_traffic' AND l.scope = sp_sheet_due.scope
             AND l.first_day = day AND l.state NOT IN ('proven', 'differs', 'empty')))) AS g (at)
  CROSS JOIN LATERAL (
    SELECT g.at, to_char(g.at AT TIME ZONE 'UTC',
      CASE WHEN (g.at AT TIME ZONE 'UTC')::date = (now AT TIME ZONE 'UTC')::date THEN '' ELSE 'YYYY-MM-DD ' END
      || 'HH24:MI "UTC"')) AS d (at, said);
$$;

-- The version of everything that a sheet can see.
CREATE OR REPLACE FUNCTION sp_sheet_version(now timestamptz)
RETURNS text LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
  SELECT 'v-' || left(md5(concat_ws('|',
    (SELECT string_agg(concat_ws(' ', c.code, c.today, c.closed), ',' ORDER BY c.place) FROM sp_sheet_calendar(now) c),
    (SELECT concat_ws(' ', count(*), max(loaded_at), sum(row_count), sum(pull_id)) FROM sp_slices
     WHERE dataset IN ('sales_and_traffic', 'daily_totals', 'daily_parents')),
    (SELECT md5(string_agg(concat_ws(' ', dataset, scope, first_day, row_count), ',' ORDER BY dataset, scope, first_day))
     FROM sp_slices WHERE dataset IN ('sales_and_traffic', 'daily_totals', 'daily_parents')
       AND state NOT IN ('proven', 'differs', 'empty')),
    (SELECT concat_ws(' ', count(*), max(changed_at), max(first_seen_at), max(gone_at)) FROM sp_listings),
    (SELECT concat_ws(' ', count(*), max(date)) FROM fx_rates))), 16);
$$;
$script$;
  INSERT INTO sp_migrations VALUES ('sheets/40_calendar.sql', '8407948d27ed43a7')
  ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
END $chalkola$;

-- sheets/45_columns.sql
DO $chalkola$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('chalkola migrate'));
  CREATE TABLE IF NOT EXISTS sp_migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
  ALTER TABLE sp_migrations ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM sp_migrations WHERE name = 'sheets/45_columns.sql' AND checksum = 'b15742830b43a278') THEN
    RETURN;
  END IF;
  PERFORM set_config('lock_timeout', '10s', true);
  EXECUTE $script$
-- What the columns of a grid are about: marketplaces × periods, each with its days.

-- `members` are the marketplaces whose figures it shows; ALL is every one with data. Those that are a week behind the
-- others do not hold ALL back: they are counted in `missing`.
-- `state`: closed; preliminary (a single day that is not closed yet); due (nothing yet: `say` has when); none (`say` has
-- why). `missing`: marketplace-days of it without data. `has_parents`: whether Amazon's figures of parents are there for all
-- its days with data.
CREATE OR REPLACE FUNCTION sp_sheet_columns(marketplaces text[], periods text[], start text, "end" text, now timestamptz)
RETURNS TABLE (col integer, marketplace text, period text, members uuid[], first date, last date, state text, say text,
               missing integer, whole boolean, has_parents boolean)
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
  WITH calendar AS MATERIALIZED (SELECT * FROM sp_sheet_calendar(now)),
  live AS (SELECT c.* FROM calendar c WHERE c.closed >= (SELECT max(closed) FROM calendar) - 7),
  places AS (
    SELECT w.place, c.code, ARRAY[c.marketplace_id] AS members, c.today, c.closed
    FROM unnest(marketplaces) WITH ORDINALITY AS w (code, place) JOIN calendar c ON c.code = w.code
    UNION ALL
    SELECT w.place, 'ALL', ARRAY(SELECT marketplace_id FROM calendar c WHERE c.closed IS NOT NULL),
           (SELECT min(today) FROM live), (SELECT min(closed) FROM live)
    FROM unnest(marketplaces) WITH ORDINALITY AS w (code, place) WHERE w.code = 'ALL'
  ), cols AS (
    SELECT (row_number() OVER (ORDER BY p.place, g.place))::integer AS col, p.code, p.members, p.today, p.closed, g.period,
           f.first, f.last, f.nominal_last, f.is_a_day, f.last < f.first OR f.last IS NULL AS is_empty
    FROM places p CROSS JOIN unnest(periods) WITH ORDINALITY AS g (period, place)
    CROSS JOIN LATERAL sp_sheet_period(g.period, p.today, p.closed, start, "end") f
  ), days AS (  -- by column and member
    SELECT c.col, m.marketplace_id, d.there, d.of_parents
    FROM cols c JOIN calendar m ON m.marketplace_id = ANY (c.members)
    CROSS JOIN LATERAL (
      SELECT count(*)::integer AS there, count(p.first_day)::integer AS of_parents
      FROM sp_slices l
      LEFT JOIN sp_slices p ON p.dataset = 'daily_parents' AND p.scope = l.scope AND p.first_day = l.first_day
        AND (p.state IN ('proven', 'differs', 'empty') OR p.row_count > 0)
      WHERE l.dataset = 'sales_and_traffic' AND l.scope = m.scope AND l.first_day BETWEEN c.first AND c.last
        AND (l.state IN ('proven', 'differs', 'empty') OR l.row_count > 0)) AS d
    WHERE NOT c.is_empty
  ), held AS (
    SELECT c.*, d.there, d.marketplaces_there, d.has_parents,
           CASE WHEN c.closed IS NULL THEN 'none'
                WHEN c.is_empty OR c.is_a_day AND c.first > c.closed THEN
                  CASE WHEN c.is_a_day AND d.live_there = (SELECT count(*) FROM live l WHERE l.marketplace_id = ANY (c.members))
                         THEN 'preliminary'
                       WHEN c.first > c.today OR c.first < c.today - 7 OR c.nominal_last < c.first THEN 'none' ELSE 'due' END
                WHEN d.there > 0 THEN 'closed' ELSE 'none' END AS state
    FROM cols c LEFT JOIN LATERAL (
      SELECT sum(d.there)::integer AS there, count(*) FILTER (WHERE d.there > 0) AS marketplaces_there,
             coalesce(bool_and(d.of_parents = d.there), false) AS has_parents,
             count(*) FILTER (WHERE d.there > 0 AND EXISTS (SELECT FROM live l WHERE l.marketplace_id = d.marketplace_id))
               AS live_there
      FROM days d WHERE d.col = c.col) AS d ON true
  )
  SELECT h.col, h.code, h.period, h.members, h.first,
         CASE WHEN h.is_empty THEN h.nominal_last ELSE h.last END, h.state,
         CASE WHEN h.state = 'due' THEN
                concat_ws('; ', CASE WHEN NOT h.is_a_day THEN 'no closed day in it yet' END,
                  (SELECT max(sp_sheet_due(m.scope, m.zone, h.first, now)) FROM live m
                   WHERE m.marketplace_id = ANY (h.members) AND (h.closed IS NULL OR m.closed < h.first)))
              WHEN h.state <> 'none' THEN NULL
              WHEN h.closed IS NULL THEN 'no data yet'
              WHEN h.first > h.today THEN 'it is yet to come'
              WHEN h.nominal_last < h.first THEN 'there is no such month in this year yet'
              WHEN h.is_empty THEN 'no closed day in it'
              ELSE 'no data of these days' END,
         coalesce((h.last - h.first + 1) * cardinality(h.members) - h.there, 0),
         h.last IS NOT DISTINCT FROM h.nominal_last AND NOT h.is_empty,
         coalesce(h.has_parents, false)
  FROM held h ORDER BY h.col;
$$;
$script$;
  INSERT INTO sp_migrations VALUES ('sheets/45_columns.sql', 'b15742830b43a278')
  ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
END $chalkola$;

-- sheets/50_items.sql
DO $chalkola$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('chalkola migrate'));
  CREATE TABLE IF NOT EXISTS sp_migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
  ALTER TABLE sp_migrations ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM sp_migrations WHERE name = 'sheets/50_items.sql' AND checksum = '6197e72cf6c60717') THEN
    RETURN;
  END IF;
  PERFORM set_config('lock_timeout', '10s', true);
  EXECUTE $script$
-- What people call a product: a child ASIN, a parent ASIN or a SKU.

-- What has a row, in `members` or (NULL) anywhere, and the last day with one: from the months that are summed, and from the
-- rows of those that are not; where these are many, from all rows at once. A product may come twice.
CREATE OR REPLACE FUNCTION sp_sheet_seen(members uuid[] DEFAULT NULL)
RETURNS TABLE (marketplace_id uuid, of_parents boolean, child_asin text, parent_asin text, last_day date)
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
  WITH noted AS MATERIALIZED (
    SELECT DISTINCT u.marketplace_id, u.of_parents, u.month, (u.month + interval '1 month')::date - 1 AS until
    FROM sp_unsummed u WHERE members IS NULL OR u.marketplace_id = ANY (members)
  ), many AS (SELECT count(*) > 40 AS are FROM noted
  ), noted_places AS (SELECT DISTINCT n.marketplace_id, n.of_parents FROM noted n)
  SELECT p.marketplace_id, p.of_parents, p.child_asin, p.parent_asin, d.last_day
  FROM sp_summed_products p LEFT JOIN noted_places n USING (marketplace_id, of_parents)
  CROSS JOIN LATERAL (SELECT CASE WHEN n.marketplace_id IS NULL THEN p.days[cardinality(p.days)] ELSE (
      SELECT max(g.day) FROM unnest(p.days) AS g (day)
      WHERE NOT EXISTS (SELECT FROM noted o WHERE o.marketplace_id = p.marketplace_id AND o.of_parents = p.of_parents
                        AND g.day BETWEEN o.month AND o.until)) END) AS d (last_day)
  WHERE (members IS NULL OR p.marketplace_id = ANY (members)) AND NOT (SELECT are FROM many) AND d.last_day IS NOT NULL
  UNION ALL
  SELECT t.marketplace_id, false, t.child_asin, t.parent_asin, max(t.date)
  FROM noted n JOIN sp_daily_asin_data t ON t.marketplace_id = n.marketplace_id AND t.date BETWEEN n.month AND n.until
  WHERE NOT n.of_parents AND NOT (SELECT are FROM many) GROUP BY 1, 3, 4
  UNION ALL
  SELECT t.marketplace_id, true, NULL, t.parent_asin, max(t.date)
  FROM noted n JOIN sp_daily_parent_data t ON t.marketplace_id = n.marketplace_id AND t.date BETWEEN n.month AND n.until
  WHERE n.of_parents AND NOT (SELECT are FROM many) GROUP BY 1, 4
  UNION ALL
  SELECT t.marketplace_id, false, t.child_asin, t.parent_asin, max(t.date) FROM sp_daily_asin_data t
  WHERE (members IS NULL OR t.marketplace_id = ANY (members)) AND (SELECT are FROM many) GROUP BY 1, 3, 4
  UNION ALL
  SELECT t.marketplace_id, true, NULL, t.parent_asin, max(t.date) FROM sp_daily_parent_data t
  WHERE (members IS NULL OR t.marketplace_id = ANY (members)) AND (SELECT are FROM many) GROUP BY 1, 4;
$$;

-- Every child and parent that marketplaces have figures or a listing of, each once: of `members`, or (NULL) of all. What is
-- both is a child. `last_day`: with a row of it; NULL: it is only listed. `is_listed`: and not gone.
DROP FUNCTION IF EXISTS sp_sheet_known();
CREATE OR REPLACE FUNCTION sp_sheet_known(members uuid[] DEFAULT NULL)
RETURNS TABLE (marketplace_id uuid, level text, asin text, last_day date, is_listed boolean)
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
  WITH seen AS MATERIALIZED (SELECT * FROM sp_sheet_seen(members)),
  named AS (
    SELECT s.marketplace_id, s.child_asin AS asin, true AS is_child, s.last_day, false AS is_listed FROM seen s
    WHERE s.child_asin IS NOT NULL
    UNION ALL
    SELECT s.marketplace_id, s.parent_asin, false, max(s.last_day), false FROM seen s WHERE s.parent_asin IS NOT NULL
    GROUP BY 1, 2
    UNION ALL
    SELECT l.marketplace_id, l.asin, NULL, NULL, l.gone_at IS NULL FROM sp_listings l
    WHERE l.asin IS NOT NULL AND (members IS NULL OR l.marketplace_id = ANY (members)))
  SELECT n.marketplace_id, CASE WHEN bool_or(n.is_child) IS NOT false THEN 'child' ELSE 'parent' END, n.asin, max(n.last_day),
         bool_or(n.is_listed)
  FROM named n GROUP BY n.marketplace_id, n.asin;
$$;

-- Find items, the n-th of which is `item`, in every marketplace that knows them. ASINs are found in any case; a SKU as it is
-- typed, else in any case. What is an ASIN anywhere is no SKU; `sku` is NULL then.
CREATE OR REPLACE FUNCTION sp_sheet_find(items text[])
RETURNS TABLE (n integer, marketplace_id uuid, level text, asin text, sku text)
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
  WITH typed AS MATERIALIZED (
    SELECT i.n::integer, i.item, upper(i.item) AS folded FROM unnest(items) WITH ORDINALITY AS i (item, n)
    WHERE i.item IS NOT NULL),
  known AS MATERIALIZED (SELECT * FROM sp_sheet_known()),
  asins AS MATERIALIZED (
    SELECT t.n, k.marketplace_id, k.level, k.asin, NULL FROM typed t JOIN known k ON k.asin = t.folded)
  SELECT * FROM asins
  UNION ALL
  (SELECT DISTINCT ON (t.n, l.marketplace_id) t.n, l.marketplace_id, k.level, l.asin, l.sku
   FROM typed t JOIN sp_listings l ON upper(l.sku) = t.folded
   JOIN known k ON k.marketplace_id = l.marketplace_id AND k.asin = l.asin
   WHERE t.n NOT IN (SELECT a.n FROM asins a)
   ORDER BY t.n, l.marketplace_id, l.sku <> t.item, l.gone_at IS NOT NULL, l.sku);
$$;

-- All that can be asked for in some marketplaces: children, then parents, then SKUs.
CREATE OR REPLACE FUNCTION sp_sheet_every_item(members uuid[])
RETURNS text[] LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
  SELECT coalesce(array_agg(e.item ORDER BY e.kind, e.item COLLATE "C"), '{}')
  FROM (SELECT min(CASE k.level WHEN 'child' THEN 1 ELSE 2 END) AS kind, k.asin AS item FROM sp_sheet_known(members) k
        GROUP BY k.asin
        UNION ALL
        SELECT DISTINCT 3, l.sku FROM sp_listings l
        WHERE l.marketplace_id = ANY (members) AND l.asin IS NOT NULL) AS e;
$$;
$script$;
  INSERT INTO sp_migrations VALUES ('sheets/50_items.sql', '6197e72cf6c60717')
  ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
END $chalkola$;

-- sheets/55_rates.sql
DO $chalkola$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('chalkola migrate'));
  CREATE TABLE IF NOT EXISTS sp_migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
  ALTER TABLE sp_migrations ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM sp_migrations WHERE name = 'sheets/55_rates.sql' AND checksum = 'e7cff53e02d13ea6') THEN
    RETURN;
  END IF;
  PERFORM set_config('lock_timeout', '10s', true);
  EXECUTE $script$
-- Money in another currency, at the rate of the day on which it was earned.

-- For each day: what one unit of the currency is in `target`. A rate holds until the next one is published, for ten days at
-- most (the European Central Bank pauses for four or five at Easter); a day without one is not there.
CREATE OR REPLACE FUNCTION sp_sheet_rates(sources text[], target text, first date, last date)
RETURNS TABLE (currency_code text, date date, rate numeric)
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
  WITH published AS (
    SELECT f.currency_code, f.per_eur, f.date,
           lead(f.date) OVER (PARTITION BY f.currency_code ORDER BY f.date) AS next
    FROM fx_rates f
    WHERE f.currency_code = ANY (sources || target) AND f.date > first - 10 AND f.date <= last AND f.per_eur > 0
      AND f.currency_code <> 'EUR'
  ), euros AS MATERIALIZED (
    SELECT p.currency_code, g::date AS date, p.per_eur
    FROM published p CROSS JOIN LATERAL generate_series(greatest(p.date, first)::timestamp,
      least(p.date + 9, p.next - 1, last)::timestamp, interval '1 day') g
    UNION ALL
    SELECT 'EUR', g::date, 1 FROM generate_series(first::timestamp, last::timestamp, interval '1 day') g
    WHERE 'EUR' = ANY (sources || target)
  )
  SELECT s.currency_code, s.date, t.per_eur / s.per_eur FROM euros s JOIN euros t ON t.date = s.date AND t.currency_code = target
  WHERE s.currency_code = ANY (sources) AND s.currency_code <> target
  UNION ALL
  SELECT target, g::date, 1 FROM generate_series(first::timestamp, last::timestamp, interval '1 day') g
  WHERE target = ANY (sources);
$$;

-- The currency of this code, or a refusal that lists them. NULL where nothing is given.
CREATE OR REPLACE FUNCTION sp_sheet_currency(given text)
RETURNS text LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
DECLARE
  wanted constant text := upper(nullif(btrim(given), ''));
  known constant text[] := ARRAY(
    SELECT DISTINCT m.currency_code FROM sp_sheet_marketplaces() m
    UNION SELECT DISTINCT f.currency_code FROM fx_rates f ORDER BY 1);
BEGIN
  IF wanted <> ALL (known) THEN
    PERFORM sp_sheet_refuse('bad_argument', format('There is no currency "%s". Known: %s.', left(given, 40),
                                                   array_to_string(known, ', ')));
  END IF;
  RETURN wanted;
END $$;
$script$;
  INSERT INTO sp_migrations VALUES ('sheets/55_rates.sql', 'e7cff53e02d13ea6')
  ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
END $chalkola$;

-- sheets/58_sums.sql
DO $chalkola$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('chalkola migrate'));
  CREATE TABLE IF NOT EXISTS sp_migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
  ALTER TABLE sp_migrations ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM sp_migrations WHERE name = 'sheets/58_sums.sql' AND checksum = '3da340128533851f') THEN
    RETURN;
  END IF;
  PERFORM set_config('lock_timeout', '10s', true);
  EXECUTE $script$
-- Sums of any days, from the running sums of months and, where rows were written since, from the rows. Never from both.

-- The n-th window is days `firsts[n]` to `lasts[n]` of marketplace `ids[n]`, and of `cols[n]`. Its parts: days lo + 1 to hi of
-- a month, as bits in `days`; summed, or to be read from the rows. What the marketplace's currency is in `target`: `fine` (for
-- ten-thousandths) where all days of a part have one rate; else by runs of days that have one, of which `los`, `his` and
-- `fines` are the same. `rates` has each day's. Both are NULL where the window lacks a rate of any day.
DROP FUNCTION IF EXISTS sp_sum_parts(integer[], uuid[], date[], date[], boolean, text);
CREATE OR REPLACE FUNCTION sp_sum_parts(cols integer[], ids uuid[], firsts date[], lasts date[], of_parents boolean,
                                        target text)
RETURNS TABLE (col integer, marketplace_id uuid, month date, lo integer, hi integer, days integer, is_summed boolean,
               fine numeric, los integer[], his integer[], fines numeric[], rates numeric[])
LANGUAGE sql STABLE ROWS 40 SET search_path = public, pg_temp AS $$
  WITH windows AS (
    SELECT w.n, w.col, w.marketplace_id, w.first, w.last, m.currency_code, m.currency_code = target OR target IS NULL AS is_own
    FROM unnest(cols, ids, firsts, lasts) WITH ORDINALITY AS w (col, marketplace_id, first, last, n)
    LEFT JOIN sp_sheet_marketplaces() m USING (marketplace_id) WHERE w.first <= w.last
  ), rates AS MATERIALIZED (
    SELECT r.* FROM sp_sheet_rates(ARRAY(SELECT DISTINCT w.currency_code FROM windows w WHERE NOT w.is_own), target,
      (SELECT min(w.first) FROM windows w), (SELECT max(w.last) FROM windows w)) r
    WHERE EXISTS (SELECT FROM windows w WHERE NOT w.is_own)
  ), dated AS (
    SELECT w.n, g::date AS date, r.rate, date_trunc('month', g)::date AS month,
           count(r.rate) OVER (PARTITION BY w.n) = w.last - w.first + 1 AS is_whole,
           (r.rate IS DISTINCT FROM lag(r.rate) OVER (PARTITION BY w.n, date_trunc('month', g) ORDER BY g))::integer AS changes
    FROM windows w CROSS JOIN generate_series(w.first::timestamp, w.last::timestamp, interval '1 day') g
    LEFT JOIN rates r ON r.currency_code = w.currency_code AND r.date = g::date WHERE NOT w.is_own
  ), runs AS (
    SELECT d.n, d.month, min(d.date) - d.month AS lo, max(d.date) - d.month + 1 AS hi, min(d.rate) * 0.0001 AS fine
    FROM (SELECT e.*, sum(e.changes) OVER (PARTITION BY e.n, e.month ORDER BY e.date) AS run FROM dated e WHERE e.is_whole) AS d
    GROUP BY d.n, d.month, d.run
  ), rated AS (
    SELECT r.n, r.month, array_agg(r.lo ORDER BY r.lo) AS los, array_agg(r.hi ORDER BY r.lo) AS his,
           array_agg(r.fine ORDER BY r.lo) AS fines FROM runs r GROUP BY 1, 2
  ), of_days AS (
    SELECT d.n, d.month, array_agg(d.rate ORDER BY d.date) AS rates FROM dated d WHERE d.is_whole GROUP BY 1, 2
  ), parts AS (
    SELECT w.n, w.col, w.marketplace_id, w.is_own, m.month, greatest(w.first - m.month, 0) AS lo,
           least(w.last, (m.month + interval '1 month')::date - 1) - m.month + 1 AS hi
    FROM windows w
    CROSS JOIN LATERAL generate_series(date_trunc('month', w.first::timestamp), w.last::timestamp, interval '1 month') AS g
    CROSS JOIN LATERAL (SELECT g::date) AS m (month)
  )
  SELECT p.col, p.marketplace_id, p.month, p.lo, p.hi, ((1::bigint << p.hi) - (1::bigint << p.lo))::integer,
         NOT EXISTS (SELECT FROM sp_unsummed u WHERE u.of_parents = sp_sum_parts.of_parents
                     AND u.marketplace_id = p.marketplace_id AND u.month = p.month),
         CASE WHEN p.is_own THEN 0.0001 WHEN cardinality(r.fines) = 1 THEN r.fines[1] END, r.los, r.his, r.fines,
         CASE WHEN p.is_own THEN array_fill(1::numeric, ARRAY[p.hi - p.lo]) ELSE d.rates END
  FROM parts p LEFT JOIN rated r ON r.n = p.n AND r.month = p.month LEFT JOIN of_days d ON d.n = p.n AND d.month = p.month;
$$;

-- A query for some series (`sp_sum_series`) of windows: $1 to $4 are the windows as above, $5 the currency or NULL. It gives
-- (col, marketplace_id, child_asin, parent_asin, a column for each series), of a child and parent as many lines as there are:
-- they are to be added. NULL: not known on any of the line's days.
CREATE OR REPLACE FUNCTION sp_sum_query(wanted text[], of_parents boolean)
RETURNS text LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
  SELECT format($sql$
    -- Each month is read once, by its index (OFFSET 0 lets nobody turn the joins around).
    WITH parts AS MATERIALIZED (SELECT * FROM sp_sum_parts($1, $2, $3, $4, %1$L, %6$s))
    SELECT p.col, s.marketplace_id, s.child_asin, s.parent_asin, %2$s
    FROM (
      SELECT r.* FROM (SELECT DISTINCT o.marketplace_id, o.month FROM parts o WHERE o.is_summed) AS m
      CROSS JOIN LATERAL (
        SELECT * FROM sp_month_sums r WHERE r.marketplace_id = m.marketplace_id AND r.of_parents = %1$L AND r.month = m.month
        OFFSET 0) AS r OFFSET 0) AS s
    JOIN parts p ON p.marketplace_id = s.marketplace_id AND p.month = s.month
    WHERE s.seen & p.days <> 0
    UNION ALL
    SELECT p.col, t.marketplace_id, %3$s, t.parent_asin, %4$s
    FROM parts p CROSS JOIN LATERAL (
      SELECT * FROM %5$I r
      WHERE r.marketplace_id = p.marketplace_id AND r.date BETWEEN p.month + p.lo AND p.month + p.hi - 1 OFFSET 0) AS t
    WHERE NOT p.is_summed$sql$,
    of_parents,
    string_agg(format(CASE
      WHEN s.base IS NOT NULL
        THEN 'coalesce(s.%1$I[p.hi], s.%2$I[p.hi], 0) - coalesce(s.%1$I[p.lo], s.%2$I[p.lo], 0) AS %1$I'
      WHEN s.is_money
        THEN 'CASE WHEN s.%1$s_known & p.days = 0 THEN NULL'
             ' WHEN p.fine IS NOT NULL THEN (coalesce(s.%1$I[p.hi], 0) - coalesce(s.%1$I[p.lo], 0)) * p.fine'
             ' ELSE (SELECT sum((coalesce(s.%1$I[o.hi], 0) - coalesce(s.%1$I[o.lo], 0)) * o.fine)'
             ' FROM unnest(p.los, p.his, p.fines) AS o (lo, hi, fine)) END AS %1$I'
      ELSE 'CASE WHEN s.%1$s_known & p.days <> 0 THEN (coalesce(s.%1$I[p.hi], 0) - coalesce(s.%1$I[p.lo], 0))%3$s END AS %1$I'
      END, s.name, s.base, CASE WHEN s.scale <> 1 THEN ' * ' || s.scale END), ', ' ORDER BY w.n),
    CASE WHEN of_parents THEN 'NULL::text' ELSE 't.child_asin' END,
    string_agg(format('%s%s AS %I', s.of_row, CASE WHEN s.is_money THEN ' * p.rates[t.date - p.month - p.lo + 1]' END, s.name),
               ', ' ORDER BY w.n),
    CASE WHEN of_parents THEN 'sp_daily_parent_data' ELSE 'sp_daily_asin_data' END,
    CASE WHEN bool_or(s.is_money) THEN '$5' ELSE 'NULL' END)
  FROM unnest(wanted) WITH ORDINALITY AS w (name, n) JOIN sp_sum_series() s USING (name);
$$;

-- The sums of days `first` to `last`, both included: one row for each marketplace, child and parent with a row in them; of
-- parents (Amazon's own figures of them) child_asin is NULL. Money is in the marketplace's currency, or in `target` at each
-- day's rate; NULL where a rate is lacking. Shares and rates are to be divided from sums: buy box = buy_box_views /
-- buy_box_of, mobile = mobile_sessions / mobile_of, business = b2b_sessions / b2b_of, refund rate = refunds / refunds_of.
-- NULL is what Amazon has said nothing of; of what is divided by also 0.
CREATE OR REPLACE FUNCTION sp_sums(marketplaces uuid[], first date, last date, target text DEFAULT NULL,
                                   of_parents boolean DEFAULT false)
RETURNS TABLE (marketplace_id uuid, child_asin text, parent_asin text, units numeric, sales numeric, sessions numeric,
               page_views numeric, buy_box_views numeric, buy_box_of numeric, order_items numeric, mobile_sessions numeric,
               mobile_of numeric, b2b_sessions numeric, b2b_of numeric, refunds numeric, refunds_of numeric,
               units_b2b numeric, sales_b2b numeric)
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
BEGIN
  RETURN QUERY EXECUTE (
    SELECT format('SELECT marketplace_id, child_asin, parent_asin, %s FROM (%s) AS q GROUP BY 1, 2, 3',
      string_agg(format(CASE WHEN s.base IS NULL THEN 'sum(%I)::numeric' ELSE 'nullif(sum(%I), 0)::numeric' END, s.name), ', '
                 ORDER BY s.place),
      sp_sum_query(array_agg(s.name ORDER BY s.place), sp_sums.of_parents)) FROM sp_sum_series() s)
    USING array_fill(1, ARRAY[cardinality(marketplaces)]), marketplaces, array_fill(first, ARRAY[cardinality(marketplaces)]),
          array_fill(last, ARRAY[cardinality(marketplaces)]), target;
END $$;
$script$;
  INSERT INTO sp_migrations VALUES ('sheets/58_sums.sql', '3da340128533851f')
  ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
END $chalkola$;

-- sheets/60_sums.sql
DO $chalkola$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('chalkola migrate'));
  CREATE TABLE IF NOT EXISTS sp_migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
  ALTER TABLE sp_migrations ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM sp_migrations WHERE name = 'sheets/60_sums.sql' AND checksum = '9051b894dde64836') THEN
    RETURN;
  END IF;
  PERFORM set_config('lock_timeout', '10s', true);
  EXECUTE $script$
-- The cells of a grid, from sums.

-- What the items of a grid are, the n-th of which is `item`, by its number, in every marketplace that knows it; where the grid
-- is of one that knows all of them, in that.
CREATE OR REPLACE FUNCTION sp_sheet_found(items text[], members uuid[], OUT ns integer[], OUT places uuid[], OUT levels text[],
                                          OUT asins text[])
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
BEGIN
  IF cardinality(members) = 1 THEN  -- the others need not be asked
    SELECT array_agg(f.n), array_agg(f.marketplace_id), array_agg(f.level), array_agg(f.asin) INTO ns, places, levels, asins
    FROM (SELECT i.n::integer, k.* FROM unnest(items) WITH ORDINALITY AS i (item, n)
          JOIN sp_sheet_known(members) k ON k.asin = upper(i.item)) AS f
    HAVING count(*) = (SELECT count(item) FROM unnest(items) AS item);
  END IF;
  IF ns IS NULL THEN
    SELECT array_agg(f.n), array_agg(f.marketplace_id), array_agg(f.level), array_agg(f.asin) INTO ns, places, levels, asins
    FROM sp_sheet_find(items) f;
  END IF;
END $$;

-- The n-th item in column `col` of a grid (`sp_sheet_grid`). `known`: whether any marketplace knows the item. `figures` has the
-- value of each of the metrics `wanted`. No value: nothing is known of it there. What a marketplace knows an item by and has no
-- row of in days with data is 0. `target`: convert money into it, day by day; NULL: do not.
-- A parent's units and sales are its children's; its traffic is Amazon's own figure (sp_daily_parent_data).
DROP FUNCTION IF EXISTS sp_sheet_cells(text, text[], jsonb, text);
CREATE OR REPLACE FUNCTION sp_sheet_cells(wanted text[], items text[], columns jsonb, target text)
RETURNS TABLE (n integer, col integer, known boolean, figures numeric[])
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
DECLARE
  windows record;
  members constant uuid[] := ARRAY(
    SELECT DISTINCT e::uuid FROM jsonb_array_elements(columns) c, jsonb_array_elements_text(c -> 'members') e);
  found record;
BEGIN
  SELECT array_agg(c.col) AS cols, array_agg(i.id) AS ids, array_agg(c.first) AS firsts, array_agg(c.last) AS lasts
  INTO windows
  FROM jsonb_to_recordset(columns) AS c (col integer, members uuid[], first date, last date, state text)
  CROSS JOIN LATERAL unnest(c.members) AS i (id) WHERE c.state IN ('closed', 'preliminary');
  SELECT * INTO found FROM sp_sheet_found(items, members);
  RETURN QUERY EXECUTE sp_sheet_cells_query(wanted, coalesce('parent' = ANY (found.levels), false))
    USING windows.cols, windows.ids, windows.firsts, windows.lasts, target, columns, found.ns, found.places, found.levels,
          found.asins, items;
END $$;

-- The lines that add up to the cells: (n, col, bit of the marketplace, each of the series), from `found`, `cols` and
-- `children` of the query below. Where Amazon's figures of parents are not there for all of a column's days, none are shown.
CREATE OR REPLACE FUNCTION sp_sheet_lines(wanted text[], have_parents boolean)
RETURNS text LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
  WITH series AS (SELECT w.n, s.* FROM unnest(wanted) WITH ORDINALITY AS w (name, n) JOIN sp_sum_series() s USING (name))
  SELECT concat_ws(E'\nUNION ALL\n',
    format('SELECT f.n, r.col, f.bit, %s FROM found f JOIN children r'
           ' ON r.marketplace_id = f.marketplace_id AND r.child_asin = f.asin WHERE f.level = ''child''',
           (SELECT string_agg('r.' || name, ', ' ORDER BY n) FROM series)),
    CASE WHEN have_parents THEN
      format('SELECT f.n, r.col, f.bit, %s FROM found f JOIN children r'
             ' ON r.marketplace_id = f.marketplace_id AND r.parent_asin = f.asin WHERE f.level = ''parent''',
             (SELECT string_agg(CASE WHEN is_traffic THEN 'NULL' ELSE 'r.' || name END, ', ' ORDER BY n) FROM series)) END,
    CASE WHEN have_parents AND (SELECT bool_or(is_traffic) FROM series) THEN
      format('SELECT f.n, r.col, f.bit, %s FROM found f JOIN (%s) AS r'
             ' ON r.marketplace_id = f.marketplace_id AND r.parent_asin = f.asin JOIN cols c ON c.col = r.col AND c.has_parents'
             ' WHERE f.level = ''parent''',
             (SELECT string_agg(CASE WHEN is_traffic THEN 'r.' || name ELSE 'NULL' END, ', ' ORDER BY n) FROM series),
             sp_sum_query(ARRAY(SELECT name FROM series WHERE is_traffic ORDER BY n), true)) END);
$$;

-- The query of the cells: $1 to $5 as `sp_sum_query` has them, $6 the columns, $7 to $10 what was found of the items (n,
-- marketplace, level, ASIN), $11 the items.
CREATE OR REPLACE FUNCTION sp_sheet_cells_query(wanted text[], have_parents boolean)
RETURNS text LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
  WITH metrics AS (
    SELECT w.n, m.*, s.is_traffic FROM unnest(wanted) WITH ORDINALITY AS w (metric, n) JOIN sp_sheet_metrics() m USING (metric)
    JOIN sp_sum_series() s ON s.name = m.above
  ), series AS (SELECT s.* FROM sp_sum_series() s WHERE s.name IN (SELECT above FROM metrics UNION SELECT below FROM metrics))
  SELECT format($sql$
    WITH cols AS MATERIALIZED (
      SELECT c.*, c.state IN ('closed', 'preliminary') AS is_told, dense_rank() OVER (ORDER BY c.members) AS place
      FROM jsonb_to_recordset($6) AS c (col integer, members uuid[], state text, has_parents boolean)
    ), found AS MATERIALIZED (
      SELECT f.*, 1 << p.place AS bit FROM unnest($7, $8, $9, $10) AS f (n, marketplace_id, level, asin)
      JOIN sp_sheet_marketplaces() p USING (marketplace_id)
    ), children AS %4$s (%5$s
    ), lines AS (%1$s
    ), sums AS (
      SELECT l.n, l.col, bit_or(l.bit) AS there, %2$s FROM lines l GROUP BY 1, 2
    ), places AS (  -- of which of a column's marketplaces an item is known, as what
      SELECT c.place, f.n, bit_or(f.bit) FILTER (WHERE f.level = 'child') AS children,
             bit_or(f.bit) FILTER (WHERE f.level = 'parent') AS parents
      FROM (SELECT DISTINCT place, members FROM cols) AS c CROSS JOIN LATERAL unnest(c.members) AS i (id)
      JOIN found f ON f.marketplace_id = i.id GROUP BY 1, 2
    ), names AS (SELECT DISTINCT n FROM found)
    SELECT i.n::integer, c.col, k.n IS NOT NULL, ARRAY[%3$s]
    FROM unnest($11) WITH ORDINALITY AS i (item, n) CROSS JOIN cols c
    LEFT JOIN names k ON k.n = i.n
    LEFT JOIN places p ON p.n = i.n AND p.place = c.place AND c.is_told
    LEFT JOIN sums s ON s.n = i.n AND s.col = c.col
    CROSS JOIN LATERAL (  -- where it counts as 0 that there is no row: of children, and of parents
      SELECT coalesce(p.children, 0) & ~coalesce(s.there, 0) AS children, coalesce(p.parents, 0) & ~coalesce(s.there, 0) AS parents
    ) AS z
    WHERE i.item IS NOT NULL$sql$,
    sp_sheet_lines((SELECT array_agg(name ORDER BY place) FROM series), have_parents),
    (SELECT string_agg(format('sum(l.%1$I)::numeric AS %1$I', name), ', ') FROM series),
    (SELECT string_agg(format('round(' ||
       CASE WHEN is_ratio THEN 's.%1$I / nullif(s.%2$I, 0)'
            WHEN is_traffic THEN 'coalesce(s.%1$I, CASE WHEN z.children <> 0 OR c.has_parents AND z.parents <> 0 THEN 0 END)'
            ELSE 'coalesce(s.%1$I, CASE WHEN z.children <> 0 OR z.parents <> 0 THEN 0 END)' END || ', %3$s)',
       above, below, decimals), ', ' ORDER BY n) FROM metrics),
    CASE WHEN have_parents THEN 'MATERIALIZED' END, sp_sum_query((SELECT array_agg(name ORDER BY place) FROM series), false));
$$;
DROP FUNCTION IF EXISTS sp_sheet_sums(text, integer[], uuid[], date[], date[], text);
$script$;
  INSERT INTO sp_migrations VALUES ('sheets/60_sums.sql', '9051b894dde64836')
  ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
END $chalkola$;

-- sheets/65_grid.sql
DO $chalkola$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('chalkola migrate'));
  CREATE TABLE IF NOT EXISTS sp_migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
  ALTER TABLE sp_migrations ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM sp_migrations WHERE name = 'sheets/65_grid.sql' AND checksum = 'bd9f8ad42dc1209b') THEN
    RETURN;
  END IF;
  PERFORM set_config('lock_timeout', '10s', true);
  EXECUTE $script$
-- Grids of figures: their columns, their cells, and what is refused.

-- The columns of a grid as one value, an array of objects that are named as `sp_sheet_columns` names them. Of money in
-- `target` one whose rates are lacking has no figures, and says so.
CREATE OR REPLACE FUNCTION sp_sheet_grid(places text[], words text[], start text, "end" text, target text,
                                           now timestamptz)
RETURNS jsonb LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
  WITH cols AS MATERIALIZED (SELECT * FROM sp_sheet_columns(places, words, start, "end", now)),
  currencies AS (
    SELECT c.col, p.currency_code, c.first, c.last FROM cols c CROSS JOIN LATERAL unnest(c.members) AS i (id)
    JOIN sp_sheet_marketplaces() p ON p.marketplace_id = i.id
    WHERE target IS NOT NULL AND p.currency_code <> target AND c.state IN ('closed', 'preliminary')),
  rates AS MATERIALIZED (
    SELECT * FROM sp_sheet_rates(ARRAY(SELECT DISTINCT currency_code FROM currencies), target,
                                 (SELECT min(x.first) FROM currencies x), (SELECT max(x.last) FROM currencies x))),
  lacking AS (
    SELECT x.col, min(x.currency_code) AS currency_code FROM (
      SELECT DISTINCT u.col, u.currency_code, u.first, u.last FROM currencies u) x
    WHERE (SELECT count(*) FROM rates r WHERE r.currency_code = x.currency_code AND r.date BETWEEN x.first AND x.last)
          < x.last - x.first + 1
    GROUP BY 1)
  SELECT jsonb_agg(CASE WHEN l.col IS NULL THEN to_jsonb(c) ELSE to_jsonb(c) || jsonb_build_object('state', 'none', 'say',
           format('no rate from %s to %s for all its days: fx_rates lacks some, and a pull fetches them', l.currency_code, target)) END
         ORDER BY c.col)
  FROM cols c LEFT JOIN lacking l ON l.col = c.col;
$$;

-- What a sheet is told of a column.
CREATE OR REPLACE FUNCTION sp_sheet_told(columns jsonb)
RETURNS jsonb LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
  SELECT jsonb_agg(jsonb_build_object('marketplace', c ->> 'marketplace', 'period', c ->> 'period', 'from', c ->> 'first',
           'to', c ->> 'last', 'state', c ->> 'state', 'say', c ->> 'say', 'missing', c -> 'missing', 'whole', c -> 'whole')
         ORDER BY (c ->> 'col')::integer)
  FROM jsonb_array_elements(columns) c;
$$;

-- The rows of a grid: a blank item is a blank row, an unknown one says `not found` in each of its cells.
CREATE OR REPLACE FUNCTION sp_sheet_rows(wanted text, items text[], columns jsonb, target text)
RETURNS jsonb LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
  WITH blank AS (SELECT concat('[', string_agg('null', ','), ']') AS line FROM jsonb_array_elements(columns)),
  lines AS (
    SELECT c.n, concat('[', string_agg(CASE WHEN c.known THEN coalesce(c.figures[1]::text, 'null') ELSE '"not found"' END, ','
                                       ORDER BY c.col), ']') AS line
    FROM sp_sheet_cells(ARRAY[wanted], items, columns, target) c GROUP BY 1)
  SELECT concat('[', string_agg(coalesce(l.line, blank.line), ',' ORDER BY i.n), ']')::jsonb
  FROM unnest(items) WITH ORDINALITY AS i (item, n) CROSS JOIN blank LEFT JOIN lines l ON l.n = i.n;
$$;

-- The marketplaces of an argument, each once.
CREATE OR REPLACE FUNCTION sp_sheet_places(given jsonb)
RETURNS text[] LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
  SELECT ARRAY(SELECT sp_sheet_marketplace(p) FROM unnest(sp_sheet_texts(given, 'marketplaces')) WITH ORDINALITY AS u (p, n)
               WHERE p IS NOT NULL ORDER BY n);
$$;

-- The items of an argument. `*` alone is every item of the marketplaces.
CREATE OR REPLACE FUNCTION sp_sheet_items(given jsonb, places text[])
RETURNS text[] LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
DECLARE
  listed constant text[] := sp_sheet_texts(given, 'items');
  every text[];
BEGIN
  IF listed IS DISTINCT FROM '{*}' THEN
    RETURN listed;
  END IF;
  every := sp_sheet_every_item(ARRAY(SELECT m.marketplace_id FROM sp_sheet_marketplaces() m
                                     WHERE m.code = ANY (places) OR 'ALL' = ANY (places)));
  IF every = '{}' THEN
    PERFORM sp_sheet_refuse('no_data_yet', format('no data yet: nothing is known of %s.', array_to_string(places, ', ')));
  END IF;
  RETURN every;
END $$;

-- The currency to convert into, NULL for none. Refuses money of ALL without one.
CREATE OR REPLACE FUNCTION sp_sheet_target(wanted text, places text[], currency text)
RETURNS text LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
DECLARE
  target constant text := sp_sheet_currency(currency);
BEGIN
  IF NOT (SELECT m.is_money FROM sp_sheet_metrics() m WHERE m.metric = wanted) THEN
    RETURN NULL;
  ELSIF 'ALL' = ANY (places) AND target IS NULL THEN
    PERFORM sp_sheet_refuse('bad_argument', format('%s of ALL needs a currency, such as EUR: marketplaces have different'
      ' ones.', wanted));
  END IF;
  RETURN target;
END $$;

-- Refuse a grid that is none, or is too large.
CREATE OR REPLACE FUNCTION sp_sheet_check_grid(places text[], words text[], items integer)
RETURNS void LANGUAGE plpgsql IMMUTABLE SET search_path = public, pg_temp AS $$
DECLARE
  columns constant integer := cardinality(places) * cardinality(words);
BEGIN
  IF cardinality(places) > 1 AND cardinality(words) > 1 THEN
    PERFORM sp_sheet_refuse('bad_argument', 'Give several marketplaces or several periods, not both: items go down, and'
      ' one of these two goes across.');
  ELSIF columns = 0 OR items = 0 THEN
    PERFORM sp_sheet_refuse('bad_argument', format('%s is missing.', CASE WHEN items = 0 THEN 'At least one item'
      WHEN cardinality(places) = 0 THEN 'A marketplace (such as DE, or ALL)' ELSE 'A period (such as Last 7 days)' END));
  ELSIF columns > 400 THEN
    PERFORM sp_sheet_refuse('too_large', format('%s columns are more than the 400 that one call answers: ask for fewer'
      ' periods.', columns));
  END IF;
  PERFORM sp_sheet_check_cells(items, columns);
END $$;

-- Refuse more cells than one call answers.
CREATE OR REPLACE FUNCTION sp_sheet_check_cells(items integer, columns integer)
RETURNS void LANGUAGE plpgsql IMMUTABLE SET search_path = public, pg_temp AS $$
BEGIN
  IF items = 0 THEN
    PERFORM sp_sheet_refuse('bad_argument', 'At least one item is missing.');
  ELSIF items::bigint * columns > 50000 THEN
    PERFORM sp_sheet_refuse('too_large', format('%s items × %s columns are more than the 50,000 cells that one call'
      ' answers: split the range into %s formulas.', items, columns, ceil(items::numeric * columns / 50000)));
  END IF;
END $$;
$script$;
  INSERT INTO sp_migrations VALUES ('sheets/65_grid.sql', 'bd9f8ad42dc1209b')
  ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
END $chalkola$;

-- sheets/68_product.sql
DO $chalkola$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('chalkola migrate'));
  CREATE TABLE IF NOT EXISTS sp_migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
  ALTER TABLE sp_migrations ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM sp_migrations WHERE name = 'sheets/68_product.sql' AND checksum = '07c8a980aae85498') THEN
    RETURN;
  END IF;
  PERFORM set_config('lock_timeout', '10s', true);
  EXECUTE $script$
-- What a product is, beside its figures.

-- Title, SKU and the like of ASINs, as the first of `members` has them that lists them: the listing that is not gone, is
-- active, and whose SKU comes first.
CREATE OR REPLACE FUNCTION sp_sheet_facts(asins text[], members uuid[])
RETURNS TABLE (asin text, title text, sku text, skus text, price numeric, currency_code text, status text, fulfilment text)
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
  WITH listed AS MATERIALIZED (
    SELECT l.*, m.place FROM (SELECT DISTINCT w.asin FROM unnest(asins) AS w (asin)) AS w JOIN sp_listings l USING (asin)
    JOIN unnest(members) WITH ORDINALITY AS m (id, place) ON m.id = l.marketplace_id
  ), here AS (  -- the first of them that lists it has all there is to say, in its best listing
    SELECT l.*, row_number() OVER (PARTITION BY l.asin ORDER BY l.gone_at IS NOT NULL,
                                   lower(l.status) IS DISTINCT FROM 'active', l.sku COLLATE "C") = 1 AS is_best
    FROM (SELECT l.asin, min(l.place) AS place FROM listed l GROUP BY 1) AS f JOIN listed l USING (asin, place)
  )
  SELECT h.asin, max(h.title) FILTER (WHERE h.is_best), min(h.sku COLLATE "C"), string_agg(DISTINCT h.sku, '|'),
         max(h.price) FILTER (WHERE h.is_best), max(h.currency_code) FILTER (WHERE h.is_best),
         max(h.status) FILTER (WHERE h.is_best), max(h.fulfilment) FILTER (WHERE h.is_best)
  FROM here h GROUP BY 1;
$$;

-- The parent that a child had last, in the marketplaces of `members`.
CREATE OR REPLACE FUNCTION sp_sheet_parents(asins text[], members uuid[])
RETURNS TABLE (asin text, parent_asin text)
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
  SELECT DISTINCT ON (s.child_asin) s.child_asin, s.parent_asin
  FROM (SELECT DISTINCT w.asin FROM unnest(asins) AS w (asin)) AS w JOIN sp_sheet_seen(members) s ON s.child_asin = w.asin
  WHERE s.parent_asin IS NOT NULL
  ORDER BY s.child_asin, s.last_day DESC, s.parent_asin;
$$;

-- One of some words, the first of them where nothing is given.
CREATE OR REPLACE FUNCTION sp_sheet_choice(given text, name text, known text[])
RETURNS text LANGUAGE plpgsql IMMUTABLE SET search_path = public, pg_temp AS $$
DECLARE
  wanted constant text := coalesce(nullif(lower(btrim(given)), ''), known[1]);
BEGIN
  IF wanted <> ALL (known) THEN
    PERFORM sp_sheet_refuse('bad_argument', format('%s cannot be "%s". Known: %s.', name, left(given, 40),
                                                   array_to_string(known, ', ')));
  END IF;
  RETURN wanted;
END $$;

-- Facts of items, one column for each of `fields`. A SKU has its own price and status; a category is what `products` has, if
-- that has any.
CREATE OR REPLACE FUNCTION sp_sheet_product(items jsonb, fields jsonb, marketplace text)
RETURNS jsonb LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
  sought constant text := sp_sheet_marketplace(coalesce(nullif(btrim(marketplace), ''), 'ALL'));
  listed constant text[] := sp_sheet_items(items, ARRAY[sought]);
  known constant text[] := '{title,parent,sku,asin,price,status,category,currency,fulfilment,skus}';
  wanted constant text[] := ARRAY(SELECT sp_sheet_choice(f, 'A field', known)
    FROM unnest(sp_sheet_texts(fields, 'fields')) WITH ORDINALITY AS u (f, n) WHERE f IS NOT NULL ORDER BY n);
  members constant uuid[] := ARRAY(SELECT m.marketplace_id FROM sp_sheet_marketplaces() m
                                   WHERE sought IN (m.code, 'ALL') ORDER BY m.place);
  rows jsonb;
BEGIN
  IF wanted = '{}' THEN
    PERFORM sp_sheet_refuse('bad_argument', format('A field is missing. Known: %s.', array_to_string(known, ', ')));
  END IF;
  PERFORM sp_sheet_check_cells(cardinality(listed), cardinality(wanted));
  WITH found AS MATERIALIZED (
    SELECT DISTINCT ON (f.n) f.* FROM sp_sheet_find(listed) f
    ORDER BY f.n, array_position(members, f.marketplace_id) NULLS LAST
  ), asins AS (SELECT array_agg(DISTINCT f.asin) AS list FROM found f
  ), facts AS MATERIALIZED (SELECT s.* FROM asins a, sp_sheet_facts(a.list, members) s
  ), parents AS MATERIALIZED (SELECT p.* FROM asins a, sp_sheet_parents(a.list, members) p
  ), shelf AS MATERIALIZED (  -- whatever columns a table `products` of the user's has
    SELECT DISTINCT ON (p ->> 'parent_asin') p ->> 'parent_asin' AS asin, p ->> 'title' AS title, p ->> 'category' AS category
    FROM (SELECT to_jsonb(t) FROM products t) AS x (p)
  ), told AS (
    SELECT f.n, jsonb_build_object(
      'asin', f.asin, 'parent', CASE f.level WHEN 'child' THEN p.parent_asin END, 'sku', coalesce(f.sku, s.sku), 'skus', s.skus,
      'title', coalesce(l.title, s.title, g.title), 'category', g.category,
      'price', coalesce(l.price, s.price), 'currency', coalesce(l.currency_code, s.currency_code),
      'status', coalesce(l.status, s.status), 'fulfilment', coalesce(l.fulfilment, s.fulfilment)) AS facts
    FROM found f LEFT JOIN facts s ON s.asin = f.asin LEFT JOIN parents p ON p.asin = f.asin
    LEFT JOIN sp_listings l ON l.marketplace_id = f.marketplace_id AND l.sku = f.sku
    LEFT JOIN shelf g ON g.asin = CASE f.level WHEN 'child' THEN p.parent_asin ELSE f.asin END
  )
  SELECT coalesce(jsonb_agg((SELECT jsonb_agg(CASE WHEN i.item IS NULL THEN 'null' WHEN t.n IS NULL THEN '"not found"'
                                                   ELSE t.facts -> w.field END ORDER BY w.n)
                             FROM unnest(wanted) WITH ORDINALITY AS w (field, n)) ORDER BY i.n), '[]')
  INTO rows FROM unnest(listed) WITH ORDINALITY AS i (item, n) LEFT JOIN told t ON t.n = i.n;
  RETURN jsonb_build_object('header', to_jsonb(wanted), 'items', to_jsonb(listed), 'rows', rows);
END $$;

CREATE OR REPLACE FUNCTION sheet_product(token text,
    items jsonb DEFAULT NULL, fields jsonb DEFAULT NULL, marketplace text DEFAULT NULL)
RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET statement_timeout = '6s' AS $$
DECLARE
  refused constant jsonb := sp_sheet_enter(token);
  at constant timestamptz := sp_sheet_now();
  code text;
BEGIN
  RETURN coalesce(refused, jsonb_build_object('ok', true, 'version', sp_sheet_version(at), 'data',
    sp_sheet_product(items, fields, marketplace)));
EXCEPTION WHEN OTHERS OR query_canceled THEN
  GET STACKED DIAGNOSTICS code = PG_EXCEPTION_HINT;
  RETURN sp_sheet_failed(SQLSTATE, SQLERRM, code);
END $$;
$script$;
  INSERT INTO sp_migrations VALUES ('sheets/68_product.sql', '07c8a980aae85498')
  ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
END $chalkola$;

-- sheets/70_values.sql
DO $chalkola$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('chalkola migrate'));
  CREATE TABLE IF NOT EXISTS sp_migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
  ALTER TABLE sp_migrations ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM sp_migrations WHERE name = 'sheets/70_values.sql' AND checksum = 'b1f42cc53f0cb4b2') THEN
    RETURN;
  END IF;
  PERFORM set_config('lock_timeout', '10s', true);
  EXECUTE $script$
-- A metric of many products at once: one row an item, one column a marketplace and period.

CREATE OR REPLACE FUNCTION sp_sheet_values(metric text, items jsonb, marketplaces jsonb, periods jsonb, currency text,
                                           start text, "end" text, now timestamptz)
RETURNS jsonb LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
DECLARE
  wanted constant text := sp_sheet_metric(metric);
  places constant text[] := sp_sheet_places(marketplaces);
  words constant text[] := array_remove(sp_sheet_texts(periods, 'periods'), NULL);
  listed constant text[] := sp_sheet_items(items, places);
  target text;
  columns jsonb;
BEGIN
  PERFORM sp_sheet_check_grid(places, words, cardinality(listed));
  target := sp_sheet_target(wanted, places, currency);
  columns := sp_sheet_grid(places, words, start, "end", target, now);
  RETURN jsonb_build_object('columns', sp_sheet_told(columns), 'items', to_jsonb(listed),
                            'rows', sp_sheet_rows(wanted, listed, columns, target));
END $$;

CREATE OR REPLACE FUNCTION sheet_values(token text, metric text DEFAULT NULL, items jsonb DEFAULT NULL,
                                        marketplaces jsonb DEFAULT NULL, periods jsonb DEFAULT NULL,
                                        currency text DEFAULT NULL, start text DEFAULT NULL, "end" text DEFAULT NULL)
RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET statement_timeout = '6s' AS $$
DECLARE
  refused constant jsonb := sp_sheet_enter(token);
  at constant timestamptz := sp_sheet_now();
  code text;
BEGIN
  RETURN coalesce(refused, jsonb_build_object('ok', true, 'version', sp_sheet_version(at), 'data',
    sp_sheet_values(metric, items, marketplaces, periods, currency, start, "end", at)));
EXCEPTION WHEN OTHERS OR query_canceled THEN
  GET STACKED DIAGNOSTICS code = PG_EXCEPTION_HINT;
  RETURN sp_sheet_failed(SQLSTATE, SQLERRM, code);
END $$;
$script$;
  INSERT INTO sp_migrations VALUES ('sheets/70_values.sql', 'b1f42cc53f0cb4b2')
  ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
END $chalkola$;

-- sheets/72_daily.sql
DO $chalkola$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('chalkola migrate'));
  CREATE TABLE IF NOT EXISTS sp_migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
  ALTER TABLE sp_migrations ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM sp_migrations WHERE name = 'sheets/72_daily.sql' AND checksum = 'da26aedc07d15b5f') THEN
    RETURN;
  END IF;
  PERFORM set_config('lock_timeout', '10s', true);
  EXECUTE $script$
-- A metric day by day: one row an item, one column a day.

-- The days end at the last closed one where only their number is given; up to an `end` they go whether closed or not.
CREATE OR REPLACE FUNCTION sp_sheet_daily(metric text, items jsonb, marketplace text, days text, start text, "end" text,
                                          currency text, now timestamptz)
RETURNS jsonb LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
DECLARE
  wanted constant text := sp_sheet_metric(metric);
  places constant text[] := ARRAY[sp_sheet_marketplace(marketplace)];
  listed constant text[] := sp_sheet_items(items, places);
  first date := sp_sheet_date(start, 'start');
  last date := sp_sheet_date("end", 'end');
  number integer := sp_sheet_number(days, 'days', 1, 800, 30);
  target text;
  columns jsonb;
BEGIN
  IF last IS NULL THEN
    last := (WITH calendar AS MATERIALIZED (SELECT * FROM sp_sheet_calendar(now))
             SELECT min(c.closed) FROM calendar c WHERE places[1] = c.code
               OR places[1] = 'ALL' AND c.closed >= (SELECT max(o.closed) FROM calendar o) - 7);
  END IF;
  IF first > last THEN
    PERFORM sp_sheet_refuse('bad_argument', format('The start %s is after the end %s: swap them.', first, last));
  END IF;
  first := coalesce(first, last - number + 1);
  number := last - first + 1;
  IF number > 800 THEN
    PERFORM sp_sheet_refuse('too_large', 'One call answers 800 days at most.');
  END IF;
  PERFORM sp_sheet_check_cells(cardinality(listed), coalesce(number, 1));
  target := sp_sheet_target(wanted, places, currency);
  columns := sp_sheet_grid(places, ARRAY(SELECT to_char(first + d, 'YYYY-MM-DD') FROM generate_series(0, number - 1) d), NULL,
                           NULL, target, now);
  RETURN jsonb_build_object(
    'dates', (SELECT coalesce(jsonb_agg(c -> 'first' ORDER BY (c ->> 'col')::integer), '[]')
              FROM jsonb_array_elements(columns) c),
    'states', (SELECT coalesce(jsonb_agg(c -> 'state' ORDER BY (c ->> 'col')::integer), '[]')
               FROM jsonb_array_elements(columns) c),
    'items', to_jsonb(listed),
    'rows', CASE WHEN columns IS NULL THEN (SELECT jsonb_agg('[]'::jsonb) FROM unnest(listed))
                 ELSE sp_sheet_rows(wanted, listed, columns, target) END);
END $$;

CREATE OR REPLACE FUNCTION sheet_daily(token text,
    metric text DEFAULT NULL, items jsonb DEFAULT NULL, marketplace text DEFAULT NULL,
    days text DEFAULT NULL, start text DEFAULT NULL, "end" text DEFAULT NULL,
    currency text DEFAULT NULL)
RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET statement_timeout = '6s' AS $$
DECLARE
  refused constant jsonb := sp_sheet_enter(token);
  at constant timestamptz := sp_sheet_now();
  code text;
BEGIN
  RETURN coalesce(refused, jsonb_build_object('ok', true, 'version', sp_sheet_version(at), 'data',
    sp_sheet_daily(metric, items, marketplace, days, start, "end", currency, at)));
EXCEPTION WHEN OTHERS OR query_canceled THEN
  GET STACKED DIAGNOSTICS code = PG_EXCEPTION_HINT;
  RETURN sp_sheet_failed(SQLSTATE, SQLERRM, code);
END $$;
$script$;
  INSERT INTO sp_migrations VALUES ('sheets/72_daily.sql', 'da26aedc07d15b5f')
  ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
END $chalkola$;

-- sheets/74_compare.sql
DO $chalkola$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('chalkola migrate'));
  CREATE TABLE IF NOT EXISTS sp_migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
  ALTER TABLE sp_migrations ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM sp_migrations WHERE name = 'sheets/74_compare.sql' AND checksum = 'e58094baf03ed97c') THEN
    RETURN;
  END IF;
  PERFORM set_config('lock_timeout', '10s', true);
  EXECUTE $script$
-- A metric now and then.

-- The days that a period is held against. A period of the calendar (MTD, Last month, 2026-W40) against one of its kind, as
-- far as it has come; any other against as many days.
CREATE OR REPLACE FUNCTION sp_sheet_then(period text, now_first date, now_last date, whole boolean, versus text,
                                         OUT first date, OUT last date)
LANGUAGE plpgsql IMMUTABLE SET search_path = public, pg_temp AS $$
DECLARE
  wanted constant text := regexp_replace(lower(btrim(coalesce(versus, 'previous'))), '[\s-]+', '_', 'g');
  unit constant text := sp_sheet_unit(period);
  days constant integer := now_last - now_first + 1;
  shift interval;
BEGIN
  IF wanted NOT IN ('previous', 'week_ago', 'month_ago', 'year_ago') THEN
    PERFORM sp_sheet_refuse('bad_argument', format('There is no comparison with "%s". Known: previous, week_ago, month_ago,'
      ' year_ago.', left(versus, 40)));
  END IF;
  shift := CASE wanted WHEN 'previous' THEN coalesce(sp_sheet_span(unit), make_interval(days => days))
                       ELSE ('1 ' || split_part(wanted, '_', 1))::interval END;
  IF unit IS NULL OR unit = 'week' OR wanted = 'week_ago' THEN
    last := (now_last - shift)::date;
    first := last - days + 1;
  ELSE
    first := (now_first - shift)::date;
    last := (first + sp_sheet_span(unit))::date - 1;
    IF NOT whole OR now_last < (now_first + sp_sheet_span(unit))::date - 1 THEN
      last := least(last, first + days - 1);
    END IF;
  END IF;
END $$;

-- What a period of the calendar is one of: week, month, quarter, year; NULL for any other.
CREATE OR REPLACE FUNCTION sp_sheet_unit(period text)
RETURNS text LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
  SELECT coalesce(
    substring(p.said FROM '^(?:this|last) (week|month|quarter|year)$'), substring(p.said FROM '^(week|month|quarter|year) to date$'),
    CASE WHEN p.said ~ '^[wmqy]td$' THEN
           CASE left(p.said, 1) WHEN 'w' THEN 'week' WHEN 'm' THEN 'month' WHEN 'q' THEN 'quarter' ELSE 'year' END
         WHEN p.said ~ '^20\d\d$' THEN 'year' WHEN p.said ~ '^20\d\d ?w\d\d$' THEN 'week'
         WHEN p.said ~ '^20\d\d ?q[1-4]$' THEN 'quarter' WHEN p.said ~ '^20\d\d \d\d$' THEN 'month' END)
  FROM (SELECT regexp_replace(lower(btrim(period)), '[-_\s]+', ' ', 'g')) AS p (said);
$$;

-- Two columns of a grid: the period, and what it is held against.
CREATE OR REPLACE FUNCTION sp_sheet_pair(place text, period text, versus text, start text, "end" text, target text,
                                         now timestamptz)
RETURNS jsonb LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
DECLARE
  this jsonb := sp_sheet_grid(ARRAY[place], ARRAY[coalesce(period, '')], start, "end", target, now) -> 0;
  that record;
BEGIN
  that := sp_sheet_then(period, (this ->> 'first')::date, (this ->> 'last')::date, (this ->> 'whole')::boolean, versus);
  IF this ->> 'state' IN ('due', 'none') OR that.first IS NULL THEN
    RETURN jsonb_build_array(this, this || jsonb_build_object('col', 2, 'first', that.first, 'last', that.last));
  END IF;
  RETURN jsonb_build_array(this, (sp_sheet_grid(ARRAY[place], ARRAY[CASE that.first WHEN that.last THEN that.first::text
    ELSE concat(that.first, '..', that.last) END], NULL, NULL, target, now) -> 0) || '{"col": 2}');
END $$;

CREATE OR REPLACE FUNCTION sp_sheet_compare(metric text, items jsonb, marketplace text, period text, versus text,
                                            currency text, start text, "end" text, now timestamptz)
RETURNS jsonb LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
DECLARE
  wanted constant text := sp_sheet_metric(metric);
  place constant text := sp_sheet_marketplace(marketplace);
  listed constant text[] := sp_sheet_items(items, ARRAY[place]);
  target constant text := sp_sheet_target(wanted, ARRAY[place], currency);
  columns jsonb;
  rows jsonb;
BEGIN
  PERFORM sp_sheet_check_cells(cardinality(listed), 4);
  columns := sp_sheet_pair(place, period, versus, start, "end", target, now);
  SELECT coalesce(jsonb_agg(CASE WHEN i.item IS NULL THEN '[null, null, null, null]'
                                 WHEN NOT c.known THEN '["not found", "not found", "not found", "not found"]'
                                 ELSE jsonb_build_array(c.this, c.that, c.this - c.that, round((c.this - c.that) / nullif(c.that, 0), 4))
                            END ORDER BY i.n), '[]')
  INTO rows
  FROM unnest(listed) WITH ORDINALITY AS i (item, n)
  LEFT JOIN (SELECT p.n, bool_or(p.known) AS known, max(p.figures[1]) FILTER (WHERE p.col = 1) AS this,
                    max(p.figures[1]) FILTER (WHERE p.col = 2) AS that
             FROM sp_sheet_cells(ARRAY[wanted], listed, columns, target) p GROUP BY 1) AS c ON c.n = i.n;
  RETURN jsonb_build_object('now', sp_sheet_told(columns) -> 0, 'then', sp_sheet_told(columns) -> 1,
                            'header', jsonb_build_array('now', 'then', 'change', 'change ratio'),
                            'items', to_jsonb(listed), 'rows', rows);
END $$;

CREATE OR REPLACE FUNCTION sheet_compare(token text,
    metric text DEFAULT NULL, items jsonb DEFAULT NULL, marketplace text DEFAULT NULL,
    period text DEFAULT NULL, versus text DEFAULT NULL, currency text DEFAULT NULL,
    start text DEFAULT NULL, "end" text DEFAULT NULL)
RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET statement_timeout = '6s' AS $$
DECLARE
  refused constant jsonb := sp_sheet_enter(token);
  at constant timestamptz := sp_sheet_now();
  code text;
BEGIN
  RETURN coalesce(refused, jsonb_build_object('ok', true, 'version', sp_sheet_version(at), 'data',
    sp_sheet_compare(metric, items, marketplace, period, versus, currency, start, "end", at)));
EXCEPTION WHEN OTHERS OR query_canceled THEN
  GET STACKED DIAGNOSTICS code = PG_EXCEPTION_HINT;
  RETURN sp_sheet_failed(SQLSTATE, SQLERRM, code);
END $$;
$script$;
  INSERT INTO sp_migrations VALUES ('sheets/74_compare.sql', 'e58094baf03ed97c')
  ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
END $chalkola$;

-- sheets/76_top.sql
DO $chalkola$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('chalkola migrate'));
  CREATE TABLE IF NOT EXISTS sp_migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
  ALTER TABLE sp_migrations ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM sp_migrations WHERE name = 'sheets/76_top.sql' AND checksum = '15175f4f699a88ec') THEN
    RETURN;
  END IF;
  PERFORM set_config('lock_timeout', '10s', true);
  EXECUTE $script$
-- The products with most or least of a metric, or whose metric moved most, beside the period before.
CREATE OR REPLACE FUNCTION sp_sheet_top(marketplace text, metric text, period text, n text, direction text, level text,
                                        currency text, start text, "end" text, now timestamptz)
RETURNS jsonb LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
  wanted constant text := sp_sheet_metric(metric);
  place constant text := sp_sheet_marketplace(marketplace);
  target constant text := sp_sheet_target(wanted, ARRAY[place], currency);
  most constant integer := sp_sheet_number(n, 'n', 1, 1000, 20);
  towards constant text := sp_sheet_choice(direction, 'direction', '{most,least,up,down}');
  of_level constant text := sp_sheet_choice(level, 'level', '{child,parent}');
  columns constant jsonb := sp_sheet_pair(place, period, 'previous', start, "end", target, now);
  asins constant text[] := ARRAY(
    SELECT DISTINCT k.asin
    FROM sp_sheet_known(ARRAY(SELECT m::uuid FROM jsonb_array_elements_text(columns -> 0 -> 'members') m)) k
    WHERE k.level = of_level);
  rows jsonb;
BEGIN
  WITH figures AS (
    SELECT asins[c.n] AS asin, max(c.figures[1]) FILTER (WHERE c.col = 1) AS this, max(c.figures[1]) FILTER (WHERE c.col = 2) AS that
    FROM sp_sheet_cells(ARRAY[wanted], asins, columns, target) c GROUP BY 1
  ), ranked AS (
    SELECT f.*, row_number() OVER (ORDER BY CASE towards WHEN 'most' THEN -f.this WHEN 'least' THEN f.this
                                              WHEN 'up' THEN f.that - f.this ELSE f.this - f.that END, f.asin COLLATE "C") AS place
    FROM figures f
    WHERE f.this IS NOT NULL AND (towards NOT IN ('up', 'down') OR CASE towards WHEN 'up' THEN f.this > f.that ELSE f.this < f.that END)
  )
  SELECT coalesce(jsonb_agg(jsonb_build_array(r.asin, f.title, f.sku, r.this, r.that, r.this - r.that,
                                              round((r.this - r.that) / nullif(r.that, 0), 4)) ORDER BY r.place), '[]')
  INTO rows
  FROM ranked r
  LEFT JOIN sp_sheet_facts(ARRAY(SELECT t.asin FROM ranked t WHERE t.place <= most),
                           ARRAY(SELECT m::uuid FROM jsonb_array_elements_text(columns -> 0 -> 'members') m)) f ON f.asin = r.asin
  WHERE r.place <= most;
  RETURN jsonb_build_object('header', jsonb_build_array('asin', 'title', 'sku', wanted, 'before', 'change', 'change ratio'),
                            'now', sp_sheet_told(columns) -> 0, 'then', sp_sheet_told(columns) -> 1, 'rows', rows);
END $$;

CREATE OR REPLACE FUNCTION sheet_top(token text,
    marketplace text DEFAULT NULL, metric text DEFAULT NULL, period text DEFAULT NULL,
    n text DEFAULT NULL, direction text DEFAULT NULL, level text DEFAULT NULL,
    currency text DEFAULT NULL, start text DEFAULT NULL, "end" text DEFAULT NULL)
RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET statement_timeout = '6s' AS $$
DECLARE
  refused constant jsonb := sp_sheet_enter(token);
  at constant timestamptz := sp_sheet_now();
  code text;
BEGIN
  RETURN coalesce(refused, jsonb_build_object('ok', true, 'version', sp_sheet_version(at), 'data',
    sp_sheet_top(marketplace, metric, period, n, direction, level, currency, start, "end", at)));
EXCEPTION WHEN OTHERS OR query_canceled THEN
  GET STACKED DIAGNOSTICS code = PG_EXCEPTION_HINT;
  RETURN sp_sheet_failed(SQLSTATE, SQLERRM, code);
END $$;
$script$;
  INSERT INTO sp_migrations VALUES ('sheets/76_top.sql', '15175f4f699a88ec')
  ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
END $chalkola$;

-- sheets/80_fx.sql
DO $chalkola$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('chalkola migrate'));
  CREATE TABLE IF NOT EXISTS sp_migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
  ALTER TABLE sp_migrations ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM sp_migrations WHERE name = 'sheets/80_fx.sql' AND checksum = '97731619ac036213') THEN
    RETURN;
  END IF;
  PERFORM set_config('lock_timeout', '10s', true);
  EXECUTE $script$
-- The rate by which money is converted on a day: that of the day, or the last one published before it.
CREATE OR REPLACE FUNCTION sp_sheet_fx(source text, target text, date text, now timestamptz)
RETURNS jsonb LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
  one constant text := sp_sheet_currency(source);
  other constant text := sp_sheet_currency(target);
  day constant date := coalesce(sp_sheet_date(date, 'date'), (now AT TIME ZONE 'UTC')::date);
  answer jsonb;
BEGIN
  IF one IS NULL OR other IS NULL THEN
    PERFORM sp_sheet_refuse('bad_argument', 'Give two currencies, such as GBP and EUR.');
  END IF;
  SELECT jsonb_build_object('rate', trim_scale(round(r.rate, 10)), 'date',
           (SELECT coalesce(max(f.date), day) FROM fx_rates f WHERE f.currency_code IN (one, other) AND f.date <= day))
  INTO answer FROM sp_sheet_rates(ARRAY[one], other, day, day) r;
  IF answer IS NULL THEN
    PERFORM sp_sheet_refuse('no_data_yet', format('no data yet: no rate of %s and %s on %s or in the ten days before it.',
                                                  one, other, day));
  END IF;
  RETURN answer;
END $$;

CREATE OR REPLACE FUNCTION sheet_fx(token text,
    source text DEFAULT NULL, target text DEFAULT NULL, date text DEFAULT NULL)
RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET statement_timeout = '6s' AS $$
DECLARE
  refused constant jsonb := sp_sheet_enter(token);
  at constant timestamptz := sp_sheet_now();
  code text;
BEGIN
  RETURN coalesce(refused, jsonb_build_object('ok', true, 'version', sp_sheet_version(at), 'data',
    sp_sheet_fx(source, target, date, at)));
EXCEPTION WHEN OTHERS OR query_canceled THEN
  GET STACKED DIAGNOSTICS code = PG_EXCEPTION_HINT;
  RETURN sp_sheet_failed(SQLSTATE, SQLERRM, code);
END $$;
$script$;
  INSERT INTO sp_migrations VALUES ('sheets/80_fx.sql', '97731619ac036213')
  ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
END $chalkola$;

-- sheets/85_status.sql
DO $chalkola$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('chalkola migrate'));
  CREATE TABLE IF NOT EXISTS sp_migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
  ALTER TABLE sp_migrations ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM sp_migrations WHERE name = 'sheets/85_status.sql' AND checksum = '4a033c7762cbaa33') THEN
    RETURN;
  END IF;
  PERFORM set_config('lock_timeout', '10s', true);
  EXECUTE $script$
-- How fresh and how complete the figures are.

CREATE OR REPLACE FUNCTION sp_sheet_status(marketplaces jsonb, now timestamptz)
RETURNS jsonb LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
DECLARE
  wanted constant text[] := ARRAY(SELECT sp_sheet_marketplace(p)
    FROM unnest(sp_sheet_texts(marketplaces, 'marketplaces')) AS u (p) WHERE p IS NOT NULL);
BEGIN
  RETURN jsonb_build_object(
    'header', jsonb_build_array('marketplace', 'last closed day', 'yesterday', 'rows', 'missing days', 'differing days',
                                'restated in 30 days', 'last load', 'say'),
    'rows', (
      SELECT coalesce(jsonb_agg(jsonb_build_array(c.code, c.closed, y.state, l.rows, c.closed - c.first_day + 1 - l.days,
                l.differing, r.restated, to_char(l.loaded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
                CASE WHEN c.closed IS NULL THEN 'no data yet'
                     ELSE concat('complete to ', c.closed, CASE WHEN c.closed - c.first_day + 1 > l.days
                       THEN format(', %s days before it are missing', c.closed - c.first_day + 1 - l.days) END,
                       CASE y.state WHEN 'closed' THEN '' WHEN 'preliminary' THEN '; yesterday is preliminary'
                       ELSE '; yesterday is ' || sp_sheet_due(c.scope, c.zone, c.today - 1, now) END) END) ORDER BY c.place), '[]')
      FROM sp_sheet_calendar(now) c
      CROSS JOIN LATERAL (
        SELECT sum(s.row_count) AS rows, max(s.loaded_at) AS loaded_at, count(*) FILTER (WHERE s.state = 'differs') AS differing,
               (count(*) FILTER (WHERE s.first_day <= c.closed AND (s.state IN ('proven', 'differs', 'empty')
                                                                    OR s.row_count > 0)))::integer AS days
        FROM sp_slices s WHERE s.dataset = 'sales_and_traffic' AND s.scope = c.scope) AS l
      CROSS JOIN LATERAL (
        SELECT count(DISTINCT t.first_day) AS restated FROM sp_restatements t
        WHERE t.dataset = 'sales_and_traffic' AND t.scope = c.scope AND t.restated_at > now - interval '30 days') AS r
      CROSS JOIN LATERAL (
        SELECT CASE WHEN c.closed >= c.today - 1 THEN 'closed' WHEN EXISTS (
            SELECT FROM sp_slices s WHERE s.dataset = 'sales_and_traffic' AND s.scope = c.scope
            AND s.first_day = c.today - 1 AND (s.state IN ('proven', 'differs', 'empty') OR s.row_count > 0))
          THEN 'preliminary' ELSE 'due' END AS state) AS y
      WHERE CASE WHEN wanted IN ('{}', '{ALL}') THEN c.closed IS NOT NULL ELSE c.code = ANY (wanted) END));
END $$;

CREATE OR REPLACE FUNCTION sheet_status(token text, marketplaces jsonb DEFAULT NULL)
RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET statement_timeout = '6s' AS $$
DECLARE
  refused constant jsonb := sp_sheet_enter(token);
  at constant timestamptz := sp_sheet_now();
  code text;
BEGIN
  RETURN coalesce(refused, jsonb_build_object('ok', true, 'version', sp_sheet_version(at), 'data',
    sp_sheet_status(marketplaces, at)));
EXCEPTION WHEN OTHERS OR query_canceled THEN
  GET STACKED DIAGNOSTICS code = PG_EXCEPTION_HINT;
  RETURN sp_sheet_failed(SQLSTATE, SQLERRM, code);
END $$;
$script$;
  INSERT INTO sp_migrations VALUES ('sheets/85_status.sql', '4a033c7762cbaa33')
  ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
END $chalkola$;

-- sheets/86_alerts.sql
DO $chalkola$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('chalkola migrate'));
  CREATE TABLE IF NOT EXISTS sp_migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
  ALTER TABLE sp_migrations ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM sp_migrations WHERE name = 'sheets/86_alerts.sql' AND checksum = '8acde483fc6292bc') THEN
    RETURN;
  END IF;
  PERFORM set_config('lock_timeout', '10s', true);
  EXECUTE $script$
-- What is wrong or deserves a look: the open alerts, the gravest first. An alert that another one explains is told by it.
CREATE OR REPLACE FUNCTION sp_sheet_alerts(marketplace text, rule text)
RETURNS jsonb LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
  sought constant text := CASE WHEN nullif(btrim(marketplace), '') IS NOT NULL THEN sp_sheet_marketplace(marketplace) END;
  named constant text := nullif(regexp_replace(lower(btrim(rule)), '[_\s]+', ' ', 'g'), '');
BEGIN
  RETURN jsonb_build_object(
    'header', jsonb_build_array('rule', 'marketplace', 'since', 'what', 'what to do'),
    'rows', (
      SELECT coalesce(jsonb_agg(jsonb_build_array(a.rule, m.code, to_char(a.raised_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'),
               concat_ws(' ', a.message, nullif(a.why, '')), nullif(a.todo, ''))
             ORDER BY array_position('{fault,warning,note}'::text[], a.severity), a.raised_at DESC, a.id), '[]')
      FROM sp_alerts a
      LEFT JOIN sp_sheet_marketplaces() m ON m.code = split_part(a.subject, ' ', 1)
      WHERE a.cured_at IS NULL AND a.cause IS NULL AND (named IS NULL OR a.rule = named)
        AND (sought IS NULL OR sought = 'ALL' OR m.code = sought)));
END $$;

CREATE OR REPLACE FUNCTION sheet_alerts(token text,
    marketplace text DEFAULT NULL, rule text DEFAULT NULL)
RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET statement_timeout = '6s' AS $$
DECLARE
  refused constant jsonb := sp_sheet_enter(token);
  at constant timestamptz := sp_sheet_now();
  code text;
BEGIN
  RETURN coalesce(refused, jsonb_build_object('ok', true, 'version', sp_sheet_version(at), 'data',
    sp_sheet_alerts(marketplace, rule)));
EXCEPTION WHEN OTHERS OR query_canceled THEN
  GET STACKED DIAGNOSTICS code = PG_EXCEPTION_HINT;
  RETURN sp_sheet_failed(SQLSTATE, SQLERRM, code);
END $$;
$script$;
  INSERT INTO sp_migrations VALUES ('sheets/86_alerts.sql', '8acde483fc6292bc')
  ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
END $chalkola$;

-- sheets/88_later.sql
DO $chalkola$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('chalkola migrate'));
  CREATE TABLE IF NOT EXISTS sp_migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
  ALTER TABLE sp_migrations ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM sp_migrations WHERE name = 'sheets/88_later.sql' AND checksum = '966ee6b8cb44357d') THEN
    RETURN;
  END IF;
  PERFORM set_config('lock_timeout', '10s', true);
  EXECUTE $script$
-- What arrives with later datasets: the answer says so until then.
CREATE OR REPLACE FUNCTION sp_sheet_later(what text)
RETURNS jsonb LANGUAGE plpgsql IMMUTABLE SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM sp_sheet_refuse('no_data_yet', format('no data yet: %s is not collected.', what));
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION sheet_stock(token text,
    items jsonb DEFAULT NULL, marketplace text DEFAULT NULL, status text DEFAULT NULL)
RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET statement_timeout = '6s' AS $$
DECLARE
  refused constant jsonb := sp_sheet_enter(token);
  at constant timestamptz := sp_sheet_now();
  code text;
BEGIN
  RETURN coalesce(refused, jsonb_build_object('ok', true, 'version', sp_sheet_version(at), 'data',
    sp_sheet_later('stock')));
EXCEPTION WHEN OTHERS OR query_canceled THEN
  GET STACKED DIAGNOSTICS code = PG_EXCEPTION_HINT;
  RETURN sp_sheet_failed(SQLSTATE, SQLERRM, code);
END $$;

CREATE OR REPLACE FUNCTION sheet_cover(token text,
    items jsonb DEFAULT NULL, marketplace text DEFAULT NULL, days text DEFAULT NULL,
    inbound text DEFAULT NULL)
RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET statement_timeout = '6s' AS $$
DECLARE
  refused constant jsonb := sp_sheet_enter(token);
  at constant timestamptz := sp_sheet_now();
  code text;
BEGIN
  RETURN coalesce(refused, jsonb_build_object('ok', true, 'version', sp_sheet_version(at), 'data',
    sp_sheet_later('stock')));
EXCEPTION WHEN OTHERS OR query_canceled THEN
  GET STACKED DIAGNOSTICS code = PG_EXCEPTION_HINT;
  RETURN sp_sheet_failed(SQLSTATE, SQLERRM, code);
END $$;

CREATE OR REPLACE FUNCTION sheet_ads(token text,
    items jsonb DEFAULT NULL, marketplace text DEFAULT NULL, metric text DEFAULT NULL,
    period text DEFAULT NULL, currency text DEFAULT NULL, start text DEFAULT NULL,
    "end" text DEFAULT NULL)
RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET statement_timeout = '6s' AS $$
DECLARE
  refused constant jsonb := sp_sheet_enter(token);
  at constant timestamptz := sp_sheet_now();
  code text;
BEGIN
  RETURN coalesce(refused, jsonb_build_object('ok', true, 'version', sp_sheet_version(at), 'data',
    sp_sheet_later('advertising')));
EXCEPTION WHEN OTHERS OR query_canceled THEN
  GET STACKED DIAGNOSTICS code = PG_EXCEPTION_HINT;
  RETURN sp_sheet_failed(SQLSTATE, SQLERRM, code);
END $$;
$script$;
  INSERT INTO sp_migrations VALUES ('sheets/88_later.sql', '966ee6b8cb44357d')
  ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
END $chalkola$;

-- sheets/89_tabs.sql
DO $chalkola$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('chalkola migrate'));
  CREATE TABLE IF NOT EXISTS sp_migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
  ALTER TABLE sp_migrations ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM sp_migrations WHERE name = 'sheets/89_tabs.sql' AND checksum = '576f8ce81d2871cb') THEN
    RETURN;
  END IF;
  PERFORM set_config('lock_timeout', '10s', true);
  EXECUTE $script$
-- The figures of a whole tab. Its columns are the same for all of its products, so a product is one line with a sum for each
-- of them: every month is read once, however many periods it is part of.

-- The periods of a tab, by the name that its columns end in.
CREATE OR REPLACE FUNCTION sp_sheet_slugs()
RETURNS TABLE (place integer, slug text, period text)
LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
  VALUES
    (1, 'last_day', 'Last day'), (2, 'last_day_week_ago', 'Last day week ago'), (3, 'last_day_year_ago', 'Last day year ago'),
    (4, 'last_7', 'Last 7 days'), (5, 'last_7_week_ago', 'Last 7 days week ago'), (6, 'last_7_year_ago', 'Last 7 days year ago'),
    (7, 'last_30', 'Last 30 days'), (8, 'last_30_month_ago', 'Last 30 days month ago'),
    (9, 'last_30_year_ago', 'Last 30 days year ago'),
    (10, 'mtd', 'MTD'), (11, 'mtd_month_ago', 'MTD month ago'), (12, 'mtd_year_ago', 'MTD year ago'),
    (13, 'yesterday', 'Yesterday');
$$;

-- The columns of a tab that are figures, in their order.
CREATE OR REPLACE FUNCTION sp_tab_names()
RETURNS TABLE (place integer, name text, metric text, col integer)
LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
  SELECT (row_number() OVER (ORDER BY s.place = 13, m.n, s.place))::integer, concat(m.metric, '_', s.slug), m.metric, s.place
  FROM unnest('{units,sales,sessions,page_views,buy_box}'::text[]) WITH ORDINALITY AS m (metric, n) CROSS JOIN sp_sheet_slugs() s
  WHERE s.slug <> 'yesterday' OR m.metric IN ('units', 'sales', 'sessions');
$$;

-- The columns that have figures, by month, which are numbered: days lo + 1 to hi of it, as bits in `days`.
CREATE OR REPLACE FUNCTION sp_tab_parts(columns jsonb)
RETURNS TABLE (col integer, n bigint, month date, lo integer, hi integer, days integer)
LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
  SELECT c.col, dense_rank() OVER (ORDER BY p.month), p.month, p.lo, p.hi, ((1::bigint << p.hi) - (1::bigint << p.lo))::integer
  FROM jsonb_to_recordset(columns) AS c (col integer, first date, last date, state text)
  CROSS JOIN LATERAL generate_series(date_trunc('month', c.first::timestamp), c.last::timestamp, interval '1 month') AS g (at)
  CROSS JOIN LATERAL (
    SELECT g.at::date, greatest(c.first - g.at::date, 0), least(c.last, (g.at + interval '1 month')::date - 1) - g.at::date + 1
  ) AS p (month, lo, hi)
  WHERE c.state IN ('closed', 'preliminary');
$$;

-- The n-th month cut where a column begins or ends: each column is made of whole pieces.
CREATE OR REPLACE FUNCTION sp_tab_pieces(columns jsonb)
RETURNS TABLE (n bigint, month date, lo integer, hi integer)
LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
  WITH parts AS MATERIALIZED (SELECT * FROM sp_tab_parts(columns)),
  ends AS (SELECT p.n, p.month, p.lo AS day FROM parts p UNION SELECT p.n, p.month, p.hi FROM parts p)
  SELECT c.* FROM (SELECT e.n, e.month, e.day, lead(e.day) OVER (PARTITION BY e.n ORDER BY e.day) AS hi FROM ends e) AS c
  WHERE EXISTS (SELECT FROM parts p WHERE p.n = c.n AND p.lo <= c.day AND p.hi >= c.hi);
$$;

-- What a series of a line `m1` (`m2`, ...) of sp_month_sums is in `target` on the days of each piece, as an expression for
-- `i.currency_code`: a running sum counts with its day's rate less the next day's. A day without a rate counts as 0, and the
-- columns that it is part of are not to be shown.
CREATE OR REPLACE FUNCTION sp_tab_money(columns jsonb, series text, target text)
RETURNS TABLE (n bigint, lo integer, in_target text)
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
  WITH pieces AS MATERIALIZED (SELECT * FROM sp_tab_pieces(columns)),
  rates AS MATERIALIZED (
    SELECT r.* FROM sp_sheet_rates(ARRAY(
      SELECT DISTINCT m.currency_code FROM jsonb_array_elements_text(columns -> 0 -> 'members') AS i (id)
      JOIN sp_sheet_marketplaces() m ON m.marketplace_id = i.id::uuid), target,
      (SELECT min(p.month + p.lo) FROM pieces p), (SELECT max(p.month + p.hi - 1) FROM pieces p)) r
  ), weights AS (
    SELECT p.n, p.lo, r.currency_code, d.day, sum(d.weight) AS weight
    FROM pieces p JOIN rates r ON r.date BETWEEN p.month + p.lo AND p.month + p.hi - 1
    CROSS JOIN LATERAL (VALUES (r.date - p.month + 1, r.rate), (r.date - p.month, -r.rate)) AS d (day, weight)
    WHERE d.day > 0 GROUP BY 1, 2, 3, 4
  ), terms AS (
    SELECT w.n, w.lo, format('WHEN %L THEN %s', w.currency_code, string_agg(CASE w.weight
             WHEN 1 THEN format('m%s.%I[%s]', w.n, series, w.day) WHEN -1 THEN format('-m%s.%I[%s]', w.n, series, w.day)
             ELSE format('m%s.%I[%s] * (%s)', w.n, series, w.day, w.weight) END, ' + ' ORDER BY w.day)) AS said
    FROM weights w WHERE w.weight <> 0 GROUP BY 1, 2, w.currency_code
  )
  SELECT p.n, p.lo, coalesce('coalesce(CASE i.currency_code ' || string_agg(t.said, ' ') || ' END, 0::numeric)', '0::numeric')
  FROM pieces p LEFT JOIN terms t USING (n, lo) GROUP BY 1, 2;
$$;

-- What the columns are, of the lines `m1`, `m2`, ... of sp_month_sums, and of a row `t`, as expressions: 'there' (whether there
-- is a row) and some series. Money that is to be in `target` is made of pieces, `o`.
CREATE OR REPLACE FUNCTION sp_tab_cells(wanted text[], columns jsonb, target text)
RETURNS TABLE (name text, of_all text, of_months text, of_rows text)
LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
  WITH parts AS MATERIALIZED (SELECT * FROM sp_tab_parts(columns)),
  series AS MATERIALIZED (
    SELECT s.*, s.is_money AND target IS NOT NULL AS is_converted FROM sp_sum_series() s WHERE s.name = ANY (wanted)
  ), spans AS (
    SELECT p.col, min(p.month + p.lo) AS first, max(p.month + p.hi - 1) AS last, count(*) > 1 AS is_long,
           string_agg(format('coalesce(m%s.seen & %s, 0)', p.n, p.days), ' | ') AS seen
    FROM parts p GROUP BY 1
  ), running AS (
    SELECT p.col, s.place, format(CASE WHEN c.is_long THEN 'coalesce(m%s.%I & %s, 0)' ELSE 'm%s.%I & %s' END, p.n,
             s.name || '_known', p.days) AS known, format('coalesce(%s, 0)', (
             SELECT string_agg(concat(format('m%s.%I[%s]', p.n, b.name, p.hi),
                      CASE WHEN p.lo > 0 THEN format(' - m%s.%I[%s]', p.n, b.name, p.lo) END), ', ' ORDER BY b.n)
             FROM (VALUES (1, s.name), (2, s.base)) AS b (n, name) WHERE b.name IS NOT NULL)) AS sum
    FROM parts p JOIN spans c USING (col) CROSS JOIN series s
  ), sums AS (
    SELECT r.col, r.place, string_agg(r.known, ' | ') AS known, string_agg(r.sum, ' + ') AS sum FROM running r GROUP BY 1, 2
  ), pieces AS (
    SELECT p.col, s.place, string_agg(format('o.%I', concat(s.name, '_', c.n, '_', c.lo)), ' + ') AS sum
    FROM sp_tab_pieces(columns) c JOIN parts p ON p.n = c.n AND p.lo <= c.lo AND p.hi >= c.hi
    JOIN series s ON s.is_converted GROUP BY 1, 2
  )
  SELECT format('there_%s', p.col), 'bool_or', format('(%s) <> 0', p.seen), format('t.date BETWEEN %L AND %L', p.first, p.last)
  FROM spans p
  UNION ALL
  SELECT format('%s_%s', s.name, p.col), 'sum',
    format(CASE WHEN s.base IS NULL THEN 'CASE WHEN (%2$s) <> 0 THEN %3$s%1$s END' ELSE '%3$s%1$s' END, coalesce(c.sum, u.sum),
           u.known, CASE WHEN p.is_long THEN '0::bigint + ' END),
    format('CASE WHEN t.date BETWEEN %L AND %L THEN (%s)%s%s END', p.first, p.last, s.of_row,
           ' * ' || nullif(round(1 / s.scale), 1), CASE WHEN s.is_converted THEN ' * e.rate' END)
  FROM spans p CROSS JOIN series s JOIN sums u USING (col, place) LEFT JOIN pieces c USING (col, place);
$$;

-- A query for some series (`sp_sum_series`) of a tab's columns: $1 are its marketplaces, $2 the currency or NULL. It gives, of a
-- marketplace, child and parent as many lines as there are, which are to be added: `there_1` (whether it has a row in column 1)
-- and a sum for each series and column, such as `units_1`; what is not a whole number is in ten-thousandths. NULL: not known
-- on any of the column's days.
CREATE OR REPLACE FUNCTION sp_tab_sums(wanted text[], columns jsonb, of_parents boolean, target text)
RETURNS text LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
  WITH cells AS MATERIALIZED (SELECT * FROM sp_tab_cells(wanted, columns, target)),
  months AS MATERIALIZED (
    SELECT p.n, p.month, min(p.lo) AS lo, max(p.hi) AS hi, ARRAY(
      SELECT DISTINCT u.marketplace_id FROM sp_unsummed u
      WHERE u.of_parents = sp_tab_sums.of_parents AND u.month = p.month
        AND u.marketplace_id IN (SELECT e::uuid FROM jsonb_array_elements_text(columns -> 0 -> 'members') AS e)) AS unsummed
    FROM sp_tab_parts(columns) p GROUP BY 1, 2
  ), pieces AS (
    SELECT format('%s AS %I', c.in_target, concat(s.name, '_', c.n, '_', c.lo)) AS said
    FROM sp_sum_series() s CROSS JOIN LATERAL sp_tab_money(columns, s.name, target) c
    WHERE s.is_money AND s.name = ANY (wanted) AND target IS NOT NULL
  )
  SELECT concat_ws(E'\nUNION ALL\n', format($sql$
    SELECT i.marketplace_id, s.child_asin, s.parent_asin, %1$s
    FROM (SELECT * FROM sp_sheet_marketplaces() p WHERE p.marketplace_id = ANY ($1)) AS i CROSS JOIN LATERAL (
      SELECT k.child_asin, k.parent_asin, %2$s
      FROM (SELECT DISTINCT r.child_asin, r.parent_asin FROM sp_month_sums r
            WHERE r.marketplace_id = i.marketplace_id AND r.of_parents = %3$L AND (%4$s)) AS k
      %5$s %6$s OFFSET 0) AS s$sql$,
    (SELECT string_agg(format('s.%I', c.name), ', ' ORDER BY c.name) FROM cells c),
    (SELECT string_agg(format('%s AS %I', c.of_months, c.name), ', ' ORDER BY c.name) FROM cells c), of_parents,
    (SELECT string_agg(format('r.month = %L%s', m.month, x.said), ' OR ') FROM months m CROSS JOIN LATERAL (
       SELECT CASE WHEN m.unsummed <> '{}' THEN format(' AND r.marketplace_id <> ALL (%L)', m.unsummed) END) AS x (said)),
    (SELECT string_agg(format('LEFT JOIN sp_month_sums m%1$s ON m%1$s.marketplace_id = i.marketplace_id AND m%1$s.of_parents = %2$L'
                              ' AND m%1$s.month = %3$L AND %4$s%5$s', m.n, of_parents, m.month,
       format('coalesce(m%1$s.child_asin, m%1$s.parent_asin) = coalesce(k.child_asin, k.parent_asin) AND m%1$s.child_asin IS NOT'
              ' DISTINCT FROM k.child_asin AND m%1$s.parent_asin IS NOT DISTINCT FROM k.parent_asin', m.n),
       CASE WHEN m.unsummed <> '{}' THEN format(' AND i.marketplace_id <> ALL (%L)', m.unsummed) END), ' ' ORDER BY m.n)
     FROM months m),
    (SELECT format('CROSS JOIN LATERAL (SELECT %s OFFSET 0) AS o', string_agg(p.said, ', ')) FROM pieces p HAVING count(*) > 0)),
    (SELECT format($sql$
    SELECT t.marketplace_id, %1$s, t.parent_asin, %2$s
    FROM (SELECT * FROM sp_sheet_marketplaces() p WHERE p.marketplace_id = ANY ($1)) AS i
    JOIN (VALUES %3$s) AS m (month, lo, hi, ids) ON i.marketplace_id = ANY (m.ids) CROSS JOIN LATERAL (
      SELECT * FROM %4$I r WHERE r.marketplace_id = i.marketplace_id AND r.date BETWEEN m.month + m.lo AND m.month + m.hi - 1
      OFFSET 0) AS t %5$s
    GROUP BY 1, 2, 3$sql$,
      CASE WHEN of_parents THEN 'NULL::text' ELSE 't.child_asin' END,
      (SELECT string_agg(format('%s(%s)', c.of_all, c.of_rows), ', ' ORDER BY c.name) FROM cells c),
      string_agg(format('(%L::date, %s, %s, %L::uuid[])', m.month, m.lo, m.hi, m.unsummed), ', '),
      CASE WHEN of_parents THEN 'sp_daily_parent_data' ELSE 'sp_daily_asin_data' END,
      CASE WHEN EXISTS (SELECT FROM pieces) THEN format('LEFT JOIN sp_sheet_rates(ARRAY(SELECT currency_code FROM'
        ' sp_sheet_marketplaces() WHERE marketplace_id = ANY ($1)), $2, %L, %L) AS e ON e.currency_code = i.currency_code'
        ' AND e.date = t.date', min(m.month + m.lo), max(m.month + m.hi - 1)) END)
     FROM months m WHERE m.unsummed <> '{}' HAVING count(*) > 0));
$$;

-- The lines that add up to a tab's figures: (n, bit of the marketplace, the columns of `sp_tab_sums`), from `found`, `children`
-- and `parents` of the query below. A parent's units and sales are its children's; its traffic is Amazon's own figure, and where
-- that is not there for all of a column's days, none is shown. `owned` are the columns of which it is.
CREATE OR REPLACE FUNCTION sp_tab_lines(wanted text[], columns jsonb, owned jsonb, have_parents boolean)
RETURNS text LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
  WITH cells AS MATERIALIZED (
    SELECT c.col, w.place, format('%s_%s', w.name, c.col) AS name, w.is_traffic, c.has_parents
    FROM jsonb_to_recordset(columns) AS c (col integer, state text, has_parents boolean)
    CROSS JOIN (SELECT 0 AS place, 'there' AS name, NULL AS is_traffic
                UNION ALL SELECT s.place, s.name, s.is_traffic FROM sp_sum_series() s WHERE s.name = ANY (wanted)) AS w
    WHERE c.state IN ('closed', 'preliminary'))
  SELECT concat_ws(E'\nUNION ALL\n',
    format('SELECT f.n, f.bit, %s FROM found f JOIN children c ON c.marketplace_id = f.marketplace_id'
           ' AND c.child_asin = f.asin WHERE f.level = ''child''', string_agg(format('c.%I', name), ', ' ORDER BY col, place)),
    CASE WHEN have_parents THEN
      format('SELECT f.n, f.bit, %s FROM found f JOIN children c ON c.marketplace_id = f.marketplace_id'
             ' AND c.parent_asin = f.asin WHERE f.level = ''parent''',
             string_agg(CASE WHEN is_traffic THEN 'NULL' ELSE format('c.%I', name) END, ', ' ORDER BY col, place)) END,
    CASE WHEN have_parents AND owned IS NOT NULL THEN
      format('SELECT f.n, f.bit, %s FROM found f JOIN parents c ON c.marketplace_id = f.marketplace_id'
             ' AND c.parent_asin = f.asin WHERE f.level = ''parent''',
             string_agg(CASE WHEN has_parents AND is_traffic IS NOT false THEN format('c.%I', name) ELSE 'NULL' END, ', '
                        ORDER BY col, place)) END)
  FROM cells;
$$;

-- The query of a tab's figures: $1 and $2 as `sp_tab_sums` has them, $3 to $6 what was found of its products (n, marketplace,
-- level, ASIN), $7 how many they are. It gives their lines as text, in order, and the sum of each column. Where no column has
-- figures, no sums are read.
CREATE OR REPLACE FUNCTION sp_tab_query(columns jsonb, priced jsonb, have_parents boolean, target text)
RETURNS text LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
  WITH metrics AS MATERIALIZED (
    SELECT m.*, s.is_traffic, CASE WHEN s.scale <> 1 THEN ' * ' || s.scale END AS scaled
    FROM sp_sheet_metrics() m JOIN sp_sum_series() s ON s.name = m.above WHERE m.metric IN (SELECT metric FROM sp_tab_names())
  ), wanted AS MATERIALIZED (
    SELECT array_agg(s.name ORDER BY s.place) AS names FROM sp_sum_series() s
    WHERE s.name IN (SELECT above FROM metrics UNION SELECT below FROM metrics)
  ), told AS MATERIALIZED (
    SELECT c.col, c.has_parents, priced -> c.col - 1 ->> 'state' <> 'none' AS is_priced
    FROM jsonb_to_recordset(columns) AS c (col integer, state text, has_parents boolean) WHERE c.state IN ('closed', 'preliminary')
  ), figures AS MATERIALIZED (
    SELECT n.place, n.name, CASE
      WHEN t.col IS NULL OR m.is_money AND NOT t.is_priced THEN CASE m.decimals WHEN 0 THEN 'NULL::bigint' ELSE 'NULL::numeric' END
      WHEN m.is_ratio THEN format('round(s.%I%s / nullif(s.%I, 0), %s)', m.above || '_' || t.col, m.scaled,
                                  m.below || '_' || t.col, m.decimals)
      ELSE format(CASE m.decimals WHEN 0 THEN '(%s)::bigint' ELSE 'round(%s, %s)' END,
        format('coalesce(s.%I%s, CASE WHEN p.%I & ~coalesce(s.%I, 0) <> 0 THEN 0 END)', m.above || '_' || t.col, m.scaled,
               CASE WHEN m.is_traffic AND NOT t.has_parents THEN 'children' ELSE 'known' END, 'there_' || t.col),
        m.decimals) END AS said, row_number() OVER (ORDER BY n.place) - row_number() OVER (PARTITION BY m.decimals ORDER BY n.place)
        AS run, m.decimals
    FROM sp_tab_names() n JOIN metrics m USING (metric) LEFT JOIN told t USING (col)
  ), owned AS (SELECT jsonb_agg(c) AS list FROM jsonb_array_elements(columns) c
               WHERE c -> 'has_parents' = 'true' AND c ->> 'state' IN ('closed', 'preliminary')
  ), sums AS (  -- NULL where no column has figures
    SELECT string_agg(format('bit_or(l.bit) FILTER (WHERE l.there_%1$s) AS there_%1$s, %2$s', t.col, (
             SELECT string_agg(format('sum(l.%1$I) AS %1$I', concat(u.name, '_', t.col)), ', ')
             FROM unnest((SELECT names FROM wanted)) AS u (name))), ', ') AS said
    FROM told t
  )
  SELECT format($sql$
    WITH found AS MATERIALIZED (
      SELECT f.*, 1 << m.place AS bit FROM unnest($3, $4, $5, $6) AS f (n, marketplace_id, level, asin)
      JOIN sp_sheet_marketplaces() m USING (marketplace_id)
    ), %1$s, places AS (  -- in which marketplaces a product is known, as what
      SELECT f.n, coalesce(bit_or(f.bit) FILTER (WHERE f.level = 'child'), 0) AS children, bit_or(f.bit) AS known
      FROM found f WHERE f.marketplace_id = ANY ($1) GROUP BY 1
    )
    SELECT array_agg(f.n), array_agg(btrim(replace(concat(%3$s), '][', ','), '[]')), ARRAY[%4$s]
    FROM (SELECT i.n, %2$s FROM generate_series(1, $7) AS i (n) LEFT JOIN places p ON p.n = i.n LEFT JOIN sums s ON s.n = i.n
          OFFSET 0) AS f$sql$,
    coalesce((SELECT format('children AS MATERIALIZED (%s), %slines AS (%s), sums AS (SELECT l.n, %s FROM lines l GROUP BY 1)',
                sp_tab_sums(w.names, columns, false, target),
                'parents AS MATERIALIZED (' || CASE WHEN have_parents AND o.list IS NOT NULL THEN sp_tab_sums(
                  ARRAY(SELECT t.name FROM sp_sum_series() t WHERE t.is_traffic AND t.name = ANY (w.names)), o.list, true, NULL)
                END || '), ', sp_tab_lines(w.names, columns, o.list, have_parents), s.said)
              FROM wanted w CROSS JOIN owned o CROSS JOIN sums s WHERE s.said IS NOT NULL), 'sums AS (SELECT NULL::integer AS n)'),
    (SELECT string_agg(format('%s AS %I', said, name), ', ' ORDER BY place) FROM figures),
    (SELECT string_agg(r.said, ', ' ORDER BY r.place) FROM (  -- whole numbers are written faster as such
       SELECT min(place) AS place, format('array_to_json(ARRAY[%s])', string_agg(format('f.%I', name), ', ' ORDER BY place)) AS said
       FROM figures GROUP BY decimals, run) AS r),
    (SELECT string_agg(format('sum(f.%I)', name), ', ' ORDER BY place) FROM figures));
$$;

-- The figures of a tab (`sp_tab_names`) in some columns (`sp_sheet_grid`; `priced` says of which there is money), of products
-- that were found (`sp_sheet_found`), `number` of them: the line of product `ns[i]` is `lines[i]`, and the sum of the n-th
-- figure `sums[n]`. Everything is joined by hashing, whatever a planner knows of the tables.
CREATE OR REPLACE FUNCTION sp_tab_figures(number integer, found_ns integer[], places uuid[], levels text[], asins text[],
    columns jsonb, priced jsonb, target text, OUT ns integer[], OUT lines text[], OUT sums numeric[])
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp SET work_mem = '32MB' SET jit = off SET enable_nestloop = off
  SET enable_mergejoin = off SET enable_sort = off AS $$
BEGIN
  EXECUTE sp_tab_query(columns, priced, coalesce('parent' = ANY (levels), false), target) INTO ns, lines, sums
  USING ARRAY(SELECT m::uuid FROM jsonb_array_elements_text(columns -> 0 -> 'members') m), target, found_ns, places, levels, asins,
        number;
END $$;
$script$;
  INSERT INTO sp_migrations VALUES ('sheets/89_tabs.sql', '576f8ce81d2871cb')
  ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
END $chalkola$;

-- sheets/90_snapshot.sql
DO $chalkola$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('chalkola migrate'));
  CREATE TABLE IF NOT EXISTS sp_migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
  ALTER TABLE sp_migrations ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM sp_migrations WHERE name = 'sheets/90_snapshot.sql' AND checksum = 'b829c7e0dc8b5f31') THEN
    RETURN;
  END IF;
  PERFORM set_config('lock_timeout', '10s', true);
  EXECUTE $script$
-- Whole tabs: a row for each product, its figures over the usual periods as columns, and a checksum.

-- Rows with their names, counted and added up: `keys` are what each row begins with, in order; `sums` has the sum of each
-- column that is a figure, in ten-thousandths.
DROP FUNCTION IF EXISTS sp_sheet_checked(text, text[], text[], jsonb);
DROP FUNCTION IF EXISTS sp_sheet_checked(text, text[], text[], jsonb, jsonb);
CREATE OR REPLACE FUNCTION sp_sheet_checked(tab text, columns text[], keys text[], rows text, sums jsonb)
RETURNS text LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
  SELECT concat('{"tab": ', to_json(tab), ', "rows": ', rows, ', "check": ', jsonb_build_object(
                  'keys_md5', md5(coalesce(array_to_string(keys, E'\n'), '')), 'sums', sums),
                ', "count": ', coalesce(cardinality(keys), 0), ', "columns": ', to_jsonb(columns), '}');
$$;

-- The tab of a marketplace (`_DE`), or of all of them in one currency (`_ALL`).
DROP FUNCTION IF EXISTS sp_sheet_current(uuid[], timestamptz);
DROP FUNCTION IF EXISTS sp_sheet_snapshot_items(text, text, timestamptz);
CREATE OR REPLACE FUNCTION sp_sheet_snapshot_items(sought text, currency text, now timestamptz)
RETURNS text LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
  target constant text := sp_sheet_target('sales', ARRAY[sought], currency);
  periods constant text[] := ARRAY(SELECT s.period FROM sp_sheet_slugs() s ORDER BY s.place);
  columns constant jsonb := sp_sheet_grid(ARRAY[sought], periods, NULL, NULL, NULL, now);
  priced constant jsonb := CASE WHEN target IS NULL THEN columns
                                ELSE sp_sheet_grid(ARRAY[sought], periods, NULL, NULL, target, now) END;
  members constant uuid[] := ARRAY(SELECT m::uuid FROM jsonb_array_elements_text(columns -> 0 -> 'members') m);
  names constant text[] := ARRAY(SELECT n.name FROM sp_tab_names() n ORDER BY n.place);
  asins text[];
  levels text[];
  one record;  -- what was found of them, by number
  made record;
BEGIN
  WITH known AS MATERIALIZED (SELECT * FROM sp_sheet_known(members)),
  current AS MATERIALIZED (
    SELECT c.*, row_number() OVER (ORDER BY c.asin COLLATE "C") AS n FROM (
      SELECT k.asin, min(k.level) AS level FROM known k GROUP BY 1
      HAVING max(k.last_day) >= (now AT TIME ZONE 'UTC')::date - 400 OR bool_or(k.is_listed)) AS c)
  SELECT array_agg(c.n)::integer[] AS ns, array_agg(k.marketplace_id) AS places, array_agg(k.level) AS levels,
         array_agg(k.asin) AS asins, (SELECT array_agg(c.asin ORDER BY c.n) FROM current c) AS products,
         (SELECT array_agg(c.level ORDER BY c.n) FROM current c) AS kinds
  INTO one FROM current c JOIN known k USING (asin);
  asins := coalesce(one.products, '{}');
  levels := one.kinds;
  IF EXISTS (SELECT FROM unnest(asins) AS a (asin) WHERE upper(a.asin) <> a.asin) THEN  -- as a question for them is answered
    SELECT f.* INTO one FROM sp_sheet_found(asins, members) f;
  END IF;
  WITH told AS MATERIALIZED (SELECT * FROM sp_sheet_facts(asins, members)),
  parents AS MATERIALIZED (SELECT * FROM sp_sheet_parents(asins, members)),
  figures AS MATERIALIZED (SELECT * FROM sp_tab_figures(cardinality(asins), one.ns, one.places, one.levels, one.asins,
                                                          columns, priced, target))
  SELECT (SELECT concat('[', string_agg(format('[%s, %s]', k.facts, i.line), ', ' ORDER BY i.n), ']')
          FROM unnest(f.ns, f.lines) AS i (n, line) JOIN unnest(asins, levels) WITH ORDINALITY AS o (asin, level, n) ON o.n = i.n
          LEFT JOIN told t ON t.asin = o.asin LEFT JOIN parents p ON p.asin = o.asin
          CROSS JOIN LATERAL (SELECT btrim(json_build_array(o.asin, o.level, o.asin, t.sku, t.skus,
            CASE o.level WHEN 'child' THEN p.parent_asin END, t.title, CASE WHEN sought <> 'ALL' THEN t.price END,
            t.status)::text, '[]')) AS k (facts)) AS rows,
         (SELECT jsonb_object_agg(s.name, coalesce(round(s.sum * 10000), 0)) FROM unnest(names || 'price'::text,
           f.sums || (SELECT sum(t.price) FROM told t WHERE sought <> 'ALL')) AS s (name, sum)) AS sums
  INTO made FROM figures f;
  RETURN sp_sheet_checked('_' || sought, '{key,level,asin,sku,skus,parent_asin,title,price,status}'::text[] || names, asins,
                          made.rows, made.sums);
END $$;

-- The days of all marketplaces, from Amazon's totals: one row a marketplace and day of the last 400.
DROP FUNCTION IF EXISTS sp_sheet_snapshot_daily(text, timestamptz);
CREATE OR REPLACE FUNCTION sp_sheet_snapshot_daily(currency text, now timestamptz)
RETURNS text LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
  target constant text := sp_sheet_currency(currency);
  found record;
BEGIN
  WITH calendar AS MATERIALIZED (SELECT * FROM sp_sheet_calendar(now)),
  rates AS MATERIALIZED (
    SELECT r.* FROM sp_sheet_rates(ARRAY(SELECT DISTINCT currency_code FROM calendar), target,
      (SELECT min(today) - 401 FROM calendar), (SELECT max(today) FROM calendar)) r WHERE target IS NOT NULL),
  lines AS MATERIALIZED (
    SELECT concat(c.code, '|', t.date) AS key, c.code, t.date,
           CASE WHEN t.date <= c.closed THEN 'closed' ELSE 'preliminary' END AS state, t.units_ordered AS units,
           t.total_order_items AS order_items, t.ordered_product_sales AS sales, c.currency_code, t.sessions, t.page_views,
           round(t.buy_box_percentage / 100, 4) AS buy_box,
           round(t.units_ordered / nullif(t.sessions, 0)::numeric, 4) AS cvr, round(r.rate, 8) AS rate
    FROM calendar c JOIN sp_daily_totals t ON t.marketplace_id = c.marketplace_id AND t.date BETWEEN c.today - 400 AND c.today
    LEFT JOIN rates r ON r.currency_code = c.currency_code AND r.date = t.date)
  SELECT concat('[', string_agg(json_build_array(l.key, l.code, l.date, l.state, l.units, l.order_items, l.sales,
           l.currency_code, l.sessions, l.page_views, l.buy_box, l.cvr, l.rate)::text, ', '
           ORDER BY l.key COLLATE "C"), ']') AS rows,
         array_agg(l.key ORDER BY l.key COLLATE "C") AS keys,
         (SELECT jsonb_object_agg(v.name, coalesce(v.sum, 0)) FROM (VALUES
           ('units', sum(round(l.units * 10000::numeric))), ('order_items', sum(round(l.order_items * 10000::numeric))),
           ('sales', sum(round(l.sales * 10000))), ('sessions', sum(round(l.sessions * 10000::numeric))),
           ('page_views', sum(round(l.page_views * 10000::numeric))), ('buy_box', sum(round(l.buy_box * 10000))),
           ('cvr', sum(round(l.cvr * 10000))), ('rate', sum(round(l.rate * 10000)))) AS v (name, sum)) AS sums
  INTO found FROM lines l;
  RETURN sp_sheet_checked('_daily', '{key,marketplace,date,state,units,order_items,sales,currency,sessions,page_views,buy_box,cvr,rate}',
                          found.keys, found.rows, found.sums);
END $$;

DROP FUNCTION IF EXISTS sp_sheet_snapshot(text, text, timestamptz);
CREATE OR REPLACE FUNCTION sp_sheet_snapshot(tab text, currency text, now timestamptz)
RETURNS text LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
DECLARE
  wanted constant text := regexp_replace(btrim(tab), '^_', '');
BEGIN
  IF lower(wanted) = 'daily' THEN
    RETURN sp_sheet_snapshot_daily(currency, now);
  ELSIF nullif(wanted, '') IS NULL THEN
    PERFORM sp_sheet_refuse('bad_argument', 'A tab is missing, such as _DE, _ALL or _daily.');
  END IF;
  RETURN sp_sheet_snapshot_items(sp_sheet_marketplace(wanted), currency, now);
END $$;

CREATE OR REPLACE FUNCTION sheet_snapshot(token text,
    tab text DEFAULT NULL, currency text DEFAULT NULL)
RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET statement_timeout = '30s' AS $$
DECLARE
  refused constant jsonb := sp_sheet_enter(token);
  at constant timestamptz := sp_sheet_now();
  code text;
BEGIN
  RETURN coalesce(refused, concat('{"ok": true, "data": ', sp_sheet_snapshot(tab, currency, at), ', "version": ',
    to_json(sp_sheet_version(at)), '}')::jsonb);
EXCEPTION WHEN OTHERS OR query_canceled THEN
  GET STACKED DIAGNOSTICS code = PG_EXCEPTION_HINT;
  RETURN sp_sheet_failed(SQLSTATE, SQLERRM, code);
END $$;
$script$;
  INSERT INTO sp_migrations VALUES ('sheets/90_snapshot.sql', 'b829c7e0dc8b5f31')
  ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
END $chalkola$;

-- sheets/95_meta.sql
DO $chalkola$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('chalkola migrate'));
  CREATE TABLE IF NOT EXISTS sp_migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
  ALTER TABLE sp_migrations ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM sp_migrations WHERE name = 'sheets/95_meta.sql' AND checksum = '5004956bc57af7da') THEN
    RETURN;
  END IF;
  PERFORM set_config('lock_timeout', '10s', true);
  EXECUTE $script$
-- What tabs there are, and how fresh.

CREATE OR REPLACE FUNCTION sp_sheet_meta(currency text, now timestamptz)
RETURNS jsonb LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
  target constant text := sp_sheet_currency(currency);
BEGIN
  RETURN (
    WITH there AS MATERIALIZED (SELECT * FROM sp_sheet_calendar(now) c WHERE c.closed IS NOT NULL),
    together AS (SELECT min(closed) AS closed FROM there WHERE closed >= (SELECT max(closed) FROM there) - 7),
    known AS (
      SELECT k.marketplace_id, count(*) AS rows FROM sp_sheet_known(ARRAY(SELECT marketplace_id FROM there)) k
      WHERE k.last_day >= (now AT TIME ZONE 'UTC')::date - 400 OR k.is_listed GROUP BY 1)
    SELECT jsonb_build_object(
      'tabs', (SELECT coalesce(jsonb_agg(jsonb_build_object('tab', '_' || c.code, 'marketplace', c.code, 'rows',
                 coalesce(k.rows, 0)) ORDER BY c.place), '[]')
               FROM there c LEFT JOIN known k USING (marketplace_id))
              || CASE WHEN EXISTS (SELECT FROM there) THEN
                   '[{"tab": "_ALL", "marketplace": "ALL"}, {"tab": "_daily"}]'::jsonb ELSE '[]' END,
      'last_closed', (SELECT coalesce(jsonb_object_agg(c.code, c.closed), '{}') FROM there c)
                     || coalesce((SELECT jsonb_build_object('ALL', t.closed) FROM together t WHERE t.closed IS NOT NULL), '{}'),
      'fx_date', (SELECT max(f.date) FROM fx_rates f WHERE target IS NULL OR target = 'EUR' OR f.currency_code = target),
      'made_at', (SELECT to_char(max(s.loaded_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') FROM sp_slices s
                  WHERE s.dataset IN ('sales_and_traffic', 'daily_totals', 'daily_parents')),
      'freshness', (
        SELECT CASE WHEN max(c.closed) IS NULL THEN 'No data yet.' ELSE concat('Up to ', max(c.closed),
          coalesce('; ' || string_agg(concat(c.code, ' up to ', c.closed), ', ' ORDER BY c.place)
                   FILTER (WHERE c.closed < (SELECT max(closed) FROM there)), ''), '.') END FROM there c)));
END $$;

CREATE OR REPLACE FUNCTION sheet_meta(token text,
    currency text DEFAULT NULL)
RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET statement_timeout = '6s' AS $$
DECLARE
  refused constant jsonb := sp_sheet_enter(token);
  at constant timestamptz := sp_sheet_now();
  code text;
BEGIN
  RETURN coalesce(refused, jsonb_build_object('ok', true, 'version', sp_sheet_version(at), 'data',
    sp_sheet_meta(currency, at)));
EXCEPTION WHEN OTHERS OR query_canceled THEN
  GET STACKED DIAGNOSTICS code = PG_EXCEPTION_HINT;
  RETURN sp_sheet_failed(SQLSTATE, SQLERRM, code);
END $$;
$script$;
  INSERT INTO sp_migrations VALUES ('sheets/95_meta.sql', '5004956bc57af7da')
  ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
END $chalkola$;

-- Nobody but the owner and service_role may use what is made here.
DO $access$
DECLARE
  made constant text[] := '{fx_rates, marketplaces, product_variants, products, sheet_ads, sheet_alerts, sheet_compare, sheet_cover, sheet_daily, sheet_fx, sheet_meta, sheet_product, sheet_snapshot, sheet_status, sheet_stock, sheet_top, sheet_values, sp_accept_turn, sp_accounts, sp_alert_deliveries, sp_alert_mutes, sp_alert_settings, sp_alerts, sp_api_calls, sp_api_pulls, sp_begin_web_session, sp_bucket_turns, sp_buckets, sp_change, sp_change_alert_setting, sp_claim, sp_claim_deliveries, sp_close_silent, sp_close_source, sp_coverage, sp_daily_asin_data, sp_daily_parent_data, sp_daily_totals, sp_data_pulls, sp_day_zones, sp_define_bucket, sp_define_slot, sp_documents, sp_drop_documents, sp_end_web_sessions, sp_expect_staged, sp_finish, sp_first_page, sp_forget_calls, sp_full_slots, sp_hold, sp_hold_slices, sp_is_anyones, sp_learn_limits, sp_learn_rate, sp_let_go, sp_listings, sp_lose_marketplaces, sp_lower_slot, sp_migrations, sp_month_sums, sp_mute_alert, sp_new_sheet_token, sp_new_token, sp_next_page, sp_next_turn, sp_next_turn_beside, sp_note_calls, sp_note_changed, sp_note_data_pulls, sp_note_deliveries, sp_note_document, sp_note_emptied, sp_note_new, sp_note_old, sp_notes, sp_open_source, sp_outlook, sp_plan, sp_postpone, sp_pull_events, sp_pull_slices, sp_pulls, sp_raise_alert, sp_reader_domains, sp_refuse_turn, sp_release, sp_renew, sp_rest_calls, sp_rest_read, sp_rest_stage, sp_rest_write, sp_restatements, sp_revoke_sheet_token, sp_see_alerts, sp_see_web_session, sp_seen_asins, sp_set_reader_domains, sp_settle_turn, sp_sheet_alerts, sp_sheet_calendar, sp_sheet_calls, sp_sheet_cells, sp_sheet_cells_query, sp_sheet_check_cells, sp_sheet_check_grid, sp_sheet_checked, sp_sheet_choice, sp_sheet_columns, sp_sheet_compare, sp_sheet_currency, sp_sheet_daily, sp_sheet_date, sp_sheet_due, sp_sheet_enter, sp_sheet_every_item, sp_sheet_facts, sp_sheet_failed, sp_sheet_find, sp_sheet_found, sp_sheet_fx, sp_sheet_grid, sp_sheet_items, sp_sheet_known, sp_sheet_later, sp_sheet_lines, sp_sheet_marketplace, sp_sheet_marketplaces, sp_sheet_meta, sp_sheet_metric, sp_sheet_metrics, sp_sheet_now, sp_sheet_number, sp_sheet_pair, sp_sheet_parents, sp_sheet_period, sp_sheet_period_words, sp_sheet_places, sp_sheet_product, sp_sheet_rates, sp_sheet_refuse, sp_sheet_rows, sp_sheet_seen, sp_sheet_slugs, sp_sheet_snapshot, sp_sheet_snapshot_daily, sp_sheet_snapshot_items, sp_sheet_span, sp_sheet_status, sp_sheet_target, sp_sheet_texts, sp_sheet_then, sp_sheet_tokens, sp_sheet_told, sp_sheet_top, sp_sheet_unit, sp_sheet_values, sp_sheet_version, sp_slices, sp_slots, sp_sources, sp_staged, sp_sum_month, sp_sum_parts, sp_sum_query, sp_sum_series, sp_sum_statement, sp_sum_up, sp_summed_products, sp_sums, sp_tab_cells, sp_tab_figures, sp_tab_lines, sp_tab_money, sp_tab_names, sp_tab_parts, sp_tab_pieces, sp_tab_query, sp_tab_sums, sp_take, sp_ticket, sp_token_enter, sp_unattributed, sp_unsummed, sp_web_sessions, sp_withdraw}'::text[];
  read_functions constant text[] := '{sheet_ads, sheet_alerts, sheet_compare, sheet_cover, sheet_daily, sheet_fx, sheet_meta, sheet_product, sheet_snapshot, sheet_status, sheet_stock, sheet_top, sheet_values}'::text[];
  runners constant text[] := '{sp_rest_read, sp_rest_write}'::text[];
  -- Supabase's roles, as far as this database has them, and our own.
  visitors constant text := (
    SELECT string_agg(quote_ident(rolname), ', ') FROM pg_roles WHERE rolname = ANY ('{anon, authenticated, chalkola_sheets}'::text[]));
  service constant text := (SELECT quote_ident(rolname) FROM pg_roles WHERE rolname = 'service_role');
  one record;
BEGIN
  IF service IS NOT NULL THEN
    DECLARE
      may_create boolean := has_schema_privilege('service_role', current_schema(), 'CREATE');
    BEGIN
      IF NOT may_create THEN  -- an owner has to be able to make what it owns, while it is given it
        EXECUTE format('GRANT CREATE ON SCHEMA %I TO %s', current_schema(), service);
      END IF;
      FOR one IN SELECT p.oid::regprocedure AS what FROM pg_proc p
                 WHERE p.pronamespace = current_schema()::regnamespace AND p.proname = ANY (runners) LOOP
        EXECUTE format('ALTER FUNCTION %s OWNER TO %s', one.what, service);
        EXECUTE format('ALTER FUNCTION %s SECURITY DEFINER', one.what);
      END LOOP;
      IF NOT may_create THEN
        EXECUTE format('REVOKE CREATE ON SCHEMA %I FROM %s', current_schema(), service);
      END IF;
    EXCEPTION WHEN insufficient_privilege THEN
      RAISE NOTICE 'SUPABASE_SERVICE_KEY cannot be used without DATABASE_URL here: %', sqlerrm;
    END;
  END IF;
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
