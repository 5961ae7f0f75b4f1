-- A metric day by day: one row an item, one column a day.

-- The days end at the last closed one where only their number is given; up to an `end` they go whether closed or not.
CREATE OR REPLACE FUNCTION sp_sheet_daily(metric text, items jsonb, marketplace text, days text, start text, "end" text,
                                          currency text, now timestamptz)
RETURNS jsonb LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
DECLARE
  wanted constant text := sp_sheet_metric(metric);
  places constant text[] := ARRAY[sp_sheet_marketplace(marketplace)];
  listed constant text[] := sp_sheet_items(items, places);
  first date := sp_sheet_date(start, 'start');
  last date := sp_sheet_date("end", 'end');
  number integer := sp_sheet_number(days, 'days', 1, 800, 30);
  target text;
  columns jsonb;
BEGIN
  IF last IS NULL THEN
    last := (WITH calendar AS MATERIALIZED (SELECT * FROM sp_sheet_calendar(now))
             SELECT min(c.closed) FROM calendar c WHERE places[1] = c.code
               OR places[1] = 'ALL' AND c.closed >= (SELECT max(o.closed) FROM calendar o) - 7);
  END IF;
  IF first > last THEN
    PERFORM sp_sheet_refuse('bad_argument', format('The start %s is after the end %s: swap them.', first, last));
  END IF;
  first := coalesce(first, last - number + 1);
  number := last - first + 1;
  IF number > 800 THEN
    PERFORM sp_sheet_refuse('too_large', 'One call answers 800 days at most.');
  END IF;
  PERFORM sp_sheet_check_cells(cardinality(listed), coalesce(number, 1));
  target := sp_sheet_target(wanted, places, currency);
  columns := sp_sheet_grid(places, ARRAY(SELECT to_char(first + d, 'YYYY-MM-DD') FROM generate_series(0, number - 1) d), NULL,
                           NULL, target, now);
  RETURN jsonb_build_object(
    'dates', (SELECT coalesce(jsonb_agg(c -> 'first' ORDER BY (c ->> 'col')::integer), '[]')
              FROM jsonb_array_elements(columns) c),
    'states', (SELECT coalesce(jsonb_agg(c -> 'state' ORDER BY (c ->> 'col')::integer), '[]')
               FROM jsonb_array_elements(columns) c),
    'items', to_jsonb(listed),
    'rows', CASE WHEN columns IS NULL THEN (SELECT jsonb_agg('[]'::jsonb) FROM unnest(listed))
                 ELSE sp_sheet_rows(wanted, listed, columns, target) END);
END $$;

CREATE OR REPLACE FUNCTION sheet_daily(token text,
    metric text DEFAULT NULL, items jsonb DEFAULT NULL, marketplace text DEFAULT NULL,
    days text DEFAULT NULL, start text DEFAULT NULL, "end" text DEFAULT NULL,
    currency text DEFAULT NULL)
RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET statement_timeout = '6s' AS $$
DECLARE
  refused constant jsonb := sp_sheet_enter(token);
  at constant timestamptz := sp_sheet_now();
  code text;
BEGIN
  RETURN coalesce(refused, jsonb_build_object('ok', true, 'version', sp_sheet_version(at), 'data',
    sp_sheet_daily(metric, items, marketplace, days, start, "end", currency, at)));
EXCEPTION WHEN OTHERS OR query_canceled THEN
  GET STACKED DIAGNOSTICS code = PG_EXCEPTION_HINT;
  RETURN sp_sheet_failed(SQLSTATE, SQLERRM, code);
END $$;
