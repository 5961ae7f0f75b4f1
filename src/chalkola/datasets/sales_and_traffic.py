"""Sales and traffic per child ASIN: units, money, sessions, page views, one row a day and marketplace."""

from datetime import timedelta

from chalkola.datasets.model import Dataset
from chalkola.datasets.sales_and_traffic_report import REPORT
from chalkola.datasets.sales_and_traffic_tables import BY_ASIN, BY_ASIN_NOT_KEPT

# No official figure exists. Amazon's maintainers: up to 72 hours for a day (2022); collectors see it complete between
# 04:00 and 14:00 UTC of the next day, and once about 6 % of a day's sales on the morning after next.
SETTLES_AFTER = timedelta(hours=34)
# No official window either: practice lies between 3 and 30 days. Units are cancelled for about two weeks.
RESTATED_FOR = timedelta(days=14)
# Two years; a report that starts at the edge was answered with CANCELLED, so stay a day off it.
KEPT_FOR = timedelta(days=729)

DATASET = Dataset(
    name="sales_and_traffic",
    meaning="sales and traffic per child ASIN, day and marketplace",
    sources=(REPORT,),
    table=BY_ASIN,
    settles_after=SETTLES_AFTER,
    restated_for=RESTATED_FOR,
    kept_for=KEPT_FOR,
    totals_in="daily_totals",
    not_kept=BY_ASIN_NOT_KEPT,
)
