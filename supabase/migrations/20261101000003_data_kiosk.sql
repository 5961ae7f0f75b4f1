-- migrations/0003_data_kiosk.sql of Chalkola. Written by `python -m chalkola.surfaces.docs`; it does nothing where it was applied.

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

-- Nobody but the owner and service_role may use what is made here.
DO $access$
DECLARE
  made constant text[] := '{sp_daily_parent_data, sp_day_zones, sp_migrations, sp_restatements, sp_slots}'::text[];
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
