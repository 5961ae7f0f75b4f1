"""The rows of the three queries, with every field of the schema. B2B fields are None where the seller has none.

What the report says as well comes from the report's own rows, so that both ways to ask agree.
"""

from collections.abc import Iterable, Iterator

from amazon_simulator.amounts import Document, average, money, percent, ratio
from amazon_simulator.kiosk.blocks import AsOf, Block, blocks
from amazon_simulator.kiosk.question import KioskQuestion, Scope, Selection
from amazon_simulator.kiosk.schema import BY_DATE, TRENDS
from amazon_simulator.marketplaces import Marketplace
from amazon_simulator.periods import days, whole_periods
from amazon_simulator.rows_by_asin import MORE_SALES, SALES, TRAFFIC, Columns, parts
from amazon_simulator.rows_by_date import date_row, sum_totals
from amazon_simulator.world import DayTotals, World


def rows(world: World, question: KioskQuestion, as_of: AsOf) -> Iterator[Document]:
    """Yield the rows of a query, marketplace by marketplace."""
    if question.kind == BY_DATE:
        return by_date(world, question, as_of)
    return by_asin(question, blocks(world, question, as_of))


def by_asin(question: KioskQuestion, found: Iterable[Block]) -> Iterator[Document]:
    """Yield the rows of a query by ASIN or of trends."""
    head: Document = {"asinAggregation": "CHILD"} if question.kind == TRENDS else {}
    for block in found:
        yield from (head | row for row in _asin_rows(block, question.asin_granularity))


def by_date(world: World, question: KioskQuestion, as_of: AsOf) -> Iterator[Document]:
    """Yield the rows of a query by date."""
    for scope in question.scopes:
        yield from _by_date(world, question, scope, as_of)


def selected(row: Document, selection: Selection) -> Document:
    """Return the fields of a row that were asked for, in that order; None where the row has none."""
    chosen: Document = {}
    for name, inner in selection.items():
        value = row.get(name)
        chosen[name] = selected(value, inner) if inner is not None and value is not None else value
    return chosen


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


def _asin_rows(block: Block, granularity: str) -> Iterator[Document]:
    market, columns = block.market, Columns(block.cells, block.whole)
    written = [parts(market, columns, names) for names in (SALES, MORE_SALES, TRAFFIC)]
    for cell, sales, more, traffic in zip(block.cells, *written, strict=True):
        child = cell.listing.child
        yield {
            "startDate": block.first.isoformat(),
            "endDate": block.last.isoformat(),
            "marketplaceId": market.amazon_id,
            "parentAsin": child.parent_on(block.last.toordinal()),
            "childAsin": None if granularity == "PARENT" else child.asin,
            "sku": child.sku if granularity == "SKU" else None,
            "sales": sales | more,
            "traffic": traffic,
        }


def _more_by_date(market: Marketplace, sums: DayTotals) -> Document:
    """Return what the report does not say of a date: claims, refunds and shipments of business customers."""
    if not market.business:
        return {}
    claims = sums.units_b // 900
    return {
        "unitsRefundedB2B": sums.units_refunded_b,
        "refundRateB2B": percent(sums.units_refunded_b, sums.units_b),
        "ordersShippedB2B": sums.items_shipped_b,
        "unitsShippedB2B": sums.units_shipped_b,
        "shippedProductSalesB2B": money(market, sums.sales_shipped_b),
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
