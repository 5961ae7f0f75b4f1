"""Pages of the ledger and of the alerts, for programs."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Generic, LiteralString, TypeVar

from chalkola.store.board.asking import looking
from chalkola.store.board.shapes import Scope
from chalkola.store.board.spans import understood
from chalkola.store.connection import Pool

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line of `sp_coverage`."""

    date: date
    marketplace: str
    dataset: str
    state: str
    row_count: int | None
    currency_code: str
    units: int | None
    sales: Decimal | None
    sessions: int | None
    source: str | None
    loaded_at: datetime | None
    next_at: datetime | None
    reason: str | None


@dataclass(frozen=True, kw_only=True)
class AlertLine:
    """An alert, open or cured."""

    id: int
    rule: str
    subject: str
    severity: str | None
    message: str
    why: str | None
    done: str | None
    todo: str | None
    cause: str | None
    raised_at: datetime
    cured_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Paged(Generic[T]):
    """Some rows of `total`, from page `page` (the first is 1) of pages of `page_size`."""

    rows: tuple[T, ...]
    page: int
    page_size: int
    total: int

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // self.page_size))


_LINES: LiteralString = """
FROM sp_coverage c
WHERE (%(place)s = 'ALL' OR c.marketplace = %(place)s) AND (%(dataset)s = '' OR c.dataset = %(dataset)s)
  AND (%(state)s = '' OR c.state = %(state)s) AND (%(first)s::date IS NULL OR c.date >= %(first)s)
  AND (%(last)s::date IS NULL OR c.date <= %(last)s)
"""
_COLUMNS: LiteralString = (
    "SELECT date, marketplace, dataset, state, row_count, currency_code, units, sales, sessions, source, loaded_at,"
    " next_at, reason"
)
_ALERTS: LiteralString = "FROM sp_alerts a WHERE (%(open)s::boolean IS NULL OR (a.cured_at IS NULL) = %(open)s)"


async def read_lines(
    pool: Pool, place: str, *, dataset: str = "", state: str = "", first: date | None = None,
    last: date | None = None, page: int = 1, page_size: int = 200,
) -> Paged[Line]:  # fmt: skip
    """Return a page of the ledger's lines, the latest days first. Raises as `looking` does."""
    asked: dict[str, Any] = {"place": place, "dataset": dataset, "state": state, "first": first, "last": last}
    order: LiteralString = " ORDER BY date DESC, marketplace, dataset LIMIT %(limit)s OFFSET %(offset)s"
    async with looking(pool) as look:
        known = await understood(look, Scope(place=place, currency="EUR"))
        asked["place"] = known.place

        async def count() -> int:
            (row,) = await look.rows("SELECT count(*) AS total " + _LINES, asked)
            return int(row["total"])

        total = await look.once(("lines", *asked.values()), count)
        rows = await look.rows(_COLUMNS + " " + _LINES + order, {**asked, **_cut(page, page_size)})
    return Paged(rows=tuple(Line(**row) for row in rows), page=page, page_size=page_size, total=total)


async def read_alert_lines(
    pool: Pool, *, are_open: bool | None, page: int = 1, page_size: int = 200
) -> Paged[AlertLine]:  # fmt: skip
    """Return a page of the alerts, the latest first: the open ones, the cured ones (False), or all (None)."""
    asked = {"open": are_open}
    columns: LiteralString = (
        "SELECT id, rule, subject, severity, message, why, done, todo, cause, raised_at, cured_at "
    )
    async with looking(pool) as look:
        (count,) = await look.rows("SELECT count(*) AS total " + _ALERTS, asked)
        order: LiteralString = " ORDER BY raised_at DESC, id DESC LIMIT %(limit)s OFFSET %(offset)s"
        rows = await look.rows(columns + _ALERTS + order, {**asked, **_cut(page, page_size)})
    found = tuple(AlertLine(**row) for row in rows)
    return Paged(rows=found, page=page, page_size=page_size, total=count["total"])


def _cut(page: int, page_size: int) -> dict[str, Any]:
    return {"limit": page_size, "offset": (page - 1) * page_size}
