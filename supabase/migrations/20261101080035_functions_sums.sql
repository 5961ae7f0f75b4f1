-- functions/35_sums.sql of Chalkola. Written by `python -m chalkola.surfaces.docs`; it does nothing where it was applied.

DO $chalkola$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('chalkola migrate'));
  CREATE TABLE IF NOT EXISTS sp_migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
  ALTER TABLE sp_migrations ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM sp_migrations WHERE name = 'functions/35_sums.sql' AND checksum = '0772da4e8ab0adc1') THEN
    RETURN;
  END IF;
  PERFORM set_config('lock_timeout', '10s', true);
  EXECUTE $script$
-- Running sums: what is summed, and the summing of what was written (migrations/0018_running_sums.sql).

-- The series. `of_row` is a row's own figure (its table is t), in whole numbers where `scale` is 1, in ten-thousandths of
-- them where it is 0.0001. One with a `base` is the part of the base on whose days something is known. Traffic of a parent is
-- Amazon's own figure (a visit may see several children), not the sum of its children's.
DROP FUNCTION IF EXISTS sp_sum_series();
CREATE OR REPLACE FUNCTION sp_sum_series()
RETURNS TABLE (place integer, name text, base text, is_money boolean, is_traffic boolean, scale numeric, of_row text)
LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
  VALUES
    (1, 'units', NULL, false, false, 1, 't.units_ordered'),
    (2, 'sales', NULL, true, false, 0.0001, 't.ordered_product_sales'),
    (3, 'sessions', NULL, false, true, 1, 't.sessions'),
    (4, 'page_views', NULL, false, true, 1, 't.page_views'),
    (5, 'buy_box_views', NULL, false, true, 0.0001, 't.page_views * t.buy_box_percentage / 100'),
    (6, 'buy_box_of', 'page_views', false, true, 1, 'CASE WHEN t.buy_box_percentage IS NOT NULL THEN t.page_views END'),
    (7, 'order_items', NULL, false, false, 1, 't.total_order_items'),
    (8, 'mobile_sessions', NULL, false, true, 1, 't.mobile_app_sessions'),
    (9, 'mobile_of', 'sessions', false, true, 1, 'CASE WHEN t.mobile_app_sessions IS NOT NULL THEN t.sessions END'),
    (10, 'b2b_sessions', NULL, false, true, 1, 't.sessions_b2b'),
    (11, 'b2b_of', 'sessions', false, true, 1, 'CASE WHEN t.sessions_b2b IS NOT NULL THEN t.sessions END'),
    (12, 'refunds', NULL, false, false, 1, 't.units_refunded'),
    (13, 'refunds_of', 'units', false, false, 1, 'CASE WHEN t.units_refunded IS NOT NULL THEN t.units_ordered END'),
    (14, 'units_b2b', NULL, false, false, 1, 't.units_ordered_b2b'),
    (15, 'sales_b2b', NULL, true, false, 0.0001, 't.ordered_product_sales_b2b');
$$;

