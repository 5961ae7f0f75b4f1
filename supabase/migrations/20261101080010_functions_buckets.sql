-- functions/10_buckets.sql of Chalkola. Written by `python -m chalkola.surfaces.docs`; it does nothing where it was applied.

DO $chalkola$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('chalkola migrate'));
  CREATE TABLE IF NOT EXISTS sp_migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
  ALTER TABLE sp_migrations ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM sp_migrations WHERE name = 'functions/10_buckets.sql' AND checksum = 'd2343ba965fc9abb') THEN
    RETURN;
  END IF;
  PERFORM set_config('lock_timeout', '10s', true);
  EXECUTE $script$
-- Turns from buckets. A bucket is one row (GCRA): `full_at` moves on by `seconds_per_turn` with each turn, and a turn can
-- be had while the bucket lacks fewer than `burst` turns. `now` is Amazon's time and always a parameter.

-- From when a bucket grants its next turn while that share of its turns is kept for others: of its burst, so that the
-- others need not wait, and of what it grants in a day.
CREATE OR REPLACE FUNCTION sp_next_turn_beside(b sp_buckets, reserve double precision)
RETURNS timestamptz LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
  SELECT greatest(
    -- rounded as `sp_take` rounds each turn
    b.full_at - (b.burst - 1 - floor(b.burst * reserve)::integer) * make_interval(secs => b.seconds_per_turn),
    b.blocked_until,
    -- a daily limit is full while the daily-th youngest turn is less than a day old
    CASE WHEN b.daily IS NOT NULL THEN (
      SELECT t.taken_at + interval '24 hours' FROM sp_bucket_turns t
      WHERE t.key = b.key ORDER BY t.taken_at DESC
      OFFSET greatest(1, b.daily - floor(b.daily * reserve)::integer) - 1 LIMIT 1) END);
$$;

-- From when a bucket grants its next turn.
CREATE OR REPLACE FUNCTION sp_next_turn(b sp_buckets)
RETURNS timestamptz LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
  SELECT sp_next_turn_beside(b, 0);
$$;

-- Declare a bucket; an existing one keeps its state, and its rate too when Amazon has stated one.
CREATE OR REPLACE FUNCTION sp_define_bucket(key text, seconds_per_turn double precision, burst integer, daily integer)
RETURNS void LANGUAGE sql SET search_path = public, pg_temp AS $$
  INSERT INTO sp_buckets AS b (key, seconds_per_turn, burst, daily)
  VALUES ($1, $2, $3, $4)
  ON CONFLICT (key) DO UPDATE SET
    seconds_per_turn = CASE WHEN b.learned THEN b.seconds_per_turn ELSE excluded.seconds_per_turn END,
    burst = excluded.burst,
    daily = excluded.daily
  WHERE (b.burst, b.daily) IS DISTINCT FROM (excluded.burst, excluded.daily)
     OR NOT b.learned AND b.seconds_per_turn <> excluded.seconds_per_turn;
  UPDATE sp_buckets b SET open_at = sp_next_turn(b) WHERE b.key = $1 AND b.full_at IS NOT NULL;
$$;

-- Take one turn from every bucket in `keys`, or none from any. Not granted: `open_at` is when to try again, and
-- `waiting_for` the bucket that says so.
CREATE OR REPLACE FUNCTION sp_take(keys text[], now timestamptz,
                                   OUT granted boolean, OUT open_at timestamptz, OUT waiting_for text)
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM 1 FROM sp_buckets b WHERE b.key = ANY (keys) ORDER BY b.key FOR UPDATE;
  SELECT b.open_at, b.key INTO open_at, waiting_for FROM sp_buckets b
  WHERE b.key = ANY (keys) AND b.open_at > now ORDER BY b.open_at DESC LIMIT 1;
  granted := NOT FOUND;
  IF granted THEN
    INSERT INTO sp_bucket_turns SELECT b.key, now FROM sp_buckets b WHERE b.key = ANY (keys) AND b.daily IS NOT NULL;
    DELETE FROM sp_bucket_turns t WHERE t.key = ANY (keys) AND t.taken_at <= now - interval '24 hours';
    UPDATE sp_buckets b SET full_at = greatest(b.full_at, now) + make_interval(secs => b.seconds_per_turn)
    WHERE b.key = ANY (keys);
    UPDATE sp_buckets b SET open_at = sp_next_turn(b) WHERE b.key = ANY (keys);
    open_at := now;
  END IF;
END $$;

-- Amazon answered a question whose turn was taken at `asked_at`. Count the turn from the answer, since Amazon counted it
-- somewhere in between, and end any run of 429s.
CREATE OR REPLACE FUNCTION sp_settle_turn(keys text[], asked_at timestamptz, now timestamptz)
RETURNS void LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM 1 FROM sp_buckets b WHERE b.key = ANY (keys) ORDER BY b.key FOR UPDATE;
  UPDATE sp_bucket_turns t SET taken_at = now WHERE t.key = ANY (keys) AND t.taken_at = asked_at;
  UPDATE sp_buckets b SET full_at = b.full_at + (now - asked_at), refused_in_row = 0 WHERE b.key = ANY (keys);
  UPDATE sp_buckets b SET open_at = sp_next_turn(b) WHERE b.key = ANY (keys);
END $$;

-- Note a 429: nothing leaves through this bucket before `until`. Return how many came in a row.
CREATE OR REPLACE FUNCTION sp_refuse_turn(key text, until timestamptz)
RETURNS integer LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  bucket sp_buckets;
BEGIN
  UPDATE sp_buckets b SET blocked_until = greatest(b.blocked_until, until), refused_in_row = b.refused_in_row + 1
  WHERE b.key = $1 RETURNING * INTO bucket;
  UPDATE sp_buckets b SET open_at = sp_next_turn(b) WHERE b.key = $1;
  RETURN coalesce(bucket.refused_in_row, 1);
END $$;

-- Note that Amazon let a call through again.
CREATE OR REPLACE FUNCTION sp_accept_turn(key text)
RETURNS void LANGUAGE sql SET search_path = public, pg_temp AS $$
  UPDATE sp_buckets b SET refused_in_row = 0 WHERE b.key = $1 AND b.refused_in_row > 0;
$$;

-- Adopt the rate that Amazon states for an operation.
CREATE OR REPLACE FUNCTION sp_learn_rate(key text, rate_per_second double precision)
RETURNS void LANGUAGE sql SET search_path = public, pg_temp AS $$
  UPDATE sp_buckets b SET seconds_per_turn = 1 / nullif(rate_per_second, 0), learned = true
  WHERE b.key = $1 AND rate_per_second > 0 AND abs(b.seconds_per_turn * rate_per_second - 1) > 0.001;
  UPDATE sp_buckets b SET open_at = sp_next_turn(b) WHERE b.key = $1 AND b.full_at IS NOT NULL;
$$;
$script$;
  INSERT INTO sp_migrations VALUES ('functions/10_buckets.sql', 'd2343ba965fc9abb')
  ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
END $chalkola$;

-- Nobody but the owner and service_role may use what is made here.
DO $access$
DECLARE
  made constant text[] := '{sp_accept_turn, sp_define_bucket, sp_learn_rate, sp_migrations, sp_next_turn, sp_next_turn_beside, sp_refuse_turn, sp_settle_turn, sp_take}'::text[];
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
