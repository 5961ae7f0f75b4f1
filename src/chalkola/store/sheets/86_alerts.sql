-- What is wrong or deserves a look: the open alerts, the gravest first. An alert that another one explains is told by it.
CREATE OR REPLACE FUNCTION sp_sheet_alerts(marketplace text, rule text)
RETURNS jsonb LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
  sought constant text := CASE WHEN nullif(btrim(marketplace), '') IS NOT NULL THEN sp_sheet_marketplace(marketplace) END;
  named constant text := nullif(regexp_replace(lower(btrim(rule)), '[_\s]+', ' ', 'g'), '');
BEGIN
  RETURN jsonb_build_object(
    'header', jsonb_build_array('rule', 'marketplace', 'since', 'what', 'what to do'),
    'rows', (
      SELECT coalesce(jsonb_agg(jsonb_build_array(a.rule, m.code, to_char(a.raised_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'),
               concat_ws(' ', a.message, nullif(a.why, '')), nullif(a.todo, ''))
             ORDER BY array_position('{fault,warning,note}'::text[], a.severity), a.raised_at DESC, a.id), '[]')
      FROM sp_alerts a
      LEFT JOIN sp_sheet_marketplaces() m ON m.code = split_part(a.subject, ' ', 1)
      WHERE a.cured_at IS NULL AND a.cause IS NULL AND (named IS NULL OR a.rule = named)
        AND (sought IS NULL OR sought = 'ALL' OR m.code = sought)));
END $$;

CREATE OR REPLACE FUNCTION sheet_alerts(token text,
    marketplace text DEFAULT NULL, rule text DEFAULT NULL)
RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET statement_timeout = '6s' AS $$
DECLARE
  refused constant jsonb := sp_sheet_enter(token);
  at constant timestamptz := sp_sheet_now();
  code text;
BEGIN
  RETURN coalesce(refused, jsonb_build_object('ok', true, 'version', sp_sheet_version(at), 'data',
    sp_sheet_alerts(marketplace, rule)));
EXCEPTION WHEN OTHERS OR query_canceled THEN
  GET STACKED DIAGNOSTICS code = PG_EXCEPTION_HINT;
  RETURN sp_sheet_failed(SQLSTATE, SQLERRM, code);
END $$;
