-- Whose people may read our tables through Supabase: the domains of their verified addresses. Empty: nobody may.
-- What they may read, and by which policy, is written in `store/access.py`.

CREATE TABLE sp_reader_domains (
  domain text PRIMARY KEY CHECK (domain = lower(domain) AND domain ~ '^[^@\s]+$')
);
ALTER TABLE sp_reader_domains ENABLE ROW LEVEL SECURITY;
