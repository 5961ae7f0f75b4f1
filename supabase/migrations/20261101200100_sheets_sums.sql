-- sheets/60_sums.sql of Chalkola. Written by `python -m chalkola.surfaces.docs`; it does nothing where it was applied.

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

-- Nobody but the owner and service_role may use what is made here.
DO $access$
DECLARE
  made constant text[] := '{sp_migrations, sp_sheet_cells, sp_sheet_cells_query, sp_sheet_found, sp_sheet_lines}'::text[];
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
