"""Restatements where turns are scarce: how many of them may be asked now. Pure."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chalkola.datasets.model import Box
from chalkola.pipeline.forecast import forecast
from chalkola.pipeline.means import Means
from chalkola.pipeline.packing import Days, Lot

AFTER_THE_FRESH = timedelta(hours=1)
"""How much longer a run may take for restatements, where their questions have a quota of their own."""
_SAME_DAY = timedelta(hours=12)
"""Turns taken in this time still count when the next night begins; older ones were last night's."""

Urgency = Callable[[Lot, Box], float]


@dataclass(frozen=True, kw_only=True)
class _Unit:
    """What is asked together or not at all: a question, or, where ASINs are named, all that name some of them."""

    lot: Lot
    boxes: tuple[Box, ...]
    keys: tuple[str, ...]
    urgency: float


def hold_back(
    means: Means, fresh: Sequence[Lot], rereads: Sequence[Lot], urgency: Urgency, now: datetime
) -> list[Lot]:
    """Return `rereads`, in their order, without the days that the quotas do not leave turns for."""
    scarce = {place for place, lot in enumerate(rereads) if is_scarce(means, lot)}
    if not scarce:
        return list(rereads)
    units = sorted(
        (unit for place in scarce for unit in _units(means, rereads[place], urgency)),
        key=lambda unit: unit.urgency, reverse=True,
    )  # fmt: skip
    asked = _affordable(means, fresh, units, now)
    return [
        _only(lot, [unit for unit in asked if unit.lot is lot]) if place in scarce else lot
        for place, lot in enumerate(rereads)
    ]


def is_scarce(means: Means, lot: Lot) -> bool:
    """Return whether asking takes turns of a quota of its own, or of a daily one."""
    return means.quota(lot.source) is not None or bool(_daily_keys(means, lot))


def _daily_keys(means: Means, lot: Lot) -> list[str]:
    keys = means.creation(lot.source, lot.account)
    return [key for key in keys if key in means.buckets and means.buckets[key].daily is not None]


def _units(means: Means, lot: Lot, urgency: Urgency) -> Iterator[_Unit]:
    keys = means.creation(lot.source, lot.account)
    together = [lot.boxes] if lot.limits.filters else [(box,) for box in lot.boxes]
    for boxes in together:
        yield _Unit(lot=lot, boxes=boxes, keys=keys, urgency=max(urgency(lot, box) for box in boxes))


def _affordable(means: Means, fresh: Sequence[Lot], units: Sequence[_Unit], now: datetime) -> list[_Unit]:
    """Return the units that can be asked within the hour and leave enough of every daily limit."""
    before = [means.creation(lot.source, lot.account) for lot in fresh for _ in lot.boxes]
    after = [unit.keys for unit in units for _ in unit.boxes]
    expected = [one.asked_at for one in forecast([*before, *after], means.buckets, now)]
    left = _left_today(means, before, [unit.lot for unit in units], fresh, now)
    ends: dict[tuple[str, ...], datetime] = {}
    for at, keys in zip(expected, before, strict=False):
        ends[keys[1:]] = max(at, ends.get(keys[1:], now))
    found, place = [], len(before)
    for unit in units:
        asked_at = max(expected[place : place + len(unit.boxes)])
        place += len(unit.boxes)
        own = unit.keys[1:]
        in_time = not own or asked_at <= ends.get(own, now) + AFTER_THE_FRESH
        if in_time and all(left[key] >= len(unit.boxes) for key in unit.keys if key in left):
            left.subtract({key: len(unit.boxes) for key in unit.keys if key in left})
            found.append(unit)
    return found


def _left_today(
    means: Means, before: Sequence[tuple[str, ...]], scarce: Collection[Lot], fresh: Sequence[Lot], now: datetime
) -> Counter[str]:
    """Return the turns that restatements may take of each daily limit, so that the next night's newest days have
    theirs: one for every open marketplace that draws from it."""
    taken = Counter(key for keys in before for key in keys)
    users: dict[str, set[str]] = {}
    for lot in (*scarce, *fresh):
        for key in _daily_keys(means, lot):
            users.setdefault(key, set()).update(m.code for m in means.marketplaces(lot.account))
    left: Counter[str] = Counter()
    for key, marketplaces in users.items():
        bucket = means.buckets[key]
        today = sum(at > now - _SAME_DAY for at in bucket.turns)
        left[key] = (bucket.daily or 0) - today - taken[key] - len(marketplaces)
    return left


def _only(lot: Lot, units: Sequence[_Unit]) -> Lot:
    """Return the lot with the days of these units alone."""
    if lot.limits.filters:
        return lot if units else replace(lot, days={})
    days: dict[str, set[int]] = {}
    for unit in units:
        for box in unit.boxes:
            for m in box.marketplaces:
                days.setdefault(m.code, set()).update(day.toordinal() for day in box.days)
    return replace(lot, days=_within(lot.days, days), alone=_within(lot.alone, days))


def _within(days: Days, kept: dict[str, set[int]]) -> Days:
    found = {m: set(of) & kept.get(m.code, set()) for m, of in days.items()}
    return {m: of for m, of in found.items() if of}
