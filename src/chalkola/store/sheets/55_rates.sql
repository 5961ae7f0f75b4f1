-- Money in another currency, at the rate of the day on which it was earned.

-- For each day: what one unit of the currency is in `target`. A rate holds until the next one is published, for ten days at
-- most (the European Central Bank pauses for four or five at Easter); a day without one is not there.
CREATE OR REPLACE FUNCTION sp_sheet_rates(sources text[], target text, first date, last date)
RETURNS TABLE (currency_code text, date date, rate numeric)
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
  WITH published AS (
    SELECT f.currency_code, f.per_eur, f.date,
           lead(f.date) OVER (PARTITION BY f.currency_code ORDER BY f.date) AS next
    FROM fx_rates f
    WHERE f.currency_code = ANY (sources || target) AND f.date > first - 10 AND f.date <= last AND f.per_eur > 0
      AND f.currency_code <> 'EUR'
  ), euros AS MATERIALIZED (
    SELECT p.currency_code, g::date AS date, p.per_eur
    FROM published p CROSS JOIN LATERAL generate_series(greatest(p.date, first)::timestamp,
      least(p.date + 9, p.next - 1, last)::timestamp, interval '1 day') g
    UNION ALL
    SELECT 'EUR', g::date, 1 FROM generate_series(first::timestamp, last::timestamp, interval '1 day') g
    WHERE 'EUR' = ANY (sources || target)
  )
  SELECT s.currency_code, s.date, t.per_eur / s.per_eur FROM euros s JOIN euros t ON t.date = s.date AND t.currency_code = target
  WHERE s.currency_code = ANY (sources) AND s.currency_code <> target
  UNION ALL
  SELECT target, g::date, 1 FROM generate_series(first::timestamp, last::timestamp, interval '1 day') g
  WHERE target = ANY (sources);
$$;

-- The currency of this code, or a refusal that lists them. NULL where nothing is given.
CREATE OR REPLACE FUNCTION sp_sheet_currency(given text)
RETURNS text LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
DECLARE
  wanted constant text := upper(nullif(btrim(given), ''));
  known constant text[] := ARRAY(
    SELECT DISTINCT m.currency_code FROM sp_sheet_marketplaces() m
    UNION SELECT DISTINCT f.currency_code FROM fx_rates f ORDER BY 1);
BEGIN
  IF wanted <> ALL (known) THEN
    PERFORM sp_sheet_refuse('bad_argument', format('There is no currency "%s". Known: %s.', left(given, 40),
                                                   array_to_string(known, ', ')));
  END IF;
  RETURN wanted;
END $$;
