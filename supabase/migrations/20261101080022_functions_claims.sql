-- functions/22_claims.sql of Chalkola. Written by `python -m chalkola.surfaces.docs`; it does nothing where it was applied.

DO $chalkola$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('chalkola migrate'));
  CREATE TABLE IF NOT EXISTS sp_migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
  ALTER TABLE sp_migrations ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM sp_migrations WHERE name = 'functions/22_claims.sql' AND checksum = '7607abb2728534dd') THEN
    RETURN;
  END IF;
  PERFORM set_config('lock_timeout', '10s', true);
  EXECUTE $script$
-- Who works on what: pulls are claimed for as long as a lease, and what is left is looked at from outside.

-- Whether a pull may be gone on with by anybody, wanted or not: it has been asked, and is not one of a backfill that is
-- still at work. That looks at each of its pulls within seconds of `run_at`.
CREATE OR REPLACE FUNCTION sp_is_anyones(stage text, rank smallint, run_at timestamptz, now timestamptz)
RETURNS boolean LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
  SELECT stage <> 'planned' AND (rank < 2 OR run_at < now - interval '2 minutes');
$$;

-- Claim up to `most` pulls whose next step can be done now: tickets and further pages first, then days that are new to
-- us, then the newest. A pull that is to be asked takes its turns here and becomes 'asking' here, so that the intent is written before the request leaves; one
-- that is found 'asking' was left behind by somebody and becomes 'looking': Amazon may know the question already.
-- Only the pulls in `wanted`, and any of these accounts' that nobody else goes on with (`sp_is_anyones`). A question about
-- history (rank 2) leaves the share `reserve` of every bucket's turns to the others.
CREATE OR REPLACE FUNCTION sp_claim(worker text, accounts text[], wanted bigint[], most integer, lease interval,
                                    reserve double precision, now timestamptz)
RETURNS SETOF sp_pulls LANGUAGE plpgsql SET search_path = public, pg_temp
-- Thousands of lines may be new since the last ANALYZE; without a sort it is idx_sp_pulls_open that gives the order.
SET enable_sort = off AS $$
DECLARE
  pull sp_pulls;
  taken integer := 0;
  dry text[] := ARRAY(SELECT b.key FROM sp_buckets b WHERE b.open_at > now);
  kept text[] := ARRAY(SELECT b.key FROM sp_buckets b WHERE sp_next_turn_beside(b, reserve) > now);
  full_slots text[];
  asked bigint[] := '{}';
  left_asking bigint[] := '{}';
  left_behind bigint[] := '{}';
