-- Which day is the last closed one, and what there is of a day.
--
-- A day has data when its line in the ledger is closed or has rows. The last closed day is the newest day with data before
-- the first day that is still waited for: one that is over, not closed, and over for less than 72 hours (no surface waits
-- longer: reconcile.py, NEVER_WAIT_LONGER). What is older counts as it is, and its absence is told.
CREATE OR REPLACE FUNCTION sp_sheet_calendar(now timestamptz)
RETURNS TABLE (place integer, code text, marketplace_id uuid, scope text, currency_code text, zone text, today date,
               closed date, first_day date)
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
  SELECT m.place, m.code, m.marketplace_id, s.scope, m.currency_code, m.zone, s.today, c.closed, f.first_day
  FROM sp_sheet_marketplaces() m
  CROSS JOIN LATERAL (SELECT 'marketplace:' || m.code, (now AT TIME ZONE m.zone)::date) AS s (scope, today)
  CROSS JOIN LATERAL (
    SELECT min(d.day) FROM generate_series(s.today - 5, s.today - 1, interval '1 day') AS g (at)
    CROSS JOIN LATERAL (SELECT g.at::date) AS d (day)
    WHERE ((d.day + 1)::timestamp AT TIME ZONE m.zone) + interval '72 hours' > now
      -- OFFSET 0: five days are looked up, not all of them read
      AND NOT EXISTS (SELECT FROM sp_slices l WHERE l.dataset = 'sales_and_traffic' AND l.scope = s.scope
                      AND l.first_day = d.day AND l.state IN ('proven', 'differs', 'empty') OFFSET 0)
  ) AS w (waited_for)
  LEFT JOIN LATERAL (
    SELECT l.first_day FROM sp_slices l
    WHERE l.dataset = 'sales_and_traffic' AND l.scope = s.scope AND l.first_day < coalesce(w.waited_for, s.today)
      AND (l.state IN ('proven', 'differs', 'empty') OR l.row_count > 0)
    ORDER BY l.first_day DESC LIMIT 1
  ) AS c (closed) ON true
  LEFT JOIN LATERAL (
    SELECT l.first_day FROM sp_slices l
    WHERE l.dataset = 'sales_and_traffic' AND l.scope = s.scope
      AND (l.state IN ('proven', 'differs', 'empty') OR l.row_count > 0)
    ORDER BY l.first_day LIMIT 1
  ) AS f (first_day) ON true;
$$;

-- When a day of sales and traffic is to be had, in words for a cell: "due 19:30 UTC".
CREATE OR REPLACE FUNCTION sp_sheet_due(scope text, zone text, day date, now timestamptz)
RETURNS text LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
  SELECT CASE WHEN d.at <= now THEN 'late: was due ' || d.said ELSE 'due ' || d.said END
  FROM (SELECT greatest(  -- settles 34 hours after its end (sales_and_traffic.py, SETTLES_AFTER)
          ((day + 1)::timestamp AT TIME ZONE zone) + interval '34 hours',
          (SELECT l.next_at FROM sp_slices l WHERE l.dataset = 'sales_and_traffic' AND l.scope = sp_sheet_due.scope
             AND l.first_day = day AND l.state NOT IN ('proven', 'differs', 'empty')))) AS g (at)
  CROSS JOIN LATERAL (
    SELECT g.at, to_char(g.at AT TIME ZONE 'UTC',
      CASE WHEN (g.at AT TIME ZONE 'UTC')::date = (now AT TIME ZONE 'UTC')::date THEN '' ELSE 'YYYY-MM-DD ' END
      || 'HH24:MI "UTC"')) AS d (at, said);
$$;

-- The version of everything that a sheet can see.
CREATE OR REPLACE FUNCTION sp_sheet_version(now timestamptz)
RETURNS text LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
  SELECT 'v-' || left(md5(concat_ws('|',
    (SELECT string_agg(concat_ws(' ', c.code, c.today, c.closed), ',' ORDER BY c.place) FROM sp_sheet_calendar(now) c),
    (SELECT concat_ws(' ', count(*), max(loaded_at), sum(row_count), sum(pull_id)) FROM sp_slices
     WHERE dataset IN ('sales_and_traffic', 'daily_totals', 'daily_parents')),
    (SELECT md5(string_agg(concat_ws(' ', dataset, scope, first_day, row_count), ',' ORDER BY dataset, scope, first_day))
     FROM sp_slices WHERE dataset IN ('sales_and_traffic', 'daily_totals', 'daily_parents')
       AND state NOT IN ('proven', 'differs', 'empty')),
    (SELECT concat_ws(' ', count(*), max(changed_at), max(first_seen_at), max(gone_at)) FROM sp_listings),
    (SELECT concat_ws(' ', count(*), max(date)) FROM fx_rates))), 16);
$$;
