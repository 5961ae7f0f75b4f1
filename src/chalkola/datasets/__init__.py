"""What we collect. `CATALOG` is the list; docs/add-a-dataset.md is how it grows."""

from collections.abc import Iterable
from typing import NoReturn

from chalkola.datasets import daily_parents, daily_totals, fx_rates, listings, sales_and_traffic, seen_asins
from chalkola.datasets.model import Dataset, Past, Source
from chalkola.errors import UsageError

CATALOG: tuple[Dataset, ...] = (
    sales_and_traffic.DATASET,
    daily_totals.DATASET,
    daily_parents.DATASET,
    listings.DATASET,
    fx_rates.DATASET,
)

DAILY = tuple(dataset for dataset in CATALOG if dataset.past is Past.BACKFILL)
"""Those with figures of days, which a backfill can fill: what the others have is said apart."""

LISTINGS: tuple[Dataset, ...] = (seen_asins.DATASET,)
"""What is asked only in order to ask well: no day is complete or lacking by it."""

SOURCES: tuple[Source, ...] = tuple(
    {source.name: source for dataset in (*CATALOG, *LISTINGS) for source in dataset.sources}.values(),
)
"""Every declared way to ask, each one once."""


def dataset(name: str) -> Dataset:
    """Return the dataset of this name. Raises `UsageError` that lists the accepted names."""
    found = next((dataset for dataset in CATALOG if dataset.name == name), None)
    return found or _unknown("dataset", name, (dataset.name for dataset in CATALOG))


def source(name: str) -> Source:
    """Return the source of this name. Raises `UsageError` that lists the accepted names."""
    found = next((source for source in SOURCES if source.name == name), None)
    return found or _unknown("source", name, (source.name for source in SOURCES))


def _unknown(kind: str, name: str, accepted: Iterable[str]) -> NoReturn:
    raise UsageError(f"There is no {kind} {name!r}.", remedy=f"Accepted: {', '.join(accepted)}.")
