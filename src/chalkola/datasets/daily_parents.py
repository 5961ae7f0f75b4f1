"""Sales and traffic per parent ASIN: what a whole family of variations saw, which its children do not add up to."""

from datetime import timedelta

from chalkola.datasets.daily_parents_by_asin import NOT_KEPT, PARENTS_QUERY
from chalkola.datasets.model import Dataset, Reread
from chalkola.datasets.sales_and_traffic import CADENCE, KEPT_FOR
from chalkola.datasets.sales_and_traffic_tables import BY_PARENT

DATASET = Dataset(
    name="daily_parents",
    meaning="sales and traffic per parent ASIN, day and marketplace",
    sources=(PARENTS_QUERY,),
    table=BY_PARENT,
    cadence=CADENCE,
    rereads=(Reread(within=timedelta(days=14), every=timedelta(days=6, hours=20)),),
    kept_for=KEPT_FOR,
    totals_in="daily_totals",
    extra=True,
    not_kept=NOT_KEPT,
)
