"""Rows into tables: new ones inserted, changed ones updated, withdrawn ones deleted, the others untouched; by
PostgreSQL's own protocol, and as it goes through Supabase's API."""

from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal

import pytest

from batches import (
    DAY,
    FRANCE,
    GERMANY,
    NOW,
    Database,
    Landing,
    a_batch,
    a_box,
    held,
    held_pull,
    of_germany,
    reported,
    row,
)
from chalkola.datasets.model import Box, Sums, Table
from chalkola.datasets.sales_and_traffic_tables import BY_ASIN, BY_ASIN_IN_REPORT, BY_DATE
from chalkola.store.changes import Change, Lines
from chalkola.store.connection import Pool
from chalkola.store.survey import Fit, fits_of
from chalkola.store.tables import Origin, difference, write
from rest import either_pool

YESTERDAY = DAY - timedelta(days=1)
HOUR = timedelta(hours=1)


@pytest.fixture(params=["direct", "through the API"])
async def pool(request: pytest.FixtureRequest, database_url: str) -> AsyncIterator[Pool]:
    async with either_pool(database_url, request.param) as opened:
        yield opened


@pytest.fixture
def germany(pool: Pool) -> Landing:
    """Answers for all ASINs of Germany's day."""
    return Landing(pool=pool, box=a_box())


async def bounds_of(pool: Pool, table: Table = BY_ASIN) -> Fit:
    return (await fits_of(pool, [table]))[table.name]


async def test_rows_are_inserted_updated_deleted_or_left_untouched(germany: Landing, database: Database) -> None:
    await germany.lands(
        [row("B0A", units_ordered=1), row("B0B", units_ordered=2, sessions=9), row("B0C", units_ordered=3)]
    )
    before = of_germany(database)

    changes = await germany.lands(
        [row("B0A", units_ordered=1), row("B0B", units_ordered=5, sessions=9), row("B0D", units_ordered=4)], pull_id=2
    )

    after = of_germany(database)
    assert changes == {0: Change(added=1, changed=1, withdrawn=1, delta=Sums(units=3 + 4 - 3))}
    assert after["B0A"] == before["B0A"], "not even its pull, nor where it lies"
    assert after["B0B"] | {"ctid": ""} == before["B0B"] | {
        "ctid": "", "units_ordered": 5, "pull_id": 2, "times_changed": 1, "last_changed_at": NOW + HOUR,
    }  # fmt: skip
    assert (after["B0D"]["units_ordered"], after["B0D"]["pull_id"], after["B0D"]["first_loaded_at"]) == (
        4, 2, NOW + HOUR,
    )  # fmt: skip
    assert "B0C" not in after


async def test_every_row_says_where_it_came_from(germany: Landing, database: Database) -> None:
    await germany.lands([row("B0A")], by="sales_and_traffic.trends")
    (one,) = of_germany(database).values()
    assert (one["pull_id"], one["source"], one["first_loaded_at"]) == (1, "trends", NOW)
    assert (one["times_changed"], one["last_changed_at"]) == (0, None)
    assert one["amazon_marketplace_id"] == GERMANY.amazon_id


async def test_the_same_rows_again_write_nothing(germany: Landing, database: Database) -> None:
    rows = [row("B0A", ordered_product_sales=Decimal("9.9")), row("B0B")]
    await germany.lands(rows)
    before = of_germany(database)
    assert await germany.lands(rows[::-1], pull_id=2) == {0: Change()}
    assert of_germany(database) == before


async def test_an_answer_that_only_knows_more_fills_and_changes_nothing(germany: Landing, database: Database) -> None:
    await germany.lands([reported("B0A", units_ordered=1)], columns=BY_ASIN_IN_REPORT, by="sales_and_traffic.report")

    changes = await germany.lands([row("B0A", units_ordered=1, units_refunded=2)], pull_id=2)

    one = of_germany(database)["B0A"]
    assert changes == {0: Change(filled=1)}
    assert (one["units_refunded"], one["source"], one["pull_id"]) == (2, "by_asin", 2)
    assert (one["times_changed"], one["last_changed_at"]) == (0, None), "Amazon has changed nothing"
    assert one["first_loaded_at"] == NOW


async def test_an_answer_that_knows_more_and_says_something_else_changes(
    germany: Landing, database: Database
) -> None:
    await germany.lands([reported("B0A", units_ordered=1)], columns=BY_ASIN_IN_REPORT, by="sales_and_traffic.report")
    changes = await germany.lands([row("B0A", units_ordered=3, units_refunded=2)], pull_id=2)
    assert changes == {0: Change(changed=1, delta=Sums(units=2))}
    assert of_germany(database)["B0A"]["times_changed"] == 1


