-- What has happened to a pull, and what its slices became by it: a slice's story is told from these.

CREATE TABLE sp_pull_events (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  pull_id bigint NOT NULL REFERENCES sp_pulls (id) ON DELETE CASCADE,
  at timestamptz NOT NULL,                   -- Amazon's time
  what text NOT NULL CHECK (what IN (
    'asking',                                -- the intent is written, and the question leaves
    'ticket',                                -- Amazon has taken it
    'throttled',                             -- Amazon's quota: a 429, or no turn to be had
    'setback',                               -- an outage, a connection or a login that failed
    'lost',                                  -- Amazon's answer to the question was lost: it is looked for
    'looking',                               -- whoever was asking is gone: it is looked for
    'taken over',                            -- whoever had it in hand at another stage is gone
    'found',                                 -- Amazon's list has it
    'not ours',                              -- what was found answers another application's question
    'asked again',                           -- Amazon's list does not have it
    'page',                                  -- the document of a page is there, and names a next one
    'first page',                            -- the next page is refused: the first one is asked for again
    'source closed',
    'loaded', 'empty', 'refused'             -- its end
  )),
  said text                                  -- which ticket or page; why, in Amazon's words where there are any
);
CREATE INDEX idx_sp_pull_events_pull ON sp_pull_events (pull_id, id);
ALTER TABLE sp_pull_events ENABLE ROW LEVEL SECURITY;

ALTER TABLE sp_pull_slices
  ADD COLUMN state text,                     -- what the slice became by this pull; NULL: nothing, or not known
  ADD COLUMN reason text;
