-- The figures of a whole tab. Its columns are the same for all of its products, so a product is one line with a sum for each
-- of them: every month is read once, however many periods it is part of.

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

-- The columns of a tab that are figures, in their order.
CREATE OR REPLACE FUNCTION sp_tab_names()
RETURNS TABLE (place integer, name text, metric text, col integer)
LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
  SELECT (row_number() OVER (ORDER BY s.place = 13, m.n, s.place))::integer, concat(m.metric, '_', s.slug), m.metric, s.place
  FROM unnest('{units,sales,sessions,page_views,buy_box}'::text[]) WITH ORDINALITY AS m (metric, n) CROSS JOIN sp_sheet_slugs() s
  WHERE s.slug <> 'yesterday' OR m.metric IN ('units', 'sales', 'sessions');
$$;

-- The columns that have figures, by month, which are numbered: days lo + 1 to hi of it, as bits in `days`.
CREATE OR REPLACE FUNCTION sp_tab_parts(columns jsonb)
RETURNS TABLE (col integer, n bigint, month date, lo integer, hi integer, days integer)
LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
  SELECT c.col, dense_rank() OVER (ORDER BY p.month), p.month, p.lo, p.hi, ((1::bigint << p.hi) - (1::bigint << p.lo))::integer
  FROM jsonb_to_recordset(columns) AS c (col integer, first date, last date, state text)
  CROSS JOIN LATERAL generate_series(date_trunc('month', c.first::timestamp), c.last::timestamp, interval '1 month') AS g (at)
  CROSS JOIN LATERAL (
    SELECT g.at::date, greatest(c.first - g.at::date, 0), least(c.last, (g.at + interval '1 month')::date - 1) - g.at::date + 1
  ) AS p (month, lo, hi)
  WHERE c.state IN ('closed', 'preliminary');
$$;

-- The n-th month cut where a column begins or ends: each column is made of whole pieces.
CREATE OR REPLACE FUNCTION sp_tab_pieces(columns jsonb)
RETURNS TABLE (n bigint, month date, lo integer, hi integer)
LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
  WITH parts AS MATERIALIZED (SELECT * FROM sp_tab_parts(columns)),
  ends AS (SELECT p.n, p.month, p.lo AS day FROM parts p UNION SELECT p.n, p.month, p.hi FROM parts p)
  SELECT c.* FROM (SELECT e.n, e.month, e.day, lead(e.day) OVER (PARTITION BY e.n ORDER BY e.day) AS hi FROM ends e) AS c
  WHERE EXISTS (SELECT FROM parts p WHERE p.n = c.n AND p.lo <= c.day AND p.hi >= c.hi);
$$;

-- What a series of a line `m1` (`m2`, ...) of sp_month_sums is in `target` on the days of each piece, as an expression for
-- `i.currency_code`: a running sum counts with its day's rate less the next day's. A day without a rate counts as 0, and the
-- columns that it is part of are not to be shown.
CREATE OR REPLACE FUNCTION sp_tab_money(columns jsonb, series text, target text)
RETURNS TABLE (n bigint, lo integer, in_target text)
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
  WITH pieces AS MATERIALIZED (SELECT * FROM sp_tab_pieces(columns)),
  rates AS MATERIALIZED (
    SELECT r.* FROM sp_sheet_rates(ARRAY(
      SELECT DISTINCT m.currency_code FROM jsonb_array_elements_text(columns -> 0 -> 'members') AS i (id)
      JOIN sp_sheet_marketplaces() m ON m.marketplace_id = i.id::uuid), target,
      (SELECT min(p.month + p.lo) FROM pieces p), (SELECT max(p.month + p.hi - 1) FROM pieces p)) r
  ), weights AS (
    SELECT p.n, p.lo, r.currency_code, d.day, sum(d.weight) AS weight
    FROM pieces p JOIN rates r ON r.date BETWEEN p.month + p.lo AND p.month + p.hi - 1
    CROSS JOIN LATERAL (VALUES (r.date - p.month + 1, r.rate), (r.date - p.month, -r.rate)) AS d (day, weight)
    WHERE d.day > 0 GROUP BY 1, 2, 3, 4
  ), terms AS (
    SELECT w.n, w.lo, format('WHEN %L THEN %s', w.currency_code, string_agg(CASE w.weight
             WHEN 1 THEN format('m%s.%I[%s]', w.n, series, w.day) WHEN -1 THEN format('-m%s.%I[%s]', w.n, series, w.day)
             ELSE format('m%s.%I[%s] * (%s)', w.n, series, w.day, w.weight) END, ' + ' ORDER BY w.day)) AS said
    FROM weights w WHERE w.weight <> 0 GROUP BY 1, 2, w.currency_code
  )
  SELECT p.n, p.lo, coalesce('coalesce(CASE i.currency_code ' || string_agg(t.said, ' ') || ' END, 0::numeric)', '0::numeric')
  FROM pieces p LEFT JOIN terms t USING (n, lo) GROUP BY 1, 2;
