-- Write what has changed into a table, inside one box. `staging` has the rows that are changed ('changed': an answer says
-- something else of it than the one before; 'filled': it only knows more, or others changed) or that Amazon withdrew ('withdrawn'), keyed by date,
-- marketplace and `key`. `columns` are the source's own, so that it leaves what only another source knows.
CREATE OR REPLACE FUNCTION sp_change(target text, staging text, key text[], columns text[], pull_id bigint, source text,
                                     now timestamptz)
RETURNS void LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  same_key text := concat_ws(' AND ', 't.date = s.date', 't.marketplace_id = s.marketplace_id',
                             (SELECT string_agg(format('t.%1$I = s.%1$I', k), ' AND ') FROM unnest(key) k));
  list text := (SELECT string_agg(quote_ident(c), ', ') FROM unnest(columns) c);
  new text := (SELECT string_agg(format('s.%I', c), ', ') FROM unnest(columns) c);
BEGIN
  EXECUTE format('UPDATE %I t SET (%s, pull_id, source, last_changed_at, times_changed) = ROW(%s, $1, $2,
                    CASE s.becomes WHEN ''changed'' THEN $3 ELSE t.last_changed_at END,
                    coalesce(t.times_changed, 0) + (s.becomes = ''changed'')::integer)
                  FROM %I s WHERE s.becomes <> ''withdrawn'' AND %s',
                 target, list, new, staging, same_key) USING pull_id, source, now;
  EXECUTE format('DELETE FROM %I t USING %I s WHERE s.becomes = ''withdrawn'' AND %s', target, staging, same_key);
END $$;
DROP FUNCTION IF EXISTS sp_merge(text, text, text[], text[], date, uuid, bigint);
