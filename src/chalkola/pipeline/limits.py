"""How much one question may span: halved when Amazon refuses it, doubled while it does not. Pure."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace

from chalkola.datasets.model import Box, Limits, Source


def limits_of(source: Source, learned: Limits | None) -> Limits:
    """Return what a question may span: as declared, and as learned. A source that asks by ASIN stays one."""
    if learned is None:
        return replace(source.limits, days=source.days_at_first or source.limits.days)
    both = source.limits.within(learned)
    least = 0 if source.is_complete else 1
    return replace(
        both, marketplaces=max(1, both.marketplaces), days=max(1, both.days), filters=max(least, both.filters)
    )


def reach_of(account: str, limits: Mapping[tuple[str, str], Limits], kept_days: int) -> int:
    """Return how many days back Amazon answers an account: as documented, or as far as it has refused none."""
    learned = (of.reaches_back for (key, _), of in limits.items() if key == account)
    return min((days for days in learned if days is not None), default=kept_days)


def smaller(known: Limits, box: Box, said: str = "") -> Limits | None:
    """Return the limits under which a refused question is asked in halves; None when it cannot be halved.

    `known` are the limits so far. Days beyond those that it took before are given up first, or the one thing that its
    words name. Else a question of more than a month spans fewer days; then go several filters of one marketplace,
    filters, days and marketplaces, in the order in which Amazon is likely to have minded, since it publishes none.
    """
    if _beyond(known, box):
        return known  # asked before this was learned: another refusal of the same size teaches nothing more
    days, shrinking = _days(box), _ways_to_shrink(known, box)
    if known.taken_days is not None and days > known.taken_days:
        return replace(known, days=known.taken_days, refused_days=days)
    named = [shrinking[part] for part in _named(said) if part in shrinking]
    if len(named) == 1:
        return named[0]
    if days > _A_MONTH and "days" in shrinking:
        return shrinking["days"]
    return next(iter(shrinking.values()), None)


_A_MONTH = 31
_DAYS = re.compile(r"\b(?:days?|weeks?|months?|date range|time range|period)\b", re.IGNORECASE)
_FILTERS = re.compile(r"\b(?:filters?|asins?)\b", re.IGNORECASE)
_MARKETPLACE = re.compile(r"\bmarketplaces?\b", re.IGNORECASE)


def _named(said: str) -> Iterator[str]:
    """Yield what Amazon's words say is too much: days, filters, or several filters of a marketplace (`repeats`)."""
    if _DAYS.search(said):
        yield "days"
    if _FILTERS.search(said):
        yield "repeats" if _MARKETPLACE.search(said) else "filters"


def _ways_to_shrink(known: Limits, box: Box) -> dict[str, Limits]:
    """Return the limits after each way to ask for less, in the order in which they are tried."""
    days, most = _days(box), max(_per_marketplace(box).values(), default=0)
    ways: dict[str, Limits] = {}
    if known.repeats and most > 1:
        ways["repeats"] = replace(known, repeats=False)
    if len(box.filters) > 1:
        ways["filters"] = replace(known, filters=len(box.filters) // 2)
    if days > 1 and not box.whole:
        ways["days"] = replace(known, days=days // 2, refused_days=days)
    if len(box.marketplaces) > 1:
        ways["marketplaces"] = replace(known, marketplaces=len(box.marketplaces) // 2)
    return ways


def larger(known: Limits, most: Limits, box: Box) -> Limits | None:
    """Return the limits after Amazon has taken a question: it may span twice as many days the next time, unless that
    many were refused. None where nothing new was learned."""
    days = _days(box)
    if box.whole or days < known.days or days <= (known.taken_days or 0):
        return None
    doubled = min(2 * days, most.days)
    refused = known.refused_days is not None and doubled >= known.refused_days
    return replace(known, days=days if refused else doubled, taken_days=days)


def nearer(known: Limits, kept_days: int, reach: int, days_back: int) -> Limits:
    """Return the limits after Amazon has refused a question as too old whose first day lies `days_back` from the one
    under way; `reach` is how far it answered as far as was known, `kept_days` how far it should.

    Its edge is not the calendar's: it is stepped in by a day at first, then by as much as before.
    """
    if days_back > reach:
        return replace(known, reaches_back=reach)  # asked before this was learned
    return replace(known, reaches_back=max(1, days_back - max(1, kept_days - days_back)))


def _days(box: Box) -> int:
    return (box.last - box.first).days + 1


def _per_marketplace(box: Box) -> Counter[str]:
    return Counter(f.marketplace.code for f in box.filters)


def _beyond(known: Limits, box: Box) -> bool:
    return (
        len(box.marketplaces) > known.marketplaces
        or _days(box) > known.days
        or len(box.filters) > known.filters
        or (not known.repeats and any(count > 1 for count in _per_marketplace(box).values()))
    )
