-- Write what has changed into a table, inside one box. `staging` (SQL: a table, or a query in brackets) has the rows that
-- are changed ('changed': an answer says something else of it than the one before; 'filled': it only knows more, or others
-- changed) or that the answer no longer has ('withdrawn'), by `key`. `columns` are the source's own, so that it leaves what
-- only another source knows. `stamps` names the columns in which it is noted: {source, changed, times, gone}, null where the
-- table has none. Where there is one for what is gone, withdrawn rows are marked and kept, else they are deleted.
CREATE OR REPLACE FUNCTION sp_change(target text, staging text, key text[], columns text[], stamps jsonb, pull_id bigint,
                                     source text, now timestamptz)
RETURNS void LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  same_key text := (SELECT string_agg(format('t.%1$I = s.%1$I', k), ' AND ') FROM unnest(key) k);
  written text := (
    SELECT string_agg(format('%I = %s', w.name, w.value), ', ')
    FROM (SELECT c, format('s.%I', c) FROM unnest(columns) c
          UNION ALL VALUES
            ('pull_id', '$1'),
            (stamps ->> 'source', '$2'),
            (stamps ->> 'changed',
             'CASE s.becomes WHEN ''changed'' THEN $3 ELSE t.' || quote_ident(stamps ->> 'changed') || ' END'),
            (stamps ->> 'times',
             'coalesce(t.' || quote_ident(stamps ->> 'times') || ', 0) + (s.becomes = ''changed'')::integer'),
            (stamps ->> 'gone', 'NULL')) AS w (name, value)
    WHERE w.name IS NOT NULL);
  left_behind text := (
    SELECT string_agg(format('%I = %s', w.name, w.value), ', ')
    FROM (VALUES (stamps ->> 'gone', '$2'), (stamps ->> 'changed', '$2'), ('pull_id', '$1')) AS w (name, value)
    WHERE w.name IS NOT NULL);
BEGIN
  EXECUTE format('UPDATE %I t SET %s FROM %s s WHERE s.becomes <> ''withdrawn'' AND %s',
                 target, written, staging, same_key) USING pull_id, source, now;
  IF stamps ->> 'gone' IS NULL THEN
    EXECUTE format('DELETE FROM %I t USING %s s WHERE s.becomes = ''withdrawn'' AND %s', target, staging, same_key);
  ELSE
    EXECUTE format('UPDATE %I t SET %s FROM %s s WHERE s.becomes = ''withdrawn'' AND %s',
                   target, left_behind, staging, same_key) USING pull_id, now;
  END IF;
END $$;
DROP FUNCTION IF EXISTS sp_change(text, text, text[], text[], bigint, text, timestamptz);
DROP FUNCTION IF EXISTS sp_merge(text, text, text[], text[], date, uuid, bigint);