async def test_each_change_is_counted_and_the_last_is_dated(germany: Landing, database: Database) -> None:
    for pull_id, units in enumerate([1, 2, 2, 3], start=1):
        await germany.lands([row("B0A", units_ordered=units)], pull_id=pull_id)
    one = of_germany(database)["B0A"]
    assert (one["times_changed"], one["last_changed_at"], one["first_loaded_at"]) == (2, NOW + 3 * HOUR, NOW)


async def test_mending_from_what_amazon_had_said_before_is_no_change_of_amazons(
    germany: Landing, database: Database
) -> None:
    await germany.lands([row("B0A", units_ordered=1)])
    await germany.lands([row("B0A", units_ordered=2)], pull_id=2, mends=True)
    one = of_germany(database)["B0A"]
    assert (one["units_ordered"], one["times_changed"], one["last_changed_at"]) == (2, 0, None)


async def test_a_figure_that_amazon_no_longer_gives_becomes_null_and_not_zero(
    germany: Landing, database: Database
) -> None:
    await germany.lands([row("B0A", units_ordered_b2b=3)])
    assert await germany.lands([row("B0A", units_ordered_b2b=None)], pull_id=2) == {0: Change(changed=1)}
    assert of_germany(database)["B0A"]["units_ordered_b2b"] is None


async def test_other_days_and_marketplaces_are_left_alone(pool: Pool, database: Database) -> None:
    everywhere = Landing(pool=pool, box=a_box(GERMANY, FRANCE, first=YESTERDAY))
    await everywhere.lands([(number, row("B0A", units_ordered=1)) for number in range(4)])
    before = held(database)

    await Landing(pool=pool, box=a_box()).lands([row("B0B")], pull_id=2)

    after = held(database)
    others = {place for place in before if place[:2] != ("DE", DAY)}
    assert len(others) == 3
    assert {place: after[place] for place in others} == {place: before[place] for place in others}
    assert of_germany(database).keys() == {"B0B"}


async def test_each_slice_of_a_box_has_its_own_difference(pool: Pool, database: Database) -> None:
    both = Landing(pool=pool, box=a_box(GERMANY, FRANCE, first=YESTERDAY))
    await both.lands([(n, row(asin, units_ordered=n)) for n in range(4) for asin in ("B0A", "B0B")])

    changes = await both.lands(
        [
            (3, row("B0A", units_ordered=9)), (3, row("B0B", units_ordered=3)),
            (0, row("B0B", units_ordered=0)), (0, row("B0A", units_ordered=0)),
            (1, row("B0A", units_ordered=1)), (2, row("B0A", units_ordered=2)), (2, row("B0B", units_ordered=2)),
            (2, row("B0C", units_ordered=7)),
        ],
        pull_id=2,
    )  # fmt: skip

    assert changes == {
        0: Change(), 1: Change(withdrawn=1, delta=Sums(units=-1)), 2: Change(added=1, delta=Sums(units=7)),
        3: Change(changed=1, delta=Sums(units=6)),
    }  # fmt: skip
    assert {place: one["units_ordered"] for place, one in held(database).items()} == {
        ("DE", YESTERDAY, "B0A"): 0, ("DE", YESTERDAY, "B0B"): 0, ("DE", DAY, "B0A"): 1,
        ("FR", YESTERDAY, "B0A"): 2, ("FR", YESTERDAY, "B0B"): 2, ("FR", YESTERDAY, "B0C"): 7,
        ("FR", DAY, "B0A"): 9, ("FR", DAY, "B0B"): 3,
    }  # fmt: skip


@pytest.mark.parametrize("there_before", [False, True])
async def test_only_slices_that_are_accepted_are_written(there_before: bool, pool: Pool, database: Database) -> None:
    both = Landing(pool=pool, box=a_box(GERMANY, FRANCE))
    if there_before:
        await both.lands([(n, row(asin, units_ordered=1)) for n in range(2) for asin in ("B0A", "B0OLD")])
    before = held(database)

    changes = await both.lands(
        [(n, row(asin, units_ordered=2)) for n in range(2) for asin in ("B0A", "B0NEW")], pull_id=2, only={1}
    )

    after = held(database)
    assert changes[0] == changes[1], "what an answer says does not hang on whether it is accepted"
    assert {p: one for p, one in after.items() if p[0] == "DE"} == {p: o for p, o in before.items() if p[0] == "DE"}
    assert {asin for code, _, asin in after if code == "FR"} == {"B0A", "B0NEW"}


