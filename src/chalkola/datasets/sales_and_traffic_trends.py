"""Data Kiosk's trends: a row per day and child ASIN over many days, for the ASINs that are named in the question.

ASINs without data are left out of the answer, so a complete look at a day needs the by-ASIN query beside it.
"""

from collections.abc import Mapping
from functools import partial

from chalkola.datasets import kiosk
from chalkola.datasets.kiosk_reading import read
from chalkola.datasets.model import AsinFilter, Box, Limits, Source
from chalkola.datasets.sales_and_traffic_tables import BY_ASIN, BY_ASIN_NOT_KEPT

SLOT = "salesAndTrafficTrends"
ASINS_PER_FILTER = 30
"""Amazon's most."""
SECTION = kiosk.section(
    SLOT,
    BY_ASIN.columns,
    {**BY_ASIN_NOT_KEPT, "asinAggregation": "always CHILD: the only level there is"},
    "childAsin",
    "parentAsin",
)


def question(box: Box) -> Mapping[str, object]:
    """Return createQuery's body."""
    filters = " ".join(map(_filter, box.filters))
    return kiosk.query(
        SECTION, f"asinAggregation: CHILD dateAggregation: DAY {kiosk.days(box)} filters: [{filters}]"
    )  # fmt: skip


def fits(box: Box) -> bool:
    """Return whether Amazon takes a question of this length: within `limits`, with usual ASINs, it does."""
    return len(str(question(box)["query"])) <= kiosk.MOST_CHARACTERS


def _filter(of: AsinFilter) -> str:
    return f'{{marketplaceId: "{of.marketplace.amazon_id}" asins: {kiosk.texts(of.asins)}}}'


TRENDS_QUERY = Source(
    name="sales_and_traffic.trends",
    driver="data_kiosk",
    creation="createQuery",
    quota=None,
    fills=("sales_and_traffic",),
    # Fifteen filters of thirty ASINs are what fits into a query. Amazon's schema allows two years.
    limits=Limits(marketplaces=12, days=729, filters=15),
    days_at_first=90,
    bytes_per_row=650,  # as by ASIN
    question=question,
    read=partial(read, dataset="sales_and_traffic", table=BY_ASIN, section=SECTION),
    slot=SLOT,
)
