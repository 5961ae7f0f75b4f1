"""The sales-and-traffic report's document, in the shape of Amazon's schema.

Names and meaning: schemas/reports/sellerSalesAndTrafficReport.json in amzn/selling-partner-api-models. The by-ASIN
part has no date: it is the sum over the whole range.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from amazon_simulator.amounts import Document
from amazon_simulator.figures import Cell, cell_sum
from amazon_simulator.marketplaces import Marketplace
from amazon_simulator.periods import days, period_of
from amazon_simulator.rows_by_asin import asin_row
from amazon_simulator.rows_by_date import date_row, sum_totals
from amazon_simulator.world import DayTotals, World

REPORT_TYPE = "GET_SALES_AND_TRAFFIC_REPORT"
DATE_GRANULARITIES = ("DAY", "WEEK", "MONTH")
ASIN_GRANULARITIES = ("PARENT", "CHILD", "SKU")


@dataclass(frozen=True, kw_only=True)
class Question:
    """What a sales-and-traffic report was asked: one marketplace, whole days, both included."""

    marketplace: Marketplace
    start: date
    end: date
    date_granularity: str = "DAY"
    asin_granularity: str = "PARENT"

    @property
    def expanded(self) -> tuple[date, date]:
        """Return the first and last day covered: weeks and months are widened to whole ones."""
        return period_of(self.start, self.date_granularity)[0], period_of(self.end, self.date_granularity)[1]


def sales_and_traffic(world: World, question: Question, as_of: datetime) -> Document:
    """Return the document that Amazon would write at `as_of`."""
    start, end = question.expanded
    by_day: dict[date, DayTotals] = {}
    sums: dict[str, Cell] = {}
    for day in days(start, end):  # day by day, so that two years need no more memory than one day
        if rows := world.rows(question.marketplace, day, as_of, question.asin_granularity):
            by_day[day] = world.totals(question.marketplace, day, as_of)
            add(sums, rows, question.asin_granularity)
    return {
        "reportSpecification": {
            "reportType": REPORT_TYPE,
            "reportOptions": {
                "dateGranularity": question.date_granularity,
                "asinGranularity": question.asin_granularity,
            },
            "dataStartTime": start.isoformat(),
            "dataEndTime": end.isoformat(),
            "marketplaceIds": [question.marketplace.amazon_id],
        },
        "salesAndTrafficByDate": _by_date(question, by_day),
        "salesAndTrafficByAsin": _by_asin(question, sums.values(), sum_totals(by_day.values())),
    }


def _by_date(question: Question, by_day: dict[date, DayTotals]) -> list[Document]:
    periods: dict[date, list[DayTotals]] = {}
    for day, totals in by_day.items():
        periods.setdefault(period_of(day, question.date_granularity)[0], []).append(totals)
    return [date_row(question.marketplace, first, totals) for first, totals in periods.items()]


def _by_asin(question: Question, cells: Iterable[Cell], whole: DayTotals) -> list[Document]:
    granularity = question.asin_granularity
    if granularity == "SKU":  # traffic without orders is not listed (selling-partner-api-docs#2441)
        cells = [cell for cell in cells if cell.units]
    return [asin_row(question.marketplace, cell, whole, granularity) for cell in cells]


def add(sums: dict[str, Cell], rows: Iterable[Cell], granularity: str) -> None:
    """Add a day's rows to the sums by child, or by parent."""
    for cell in rows:
        child = cell.listing.child
        key = child.parent_asin if granularity == "PARENT" else child.asin
        before = sums.get(key)
        sums[key] = cell if before is None else cell_sum(before, cell)
