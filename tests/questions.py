"""Questions to Amazon, as planning makes them."""

from datetime import UTC, date, datetime, timedelta

from chalkola.datasets import CATALOG
from chalkola.datasets.model import Pull, Slice
from chalkola.marketplaces import MARKETPLACES, marketplaces
from chalkola.pipeline.plan import pack

BEGIN = datetime(2026, 11, 20, 2, tzinfo=UTC)
EVERYWHERE = {m: m.region.value for m in MARKETPLACES}


def questions(codes: str = "DE", days: int = 1) -> list[Pull]:
    """Return the pulls of some marketplaces' last days."""
    wanted = [
        Slice(dataset=dataset.name, scope=m.scope, day=date(2026, 11, 17) - timedelta(days=n))
        for n in range(days)
        for m in marketplaces([codes])
        for dataset in CATALOG
    ]
    return list(pack(wanted, {d.name: d for d in CATALOG}, EVERYWHERE, (), BEGIN)[0])
