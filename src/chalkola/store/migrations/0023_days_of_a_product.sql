-- The days of one product are read from the sums of months, in every marketplace at once.
CREATE INDEX idx_sp_month_sums_child ON sp_month_sums (child_asin, month) WHERE NOT of_parents;
CREATE INDEX idx_sp_month_sums_parent ON sp_month_sums (parent_asin, month) WHERE of_parents;
