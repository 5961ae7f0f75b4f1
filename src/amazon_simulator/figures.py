"""One marketplace's day, child by child, as Amazon would show it at an instant. Pure: same seed, same figures.

Lateness: few rows before a day after the local day's end, all of them after 34 hours (field reports; Amazon
publishes no time). Afterwards some sessions still arrive (up to four days) and some units are cancelled (up to
two weeks): restatements, which clients have to expect.
"""

import random
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import date, datetime
from functools import partial
from struct import Struct
from typing import NamedTuple

from amazon_simulator.catalog import Listing
from amazon_simulator.demand import demand
from amazon_simulator.marketplaces import Marketplace
from amazon_simulator.restatements import Restatement, restatements

SETTLED_HOURS = 34
SESSIONS_IN_HOURS = 96
FINAL_HOURS = 15 * 24

# What chance has for one listing on one day are 24 bytes: these decide whether there is a row, those what is in it.
_WHETHER = Struct("<2H4x3HBx4B4x")
_WHAT = Struct("<4x4B6x2B4x4B")
# Two years of twelve marketplaces are millions of rows, each computed more than once: what can be is looked up.
_PARTS = [number / 65536 for number in range(65536)]
_BYTE_PARTS = [byte / 256 for byte in range(256)]
_MORE_VIEWS = [byte / 300 for byte in range(256)]
_BUY_BOX = [0.8 + 0.2 * byte / 255 for byte in range(256)]

Chances = tuple[int, ...]


class Cell(NamedTuple):
    """What one child did on one day. Money is in the currency's smallest unit; `_b` is business customers."""

    listing: Listing
    units: int
    items: int
    sales: int
    browser_sessions: int
    app_sessions: int
    browser_views: int
    app_views: int
    buy_box_views: int
    units_b: int
    items_b: int
    sales_b: int
    browser_sessions_b: int
    app_sessions_b: int
    browser_views_b: int
    app_views_b: int
    units_refunded: int
    units_shipped: int
    items_shipped: int
    sales_shipped: int
    units_refunded_b: int
    units_shipped_b: int
    items_shipped_b: int
    sales_shipped_b: int


class Nature(NamedTuple):
    """What a row takes from its listing, whatever the day."""

    listing: Listing
    price: int
    app_share: float
    business_share: float


class Trait(NamedTuple):
    """What decides on a listing's side how much a day brings it."""

    launched: int
    retired: int
    sessions: float
    conversion: float
    buyable: bool
    stock_shift: int
    stock_cycle: int
    stock_gap: int
    nature: Nature


class Today(NamedTuple):
    """A marketplace's day: demand, chance and corrections, the same in every edition."""

    ordinal: int
    sessions: float
    price: float
    chances: bytes
    changes: Sequence[Restatement | None]


def cells_sum(cells: Sequence[Cell]) -> Cell:
    """Return rows of the same ASIN, or of one family, as one; it has the first one's listing."""
    if len(cells) == 1:
        return cells[0]
    columns = zip(*cells, strict=True)
    listing = next(columns)[0]
    return _cell((listing, *map(sum, columns)))


