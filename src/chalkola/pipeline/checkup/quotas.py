"""Quotas as they are configured, and as Amazon has shown them since. Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from chalkola.datasets.model import Source
from chalkola.pipeline.checkup.finding import Area, Finding, Level
from chalkola.quotas import Quota
from chalkola.store.buckets import Bucket

_SAME_RATE = 0.001


def judge_quotas(
    configured: Iterable[Bucket], observed: Iterable[Bucket], sources: Iterable[Source],
    overrides: Mapping[str, Quota], now: datetime,
) -> list[Finding]:  # fmt: skip
    """Return every question's own quota, and every bucket that Amazon treats otherwise than configured."""
    configured, observed = list(configured), list(observed)
    pairs = _side_by_side(configured, observed)
    metered = [source for source in sources if _quota(source, overrides)]
    findings = [_declared(source, overrides, [is_ for _, is_ in pairs]) for source in metered]
    findings += [_throttled(bucket) for _, bucket in pairs if bucket.blocked_until and bucket.blocked_until > now]
    stated = [_stated(set_, is_) for set_, is_ in other_rates(configured, observed)]
    if stated:
        findings.append(
            _note("Amazon states other rates than configured, and its own are kept: " + "; ".join(stated))
        )
    return findings or [_note("No operation has shown another rate than the published one.", Level.OK)]


def other_rates(configured: Iterable[Bucket], observed: Iterable[Bucket]) -> list[tuple[Bucket, Bucket]]:
    """Return the buckets whose turns come at another rate than configured, as configured and as observed."""
    return [(set_, is_) for set_, is_ in _side_by_side(configured, observed) if not _is_same(set_, is_)]


def judge_slots(observed: Mapping[str, int], configured: int) -> list[Finding]:
    """Return where Amazon takes fewer queries under way at once than `configured`."""
    fewer = "; ".join(f"{most} of {slot}" for slot, most in sorted(observed.items()) if most < configured)
    what = f"Amazon takes fewer queries under way at once than the {configured} configured: {fewer}. We keep to that."
    return [_note(what)] if fewer else []


def _quota(source: Source, overrides: Mapping[str, Quota]) -> Quota | None:
    return overrides.get(source.name, source.quota)


def _declared(source: Source, overrides: Mapping[str, Quota], seen: Iterable[Bucket]) -> Finding:
    own = [bucket for bucket in seen if bucket.key.partition("@")[0] == source.name]
    taken = [f"{len(b.turns)} of {b.daily} taken in the last 24 hours from {b.key}" for b in own if b.daily]
    whose = "as CHALKOLA_QUOTAS says" if source.name in overrides else "the strictest of Amazon's statements"
    refused = f"{sum(bucket.refused_in_row for bucket in own)} refused in a row"
    return _note(f"{source.name}: {_quota(source, overrides)} ({whose}); {'; '.join((*taken, refused))}.", Level.OK)


def _throttled(bucket: Bucket) -> Finding:
    return Finding(
        area=Area.QUOTAS,
        level=Level.WARNING,
        what=f"Amazon has throttled {bucket.key} {bucket.refused_in_row} times in a row: nothing is asked before"
        f" {bucket.blocked_until:%Y-%m-%d %H:%M} UTC.",
        why="The quota is tighter than configured, or another application of this account draws from it.",
        remedy="Nothing, where it happens once. Else set a slower rate in CHALKOLA_QUOTAS, or stop the other one.",
    )


def _stated(configured: Bucket, observed: Bucket) -> str:
    return f"{observed.key} a turn in {observed.seconds_per_turn:g} s, not {configured.seconds_per_turn:g} s"


def _side_by_side(configured: Iterable[Bucket], observed: Iterable[Bucket]) -> list[tuple[Bucket, Bucket]]:
    seen = {bucket.key: bucket for bucket in observed}
    return [(bucket, seen[bucket.key]) for bucket in configured if bucket.key in seen]


def _is_same(configured: Bucket, observed: Bucket) -> bool:
    return abs(observed.seconds_per_turn / configured.seconds_per_turn - 1) <= _SAME_RATE


def _note(what: str, level: Level = Level.NOTE) -> Finding:
    return Finding(area=Area.QUOTAS, level=level, what=what)
