"""Coverage: the ledger as a calendar, a month of it, the story of a day, and what is going on now."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from weakref import WeakKeyDictionary

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from chalkola.datasets import CATALOG
from chalkola.datasets.model import Dataset
from chalkola.marketplaces import MARKETPLACES, WORLD, Place, by_amazon_id
from chalkola.periods import ONE_DAY, today
from chalkola.pipeline.forecast import Expected
from chalkola.store.board.coverage import Strip, read_strips
from chalkola.store.board.keeping import Kept
from chalkola.store.buckets import Bucket, Buckets
from chalkola.store.connection import Pool
from chalkola.store.lines import read_coverage
from chalkola.store.overview import KnownAccount, read_accounts, read_open_pulls
from chalkola.surfaces import words
from chalkola.surfaces.day_story import read_story
from chalkola.surfaces.standing import Next, Standing, next_to_ask, standings
from chalkola.surfaces.status_value import turns_left
from chalkola.surfaces.story import told_of
from chalkola.surfaces.waiting import doing, expectations
from chalkola.surfaces.web.house import House, house_of
from chalkola.surfaces.web.pages import calendar
from chalkola.surfaces.web.pages.drawing import Drawn, draw, filled, once
from chalkola.surfaces.web.pages.rendering import page

_MONTH = re.compile(r"\d{4}-\d{2}")
_LOOKED_AHEAD = 2_000
"""So many open pulls are read: a backfill plans no more at a time."""
_SHOWN = 25


async def _calendar(request: Request) -> Response:
    return await filled(request, await once(request, lambda: _draw(request)))


async def _draw(request: Request) -> Drawn:
    house, of = house_of(request), _dataset(request)
    now = house.clock.now()
    firsts = calendar.months(*calendar.span(now))
    return await draw(
        request, "coverage.html", catalog=CATALOG, of=of, rows=await _rows(house, of, now), months=firsts,
        legend=calendar.LOOKS,
        names=[f"{one:%B %Y}" for one in firsts], tall=calendar.TALL,
    )  # fmt: skip


async def _rows(house: House, of: Dataset, now: datetime) -> list[calendar.Row]:
    first, last = calendar.span(now)
    strips = await read_strips(house.pool, of.name, first, last)
    return calendar.rows(of, strips, await _places(house, strips), first, last, now)


async def _places(house: House, strips: Sequence[Strip]) -> tuple[Place, ...]:
    """Return the places that the ledger has heard of or an account opens; all where there are none yet."""
    opened = {by_amazon_id(one) for account in await read_accounts(house.pool) for one in account.marketplaces}
    heard_of = {strip.scope for strip in strips}
    found = tuple(place for place in MARKETPLACES if place.scope in heard_of or place in opened)
    return (*(found or MARKETPLACES), WORLD)


async def _place(request: Request) -> Response:
    """Answer a month of a place, or a day: `2026-11`, `2026-11-20`."""
    when = request.path_params["when"]
    place = next((one for one in (*MARKETPLACES, WORLD) if one.code == request.path_params["place"]), None)
    if place is None:
        raise HTTPException(404)
    of = _dataset(request, place)
    try:
        first = date.fromisoformat(f"{when}-01" if _MONTH.fullmatch(when) else when)
    except ValueError:
        raise HTTPException(404) from None
    return await (_month if _MONTH.fullmatch(when) else _story)(request, of, place, first)


async def _month(request: Request, of: Dataset, place: Place, first: date) -> Response:
    house = house_of(request)
    now, last = house.clock.now(), calendar.last_of(first)
    earliest, latest = calendar.span(now)
    if not earliest <= first <= latest:
        raise HTTPException(404)
    strips = await read_strips(house.pool, of.name, first, last, place.scope)
    (shown,) = calendar.shown(of, place, strips[0] if strips else None, first, last, now)
    before, after = (first - ONE_DAY).replace(day=1), last + ONE_DAY
    template = "coverage_month_part.html" if "hx-request" in request.headers else "coverage_month.html"
    return await page(
        request, template, of=of, place=place, month=shown, legend=calendar.LOOKS,
        before=before if before >= earliest else None, after=after if after <= latest else None,
    )  # fmt: skip


async def _story(request: Request, of: Dataset, place: Place, day: date) -> Response:
    house = house_of(request)
    now = house.clock.now()
    if not _earliest(of, place, now) <= day <= today(now, place.zone):
        raise HTTPException(404)
    story = await read_story(house.pool, house.clock, of, place, of.cadence.period(day))
    return await page(
        request, "coverage_story.html", of=of, place=place, day=story.day, told=told_of(story),
        state=story.line.state if story.line is not None else None, looks=calendar.BY_KEY,
        datasets=[one for one in CATALOG if one.covers(place)],
    )  # fmt: skip


def _earliest(of: Dataset, place: Place, now: datetime) -> date:
    """Return the oldest day that is told of: what was imported may be older than what Amazon answers."""
    return of.oldest(now, place.zone) - timedelta(days=3653)


@dataclass(frozen=True, kw_only=True)
class _Quota:
    """A bucket of an account as it is now. `left_today` None: it has no daily limit."""

    bucket: Bucket
    operation: str
    left: int
    left_today: int | None


@dataclass(frozen=True, kw_only=True)
class _Account:
    """An account: what it opens, and what Amazon lets it ask now."""

    name: str
    known: KnownAccount | None
    opens: str
    quotas: tuple[_Quota, ...]


async def _now(request: Request) -> Response:
    """Answer what is going on: what is under way and until when, quotas, and what comes next."""
    house = house_of(request)
    now, pool = house.clock.now(), house.pool
    buckets = await Buckets(pool, house.clock).read()
    waiting = await read_open_pulls(pool, _LOOKED_AHEAD)
    expected = expectations(waiting, {bucket.key: bucket for bucket in buckets}, now)
    late, following = await _standing(house, now)
    template = "coverage_now_part.html" if "hx-request" in request.headers else "coverage_now.html"
    return await page(
        request, template, words=words, waiting=[(one, expected[one.id], doing(one)) for one in waiting[:_SHOWN]],
        count=len(waiting), is_cut=len(waiting) == _LOOKED_AHEAD, ends_at=_end(expected),
        accounts=_accounts(await read_accounts(pool), buckets, now),
        standings=late, next=following,
    )  # fmt: skip


async def _standing(house: House, now: datetime) -> tuple[list[Standing], Next | None]:
    """Return what is late, and what is asked next."""

    async def look() -> tuple[list[Standing], Next | None]:
        coverage = await read_coverage(house.pool, [dataset.name for dataset in CATALOG], now)
        return _most_late_first(standings(coverage, (), now)), next_to_ask(coverage, now)

    kept = _kept.setdefault(house.pool, Kept(most=1))
    return await kept.once(f"{now:%Y-%m-%d %H:%M:%S}"[:-1], "standing", look)  # of ten seconds


_kept: WeakKeyDictionary[Pool, Kept] = WeakKeyDictionary()


def _end(expected: dict[int, Expected]) -> datetime | None:
    return max((one.done_at for one in expected.values()), default=None)


def _most_late_first(found: Sequence[Standing]) -> list[Standing]:
    """Return the marketplaces that have late days, those with most of them first."""
    return sorted((one for one in found if one.late), key=lambda one: -len(one.late))


def _accounts(known: Sequence[KnownAccount], buckets: Sequence[Bucket], now: datetime) -> list[_Account]:
    by_name = {one.account: one for one in known}
    keys = [(bucket, *bucket.key.rpartition("@")[::2]) for bucket in buckets]
    names = [*by_name, *sorted({name for bucket, _, name in keys if _is_used(bucket, now)} - set(by_name))]
    return [
        _Account(
            name=name, known=by_name.get(name), opens=_opens(by_name.get(name)),
            quotas=tuple(
                _quota(bucket, operation, now)
                for bucket, operation, of in keys
                if of == name and _is_used(bucket, now)
            ),
        )
        for name in names
    ]  # fmt: skip


def _is_used(bucket: Bucket, now: datetime) -> bool:
    """Return whether a bucket is not as full as it can be."""
    return bool(bucket.turns) or turns_left(bucket, now) < bucket.burst


def _opens(known: KnownAccount | None) -> str:
    found = [by_amazon_id(one) for one in known.marketplaces] if known is not None else []
    return words.listed([m for m in MARKETPLACES if m in found])


def _quota(bucket: Bucket, operation: str, now: datetime) -> _Quota:
    left_today = None if bucket.daily is None else max(0, bucket.daily - len(bucket.turns))
    return _Quota(bucket=bucket, operation=operation, left=turns_left(bucket, now), left_today=left_today)


def _dataset(request: Request, place: Place | None = None) -> Dataset:
    """Return the dataset that is asked for, else the first one that a place has."""
    named = request.query_params.get("dataset")
    for one in CATALOG:
        if named in (None, one.name) and (place is None or one.covers(place)):
            return one
    raise HTTPException(404)


ROUTES = (
    Route("/coverage", _calendar, methods=["GET"]),
    Route("/coverage/now", _now, methods=["GET"]),
    Route("/coverage/{place}/{when}", _place, methods=["GET"]),
)