-- The statement that sums a month: $1 marketplace, $2 its first day, $3 its last. It writes nothing where a figure has more
-- decimals than a sum can hold.
CREATE OR REPLACE FUNCTION sp_sum_statement(of_parents boolean)
RETURNS text LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
  SELECT format($sql$
    WITH daily AS MATERIALIZED (
      SELECT dense_rank() OVER (ORDER BY %1$s COLLATE "C", t.parent_asin COLLATE "C") AS n, %1$s AS child_asin, t.parent_asin,
             extract(day FROM t.date)::integer AS day, %2$s
      FROM %3$I t WHERE t.marketplace_id = $1 AND t.date BETWEEN $2 AND $3 GROUP BY %1$s, t.parent_asin, t.date
    ), products AS (
      SELECT n, child_asin, parent_asin, bit_or(1 << (day - 1)) AS seen, %4$s FROM daily GROUP BY 1, 2, 3
    ), running AS (
      SELECT p.n, g.day, %5$s
      FROM products p CROSS JOIN generate_series(1, $3 - $2 + 1) AS g (day) LEFT JOIN daily t ON t.n = p.n AND t.day = g.day
      WINDOW w AS (PARTITION BY p.n ORDER BY g.day)
    ), arrays AS (
      SELECT r.n, %6$s FROM running r GROUP BY r.n
    )
    INSERT INTO sp_month_sums (marketplace_id, of_parents, month, child_asin, parent_asin, seen, %7$s)
    SELECT $1, %8$L, $2, p.child_asin, p.parent_asin, p.seen, %9$s
    FROM arrays a JOIN products p USING (n) CROSS JOIN (SELECT array_fill(0, ARRAY[$3 - $2 + 1]) AS zeros) AS z
    WHERE NOT EXISTS (SELECT FROM daily t WHERE %10$s) ORDER BY p.n
    $sql$,
    CASE WHEN of_parents THEN 'NULL::text' ELSE 't.child_asin' END,
    string_agg(format('sum(%s) * %s AS %I', s.of_row, round(1 / s.scale), s.name), ', ' ORDER BY s.place),
    CASE WHEN of_parents THEN 'sp_daily_parent_data' ELSE 'sp_daily_asin_data' END,
    string_agg(format('coalesce(bit_or(1 << (day - 1)) FILTER (WHERE %1$I IS NOT NULL), 0) AS %1$s_known', s.name), ', '
               ORDER BY s.place) FILTER (WHERE s.base IS NULL),
    string_agg(format('coalesce(sum(t.%1$I::%2$s) OVER w, 0) AS %1$I', s.name, k.kind), ', ' ORDER BY s.place),
    string_agg(format('array_agg(r.%1$I ORDER BY r.day)::%2$s[] AS %1$I', s.name, k.kind), ', ' ORDER BY s.place),
    string_agg(concat_ws(', ', CASE WHEN s.base IS NULL THEN s.name || '_known' END, s.name), ', ' ORDER BY s.place),
    of_parents,
    string_agg(CASE WHEN s.base IS NULL THEN format('p.%1$s_known, nullif(a.%1$I, z.zeros::%2$s[])', s.name, k.kind)
                    ELSE format('nullif(a.%I, a.%I)', s.name, s.base) END, ', ' ORDER BY s.place),
    string_agg(format('t.%I %% 1 <> 0', s.name), ' OR ' ORDER BY s.place))
  FROM sp_sum_series() s
  CROSS JOIN LATERAL (SELECT CASE s.scale WHEN 1 THEN 'integer' ELSE 'bigint' END) AS k (kind);
$$;

-- Sum anew the months whose rows were written since: the newest first, `most` of them, all where that is NULL. Return how
-- many were summed and how many are left. One sums at a time.
CREATE OR REPLACE FUNCTION sp_sum_up(most integer DEFAULT NULL, OUT summed integer, OUT remaining integer)
LANGUAGE plpgsql SET search_path = public, pg_temp SET plan_cache_mode = force_custom_plan AS $$
DECLARE
  one record;
BEGIN
  -- Each statement has to see what was committed before it: what is noted is read before the rows are.
  IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
    RAISE EXCEPTION 'sp_sum_up has to be called in a transaction that is read committed';
  END IF;
  PERFORM pg_advisory_xact_lock(hashtext('chalkola sums'));
  summed := 0;
  FOR one IN
    SELECT u.of_parents, u.marketplace_id, u.month, array_agg(u.id) AS noted FROM sp_unsummed u
    -- A table in parts may be written part by part, past the triggers of the whole.
    JOIN pg_class c ON c.oid = (CASE WHEN u.of_parents THEN 'sp_daily_parent_data' ELSE 'sp_daily_asin_data' END)::regclass
      AND c.relkind = 'r' AND NOT EXISTS (SELECT FROM pg_inherits WHERE inhparent = c.oid)
    GROUP BY 1, 2, 3 HAVING NOT bool_and(u.too_large) ORDER BY u.month DESC, u.marketplace_id, u.of_parents LIMIT most
  LOOP
    PERFORM sp_sum_month(one.of_parents, one.marketplace_id, one.month, one.noted);
    summed := summed + 1;
  END LOOP;
  remaining := (SELECT count(*) FROM (SELECT FROM sp_unsummed u GROUP BY u.of_parents, u.marketplace_id, u.month
                                      HAVING NOT bool_and(u.too_large)) AS r);
END $$;

-- Sum one month, for `sp_sum_up`, which holds the lock and has read the notes.
CREATE OR REPLACE FUNCTION sp_sum_month(parents boolean, marketplace uuid, first date, noted bigint[])
RETURNS void LANGUAGE plpgsql SET search_path = public, pg_temp SET plan_cache_mode = force_custom_plan AS $$
DECLARE
  last constant date := (first + interval '1 month')::date - 1;
  written bigint;
