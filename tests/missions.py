"""The mission's own SQL, as its owner applied it by hand, with rows in the tables."""

from datetime import date
from typing import Any

import psycopg

from chalkola.marketplaces import marketplace

Database = psycopg.Connection[dict[str, Any]]

MISSION = """
CREATE TABLE marketplaces (id UUID PRIMARY KEY);
CREATE TABLE sp_daily_asin_data (
  id BIGSERIAL PRIMARY KEY, date DATE NOT NULL,
  marketplace_id UUID NOT NULL REFERENCES marketplaces(id), amazon_marketplace_id TEXT NOT NULL,
  parent_asin TEXT, child_asin TEXT NOT NULL,
  units_ordered INTEGER DEFAULT 0, units_ordered_b2b INTEGER DEFAULT 0,
  ordered_product_sales DECIMAL(12,2) DEFAULT 0, ordered_product_sales_b2b DECIMAL(12,2) DEFAULT 0,
  currency_code TEXT DEFAULT 'USD', total_order_items INTEGER DEFAULT 0, total_order_items_b2b INTEGER DEFAULT 0,
  sessions INTEGER DEFAULT 0, sessions_b2b INTEGER DEFAULT 0, page_views INTEGER DEFAULT 0,
  page_views_b2b INTEGER DEFAULT 0, browser_sessions INTEGER DEFAULT 0, mobile_app_sessions INTEGER DEFAULT 0,
  browser_page_views INTEGER DEFAULT 0, mobile_app_page_views INTEGER DEFAULT 0,
  buy_box_percentage DECIMAL(5,2), buy_box_percentage_b2b DECIMAL(5,2),
  unit_session_percentage DECIMAL(5,2), unit_session_percentage_b2b DECIMAL(5,2),
  created_at TIMESTAMPTZ DEFAULT NOW(),
  UNIQUE(date, marketplace_id, child_asin));
CREATE INDEX idx_sp_daily_date ON sp_daily_asin_data(date DESC);
CREATE INDEX idx_sp_daily_asin ON sp_daily_asin_data(child_asin);
CREATE INDEX idx_sp_daily_marketplace ON sp_daily_asin_data(marketplace_id);
CREATE INDEX idx_sp_daily_date_marketplace ON sp_daily_asin_data(date, marketplace_id);
CREATE TABLE sp_data_pulls (
  id BIGSERIAL PRIMARY KEY, pull_date DATE NOT NULL,
  marketplace_id UUID NOT NULL REFERENCES marketplaces(id), amazon_marketplace_id TEXT NOT NULL,
  report_id TEXT, status TEXT DEFAULT 'pending', asin_count INTEGER, error_message TEXT,
  started_at TIMESTAMPTZ DEFAULT NOW(), completed_at TIMESTAMPTZ,
  UNIQUE(pull_date, marketplace_id));
"""

GERMANY, US = marketplace("DE"), marketplace("US")
FOUND = date(2026, 11, 10)


def in_the_missions_tables(bare: Database) -> list[dict[str, Any]]:
    """Apply the mission's SQL by hand and put rows in; return the rows."""
    bare.execute(MISSION.encode())
    for m in (GERMANY, US):
        bare.execute("INSERT INTO marketplaces VALUES (%s)", (m.uuid,))
        for asin in ("B0FOUND001", "B0FOUND002"):
            bare.execute(
                "INSERT INTO sp_daily_asin_data (date, marketplace_id, amazon_marketplace_id, child_asin,"
                " units_ordered, unit_session_percentage) VALUES (%s, %s, %s, %s, 3, 12.34)",
                (FOUND, m.uuid, m.amazon_id, asin),
            )
    bare.execute(
        "INSERT INTO sp_data_pulls (pull_date, marketplace_id, amazon_marketplace_id, status, report_id)"
        " VALUES (%s, %s, %s, 'completed', 'by hand')",
        (FOUND, GERMANY.uuid, GERMANY.amazon_id),
    )
    return bare.execute("SELECT * FROM sp_daily_asin_data ORDER BY id").fetchall()
