-- How fresh and how complete the figures are.

CREATE OR REPLACE FUNCTION sp_sheet_status(marketplaces jsonb, now timestamptz)
RETURNS jsonb LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
DECLARE
  wanted constant text[] := ARRAY(SELECT sp_sheet_marketplace(p)
    FROM unnest(sp_sheet_texts(marketplaces, 'marketplaces')) AS u (p) WHERE p IS NOT NULL);
BEGIN
  RETURN jsonb_build_object(
    'header', jsonb_build_array('marketplace', 'last closed day', 'yesterday', 'rows', 'missing days', 'differing days',
                                'restated in 30 days', 'last load', 'say'),
    'rows', (
      SELECT coalesce(jsonb_agg(jsonb_build_array(c.code, c.closed, y.state, l.rows, c.closed - c.first_day + 1 - l.days,
                l.differing, r.restated, to_char(l.loaded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
                CASE WHEN c.closed IS NULL THEN 'no data yet'
                     ELSE concat('complete to ', c.closed, CASE WHEN c.closed - c.first_day + 1 > l.days
                       THEN format(', %s days before it are missing', c.closed - c.first_day + 1 - l.days) END,
                       CASE y.state WHEN 'closed' THEN '' WHEN 'preliminary' THEN '; yesterday is preliminary'
                       ELSE '; yesterday is ' || sp_sheet_due(c.scope, c.zone, c.today - 1, now) END) END) ORDER BY c.place), '[]')
      FROM sp_sheet_calendar(now) c
      CROSS JOIN LATERAL (
        SELECT sum(s.row_count) AS rows, max(s.loaded_at) AS loaded_at, count(*) FILTER (WHERE s.state = 'differs') AS differing,
               (count(*) FILTER (WHERE s.first_day <= c.closed AND (s.state IN ('proven', 'differs', 'empty')
                                                                    OR s.row_count > 0)))::integer AS days
        FROM sp_slices s WHERE s.dataset = 'sales_and_traffic' AND s.scope = c.scope) AS l
      CROSS JOIN LATERAL (
        SELECT count(DISTINCT t.first_day) AS restated FROM sp_restatements t
        WHERE t.dataset = 'sales_and_traffic' AND t.scope = c.scope AND t.restated_at > now - interval '30 days') AS r
      CROSS JOIN LATERAL (
        SELECT CASE WHEN c.closed >= c.today - 1 THEN 'closed' WHEN EXISTS (
            SELECT FROM sp_slices s WHERE s.dataset = 'sales_and_traffic' AND s.scope = c.scope
            AND s.first_day = c.today - 1 AND (s.state IN ('proven', 'differs', 'empty') OR s.row_count > 0))
          THEN 'preliminary' ELSE 'due' END AS state) AS y
      WHERE CASE WHEN wanted IN ('{}', '{ALL}') THEN c.closed IS NOT NULL ELSE c.code = ANY (wanted) END));
END $$;

CREATE OR REPLACE FUNCTION sheet_status(token text, marketplaces jsonb DEFAULT NULL)
RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET statement_timeout = '6s' AS $$
DECLARE
  refused constant jsonb := sp_sheet_enter(token);
  at constant timestamptz := sp_sheet_now();
  code text;
BEGIN
  RETURN coalesce(refused, jsonb_build_object('ok', true, 'version', sp_sheet_version(at), 'data',
    sp_sheet_status(marketplaces, at)));
EXCEPTION WHEN OTHERS OR query_canceled THEN
  GET STACKED DIAGNOSTICS code = PG_EXCEPTION_HINT;
  RETURN sp_sheet_failed(SQLSTATE, SQLERRM, code);
END $$;
