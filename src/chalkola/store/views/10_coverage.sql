-- What there is of every day and marketplace: the lines of the daily datasets, with their marketplace. Somebody's own
-- views may stand on this one: columns are only ever added, at the end.
--
-- The marketplaces are those of `marketplaces.py`; of the table of that name, which may be the user's own, nothing but
-- the ids can be relied on.
CREATE OR REPLACE VIEW sp_coverage WITH (security_invoker = true) AS
SELECT s.first_day AS date, m.marketplace, m.marketplace_id, m.amazon_marketplace_id, s.dataset, s.state, s.row_count,
       m.currency_code,
       (s.sums ->> 'units')::integer AS units,
       (s.sums ->> 'order_items')::integer AS order_items,
       (s.sums ->> 'sales')::numeric(14,2) AS sales,
       (s.sums ->> 'page_views')::integer AS page_views,
       (s.sums ->> 'sessions')::integer AS sessions,
       (s.residual ->> 'units')::integer AS residual_units,  -- Amazon's own total minus the rows
       (s.residual ->> 'order_items')::integer AS residual_order_items,
       (s.residual ->> 'sales')::numeric(14,2) AS residual_sales,
       (s.residual ->> 'page_views')::integer AS residual_page_views,
       s.source, s.asked_at, s.loaded_at, s.next_at, s.reason
FROM sp_slices s
JOIN (VALUES
  ('US', 'f47ac10b-58cc-4372-a567-0e02b2c3d479'::uuid, 'ATVPDKIKX0DER', 'USD'),
  ('CA', 'a1b2c3d4-58cc-4372-a567-0e02b2c3d480'::uuid, 'A2EUQ1WTGCTBG2', 'CAD'),
  ('MX', 'c9d0e1f2-58cc-4372-a567-0e02b2c3d488'::uuid, 'A1AM78C64UM0Y8', 'MXN'),
  ('BR', 'b1a2c3e4-58cc-4372-a567-0e02b2c3d490'::uuid, 'A2Q3Y263D00KWC', 'BRL'),
  ('UK', 'b2c3d4e5-58cc-4372-a567-0e02b2c3d481'::uuid, 'A1F83G8C2ARO7P', 'GBP'),
  ('DE', 'c3d4e5f6-58cc-4372-a567-0e02b2c3d482'::uuid, 'A1PA6795UKMFR9', 'EUR'),
  ('FR', 'd4e5f6a7-58cc-4372-a567-0e02b2c3d483'::uuid, 'A13V1IB3VIYZZH', 'EUR'),
  ('IT', 'a7b8c9d0-58cc-4372-a567-0e02b2c3d486'::uuid, 'APJ6JRA9NG5V4', 'EUR'),
  ('ES', 'b8c9d0e1-58cc-4372-a567-0e02b2c3d487'::uuid, 'A1RKKUPIHCS9HS', 'EUR'),
  ('AE', 'e5f6a7b8-58cc-4372-a567-0e02b2c3d484'::uuid, 'A2VIGQ35RCS4UG', 'AED'),
  ('AU', 'f6a7b8c9-58cc-4372-a567-0e02b2c3d485'::uuid, 'A39IBJ37TRP1C6', 'AUD'),
  ('JP', 'd0e1f2a3-58cc-4372-a567-0e02b2c3d489'::uuid, 'A1VC38T7YXB528', 'JPY')
) AS m (marketplace, marketplace_id, amazon_marketplace_id, currency_code) ON s.scope = 'marketplace:' || m.marketplace
WHERE s.dataset IN ('sales_and_traffic', 'daily_totals', 'daily_parents');
