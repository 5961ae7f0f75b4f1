"""Who moved: the products whose sales changed most between two periods, and why."""

from dataclasses import dataclass, replace
from decimal import Decimal

from chalkola.store.board.asking import Look
from chalkola.store.board.by_product import Pair, members_of, read_by_product
from chalkola.store.board.daily import read_money_absent
from chalkola.store.board.definitions import HEADLINE
from chalkola.store.board.facts import UNKNOWN, read_facts
from chalkola.store.board.families import every_child
from chalkola.store.board.shapes import Mover, Scope
from chalkola.store.board.spans import Frame
from chalkola.store.board.splitting import split
from chalkola.store.board.windows import values_of


@dataclass(frozen=True, kw_only=True)
class Moved:
    """The children that moved most, up and down, the furthest first. `absent`: why none can be told."""

    up: tuple[Mover, ...] = ()
    down: tuple[Mover, ...] = ()
    absent: str | None = None


async def read_moved(look: Look, scope: Scope, now: Frame, then: Frame, most: int) -> Moved:
    """Return the products that moved most between two frames, at most `most` in each direction."""
    key = ("moved", scope.currency, now.key, then.key, most)
    return await look.once(key, lambda: _read(look, scope, now, then, most))


async def _read(look: Look, scope: Scope, now: Frame, then: Frame, most: int) -> Moved:
    for frame in (now, then):
        if not frame.span.has_figures:
            return Moved(absent=frame.span.say or "no data of these days")
    if absent := await read_money_absent(look, scope, (now, then)):
        return Moved(absent=absent)
    lines = every_child(await read_by_product(look, scope, now, then))
    moved = sorted(((_change(line.sums), line) for line in lines), key=lambda one: (-one[0], one[1].asin))
    up = [_mover(line.asin, line.sums) for change, line in moved[:most] if change > 0]
    down = [_mover(line.asin, line.sums) for change, line in reversed(moved[-most:]) if change < 0]
    facts = await read_facts(look, members_of(now, then))

    def named(movers: list[Mover]) -> tuple[Mover, ...]:
        known = [(one, facts.get(one.asin, UNKNOWN)) for one in movers]
        return tuple(replace(one, title=of.title, sku=of.sku) for one, of in known)

    return Moved(up=named(up), down=named(down))


def _change(sums: Pair) -> Decimal:
    return Decimal(sums.now["sales"] or 0) - Decimal(sums.then["sales"] or 0)


def _mover(asin: str, sums: Pair) -> Mover:
    sales, before = (_cents(Decimal(one["sales"] or 0)) for one in (sums.now, sums.then))
    return Mover(
        asin=asin, title=None, sku=None, sales=sales, sales_then=before, change=sales - before,
        values=values_of(HEADLINE, sums.now), then=values_of(HEADLINE, sums.then),
        why=split({**sums.now, "sales": sales}, {**sums.then, "sales": before}),
    )  # fmt: skip


def _cents(money: Decimal) -> Decimal:
    return money.quantize(Decimal("0.01"))
