-- Whole tabs: a row for each product, its figures over the usual periods as columns, and a checksum.

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

-- Rows with their names, counted and added up: `keys` are what each row begins with, in order; `sums` has the sum of each
-- column that is a figure, in ten-thousandths.
DROP FUNCTION IF EXISTS sp_sheet_checked(text, text[], text[], jsonb);
CREATE OR REPLACE FUNCTION sp_sheet_checked(tab text, columns text[], keys text[], rows jsonb, sums jsonb)
RETURNS jsonb LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
  SELECT jsonb_build_object(
    'tab', tab, 'columns', to_jsonb(columns), 'rows', rows, 'count', jsonb_array_length(rows),
    'check', jsonb_build_object('keys_md5', md5(coalesce(array_to_string(keys, E'\n'), '')), 'sums', sums));
$$;

-- The tab of a marketplace (`_DE`), or of all of them in one currency (`_ALL`).
CREATE OR REPLACE FUNCTION sp_sheet_snapshot_items(sought text, currency text, now timestamptz)
RETURNS jsonb LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
  metrics constant text[] := '{units,sales,sessions,page_views,buy_box}';
  target constant text := sp_sheet_target('sales', ARRAY[sought], currency);
  periods constant text[] := ARRAY(SELECT s.period FROM sp_sheet_slugs() s ORDER BY s.place);
  columns constant jsonb := sp_sheet_grid(ARRAY[sought], periods, NULL, NULL, NULL, now);
  priced constant jsonb := CASE WHEN target IS NULL THEN columns
                                ELSE sp_sheet_grid(ARRAY[sought], periods, NULL, NULL, target, now) END;
  members constant uuid[] := ARRAY(SELECT m::uuid FROM jsonb_array_elements_text(columns -> 0 -> 'members') m);
  names constant text[] := ARRAY(
    SELECT concat(m.metric, '_', s.slug) FROM unnest(metrics) WITH ORDINALITY AS m (metric, n) CROSS JOIN sp_sheet_slugs() s
    WHERE s.slug <> 'yesterday' OR m.metric IN ('units', 'sales', 'sessions') ORDER BY s.place = 13, m.n, s.place);
  asins text[];
  levels text[];
  found record;
