-- Sums of any days, from the running sums of months and, where rows were written since, from the rows. Never from both.

-- The n-th window is days `firsts[n]` to `lasts[n]` of marketplace `ids[n]`, and of `cols[n]`. Its parts: days lo + 1 to hi of
-- a month, as bits in `days`; summed, or to be read from the rows. What the marketplace's currency is in `target`: `fine` (for
-- ten-thousandths) where all days of a part have one rate; else by runs of days that have one, of which `los`, `his` and
-- `fines` are the same. `rates` has each day's. Both are NULL where the window lacks a rate of any day.
DROP FUNCTION IF EXISTS sp_sum_parts(integer[], uuid[], date[], date[], boolean, text);
CREATE OR REPLACE FUNCTION sp_sum_parts(cols integer[], ids uuid[], firsts date[], lasts date[], of_parents boolean,
                                        target text)
RETURNS TABLE (col integer, marketplace_id uuid, month date, lo integer, hi integer, days integer, is_summed boolean,
               fine numeric, los integer[], his integer[], fines numeric[], rates numeric[])
LANGUAGE sql STABLE ROWS 40 SET search_path = public, pg_temp AS $$
  WITH windows AS (
    SELECT w.n, w.col, w.marketplace_id, w.first, w.last, m.currency_code, m.currency_code = target OR target IS NULL AS is_own
    FROM unnest(cols, ids, firsts, lasts) WITH ORDINALITY AS w (col, marketplace_id, first, last, n)
    LEFT JOIN sp_sheet_marketplaces() m USING (marketplace_id) WHERE w.first <= w.last
  ), rates AS MATERIALIZED (
    SELECT r.* FROM sp_sheet_rates(ARRAY(SELECT DISTINCT w.currency_code FROM windows w WHERE NOT w.is_own), target,
      (SELECT min(w.first) FROM windows w), (SELECT max(w.last) FROM windows w)) r
    WHERE EXISTS (SELECT FROM windows w WHERE NOT w.is_own)
  ), dated AS (
    SELECT w.n, g::date AS date, r.rate, date_trunc('month', g)::date AS month,
           count(r.rate) OVER (PARTITION BY w.n) = w.last - w.first + 1 AS is_whole,
           (r.rate IS DISTINCT FROM lag(r.rate) OVER (PARTITION BY w.n, date_trunc('month', g) ORDER BY g))::integer AS changes
    FROM windows w CROSS JOIN generate_series(w.first::timestamp, w.last::timestamp, interval '1 day') g
    LEFT JOIN rates r ON r.currency_code = w.currency_code AND r.date = g::date WHERE NOT w.is_own
  ), runs AS (
    SELECT d.n, d.month, min(d.date) - d.month AS lo, max(d.date) - d.month + 1 AS hi, min(d.rate) * 0.0001 AS fine
    FROM (SELECT e.*, sum(e.changes) OVER (PARTITION BY e.n, e.month ORDER BY e.date) AS run FROM dated e WHERE e.is_whole) AS d
    GROUP BY d.n, d.month, d.run
  ), rated AS (
    SELECT r.n, r.month, array_agg(r.lo ORDER BY r.lo) AS los, array_agg(r.hi ORDER BY r.lo) AS his,
           array_agg(r.fine ORDER BY r.lo) AS fines FROM runs r GROUP BY 1, 2
  ), of_days AS (
    SELECT d.n, d.month, array_agg(d.rate ORDER BY d.date) AS rates FROM dated d WHERE d.is_whole GROUP BY 1, 2
  ), parts AS (
    SELECT w.n, w.col, w.marketplace_id, w.is_own, m.month, greatest(w.first - m.month, 0) AS lo,
           least(w.last, (m.month + interval '1 month')::date - 1) - m.month + 1 AS hi
    FROM windows w
    CROSS JOIN LATERAL generate_series(date_trunc('month', w.first::timestamp), w.last::timestamp, interval '1 month') AS g
    CROSS JOIN LATERAL (SELECT g::date) AS m (month)
  )
  SELECT p.col, p.marketplace_id, p.month, p.lo, p.hi, ((1::bigint << p.hi) - (1::bigint << p.lo))::integer,
         NOT EXISTS (SELECT FROM sp_unsummed u WHERE u.of_parents = sp_sum_parts.of_parents
                     AND u.marketplace_id = p.marketplace_id AND u.month = p.month),
         CASE WHEN p.is_own THEN 0.0001 WHEN cardinality(r.fines) = 1 THEN r.fines[1] END, r.los, r.his, r.fines,
         CASE WHEN p.is_own THEN array_fill(1::numeric, ARRAY[p.hi - p.lo]) ELSE d.rates END
  FROM parts p LEFT JOIN rated r ON r.n = p.n AND r.month = p.month LEFT JOIN of_days d ON d.n = p.n AND d.month = p.month;
$$;

