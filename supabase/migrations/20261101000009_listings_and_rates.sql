-- migrations/0009_listings_and_rates.sql of Chalkola. Written by `python -m chalkola.surfaces.docs`; it does nothing where it was applied.

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

-- Nobody but the owner and service_role may use what is made here.
DO $access$
DECLARE
  made constant text[] := '{fx_rates, sp_listings, sp_migrations}'::text[];
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