def edition(marketplace: Marketplace, day: date, as_of: datetime) -> int | None:
    """Return the age in hours of the figures that Amazon shows at `as_of`, or None before the day is over.

    Figures move hourly until the last sessions are in, then daily, and not at all after `FINAL_HOURS`.
    """
    hours = int((as_of - marketplace.day_end(day)).total_seconds() // 3600)
    if hours < 0:
        return None
    if hours <= SESSIONS_IN_HOURS:
        return hours
    return min(hours // 24 * 24, FINAL_HOURS)


def trait(listing: Listing) -> Trait:
    """Return a listing as `cells` takes it."""
    child = listing.child
    return Trait(
        launched=child.launched,
        retired=child.retired,
        sessions=listing.sessions,
        conversion=child.conversion,
        buyable=child.buyable,
        stock_shift=child.index * 37,
        stock_cycle=child.stock_cycle,
        stock_gap=child.stock_gap,
        nature=Nature(listing, listing.price, child.app_share, child.business_share),
    )


def today(seed: int, marketplace: Marketplace, day: date, count: int, restated: float) -> Today:
    """Return a day of a marketplace that lists `count` children; `restated` is the part of rows corrected later."""
    # One generator a day and 24 bytes a listing: a tenth of the price of a generator for each cell.
    source = random.Random(f"{seed}/{marketplace.code}/{day.isoformat()}")
    wanted = demand(marketplace, day)
    return Today(
        ordinal=day.toordinal(),
        sessions=wanted.sessions,
        price=wanted.price,
        chances=source.randbytes(_WHAT.size * count),
        changes=restatements(seed, marketplace, day, count, restated),
    )


def cells(
    traits: Sequence[Trait], day: Today, hours: int, *, full: bool, only: Collection[int] | None = None
) -> Iterator[Cell]:
    """Yield the rows of a day in the edition that is `hours` old, children without any figure left out.

    `traits` are all that is listed; `only` holds places in them, the rows of the others are not computed.
    """
    ordinal, wanted, price_factor, _, _ = day
    settled, least = hours >= SETTLED_HOURS, int(full)
    # The loop is long because a call would cost more than any step of it.
    for (launched, retired, mean, conversion, buyable, shift, cycle, gap, nature), whether, what, change in _taken(
        traits, day, only
    ):
        spread, more, unit_spread, unit_more, bulk, bulk_more, arrival, late, cancels, cancelled = whether
        age = ordinal - launched
        if age < 0 or ordinal >= retired or not (settled or hours >= _arrival(arrival)):
            continue
        if change and change.hides(hours):
            continue
        mean *= wanted
        if age < 60:
            mean *= 0.3 + 0.7 * age / 60
        sold_out = (ordinal + shift) % cycle < gap
        if sold_out:
            mean *= 0.25
        sessions = int(mean * (0.55 + 0.9 * _PARTS[spread]) + _PARTS[more]) or least
        if not sessions:
            continue
        units = 0
        if buyable and not sold_out:
            units = int(sessions * conversion * (0.4 + 1.2 * _PARTS[unit_spread]) + _PARTS[unit_more])
            if not bulk & 0x3FF:  # a bulk order: more units than sessions
                units += 8 + (bulk >> 12 | (bulk_more & 1) << 4)
            if cancels < 8 and units:
                units -= _cancelled(units, cancelled, hours)
            if change:
                units = change.units(units, hours)
        if late < 10 and hours < SETTLED_HOURS + late * 6 and not full:
            sessions = 0  # sales are in, their sessions come days later (selling-partner-api-docs#2439)
            if not units:
                continue
        yield _filled(nature, what, units, sessions, price_factor, sold_out)


def _taken(
    traits: Sequence[Trait], day: Today, only: Collection[int] | None
) -> Iterable[tuple[Trait, Chances, Chances, Restatement | None]]:
    """Return the listings that are wanted, each with its chances and its correction."""
    chances, changes = day.chances, day.changes
    if only is None:
        return zip(traits, _WHETHER.iter_unpack(chances), _WHAT.iter_unpack(chances), changes, strict=True)
    size = _WHAT.size
    return [
        (traits[at], _WHETHER.unpack_from(chances, size * at), _WHAT.unpack_from(chances, size * at), changes[at])
        for at in only
    ]


def _arrival(byte: int) -> int:
    """Return the hour at which a row first shows: one in twenty within a day, the rest before hour 34."""
    return 2 + byte * 22 // 13 if byte < 13 else 24 + (byte - 13) * (SETTLED_HOURS - 24) // 243


def _cancelled(units: int, byte: int, hours: int) -> int:
    """Return the units that Amazon has withdrawn by now, two to fourteen days later: of one row in thirty."""
    return max(1, units // 4) if hours >= (2 + byte % 13) * 24 else 0


def _filled(nature: Nature, what: Chances, units: int, sessions: int, price_factor: float, sold_out: bool) -> Cell:
    listing, price, app_share, share = nature
    items_at, views_at, more_at, app_at, units_b_at, refunds_at, app_views_at, buy_box_at, browser_b_at, held_at = (
        what
    )
    views = sessions + int(sessions * 0.7 * _BYTE_PARTS[views_at] + _MORE_VIEWS[more_at])
    app = int(sessions * app_share + _BYTE_PARTS[app_at])
    browser = sessions - app
    app_views = int(views * app_share + _BYTE_PARTS[app_views_at]) if app else 0
    if not browser:
        app_views = views
    elif app_views < app:
        app_views = app
    browser_views = views - app_views if views - app_views > browser else browser
    buy_box = 0 if sold_out else int((browser_views + app_views) * _BUY_BOX[buy_box_at])
    browser_b = int(browser * share + _BYTE_PARTS[browser_b_at]) if share else 0
    browser_views_b = browser_b * 2 if browser_b * 2 < browser_views else browser_views
    app_b = int(app * share)
    if not units:
        return _cell(
            (
                listing, 0, 0, 0, browser, app, browser_views, app_views, buy_box,
                0, 0, 0, browser_b, app_b, browser_views_b, app_b, 0, 0, 0, 0, 0, 0, 0, 0,
            )
        )  # fmt: skip
    price = round(price * price_factor)
    items = units - int(units * 0.3 * _BYTE_PARTS[items_at])
    units_b = int(units * share + _BYTE_PARTS[units_b_at]) if share else 0
    items_b = units_b if units_b < items else items
    refunded = int(units * 0.04 + _BYTE_PARTS[refunds_at])
    shipped = units - int(units * 0.05 + _BYTE_PARTS[held_at])
    shipped_b = units_b + shipped - units if units_b + shipped > units else 0
    return _cell(
        (
            listing, units, items, units * price, browser, app, browser_views, app_views, buy_box,
            units_b, items_b, units_b * price, browser_b, app_b, browser_views_b, app_b,
            refunded, shipped, items if items < shipped else shipped, shipped * price,
            refunded if refunded < units_b else units_b, shipped_b,
            items_b if items_b < shipped_b else shipped_b, shipped_b * price,
        )
    )  # fmt: skip


# A row from all its figures at once: a third of the price of Cell(...).
_cell: Callable[[tuple[object, ...]], Cell] = partial(tuple.__new__, Cell)
