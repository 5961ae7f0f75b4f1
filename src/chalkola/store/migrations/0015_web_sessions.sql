-- Who has signed in to the pages, and until when that holds. Of what the browser shows only a digest is kept.

CREATE TABLE sp_web_sessions (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  digest bytea NOT NULL UNIQUE,              -- HMAC-SHA-256 of the cookie with SESSION_SECRET
  email text NOT NULL,                       -- verified by Google, in small letters
  name text NOT NULL DEFAULT '',             -- as Google has it
  signed_in_at timestamptz NOT NULL,         -- machine time, as all times here
  seen_at timestamptz NOT NULL,              -- to the minute
  expires_at timestamptz NOT NULL,
  ended_at timestamptz,                      -- NULL: nobody has ended it
  ended_by text                              -- the address of whoever did
);
CREATE INDEX idx_sp_web_sessions_email ON sp_web_sessions (email, signed_in_at DESC);
ALTER TABLE sp_web_sessions ENABLE ROW LEVEL SECURITY;
