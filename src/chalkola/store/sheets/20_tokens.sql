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
