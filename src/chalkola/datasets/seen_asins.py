"""Which child ASINs Amazon showed at all in a month: what Trends has to ask for by name.

Data Kiosk's by-ASIN query over a whole month, all marketplaces of an account at once: one row an ASIN. It is asked in
order to ask well, and proves nothing: an ASIN that it does not know is found by holding days against their totals.
"""

from collections.abc import Mapping
from functools import partial

from chalkola.datasets import kiosk
from chalkola.datasets.kiosk_reading import read
from chalkola.datasets.model import Box, Dataset, Limits, Source, Table
from chalkola.datasets.sales_and_traffic import CADENCE, KEPT_FOR
from chalkola.datasets.sales_and_traffic_by_asin import SLOT
from chalkola.datasets.sales_and_traffic_tables import BY_ASIN, BY_ASIN_NOT_KEPT

_KEPT = ("child_asin", "parent_asin", "units_ordered", "page_views")
_COLUMNS = tuple(column for column in BY_ASIN.columns if column.name in _KEPT)
_FIGURES: Mapping[str, str] = {
    column.path: "each day has it" for column in BY_ASIN.columns if column.name not in _KEPT and column.path
}
NOT_KEPT = {**BY_ASIN_NOT_KEPT, **_FIGURES}
SECTION = kiosk.section(SLOT, _COLUMNS, NOT_KEPT, "childAsin", "parentAsin")


def question(box: Box) -> Mapping[str, object]:
    """Return createQuery's body."""
    return kiosk.query(SECTION, f"aggregateBy: CHILD {kiosk.days(box)} {kiosk.marketplaces(box)}")


SEEN_ASINS = Table(name="sp_seen_asins", key=("child_asin",), columns=_COLUMNS)
BY_MONTH_QUERY = Source(
    name="seen_asins.by_month",
    driver="data_kiosk",
    creation="createQuery",
    quota=None,
    fills=("seen_asins",),
    limits=Limits(marketplaces=12, days=31),
    bytes_per_row=150,
    question=question,
    read=partial(read, dataset="seen_asins", table=SEEN_ASINS, section=SECTION),
    whole=True,
    slot=SLOT,
)

DATASET = Dataset(
    name="seen_asins",
    meaning="child ASINs that had any figure in a month, by marketplace",
    sources=(BY_MONTH_QUERY,),
    table=SEEN_ASINS,
    cadence=CADENCE,
    rereads=(),
    kept_for=KEPT_FOR,
    not_kept=NOT_KEPT,
)
