"""Data Kiosk's sales and traffic by date: the seller's totals of up to two years, all marketplaces of an account."""

from collections.abc import Mapping
from functools import partial

from chalkola.datasets import kiosk
from chalkola.datasets.kiosk_reading import read
from chalkola.datasets.model import Box, Limits, Source
from chalkola.datasets.sales_and_traffic_tables import BY_DATE, BY_DATE_NOT_KEPT

SLOT = "salesAndTrafficByDate"
SECTION = kiosk.section(SLOT, BY_DATE.columns, BY_DATE_NOT_KEPT)


def question(box: Box) -> Mapping[str, object]:
    """Return createQuery's body."""
    return kiosk.query(SECTION, f"aggregateBy: DAY {kiosk.days(box)} {kiosk.marketplaces(box)}")


BY_DATE_QUERY = Source(
    name="daily_totals.by_date",
    driver="data_kiosk",
    creation="createQuery",
    quota=None,
    fills=("daily_totals",),
    limits=Limits(marketplaces=12, days=729),
    bytes_per_row=700,
    question=question,
    read=partial(read, dataset="daily_totals", table=BY_DATE, section=SECTION),
    slot=SLOT,
)
