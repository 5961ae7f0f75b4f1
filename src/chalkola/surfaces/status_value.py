"""What `chalkola status` knows, as one value."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalkola.datasets import CATALOG
from chalkola.pipeline.forecast import Expected
from chalkola.settings import Settings
from chalkola.store import Store
from chalkola.store.buckets import Bucket
from chalkola.store.day_zones import DayZone, read_day_zones
from chalkola.store.documents import Holding, Unkept
from chalkola.store.lines import read_coverage
from chalkola.store.overview import (
    Alert,
    KnownAccount,
    OpenPull,
    PastPull,
    read_accounts,
    read_alerts,
    read_open_pulls,
    read_past_pulls,
)  # fmt: skip
from chalkola.surfaces.standing import Standing, standings
from chalkola.surfaces.waiting import expectations

SHOWN = 12
UNKEPT_SHOWN = timedelta(days=7)


@dataclass(frozen=True, kw_only=True)
class Kept:
    """Amazon's documents: where they are kept, for how long (None: for ever), how many, and what they take."""

    place: str
    time: timedelta | None
    holding: Holding


@dataclass(frozen=True, kw_only=True)
class Status:
    """Everything that `status` says, as of `now` (Amazon's time)."""

    now: datetime
    marketplaces: tuple[Standing, ...]
    accounts: Sequence[KnownAccount]
    waiting: Sequence[OpenPull]
    expected: dict[int, Expected]
    last: Sequence[PastPull]
    failures: Sequence[PastPull]
    alerts: Sequence[Alert]
    buckets: Sequence[Bucket]
    archive: Kept | None
    """None: documents are not kept."""
    unkept: Sequence[Unkept]
    """Documents of the last days that are not in the archive."""
    day_zones: Sequence[DayZone] = ()


async def read_status(settings: Settings, store: Store) -> Status:
    """Return the status as the database has it now."""
    now = settings.clock.now()
    coverage = await read_coverage(store.pool, [dataset.name for dataset in CATALOG], now)
    waiting, buckets = await read_open_pulls(store.pool), await store.buckets.read()
    last = await read_past_pulls(store.pool, 200)
    return Status(
        now=now,
        marketplaces=standings(coverage, settings.marketplaces, now),
        accounts=await read_accounts(store.pool),
        waiting=waiting,
        expected=expectations(waiting, {bucket.key: bucket for bucket in buckets}, now),
        last=last[:SHOWN],
        failures=[one for one in last if one.stage == "refused"][:SHOWN],
        alerts=await read_alerts(store.pool),
        buckets=buckets,
        archive=await _kept(settings, store),
        unkept=await store.documents.unkept(now - UNKEPT_SHOWN) if settings.archive else (),
        day_zones=await read_day_zones(store.pool),
    )


async def _kept(settings: Settings, store: Store) -> Kept | None:
    if store.archive.place is None:
        return None
    holding = await store.documents.holding(store.archive.place.prefix)
    return Kept(place=str(settings.archive), time=settings.archive_kept, holding=holding)


def turns_left(bucket: Bucket, now: datetime) -> int:
    """Return how many turns a bucket would grant at once, its daily limit and a 429 included."""
    if bucket.blocked_until is not None and bucket.blocked_until > now:
        return 0
    taken = max((bucket.full_at or now) - now, timedelta()) / timedelta(seconds=bucket.seconds_per_turn)
    left = bucket.burst - int(-(-taken // 1))
    return max(0, left if bucket.daily is None else min(left, bucket.daily - len(bucket.turns)))
