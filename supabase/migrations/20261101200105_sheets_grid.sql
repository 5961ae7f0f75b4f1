-- sheets/65_grid.sql of Chalkola. Written by `python -m chalkola.surfaces.docs`; it does nothing where it was applied.

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

-- Nobody but the owner and service_role may use what is made here.
DO $access$
DECLARE
  made constant text[] := '{sp_migrations, sp_sheet_check_cells, sp_sheet_check_grid, sp_sheet_grid, sp_sheet_items, sp_sheet_places, sp_sheet_rows, sp_sheet_target, sp_sheet_told}'::text[];
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
