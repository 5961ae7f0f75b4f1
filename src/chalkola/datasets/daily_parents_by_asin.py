"""Data Kiosk's sales and traffic by parent ASIN: sessions of a family are less than the sum over its children."""

from collections.abc import Mapping
from functools import partial

from chalkola.datasets import kiosk
from chalkola.datasets.kiosk_reading import read
from chalkola.datasets.model import Box, Limits, Source
from chalkola.datasets.sales_and_traffic_by_asin import SLOT
from chalkola.datasets.sales_and_traffic_tables import BY_ASIN_NOT_KEPT, BY_PARENT

NOT_KEPT = {**BY_ASIN_NOT_KEPT, "childAsin": "absent when asked by parent ASIN"}
SECTION = kiosk.section(SLOT, BY_PARENT.columns, NOT_KEPT, "parentAsin")


def question(box: Box) -> Mapping[str, object]:
    """Return createQuery's body."""
    return kiosk.query(SECTION, f"aggregateBy: PARENT {kiosk.days(box)} {kiosk.marketplaces(box)}")


PARENTS_QUERY = Source(
    name="daily_parents.by_asin",
    driver="data_kiosk",
    creation="createQuery",
    quota=None,
    fills=("daily_parents",),
    limits=Limits(marketplaces=12, days=1),
    bytes_per_row=500,
    question=question,
    read=partial(read, dataset="daily_parents", table=BY_PARENT, section=SECTION),
    slot=SLOT,
)