BEGIN
  WHILE taken < most LOOP
    full_slots := sp_full_slots();
    -- The first hit ends the search, however many pulls are open.
    SELECT p.* INTO pull FROM sp_pulls p
    WHERE p.finished_at IS NULL AND p.account = ANY (accounts) AND p.run_at <= now
      AND NOT p.needs && CASE WHEN p.rank = 2 THEN kept ELSE dry END
      AND (p.stage <> 'planned' OR p.slot IS NULL OR p.slot <> ALL (full_slots))
      AND (p.lease_until IS NULL OR p.lease_until < clock_timestamp())
      AND (p.id = ANY (wanted) OR sp_is_anyones(p.stage, p.rank, p.run_at, now))
    ORDER BY p.stage = 'planned' AND p.page_token IS NULL, p.rank, p.last_day DESC, p.id
    FOR UPDATE SKIP LOCKED LIMIT 1;
    EXIT WHEN NOT FOUND;
    IF taken = 0 THEN
      -- We may draw from several buckets one pull after the other, and others do the same: all lock them in this order.
      PERFORM 1 FROM sp_buckets b WHERE split_part(b.key, '@', 2) = ANY (accounts || 'app'::text)
      ORDER BY b.key FOR UPDATE;
      CONTINUE WHEN pull.stage = 'planned' AND pull.slot = ANY (sp_full_slots());  -- filled while we waited
    END IF;
    IF NOT (SELECT granted FROM sp_take(pull.needs, now)) THEN
      -- The last turn went to the pull before, or to another run: the bucket now says when, and is passed over.
      dry := ARRAY(SELECT b.key FROM sp_buckets b WHERE b.open_at > now);
      kept := ARRAY(SELECT b.key FROM sp_buckets b WHERE sp_next_turn_beside(b, reserve) > now);
      CONTINUE;
    END IF;
    taken := taken + 1;
    IF reserve > 0 THEN
      kept := ARRAY(SELECT b.key FROM sp_buckets b WHERE sp_next_turn_beside(b, reserve) > now);
    END IF;
    IF pull.stage = 'asking' THEN
      left_asking := left_asking || pull.id;
    ELSIF pull.lease_owner IS NOT NULL THEN
      left_behind := left_behind || pull.id;
    END IF;
    UPDATE sp_pulls p SET
      lease_owner = worker, lease_until = clock_timestamp() + lease, generation = p.generation + 1,
      stage = CASE p.stage WHEN 'planned' THEN 'asking' WHEN 'asking' THEN 'looking' ELSE p.stage END,
      needs = CASE p.stage WHEN 'planned' THEN '{}' ELSE p.needs END,
      intended_at = CASE p.stage WHEN 'planned' THEN now ELSE p.intended_at END,
      asks = p.asks + (p.stage = 'planned')::integer,
      waiting_for = NULL
    WHERE p.id = pull.id RETURNING * INTO pull;
    IF pull.stage = 'asking' THEN
      asked := asked || pull.id;
    END IF;
    RETURN NEXT pull;
  END LOOP;
  INSERT INTO sp_pull_events (pull_id, at, what, said)
  SELECT p.id, now, CASE WHEN p.id = ANY (left_asking) THEN 'looking' WHEN p.id = ANY (left_behind) THEN 'taken over'
                         ELSE 'asking' END,
         CASE WHEN p.id = ANY (asked) AND p.page_token IS NOT NULL THEN 'page ' || cardinality(p.pages) + 1 END
  FROM sp_pulls p WHERE p.id = ANY (asked || left_asking || left_behind) ORDER BY p.id;
  -- A line that is locked is being loaded at this moment, which says more than that it is asked for: never wait for it.
  UPDATE sp_slices s SET state = 'asked' FROM (
    SELECT l.dataset, l.scope, l.first_day FROM sp_slices l JOIN sp_pull_slices ps USING (dataset, scope, first_day)
    WHERE ps.pull_id = ANY (asked) AND l.state IN ('due', 'failed', 'closed')
    FOR UPDATE OF l SKIP LOCKED) AS free
  WHERE (s.dataset, s.scope, s.first_day) = (free.dataset, free.scope, free.first_day);
  PERFORM sp_note_data_pulls(asked, now);
END $$;

DROP FUNCTION IF EXISTS sp_claim(text, text[], bigint[], integer, interval, timestamptz);

-- Lengthen the leases of the pulls that a living worker has in hand.
CREATE OR REPLACE FUNCTION sp_renew(worker text, pull_ids bigint[], lease interval)
RETURNS void LANGUAGE sql SET search_path = public, pg_temp AS $$
  UPDATE sp_pulls p SET lease_until = clock_timestamp() + lease
  WHERE p.id = ANY (pull_ids) AND p.lease_owner = worker AND p.finished_at IS NULL;
$$;

-- Free the leases of workers that are known to be dead. Return how many.
CREATE OR REPLACE FUNCTION sp_release(workers text[])
RETURNS integer LANGUAGE sql SET search_path = public, pg_temp AS $$
  WITH freed AS (UPDATE sp_pulls SET lease_owner = NULL, lease_until = NULL
                 WHERE lease_owner = ANY (workers) AND finished_at IS NULL RETURNING 1)
  SELECT count(*)::integer FROM freed;
