"""`chalkola compare`: a download against the database, ASIN by ASIN; nothing is changed."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from downloads import download, held

NEWEST = date(2026, 11, 17)
ARGUMENTS = ("--date", "2026-11-17", "--marketplace", "DE")


@pytest.fixture
async def loaded(shop: Any) -> Any:
    """The shop after a night that brought a day of Germany."""
    await shop.night(first=NEWEST, only=["DE"])
    return shop


def test_a_download_of_what_is_there_is_equal(loaded: Any, alone: Any, tmp_path: Path, database_url: str) -> None:
    rows = held(database_url, "DE", NEWEST)
    file = download(tmp_path / "a.csv", rows)

    said = alone("compare", file, *ARGUMENTS, DATABASE_URL=database_url)

    assert said.code == 0, said.err
    assert "the answer of sales_and_traffic.report, of 2026-11-20 02:" in said.out
    assert f"{len(rows)} ASINs are equal, 0 differ, 0 only in the file, 0 only in the database." in said.out


def test_every_difference_is_told_with_its_figure_and_by_how_much(
    loaded: Any, alone: Any, tmp_path: Path, database_url: str
) -> None:
    rows = held(database_url, "DE", NEWEST)
    changed = {**rows[0], "sessions": rows[0]["sessions"] + 5, "total_order_items": rows[0]["total_order_items"] + 1}
    other = {**rows[1], "child_asin": "B0NOTTHERE"}
    file = download(tmp_path / "a.csv", [changed, other, *rows[2:]])

    said = alone("compare", file, *ARGUMENTS, DATABASE_URL=database_url)
    found = alone("compare", file, *ARGUMENTS, "--json", DATABASE_URL=database_url).object

    assert said.code == 3
    for part in ("-5", "-1", "Only in the file: B0NOTTHERE.", f"Only in the database: {rows[1]['child_asin']}."):
        assert part in said.out
    assert "Amazon adds sessions" in said.out
    names = "total_order_items", "sessions"
    figures = {name: {"file": str(changed[name]), "database": str(rows[0][name])} for name in names}
    assert found["differing"] == [{"asin": rows[0]["child_asin"], **figures}]
    assert (found["equal"], found["only_in_file"]) == (len(rows) - 2, ["B0NOTTHERE"])
    assert held(database_url, "DE", NEWEST) == rows


def test_a_day_that_is_not_there_differs(loaded: Any, alone: Any, tmp_path: Path, database_url: str) -> None:
    file = download(tmp_path / "a.csv", held(database_url, "DE", NEWEST))
    said = alone("compare", file, "--date", "2026-11-16", "--marketplace", "DE", DATABASE_URL=database_url)
    assert said.code == 3
    assert "the database has no rows of this day" in said.out


def test_a_file_for_several_days_is_not_compared(loaded: Any, alone: Any, tmp_path: Path, database_url: str) -> None:
    many = [{**r, "units_ordered": r["units_ordered"] * 7 + 7} for r in held(database_url, "DE", NEWEST)]
    said = alone("compare", download(tmp_path / "a.csv", many), *ARGUMENTS, DATABASE_URL=database_url)
    assert said.code == 2
    assert "several days" in said.err
