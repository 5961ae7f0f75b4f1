-- functions/55_rest.sql of Chalkola. Written by `python -m chalkola.surfaces.docs`; it does nothing where it was applied.

DO $chalkola$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('chalkola migrate'));
  CREATE TABLE IF NOT EXISTS sp_migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
  ALTER TABLE sp_migrations ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM sp_migrations WHERE name = 'functions/55_rest.sql' AND checksum = 'e01a283dbc777e3a') THEN
    RETURN;
  END IF;
  PERFORM set_config('lock_timeout', '10s', true);
  EXECUTE $script$
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
$script$;
  INSERT INTO sp_migrations VALUES ('functions/55_rest.sql', 'e01a283dbc777e3a')
  ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
END $chalkola$;

-- Nobody but the owner and service_role may use what is made here.
DO $access$
DECLARE
  made constant text[] := '{sp_expect_staged, sp_migrations, sp_rest_read, sp_rest_stage, sp_rest_write}'::text[];
  read_functions constant text[] := '{}'::text[];
  runners constant text[] := '{sp_rest_read, sp_rest_write}'::text[];
  -- Supabase's roles, as far as this database has them, and our own.
  visitors constant text := (
    SELECT string_agg(quote_ident(rolname), ', ') FROM pg_roles WHERE rolname = ANY ('{anon, authenticated, chalkola_sheets}'::text[]));
  service constant text := (SELECT quote_ident(rolname) FROM pg_roles WHERE rolname = 'service_role');
  one record;
BEGIN
  IF service IS NOT NULL THEN
    DECLARE
      may_create boolean := has_schema_privilege('service_role', current_schema(), 'CREATE');
    BEGIN
      IF NOT may_create THEN  -- an owner has to be able to make what it owns, while it is given it
        EXECUTE format('GRANT CREATE ON SCHEMA %I TO %s', current_schema(), service);
      END IF;
      FOR one IN SELECT p.oid::regprocedure AS what FROM pg_proc p
                 WHERE p.pronamespace = current_schema()::regnamespace AND p.proname = ANY (runners) LOOP
        EXECUTE format('ALTER FUNCTION %s OWNER TO %s', one.what, service);
        EXECUTE format('ALTER FUNCTION %s SECURITY DEFINER', one.what);
      END LOOP;
      IF NOT may_create THEN
        EXECUTE format('REVOKE CREATE ON SCHEMA %I FROM %s', current_schema(), service);
      END IF;
    EXCEPTION WHEN insufficient_privilege THEN
      RAISE NOTICE 'SUPABASE_SERVICE_KEY cannot be used without DATABASE_URL here: %', sqlerrm;
    END;
  END IF;
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
