"""`chalkola import`: a downloaded day has a place like any other, and a day that is closed keeps what it has."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from chalkola.store import embedded
from downloads import download, held, row

LONG_AGO = date(2024, 11, 1)
"""Amazon answers for two years only."""
NEWEST = date(2026, 11, 17)


@pytest.fixture
def chalkola_in(alone: Any, shop: Any, database_url: str) -> Callable[..., Any]:
    """The commands on the shop's database, at the shop's time."""

    def command(*arguments: str) -> Any:
        now = shop.clock.now().isoformat().replace("+00:00", "Z")
        return alone(*arguments, **shop.amazon.env(), DATABASE_URL=database_url, CHALKOLA_CLOCK_START=now)

    return command


def german(day: date) -> tuple[str, ...]:
    return "--date", day.isoformat(), "--marketplace", "DE"


async def test_a_day_that_amazon_no_longer_answers_is_loaded_and_never_asked_for(
    shop: Any, chalkola_in: Any, tmp_path: Path, database_url: str
) -> None:
    file = download(tmp_path / "BusinessReport-11-20-26.csv", [row("B0CHILD001"), row("B0CHILD002", units=3)])

    said = chalkola_in("import", file, *german(LONG_AGO))

    assert said.code == 0, said.err
    assert "DE 2024-11-01  2 ASINs, 13 units, 246.90 EUR, 80 sessions: 2 inserted" in said.out
    line = shop.line("DE", LONG_AGO)
    assert (line["state"], line["source"], line["row_count"], line["next_at"]) == ("loaded", "import", 2, None)
    assert line["reason"] == "imported; Amazon's total is not there, and Amazon no longer answers for this day"
    assert [(r["source"], r["pull_id"], r["units_ordered"]) for r in held(database_url, "DE", LONG_AGO)] == [
        ("import", line["pull_id"], 10), ("import", line["pull_id"], 3),
    ]  # fmt: skip
    (pull,) = shop.pulls("DE")
    assert (pull["source"], pull["stage"], pull["ticket"]) == ("import", "loaded", None)
    assert pull["question"]["file"] == "BusinessReport-11-20-26.csv"
    assert len(pull["question"]["sha256"]) == 64

    await shop.nights(2)
    assert shop.asked("DE", LONG_AGO) == 0
    assert "2024-11-01" not in chalkola_in("status").out


async def test_the_same_file_again_changes_nothing(shop: Any, chalkola_in: Any, tmp_path: Path) -> None:
    file = download(tmp_path / "a.csv", [row("B0CHILD001")])
    chalkola_in("import", file, *german(LONG_AGO))

    again = chalkola_in("import", file, *german(LONG_AGO), "--json").object

    assert (again["inserted"], again["updated"], again["deleted"], again["pull"]) == (0, 0, 0, None)
    assert len(shop.pulls("DE")) == 1


async def test_a_closed_day_is_overwritten_only_when_told_to(
    shop: Any, chalkola_in: Any, tmp_path: Path, database_url: str
) -> None:
    await shop.night(first=NEWEST, only=["DE"])
    before = held(database_url, "DE", NEWEST)
    file = download(tmp_path / "a.csv", before)

    said = chalkola_in("import", file, *german(NEWEST))

    assert said.code == 2
    assert "DE 2026-11-17 is closed already: proven" in said.err
    assert "--force" in said.err
    assert held(database_url, "DE", NEWEST) == before

    forced = chalkola_in("import", file, *german(NEWEST), "--force", "--json").object
    assert forced["state"] == "proven"
    assert shop.line("DE", NEWEST)["source"] == "import"
    assert shop.line("DE", NEWEST, "daily_totals")["state"] == "proven"
    assert shop.rows("SELECT * FROM sp_restatements") == []


async def test_a_file_that_does_not_add_up_to_amazons_total_is_loaded_and_says_so(
    shop: Any, chalkola_in: Any, tmp_path: Path, database_url: str
) -> None:
    await shop.night(first=NEWEST, only=["DE"])
    *rest, _ = held(database_url, "DE", NEWEST)
    shop_rows = [{**rest[0], "units_ordered": rest[0]["units_ordered"] + 1}, *rest[1:]]

    said = chalkola_in("import", download(tmp_path / "a.csv", shop_rows), *german(NEWEST), "--force")

    assert said.code == 0, said.err
    assert shop.line("DE", NEWEST)["state"] == "loaded"
    assert "Amazon's total is the rows and" in said.out


async def test_what_amazon_says_later_takes_the_place_of_a_file(
    shop: Any, chalkola_in: Any, tmp_path: Path, database_url: str
) -> None:
    chalkola_in("import", download(tmp_path / "a.csv", [row("B0CHILD001")]), *german(NEWEST))
    assert shop.line("DE", NEWEST)["next_at"] is not None

    await shop.night(first=NEWEST, only=["DE"])
    await shop.nights(4)

    assert shop.line("DE", NEWEST)["source"] == "sales_and_traffic.report"
    assert "B0CHILD001" not in {r["child_asin"] for r in held(database_url, "DE", NEWEST)}


async def test_a_file_for_several_days_is_told_by_amazons_total(
    shop: Any, chalkola_in: Any, tmp_path: Path, database_url: str
) -> None:
    await shop.night(first=NEWEST, only=["DE"])
    many = [{**r, "units_ordered": r["units_ordered"] * 7 + 7} for r in held(database_url, "DE", NEWEST)]

    said = chalkola_in("import", download(tmp_path / "a.csv", many), *german(NEWEST), "--force")

    assert said.code == 2
    assert "Amazon's own total of 2026-11-17 is" in said.err
    assert "several days" in said.err
    assert shop.line("DE", NEWEST)["source"] == "sales_and_traffic.report"


async def test_a_file_with_far_less_than_is_there_is_not_taken(
    shop: Any, chalkola_in: Any, tmp_path: Path, database_url: str
) -> None:
    chalkola_in("import", download(tmp_path / "a.csv", [row("B0CHILD001", units=100)]), *german(LONG_AGO))

    said = chalkola_in("import", download(tmp_path / "b.csv", [row("B0CHILD001", units=5)]), *german(LONG_AGO))

    assert said.code == 2
    assert "units fell from 100 to 5" in said.err
    assert len(shop.pulls("DE")) == 1
    assert [r["units_ordered"] for r in held(database_url, "DE", LONG_AGO)] == [100]


def test_a_day_that_amazon_is_being_asked_for_is_left_to_the_answer(
    shop: Any, chalkola_in: Any, tmp_path: Path, database_url: str
) -> None:
    shop.rows(
        "WITH p AS (INSERT INTO sp_pulls (source, account, question, question_key, first_day, last_day, settled,"
        " creation, needs, run_at, created_at) VALUES ('x', 'EU', '{}', 'x', %s, %s, true, '{}', '{}', now(), now())"
        " RETURNING id) INSERT INTO sp_pull_slices (pull_id, dataset, scope, first_day)"
        " SELECT id, 'sales_and_traffic', 'marketplace:DE', %s FROM p RETURNING 1",
        NEWEST, NEWEST, NEWEST,
    )  # fmt: skip

    said = chalkola_in("import", download(tmp_path / "a.csv", [row("B0CHILD001")]), *german(NEWEST))

    assert said.code == 2
    assert "Amazon is being asked for DE 2026-11-17 already." in said.err
    assert held(database_url, "DE", NEWEST) == []
    assert len(shop.pulls("DE")) == 1


async def test_imported_rows_are_rebuilt_from_the_kept_file_as_it_was_read(
    shop: Any, chalkola_in: Any, tmp_path: Path, database_url: str
) -> None:
    file, how = _in_another_language(tmp_path, chalkola_in)
    said = chalkola_in("import", str(file), *german(LONG_AGO), *how)
    assert said.code == 0, said.err
    assert "amounts without a currency: taken as EUR" in said.out
    _forget(file)
    shop.rows("UPDATE sp_daily_asin_data SET units_ordered = 7777 RETURNING 1")

    said = chalkola_in("reload")

    assert said.code == 0, said.err
    (rebuilt,) = held(database_url, "DE", LONG_AGO)
    assert (rebuilt["units_ordered"], rebuilt["ordered_product_sales"]) == (10, 1234)


async def test_a_marketplace_that_was_never_there_is_added(shop: Any, chalkola_in: Any, tmp_path: Path) -> None:
    file = download(tmp_path / "a.csv", [row("B0CHILD001")], currency="R$")
    said = chalkola_in("import", file, "--date", "2024-11-01", "--marketplace", "BR")
    assert said.code == 0, said.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "does not say its day and its marketplace"),
        (("--date", "2024-11-01"), "does not say its day and its marketplace"),
        (("--date", "2024-11-01", "--marketplace", "XX"), "US CA MX"),
        (("--date", "2999-11-01", "--marketplace", "DE"), "is not over in Germany"),
        (("--date", "2024-11-01", "--marketplace", "UK"), "is not in GBP"),
        (("--date", "2024-11-01", "--marketplace", "DE", "--map", "nowhere.toml"), "cannot be read"),
    ],
)
def test_what_cannot_be_is_said_before_a_database_is_started(
    arguments: tuple[str, ...], said: str, alone: Any, tmp_path: Path
) -> None:
    file = download(tmp_path / "BusinessReport-11-20-24.csv", [row("B0CHILD001")])
    told = alone("import", file, *arguments)
    assert told.code == 2
    assert said in told.err
    assert embedded.running(tmp_path) is None


def test_a_file_that_is_not_there_and_a_template_that_is_are_told(alone: Any, tmp_path: Path) -> None:
    assert "cannot be read" in alone("import", "nowhere.csv", *german(LONG_AGO)).err
    file = download(tmp_path / "a.csv", [row("B0CHILD001")])
    assert "cannot be written" in alone("import", file, "--template", file).err


def _in_another_language(folder: Path, command: Callable[..., Any]) -> tuple[Path, tuple[str, ...]]:
    """Return a file with a column that nobody knows and amounts that can be read in two ways, and how it is read."""
    file, template = Path(download(folder / "a.csv", [row("B0CHILD001")], currency="")), folder / "map.toml"
    file.write_text(file.read_text("utf-8-sig").replace("Units Ordered,", "Unidades,").replace("123.45", "1,234"))
    assert command("import", str(file), "--template", str(template)).code == 0
    template.write_text(template.read_text().replace('"Unidades" = ""', '"Unidades" = "units_ordered"'))
    return file, ("--map", str(template), "--decimal", ".")


def _forget(file: Path) -> None:
    file.unlink()