BEGIN
  SELECT coalesce(array_agg(k.asin ORDER BY k.asin COLLATE "C"), '{}'), array_agg(k.level ORDER BY k.asin COLLATE "C")
  INTO asins, levels FROM sp_sheet_current(members, now) k;
  WITH told AS MATERIALIZED (SELECT * FROM sp_sheet_facts(asins, members)),
  parents AS MATERIALIZED (SELECT * FROM sp_sheet_parents(asins, members)),
  cells AS MATERIALIZED (
    SELECT c.n, c.col, c.figures[1] AS units,
           CASE WHEN priced -> c.col - 1 ->> 'state' <> 'none' THEN c.figures[2] END AS sales,
           c.figures[3] AS sessions, c.figures[4] AS page_views, c.figures[5] AS buy_box
    FROM sp_sheet_cells(metrics, asins, columns, target) c
  ), texts AS (
    SELECT c.n, c.col, coalesce(c.units::text, 'null') AS units, coalesce(c.sales::text, 'null') AS sales,
           coalesce(c.sessions::text, 'null') AS sessions, coalesce(c.page_views::text, 'null') AS page_views,
           coalesce(c.buy_box::text, 'null') AS buy_box FROM cells c
  ), lines AS (
    SELECT t.n, concat_ws(',',
      string_agg(t.units, ',' ORDER BY t.col) FILTER (WHERE t.col < 13),
      string_agg(t.sales, ',' ORDER BY t.col) FILTER (WHERE t.col < 13),
      string_agg(t.sessions, ',' ORDER BY t.col) FILTER (WHERE t.col < 13),
      string_agg(t.page_views, ',' ORDER BY t.col) FILTER (WHERE t.col < 13),
      string_agg(t.buy_box, ',' ORDER BY t.col) FILTER (WHERE t.col < 13),
      string_agg(concat_ws(',', t.units, t.sales, t.sessions), ',' ORDER BY t.col) FILTER (WHERE t.col = 13)) AS line
    FROM texts t GROUP BY 1
  ), sums AS (
    SELECT concat(v.metric, '_', s.slug) AS name, v.sum
    FROM (SELECT c.col, sum(c.units) AS units, sum(c.sales) AS sales, sum(c.sessions) AS sessions,
                 sum(c.page_views) AS page_views, sum(c.buy_box) AS buy_box FROM cells c GROUP BY 1) AS c
    JOIN sp_sheet_slugs() s ON s.place = c.col
    CROSS JOIN LATERAL (VALUES ('units', c.units), ('sales', c.sales), ('sessions', c.sessions), ('page_views', c.page_views),
                               ('buy_box', c.buy_box)) AS v (metric, sum)
    UNION ALL SELECT 'price', CASE WHEN sought <> 'ALL' THEN sum(t.price) END FROM told t
  )
  SELECT concat('[', string_agg(concat('[', k.facts, ',', l.line, ']'), ',' ORDER BY i.n), ']')::jsonb AS rows,
         (SELECT jsonb_object_agg(n.name, coalesce(round(s.sum * 10000), 0)) FROM unnest(names || 'price'::text) AS n (name)
          LEFT JOIN sums s ON s.name = n.name) AS sums
  INTO found
  FROM unnest(asins, levels) WITH ORDINALITY AS i (asin, level, n) JOIN lines l ON l.n = i.n
  LEFT JOIN told t ON t.asin = i.asin LEFT JOIN parents p ON p.asin = i.asin
  CROSS JOIN LATERAL (SELECT btrim(jsonb_build_array(i.asin, i.level, i.asin, t.sku, t.skus,
    CASE i.level WHEN 'child' THEN p.parent_asin END, t.title, CASE WHEN sought <> 'ALL' THEN t.price END, t.status)::text, '[]')
  ) AS k (facts);
  RETURN sp_sheet_checked('_' || sought, '{key,level,asin,sku,skus,parent_asin,title,price,status}'::text[] || names, asins,
                          found.rows, found.sums);
END $$;

-- The products of some marketplaces that are listed or had a figure in the last 400 days, each once.
CREATE OR REPLACE FUNCTION sp_sheet_current(members uuid[], now timestamptz)
RETURNS TABLE (asin text, level text)
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
  SELECT k.asin, min(k.level) FROM sp_sheet_known(members) k GROUP BY 1
  HAVING max(k.last_day) >= (now AT TIME ZONE 'UTC')::date - 400 OR bool_or(k.is_listed);
$$;

-- The days of all marketplaces, from Amazon's totals: one row a marketplace and day of the last 400.
CREATE OR REPLACE FUNCTION sp_sheet_snapshot_daily(currency text, now timestamptz)
RETURNS jsonb LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
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
  SELECT coalesce(jsonb_agg(jsonb_build_array(l.key, l.code, l.date, l.state, l.units, l.order_items, l.sales, l.currency_code,
           l.sessions, l.page_views, l.buy_box, l.cvr, l.rate) ORDER BY l.key COLLATE "C"), '[]') AS rows,
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

CREATE OR REPLACE FUNCTION sp_sheet_snapshot(tab text, currency text, now timestamptz)
RETURNS jsonb LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
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
  RETURN coalesce(refused, jsonb_build_object('ok', true, 'version', sp_sheet_version(at), 'data',
    sp_sheet_snapshot(tab, currency, at)));
EXCEPTION WHEN OTHERS OR query_canceled THEN
  GET STACKED DIAGNOSTICS code = PG_EXCEPTION_HINT;
  RETURN sp_sheet_failed(SQLSTATE, SQLERRM, code);
END $$;
