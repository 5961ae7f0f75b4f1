"""Business Reports as Seller Central would give them, made of what a database holds."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

HEADER = (
    "(Parent) ASIN,(Child) ASIN,Title,Sessions - Mobile App,Sessions - Browser,Sessions - Total,Page Views - Total,"
    "Featured Offer (Buy Box) Percentage,Units Ordered,Units Ordered - B2B,Unit Session Percentage,"
    "Ordered Product Sales,Total Order Items"
)


def held(url: str, code: str, day: date) -> list[dict[str, Any]]:
    """Return the rows of a day, by child ASIN."""
    query = (
        "SELECT d.* FROM sp_daily_asin_data d JOIN marketplaces m ON m.id = d.marketplace_id"
        " WHERE m.code = %s AND d.date = %s ORDER BY child_asin"
    )
    with psycopg.connect(url, row_factory=dict_row) as connection:
        return connection.execute(query, (code, day)).fetchall()


def download(file: Path, rows: Iterable[Mapping[str, Any]], *, currency: str = "€") -> str:
    """Write a download of these rows, and return its name."""
    file.write_text("\n".join([HEADER, *(_line(row, currency) for row in rows)]) + "\n", encoding="utf-8-sig")
    return str(file)


def row(asin: str, *, units: int = 10, sessions: int = 40, sales: str = "123.45") -> dict[str, Any]:
    """Return a row of somebody's shop."""
    return {
        "parent_asin": "B0PARENT01", "child_asin": asin, "mobile_app_sessions": sessions // 2,
        "browser_sessions": sessions - sessions // 2, "sessions": sessions, "page_views": sessions * 2,
        "buy_box_percentage": Decimal("99.50"), "units_ordered": units, "units_ordered_b2b": 0,
        "unit_session_percentage": Decimal("25.00"), "ordered_product_sales": Decimal(sales),
        "total_order_items": units,
    }  # fmt: skip


def _line(of: Mapping[str, Any], currency: str) -> str:
    cells = (
        of["parent_asin"], of["child_asin"], '"A title, with a comma"', of["mobile_app_sessions"],
        of["browser_sessions"], f'"{of["sessions"]:,}"', f'"{of["page_views"]:,}"', f"{of['buy_box_percentage']}%",
        of["units_ordered"], of["units_ordered_b2b"] or 0, f"{of['unit_session_percentage']}%",
        f'"{currency}{of["ordered_product_sales"]:,.2f}"', of["total_order_items"],
    )  # fmt: skip
    return ",".join(map(str, cells))
