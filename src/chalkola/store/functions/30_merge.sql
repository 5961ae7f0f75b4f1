-- Merge staged rows into a table, inside one box (one marketplace, one day): new rows are inserted, changed rows updated,
-- rows that Amazon withdrew deleted, unchanged rows left untouched. Rows that were there before us (pull_id is NULL) are
-- updated but never deleted. `columns` are the source's own, so that it leaves what only another source knows.
CREATE OR REPLACE FUNCTION sp_merge(target text, staging text, key text[], columns text[], day date, marketplace uuid,
                                    pull_id bigint, OUT inserted integer, OUT updated integer, OUT deleted integer)
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  same_key text := coalesce((SELECT string_agg(format('t.%1$I = s.%1$I', k), ' AND ') FROM unnest(key) k), 'true');
  list text := (SELECT string_agg(quote_ident(c), ', ') FROM unnest(columns) c);
  old text := (SELECT string_agg(format('t.%I', c), ', ') FROM unnest(columns) c);
  new text := (SELECT string_agg(format('s.%I', c), ', ') FROM unnest(columns) c);
BEGIN
  EXECUTE format('UPDATE %I t SET (%s, pull_id) = ROW(%s, $3) FROM %I s
                  WHERE t.date = $1 AND t.marketplace_id = $2 AND %s AND (%s) IS DISTINCT FROM (%s)',
                 target, list, new, staging, same_key, old, new) USING day, marketplace, pull_id;
  GET DIAGNOSTICS updated = ROW_COUNT;
  EXECUTE format('DELETE FROM %I t WHERE t.date = $1 AND t.marketplace_id = $2 AND t.pull_id IS NOT NULL
                  AND NOT EXISTS (SELECT FROM %I s WHERE %s)', target, staging, same_key) USING day, marketplace;
  GET DIAGNOSTICS deleted = ROW_COUNT;
  EXECUTE format('INSERT INTO %I (date, marketplace_id, amazon_marketplace_id, pull_id, %s)
                  SELECT s.date, s.marketplace_id, s.amazon_marketplace_id, $3, %s FROM %I s
                  WHERE NOT EXISTS (SELECT FROM %I t WHERE t.date = $1 AND t.marketplace_id = $2 AND %s)',
                 target, list, new, staging, target, same_key) USING day, marketplace, pull_id;
  GET DIAGNOSTICS inserted = ROW_COUNT;
END $$;
