-- Rows on their way into a table through Supabase's API, a few hundred in a call, under the pull that brings them. The
-- transaction that ends the pull moves them. What a pull has left behind here nobody reads; it goes when the pull ends.
-- Unlogged: should the server crash in the middle, they are missed when they are counted, and are staged again.
CREATE TABLE sp_staged (
  pull_id    bigint NOT NULL,
  generation integer NOT NULL,
  part       integer NOT NULL,
  place      integer NOT NULL,
  cells      text[] NOT NULL,
  PRIMARY KEY (pull_id, generation, part, place)
);
ALTER TABLE sp_staged SET UNLOGGED;
ALTER TABLE sp_staged ENABLE ROW LEVEL SECURITY;

-- What calls through Supabase's API have answered lately: one that was lost on its way is made again under its id, and has
-- then been carried out once, whichever of them came through.
CREATE TABLE sp_rest_calls (
  id     uuid PRIMARY KEY,
  at     timestamptz NOT NULL DEFAULT clock_timestamp(),
  answer json
);
ALTER TABLE sp_rest_calls ENABLE ROW LEVEL SECURITY;
CREATE INDEX idx_sp_rest_calls_at ON sp_rest_calls (at);
