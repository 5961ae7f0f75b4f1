"""History in questions: everything once, nothing beyond what Amazon takes, whatever is known and whatever is refused.

A made-up Amazon is played through, plan by plan: what a plan asks for is answered, written down, and planned on.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from chalkola.datasets import sales_and_traffic_trends
from chalkola.datasets.model import Limits, Pull, SliceState
from chalkola.marketplaces import Marketplace, marketplace
from chalkola.pipeline.backfill.by_name import MOST_ROWS
from chalkola.pipeline.backfill.lacking import Aim, span
from chalkola.pipeline.backfill.listing import Seen
from chalkola.pipeline.backfill.plan import Knowledge, plan
from chalkola.pipeline.means import Means
from chalkola.store.history import Listed
from chalkola.store.lines import Known
from chalkola.store.slices import Line
from ledgers import DAY, NOW, SALES, TOTALS, line, means

BY_ASIN, TRENDS, REPORT = SALES.sources
(BY_DATE, _) = TOTALS.sources
EU = [marketplace(code) for code in ("UK", "DE", "FR", "IT")]
AIM = Aim(datasets=(SALES, TOTALS))
MOST_PLANS = 60

LIMITS = st.builds(
    Limits,
    marketplaces=st.integers(1, 12),
    days=st.integers(5, 200),
    filters=st.integers(1, 15),
    repeats=st.booleans(),
)


@dataclass(kw_only=True)
class Game:
    """A ledger in memory, and an Amazon that has `asins` of each marketplace in each month."""

    asins: Mapping[tuple[Marketplace, int], int]
    limits: Limits
    closed: dict[Marketplace, set[int]]
    days: int
    trends_closed: bool = False
    listed: list[Listed] = field(default_factory=list)
    totals: dict[Marketplace, dict[date, Line]] = field(default_factory=dict)
    by_name: Counter[tuple[Marketplace, int, str]] = field(default_factory=Counter)
    by_day: Counter[tuple[Marketplace, int]] = field(default_factory=Counter)
    asked: list[Pull] = field(default_factory=list)

    def play(self) -> None:
        """Plan and answer until nothing is left."""
        for _ in range(MOST_PLANS):
            steps = plan(replace(AIM, days=self.days), self.means, self.knowledge, NOW)
            for s in steps.silent:
                self.closed[by_scope(s.scope)].add(s.day.toordinal())
            if not steps.pulls and not steps.silent:
                return
            for pull in steps.pulls:
                self.asked.append(pull)
                self.answer(pull)
        raise AssertionError(f"not done after {MOST_PLANS} plans")

    @property
    def means(self) -> Means:
        shut = {("EU", TRENDS.name)} if self.trends_closed else set()
        return replace(
            means(), opens=dict.fromkeys(self.closed, "EU"), shut=shut, limits={("EU", TRENDS.name): self.limits}
        )

    @property
    def knowledge(self) -> Knowledge:
        coverage = {}
        for m, closed in self.closed.items():
            coverage[SALES.name, m.scope] = Known(closed=frozenset(closed))
            done = {day for day in self.totals.get(m, {}) if day.toordinal() in closed}
            others = {day: of for day, of in self.totals.get(m, {}).items() if day not in done}
            coverage[TOTALS.name, m.scope] = Known(closed=frozenset(d.toordinal() for d in done), others=others)
        return Knowledge(coverage=coverage, seen=Seen(self.listed))

    def answer(self, pull: Pull) -> None:
        days = range(pull.box.first.toordinal(), pull.box.last.toordinal() + 1)
        match pull.source.name:
            case BY_DATE.name:
                for m in pull.box.marketplaces:
                    self.totals.setdefault(m, {}).update({day: self.total(m, day) for day in pull.box.days})
            case TRENDS.name:
                for f in pull.box.filters:
                    self.by_name.update((f.marketplace, o, asin) for o in days for asin in f.asins)
                for m in pull.box.marketplaces:
                    self.closed[m] |= set(days)
            case BY_ASIN.name:
                self.by_day.update((m, o) for m in pull.box.marketplaces for o in days)
                for m in pull.box.marketplaces:
                    self.closed[m] |= set(days)
            case _:
                self.listed += [
                    Listed(scope=m.scope, first=pull.box.first, last=pull.box.last, pull_id=len(self.asked),
                           asins=tuple(names(self.asins[m, pull.box.first.month % 3])), rows=1)
                    for m in pull.box.marketplaces
                ]  # fmt: skip

    def total(self, m: Marketplace, day: date) -> Line:
        found = line(day, SliceState.LOADED if self.asins[m, day.month % 3] else SliceState.DUE)
        rows = 1 if self.asins[m, day.month % 3] else 0
        return replace(found, slice=found.slice, row_count=rows, asked_at=NOW, next_at=NOW + DAY)


def names(count: int) -> Iterator[str]:
    yield from (f"B0{n:08}" for n in range(count))


def by_scope(scope: str) -> Marketplace:
    return next(m for m in EU if m.scope == scope)


@st.composite
def games(draw: st.DrawFn) -> Game:
    among = draw(st.lists(st.sampled_from(EU), min_size=1, unique=True))
    days = draw(st.integers(1, 150))
    newest = (NOW - 2 * DAY).toordinal()
    closed = {
        m: {newest - n for n in draw(st.lists(st.integers(0, days + 10), max_size=40))} for m in among
    }  # fmt: skip
    asins = {(m, month): draw(st.sampled_from([0, 1, 31, 95])) for m in among for month in range(3)}
    return Game(
        asins=asins, limits=draw(LIMITS), closed=closed, days=days, trends_closed=draw(st.booleans()),
    )  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(games())
def test_every_day_is_asked_for_once_and_no_question_is_beyond_amazons_limits(game: Game) -> None:
    before = {m: frozenset(closed) for m, closed in game.closed.items()}
    days = span(replace(AIM, days=game.days), SALES, game.means, "EU", NOW)

    game.play()

    for closed in game.closed.values():
        assert closed.issuperset(days), "every day is closed"
    named: dict[tuple[Marketplace, int], set[str]] = {}
    for (m, day, asin), times in game.by_name.items():
        named.setdefault((m, day), set()).add(asin)
        assert times == 1 or day in before[m], "each ASIN of a day once"
    for (m, day), asins in named.items():
        assert day in days, "and of no other day"
        assert asins.issuperset(names(game.asins[m, date.fromordinal(day).month % 3])), "every ASIN of its month"
    for m in before:
        wanted = set(days) - before[m]
        whole = {day for place, day in game.by_day if place == m}
        assert whole <= wanted, "no closed day is asked for whole"
        assert not whole & {day for place, day in named if place == m and day in wanted}, "in one way only"
    assert set(game.by_day.values()) <= {1}
    for pull in game.asked:
        within_limits(pull, game.limits)


def within_limits(pull: Pull, limits: Limits) -> None:
    box, most = pull.box, pull.source.limits
    assert 1 <= len(box.marketplaces) <= most.marketplaces
    assert len(set(box.marketplaces)) == len(box.marketplaces)
    assert (box.last - box.first).days < most.days
    if pull.source is not TRENDS:
        assert not box.filters
        return
    days = (box.last - box.first).days + 1
    assert days <= limits.days
    assert 1 <= len(box.filters) <= limits.filters
    assert len(box.marketplaces) <= limits.marketplaces
    assert {f.marketplace for f in box.filters} == set(box.marketplaces)
    assert all(1 <= len(set(f.asins)) == len(f.asins) <= 30 for f in box.filters)
    assert limits.repeats or len(box.filters) == len(box.marketplaces)
    assert days * sum(len(f.asins) for f in box.filters) <= MOST_ROWS
    assert sales_and_traffic_trends.fits(box)
