-- Running sums of each month beside the daily rows, and a note of every month whose rows were written since it was summed.

-- One row for each child and parent (`of_parents`: each parent, from sp_daily_parent_data) of a marketplace's month. Element
-- d of an array is the sum of days 1 to d, so a window inside a month is one subtraction. NULL instead of an array: zeros;
-- instead of one called `..._of`: what it is a share of, whole. Bit d - 1 of `..._known` says that day d has a figure, of
-- `seen` that it has a row. Money, and page views weighed by the buy box, are in ten-thousandths. functions/35_sums.sql
-- writes it and lists the series.
CREATE TABLE sp_month_sums (
  marketplace_id uuid NOT NULL,
  of_parents boolean NOT NULL,
  month date NOT NULL,                       -- its first day
  child_asin text,
  parent_asin text,
  seen integer NOT NULL,
  units_known integer NOT NULL, sales_known integer NOT NULL, sessions_known integer NOT NULL,
  page_views_known integer NOT NULL, buy_box_views_known integer NOT NULL, order_items_known integer NOT NULL,
  mobile_sessions_known integer NOT NULL, b2b_sessions_known integer NOT NULL, refunds_known integer NOT NULL,
  units_b2b_known integer NOT NULL, sales_b2b_known integer NOT NULL,
  units integer[], sales bigint[], sessions integer[], page_views integer[], buy_box_views bigint[],
  buy_box_of integer[],                      -- page views of the days on which the buy box is known
  order_items integer[], mobile_sessions integer[], mobile_of integer[], b2b_sessions integer[], b2b_of integer[],
  refunds integer[], refunds_of integer[], units_b2b integer[], sales_b2b bigint[]
);
-- 31 numbers at most: a row always fits into a page, and nothing of it has to be fetched from elsewhere.
DO $$
DECLARE
  name text;
BEGIN
  FOR name IN SELECT attname FROM pg_attribute WHERE attrelid = 'sp_month_sums'::regclass AND attndims > 0 LOOP
    EXECUTE format('ALTER TABLE sp_month_sums ALTER COLUMN %I SET STORAGE PLAIN', name);
  END LOOP;
END $$;
CREATE INDEX idx_sp_month_sums ON sp_month_sums (marketplace_id, of_parents, month);
ALTER TABLE sp_month_sums ENABLE ROW LEVEL SECURITY;

-- The products of the months that are summed: `days` has the last day with a row of each of them, oldest first.
CREATE TABLE sp_summed_products (
  marketplace_id uuid NOT NULL,
  of_parents boolean NOT NULL,
  child_asin text,
  parent_asin text,
  days date[] NOT NULL
);
CREATE INDEX idx_sp_summed_products ON sp_summed_products (marketplace_id, of_parents);
ALTER TABLE sp_summed_products ENABLE ROW LEVEL SECURITY;

-- A month whose rows were written: whoever writes adds a line, and nobody waits for another. While there is one the rows
-- count and not the sums. Summing deletes the lines that it saw before it read the rows, so none that comes meanwhile is lost.
CREATE TABLE sp_unsummed (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  of_parents boolean NOT NULL,
  marketplace_id uuid NOT NULL,
  month date NOT NULL,
  too_large boolean NOT NULL DEFAULT false   -- its figures do not fit into the sums: it stays as it is
);
ALTER TABLE sp_unsummed ENABLE ROW LEVEL SECURITY;

-- They run as their owner: whoever may write a row may have its month noted, and needs no right to anything of ours.
CREATE OR REPLACE FUNCTION sp_note_new()
RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  INSERT INTO sp_unsummed (of_parents, marketplace_id, month)
  SELECT DISTINCT TG_ARGV[0]::boolean, t.marketplace_id, date_trunc('month', t.date::timestamp)::date FROM new_rows t
  WHERE t.marketplace_id IS NOT NULL AND isfinite(t.date);
  RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION sp_note_old()
RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  INSERT INTO sp_unsummed (of_parents, marketplace_id, month)
  SELECT DISTINCT TG_ARGV[0]::boolean, t.marketplace_id, date_trunc('month', t.date::timestamp)::date FROM old_rows t
  WHERE t.marketplace_id IS NOT NULL AND isfinite(t.date);
  RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION sp_note_changed()
RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  INSERT INTO sp_unsummed (of_parents, marketplace_id, month)
  SELECT DISTINCT TG_ARGV[0]::boolean, t.marketplace_id, date_trunc('month', t.date::timestamp)::date
  FROM (SELECT marketplace_id, date FROM new_rows UNION ALL SELECT marketplace_id, date FROM old_rows) t
  WHERE t.marketplace_id IS NOT NULL AND isfinite(t.date);
  RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION sp_note_emptied()
RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  INSERT INTO sp_unsummed (of_parents, marketplace_id, month)
  SELECT DISTINCT s.of_parents, s.marketplace_id, s.month FROM sp_month_sums s WHERE s.of_parents = TG_ARGV[0]::boolean;
  RETURN NULL;
END $$;

DO $$
DECLARE
  one record;
BEGIN
  FOR one IN SELECT * FROM (VALUES ('sp_daily_asin_data', false), ('sp_daily_parent_data', true)) AS t (rows, of_parents) LOOP
    EXECUTE format('CREATE TRIGGER sp_sums_new AFTER INSERT ON %I REFERENCING NEW TABLE AS new_rows'
                   ' FOR EACH STATEMENT EXECUTE FUNCTION sp_note_new(%L)', one.rows, one.of_parents);
    EXECUTE format('CREATE TRIGGER sp_sums_changed AFTER UPDATE ON %I REFERENCING NEW TABLE AS new_rows OLD TABLE AS old_rows'
                   ' FOR EACH STATEMENT EXECUTE FUNCTION sp_note_changed(%L)', one.rows, one.of_parents);
    EXECUTE format('CREATE TRIGGER sp_sums_gone AFTER DELETE ON %I REFERENCING OLD TABLE AS old_rows'
                   ' FOR EACH STATEMENT EXECUTE FUNCTION sp_note_old(%L)', one.rows, one.of_parents);
    EXECUTE format('CREATE TRIGGER sp_sums_emptied AFTER TRUNCATE ON %I'
                   ' FOR EACH STATEMENT EXECUTE FUNCTION sp_note_emptied(%L)', one.rows, one.of_parents);
    -- Also where a session has switched triggers off for itself (session_replication_role).
    EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER sp_sums_new, ENABLE ALWAYS TRIGGER sp_sums_changed,'
                   ' ENABLE ALWAYS TRIGGER sp_sums_gone, ENABLE ALWAYS TRIGGER sp_sums_emptied', one.rows);
    -- What is there already. Nobody writes until this is committed.
    EXECUTE format('INSERT INTO sp_unsummed (of_parents, marketplace_id, month)'
                   ' SELECT DISTINCT %L::boolean, marketplace_id, date_trunc(''month'', date::timestamp)::date FROM %I'
                   ' WHERE marketplace_id IS NOT NULL AND isfinite(date)', one.of_parents, one.rows);
  END LOOP;
END $$;