$$;

-- What the columns are, of the lines `m1`, `m2`, ... of sp_month_sums, and of a row `t`, as expressions: 'there' (whether there
-- is a row) and some series. Money that is to be in `target` is made of pieces, `o`.
CREATE OR REPLACE FUNCTION sp_tab_cells(wanted text[], columns jsonb, target text)
RETURNS TABLE (name text, of_all text, of_months text, of_rows text)
LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
  WITH parts AS MATERIALIZED (SELECT * FROM sp_tab_parts(columns)),
  series AS MATERIALIZED (
    SELECT s.*, s.is_money AND target IS NOT NULL AS is_converted FROM sp_sum_series() s WHERE s.name = ANY (wanted)
  ), spans AS (
    SELECT p.col, min(p.month + p.lo) AS first, max(p.month + p.hi - 1) AS last, count(*) > 1 AS is_long,
           string_agg(format('coalesce(m%s.seen & %s, 0)', p.n, p.days), ' | ') AS seen
    FROM parts p GROUP BY 1
  ), running AS (
    SELECT p.col, s.place, format(CASE WHEN c.is_long THEN 'coalesce(m%s.%I & %s, 0)' ELSE 'm%s.%I & %s' END, p.n,
             s.name || '_known', p.days) AS known, format('coalesce(%s, 0)', (
             SELECT string_agg(concat(format('m%s.%I[%s]', p.n, b.name, p.hi),
                      CASE WHEN p.lo > 0 THEN format(' - m%s.%I[%s]', p.n, b.name, p.lo) END), ', ' ORDER BY b.n)
             FROM (VALUES (1, s.name), (2, s.base)) AS b (n, name) WHERE b.name IS NOT NULL)) AS sum
    FROM parts p JOIN spans c USING (col) CROSS JOIN series s
  ), sums AS (
    SELECT r.col, r.place, string_agg(r.known, ' | ') AS known, string_agg(r.sum, ' + ') AS sum FROM running r GROUP BY 1, 2
  ), pieces AS (
    SELECT p.col, s.place, string_agg(format('o.%I', concat(s.name, '_', c.n, '_', c.lo)), ' + ') AS sum
    FROM sp_tab_pieces(columns) c JOIN parts p ON p.n = c.n AND p.lo <= c.lo AND p.hi >= c.hi
    JOIN series s ON s.is_converted GROUP BY 1, 2
  )
  SELECT format('there_%s', p.col), 'bool_or', format('(%s) <> 0', p.seen), format('t.date BETWEEN %L AND %L', p.first, p.last)
  FROM spans p
  UNION ALL
  SELECT format('%s_%s', s.name, p.col), 'sum',
    format(CASE WHEN s.base IS NULL THEN 'CASE WHEN (%2$s) <> 0 THEN %3$s%1$s END' ELSE '%3$s%1$s' END, coalesce(c.sum, u.sum),
           u.known, CASE WHEN p.is_long THEN '0::bigint + ' END),
    format('CASE WHEN t.date BETWEEN %L AND %L THEN (%s)%s%s END', p.first, p.last, s.of_row,
           ' * ' || nullif(round(1 / s.scale), 1), CASE WHEN s.is_converted THEN ' * e.rate' END)
  FROM spans p CROSS JOIN series s JOIN sums u USING (col, place) LEFT JOIN pieces c USING (col, place);
$$;

