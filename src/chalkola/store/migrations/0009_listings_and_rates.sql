-- Listings (which SKU is which ASIN, as Amazon lists them) and the euro's daily reference rates. Where a table of these
-- names was there before us its rows and columns are kept; missing columns are added.

DO $$
BEGIN
  IF to_regclass('sp_listings') IS NULL THEN
    CREATE TABLE sp_listings (
      marketplace_id uuid NOT NULL REFERENCES marketplaces (id),
      amazon_marketplace_id text NOT NULL,
      sku text NOT NULL,
      PRIMARY KEY (marketplace_id, sku)
    );
    ALTER TABLE sp_listings ENABLE ROW LEVEL SECURITY;
  END IF;
  IF to_regclass('fx_rates') IS NULL THEN
    CREATE TABLE fx_rates (
      date date NOT NULL,
      currency_code text NOT NULL,
      PRIMARY KEY (date, currency_code)
    );
    ALTER TABLE fx_rates ENABLE ROW LEVEL SECURITY;
  END IF;
END $$;

ALTER TABLE sp_listings
  ADD COLUMN IF NOT EXISTS marketplace_id uuid,
  ADD COLUMN IF NOT EXISTS amazon_marketplace_id text,
  ADD COLUMN IF NOT EXISTS sku text,
  ADD COLUMN IF NOT EXISTS asin text,              -- NULL: Amazon names none, as of a listing that is incomplete
  ADD COLUMN IF NOT EXISTS title text,
  ADD COLUMN IF NOT EXISTS price numeric(12,2),
  ADD COLUMN IF NOT EXISTS currency_code text,     -- of the price: the marketplace's
  ADD COLUMN IF NOT EXISTS quantity integer,       -- NULL where Amazon keeps the stock (FBA)
  ADD COLUMN IF NOT EXISTS status text,            -- Active, Inactive, Incomplete, in Amazon's words
  ADD COLUMN IF NOT EXISTS fulfilment text,        -- FBA: Amazon sends it; FBM: the merchant does
  ADD COLUMN IF NOT EXISTS listing_id text,
  ADD COLUMN IF NOT EXISTS open_date text,         -- as Amazon writes it, which differs by marketplace
  ADD COLUMN IF NOT EXISTS first_seen_at timestamptz,
  ADD COLUMN IF NOT EXISTS changed_at timestamptz, -- when it last became another one, went, or came back
  ADD COLUMN IF NOT EXISTS gone_at timestamptz,    -- since when Amazon's list has not had it; NULL: it has
  ADD COLUMN IF NOT EXISTS pull_id bigint;
COMMENT ON COLUMN sp_listings.gone_at IS
  'Since when Amazon''s list has not had this SKU. NULL: it has. The row keeps what the list said of it last.';
COMMENT ON COLUMN sp_listings.pull_id IS
  'The line of sp_pulls that wrote this row last. NULL: the row was there before us, and we never mark it as gone.';
CREATE INDEX IF NOT EXISTS idx_sp_listings_asin ON sp_listings (asin);

ALTER TABLE fx_rates
  ADD COLUMN IF NOT EXISTS date date,
  ADD COLUMN IF NOT EXISTS currency_code text,
  ADD COLUMN IF NOT EXISTS per_eur numeric,        -- units of the currency for one euro
  ADD COLUMN IF NOT EXISTS source text,            -- ecb: as published; peg: by a fixed rate to one that is published
  ADD COLUMN IF NOT EXISTS pull_id bigint;
COMMENT ON COLUMN fx_rates.per_eur IS
  'Units of the currency for one euro. There is a row for each day on which the European Central Bank published.';
