-- What spreadsheets ask with: tokens, of which only a digest is kept, and the calls that count against their rate.

CREATE TABLE sp_sheet_tokens (
  id text PRIMARY KEY,                       -- the part of the token that may be seen
  name text NOT NULL,
  secret_sha256 bytea NOT NULL,
  calls_a_minute integer NOT NULL DEFAULT 120 CHECK (calls_a_minute > 0),
  burst integer NOT NULL DEFAULT 60 CHECK (burst > 0),
  created_at timestamptz NOT NULL,
  last_used_at timestamptz,                  -- to the minute
  revoked_at timestamptz                     -- NULL: it is valid
);
ALTER TABLE sp_sheet_tokens ENABLE ROW LEVEL SECURITY;

-- The calls of the last minutes: written and never changed, so that calls of one token do not wait for each other.
CREATE UNLOGGED TABLE sp_sheet_calls (
  token_id text NOT NULL,
  called_at timestamptz NOT NULL             -- machine time: a rate is about this machine's work
);
CREATE INDEX idx_sp_sheet_calls ON sp_sheet_calls (token_id, called_at);
ALTER TABLE sp_sheet_calls ENABLE ROW LEVEL SECURITY;

-- The role that whoever serves sheets takes on (SET LOCAL ROLE): it may execute the functions for sheets and nothing else
-- (access.py). Roles belong to the whole server: it may be there already, or we may not be allowed to make it or to take it
-- on. `chalkola migrate` says so; nothing else depends on it.
DO $$
BEGIN
  BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'chalkola_sheets') THEN
      CREATE ROLE chalkola_sheets NOLOGIN;
    END IF;
  EXCEPTION
    WHEN insufficient_privilege THEN
      RAISE NOTICE 'the role chalkola_sheets cannot be made here: %', SQLERRM;
      RETURN;
    WHEN duplicate_object OR unique_violation THEN
      NULL;  -- another database of this server makes it at this moment
  END;
  EXECUTE format('GRANT USAGE ON SCHEMA %I TO chalkola_sheets', current_schema());
  -- Who makes a role may not take it on for that (since PostgreSQL 16). A superuser may take on any.
  IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
    EXECUTE format('GRANT chalkola_sheets TO %I', current_user);
  END IF;
EXCEPTION WHEN insufficient_privilege THEN
  RAISE NOTICE 'the role chalkola_sheets cannot be taken on here: %', SQLERRM;
END $$;