-- A query for some series (`sp_sum_series`) of a tab's columns: $1 are its marketplaces, $2 the currency or NULL. It gives, of a
-- marketplace, child and parent as many lines as there are, which are to be added: `there_1` (whether it has a row in column 1)
-- and a sum for each series and column, such as `units_1`; what is not a whole number is in ten-thousandths. NULL: not known
-- on any of the column's days.
CREATE OR REPLACE FUNCTION sp_tab_sums(wanted text[], columns jsonb, of_parents boolean, target text)
RETURNS text LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
  WITH cells AS MATERIALIZED (SELECT * FROM sp_tab_cells(wanted, columns, target)),
  months AS MATERIALIZED (
    SELECT p.n, p.month, min(p.lo) AS lo, max(p.hi) AS hi, ARRAY(
      SELECT DISTINCT u.marketplace_id FROM sp_unsummed u
      WHERE u.of_parents = sp_tab_sums.of_parents AND u.month = p.month
        AND u.marketplace_id IN (SELECT e::uuid FROM jsonb_array_elements_text(columns -> 0 -> 'members') AS e)) AS unsummed
    FROM sp_tab_parts(columns) p GROUP BY 1, 2
  ), pieces AS (
    SELECT format('%s AS %I', c.in_target, concat(s.name, '_', c.n, '_', c.lo)) AS said
    FROM sp_sum_series() s CROSS JOIN LATERAL sp_tab_money(columns, s.name, target) c
    WHERE s.is_money AND s.name = ANY (wanted) AND target IS NOT NULL
  )
  SELECT concat_ws(E'\nUNION ALL\n', format($sql$
    SELECT i.marketplace_id, s.child_asin, s.parent_asin, %1$s
    FROM (SELECT * FROM sp_sheet_marketplaces() p WHERE p.marketplace_id = ANY ($1)) AS i CROSS JOIN LATERAL (
      SELECT k.child_asin, k.parent_asin, %2$s
      FROM (SELECT DISTINCT r.child_asin, r.parent_asin FROM sp_month_sums r
            WHERE r.marketplace_id = i.marketplace_id AND r.of_parents = %3$L AND (%4$s)) AS k
      %5$s %6$s OFFSET 0) AS s$sql$,
    (SELECT string_agg(format('s.%I', c.name), ', ' ORDER BY c.name) FROM cells c),
    (SELECT string_agg(format('%s AS %I', c.of_months, c.name), ', ' ORDER BY c.name) FROM cells c), of_parents,
    (SELECT string_agg(format('r.month = %L%s', m.month, x.said), ' OR ') FROM months m CROSS JOIN LATERAL (
       SELECT CASE WHEN m.unsummed <> '{}' THEN format(' AND r.marketplace_id <> ALL (%L)', m.unsummed) END) AS x (said)),
    (SELECT string_agg(format('LEFT JOIN sp_month_sums m%1$s ON m%1$s.marketplace_id = i.marketplace_id AND m%1$s.of_parents = %2$L'
                              ' AND m%1$s.month = %3$L AND %4$s%5$s', m.n, of_parents, m.month,
       format('coalesce(m%1$s.child_asin, m%1$s.parent_asin) = coalesce(k.child_asin, k.parent_asin) AND m%1$s.child_asin IS NOT'
              ' DISTINCT FROM k.child_asin AND m%1$s.parent_asin IS NOT DISTINCT FROM k.parent_asin', m.n),
       CASE WHEN m.unsummed <> '{}' THEN format(' AND i.marketplace_id <> ALL (%L)', m.unsummed) END), ' ' ORDER BY m.n)
     FROM months m),
    (SELECT format('CROSS JOIN LATERAL (SELECT %s OFFSET 0) AS o', string_agg(p.said, ', ')) FROM pieces p HAVING count(*) > 0)),
    (SELECT format($sql$
    SELECT t.marketplace_id, %1$s, t.parent_asin, %2$s
    FROM (SELECT * FROM sp_sheet_marketplaces() p WHERE p.marketplace_id = ANY ($1)) AS i
    JOIN (VALUES %3$s) AS m (month, lo, hi, ids) ON i.marketplace_id = ANY (m.ids) CROSS JOIN LATERAL (
      SELECT * FROM %4$I r WHERE r.marketplace_id = i.marketplace_id AND r.date BETWEEN m.month + m.lo AND m.month + m.hi - 1
      OFFSET 0) AS t %5$s
    GROUP BY 1, 2, 3$sql$,
      CASE WHEN of_parents THEN 'NULL::text' ELSE 't.child_asin' END,
      (SELECT string_agg(format('%s(%s)', c.of_all, c.of_rows), ', ' ORDER BY c.name) FROM cells c),
      string_agg(format('(%L::date, %s, %s, %L::uuid[])', m.month, m.lo, m.hi, m.unsummed), ', '),
      CASE WHEN of_parents THEN 'sp_daily_parent_data' ELSE 'sp_daily_asin_data' END,
      CASE WHEN EXISTS (SELECT FROM pieces) THEN format('LEFT JOIN sp_sheet_rates(ARRAY(SELECT currency_code FROM'
        ' sp_sheet_marketplaces() WHERE marketplace_id = ANY ($1)), $2, %L, %L) AS e ON e.currency_code = i.currency_code'
        ' AND e.date = t.date', min(m.month + m.lo), max(m.month + m.hi - 1)) END)
     FROM months m WHERE m.unsummed <> '{}' HAVING count(*) > 0));
