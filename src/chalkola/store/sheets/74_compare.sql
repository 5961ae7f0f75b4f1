-- A metric now and then.

-- The days that a period is held against. A period of the calendar (MTD, Last month, 2026-W40) against one of its kind, as
-- far as it has come; any other against as many days.
CREATE OR REPLACE FUNCTION sp_sheet_then(period text, now_first date, now_last date, whole boolean, versus text,
                                         OUT first date, OUT last date)
LANGUAGE plpgsql IMMUTABLE SET search_path = public, pg_temp AS $$
DECLARE
  wanted constant text := regexp_replace(lower(btrim(coalesce(versus, 'previous'))), '[\s-]+', '_', 'g');
  unit constant text := sp_sheet_unit(period);
  days constant integer := now_last - now_first + 1;
  shift interval;
BEGIN
  IF wanted NOT IN ('previous', 'week_ago', 'month_ago', 'year_ago') THEN
    PERFORM sp_sheet_refuse('bad_argument', format('There is no comparison with "%s". Known: previous, week_ago, month_ago,'
      ' year_ago.', left(versus, 40)));
  END IF;
  shift := CASE wanted WHEN 'previous' THEN coalesce(sp_sheet_span(unit), make_interval(days => days))
                       ELSE ('1 ' || split_part(wanted, '_', 1))::interval END;
  IF unit IS NULL OR unit = 'week' OR wanted = 'week_ago' THEN
    last := (now_last - shift)::date;
    first := last - days + 1;
  ELSE
    first := (now_first - shift)::date;
    last := (first + sp_sheet_span(unit))::date - 1;
    IF NOT whole OR now_last < (now_first + sp_sheet_span(unit))::date - 1 THEN
      last := least(last, first + days - 1);
    END IF;
  END IF;
END $$;

-- What a period of the calendar is one of: week, month, quarter, year; NULL for any other.
CREATE OR REPLACE FUNCTION sp_sheet_unit(period text)
RETURNS text LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
  SELECT coalesce(
    substring(p.said FROM '^(?:this|last) (week|month|quarter|year)$'), substring(p.said FROM '^(week|month|quarter|year) to date$'),
    CASE WHEN p.said ~ '^[wmqy]td$' THEN
           CASE left(p.said, 1) WHEN 'w' THEN 'week' WHEN 'm' THEN 'month' WHEN 'q' THEN 'quarter' ELSE 'year' END
         WHEN p.said ~ '^20\d\d$' THEN 'year' WHEN p.said ~ '^20\d\d ?w\d\d$' THEN 'week'
         WHEN p.said ~ '^20\d\d ?q[1-4]$' THEN 'quarter' WHEN p.said ~ '^20\d\d \d\d$' THEN 'month' END)
  FROM (SELECT regexp_replace(lower(btrim(period)), '[-_\s]+', ' ', 'g')) AS p (said);
$$;

-- Two columns of a grid: the period, and what it is held against.
CREATE OR REPLACE FUNCTION sp_sheet_pair(place text, period text, versus text, start text, "end" text, target text,
                                         now timestamptz)
RETURNS jsonb LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
DECLARE
  this jsonb := sp_sheet_grid(ARRAY[place], ARRAY[coalesce(period, '')], start, "end", target, now) -> 0;
  that record;
BEGIN
  that := sp_sheet_then(period, (this ->> 'first')::date, (this ->> 'last')::date, (this ->> 'whole')::boolean, versus);
  IF this ->> 'state' IN ('due', 'none') OR that.first IS NULL THEN
    RETURN jsonb_build_array(this, this || jsonb_build_object('col', 2, 'first', that.first, 'last', that.last));
  END IF;
  RETURN jsonb_build_array(this, (sp_sheet_grid(ARRAY[place], ARRAY[CASE that.first WHEN that.last THEN that.first::text
    ELSE concat(that.first, '..', that.last) END], NULL, NULL, target, now) -> 0) || '{"col": 2}');
END $$;

CREATE OR REPLACE FUNCTION sp_sheet_compare(metric text, items jsonb, marketplace text, period text, versus text,
                                            currency text, start text, "end" text, now timestamptz)
RETURNS jsonb LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
DECLARE
  wanted constant text := sp_sheet_metric(metric);
  place constant text := sp_sheet_marketplace(marketplace);
  listed constant text[] := sp_sheet_items(items, ARRAY[place]);
  target constant text := sp_sheet_target(wanted, ARRAY[place], currency);
  columns jsonb;
  rows jsonb;
BEGIN
  PERFORM sp_sheet_check_cells(cardinality(listed), 4);
  columns := sp_sheet_pair(place, period, versus, start, "end", target, now);
  SELECT coalesce(jsonb_agg(CASE WHEN i.item IS NULL THEN '[null, null, null, null]'
                                 WHEN NOT c.known THEN '["not found", "not found", "not found", "not found"]'
                                 ELSE jsonb_build_array(c.this, c.that, c.this - c.that, round((c.this - c.that) / nullif(c.that, 0), 4))
                            END ORDER BY i.n), '[]')
  INTO rows
  FROM unnest(listed) WITH ORDINALITY AS i (item, n)
  LEFT JOIN (SELECT p.n, bool_or(p.known) AS known, max(p.figures[1]) FILTER (WHERE p.col = 1) AS this,
                    max(p.figures[1]) FILTER (WHERE p.col = 2) AS that
             FROM sp_sheet_cells(ARRAY[wanted], listed, columns, target) p GROUP BY 1) AS c ON c.n = i.n;
  RETURN jsonb_build_object('now', sp_sheet_told(columns) -> 0, 'then', sp_sheet_told(columns) -> 1,
                            'header', jsonb_build_array('now', 'then', 'change', 'change ratio'),
                            'items', to_jsonb(listed), 'rows', rows);
END $$;

CREATE OR REPLACE FUNCTION sheet_compare(token text,
    metric text DEFAULT NULL, items jsonb DEFAULT NULL, marketplace text DEFAULT NULL,
    period text DEFAULT NULL, versus text DEFAULT NULL, currency text DEFAULT NULL,
    start text DEFAULT NULL, "end" text DEFAULT NULL)
RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET statement_timeout = '6s' AS $$
DECLARE
  refused constant jsonb := sp_sheet_enter(token);
  at constant timestamptz := sp_sheet_now();
  code text;
BEGIN
  RETURN coalesce(refused, jsonb_build_object('ok', true, 'version', sp_sheet_version(at), 'data',
    sp_sheet_compare(metric, items, marketplace, period, versus, currency, start, "end", at)));
EXCEPTION WHEN OTHERS OR query_canceled THEN
  GET STACKED DIAGNOSTICS code = PG_EXCEPTION_HINT;
  RETURN sp_sheet_failed(SQLSTATE, SQLERRM, code);
END $$;
