-- migrations/0002_tables.sql of Chalkola. Written by `python -m chalkola.surfaces.docs`; it does nothing where it was applied.

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

-- Nobody but the owner and service_role may use what is made here.
DO $access$
DECLARE
  made constant text[] := '{marketplaces, product_variants, products, sp_api_pulls, sp_daily_asin_data, sp_daily_totals, sp_data_pulls, sp_migrations}'::text[];
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