$$;

-- The lines that add up to a tab's figures: (n, bit of the marketplace, the columns of `sp_tab_sums`), from `found`, `children`
-- and `parents` of the query below. A parent's units and sales are its children's; its traffic is Amazon's own figure, and where
-- that is not there for all of a column's days, none is shown. `owned` are the columns of which it is.
CREATE OR REPLACE FUNCTION sp_tab_lines(wanted text[], columns jsonb, owned jsonb, have_parents boolean)
RETURNS text LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
  WITH cells AS MATERIALIZED (
    SELECT c.col, w.place, format('%s_%s', w.name, c.col) AS name, w.is_traffic, c.has_parents
    FROM jsonb_to_recordset(columns) AS c (col integer, state text, has_parents boolean)
    CROSS JOIN (SELECT 0 AS place, 'there' AS name, NULL AS is_traffic
                UNION ALL SELECT s.place, s.name, s.is_traffic FROM sp_sum_series() s WHERE s.name = ANY (wanted)) AS w
    WHERE c.state IN ('closed', 'preliminary'))
  SELECT concat_ws(E'\nUNION ALL\n',
    format('SELECT f.n, f.bit, %s FROM found f JOIN children c ON c.marketplace_id = f.marketplace_id'
           ' AND c.child_asin = f.asin WHERE f.level = ''child''', string_agg(format('c.%I', name), ', ' ORDER BY col, place)),
    CASE WHEN have_parents THEN
      format('SELECT f.n, f.bit, %s FROM found f JOIN children c ON c.marketplace_id = f.marketplace_id'
             ' AND c.parent_asin = f.asin WHERE f.level = ''parent''',
             string_agg(CASE WHEN is_traffic THEN 'NULL' ELSE format('c.%I', name) END, ', ' ORDER BY col, place)) END,
    CASE WHEN have_parents AND owned IS NOT NULL THEN
      format('SELECT f.n, f.bit, %s FROM found f JOIN parents c ON c.marketplace_id = f.marketplace_id'
             ' AND c.parent_asin = f.asin WHERE f.level = ''parent''',
             string_agg(CASE WHEN has_parents AND is_traffic IS NOT false THEN format('c.%I', name) ELSE 'NULL' END, ', '
                        ORDER BY col, place)) END)
  FROM cells;
$$;

