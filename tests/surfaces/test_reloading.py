"""`chalkola reload` gives back what Amazon sent, whatever has happened to the rows, and asks Amazon nothing."""

from datetime import date
from pathlib import Path
from typing import Any

import psycopg

from storage_server import running_storage

DAMAGE = (
    "UPDATE sp_daily_asin_data SET units_ordered = 7777, sessions = NULL WHERE id % 3 = 0",
    "UPDATE sp_daily_asin_data SET amazon_marketplace_id = 'X' WHERE id % 3 = 2",
    "DELETE FROM sp_daily_asin_data WHERE id % 3 = 1",
    "UPDATE sp_daily_asin_data SET child_asin = 'B0DAMAGED' || id WHERE id % 6 = 5",
    "DELETE FROM sp_daily_totals",
)
ROWS = (
    "SELECT date, marketplace_id, amazon_marketplace_id, parent_asin, child_asin, units_ordered, units_ordered_b2b,"
    " ordered_product_sales, sessions, page_views, buy_box_percentage, unit_session_percentage, pull_id,"
    " source, times_changed, last_changed_at"
    " FROM sp_daily_asin_data ORDER BY 1, 2, 5"
)
# A row that was gone is loaded anew.
TOTALS = "SELECT to_jsonb(t) - 'id' - 'created_at' - 'first_loaded_at' FROM sp_daily_totals t ORDER BY 1"


def rows(url: str) -> tuple[list[Any], list[Any]]:
    with psycopg.connect(url) as connection:
        return connection.execute(ROWS).fetchall(), connection.execute(TOTALS).fetchall()


def damage(url: str) -> None:
    with psycopg.connect(url) as connection:
        for statement in DAMAGE:
            connection.execute(statement.encode())


async def test_damaged_rows_are_restored_exactly_without_asking_amazon(
    shop: Any, alone: Any, database_url: str
) -> None:
    await shop.night()
    await shop.night(first=date(2026, 11, 10), last=date(2026, 11, 11), only=["DE"])
    before, asked = rows(database_url), len(shop.journal)
    damage(database_url)
    assert rows(database_url) != before

    said = alone("reload", "--json", DATABASE_URL=database_url)

    assert said.code == 0, said.err
    assert rows(database_url) == before
    report = said.object
    assert (report["documents"], report["missing"], report["unusable"]) == (5, [], [])
    assert report["inserted"] > 0
    assert report["updated"] > 0
    assert report["deleted"] > 0
    assert len(shop.journal) == asked


async def test_sound_rows_are_left_alone_and_it_says_so(shop: Any, alone: Any, database_url: str) -> None:
    await shop.night()

    said = alone("reload", DATABASE_URL=database_url)

    assert said.code == 0, said.err
    assert said.out.startswith("3 documents read, ")
    assert "nothing had to be changed" in said.out


async def test_only_the_days_and_marketplaces_named_are_rebuilt(shop: Any, alone: Any, database_url: str) -> None:
    await shop.night()
    damage(database_url)

    report = alone(
        "reload", "--json", "--marketplace", "DE", "--date", "2026-11-17", DATABASE_URL=database_url
    ).object

    assert [(one["marketplaces"], one["day"]) for one in report["changed"]] == [(["DE"], "2026-11-17")]
    assert report["documents"] == 1


async def test_a_document_that_is_missing_or_broken_is_named_and_its_rows_stay(
    shop: Any, alone: Any, database_url: str, tmp_path: Path
) -> None:
    await shop.night()
    before = rows(database_url)
    missing, broken, _ = sorted((tmp_path / "archive").rglob("*.json.gz"))
    missing.unlink()
    broken.write_bytes(broken.read_bytes()[:200])

    said = alone("reload", DATABASE_URL=database_url)

    assert said.code == 3
    assert "the document is missing: sales_and_traffic.report/" in said.out
    assert "cannot be used: The document is cut short." in said.out
    assert "--again" in said.out
    assert rows(database_url) == before


async def test_documents_in_a_bucket_are_read_from_there_and_a_bucket_that_is_away_is_said(
    opened_shop: Any, alone: Any, database_url: str
) -> None:
    with running_storage() as storage:
        shop, env = await opened_shop(environment=storage.env()), {**storage.env(), "DATABASE_URL": database_url}
        await shop.night()
        before = rows(database_url)
        damage(database_url)

        said, status = alone("reload", "--json", **env), alone("status", **env)

        assert said.code == 0, said.err
        assert (said.object["documents"], said.object["missing"]) == (3, [])
        assert rows(database_url) == before
        assert ", 3 documents in the bucket chalkola of Supabase Storage, kept for 90 days." in status.out
        storage.restricted = True
        said = alone("reload", **env)
    assert said.code == 1
    assert "Supabase has restricted the project" in said.err
    assert "Traceback" not in said.err


async def test_days_that_were_there_before_us_are_counted(shop: Any, alone: Any, database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "INSERT INTO sp_slices (dataset, scope, first_day, state, source, row_count)"
            " VALUES ('sales_and_traffic', 'marketplace:DE', '2026-11-01', 'loaded', 'found', 3)"
        )

    said = alone("reload", DATABASE_URL=database_url)

    assert said.code == 0, said.err
    assert "1 day was here before the first pull" in said.out
