-- Amazon's documents: what became of each, and which are to be removed.

-- Write down what became of a pull's document. One that is kept under the same name once more replaces the former.
CREATE OR REPLACE FUNCTION sp_note_document(pull_id bigint, state text, name text, byte_count bigint, why text,
                                            now timestamptz)
RETURNS void LANGUAGE sql SET search_path = public, pg_temp AS $$
  INSERT INTO sp_documents AS d (pull_id, at, state, name, byte_count, why)
  VALUES ($1, $6, $2, $3, $4, $5)
  ON CONFLICT (name) DO UPDATE SET
    at = excluded.at, state = excluded.state, byte_count = excluded.byte_count, why = excluded.why;
$$;

-- Note that documents are not there any more, and why.
CREATE OR REPLACE FUNCTION sp_drop_documents(ids bigint[], why text)
RETURNS void LANGUAGE sql SET search_path = public, pg_temp AS $$
  WITH gone AS (
    UPDATE sp_documents d SET state = 'removed', why = $2 WHERE d.id = ANY (ids) RETURNING d.pull_id, d.name)
  UPDATE sp_pulls p SET archived_as = NULL FROM gone WHERE p.id = gone.pull_id AND p.archived_as = gone.name;
$$;
