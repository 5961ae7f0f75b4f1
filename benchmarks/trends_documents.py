"""Answers to Trends questions for the benchmarks, as the simulated Amazon gives them."""

import gzip
from datetime import UTC, date, datetime, timedelta
from functools import cache

import msgspec

from amazon_simulator.accounts import accounts
from amazon_simulator.catalog import Catalog
from amazon_simulator.kiosk.reading import Limits, question
from amazon_simulator.kiosk.rows import rows, selected
from amazon_simulator.marketplaces import MARKETPLACES as SOLD_IN
from amazon_simulator.marketplaces import marketplace as place
from amazon_simulator.world import World
from chalkola.datasets.model import AsinFilter, Box
from chalkola.datasets.sales_and_traffic_trends import ASINS_PER_FILTER, TRENDS_QUERY
from chalkola.marketplaces import Marketplace

_LATE = datetime(2030, 1, 1, tzinfo=UTC)  # when the figures no longer move
_ASKED = datetime(2026, 9, 1, tzinfo=UTC)
_DAYS = 30
_CHILDREN = 1064


def boxes(m: Marketplace, first: date, days: int) -> list[Box]:
    """Return what the questions span that are needed for every ASIN of a marketplace."""
    asins = _asins(m.code)
    filters = [
        AsinFilter(marketplace=m, asins=asins[start : start + ASINS_PER_FILTER])
        for start in range(0, len(asins), ASINS_PER_FILTER)
    ]
    most = TRENDS_QUERY.limits.filters
    return [
        Box(
            account=m.region.value, marketplaces=(m,), first=first, last=first + timedelta(days=days - 1),
            filters=tuple(filters[start : start + most]),
        )
        for start in range(0, len(filters), most)
    ]  # fmt: skip


def answer(box: Box) -> bytes:
    """Return the answer to a question as JSON lines: 30 days as they are, and those over and over for more."""
    lines: list[bytes] = []
    for start in range(0, len(box.days), _DAYS):
        days = box.days[start : start + _DAYS]
        block = _thirty_days(_one(box), box.filters)
        for old, day in zip(_thirty(), days, strict=False):
            lines += [line.replace(old, day.isoformat().encode()) for line in block[old]]
    return b"\n".join(lines) + b"\n"


def restated(content: bytes, share: float) -> bytes:
    """Return an answer with one unit more in that share of its rows."""
    lines, every = content.splitlines(), round(1 / share)
    for number in range(0, len(lines), every):
        row = msgspec.json.decode(lines[number])
        row["sales"]["unitsOrdered"] += 1
        lines[number] = msgspec.json.encode(row)
    return b"\n".join(lines) + b"\n"


def packed(content: bytes) -> bytes:
    """Return an answer as Amazon sends it."""
    return gzip.compress(content, 6)


@cache
def _world() -> World:
    return World(catalog=Catalog(seed=1, parents=_CHILDREN // 5, size=_CHILDREN, full_shelves=True))


@cache
def _asins(code: str) -> tuple[str, ...]:
    return tuple(sorted(cell.listing.child.asin for cell in _world().day(place(code), date(2026, 6, 1), _LATE)))


@cache
def _thirty() -> list[bytes]:
    return [(date(2026, 6, 1) + timedelta(days=n)).isoformat().encode() for n in range(_DAYS)]


def _one(box: Box) -> Marketplace:
    (m,) = box.marketplaces
    return m


@cache
def _thirty_days(m: Marketplace, filters: tuple[AsinFilter, ...]) -> dict[bytes, list[bytes]]:
    """Return the lines of thirty days, by day."""
    first = date(2026, 6, 1)
    last = first + timedelta(days=_DAYS - 1)
    box = Box(account=m.region.value, marketplaces=(m,), first=first, last=last, filters=filters)
    account = next(row for row in accounts(1, tuple(SOLD_IN)) if m.code in row.codes)
    asked = question(str(TRENDS_QUERY.question(box)["query"]), account, _ASKED, Limits())
    found: dict[bytes, list[bytes]] = {}
    for row in rows(_world(), asked, lambda *_: _LATE):
        line = msgspec.json.encode(selected(row, asked.selection))
        found.setdefault(row["startDate"].encode(), []).append(line)
    return found
