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
