-- Periods in words: the one place in which they have a meaning. tests/documents/periods.json has cases of each.
--
-- `today` is the day under way in the marketplace's zone, `closed` its last closed day (NULL: none). Words that say what
-- the calendar says (Today, Yesterday, This month, Last week) are the calendar's; Last 7 days and the like count back from
-- the last closed day. Every period but a single day of the calendar ends at the last closed day at the latest: what is
-- after it is left out. `last` is NULL or before `first` where there is no closed day
-- in it yet; `nominal_last` is where it would end if all days were closed.
CREATE OR REPLACE FUNCTION sp_sheet_period(word text, today date, closed date, start text DEFAULT NULL,
                                           "end" text DEFAULT NULL,
                                           OUT first date, OUT last date, OUT nominal_last date, OUT is_a_day boolean)
LANGUAGE plpgsql IMMUTABLE SET search_path = public, pg_temp AS $$
DECLARE
  typed constant text := regexp_replace(lower(btrim(word)), '\s+', ' ', 'g');
  said text := regexp_replace(typed, '[-_ ]+', ' ', 'g');
  shift constant text := substring(said FROM ' (week|month|quarter|year) ago$');
  parts text[];
  n integer;
BEGIN
  IF shift IS NOT NULL THEN
    said := left(said, -length(shift) - 5);
  END IF;
  said := CASE said WHEN 'mtd' THEN 'this month' WHEN 'qtd' THEN 'this quarter' WHEN 'ytd' THEN 'this year'
                    WHEN 'wtd' THEN 'this week' WHEN 'month to date' THEN 'this month'
                    WHEN 'quarter to date' THEN 'this quarter' WHEN 'year to date' THEN 'this year'
                    WHEN 'week to date' THEN 'this week' WHEN 'last day' THEN 'last 1 days' ELSE said END;
  is_a_day := false;

  IF shift IS NULL AND said IN ('today', 'yesterday') THEN
    first := today - (said = 'yesterday')::integer;
    last := first;
    is_a_day := true;

  ELSIF shift IS NULL AND said IN ('same day last week', 'same day last month', 'same day last year') THEN
    first := (today - ('1 ' || substr(said, 15))::interval)::date;  -- the last of a shorter month
    last := first;
    is_a_day := true;

  ELSIF said ~ '^last \d{1,3} days?$' AND shift IS DISTINCT FROM 'quarter' AND substring(said FROM '\d+')::integer BETWEEN 1 AND 731 THEN
    n := substring(said FROM '\d+')::integer;
    last := CASE WHEN shift IS NULL THEN closed ELSE (closed - ('1 ' || shift)::interval)::date END;
    first := last - n + 1;  -- as many days, wherever they end

  ELSIF said IN ('this week', 'this month', 'this quarter', 'this year')
        AND (shift IS NULL OR shift = substr(said, 6) OR shift = 'year' AND said <> 'this week') THEN
    first := date_trunc(substr(said, 6), today::timestamp)::date;
    last := least((first + sp_sheet_span(substr(said, 6)))::date - 1, greatest(today - 1, first));  -- today is not over
    IF shift IS NOT NULL THEN  -- the one before, as far as this one has come
      n := least(last, closed) - first;
      first := (first - sp_sheet_span(shift))::date;
      last := CASE WHEN n >= 0 THEN least(first + n, (first + sp_sheet_span(substr(said, 6)))::date - 1) END;
    END IF;

  ELSIF shift IS NULL AND said IN ('last week', 'last month', 'last quarter', 'last year') THEN
    last := date_trunc(substr(said, 6), today::timestamp)::date - 1;
    first := date_trunc(substr(said, 6), last::timestamp)::date;

  ELSIF shift IS NULL AND said ~ '^last \d{1,3} (weeks?|months?|quarters?)$'
        AND substring(said FROM '\d+')::integer BETWEEN 1 AND 104 THEN
    parts := regexp_match(said, '^last (\d+) (week|month|quarter)');
    last := date_trunc(parts[2], today::timestamp)::date - 1;
    first := (last + 1 - parts[1]::integer * sp_sheet_span(parts[2]))::date;

  ELSIF shift IS NULL AND said = 'this year to last month' THEN
    first := date_trunc('year', today::timestamp)::date;
    last := date_trunc('month', today::timestamp)::date - 1;

  ELSIF typed ~ '^20\d\d$' THEN
    first := make_date(typed::integer, 1, 1);
    last := make_date(typed::integer, 12, 31);

  ELSIF typed ~ '^20\d\d-(0[1-9]|1[0-2])$' THEN
    first := to_date(typed, 'YYYY-MM');
    last := (first + interval '1 month')::date - 1;

  ELSIF typed ~ '^20\d\d-?q[1-4]$' THEN
    first := make_date(left(typed, 4)::integer, right(typed, 1)::integer * 3 - 2, 1);
    last := (first + interval '3 months')::date - 1;

  ELSIF typed ~ '^20\d\d-?w\d\d$' AND to_char(to_date(left(typed, 4) || right(typed, 2), 'IYYYIW'), 'IYYYIW')
                                      = left(typed, 4) || right(typed, 2) THEN
    first := to_date(left(typed, 4) || right(typed, 2), 'IYYYIW');  -- ISO 8601: a Monday
    last := first + 6;

  ELSIF typed ~ '^\d{4}-\d\d-\d\d$' THEN
    first := sp_sheet_date(typed, 'The period');
    last := first;
    is_a_day := true;

  ELSIF said = 'custom' OR typed ~ '^\d{4}-\d\d-\d\d ?\.\. ?\d{4}-\d\d-\d\d$' THEN
    first := sp_sheet_date(CASE said WHEN 'custom' THEN start ELSE left(typed, 10) END, 'start');
    last := sp_sheet_date(CASE said WHEN 'custom' THEN "end" ELSE right(typed, 10) END, 'end');
    IF first IS NULL OR last IS NULL THEN
      PERFORM sp_sheet_refuse('bad_argument', 'A period CUSTOM needs a start and an end, written as 2026-09-01.');
    ELSIF first > last THEN
      PERFORM sp_sheet_refuse('bad_argument', format('The start %s is after the end %s: swap them.', first, last));
    ELSIF last - first > 1100 THEN
      PERFORM sp_sheet_refuse('bad_argument', 'A period has 1,100 days at most.');
    END IF;

  ELSE
    PERFORM sp_sheet_refuse('bad_argument', format('There is no period "%s". Known: %s.', left(coalesce(word, ''), 40),
                                                   sp_sheet_period_words()));
  END IF;

  nominal_last := last;
  IF NOT is_a_day THEN
    last := CASE WHEN last <= closed THEN last WHEN last > closed THEN closed END;  -- least() passes over NULL
  END IF;