BEGIN
  DELETE FROM sp_month_sums s WHERE s.marketplace_id = marketplace AND s.of_parents = parents AND s.month = first;
  BEGIN
    EXECUTE sp_sum_statement(parents) USING marketplace, first, last;
    GET DIAGNOSTICS written = ROW_COUNT;
    IF written = 0 THEN
      EXECUTE format('SELECT count(*) FROM (SELECT FROM %I WHERE marketplace_id = $1 AND date BETWEEN $2 AND $3 LIMIT 1) AS t',
        CASE WHEN parents THEN 'sp_daily_parent_data' ELSE 'sp_daily_asin_data' END) INTO written USING marketplace, first, last;
      IF written > 0 THEN
        RAISE numeric_value_out_of_range;
      END IF;
    END IF;
  EXCEPTION WHEN numeric_value_out_of_range OR feature_not_supported THEN  -- the latter of NaN and infinity
    UPDATE sp_unsummed u SET too_large = true WHERE u.id = ANY (noted);
    noted := '{}';
  END;

  WITH gone AS (
    DELETE FROM sp_summed_products p WHERE p.marketplace_id = marketplace AND p.of_parents = parents RETURNING p.*
  ), days AS (
    SELECT g.child_asin, g.parent_asin, d.day FROM gone g CROSS JOIN LATERAL unnest(g.days) AS d (day)
    WHERE d.day NOT BETWEEN first AND last
    UNION ALL
    SELECT s.child_asin, s.parent_asin, first + length(ltrim(s.seen::bit(32)::text, '0')) - 1 FROM sp_month_sums s
    WHERE s.marketplace_id = marketplace AND s.of_parents = parents AND s.month = first
  )
  INSERT INTO sp_summed_products SELECT marketplace, parents, child_asin, parent_asin, array_agg(day ORDER BY day) FROM days
  GROUP BY child_asin, parent_asin;

  DELETE FROM sp_unsummed u WHERE u.id = ANY (noted);
END $$;
$script$;
  INSERT INTO sp_migrations VALUES ('functions/35_sums.sql', '0772da4e8ab0adc1')
  ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
END $chalkola$;

-- Nobody but the owner and service_role may use what is made here.
DO $access$
DECLARE
  made constant text[] := '{sp_migrations, sp_sum_month, sp_sum_series, sp_sum_statement, sp_sum_up}'::text[];
  read_functions constant text[] := '{}'::text[];
  runners constant text[] := '{}'::text[];
  -- Supabase's roles, as far as this database has them, and our own.
  visitors constant text := (
    SELECT string_agg(quote_ident(rolname), ', ') FROM pg_roles WHERE rolname = ANY ('{anon, authenticated, chalkola_sheets}'::text[]));
  service constant text := (SELECT quote_ident(rolname) FROM pg_roles WHERE rolname = 'service_role');
  one record;
BEGIN
  FOR one IN
    WITH relations AS (
      SELECT c.oid, c.relkind FROM pg_class c
      WHERE c.relnamespace = current_schema()::regnamespace AND c.relname = ANY (made)
        AND pg_has_role(c.relowner, 'USAGE')
        AND (c.relkind IN ('r', 'p') AND c.relrowsecurity
             AND NOT EXISTS (SELECT FROM pg_policy WHERE polrelid = c.oid AND polname <> 'chalkola_readers')
             OR c.relkind = 'v' AND 'security_invoker=true' = ANY (c.reloptions)))
    SELECT 'TABLE ' || r.oid::regclass AS what, false AS open, true AS for_service FROM relations r
    UNION ALL
    SELECT 'SEQUENCE ' || d.objid::regclass, false, true FROM relations r
    JOIN pg_depend d ON d.refobjid = r.oid AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
    JOIN pg_class s ON s.oid = d.objid AND d.classid = 'pg_class'::regclass AND s.relkind = 'S'
    UNION ALL
    SELECT 'FUNCTION ' || p.oid::regprocedure, p.proname = ANY (read_functions),
           p.proname <> ALL (runners) OR p.prosecdef
    FROM pg_proc p
    WHERE p.pronamespace = current_schema()::regnamespace AND p.proname = ANY (made)
      AND pg_has_role(p.proowner, 'USAGE')
  LOOP
    EXECUTE format('REVOKE ALL ON %s FROM %s', one.what, concat_ws(', ', 'PUBLIC', visitors));
    IF one.open AND visitors IS NOT NULL THEN
      EXECUTE format('GRANT EXECUTE ON %s TO %s', one.what, visitors);
    END IF;
    IF service IS NOT NULL AND one.for_service THEN
      EXECUTE format('GRANT ALL ON %s TO %s', one.what, service);
    ELSIF service IS NOT NULL THEN
      EXECUTE format('REVOKE ALL ON %s FROM %s', one.what, service);
    END IF;
  END LOOP;
END $access$;
