-- sheets/50_items.sql of Chalkola. Written by `python -m chalkola.surfaces.docs`; it does nothing where it was applied.

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

-- Nobody but the owner and service_role may use what is made here.
DO $access$
DECLARE
  made constant text[] := '{sp_migrations, sp_sheet_every_item, sp_sheet_find, sp_sheet_known, sp_sheet_seen}'::text[];
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