END $$;

-- What a refusal lists.
CREATE OR REPLACE FUNCTION sp_sheet_period_words()
RETURNS text LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
  SELECT 'Today, Yesterday, Last day, Same day last week (month, year), Last 7 days (any number to 731), Last 7 days week'
         ' ago (month ago, year ago), This week (month, quarter, year), MTD, QTD, YTD, MTD month ago (year ago), Last week'
         ' (month, quarter, year), Last 3 months, This Year-to-Last-Month, 2026-09, 2026-W40, 2026-Q3, 2026, 2026-09-15,'
         ' 2026-09-01..2026-09-15, CUSTOM with start and end';
$$;

CREATE OR REPLACE FUNCTION sp_sheet_span(unit text)
RETURNS interval LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
  SELECT CASE unit WHEN 'quarter' THEN interval '3 months' ELSE ('1 ' || unit)::interval END;
$$;

-- A date as a sheet sends it: 2026-09-01, or an instant that begins like it. NULL where nothing is given.
CREATE OR REPLACE FUNCTION sp_sheet_date(typed text, name text)
RETURNS date LANGUAGE plpgsql IMMUTABLE SET search_path = public, pg_temp AS $$
DECLARE
  day constant text := substring(btrim(typed) FROM '^(20\d\d-\d\d-\d\d)(?:T[\d:.Z+-]*)?$');
BEGIN
  IF nullif(btrim(typed), '') IS NULL THEN
    RETURN NULL;
  END IF;
  BEGIN
    IF day IS NOT NULL THEN
      RETURN make_date(left(day, 4)::integer, substr(day, 6, 2)::integer, right(day, 2)::integer);
    END IF;
  EXCEPTION WHEN datetime_field_overflow THEN
    NULL;  -- 2026-02-30
  END;
  PERFORM sp_sheet_refuse('bad_argument', format('%s has to be a day, written as 2026-09-01, not "%s".', name,
                                                 left(typed, 40)));
END $$;
