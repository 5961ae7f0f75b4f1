"""What a ledger knows, as planning is given it."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from chalkola.datasets import DAILY, SOURCES
from chalkola.datasets.model import Dataset, Slice, SliceState
from chalkola.marketplaces import MARKETPLACES, Marketplace, marketplace
from chalkola.pipeline.means import Means
from chalkola.pipeline.metering import all_buckets, creation_buckets
from chalkola.store.lines import Coverage, Known
from chalkola.store.slices import Line

NOW = datetime(2026, 11, 20, 2, tzinfo=UTC)
DAY = timedelta(days=1)
SALES, TOTALS, PARENTS = DAILY
GERMANY = marketplace("DE")
EVERYWHERE = {m: m.region.value for m in MARKETPLACES}
ACCOUNTS = ("NA", "EU", "FE")
KIOSK = tuple(source.name for source in SOURCES if source.driver == "data_kiosk")
_DRAWN_FROM = {key for source in SOURCES for account in ACCOUNTS for key in creation_buckets(source, account, {})}
BUCKETS = {bucket.key: bucket for bucket in all_buckets(ACCOUNTS, SOURCES, {}) if bucket.key in _DRAWN_FROM}


def means(opens: Mapping[Marketplace, str] = EVERYWHERE, *, asins: int = 0, **more: object) -> Means:
    """Return the means of accounts with full buckets; so many child ASINs are known of each marketplace."""
    known = tuple(f"B{number:09}" for number in range(asins))
    return replace(Means(opens=opens, buckets=BUCKETS, asins={m.scope: known for m in opens if known}), **more)


def line(day: date, state: SliceState = SliceState.DUE, m: Marketplace = GERMANY, **known: object) -> Line:
    blank = Line(
        slice=Slice(dataset=SALES.name, scope=m.scope, day=day), state=state, source=None, asked_at=None,
        loaded_at=None, row_count=None, checksum=None, sums=None, residual=None, attempts=0, next_at=None,
        reason=None,
    )  # fmt: skip
    return replace(blank, **known)  # type: ignore[arg-type]


def proven(day: date, m: Marketplace = GERMANY, **known: object) -> Line:
    """Return a closed line with rows, read a day ago."""
    return line(day, SliceState.PROVEN, m, **{"row_count": 9, "asked_at": NOW - DAY, "source": "by_asin", **known})


def knowing(
    *lines: Line, closed: Iterable[date] = (), under_way: Iterable[date] = (), m: Marketplace = GERMANY
) -> Coverage:
    """Return that much for every dataset of a marketplace."""
    ended = [one for one in lines if one.state.is_closed]
    closed_days = [*closed, *(one.slice.day for one in ended)]
    known = Known(
        first=min([*closed_days, *(one.slice.day for one in lines)], default=None),
        closed=frozenset(day.toordinal() for day in closed_days),
        recent={one.slice.day: one for one in ended},
        others={one.slice.day: one for one in lines if not one.state.is_closed},
        under_way=frozenset(day.toordinal() for day in under_way),
    )
    return {(dataset.name, m.scope): known for dataset in DAILY}


def newest(m: Marketplace = GERMANY, now: datetime = NOW, dataset: Dataset = SALES) -> date:
    return dataset.newest(now, m.zone)


def two_weeks(among: Iterable[Marketplace] = MARKETPLACES) -> Coverage:
    """Return a ledger in which all but the newest days are closed and were read a day ago."""
    known: dict[tuple[str, str], Known] = {}
    for m in among:
        known |= knowing(*(proven(newest(m) - DAY * back, m) for back in range(1, 33)), m=m)
    return known
