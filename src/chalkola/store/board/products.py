"""The table of products: parents, their children on demand, in any order, in pages."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from chalkola.periods import ONE_DAY, days
from chalkola.store.board.asking import Look, NotUnderstood, looking
from chalkola.store.board.by_product import ByProduct, members_of, read_by_product
from chalkola.store.board.daily import read_money_absent
from chalkola.store.board.definitions import BY_KEY
from chalkola.store.board.facts import UNKNOWN, Facts, read_facts
from chalkola.store.board.families import Line, children_lines, families
from chalkola.store.board.shapes import ProductRow, ProductsPage, ProductsQuery, Span
from chalkola.store.board.spans import Framed, read_frames, understood
from chalkola.store.board.sparks import Sparks, read_sparks
from chalkola.store.board.windows import added, cells, exact_value_of
from chalkola.store.connection import Pool

LARGEST_PAGE = 500
_SPARK_DAYS = 60


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """A query understood, with what is known of its products."""

    query: ProductsQuery
    framed: Framed
    money_absent: str | None
    facts: Mapping[str, Facts]


async def products(pool: Pool, now: datetime, query: ProductsQuery) -> ProductsPage:
    """Return a page of the table; one after the last has no rows.

    Raises `NotUnderstood`, `TooSlow` and `DatabaseGone`.
    """
    async with looking(pool) as look:
        asked = await _asked(look, now, query)
        return await _page(look, asked, await _families(look, asked))


async def children_of(pool: Pool, now: datetime, query: ProductsQuery, parent: str) -> tuple[ProductRow, ...]:
    """Return a parent's children in the order of the query, whatever it searches for; none of one that is not known.
    Raises as `products` does."""
    async with looking(pool) as look:
        asked = await _asked(look, now, replace(query, search="", page=1, page_size=LARGEST_PAGE))
        return (await _page(look, asked, children_lines(await _by_product(look, asked), parent))).rows


async def every_product(pool: Pool, now: datetime, query: ProductsQuery) -> AsyncIterator[ProductRow]:
    """Yield the rows of all pages in their order, as for a file. Raises as `products` does."""
    page = replace(query, page=1, page_size=LARGEST_PAGE)
    while True:
        found = await products(pool, now, page)
        for row in found.rows:
            yield row
        if page.page >= found.pages:
            return
        page = replace(page, page=page.page + 1)


async def _families(look: Look, asked: _Asked) -> tuple[Line, ...]:
    framed = asked.framed
    key = ("families", asked.query.scope.currency, framed.now.key, framed.then[asked.query.versus].key)

    async def make() -> tuple[Line, ...]:
        return families(await _by_product(look, asked))

    return await look.once(key, make)


async def _by_product(look: Look, asked: _Asked) -> ByProduct:
    then = asked.framed.then[asked.query.versus]
    return await read_by_product(look, asked.query.scope, asked.framed.now, then)


async def _asked(look: Look, now: datetime, query: ProductsQuery) -> _Asked:
    _check(query)
    scope = await understood(look, query.scope)
    (framed,) = await read_frames(look, scope, [query.period], [query.versus], now, start=query.start, end=query.end)
    then = framed.then[query.versus]
    return _Asked(
        query=replace(query, scope=scope), framed=framed,
        money_absent=await read_money_absent(look, scope, (framed.now, then)),
        facts=await read_facts(look, members_of(framed.now, then)),
    )  # fmt: skip


def _check(query: ProductsQuery) -> None:
    unknown = [key for key in query.metrics if key not in BY_KEY]
    if unknown or not query.metrics:
        raise NotUnderstood(
            f"There is no metric {', '.join(unknown) or 'named'}.", remedy=f"Known: {', '.join(BY_KEY)}."
        )
    if query.sort not in (*BY_KEY, "change", "asin", "title"):
        raise NotUnderstood(
            f"There is no order by {query.sort[:40]}.", remedy="Known: every metric, change, asin, title."
        )
    if not 1 <= query.page <= 1_000_000 or not 1 <= query.page_size <= LARGEST_PAGE:
        raise NotUnderstood(f"A page is counted from 1 and has 1 to {LARGEST_PAGE} rows.")


async def _page(look: Look, asked: _Asked, lines: Iterable[Line]) -> ProductsPage:
    query, framed = asked.query, asked.framed
    priced = lines if asked.money_absent is None else (_without_money(line) for line in lines)
    found = _ordered(_searched(priced, query.search, asked.facts), query, asked.facts)
    first = (query.page - 1) * query.page_size
    shown, spark_days = found[first : first + query.page_size], _spark_days(framed.now.span)
    sparks = await read_sparks(look, query.scope, framed.now, spark_days, query.metrics[0], shown)
    totals = (added(line.sums.now for line in found), added(line.sums.then for line in found))
    return ProductsPage(
        query=query, currency=query.scope.currency or "", span=framed.now.span, then=framed.then[query.versus].span,
        rows=tuple(_row(line, query, asked.facts, sparks) for line in shown), total=len(found),
        totals=cells(query.metrics, *totals), spark_metric=query.metrics[0], spark_days=spark_days,
        money_absent=asked.money_absent,
    )  # fmt: skip


def _without_money(line: Line) -> Line:
    sums = replace(line.sums, now={**line.sums.now, "sales": None}, then={**line.sums.then, "sales": None})
    return replace(line, sums=sums)


def _searched(lines: Iterable[Line], search: str, facts: Mapping[str, Facts]) -> list[Line]:
    """Return the lines of which an ASIN, SKU or title, their own or a child's, has a text in it, in any case."""
    wanted = search.strip().lower()
    if "\x00" in wanted:
        raise NotUnderstood("There is a character in this that no text in a database has.")
    if not wanted:
        return list(lines)

    def has(asin: str) -> bool:
        of = facts.get(asin, UNKNOWN)
        return any(wanted in text.lower() for text in (asin, of.title or "", of.sku or "", of.skus or ""))

    return [line for line in lines if has(line.asin) or any(map(has, line.child_asins))]


