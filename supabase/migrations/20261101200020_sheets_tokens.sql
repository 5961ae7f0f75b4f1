-- sheets/20_tokens.sql of Chalkola. Written by `python -m chalkola.surfaces.docs`; it does nothing where it was applied.

DO $chalkola$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('chalkola migrate'));
  CREATE TABLE IF NOT EXISTS sp_migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
  ALTER TABLE sp_migrations ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM sp_migrations WHERE name = 'sheets/20_tokens.sql' AND checksum = 'd98201e0ecd686cf') THEN
    RETURN;
  END IF;
  PERFORM set_config('lock_timeout', '10s', true);
  EXECUTE $script$
-- Tokens of sheets, and of the JSON API: cs_<id>_<secret>. The secret is shown once and kept as a digest.

-- Make a token and return it: nobody can read it again. 192 bits of PostgreSQL's own strong randomness are its secret.
CREATE OR REPLACE FUNCTION sp_new_token(name text, kind text, now timestamptz DEFAULT clock_timestamp())
RETURNS text LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  id constant text := left(replace(gen_random_uuid()::text, '-', ''), 8);
  secret constant text := left(encode(sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())), 'hex'), 48);
BEGIN
  INSERT INTO sp_sheet_tokens (id, name, kind, secret_sha256, created_at)
  VALUES (id, sp_new_token.name, sp_new_token.kind, sha256(convert_to(secret, 'UTF8')), now);
  RETURN concat_ws('_', 'cs', id, secret);
END $$;

CREATE OR REPLACE FUNCTION sp_new_sheet_token(name text, now timestamptz DEFAULT clock_timestamp())
RETURNS text LANGUAGE sql SET search_path = public, pg_temp AS $$
  SELECT sp_new_token(name, 'sheet', now);
$$;

-- Revoke the tokens of this id or name. Return how many were valid until now.
CREATE OR REPLACE FUNCTION sp_revoke_sheet_token(named text, now timestamptz DEFAULT clock_timestamp())
RETURNS integer LANGUAGE sql SET search_path = public, pg_temp AS $$
  WITH revoked AS (
    UPDATE sp_sheet_tokens t SET revoked_at = now WHERE (t.id = named OR t.name = named) AND t.revoked_at IS NULL
    RETURNING t.id)
  SELECT count(*)::integer FROM revoked;
$$;

-- Let a caller in who shows a valid token of the wanted kind and has a turn left: return NULL, or the answer that refuses it. Each call is
-- written down; a bucket of `burst` turns that is filled `calls_a_minute` times a minute is computed from what is there.
CREATE OR REPLACE FUNCTION sp_token_enter(token text, wanted text)
RETURNS jsonb LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  parts constant text[] := regexp_match(btrim(token), '^cs_([0-9a-z]{1,40})_([0-9A-Za-z]{1,100})$');
  -- Digests are compared after both were hashed again with fresh random bytes: how long that takes says nothing.
  salt constant bytea := uuid_send(gen_random_uuid());
  shown constant bytea := sha256(convert_to(coalesce(parts[2], ''), 'UTF8'));
  at constant timestamptz := clock_timestamp();  -- machine time: a rate is about this machine's work
  kept sp_sheet_tokens;
  turns double precision;
BEGIN
  SELECT t.* INTO kept FROM sp_sheet_tokens t WHERE t.id = parts[1];
  IF sha256(salt || shown) IS DISTINCT FROM sha256(salt || coalesce(kept.secret_sha256, sha256(salt))) THEN
    RETURN jsonb_build_object('ok', false, 'code', 'token_unknown', 'say',
      'This sheet''s token is not known: connect the sheet again with a token of yours.');
  END IF;
  IF kept.revoked_at IS NOT NULL THEN
    RETURN jsonb_build_object('ok', false, 'code', 'token_revoked', 'say',
      format('The token "%s" was revoked: ask whoever keeps the database for a new one.', kept.name));
  END IF;
  IF kept.kind <> wanted THEN
    RETURN jsonb_build_object('ok', false, 'code', 'token_of_another_kind', 'say',
      format('The token "%s" is made for the %s, and this is the %s: ask whoever keeps the database for one.', kept.name,
             CASE kept.kind WHEN 'api' THEN 'API' ELSE 'sheets' END, CASE wanted WHEN 'api' THEN 'API' ELSE 'sheets' END));
  END IF;
  SELECT least(kept.burst, min(kept.burst + extract(epoch FROM at - c.called_at) * kept.calls_a_minute / 60.0 - c.since))
  INTO turns
  FROM (SELECT called_at, row_number() OVER (ORDER BY called_at DESC) AS since FROM sp_sheet_calls
        WHERE token_id = kept.id AND called_at > at - interval '10 minutes') c;
  IF turns < 1 THEN
    RETURN jsonb_build_object('ok', false, 'code', 'slow_down', 'say',
      format('More than %s calls a minute: wait a little. One formula over a range is one call.', kept.calls_a_minute),
      'retry_after', ceil((1 - turns) * 60 / kept.calls_a_minute));
  END IF;
  INSERT INTO sp_sheet_calls VALUES (kept.id, at);
  IF kept.last_used_at IS NULL OR kept.last_used_at < at - interval '1 minute' THEN
    -- Whoever else is writing just that has it: nobody waits.
    UPDATE sp_sheet_tokens t SET last_used_at = at
    WHERE t.id = (SELECT k.id FROM sp_sheet_tokens k WHERE k.id = kept.id FOR NO KEY UPDATE SKIP LOCKED);
    DELETE FROM sp_sheet_calls WHERE ctid = ANY (ARRAY(
      SELECT c.ctid FROM sp_sheet_calls c WHERE c.called_at < at - interval '1 hour' LIMIT 5000 FOR UPDATE SKIP LOCKED));
  END IF;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION sp_sheet_enter(token text)
RETURNS jsonb LANGUAGE sql SET search_path = public, pg_temp AS $$
  SELECT sp_token_enter(token, 'sheet');
$$;
$script$;
  INSERT INTO sp_migrations VALUES ('sheets/20_tokens.sql', 'd98201e0ecd686cf')
  ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
END $chalkola$;

-- Nobody but the owner and service_role may use what is made here.
DO $access$
DECLARE
  made constant text[] := '{sp_migrations, sp_new_sheet_token, sp_new_token, sp_revoke_sheet_token, sp_sheet_enter, sp_token_enter}'::text[];
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
