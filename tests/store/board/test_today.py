"""The first page, of a shop that is written by hand."""

from decimal import Decimal

from chalkola.store.board.shapes import Scope
from chalkola.store.board.today import today
from chalkola.store.connection import Pool
from sheeting import CLOSED, DAY, NOW, YESTERDAY, Book


async def test_the_last_closed_day_stands_beside_the_same_weekday_last_week(pool: Pool, shop: Book) -> None:
    page = await today(pool, NOW, Scope(place="DE", currency=None))
    last = page.panels[0]
    assert (last.key, last.span.first, last.span.last, last.span.state) == ("last_day", CLOSED, CLOSED, "closed")
    values = {tile.metric: tile.value for tile in last.tiles}
    assert values == {
        "units": 26, "sales": Decimal("520.00"), "sessions": 200, "cvr": Decimal("0.1300"),
        "buy_box": Decimal("0.9000"),
    }  # fmt: skip
    beside = last.tiles[1].versus["week_ago"]
    assert (beside.then, beside.change, beside.ratio) == (Decimal("400.00"), Decimal("120.00"), Decimal("0.3000"))
    assert last.then["week_ago"].first == CLOSED - 7 * DAY
    assert last.tiles[0].versus["year_ago"].then is None
    assert last.then["year_ago"].say == "no data of these days"
    assert page.currency == "EUR"


async def test_yesterday_that_is_not_there_says_when_it_will_be(pool: Pool, shop: Book) -> None:
    yesterday = (await today(pool, NOW, Scope(place="DE", currency=None))).panels[1]
    assert (yesterday.span.first, yesterday.span.state) == (YESTERDAY, "due")
    assert {tile.value for tile in yesterday.tiles} == {None}
    assert yesterday.tiles[0].absent is not None
    assert yesterday.tiles[0].absent.startswith("due 2026-11-27")


async def test_all_marketplaces_are_added_up_in_one_currency(pool: Pool, shop: Book) -> None:
    page = await today(pool, NOW, Scope(place="ALL", currency="EUR"))
    values = {tile.metric: tile.value for tile in page.panels[0].tiles}
    assert values["sales"] == 520 + Decimal(1040) / Decimal("1.25")
    assert values["units"] == 26 * 3
    assert page.places == ("US", "DE")


async def test_who_moved_is_told_with_why(pool: Pool, shop: Book) -> None:
    page = await today(pool, NOW, Scope(place="DE", currency=None))
    (mover,) = page.up
    assert (mover.asin, mover.change, page.down, page.movers_absent) == ("B0SINGLE01", Decimal("120.00"), (), None)
    assert mover.why is not None
    assert (mover.why.sessions, mover.why.conversion, mover.why.price) == (0, Decimal("120.00"), 0)


async def test_the_line_ends_at_the_last_closed_day(pool: Pool, shop: Book) -> None:
    page = await today(pool, NOW, Scope(place="DE", currency=None))
    assert len(page.trend) == 60
    last = page.trend[-1]
    assert (last.day, last.then_day, last.state) == (CLOSED, CLOSED - 7 * DAY, "closed")
    assert (last.values["units"], last.then["units"]) == (26, 20)
