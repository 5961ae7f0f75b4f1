"""What each metric is: its name, unit and definition, once for every surface. The keys are those of the sheets
(`sp_sheet_metrics`), and the arithmetic is theirs."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Definition:
    """A metric. `above` and `below`: the sums that it is made of; `below` empty: it is a sum itself. `decimals`: how
    far it is rounded. `more_is`: whether more of it is good, bad or neither, for colours."""

    key: str
    name: str
    unit: Literal["count", "money", "share"]
    decimals: int
    above: str
    below: str
    meaning: str
    source: str
    more_is: Literal["good", "bad", "neither"] = "good"


_ROWS = "Amazon's Sales and Traffic, by ASIN and day; of a marketplace's whole day Amazon's own total"
_VIEWS = "Amazon's Sales and Traffic; shares of several days are weighted by their page views"


def _sum(key: str, name: str, unit: Literal["count", "money"], decimals: int, meaning: str) -> Definition:
    return Definition(
        key=key, name=name, unit=unit, decimals=decimals, above=key, below="", meaning=meaning, source=_ROWS
    )


METRICS: tuple[Definition, ...] = (
    _sum("units", "Units", "count", 0, "Units ordered, whether shipped yet or not; cancelled ones Amazon takes off"
         " later."),
    _sum("sales", "Sales", "money", 2, "Ordered product sales: the price of each unit ordered times the units,"
         " without shipping. Other currencies are converted by the European Central Bank's rate of the sale's day."),
    _sum("sessions", "Sessions", "count", 0, "Visits to the product's page within 24 hours by one person count once."
         " A parent's are Amazon's own figure: a visit may see several of its children."),
    Definition(
        key="cvr", name="Conversion", unit="share", decimals=4, above="units", below="sessions",
        meaning="Units ordered for each session, from the sums of both: Amazon's unit session percentage.",
        source=_ROWS,
    ),
    Definition(
        key="buy_box", name="Buy box", unit="share", decimals=4, above="buy_box_views", below="buy_box_base",
        meaning="Of the page views, the fraction that had your offer in the buy box (the featured offer).",
        source=_VIEWS,
    ),
    _sum("page_views", "Page views", "count", 0, "How often the product's page was seen, each time counted."),
    _sum("order_items", "Order items", "count", 0, "Lines of orders: an order of three units of one product is one."),
    Definition(
        key="average_price", name="Average price", unit="money", decimals=4, above="sales", below="units",
        meaning="Sales for each unit ordered, from the sums of both.", source=_ROWS, more_is="neither",
    ),
)  # fmt: skip

BY_KEY = {one.key: one for one in METRICS}
HEADLINE = ("units", "sales", "sessions", "cvr", "buy_box")
"""What the first page shows of each period."""
