"""The sales-and-traffic report's document, in the shape of Amazon's schema.

Names and meaning: schemas/reports/sellerSalesAndTrafficReport.json in amzn/selling-partner-api-models. The by-ASIN
part has no date: it is the sum over the whole range.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from amazon_simulator.amounts import Document
from amazon_simulator.figures import Cell, cells_sum
from amazon_simulator.marketplaces import Marketplace
from amazon_simulator.periods import days, period_of
from amazon_simulator.rows_by_asin import asin_rows
from amazon_simulator.rows_by_date import date_row, sum_totals
from amazon_simulator.world import DayTotals, World

REPORT_TYPE = "GET_SALES_AND_TRAFFIC_REPORT"
_DAYS_HELD = 30  # before they are added up: a sum of many is cheaper than many sums, and two years have to fit
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
    sums = Sums(question.asin_granularity, end)
    for day in days(start, end):
        if rows := world.rows(question.marketplace, day, as_of, question.asin_granularity, end):
            by_day[day] = world.totals(question.marketplace, day, as_of)
            sums.add(rows)
    whole, granularity = sum_totals(by_day.values()), question.asin_granularity
    by_asin = asin_rows(question.marketplace, sums.cells(), whole, granularity, end)
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
        "salesAndTrafficByAsin": list(by_asin),
    }


def _by_date(question: Question, by_day: dict[date, DayTotals]) -> list[Document]:
    periods: dict[date, list[DayTotals]] = {}
    for day, totals in by_day.items():
        periods.setdefault(period_of(day, question.date_granularity)[0], []).append(totals)
    return [date_row(question.marketplace, first, totals) for first, totals in periods.items()]


class Sums:
    """The rows of many days added up by child or SKU, or by the parent that a child has on the last day."""

    def __init__(self, granularity: str, last: date) -> None:
        self._granularity = granularity
        self._last = last.toordinal()
        self._rows: dict[str, list[Cell]] = {}
        self._days = 0

    def add(self, rows: Iterable[Cell]) -> None:
        """Add a day's rows."""
        for cell in rows:
            child = cell.listing.child
            key = child.parent_on(self._last) if self._granularity == "PARENT" else child.asin
            self._rows.setdefault(key, []).append(cell)
        self._days += 1
        if self._days % _DAYS_HELD == 0:
            self._rows = {key: [cells_sum(cells)] for key, cells in self._rows.items()}

    def cells(self) -> list[Cell]:
        """Return a row for each, in the order in which they came up."""
        found = map(cells_sum, self._rows.values())
        # Traffic without orders is not listed by SKU (selling-partner-api-docs#2441).
        return [cell for cell in found if self._granularity != "SKU" or cell.units]
