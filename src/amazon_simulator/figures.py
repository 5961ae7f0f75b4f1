"""One marketplace's day, child by child, as Amazon would show it at an instant. Pure: same seed, same figures.

Lateness: few rows before a day after the local day's end, all of them after 34 hours (field reports; Amazon
publishes no time). Afterwards some sessions still arrive (up to four days) and some units are cancelled (up to
two weeks): restatements, which clients have to expect.
"""

import random
from collections.abc import Collection, Iterator, Sequence
from datetime import date, datetime
from typing import NamedTuple

from amazon_simulator.catalog import Listing
from amazon_simulator.demand import demand
from amazon_simulator.marketplaces import Marketplace
from amazon_simulator.restatements import Restatement, restatements

SETTLED_HOURS = 34
SESSIONS_IN_HOURS = 96
FINAL_HOURS = 15 * 24

_BYTE = 0xFF
_WORD = 0xFFFF


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


def cell_sum(first: Cell, second: Cell) -> Cell:
    """Return two rows of the same ASIN as one."""
    return Cell(first.listing, *map(int.__add__, first[1:], second[1:]))


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


def cells(
    listings: Sequence[Listing],
    *,
    seed: int,
    marketplace: Marketplace,
    day: date,
    hours: int,
    full: bool,
    restated: float = 0.0,
    only: Collection[int] | None = None,
) -> Iterator[Cell]:
    """Yield the rows of a day in the edition that is `hours` old, children without any figure left out.

    `only` holds places in `listings`; the rows of the others are not computed.
    """
    # One generator a day and three words a listing: a tenth of the price of a generator for each cell.
    source = random.Random(f"{seed}/{marketplace.code}/{day.isoformat()}")
    words = memoryview(source.randbytes(24 * len(listings))).cast("Q")
    changes = restatements(seed, marketplace, day, len(listings), restated)
    today = demand(marketplace, day)
    ordinal = day.toordinal()
    for at in range(len(listings)) if only is None else only:
        w0, w1, w2 = words[3 * at], words[3 * at + 1], words[3 * at + 2]
        cell = _cell(listings[at], ordinal, today.sessions, today.price, hours, w0, w1, w2, full, changes[at])
        if cell is not None:
            yield cell


def _cell(
    listing: Listing,
    ordinal: int,
    wanted: float,
    price: float,
    hours: int,
    w0: int,
    w1: int,
    w2: int,
    full: bool,
    change: Restatement | None,
) -> Cell | None:
    child = listing.child
    age = ordinal - child.launched
    if age < 0 or (hours < SETTLED_HOURS and hours < _arrival(w2 & _BYTE)):
        return None
    if change and change.hides(hours):
        return None
    sold_out = (ordinal + child.index * 37) % child.stock_cycle < child.stock_gap
    mean = listing.sessions * wanted
    if age < 60:
        mean *= 0.3 + 0.7 * age / 60
    if sold_out:
        mean *= 0.25
    sessions = int(mean * (0.55 + 0.9 * (w0 & _WORD) / 65536) + (w0 >> 16 & _WORD) / 65536)
    if full and not sessions:
        sessions = 1
    units = _units(child.conversion, sessions, w1) if child.buyable and not sold_out else 0
    late = w2 >> 8 & _BYTE
    if late < 10 and hours < SETTLED_HOURS + late * 6 and not full:
        sessions = 0  # sales are in, their sessions come days later (selling-partner-api-docs#2439)
    units_kept = units - _cancelled(units, w2, hours)
    if change:
        units_kept = change.units(units_kept, hours)
    if not sessions and not units_kept:
        return None
    return _filled(listing, units_kept, sessions, round(listing.price * price), sold_out, w0, w1, w2)


def _arrival(byte: int) -> int:
    """Return the hour at which a row first shows: one in twenty within a day, the rest before hour 34."""
    return 2 + byte * 22 // 13 if byte < 13 else 24 + (byte - 13) * (SETTLED_HOURS - 24) // 243


def _units(conversion: float, sessions: int, word: int) -> int:
    units = int(sessions * conversion * (0.4 + 1.2 * (word & _WORD) / 65536) + (word >> 16 & _WORD) / 65536)
    if sessions and not word >> 32 & 0x3FF:  # a bulk order: more units than sessions
        units += 8 + (word >> 44 & 0x1F)
    return units


def _cancelled(units: int, word: int, hours: int) -> int:
    """Return the units that Amazon has withdrawn by now: one row in thirty, two to fourteen days later."""
    if not units or (word >> 16 & _BYTE) >= 8:
        return 0
    days = 2 + (word >> 24 & _BYTE) % 13
    return max(1, units // 4) if hours >= days * 24 else 0


def _filled(
    listing: Listing, units: int, sessions: int, price: int, sold_out: bool, w0: int, w1: int, w2: int
) -> Cell:
    child = listing.child
    items = units - int(units * 0.3 * (w0 >> 32 & _BYTE) / 256)
    views = sessions + int(sessions * 0.7 * (w0 >> 40 & _BYTE) / 256 + (w0 >> 48 & _BYTE) / 300)
    app = int(sessions * child.app_share + (w0 >> 56 & _BYTE) / 256)
    app_views = min(int(views * child.app_share + (w2 >> 32 & _BYTE) / 256), views) if app else 0
    if app == sessions:
        app_views = views
    app_views = max(app_views, app)
    browser_views = max(views - app_views, sessions - app)
    buy_box = 0 if sold_out else int((browser_views + app_views) * (0.8 + 0.2 * (w2 >> 40 & _BYTE) / 255))
    share = child.business_share
    units_b = int(units * share + (w1 >> 48 & _BYTE) / 256) if share else 0
    units_b = min(units_b, units)
    items_b = min(units_b, items)
    browser_b = min(int((sessions - app) * share + (w2 >> 48 & _BYTE) / 256), sessions - app) if share else 0
    app_b = min(int(app * share), app)
    refunded = min(int(units * 0.04 + (w1 >> 56) / 256), units) if units else 0
    held_back = min(int(units * 0.05 + (w2 >> 56) / 256), units) if units else 0
    shipped, shipped_b = units - held_back, max(units_b - held_back, 0)
    return Cell(
        listing, units, items, units * price, sessions - app, app, browser_views, app_views, buy_box,
        units_b, items_b, units_b * price, browser_b, app_b, min(browser_b * 2, browser_views), app_b,
        refunded, shipped, min(items, shipped), shipped * price,
        min(refunded, units_b), shipped_b, min(items_b, shipped_b), shipped_b * price,
    )  # fmt: skip
