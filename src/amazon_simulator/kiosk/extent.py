"""How much the answer to a query holds, found out without making it."""

from collections.abc import Iterator
from datetime import date

from amazon_simulator.kiosk.blocks import AsOf, blocks
from amazon_simulator.kiosk.question import KioskQuestion, Scope
from amazon_simulator.kiosk.rows import by_date
from amazon_simulator.kiosk.schema import BY_ASIN, BY_DATE, TRENDS
from amazon_simulator.periods import days, whole_periods
from amazon_simulator.world import World

_LONG = 2000  # cells, of which a thousand take some ten milliseconds


def has_rows(world: World, question: KioskQuestion, as_of: AsOf) -> bool:
    """Say whether there is any row, without computing more than it takes to know."""
    if question.kind == TRENDS:
        return next(blocks(world, question, as_of), None) is not None
    return any(_shows(world, question, scope, day, as_of) for scope in question.scopes for day in _days(question))


def most_rows(world: World, question: KioskQuestion) -> int:
    """Return a number of rows that the answer cannot exceed."""
    periods = sum(1 for _ in whole_periods(question.start, question.end, question.date_granularity))
    of_a_scope = {BY_ASIN: world.catalog.size, BY_DATE: periods}
    if question.kind == TRENDS:
        return (question.asins or 0) * periods
    return len(question.scopes) * of_a_scope[question.kind]


def is_long(world: World, question: KioskQuestion) -> bool:
    """Say whether the answer takes so long to make that a thread should make it."""
    days_asked = (question.end - question.start).days + 1
    children = len(question.scopes) * world.catalog.size if question.asins is None else question.asins
    return children * days_asked > _LONG


def count(world: World, question: KioskQuestion, as_of: AsOf) -> int:
    """Return the number of rows."""
    if question.kind == BY_DATE:
        return sum(1 for _ in by_date(world, question, as_of))
    return sum(len(block.cells) for block in blocks(world, question, as_of))


def _shows(world: World, question: KioskQuestion, scope: Scope, day: date, as_of: AsOf) -> bool:
    market, instant = scope.marketplace, as_of(scope.marketplace, day)
    if question.kind == BY_ASIN and question.asin_granularity == "SKU":  # which lists only what was ordered
        return any(cell.units for cell in world.day(market, day, instant))
    return world.shows(market, day, day, instant)


def _days(question: KioskQuestion) -> Iterator[date]:
    whole = [(question.start, question.end)]
    if question.kind == BY_DATE:
        whole = list(whole_periods(question.start, question.end, question.date_granularity))
    return (day for first, last in whole for day in days(first, last))
