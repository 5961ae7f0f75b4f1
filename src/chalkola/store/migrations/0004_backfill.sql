-- The backfill: which ASINs Amazon showed in a month, and questions that are asked anew in smaller ones.

CREATE TABLE sp_seen_asins (
  id bigserial PRIMARY KEY,
  date date NOT NULL,                        -- the first day of the period
  marketplace_id uuid NOT NULL REFERENCES marketplaces (id),
  amazon_marketplace_id text NOT NULL,
  child_asin text NOT NULL,
  parent_asin text,
  units_ordered integer,
  page_views integer,
  created_at timestamptz DEFAULT now(),
  pull_id bigint,
  source text,
  first_loaded_at timestamptz,
  last_changed_at timestamptz,
  times_changed integer DEFAULT 0,
  UNIQUE (date, marketplace_id, child_asin)
);
ALTER TABLE sp_seen_asins ENABLE ROW LEVEL SECURITY;

ALTER TABLE sp_pulls
  ADD COLUMN redo_at timestamptz,            -- a refused question for some ASINs: ask for these anew from then on
  ADD COLUMN redone_at timestamptz;          -- when that was planned
CREATE INDEX idx_sp_pulls_refused_parts ON sp_pulls (id)
  WHERE stage = 'refused' AND filters IS NOT NULL AND redone_at IS NULL;
