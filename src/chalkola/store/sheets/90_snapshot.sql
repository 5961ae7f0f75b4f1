-- Whole tabs: a row for each product, its figures over the usual periods as columns, and a checksum.

-- Rows with their names, counted and added up: `keys` are what each row begins with, in order; `sums` has the sum of each
-- column that is a figure, in ten-thousandths.
DROP FUNCTION IF EXISTS sp_sheet_checked(text, text[], text[], jsonb);
DROP FUNCTION IF EXISTS sp_sheet_checked(text, text[], text[], jsonb, jsonb);
CREATE OR REPLACE FUNCTION sp_sheet_checked(tab text, columns text[], keys text[], rows text, sums jsonb)
RETURNS text LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
  SELECT concat('{"tab": ', to_json(tab), ', "rows": ', rows, ', "check": ', jsonb_build_object(
                  'keys_md5', md5(coalesce(array_to_string(keys, E'\n'), '')), 'sums', sums),
                ', "count": ', coalesce(cardinality(keys), 0), ', "columns": ', to_jsonb(columns), '}');
$$;

-- The tab of a marketplace (`_DE`), or of all of them in one currency (`_ALL`).
DROP FUNCTION IF EXISTS sp_sheet_current(uuid[], timestamptz);
DROP FUNCTION IF EXISTS sp_sheet_snapshot_items(text, text, timestamptz);
CREATE OR REPLACE FUNCTION sp_sheet_snapshot_items(sought text, currency text, now timestamptz)
RETURNS text LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
  target constant text := sp_sheet_target('sales', ARRAY[sought], currency);
  periods constant text[] := ARRAY(SELECT s.period FROM sp_sheet_slugs() s ORDER BY s.place);
  columns constant jsonb := sp_sheet_grid(ARRAY[sought], periods, NULL, NULL, NULL, now);
  priced constant jsonb := CASE WHEN target IS NULL THEN columns
                                ELSE sp_sheet_grid(ARRAY[sought], periods, NULL, NULL, target, now) END;
  members constant uuid[] := ARRAY(SELECT m::uuid FROM jsonb_array_elements_text(columns -> 0 -> 'members') m);
  names constant text[] := ARRAY(SELECT n.name FROM sp_tab_names() n ORDER BY n.place);
  asins text[];
  levels text[];
  one record;  -- what was found of them, by number
  made record;
BEGIN
  WITH known AS MATERIALIZED (SELECT * FROM sp_sheet_known(members)),
  current AS MATERIALIZED (
    SELECT c.*, row_number() OVER (ORDER BY c.asin COLLATE "C") AS n FROM (
      SELECT k.asin, min(k.level) AS level FROM known k GROUP BY 1
      HAVING max(k.last_day) >= (now AT TIME ZONE 'UTC')::date - 400 OR bool_or(k.is_listed)) AS c)
  SELECT array_agg(c.n)::integer[] AS ns, array_agg(k.marketplace_id) AS places, array_agg(k.level) AS levels,
         array_agg(k.asin) AS asins, (SELECT array_agg(c.asin ORDER BY c.n) FROM current c) AS products,
         (SELECT array_agg(c.level ORDER BY c.n) FROM current c) AS kinds
  INTO one FROM current c JOIN known k USING (asin);
  asins := coalesce(one.products, '{}');
  levels := one.kinds;
  IF EXISTS (SELECT FROM unnest(asins) AS a (asin) WHERE upper(a.asin) <> a.asin) THEN  -- as a question for them is answered
    SELECT f.* INTO one FROM sp_sheet_found(asins, members) f;
  END IF;
  WITH told AS MATERIALIZED (SELECT * FROM sp_sheet_facts(asins, members)),
  parents AS MATERIALIZED (SELECT * FROM sp_sheet_parents(asins, members)),
  figures AS MATERIALIZED (SELECT * FROM sp_tab_figures(cardinality(asins), one.ns, one.places, one.levels, one.asins,
                                                          columns, priced, target))
  SELECT (SELECT concat('[', string_agg(format('[%s, %s]', k.facts, i.line), ', ' ORDER BY i.n), ']')
          FROM unnest(f.ns, f.lines) AS i (n, line) JOIN unnest(asins, levels) WITH ORDINALITY AS o (asin, level, n) ON o.n = i.n
          LEFT JOIN told t ON t.asin = o.asin LEFT JOIN parents p ON p.asin = o.asin
          CROSS JOIN LATERAL (SELECT btrim(json_build_array(o.asin, o.level, o.asin, t.sku, t.skus,
            CASE o.level WHEN 'child' THEN p.parent_asin END, t.title, CASE WHEN sought <> 'ALL' THEN t.price END,
            t.status)::text, '[]')) AS k (facts)) AS rows,
         (SELECT jsonb_object_agg(s.name, coalesce(round(s.sum * 10000), 0)) FROM unnest(names || 'price'::text,
           f.sums || (SELECT sum(t.price) FROM told t WHERE sought <> 'ALL')) AS s (name, sum)) AS sums
  INTO made FROM figures f;
  RETURN sp_sheet_checked('_' || sought, '{key,level,asin,sku,skus,parent_asin,title,price,status}'::text[] || names, asins,
                          made.rows, made.sums);
END $$;

-- The days of all marketplaces, from Amazon's totals: one row a marketplace and day of the last 400.
DROP FUNCTION IF EXISTS sp_sheet_snapshot_daily(text, timestamptz);
CREATE OR REPLACE FUNCTION sp_sheet_snapshot_daily(currency text, now timestamptz)
RETURNS text LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
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
  SELECT concat('[', string_agg(json_build_array(l.key, l.code, l.date, l.state, l.units, l.order_items, l.sales,
           l.currency_code, l.sessions, l.page_views, l.buy_box, l.cvr, l.rate)::text, ', '
           ORDER BY l.key COLLATE "C"), ']') AS rows,
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

DROP FUNCTION IF EXISTS sp_sheet_snapshot(text, text, timestamptz);
CREATE OR REPLACE FUNCTION sp_sheet_snapshot(tab text, currency text, now timestamptz)
RETURNS text LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
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
  RETURN coalesce(refused, concat('{"ok": true, "data": ', sp_sheet_snapshot(tab, currency, at), ', "version": ',
    to_json(sp_sheet_version(at)), '}')::jsonb);
EXCEPTION WHEN OTHERS OR query_canceled THEN
  GET STACKED DIAGNOSTICS code = PG_EXCEPTION_HINT;
  RETURN sp_sheet_failed(SQLSTATE, SQLERRM, code);
END $$;
