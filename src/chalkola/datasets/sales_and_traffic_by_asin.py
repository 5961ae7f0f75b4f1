"""Data Kiosk's sales and traffic by child ASIN: all marketplaces of an account, all ASINs, one day.

Its rows have no date of their own (Amazon sums them over the question's days), hence one day per question.
"""

from collections.abc import Mapping
from functools import partial

from chalkola.datasets import kiosk
from chalkola.datasets.kiosk_reading import read
from chalkola.datasets.model import Box, Limits, Source
from chalkola.datasets.sales_and_traffic_tables import BY_ASIN, BY_ASIN_NOT_KEPT

SLOT = "salesAndTrafficByAsin"
SECTION = kiosk.section(SLOT, BY_ASIN.columns, BY_ASIN_NOT_KEPT, "childAsin", "parentAsin")


def question(box: Box) -> Mapping[str, object]:
    """Return createQuery's body."""
    return kiosk.query(SECTION, f"aggregateBy: CHILD {kiosk.days(box)} {kiosk.marketplaces(box)}")


BY_ASIN_QUERY = Source(
    name="sales_and_traffic.by_asin",
    driver="data_kiosk",
    creation="createQuery",
    quota=None,
    fills=("sales_and_traffic",),
    # Amazon's schema takes a list and states no most: twelve is every marketplace that we know.
    limits=Limits(marketplaces=12, days=1),
    bytes_per_row=650,  # a row of 300 bytes, its six index entries, and 150 bytes of the compressed document
    question=question,
    read=partial(read, dataset="sales_and_traffic", table=BY_ASIN, section=SECTION),
    slot=SLOT,
)
