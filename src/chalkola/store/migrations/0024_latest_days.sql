-- The ledger's lines are read from the latest day on: a page of them without sorting all.
CREATE INDEX IF NOT EXISTS idx_sp_slices_day ON sp_slices (first_day);
