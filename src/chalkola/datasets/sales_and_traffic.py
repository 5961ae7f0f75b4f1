"""Sales and traffic per child ASIN: units, money, sessions, page views, one row a day and marketplace."""

from datetime import timedelta

from chalkola.datasets.cadence import EveryDay
from chalkola.datasets.model import Dataset, Reread
from chalkola.datasets.sales_and_traffic_by_asin import BY_ASIN_QUERY
from chalkola.datasets.sales_and_traffic_report import REPORT
from chalkola.datasets.sales_and_traffic_tables import BY_ASIN, BY_ASIN_NOT_KEPT
from chalkola.datasets.sales_and_traffic_trends import TRENDS_QUERY

# No official figure exists. Amazon's maintainers: up to 72 hours for a day (2022); collectors see it complete between
# 04:00 and 14:00 UTC of the next day, and once about 6 % of a day's sales on the morning after next.
CADENCE = EveryDay(settles_after=timedelta(hours=34))
# No official window either: practice lies between 3 and 30 days. Units are cancelled for about two weeks.
# The hours are less than a day and a week, so that a run at the same hour finds them over.
REREADS = (
    Reread(within=timedelta(days=14), every=timedelta(hours=20)),
    Reread(within=timedelta(days=30), every=timedelta(days=6, hours=20)),
)
# Two years; a report that starts at the edge was answered with CANCELLED, so stay a day off it.
KEPT_FOR = timedelta(days=729)

DATASET = Dataset(
    name="sales_and_traffic",
    meaning="sales and traffic per child ASIN, day and marketplace",
    sources=(BY_ASIN_QUERY, TRENDS_QUERY, REPORT),
    table=BY_ASIN,
    cadence=CADENCE,
    rereads=REREADS,
    kept_for=KEPT_FOR,
    totals_in="daily_totals",
    listed_in="seen_asins",
    not_kept=BY_ASIN_NOT_KEPT,
)