async def test_rows_that_were_there_before_us_are_updated_and_never_deleted(
    germany: Landing, database: Database
) -> None:
    for asin in ("B0FOUND", "B0OTHER"):
        database.execute(
            "INSERT INTO sp_daily_asin_data (date, marketplace_id, amazon_marketplace_id, child_asin, units_ordered)"
            " VALUES (%s, %s, %s, %s, 1)",
            (DAY, GERMANY.uuid, GERMANY.amazon_id, asin),
        )
    before = of_germany(database)

    changes = await germany.lands([row("B0FOUND", units_ordered=2)], pull_id=2)

    after = of_germany(database)
    assert changes == {0: Change(filled=1, delta=Sums(units=1))}, "who wrote it before, nobody knows: no change"
    found = after["B0FOUND"]
    assert (found["units_ordered"], found["pull_id"], found["source"]) == (2, 2, "by_asin")
    assert (found["times_changed"], found["first_loaded_at"], found["id"]) == (0, None, before["B0FOUND"]["id"])
    assert after["B0OTHER"] == before["B0OTHER"]

    await germany.lands([row("B0NEW")], pull_id=3)
    assert of_germany(database).keys() == {"B0OTHER", "B0NEW"}, "now that it is ours, Amazon can withdraw it"


async def test_an_answer_for_some_asins_leaves_all_other_rows_alone(pool: Pool, database: Database) -> None:
    both = Landing(pool=pool, box=a_box(GERMANY, FRANCE))
    await both.lands([(n, row(asin, units_ordered=1)) for n in range(2) for asin in ("B0A", "B0B", "B0C")])
    before = held(database)

    some = a_box(asins=["B0A", "B0B", "B0NEW"])
    changes = await Landing(pool=pool, box=some).lands(
        [row("B0A", units_ordered=5), row("B0NEW", units_ordered=2)], pull_id=2, by="sales_and_traffic.trends"
    )

    after = held(database)
    assert changes == {0: Change(added=1, changed=1, withdrawn=1, delta=Sums(units=4 + 2 - 1))}
    assert {asin: one["units_ordered"] for asin, one in of_germany(database).items()} == {
        "B0A": 5, "B0C": 1, "B0NEW": 2,
    }  # fmt: skip
    untouched = [place for place in before if place[0] == "FR" or place[2] == "B0C"]
    assert [after[place] for place in untouched] == [before[place] for place in untouched]


async def test_filters_of_two_marketplaces_are_not_mixed_up(pool: Pool, database: Database) -> None:
    both = Landing(pool=pool, box=a_box(GERMANY, FRANCE))
    await both.lands([(n, row(asin, units_ordered=1)) for n in range(2) for asin in ("B0A", "B0B")])
    one, other = a_box(GERMANY, asins=["B0A"]).filters, a_box(FRANCE, asins=["B0B"]).filters
    box = Box(account="EU", marketplaces=(GERMANY, FRANCE), first=DAY, last=DAY, filters=(*one, *other))
    assert await both.lands([], pull_id=2, box=box) == {
        n: Change(withdrawn=1, delta=Sums(units=-1)) for n in range(2)
    }
    assert {place[::2] for place in held(database)} == {("DE", "B0B"), ("FR", "B0A")}


async def test_a_report_leaves_what_only_data_kiosk_knows(germany: Landing, database: Database) -> None:
    await germany.lands([
        row("B0A", units_ordered=1, units_refunded=4, session_percentage=Decimal("1.5")),
        row("B0B", units_ordered=1, units_refunded=6),
    ])  # fmt: skip
    before = of_germany(database)

    changes = await germany.lands(
        [reported("B0A", units_ordered=7), reported("B0B", units_ordered=1)], pull_id=2, columns=BY_ASIN_IN_REPORT,
        by="sales_and_traffic.report",
    )  # fmt: skip

    after = of_germany(database)
    assert changes == {0: Change(changed=1, delta=Sums(units=6))}
    assert after["B0B"] == before["B0B"]
    one = after["B0A"]
    assert (one["units_ordered"], one["units_refunded"], one["session_percentage"]) == (7, 4, Decimal("1.50"))
    assert (one["source"], one["pull_id"]) == ("report", 2)


async def test_one_line_of_totals_is_merged_without_a_key_of_its_own(germany: Landing, database: Database) -> None:
    def totals(units: int) -> tuple[object, ...]:
        return tuple({"units_ordered": units, "currency_code": "EUR"}.get(name) for name in BY_DATE.column_names)

    for pull_id, units, change in [
        (1, 5, Change(added=1, delta=Sums(units=5))), (2, 6, Change(changed=1, delta=Sums(units=1))),
        (3, 6, Change()),
    ]:  # fmt: skip
        assert await germany.lands([totals(units)], pull_id=pull_id, dataset="daily_totals") == {0: change}
    (one,) = held(database, "sp_daily_totals").values()
    assert (one["units_ordered"], one["pull_id"], one["first_loaded_at"]) == (6, 2, NOW)
    assert (one["times_changed"], one["last_changed_at"]) == (1, NOW + HOUR)