-- The query of a tab's figures: $1 and $2 as `sp_tab_sums` has them, $3 to $6 what was found of its products (n, marketplace,
-- level, ASIN), $7 how many they are. It gives their lines as text, in order, and the sum of each column. Where no column has
-- figures, no sums are read.
CREATE OR REPLACE FUNCTION sp_tab_query(columns jsonb, priced jsonb, have_parents boolean, target text)
RETURNS text LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
  WITH metrics AS MATERIALIZED (
    SELECT m.*, s.is_traffic, CASE WHEN s.scale <> 1 THEN ' * ' || s.scale END AS scaled
    FROM sp_sheet_metrics() m JOIN sp_sum_series() s ON s.name = m.above WHERE m.metric IN (SELECT metric FROM sp_tab_names())
  ), wanted AS MATERIALIZED (
    SELECT array_agg(s.name ORDER BY s.place) AS names FROM sp_sum_series() s
    WHERE s.name IN (SELECT above FROM metrics UNION SELECT below FROM metrics)
  ), told AS MATERIALIZED (
    SELECT c.col, c.has_parents, priced -> c.col - 1 ->> 'state' <> 'none' AS is_priced
    FROM jsonb_to_recordset(columns) AS c (col integer, state text, has_parents boolean) WHERE c.state IN ('closed', 'preliminary')
  ), figures AS MATERIALIZED (
    SELECT n.place, n.name, CASE
      WHEN t.col IS NULL OR m.is_money AND NOT t.is_priced THEN CASE m.decimals WHEN 0 THEN 'NULL::bigint' ELSE 'NULL::numeric' END
      WHEN m.is_ratio THEN format('round(s.%I%s / nullif(s.%I, 0), %s)', m.above || '_' || t.col, m.scaled,
                                  m.below || '_' || t.col, m.decimals)
      ELSE format(CASE m.decimals WHEN 0 THEN '(%s)::bigint' ELSE 'round(%s, %s)' END,
        format('coalesce(s.%I%s, CASE WHEN p.%I & ~coalesce(s.%I, 0) <> 0 THEN 0 END)', m.above || '_' || t.col, m.scaled,
               CASE WHEN m.is_traffic AND NOT t.has_parents THEN 'children' ELSE 'known' END, 'there_' || t.col),
        m.decimals) END AS said, row_number() OVER (ORDER BY n.place) - row_number() OVER (PARTITION BY m.decimals ORDER BY n.place)
        AS run, m.decimals
    FROM sp_tab_names() n JOIN metrics m USING (metric) LEFT JOIN told t USING (col)
  ), owned AS (SELECT jsonb_agg(c) AS list FROM jsonb_array_elements(columns) c
               WHERE c -> 'has_parents' = 'true' AND c ->> 'state' IN ('closed', 'preliminary')
  ), sums AS (  -- NULL where no column has figures
    SELECT string_agg(format('bit_or(l.bit) FILTER (WHERE l.there_%1$s) AS there_%1$s, %2$s', t.col, (
             SELECT string_agg(format('sum(l.%1$I) AS %1$I', concat(u.name, '_', t.col)), ', ')
             FROM unnest((SELECT names FROM wanted)) AS u (name))), ', ') AS said
    FROM told t
  )
  SELECT format($sql$
    WITH found AS MATERIALIZED (
      SELECT f.*, 1 << m.place AS bit FROM unnest($3, $4, $5, $6) AS f (n, marketplace_id, level, asin)
      JOIN sp_sheet_marketplaces() m USING (marketplace_id)
    ), %1$s, places AS (  -- in which marketplaces a product is known, as what
      SELECT f.n, coalesce(bit_or(f.bit) FILTER (WHERE f.level = 'child'), 0) AS children, bit_or(f.bit) AS known
      FROM found f WHERE f.marketplace_id = ANY ($1) GROUP BY 1
    )
    SELECT array_agg(f.n), array_agg(btrim(replace(concat(%3$s), '][', ','), '[]')), ARRAY[%4$s]
    FROM (SELECT i.n, %2$s FROM generate_series(1, $7) AS i (n) LEFT JOIN places p ON p.n = i.n LEFT JOIN sums s ON s.n = i.n
          OFFSET 0) AS f$sql$,
    coalesce((SELECT format('children AS MATERIALIZED (%s), %slines AS (%s), sums AS (SELECT l.n, %s FROM lines l GROUP BY 1)',
                sp_tab_sums(w.names, columns, false, target),
                'parents AS MATERIALIZED (' || CASE WHEN have_parents AND o.list IS NOT NULL THEN sp_tab_sums(
                  ARRAY(SELECT t.name FROM sp_sum_series() t WHERE t.is_traffic AND t.name = ANY (w.names)), o.list, true, NULL)
                END || '), ', sp_tab_lines(w.names, columns, o.list, have_parents), s.said)
              FROM wanted w CROSS JOIN owned o CROSS JOIN sums s WHERE s.said IS NOT NULL), 'sums AS (SELECT NULL::integer AS n)'),
    (SELECT string_agg(format('%s AS %I', said, name), ', ' ORDER BY place) FROM figures),
    (SELECT string_agg(r.said, ', ' ORDER BY r.place) FROM (  -- whole numbers are written faster as such
       SELECT min(place) AS place, format('array_to_json(ARRAY[%s])', string_agg(format('f.%I', name), ', ' ORDER BY place)) AS said
       FROM figures GROUP BY decimals, run) AS r),
    (SELECT string_agg(format('sum(f.%I)', name), ', ' ORDER BY place) FROM figures));
$$;

-- The figures of a tab (`sp_tab_names`) in some columns (`sp_sheet_grid`; `priced` says of which there is money), of products
-- that were found (`sp_sheet_found`), `number` of them: the line of product `ns[i]` is `lines[i]`, and the sum of the n-th
-- figure `sums[n]`. Everything is joined by hashing, whatever a planner knows of the tables.
CREATE OR REPLACE FUNCTION sp_tab_figures(number integer, found_ns integer[], places uuid[], levels text[], asins text[],
    columns jsonb, priced jsonb, target text, OUT ns integer[], OUT lines text[], OUT sums numeric[])
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp SET work_mem = '32MB' SET jit = off SET enable_nestloop = off
  SET enable_mergejoin = off SET enable_sort = off AS $$
BEGIN
  EXECUTE sp_tab_query(columns, priced, coalesce('parent' = ANY (levels), false), target) INTO ns, lines, sums
  USING ARRAY(SELECT m::uuid FROM jsonb_array_elements_text(columns -> 0 -> 'members') m), target, found_ns, places, levels, asins,
        number;
END $$;
