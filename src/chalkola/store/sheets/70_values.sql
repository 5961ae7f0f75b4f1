-- A metric of many products at once: one row an item, one column a marketplace and period.

CREATE OR REPLACE FUNCTION sp_sheet_values(metric text, items jsonb, marketplaces jsonb, periods jsonb, currency text,
                                           start text, "end" text, now timestamptz)
RETURNS jsonb LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
DECLARE
  wanted constant text := sp_sheet_metric(metric);
  places constant text[] := sp_sheet_places(marketplaces);
  words constant text[] := array_remove(sp_sheet_texts(periods, 'periods'), NULL);
  listed constant text[] := sp_sheet_items(items, places);
  target text;
  columns jsonb;
BEGIN
  PERFORM sp_sheet_check_grid(places, words, cardinality(listed));
  target := sp_sheet_target(wanted, places, currency);
  columns := sp_sheet_grid(places, words, start, "end", target, now);
  RETURN jsonb_build_object('columns', sp_sheet_told(columns), 'items', to_jsonb(listed),
                            'rows', sp_sheet_rows(wanted, listed, columns, target));
END $$;

CREATE OR REPLACE FUNCTION sheet_values(token text, metric text DEFAULT NULL, items jsonb DEFAULT NULL,
                                        marketplaces jsonb DEFAULT NULL, periods jsonb DEFAULT NULL,
                                        currency text DEFAULT NULL, start text DEFAULT NULL, "end" text DEFAULT NULL)
RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET statement_timeout = '6s' AS $$
DECLARE
  refused constant jsonb := sp_sheet_enter(token);
  at constant timestamptz := sp_sheet_now();
  code text;
BEGIN
  RETURN coalesce(refused, jsonb_build_object('ok', true, 'version', sp_sheet_version(at), 'data',
    sp_sheet_values(metric, items, marketplaces, periods, currency, start, "end", at)));
EXCEPTION WHEN OTHERS OR query_canceled THEN
  GET STACKED DIAGNOSTICS code = PG_EXCEPTION_HINT;
  RETURN sp_sheet_failed(SQLSTATE, SQLERRM, code);
END $$;