$$;

-- Let go of pulls whose step ended in an error of the database's, so that they can be claimed again at once.
CREATE OR REPLACE FUNCTION sp_let_go(worker text, pull_ids bigint[])
RETURNS void LANGUAGE sql SET search_path = public, pg_temp AS $$
  UPDATE sp_pulls SET lease_owner = NULL, lease_until = NULL
  WHERE id = ANY (pull_ids) AND lease_owner = worker AND finished_at IS NULL;
$$;

-- What a run still has before it: how many of its pulls are open, from when the next one can move (NULL: none is worth
-- waiting for; one that waits for a slot moves when another pull frees it, which is looked at twice a minute where that is
-- somebody else's), and how long (machine time) it is until the
-- first lease of another worker ends. A pull that Amazon has kept waiting for longer than `patience` is not worth waiting
-- for: it stays in the ledger for the next run. `reserve` as in `sp_claim`.
CREATE OR REPLACE FUNCTION sp_outlook(worker text, accounts text[], wanted bigint[], patience interval,
                                      reserve double precision, now timestamptz,
                                      OUT open integer, OUT next_at timestamptz, OUT leased_for interval)
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
  -- Thousands of pulls draw from a handful of bucket sets, so the buckets are looked at once for each set.
  SELECT coalesce(sum(p.pulls), 0)::integer,
         min(greatest(p.run_at, (SELECT max(CASE WHEN p.reserved THEN sp_next_turn_beside(b, reserve) ELSE b.open_at END)
                                 FROM sp_buckets b WHERE b.key = ANY (p.needs))))
           FILTER (WHERE p.run_at IS NOT NULL),
         min(p.leased_for)
  FROM (SELECT o.needs, o.reserved, count(*) AS pulls,
               min(CASE WHEN o.full THEN now + interval '30 seconds' ELSE o.run_at END)
                 FILTER (WHERE NOT o.leased AND (NOT o.full OR o.by_others)
                           AND (o.stalled_since IS NULL OR o.stalled_since + patience > now)) AS run_at,
               min(o.lease_until - clock_timestamp()) FILTER (WHERE o.leased AND o.lease_owner <> worker) AS leased_for
        FROM (SELECT p.*, p.lease_until IS NOT NULL AND p.lease_until >= clock_timestamp() AS leased,
                     p.rank = 2 AS reserved,
                     p.stage = 'planned' AND p.slot IS NOT NULL AND p.slot = ANY (f.slots) AS full,
                     p.slot = ANY (h.slots) AS by_others
              FROM sp_pulls p CROSS JOIN (SELECT sp_full_slots()) AS f (slots)
              CROSS JOIN (SELECT coalesce(array_agg(s.slot), '{}') FROM sp_pulls s
                          WHERE s.finished_at IS NULL AND s.slot IS NOT NULL AND s.stage IN ('asking', 'looking', 'asked')
                            AND NOT sp_is_anyones(s.stage, s.rank, s.run_at, now)
                            AND s.id NOT IN (SELECT unnest(wanted))) AS h (slots)
              WHERE p.finished_at IS NULL AND p.account = ANY (accounts)
                AND (sp_is_anyones(p.stage, p.rank, p.run_at, now) OR p.id IN (SELECT unnest(wanted)))) AS o
        GROUP BY o.needs, o.reserved) AS p;
$$;
DROP FUNCTION IF EXISTS sp_outlook(text, text[], bigint[], interval, timestamptz);
$script$;
  INSERT INTO sp_migrations VALUES ('functions/22_claims.sql', '7607abb2728534dd')
  ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
END $chalkola$;

-- Nobody but the owner and service_role may use what is made here.
DO $access$
DECLARE
  made constant text[] := '{sp_claim, sp_is_anyones, sp_let_go, sp_migrations, sp_outlook, sp_release, sp_renew}'::text[];
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
