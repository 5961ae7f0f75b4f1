"""One product: its days in every marketplace, why its sales changed, what Amazon said first, its family, notes."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime

from chalkola.periods import ONE_DAY, days
from chalkola.store.board.asking import Look, looking
from chalkola.store.board.by_product import members_of
from chalkola.store.board.daily import read_money_absent
from chalkola.store.board.definitions import METRICS
from chalkola.store.board.facts import UNKNOWN, Facts, read_facts
from chalkola.store.board.kinship import read_kinship
from chalkola.store.board.notes import read_notes
from chalkola.store.board.product_shapes import PlaceSeries, Product, Relative
from chalkola.store.board.restating import read_restated
from chalkola.store.board.series import Family, Series, family_of, read_series
from chalkola.store.board.shapes import Scope, Versus
from chalkola.store.board.spans import Frame, Framed, read_frames, understood
from chalkola.store.board.splitting import split
from chalkola.store.board.windows import NOTHING, ZEROS, Sums, added, cells
from chalkola.store.connection import Pool

LONGEST = 800
"""Days."""


async def product(
    pool: Pool,
    now: datetime,
    asin: str,
    scope: Scope,
    *,
    period: str = "Last 30 days",
    versus: Versus = "previous",
    length: int = 90,
) -> Product | None:
    """Return a product with `length` days (800 at most) up to the last one known; None where nothing is known of it.
    Raises `NotUnderstood`, `TooSlow` and `DatabaseGone`."""
    async with looking(pool) as look:
        scope = await understood(look, scope)
        family = family_of(asin, await read_kinship(look))
        if family is None:
            return None
        framed, last, yesterday = await read_frames(look, scope, [period, "Last day", "Yesterday"], [versus], now)
        then, line = framed.then[versus], _line(last, yesterday, max(1, min(length, LONGEST)))
        key = ("product", asin, scope, framed.now.key, framed.now.span, then.key, then.span, line[:1], line[-1:])
        found = await look.once(key, lambda: _read(look, scope, family, framed.now, then, line))
        notes = await read_notes(look, [asin, *([family.parent] if family.parent else [])])
    return replace(found, notes=notes)


def _line(last: Framed, yesterday: Framed, length: int) -> tuple[date, ...]:
    end = yesterday.now.span.last if yesterday.now.span.state == "preliminary" else last.now.span.last
    return tuple(days(end - (length - 1) * ONE_DAY, end)) if end else ()


async def _read(look: Look, scope: Scope, family: Family, now: Frame, then: Frame, line: Sequence[date]) -> Product:
    absent = await read_money_absent(look, scope, (now, then))
    wanted = {*line, *now.span.days(), *then.span.days()}
    every = await read_series(look, scope, members_of(now, then), family, sorted(wanted))
    facts = await read_facts(look, members_of(now, then))
    sums = [_total(every, frame, family, absent) for frame in (now, then)]
    own = facts.get(family.asin, UNKNOWN)
    kin = tuple(_relative(one, "child", facts) for one in family.children)
    return Product(
        asin=family.asin, level=family.level, title=own.title or next((one.title for one in kin if one.title), None),
        sku=own.sku, skus=tuple((own.skus or "").split("|")) if own.skus else (), status=own.status, price=own.price,
        price_currency=own.currency_code, scope=scope, currency=scope.currency or "", span=now.span, then=then.span,
        cells=cells([one.key for one in METRICS], *sums), split=split(*sums), days=tuple(line),
        places=_places(every, line, scope), restated=await read_restated(look, scope, line),
        parent=_relative(family.parent, "parent", facts) if family.parent else None,
        siblings=kin if family.level == "child" else (), children=kin if family.level == "parent" else (),
        notes=(), money_absent=absent,
    )  # fmt: skip


def _total(every: Series, frame: Frame, family: Family, money_absent: str | None) -> Sums:
    """Return the sums over a span; of a product without a row on days with data they are 0."""
    span = frame.span
    if not span.has_figures or span.first is None or span.last is None:
        return NOTHING
    inside = [sums for lines in every.values() if (sums := lines.within(span.first, span.last)) is not None]
    sums = added(inside) if inside else ZEROS
    if family.level == "parent" and not frame.has_parents:
        sums = {**sums, **dict.fromkeys(_AMAZONS)}
    return {**sums, "sales": None} if money_absent else sums


_AMAZONS = ("sessions", "page_views", "buy_box_views", "buy_box_base")
"""What of a parent is Amazon's own figure: unknown where it lacks for a day."""


def _places(every: Series, line: Sequence[date], scope: Scope) -> tuple[PlaceSeries, ...]:
    return tuple(
        PlaceSeries(marketplace=code, currency=scope.currency or "", lines=lines.along(line))
        for code, lines in every.items()
        if line
    )


def _relative(asin: str, level: str, facts: Mapping[str, Facts]) -> Relative:
    own = facts.get(asin, UNKNOWN)
    return Relative(asin=asin, level="parent" if level == "parent" else "child", title=own.title, sku=own.sku)
