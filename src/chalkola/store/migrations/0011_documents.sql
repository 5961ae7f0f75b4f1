-- What became of every document that Amazon sent: where it is kept and what it takes there, or why it is not.

CREATE TABLE sp_documents (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- No foreign key: a file that is imported is kept before the line of its pull is written.
  pull_id bigint NOT NULL,
  at timestamptz NOT NULL,                   -- when it came, Amazon's time
  state text NOT NULL CHECK (state IN ('kept', 'failed', 'too large', 'removed')),
  name text UNIQUE,                          -- as sp_pulls.archived_as; supabase:<bucket>/… or a path in the folder
  byte_count bigint NOT NULL,                -- as it is kept
  why text                                   -- why it is not kept
);
CREATE INDEX idx_sp_documents_pull ON sp_documents (pull_id);
CREATE INDEX idx_sp_documents_kept ON sp_documents (at) WHERE state = 'kept';
CREATE INDEX idx_sp_documents_not_kept ON sp_documents (at) WHERE state IN ('failed', 'too large');
ALTER TABLE sp_documents ENABLE ROW LEVEL SECURITY;

INSERT INTO sp_documents (pull_id, at, state, name, byte_count)
SELECT id, coalesce(finished_at, created_at), 'kept', archived_as, coalesce(byte_count, 0)
FROM sp_pulls WHERE archived_as IS NOT NULL ORDER BY id
ON CONFLICT (name) DO NOTHING;
