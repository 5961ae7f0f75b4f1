-- What arrives with later datasets: the answer says so until then.
CREATE OR REPLACE FUNCTION sp_sheet_later(what text)
RETURNS jsonb LANGUAGE plpgsql IMMUTABLE SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM sp_sheet_refuse('no_data_yet', format('no data yet: %s is not collected.', what));
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION sheet_stock(token text,
    items jsonb DEFAULT NULL, marketplace text DEFAULT NULL, status text DEFAULT NULL)
RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET statement_timeout = '6s' AS $$
DECLARE
  refused constant jsonb := sp_sheet_enter(token);
  at constant timestamptz := sp_sheet_now();
  code text;
BEGIN
  RETURN coalesce(refused, jsonb_build_object('ok', true, 'version', sp_sheet_version(at), 'data',
    sp_sheet_later('stock')));
EXCEPTION WHEN OTHERS OR query_canceled THEN
  GET STACKED DIAGNOSTICS code = PG_EXCEPTION_HINT;
  RETURN sp_sheet_failed(SQLSTATE, SQLERRM, code);
END $$;

CREATE OR REPLACE FUNCTION sheet_cover(token text,
    items jsonb DEFAULT NULL, marketplace text DEFAULT NULL, days text DEFAULT NULL,
    inbound text DEFAULT NULL)
RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET statement_timeout = '6s' AS $$
DECLARE
  refused constant jsonb := sp_sheet_enter(token);
  at constant timestamptz := sp_sheet_now();
  code text;
BEGIN
  RETURN coalesce(refused, jsonb_build_object('ok', true, 'version', sp_sheet_version(at), 'data',
    sp_sheet_later('stock')));
EXCEPTION WHEN OTHERS OR query_canceled THEN
  GET STACKED DIAGNOSTICS code = PG_EXCEPTION_HINT;
  RETURN sp_sheet_failed(SQLSTATE, SQLERRM, code);
END $$;

CREATE OR REPLACE FUNCTION sheet_ads(token text,
    items jsonb DEFAULT NULL, marketplace text DEFAULT NULL, metric text DEFAULT NULL,
    period text DEFAULT NULL, currency text DEFAULT NULL, start text DEFAULT NULL,
    "end" text DEFAULT NULL)
RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET statement_timeout = '6s' AS $$
DECLARE
  refused constant jsonb := sp_sheet_enter(token);
  at constant timestamptz := sp_sheet_now();
  code text;
BEGIN
  RETURN coalesce(refused, jsonb_build_object('ok', true, 'version', sp_sheet_version(at), 'data',
    sp_sheet_later('advertising')));
EXCEPTION WHEN OTHERS OR query_canceled THEN
  GET STACKED DIAGNOSTICS code = PG_EXCEPTION_HINT;
  RETURN sp_sheet_failed(SQLSTATE, SQLERRM, code);
END $$;
