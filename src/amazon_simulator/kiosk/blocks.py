"""What the answer to a query by ASIN holds, before it is written: rows that have marketplace and days in common."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from functools import partial
from typing import NamedTuple

from amazon_simulator.document import Sums
from amazon_simulator.figures import Cell
from amazon_simulator.kiosk.question import KioskQuestion, Scope
from amazon_simulator.kiosk.schema import BY_ASIN
from amazon_simulator.marketplaces import Marketplace
from amazon_simulator.mischief import Fault
from amazon_simulator.periods import days, whole_periods
from amazon_simulator.rows_by_date import sum_totals
from amazon_simulator.world import DayTotals, World

AsOf = Callable[[Marketplace, date], datetime]
"""The instant whose figures a marketplace's day shows."""


class Block(NamedTuple):
    """Rows of one marketplace from `first` to `last`. `whole` says what their shares are shares of."""

    market: Marketplace
    first: date
    last: date
    cells: Sequence[Cell]
    whole: Callable[[], DayTotals]


def blocks(world: World, question: KioskQuestion, as_of: AsOf) -> Iterator[Block]:
    """Yield the rows of a query by ASIN or of trends, marketplace by marketplace, no block without any."""
    make = _by_asin if question.kind == BY_ASIN else _trends
    for scope in question.scopes:
        yield from (block for block in make(world, question, scope, as_of) if block.cells)


def part_of(found: Iterator[Block], offset: int, size: int) -> Iterator[Block]:
    """Yield `size` rows, those before `offset` left out: the rows of a page."""
    end = offset + size
    passed = 0
    for block in found:
        cells = block.cells[max(offset - passed, 0) : end - passed]
        if cells:
            yield block._replace(cells=cells)
        passed += len(block.cells)
        if passed >= end:
            return


def without(found: Iterator[Block], faults: Sequence[Fault]) -> Iterator[Block]:
    """Yield the blocks without the children that faults keep back."""
    missing = [fault for fault in faults if fault.kind == "asins_missing"]
    for block in found:
        gone = {asin for fault in missing if _meets(block, fault) for asin in fault.asins}
        left = [cell for cell in block.cells if cell.listing.child.asin not in gone] if gone else block.cells
        if left:
            yield block._replace(cells=left)


def _meets(block: Block, fault: Fault) -> bool:
    """Say whether a block is of the marketplace and the day that a fault names; a range is of all its days."""
    place = fault.marketplace in (None, block.market.code)
    return place and (fault.day is None or block.first <= fault.day <= block.last)


def _by_asin(world: World, question: KioskQuestion, scope: Scope, as_of: AsOf) -> Iterator[Block]:
    market, granularity, last = scope.marketplace, question.asin_granularity, question.end
    sums, totals = Sums(granularity, last), []
    for day in days(question.start, last):
        if found := world.rows(market, day, as_of(market, day), granularity, last):
            totals.append(world.totals(market, day, as_of(market, day)))
            sums.add(found)
    yield Block(market, question.start, last, sums.cells(), partial(sum_totals, totals))


def _trends(world: World, question: KioskQuestion, scope: Scope, as_of: AsOf) -> Iterator[Block]:
    market, asins = scope.marketplace, scope.asins or ()
    for first, last in whole_periods(question.start, question.end, question.date_granularity):
        if first == last:
            instant = as_of(market, first)
            cells = world.some(market, first, instant, asins)
            yield Block(market, first, last, cells, partial(world.totals, market, first, instant))
        else:
            sums = Sums("CHILD", last)
            for day in days(first, last):
                sums.add(world.some(market, day, as_of(market, day), asins))
            yield Block(market, first, last, sums.cells(), partial(_totals, world, market, first, last, as_of))


def _totals(world: World, market: Marketplace, first: date, last: date, as_of: AsOf) -> DayTotals:
    return sum_totals(world.totals(market, day, as_of(market, day)) for day in days(first, last))
