"""The morning's digest: each marketplace's newest closed day beside the same weekday a week before."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

from chalkola.datasets import CATALOG
from chalkola.marketplaces import MARKETPLACES, Marketplace
from chalkola.settings import Settings
from chalkola.store import Store
from chalkola.store.digest import DayTotals, Move, read_moves, read_totals
from chalkola.store.lines import read_coverage
from chalkola.surfaces import words
from chalkola.surfaces.alerts.message import Message, Section, links_to
from chalkola.surfaces.standing import standings

MOST_MOVES = 5
_WEEK = timedelta(days=7)
_HEAD = ("", "day", "units", "", "sales", "", "sessions", "")
_BY_UUID = {m.uuid: m for m in MARKETPLACES}

Totals = Mapping[tuple[UUID, date], DayTotals]


async def compose_digest(settings: Settings, store: Store) -> Message | None:
    """Return the digest as of now, None where no day is closed yet."""
    now = settings.clock.now()
    coverage = await read_coverage(store.pool, [dataset.name for dataset in CATALOG], now)
    wanted = settings.marketplaces or MARKETPLACES
    found = {s.marketplace: s.newest_closed for s in standings(coverage, (), now) if s.marketplace in wanted}
    days = {m: day for m, day in found.items() if day is not None}
    if not days:
        return None
    by_id = {m.uuid: day for m, day in days.items()}
    totals = {(one.marketplace_id, one.day): one for one in await read_totals(store.pool, by_id)}
    moves = await read_moves(store.pool, by_id, MOST_MOVES)
    title = f"Sales and traffic up to {max(days.values())}"
    sections = [Section(title=f"{title}, against a week before", table=figures(days, totals))]
    if lines := largest(moves):
        sections.append(Section(title="The largest moves, in units", lines=lines))
    return Message(title=title, sections=tuple(sections), links=links_to(settings.github))


def figures(days: Mapping[Marketplace, date], totals: Totals) -> tuple[tuple[str, ...], ...]:
    """Return a row for each marketplace, with its figures and how they changed, below a head."""
    return (_HEAD, *(_row(m, day, totals) for m, day in days.items()))


def _row(m: Marketplace, day: date, totals: Totals) -> tuple[str, ...]:
    now, before = _of(m, day, totals), _of(m, day - _WEEK, totals)
    sales = "" if now.sales is None else words.money(now.sales, m.currency)
    return (
        m.code, str(day), _count(now.units), _change(now.units, before.units),
        sales, _change(now.sales, before.sales), _count(now.sessions), _change(now.sessions, before.sessions),
    )  # fmt: skip


def _of(m: Marketplace, day: date, totals: Totals) -> DayTotals:
    unknown = DayTotals(marketplace_id=m.uuid, day=day, units=None, sales=None, sessions=None)
    return totals.get((m.uuid, day), unknown)


def _count(figure: int | None) -> str:
    return "" if figure is None else f"{figure:,}"


def _change(now: int | Decimal | None, before: int | Decimal | None) -> str:
    """Return by how much a figure changed; nothing where either is not known or there was none before."""
    return f"{float(now / before) - 1:+.0%}" if now is not None and before else ""


def largest(moves: Sequence[Move]) -> tuple[str, ...]:
    """Return the largest moves in words; an ASIN whose units did not change is none."""
    moved = sorted((move for move in moves if move.by), key=lambda move: (-abs(move.by), move.asin))
    return tuple(_in_words(move, _BY_UUID[move.marketplace_id]) for move in moved[:MOST_MOVES])


def _in_words(move: Move, m: Marketplace) -> str:
    sales = f"{words.money(move.sales_before, m.currency)} to {words.money(move.sales, m.currency)}"
    return f"{m.code} {move.asin}: {move.by:+,} units ({move.units_before:,} to {move.units:,}), sales {sales}"