-- A query for some series (`sp_sum_series`) of windows: $1 to $4 are the windows as above, $5 the currency or NULL. It gives
-- (col, marketplace_id, child_asin, parent_asin, a column for each series), of a child and parent as many lines as there are:
-- they are to be added. NULL: not known on any of the line's days.
CREATE OR REPLACE FUNCTION sp_sum_query(wanted text[], of_parents boolean)
RETURNS text LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
  SELECT format($sql$
    -- Each month is read once, by its index (OFFSET 0 lets nobody turn the joins around).
    WITH parts AS MATERIALIZED (SELECT * FROM sp_sum_parts($1, $2, $3, $4, %1$L, %6$s))
    SELECT p.col, s.marketplace_id, s.child_asin, s.parent_asin, %2$s
    FROM (
      SELECT r.* FROM (SELECT DISTINCT o.marketplace_id, o.month FROM parts o WHERE o.is_summed) AS m
      CROSS JOIN LATERAL (
        SELECT * FROM sp_month_sums r WHERE r.marketplace_id = m.marketplace_id AND r.of_parents = %1$L AND r.month = m.month
        OFFSET 0) AS r OFFSET 0) AS s
    JOIN parts p ON p.marketplace_id = s.marketplace_id AND p.month = s.month
    WHERE s.seen & p.days <> 0
    UNION ALL
    SELECT p.col, t.marketplace_id, %3$s, t.parent_asin, %4$s
    FROM parts p CROSS JOIN LATERAL (
      SELECT * FROM %5$I r
      WHERE r.marketplace_id = p.marketplace_id AND r.date BETWEEN p.month + p.lo AND p.month + p.hi - 1 OFFSET 0) AS t
    WHERE NOT p.is_summed$sql$,
    of_parents,
    string_agg(format(CASE
      WHEN s.base IS NOT NULL
        THEN 'coalesce(s.%1$I[p.hi], s.%2$I[p.hi], 0) - coalesce(s.%1$I[p.lo], s.%2$I[p.lo], 0) AS %1$I'
      WHEN s.is_money
        THEN 'CASE WHEN s.%1$s_known & p.days = 0 THEN NULL'
             ' WHEN p.fine IS NOT NULL THEN (coalesce(s.%1$I[p.hi], 0) - coalesce(s.%1$I[p.lo], 0)) * p.fine'
             ' ELSE (SELECT sum((coalesce(s.%1$I[o.hi], 0) - coalesce(s.%1$I[o.lo], 0)) * o.fine)'
             ' FROM unnest(p.los, p.his, p.fines) AS o (lo, hi, fine)) END AS %1$I'
      ELSE 'CASE WHEN s.%1$s_known & p.days <> 0 THEN (coalesce(s.%1$I[p.hi], 0) - coalesce(s.%1$I[p.lo], 0))%3$s END AS %1$I'
      END, s.name, s.base, CASE WHEN s.scale <> 1 THEN ' * ' || s.scale END), ', ' ORDER BY w.n),
    CASE WHEN of_parents THEN 'NULL::text' ELSE 't.child_asin' END,
    string_agg(format('%s%s AS %I', s.of_row, CASE WHEN s.is_money THEN ' * p.rates[t.date - p.month - p.lo + 1]' END, s.name),
               ', ' ORDER BY w.n),
    CASE WHEN of_parents THEN 'sp_daily_parent_data' ELSE 'sp_daily_asin_data' END,
    CASE WHEN bool_or(s.is_money) THEN '$5' ELSE 'NULL' END)
  FROM unnest(wanted) WITH ORDINALITY AS w (name, n) JOIN sp_sum_series() s USING (name);
$$;

-- The sums of days `first` to `last`, both included: one row for each marketplace, child and parent with a row in them; of
-- parents (Amazon's own figures of them) child_asin is NULL. Money is in the marketplace's currency, or in `target` at each
-- day's rate; NULL where a rate is lacking. Shares and rates are to be divided from sums: buy box = buy_box_views /
-- buy_box_of, mobile = mobile_sessions / mobile_of, business = b2b_sessions / b2b_of, refund rate = refunds / refunds_of.
-- NULL is what Amazon has said nothing of; of what is divided by also 0.
CREATE OR REPLACE FUNCTION sp_sums(marketplaces uuid[], first date, last date, target text DEFAULT NULL,
                                   of_parents boolean DEFAULT false)
RETURNS TABLE (marketplace_id uuid, child_asin text, parent_asin text, units numeric, sales numeric, sessions numeric,
               page_views numeric, buy_box_views numeric, buy_box_of numeric, order_items numeric, mobile_sessions numeric,
               mobile_of numeric, b2b_sessions numeric, b2b_of numeric, refunds numeric, refunds_of numeric,
               units_b2b numeric, sales_b2b numeric)
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
BEGIN
  RETURN QUERY EXECUTE (
    SELECT format('SELECT marketplace_id, child_asin, parent_asin, %s FROM (%s) AS q GROUP BY 1, 2, 3',
      string_agg(format(CASE WHEN s.base IS NULL THEN 'sum(%I)::numeric' ELSE 'nullif(sum(%I), 0)::numeric' END, s.name), ', '
                 ORDER BY s.place),
      sp_sum_query(array_agg(s.name ORDER BY s.place), sp_sums.of_parents)) FROM sp_sum_series() s)
    USING array_fill(1, ARRAY[cardinality(marketplaces)]), marketplaces, array_fill(first, ARRAY[cardinality(marketplaces)]),
          array_fill(last, ARRAY[cardinality(marketplaces)]), target;
END $$;
