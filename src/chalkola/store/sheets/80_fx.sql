-- The rate by which money is converted on a day: that of the day, or the last one published before it.
CREATE OR REPLACE FUNCTION sp_sheet_fx(source text, target text, date text, now timestamptz)
RETURNS jsonb LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
  one constant text := sp_sheet_currency(source);
  other constant text := sp_sheet_currency(target);
  day constant date := coalesce(sp_sheet_date(date, 'date'), (now AT TIME ZONE 'UTC')::date);
  answer jsonb;
BEGIN
  IF one IS NULL OR other IS NULL THEN
    PERFORM sp_sheet_refuse('bad_argument', 'Give two currencies, such as GBP and EUR.');
  END IF;
  SELECT jsonb_build_object('rate', trim_scale(round(r.rate, 10)), 'date',
           (SELECT coalesce(max(f.date), day) FROM fx_rates f WHERE f.currency_code IN (one, other) AND f.date <= day))
  INTO answer FROM sp_sheet_rates(ARRAY[one], other, day, day) r;
  IF answer IS NULL THEN
    PERFORM sp_sheet_refuse('no_data_yet', format('no data yet: no rate of %s and %s on %s or in the ten days before it.',
                                                  one, other, day));
  END IF;
  RETURN answer;
END $$;

CREATE OR REPLACE FUNCTION sheet_fx(token text,
    source text DEFAULT NULL, target text DEFAULT NULL, date text DEFAULT NULL)
RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET statement_timeout = '6s' AS $$
DECLARE
  refused constant jsonb := sp_sheet_enter(token);
  at constant timestamptz := sp_sheet_now();
  code text;
BEGIN
  RETURN coalesce(refused, jsonb_build_object('ok', true, 'version', sp_sheet_version(at), 'data',
    sp_sheet_fx(source, target, date, at)));
EXCEPTION WHEN OTHERS OR query_canceled THEN
  GET STACKED DIAGNOSTICS code = PG_EXCEPTION_HINT;
  RETURN sp_sheet_failed(SQLSTATE, SQLERRM, code);
END $$;
