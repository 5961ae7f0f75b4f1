"""The public face of the ledger: what there is of each day, and what Amazon's totals have above the rows."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from chalkola.marketplaces import marketplace
from chalkola.store.connection import open_pool
from chalkola.store.migrate import migrate

Database = psycopg.Connection[dict[str, Any]]
DAY, GERMANY = date(2026, 11, 17), marketplace("DE")
SUMS = '{"units": 5, "order_items": 4, "sales": "99.50", "page_views": 70, "sessions": 60}'
RESIDUAL = '{"units": 7, "order_items": 6, "sales": "-9.50", "page_views": 0, "sessions": 0}'


def write(
    database: Database, dataset: str, state: str, scope: str = "marketplace:DE", residual: str | None = None
) -> None:
    database.execute(
        "INSERT INTO sp_slices (dataset, scope, first_day, state, source, row_count, sums, residual, reason)"
        " VALUES (%s, %s, %s, %s, 'sales_and_traffic.report', 3, %s, %s, 'because')",
        (dataset, scope, DAY, state, SUMS, residual),
    )


def test_coverage_says_what_there_is_of_a_day(database: Database) -> None:
    write(database, "sales_and_traffic", "loaded", residual=RESIDUAL)

    (row,) = database.execute("SELECT * FROM sp_coverage").fetchall()

    assert row == {
        "date": DAY, "marketplace": "DE", "marketplace_id": GERMANY.uuid, "amazon_marketplace_id": GERMANY.amazon_id,
        "dataset": "sales_and_traffic", "state": "loaded", "row_count": 3, "currency_code": "EUR",
        "units": 5, "order_items": 4, "sales": Decimal("99.50"), "page_views": 70, "sessions": 60,
        "residual_units": 7, "residual_order_items": 6, "residual_sales": Decimal("-9.50"), "residual_page_views": 0,
        "source": "sales_and_traffic.report", "asked_at": None, "loaded_at": None, "next_at": None,
        "reason": "because",
    }  # fmt: skip


def test_what_is_no_day_of_a_marketplace_is_not_covered(database: Database) -> None:
    write(database, "seen_asins", "loaded")
    write(database, "sales_and_traffic", "loaded", scope="account:EU")
    write(database, "sales_and_traffic", "loaded", scope="marketplace:ZZ")

    assert database.execute("SELECT * FROM sp_coverage").fetchall() == []


def test_unattributed_are_the_accepted_residuals_of_rows_and_no_others(database: Database) -> None:
    write(database, "sales_and_traffic", "differs", residual=RESIDUAL)
    write(database, "daily_parents", "differs", residual=RESIDUAL)
    write(database, "daily_totals", "differs")
    write(database, "sales_and_traffic", "loaded", scope="marketplace:FR", residual=RESIDUAL)

    assert database.execute("SELECT * FROM sp_unattributed").fetchall() == [
        {
            "date": DAY, "marketplace": "DE", "marketplace_id": GERMANY.uuid,
            "amazon_marketplace_id": GERMANY.amazon_id, "units_ordered": 7, "total_order_items": 6,
            "ordered_product_sales": Decimal("-9.50"), "page_views": 0, "currency_code": "EUR",
        }
    ]  # fmt: skip


@pytest.fixture
def users(bare_url: str) -> Iterator[Database]:
    """A connection to a database with a table `marketplaces` of the user's, which has ids and nothing else."""
    with psycopg.connect(bare_url, autocommit=True, row_factory=dict_row) as connection:
        connection.execute("CREATE TABLE marketplaces (id uuid PRIMARY KEY)")
        yield connection


async def test_of_the_users_marketplaces_nothing_but_the_ids_is_relied_on(bare_url: str, users: Database) -> None:
    async with open_pool(bare_url) as pool:
        await migrate(pool)
    write(users, "sales_and_traffic", "differs", residual=RESIDUAL)

    rows = users.execute(
        "SELECT c.marketplace, m.id FROM sp_unattributed c JOIN marketplaces m ON m.id = marketplace_id"
    )

    assert rows.fetchall() == [{"marketplace": "DE", "id": GERMANY.uuid}]
