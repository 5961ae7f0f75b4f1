-- The store's statements through Supabase's API (PostgREST), for who has set SUPABASE_URL and SUPABASE_SERVICE_KEY alone.
-- Each call is one transaction. A statement is one that returns rows (what changes something returns how much): they come in
-- PostgreSQL's binary form of a record, which says the types of its values. What is refused comes back as an answer, whatever
-- stands between. These functions are run by `service_role` alone and with its rights (store/access.py says how, and why).

-- Execute queries as one moment sees them; none can change anything. `steps` is a list of {statement}; the answer as below.
CREATE OR REPLACE FUNCTION sp_rest_read(steps text)
RETURNS json LANGUAGE plpgsql STABLE SET search_path = public, pg_temp SET statement_timeout = '55s' AS $$
DECLARE
  step json;
  one record;
  line bytea;
  lines text[];
  columns json;
  sum numeric;
  answers json[] := '{}';
BEGIN
  PERFORM set_config('transaction_read_only', 'on', true);  -- for the functions that a query may call
  FOR step IN SELECT json_array_elements(steps::json) LOOP
    lines := '{}'; columns := '[]'; sum := 0;
    FOR one IN EXECUTE step ->> 'statement' LOOP
      IF lines = '{}' THEN
        columns := (SELECT json_agg(k) FROM json_object_keys(to_json(one)) k);
      END IF;
      line := record_send(one);
      lines := lines || translate(encode(line, 'base64'), E'\n', '');
      sum := sum + hashtextextended(encode(line, 'hex'), 0);
    END LOOP;
    answers := answers || json_build_object('columns', columns, 'rows', lines,
                                            'digest', concat_ws(':', cardinality(lines), sum));
  END LOOP;
  RETURN json_build_object('answers', answers);
EXCEPTION WHEN OTHERS THEN
  RETURN json_build_object('refused', sqlstate, 'message', sqlerrm);
END $$;

-- Execute one statement after the other, all of them or none, and once however often the call is made. `steps` is a list of
-- {statement, digest}: where there is a `digest`, the statement was executed before, and has to give what it gave then, or
-- CH003 undoes everything. Return {answers: [{columns, rows, digest}]}, nothing for a statement with a digest; or {refused,
-- message}.
CREATE OR REPLACE FUNCTION sp_rest_write(call uuid, steps text)
RETURNS json LANGUAGE plpgsql SET search_path = public, pg_temp SET statement_timeout = '55s' AS $$
DECLARE
  step json;
  one record;
  line bytea;
  lines text[];
  columns json;
  counted bigint;
  sum numeric;
  answers json[] := '{}';
  result json;
BEGIN
  INSERT INTO sp_rest_calls (id) VALUES (call) ON CONFLICT DO NOTHING;  -- waits for one that is under way
  IF NOT FOUND THEN
    RETURN (SELECT c.answer FROM sp_rest_calls c WHERE c.id = call);
  END IF;
  FOR step IN SELECT json_array_elements(steps::json) LOOP
    lines := '{}'; columns := '[]'; counted := 0; sum := 0;
    FOR one IN EXECUTE step ->> 'statement' LOOP
      IF counted = 0 THEN
        columns := (SELECT json_agg(k) FROM json_object_keys(to_json(one)) k);
      END IF;
      line := record_send(one);
      counted := counted + 1;
      sum := sum + hashtextextended(encode(line, 'hex'), 0);
      IF step ->> 'digest' IS NULL THEN
        lines := lines || translate(encode(line, 'base64'), E'\n', '');
      END IF;
    END LOOP;
    IF step ->> 'digest' <> concat_ws(':', counted, sum) THEN
      RAISE EXCEPTION 'another run has changed what this one has looked at' USING ERRCODE = 'CH003';
    END IF;
    IF step ->> 'digest' IS NULL THEN
      answers := answers || json_build_object('columns', columns, 'rows', lines,
                                              'digest', concat_ws(':', counted, sum));
    END IF;
  END LOOP;
  result := json_build_object('answers', answers);
  UPDATE sp_rest_calls c SET answer = result WHERE c.id = call;
  DELETE FROM sp_rest_calls WHERE id IN (
    SELECT c.id FROM sp_rest_calls c WHERE c.at < clock_timestamp() - interval '15 minutes' LIMIT 100
    FOR UPDATE SKIP LOCKED);
  RETURN result;
EXCEPTION WHEN OTHERS THEN
  RETURN json_build_object('refused', sqlstate, 'message', sqlerrm);
END $$;

-- Put rows aside for a pull that the caller holds. `lines` is a list of rows, each a list of texts; the first is in
-- `place`. A call may be repeated.
CREATE OR REPLACE FUNCTION sp_rest_stage(pull_id bigint, held integer, part integer, place integer, lines text)
RETURNS json LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM sp_hold($1, held);
  DELETE FROM sp_staged s WHERE s.pull_id = $1 AND s.generation < held;
  INSERT INTO sp_staged
  SELECT $1, held, $3, $4 + (n - 1)::integer, ARRAY(SELECT json_array_elements_text(line))
  FROM json_array_elements(lines::json) WITH ORDINALITY AS l (line, n)
  ON CONFLICT DO NOTHING;
  RETURN '{}';
EXCEPTION WHEN OTHERS THEN
  RETURN json_build_object('refused', sqlstate, 'message', sqlerrm);
END $$;

-- Raise CH003 unless a part that was staged is there whole.
CREATE OR REPLACE FUNCTION sp_expect_staged(pull_id bigint, held integer, part integer, rows bigint)
RETURNS void LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF rows <> (SELECT count(*) FROM sp_staged s WHERE (s.pull_id, s.generation, s.part) = ($1, held, $3)) THEN
    RAISE EXCEPTION 'rows that were staged for pull % are gone', pull_id USING ERRCODE = 'CH003';
  END IF;
END $$;

-- PostgREST reads which functions there are when it is told to.
NOTIFY pgrst, 'reload schema';
