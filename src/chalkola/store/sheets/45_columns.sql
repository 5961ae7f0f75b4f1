-- What the columns of a grid are about: marketplaces × periods, each with its days.

-- `members` are the marketplaces whose figures it shows; ALL is every one with data. Those that are a week behind the
-- others do not hold ALL back: they are counted in `missing`.
-- `state`: closed; preliminary (a single day that is not closed yet); due (nothing yet: `say` has when); none (`say` has
-- why). `missing`: marketplace-days of it without data. `has_parents`: whether Amazon's figures of parents are there for all
-- its days with data.
CREATE OR REPLACE FUNCTION sp_sheet_columns(marketplaces text[], periods text[], start text, "end" text, now timestamptz)
RETURNS TABLE (col integer, marketplace text, period text, members uuid[], first date, last date, state text, say text,
               missing integer, whole boolean, has_parents boolean)
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
  WITH calendar AS MATERIALIZED (SELECT * FROM sp_sheet_calendar(now)),
  live AS (SELECT c.* FROM calendar c WHERE c.closed >= (SELECT max(closed) FROM calendar) - 7),
  places AS (
    SELECT w.place, c.code, ARRAY[c.marketplace_id] AS members, c.today, c.closed
    FROM unnest(marketplaces) WITH ORDINALITY AS w (code, place) JOIN calendar c ON c.code = w.code
    UNION ALL
    SELECT w.place, 'ALL', ARRAY(SELECT marketplace_id FROM calendar c WHERE c.closed IS NOT NULL),
           (SELECT min(today) FROM live), (SELECT min(closed) FROM live)
    FROM unnest(marketplaces) WITH ORDINALITY AS w (code, place) WHERE w.code = 'ALL'
  ), cols AS (
    SELECT (row_number() OVER (ORDER BY p.place, g.place))::integer AS col, p.code, p.members, p.today, p.closed, g.period,
           f.first, f.last, f.nominal_last, f.is_a_day, f.last < f.first OR f.last IS NULL AS is_empty
    FROM places p CROSS JOIN unnest(periods) WITH ORDINALITY AS g (period, place)
    CROSS JOIN LATERAL sp_sheet_period(g.period, p.today, p.closed, start, "end") f
  ), days AS (  -- by column and member
    SELECT c.col, m.marketplace_id, d.there, d.of_parents
    FROM cols c JOIN calendar m ON m.marketplace_id = ANY (c.members)
    CROSS JOIN LATERAL (
      SELECT count(*)::integer AS there, count(p.first_day)::integer AS of_parents
      FROM sp_slices l
      LEFT JOIN sp_slices p ON p.dataset = 'daily_parents' AND p.scope = l.scope AND p.first_day = l.first_day
        AND (p.state IN ('proven', 'differs', 'empty') OR p.row_count > 0)
      WHERE l.dataset = 'sales_and_traffic' AND l.scope = m.scope AND l.first_day BETWEEN c.first AND c.last
        AND (l.state IN ('proven', 'differs', 'empty') OR l.row_count > 0)) AS d
    WHERE NOT c.is_empty
  ), held AS (
    SELECT c.*, d.there, d.marketplaces_there, d.has_parents,
           CASE WHEN c.closed IS NULL THEN 'none'
                WHEN c.is_empty OR c.is_a_day AND c.first > c.closed THEN
                  CASE WHEN c.is_a_day AND d.live_there = (SELECT count(*) FROM live l WHERE l.marketplace_id = ANY (c.members))
                         THEN 'preliminary'
                       WHEN c.first > c.today OR c.first < c.today - 7 OR c.nominal_last < c.first THEN 'none' ELSE 'due' END
                WHEN d.there > 0 THEN 'closed' ELSE 'none' END AS state
    FROM cols c LEFT JOIN LATERAL (
      SELECT sum(d.there)::integer AS there, count(*) FILTER (WHERE d.there > 0) AS marketplaces_there,
             coalesce(bool_and(d.of_parents = d.there), false) AS has_parents,
             count(*) FILTER (WHERE d.there > 0 AND EXISTS (SELECT FROM live l WHERE l.marketplace_id = d.marketplace_id))
               AS live_there
      FROM days d WHERE d.col = c.col) AS d ON true
  )
  SELECT h.col, h.code, h.period, h.members, h.first,
         CASE WHEN h.is_empty THEN h.nominal_last ELSE h.last END, h.state,
         CASE WHEN h.state = 'due' THEN
                concat_ws('; ', CASE WHEN NOT h.is_a_day THEN 'no closed day in it yet' END,
                  (SELECT max(sp_sheet_due(m.scope, m.zone, h.first, now)) FROM live m
                   WHERE m.marketplace_id = ANY (h.members) AND (h.closed IS NULL OR m.closed < h.first)))
              WHEN h.state <> 'none' THEN NULL
              WHEN h.closed IS NULL THEN 'no data yet'
              WHEN h.first > h.today THEN 'it is yet to come'
              WHEN h.nominal_last < h.first THEN 'there is no such month in this year yet'
              WHEN h.is_empty THEN 'no closed day in it'
              ELSE 'no data of these days' END,
         coalesce((h.last - h.first + 1) * cardinality(h.members) - h.there, 0),
         h.last IS NOT DISTINCT FROM h.nominal_last AND NOT h.is_empty,
         coalesce(h.has_parents, false)
  FROM held h ORDER BY h.col;
$$;