def _ordered(lines: list[Line], query: ProductsQuery, facts: Mapping[str, Facts]) -> list[Line]:
    """Return lines in the query's order: those of which it is not known come last, and equal ones by their ASIN."""
    by = _by(query, facts)
    placed = [(by(line), line) for line in sorted(lines, key=lambda line: line.asin)]
    known = [one for one in placed if one[0] is not None]
    known.sort(key=lambda one: one[0], reverse=query.descending)
    return [line for _, line in known] + [line for place, line in placed if place is None]


def _by(query: ProductsQuery, facts: Mapping[str, Facts]) -> Callable[[Line], Any]:
    match query.sort:
        case "asin":
            return lambda line: line.asin
        case "title":
            return lambda line: (_title(line, facts) or "").lower() or None
        case "change":
            return lambda line: cells(query.metrics[:1], line.sums.now, line.sums.then)[query.metrics[0]].change
        case metric:
            return lambda line: exact_value_of(BY_KEY[metric], line.sums.now)


def _row(line: Line, query: ProductsQuery, facts: Mapping[str, Facts], sparks: Sparks) -> ProductRow:
    return ProductRow(
        asin=line.asin, level="parent" if line.children else "child", title=_title(line, facts),
        sku=facts.get(line.asin, UNKNOWN).sku, children=line.children,
        cells=cells(query.metrics, line.sums.now, line.sums.then), spark=sparks.get(line.asin, ()),
    )  # fmt: skip


def _title(line: Line, facts: Mapping[str, Facts]) -> str | None:
    """Return a line's title; of a family that has none, a child's."""
    named = (facts.get(asin, UNKNOWN).title for asin in (line.asin, *line.child_asins))
    return next(filter(None, named), None)


def _spark_days(span: Span) -> tuple[date, ...]:
    """Return the days of the small lines: the last ones of the period."""
    if not span.has_figures or span.first is None or span.last is None:
        return ()
    return tuple(days(max(span.first, span.last - (_SPARK_DAYS - 1) * ONE_DAY), span.last))
