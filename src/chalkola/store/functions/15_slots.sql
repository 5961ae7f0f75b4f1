-- How many questions of one kind an account may have under way.

-- The slots that are full: as many questions of a kind are under way as Amazon takes of an account, or one, as long as
-- it has accepted none of that kind yet.
CREATE OR REPLACE FUNCTION sp_full_slots()
RETURNS text[] LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
  SELECT coalesce(array_agg(u.slot), '{}') FROM (
    SELECT p.slot, count(*) AS questions FROM sp_pulls p
    WHERE p.finished_at IS NULL AND p.slot IS NOT NULL AND p.stage IN ('asking', 'looking', 'asked')
    GROUP BY p.slot) AS u
  JOIN sp_slots s ON s.key = u.slot
  WHERE u.questions >= CASE WHEN s.accepted THEN s.most ELSE 1 END;
$$;

-- Declare how many questions may be under way. One that was lowered comes back by one a day.
CREATE OR REPLACE FUNCTION sp_define_slot(key text, most integer, now timestamptz)
RETURNS void LANGUAGE sql SET search_path = public, pg_temp AS $$
  INSERT INTO sp_slots AS s (key, most) VALUES ($1, $2)
  ON CONFLICT ON CONSTRAINT sp_slots_pkey DO UPDATE SET
    most = CASE WHEN s.refused_at IS NULL OR s.most > $2 THEN $2 ELSE s.most + 1 END,
    refused_at = CASE WHEN s.refused_at IS NULL OR s.most + 1 >= $2 THEN NULL ELSE $3 END
  WHERE s.most <> $2 AND (s.refused_at IS NULL OR s.most > $2 OR s.refused_at <= $3 - interval '24 hours');
$$;

-- Amazon has refused a question while others of its kind were under way: from now on no more than those.
CREATE OR REPLACE FUNCTION sp_lower_slot(pull_id bigint, now timestamptz)
RETURNS void LANGUAGE sql SET search_path = public, pg_temp AS $$
  UPDATE sp_slots s SET most = least(s.most, u.others), refused_at = $2
  FROM (SELECT asked.slot, count(*)::integer AS others FROM sp_pulls p
        JOIN sp_pulls asked ON asked.slot = p.slot AND asked.id <> p.id AND asked.finished_at IS NULL
          AND asked.stage IN ('looking', 'asked')
        WHERE p.id = $1 GROUP BY asked.slot) AS u
  WHERE s.key = u.slot;
$$;
