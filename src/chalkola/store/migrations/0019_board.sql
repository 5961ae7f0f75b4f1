-- Notes: what people write beside a day of a product, or of the shop as a whole; and tokens of the JSON API.

CREATE TABLE sp_notes (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  asin text,                                 -- NULL: of the shop
  day date NOT NULL,
  author text NOT NULL,                      -- the address that was signed in
  text text NOT NULL CHECK (length(text) BETWEEN 1 AND 2000),
  written_at timestamptz NOT NULL
);
CREATE INDEX idx_sp_notes_asin ON sp_notes (asin, day);
ALTER TABLE sp_notes ENABLE ROW LEVEL SECURITY;

ALTER TABLE sp_sheet_tokens
  ADD COLUMN kind text NOT NULL DEFAULT 'sheet' CHECK (kind IN ('sheet', 'api'));  -- what it opens
