"""The rows of the three queries, with every field of the schema. B2B fields are None where the seller has none.

What the report says as well comes from the report's own rows, so that both ways to ask agree.
"""

from collections.abc import Callable, Iterator
from datetime import date, datetime

from amazon_simulator.amounts import Document, average, money, percent, ratio
from amazon_simulator.document import add
from amazon_simulator.figures import Cell
from amazon_simulator.kiosk.question import KioskQuestion, Scope
from amazon_simulator.kiosk.schema import BY_ASIN, BY_DATE, TRENDS
from amazon_simulator.marketplaces import Marketplace
from amazon_simulator.periods import days, whole_periods
from amazon_simulator.rows_by_asin import asin_row
from amazon_simulator.rows_by_date import date_row, sum_totals
from amazon_simulator.world import DayTotals, World

AsOf = Callable[[Marketplace, date], datetime]
"""The instant whose figures a marketplace's day shows."""


def rows(world: World, question: KioskQuestion, as_of: AsOf) -> Iterator[Document]:
    """Yield the rows of a query, marketplace by marketplace."""
    make = {BY_ASIN: _by_asin, BY_DATE: _by_date, TRENDS: _trends}[question.kind]
    for scope in question.scopes:
        yield from make(world, question, scope, as_of)


def has_rows(world: World, question: KioskQuestion, as_of: AsOf) -> bool:
    """Say whether there is any row, without computing more than it takes to know."""
    if question.kind != TRENDS and question.asin_granularity != "SKU":
        return any(_shows(world, question, scope, as_of) for scope in question.scopes)
    bare = (cell for scope in question.scopes for cell in _cells(world, question, scope, as_of))
    return next(bare, None) is not None


def most_rows(world: World, question: KioskQuestion) -> int:
    """Return a number of rows that the answer cannot exceed."""
    periods = sum(1 for _ in whole_periods(question.start, question.end, question.date_granularity))
    of_a_scope = {BY_ASIN: world.catalog.size, BY_DATE: periods}
    if question.kind == TRENDS:
        return (question.asins or 0) * periods
    return len(question.scopes) * of_a_scope[question.kind]


def _shows(world: World, question: KioskQuestion, scope: Scope, as_of: AsOf) -> bool:
    for first, last in _periods(question):
        for day in days(first, last):
            if world.shows(scope.marketplace, day, day, as_of(scope.marketplace, day)):
                return True
    return False


def _cells(world: World, question: KioskQuestion, scope: Scope, as_of: AsOf) -> Iterator[Cell]:
    """Yield the cells that make a row."""
    market = scope.marketplace
    for first, last in _periods(question):
        for day in days(first, last):
            if scope.asins is None:
                yield from (cell for cell in world.day(market, day, as_of(market, day)) if cell.units)
            else:
                yield from world.some(market, day, as_of(market, day), scope.asins)


def _periods(question: KioskQuestion) -> Iterator[tuple[date, date]]:
    if question.kind == BY_ASIN:
        return iter([(question.start, question.end)])
    return whole_periods(question.start, question.end, question.date_granularity)


def _by_asin(world: World, question: KioskQuestion, scope: Scope, as_of: AsOf) -> Iterator[Document]:
    market, granularity = scope.marketplace, question.asin_granularity
    sums: dict[str, Cell] = {}
    totals = []
    for day in days(question.start, question.end):  # two years need no more memory than one day
        if found := world.rows(market, day, as_of(market, day), granularity):
            totals.append(world.totals(market, day, as_of(market, day)))
            add(sums, found, granularity)
    whole = sum_totals(totals)
    for cell in sums.values():
        if granularity != "SKU" or cell.units:  # traffic without orders is not listed by SKU, as in the report
            yield _asin_row(market, cell, whole, question.start, question.end, granularity)


def _trends(world: World, question: KioskQuestion, scope: Scope, as_of: AsOf) -> Iterator[Document]:
    market = scope.marketplace
    for first, last in whole_periods(question.start, question.end, question.date_granularity):
        sums: dict[str, Cell] = {}
        for day in days(first, last):
            add(sums, world.some(market, day, as_of(market, day), scope.asins or ()), "CHILD")
        if sums:
            whole = sum_totals(world.totals(market, day, as_of(market, day)) for day in days(first, last))
            for cell in sums.values():
                yield {"asinAggregation": "CHILD", **_asin_row(market, cell, whole, first, last, "CHILD")}


def _by_date(world: World, question: KioskQuestion, scope: Scope, as_of: AsOf) -> Iterator[Document]:
    market = scope.marketplace
    for first, last in whole_periods(question.start, question.end, question.date_granularity):
        totals = [world.totals(market, day, as_of(market, day)) for day in days(first, last)]
        shown = [row for row in totals if row.offers]
        if not shown:
            continue
        row = date_row(market, first, shown)
        yield {
            "startDate": first.isoformat(),
            "endDate": last.isoformat(),
            "marketplaceId": market.amazon_id,
            "sales": row["salesByDate"] | _more_by_date(market, sum_totals(shown)),
            "traffic": row["trafficByDate"] | _more_feedback(market, sum_totals(shown)),
        }


def _asin_row(
    market: Marketplace, cell: Cell, whole: DayTotals, first: date, last: date, granularity: str
) -> Document:
    row = asin_row(market, cell, whole, granularity)
    return {
        "startDate": first.isoformat(),
        "endDate": last.isoformat(),
        "marketplaceId": market.amazon_id,
        "parentAsin": row["parentAsin"],
        "childAsin": row.get("childAsin"),
        "sku": row.get("sku"),
        "sales": row["salesByAsin"] | _more_by_asin(market, cell),
        "traffic": row["trafficByAsin"],
    }


def _more_by_asin(market: Marketplace, cell: Cell) -> Document:
    """Return what the report does not say of an ASIN."""
    more: Document = {
        "unitsRefunded": cell.units_refunded,
        "refundRate": percent(cell.units_refunded, cell.units),
        "ordersShipped": cell.items_shipped,
        "unitsShipped": cell.units_shipped,
        "shippedProductSales": money(market, cell.sales_shipped),
    }
    return more | (_shipped_b2b(market, cell) if market.business else {})


def _shipped_b2b(market: Marketplace, sums: Cell | DayTotals) -> Document:
    return {
        "unitsRefundedB2B": sums.units_refunded_b,
        "refundRateB2B": percent(sums.units_refunded_b, sums.units_b),
        "ordersShippedB2B": sums.items_shipped_b,
        "unitsShippedB2B": sums.units_shipped_b,
        "shippedProductSalesB2B": money(market, sums.sales_shipped_b),
    }


def _more_by_date(market: Marketplace, sums: DayTotals) -> Document:
    """Return what the report does not say of a date: claims, refunds and shipments of business customers."""
    if not market.business:
        return {}
    claims = sums.units_b // 900
    return _shipped_b2b(market, sums) | {
        "claimsGrantedB2B": claims,
        "claimsAmountB2B": money(market, claims * average(sums.sales_b, sums.units_b)),
        "averageUnitsPerOrderItemB2B": ratio(sums.units_b, sums.items_b),
    }


def _more_feedback(market: Marketplace, sums: DayTotals) -> Document:
    if not market.business:
        return {}
    feedback = sums.items_b // 60
    return {
        "feedbackReceivedB2B": feedback,
        "negativeFeedbackReceivedB2B": feedback // 12,
        "receivedNegativeFeedbackRateB2B": percent(feedback // 12, feedback),
    }
