"""Questions to Amazon, as planning makes them."""

from datetime import UTC, date, datetime, timedelta

from chalkola.datasets import source
from chalkola.datasets.model import Box, Pull
from chalkola.marketplaces import marketplace, marketplaces

BEGIN = datetime(2026, 11, 20, 2, tzinfo=UTC)
REPORT = source("sales_and_traffic.report")
NEWEST = date(2026, 11, 17)


def questions(codes: str = "DE", days: int = 1) -> list[Pull]:
    """Return the reports of some marketplaces' last days, the newest first."""
    return [
        Pull(
            source=REPORT,
            box=Box(
                account=m.region.value, marketplaces=(m,), first=NEWEST - timedelta(days=n),
                last=NEWEST - timedelta(days=n),
            ),
            settled=True,
        )
        for n in range(days)
        for m in marketplaces([codes])
    ]  # fmt: skip


def by_asin(code: str, days: int, name: str = "sales_and_traffic.by_asin", rank: int = 0) -> list[Pull]:
    """Return questions to Data Kiosk for a marketplace's last days, the newest first, each day in one."""
    m = marketplace(code)
    boxes = [
        Box(
            account=m.region.value,
            marketplaces=(m,),
            first=NEWEST - timedelta(days=n),
            last=NEWEST - timedelta(days=n),
        )
        for n in range(days)
    ]
    return [Pull(source=source(name), box=box, settled=True, rank=rank) for box in boxes]
