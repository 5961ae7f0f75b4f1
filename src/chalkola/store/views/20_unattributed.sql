-- What Amazon's own totals have above the rows by ASIN, of days that differ: the same in two complete answers a day
-- apart, and accepted. Rows and these together are Amazon's totals; of page views, where they are more than 2 % apart.
CREATE OR REPLACE VIEW sp_unattributed WITH (security_invoker = true) AS
SELECT c.date, c.marketplace, c.marketplace_id, c.amazon_marketplace_id,
       c.residual_units AS units_ordered,
       c.residual_order_items AS total_order_items,
       c.residual_sales AS ordered_product_sales,
       c.residual_page_views AS page_views,
       c.currency_code
FROM sp_coverage c
WHERE c.dataset = 'sales_and_traffic' AND c.state = 'differs' AND c.residual_units IS NOT NULL;