async def test_parents_are_told_apart_by_parent(germany: Landing, database: Database) -> None:
    def parent(asin: str, units: int) -> tuple[object, ...]:
        return row("", columns=[c for c in BY_ASIN.columns if c.name != "child_asin"], parent_asin=asin,
                   units_ordered=units)  # fmt: skip

    await germany.lands([parent("B0P", 1), parent("B0Q", 1)], dataset="daily_parents")
    changes = await germany.lands([parent("B0P", 2), parent("B0Q", 1)], pull_id=2, dataset="daily_parents")
    assert changes == {0: Change(changed=1, delta=Sums(units=1))}
    found = held(database, "sp_daily_parent_data").values()
    assert {one["parent_asin"]: one["units_ordered"] for one in found} == {"B0P": 2, "B0Q": 1}


async def test_two_changes_in_one_transaction_do_not_get_into_each_others_way(
    germany: Landing, pool: Pool, database: Database
) -> None:
    """An answer is held against the tables in portions, each of which stages what changes."""
    both = Landing(pool=pool, box=a_box(GERMANY, FRANCE))
    await both.lands([(n, row("B0A", units_ordered=1)) for n in range(2)])
    batch = a_batch([(n, row("B0A", units_ordered=2 + n)) for n in range(2)], both.box)
    lines, origin = Lines(batch=batch), Origin(pull_id=2, source="by_asin", now=NOW)
    async with held_pull(pool, 1) as connection:
        for n in range(2):
            found = await difference(connection, batch, both.box, [n], lines)
            await write(connection, batch, found, {n}, lines, origin)
    assert {place[0]: one["units_ordered"] for place, one in held(database).items()} == {"DE": 2, "FR": 3}


async def test_a_value_beyond_a_narrow_column_becomes_null_and_is_said(
    germany: Landing, pool: Pool, database: Database
) -> None:
    database.execute("ALTER TABLE sp_daily_asin_data ALTER COLUMN unit_session_percentage TYPE numeric(5,2)")
    rows = [
        row("B0A", unit_session_percentage=Decimal("1250"), units_refunded=3),
        row("B0B", unit_session_percentage=Decimal("999.99")),
        row("B0C", unit_session_percentage=Decimal("999.995")),
        row("B0D", parent_asin="a, comma", unit_session_percentage=Decimal(-2000)),
    ]
    bounds = (await bounds_of(pool)).bounds
    await germany.lands(rows, bounds=bounds)
    after = of_germany(database)
    found = {asin: one["unit_session_percentage"] for asin, one in after.items()}
    assert found == {"B0A": None, "B0B": Decimal("999.99"), "B0C": None, "B0D": None}
    assert (after["B0A"]["units_refunded"], after["B0D"]["parent_asin"]) == (3, "a, comma")
    lines = Lines(batch=a_batch([(0, one) for one in rows], a_box()), bounds=bounds)
    for _ in range(2):
        assert [number for number, _ in lines.of([0])] == [0] * 4
    assert lines.notes == [
        f"unit_session_percentage {figure} of {asin} does not fit its column and is stored as NULL."
        for figure, asin in (("1250.00", "B0A"), ("1000.00", "B0C"), ("-2000.00", "B0D"))
    ], "each once, however often the lines are read"
    assert await germany.lands(rows, pull_id=2, bounds=bounds) == {0: Change()}, "NULL is what it would become again"


async def test_a_narrow_column_that_only_data_kiosk_fills_is_nothing_to_a_report(
    germany: Landing, pool: Pool, database: Database
) -> None:
    database.execute("ALTER TABLE sp_daily_asin_data ALTER COLUMN page_views_percentage TYPE numeric(5,2)")
    bounds = (await bounds_of(pool)).bounds
    assert bounds
    await germany.lands([reported("B0A", units_ordered=1)], columns=BY_ASIN_IN_REPORT, bounds=bounds)
    assert of_germany(database)["B0A"]["units_ordered"] == 1


async def test_a_wide_column_takes_it(germany: Landing, pool: Pool, database: Database) -> None:
    assert await bounds_of(pool) == Fit()
    await germany.lands([row("B0A", unit_session_percentage=Decimal("1250.00"))])
    assert of_germany(database)["B0A"]["unit_session_percentage"] == Decimal("1250.00")
