-- The products with most or least of a metric, or whose metric moved most, beside the period before.
CREATE OR REPLACE FUNCTION sp_sheet_top(marketplace text, metric text, period text, n text, direction text, level text,
                                        currency text, start text, "end" text, now timestamptz)
RETURNS jsonb LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
  wanted constant text := sp_sheet_metric(metric);
  place constant text := sp_sheet_marketplace(marketplace);
  target constant text := sp_sheet_target(wanted, ARRAY[place], currency);
  most constant integer := sp_sheet_number(n, 'n', 1, 1000, 20);
  towards constant text := sp_sheet_choice(direction, 'direction', '{most,least,up,down}');
  of_level constant text := sp_sheet_choice(level, 'level', '{child,parent}');
  columns constant jsonb := sp_sheet_pair(place, period, 'previous', start, "end", target, now);
  asins constant text[] := ARRAY(
    SELECT DISTINCT k.asin
    FROM sp_sheet_known(ARRAY(SELECT m::uuid FROM jsonb_array_elements_text(columns -> 0 -> 'members') m)) k
    WHERE k.level = of_level);
  rows jsonb;
BEGIN
  WITH figures AS (
    SELECT asins[c.n] AS asin, max(c.figures[1]) FILTER (WHERE c.col = 1) AS this, max(c.figures[1]) FILTER (WHERE c.col = 2) AS that
    FROM sp_sheet_cells(ARRAY[wanted], asins, columns, target) c GROUP BY 1
  ), ranked AS (
    SELECT f.*, row_number() OVER (ORDER BY CASE towards WHEN 'most' THEN -f.this WHEN 'least' THEN f.this
                                              WHEN 'up' THEN f.that - f.this ELSE f.this - f.that END, f.asin COLLATE "C") AS place
    FROM figures f
    WHERE f.this IS NOT NULL AND (towards NOT IN ('up', 'down') OR CASE towards WHEN 'up' THEN f.this > f.that ELSE f.this < f.that END)
  )
  SELECT coalesce(jsonb_agg(jsonb_build_array(r.asin, f.title, f.sku, r.this, r.that, r.this - r.that,
                                              round((r.this - r.that) / nullif(r.that, 0), 4)) ORDER BY r.place), '[]')
  INTO rows
  FROM ranked r
  LEFT JOIN sp_sheet_facts(ARRAY(SELECT t.asin FROM ranked t WHERE t.place <= most),
                           ARRAY(SELECT m::uuid FROM jsonb_array_elements_text(columns -> 0 -> 'members') m)) f ON f.asin = r.asin
  WHERE r.place <= most;
  RETURN jsonb_build_object('header', jsonb_build_array('asin', 'title', 'sku', wanted, 'before', 'change', 'change ratio'),
                            'now', sp_sheet_told(columns) -> 0, 'then', sp_sheet_told(columns) -> 1, 'rows', rows);
END $$;

CREATE OR REPLACE FUNCTION sheet_top(token text,
    marketplace text DEFAULT NULL, metric text DEFAULT NULL, period text DEFAULT NULL,
    n text DEFAULT NULL, direction text DEFAULT NULL, level text DEFAULT NULL,
    currency text DEFAULT NULL, start text DEFAULT NULL, "end" text DEFAULT NULL)
RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET statement_timeout = '6s' AS $$
DECLARE
  refused constant jsonb := sp_sheet_enter(token);
  at constant timestamptz := sp_sheet_now();
  code text;
BEGIN
  RETURN coalesce(refused, jsonb_build_object('ok', true, 'version', sp_sheet_version(at), 'data',
    sp_sheet_top(marketplace, metric, period, n, direction, level, currency, start, "end", at)));
EXCEPTION WHEN OTHERS OR query_canceled THEN
  GET STACKED DIAGNOSTICS code = PG_EXCEPTION_HINT;
  RETURN sp_sheet_failed(SQLSTATE, SQLERRM, code);
END $$;
