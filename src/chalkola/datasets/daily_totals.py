"""A day's totals per marketplace, over the seller's whole catalog: what the rows per ASIN are reconciled with."""

from chalkola.datasets.daily_totals_by_date import BY_DATE_QUERY
from chalkola.datasets.model import Dataset
from chalkola.datasets.sales_and_traffic import CADENCE, KEPT_FOR, REREADS
from chalkola.datasets.sales_and_traffic_report import REPORT
from chalkola.datasets.sales_and_traffic_tables import BY_DATE, BY_DATE_NOT_KEPT

DATASET = Dataset(
    name="daily_totals",
    meaning="all by-date figures of Amazon's sales and traffic, one line a day and marketplace",
    sources=(BY_DATE_QUERY, REPORT),
    table=BY_DATE,
    cadence=CADENCE,
    rereads=REREADS,
    kept_for=KEPT_FOR,
    not_kept=BY_DATE_NOT_KEPT,
)
