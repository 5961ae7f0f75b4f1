-- What tabs there are, and how fresh.

CREATE OR REPLACE FUNCTION sp_sheet_meta(currency text, now timestamptz)
RETURNS jsonb LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
  target constant text := sp_sheet_currency(currency);
BEGIN
  RETURN (
    WITH there AS MATERIALIZED (SELECT * FROM sp_sheet_calendar(now) c WHERE c.closed IS NOT NULL),
    together AS (SELECT min(closed) AS closed FROM there WHERE closed >= (SELECT max(closed) FROM there) - 7),
    known AS (
      SELECT k.marketplace_id, count(*) AS rows FROM sp_sheet_known(ARRAY(SELECT marketplace_id FROM there)) k
      WHERE k.last_day >= (now AT TIME ZONE 'UTC')::date - 400 OR k.is_listed GROUP BY 1)
    SELECT jsonb_build_object(
      'tabs', (SELECT coalesce(jsonb_agg(jsonb_build_object('tab', '_' || c.code, 'marketplace', c.code, 'rows',
                 coalesce(k.rows, 0)) ORDER BY c.place), '[]')
               FROM there c LEFT JOIN known k USING (marketplace_id))
              || CASE WHEN EXISTS (SELECT FROM there) THEN
                   '[{"tab": "_ALL", "marketplace": "ALL"}, {"tab": "_daily"}]'::jsonb ELSE '[]' END,
      'last_closed', (SELECT coalesce(jsonb_object_agg(c.code, c.closed), '{}') FROM there c)
                     || coalesce((SELECT jsonb_build_object('ALL', t.closed) FROM together t WHERE t.closed IS NOT NULL), '{}'),
      'fx_date', (SELECT max(f.date) FROM fx_rates f WHERE target IS NULL OR target = 'EUR' OR f.currency_code = target),
      'made_at', (SELECT to_char(max(s.loaded_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') FROM sp_slices s
                  WHERE s.dataset IN ('sales_and_traffic', 'daily_totals', 'daily_parents')),
      'freshness', (
        SELECT CASE WHEN max(c.closed) IS NULL THEN 'No data yet.' ELSE concat('Up to ', max(c.closed),
          coalesce('; ' || string_agg(concat(c.code, ' up to ', c.closed), ', ' ORDER BY c.place)
                   FILTER (WHERE c.closed < (SELECT max(closed) FROM there)), ''), '.') END FROM there c)));
END $$;

CREATE OR REPLACE FUNCTION sheet_meta(token text,
    currency text DEFAULT NULL)
RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET statement_timeout = '6s' AS $$
DECLARE
  refused constant jsonb := sp_sheet_enter(token);
  at constant timestamptz := sp_sheet_now();
  code text;
BEGIN
  RETURN coalesce(refused, jsonb_build_object('ok', true, 'version', sp_sheet_version(at), 'data',
    sp_sheet_meta(currency, at)));
EXCEPTION WHEN OTHERS OR query_canceled THEN
  GET STACKED DIAGNOSTICS code = PG_EXCEPTION_HINT;
  RETURN sp_sheet_failed(SQLSTATE, SQLERRM, code);
END $$;
