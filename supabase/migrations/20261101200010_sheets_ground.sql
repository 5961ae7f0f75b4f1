-- sheets/10_ground.sql of Chalkola. Written by `python -m chalkola.surfaces.docs`; it does nothing where it was applied.

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

-- Nobody but the owner and service_role may use what is made here.
DO $access$
DECLARE
  made constant text[] := '{sp_migrations, sp_sheet_failed, sp_sheet_marketplace, sp_sheet_marketplaces, sp_sheet_metric, sp_sheet_metrics, sp_sheet_now, sp_sheet_number, sp_sheet_refuse, sp_sheet_texts}'::text[];
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
END $access$;
