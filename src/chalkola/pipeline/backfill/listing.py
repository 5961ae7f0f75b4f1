"""Which ASINs to ask for by name: what was listed, and which months are still to be listed. Pure."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date

from chalkola.datasets.model import Box, Limits
from chalkola.marketplaces import Marketplace
from chalkola.store.history import Listed


class Seen:
    """The ASINs that Amazon has shown, by marketplace and stretch of days."""

    def __init__(self, listed: Iterable[Listed] = ()) -> None:
        self._by_scope: dict[str, dict[date, Listed]] = {}
        self._unions: dict[tuple[str, int, int], tuple[str, ...]] = {}
        self._days: dict[str, frozenset[int]] = {}
        self.add(listed)

    def add(self, listed: Iterable[Listed]) -> None:
        """Take up more listings; one that begins on the same day as another takes its place."""
        for one in listed:
            self._by_scope.setdefault(one.scope, {})[one.first] = one
            self._unions.clear()
            self._days.clear()

    @property
    def pulls(self) -> frozenset[int]:
        """Return the pulls that gave these listings."""
        return frozenset(one.pull_id for one in self.all())

    def all(self) -> Iterator[Listed]:
        """Yield every listing."""
        for stretches in self._by_scope.values():
            yield from stretches.values()

    def days(self, m: Marketplace) -> frozenset[int]:
        """Return the days of which it is known what was seen."""
        if m.scope not in self._days:
            spans = (
                (one.first.toordinal(), one.last.toordinal()) for one in self._by_scope.get(m.scope, {}).values()
            )
            self._days[m.scope] = frozenset(o for first, last in spans for o in range(first, last + 1))
        return self._days[m.scope]

    def asins(self, m: Marketplace, first: int, last: int) -> tuple[str, ...]:
        """Return what was seen in stretches that touch these days, in alphabetical order; empty for nothing."""
        key = m.scope, first, last
        if key not in self._unions:
            stretches = self._by_scope.get(m.scope, {}).values()
            touching = (s.asins for s in stretches if s.first.toordinal() <= last and s.last.toordinal() >= first)
            self._unions[key] = tuple(sorted({asin for asins in touching for asin in asins}))
        return self._unions[key]

    def rows_a_day(self, m: Marketplace) -> float | None:
        """Return how many rows a day has on average; None where nothing is listed."""
        stretches = self._by_scope.get(m.scope, {}).values()
        days = sum((one.last - one.first).days + 1 for one in stretches)
        return sum(one.rows for one in stretches) / days if days else None

    def most_filters(self, marketplaces: Collection[Marketplace], per_filter: int) -> int:
        """Return how many filters the ASINs of the fullest month make, over all these marketplaces."""
        months: dict[tuple[int, int], int] = {}
        for m in marketplaces:
            for one in self._by_scope.get(m.scope, {}).values():
                month = one.first.year, one.first.month
                months[month] = months.get(month, 0) + -(-len(one.asins) // per_filter)
        return max(months.values(), default=0)


def months(days: range) -> list[tuple[date, date]]:
    """Return the calendar months of these days, cut at both ends, the newest first."""
    found: list[tuple[date, date]] = []
    last = days.stop - 1
    while last >= days.start:
        end = date.fromordinal(last)
        first = max(end.replace(day=1).toordinal(), days.start)
        found.append((date.fromordinal(first), end))
        last = first - 1
    return found


def to_list(
    days: range, wanted: Mapping[Marketplace, Collection[int]], seen: Seen, account: str, limits: Limits,
    not_now: Collection[tuple[str, date]],
) -> Iterator[Box]:  # fmt: skip
    """Yield what is to be listed before the `wanted` days can be asked for by ASIN, the newest month first. `not_now`
    has the scopes and first days of listings that are under way, or failed a short while ago."""
    lacking = {m: set(some) - seen.days(m) for m, some in wanted.items()}
    for first, last in months(days):
        month = range(first.toordinal(), last.toordinal() + 1)
        among = [
            m for m, some in lacking.items() if not some.isdisjoint(month) and (m.scope, first) not in not_now
        ]  # fmt: skip
        for start in range(0, len(among), limits.marketplaces):
            some_of_them = tuple(among[start : start + limits.marketplaces])
            yield Box(account=account, marketplaces=some_of_them, first=first, last=last, whole=True)
