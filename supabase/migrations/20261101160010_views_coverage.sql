-- views/10_coverage.sql of Chalkola. Written by `python -m chalkola.surfaces.docs`; it does nothing where it was applied.

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

-- Nobody but the owner and service_role may use what is made here.
DO $access$
DECLARE
  made constant text[] := '{sp_coverage, sp_migrations}'::text[];
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
