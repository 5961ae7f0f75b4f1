"""Days that are late, shrank, do not add up, or were restated, and lists that shrank. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from chalkola.datasets import CATALOG
from chalkola.datasets.model import Dataset, Proof, SliceState, Sums
from chalkola.marketplaces import Marketplace, by_scope
from chalkola.periods import day_ends
from chalkola.pipeline.health.model import Concern, Health, Opened, in_hours, steps
from chalkola.pipeline.health.outages import outage_since
from chalkola.pipeline.health.thresholds import Threshold, Unit
from chalkola.pipeline.lists import list_shrank
from chalkola.pipeline.shrinking import GUARDED_AFTER, SHRUNK_BY, SHRUNK_UNITS, shrank
from chalkola.store.health import Restatement
from chalkola.store.lines import Known
from chalkola.store.slices import Line

NEEDED = tuple(dataset for dataset in CATALOG if not dataset.extra)
_WITH_TOTALS = tuple(dataset for dataset in NEEDED if dataset.totals_in)
_LISTS = tuple(dataset for dataset in CATALOG if dataset.proof is Proof.LIST_BEFORE)
SLACK = timedelta(hours=3)
"""How much later than usual a day may come in before it is late."""
USUAL_AT_FIRST = timedelta(hours=18)
"""Where a marketplace has not shown its usual hour yet: the longest that two runs a day leave a settled day."""
_ENOUGH_LAGS = 3
LATE_AFTER = Threshold(
    rule="late", name="slack", unit=Unit.HOURS, usual=SLACK / timedelta(hours=1), least=0, most=168,
    means="How much later than its usual hour a day comes in",
)  # fmt: skip
DIFFERS_WITHIN = Threshold(
    rule="totals differ", name="within", unit=Unit.DAYS, usual=30, least=1, most=365, means="How old a day may be"
)
DIFFERS_BY = Threshold(
    rule="totals differ", name="part", unit=Unit.PERCENT, usual=0, least=0, most=100,
    means="Which part of Amazon's total a day's rows are away from it",
)  # fmt: skip
RESTATED_BY = Threshold(
    rule="restated", name="part", unit=Unit.PERCENT, usual=SHRUNK_BY * 100, least=0, most=100,
    means="By which part units or sales of a day were changed",
)  # fmt: skip
RESTATED_UNITS = Threshold(
    rule="restated", name="units", unit=Unit.UNITS, usual=SHRUNK_UNITS, least=0, most=1_000_000,
    means="By how many units a day was changed",
)  # fmt: skip
_STATUS = "`chalkola status` says why, and when it is asked next"


@dataclass(frozen=True, kw_only=True)
class _Late:
    day: date
    by: timedelta
    why: str


def late(health: Health) -> Iterator[Concern]:
    """Yield the marketplaces of which a settled day lacks though its usual hour is over."""
    causes = {m: _cause(health, account) for account in health.accounts for m in account.marketplaces}
    causes |= {m: ("marketplace closed", m.code) for m in health.lost}
    for m, cause in causes.items():
        days = {day.day: day for dataset in NEEDED for day in _late_days(health, dataset, m)}
        if days:
            yield _late_concern(m, [days[day] for day in sorted(days, reverse=True)], cause)


def _late_concern(m: Marketplace, days: list[_Late], cause: tuple[str, str] | None) -> Concern:
    oldest = max(day.by for day in days)
    more = f" and {len(days) - 1} more" if len(days) > 1 else ""
    return Concern(
        subject=m.code,
        what=f"{m.code}: {days[0].day}{more} should be here by now, and is {in_hours(oldest)} late.",
        why=days[0].why,
        done="Every run asks for it again; what came in of other days and marketplaces is there.",
        todo=f"Nothing, if the next run brings it. Else {_STATUS}.",
        grade=steps(oldest, timedelta(days=2), timedelta(days=5), timedelta(days=10)),
        cause=cause,
    )


def _late_days(health: Health, dataset: Dataset, m: Marketplace) -> Iterator[_Late]:
    """Yield the days that were asked for and lack, of those that a run catches up with."""
    known = health.coverage.get((dataset.name, m.scope), Known())
    newest = dataset.newest(health.now, m.zone)
    for day, line in known.others.items():
        if newest - dataset.restated_for < day <= newest and not line.row_count and line.source != "found":
            expected = dataset.settles_at(day, m.zone) + usual_lag(health.lags.get(m.scope, ()))
            expected += health.chosen.span(LATE_AFTER)
            if health.now > expected:
                yield _Late(day=day, by=health.now - expected, why=_why(health, m, line))


def usual_lag(lags: tuple[timedelta, ...]) -> timedelta:
    """Return how long after it has settled a day usually comes in."""
    return sorted(lags)[len(lags) // 2] if len(lags) >= _ENOUGH_LAGS else USUAL_AT_FIRST


def _why(health: Health, m: Marketplace, line: Line) -> str:
    waits = next((one.waiting_for for one in health.waiting if m.scope in one.scopes), "")
    return line.reason or (f"It waits for: {waits}." if waits else "It was not asked for yet.")


def _cause(health: Health, account: Opened) -> tuple[str, str] | None:
    if account.fault:
        return "login refused", account.key
    if outage_since(health, account.key):
        return "outage", "Amazon"
    lacking = (d for d in NEEDED if all(source.name in account.closed for source in d.sources))
    return next((("source closed", f"{d.sources[-1].name} {account.key}") for d in lacking), None)


def day_shrank(health: Health) -> Iterator[Concern]:
    """Yield the days of which Amazon's last answer had so much less that the rows from before were kept."""
    for dataset, m, line in _lines(health, _WITH_TOTALS):
        if line.row_count and shrank(line):
            yield Concern(
                subject=f"{m.code} {line.slice.day}",
                what=f"{m.code} {line.slice.day}: Amazon's last answer has much less than what we hold.",
                why=line.reason or "",
                done="The rows from before stay, the answer is in the archive, and the day is asked again.",
                todo="Nothing at first. If it stays for days, compare the day with Seller Central: "
                f"`chalkola compare` holds a downloaded report against {dataset.table.name}.",
            )


def list_has_shrunk(health: Health) -> Iterator[Concern]:
    """Yield the marketplaces whose newest list lacks so much of the one that is there that it was not believed."""
    for dataset, m, line in _lines(health, _LISTS):
        if line.slice.day == dataset.newest(health.now, m.zone) and list_shrank(line):
            yield Concern(
                subject=f"{dataset.name} {m.code}",
                what=f"{m.code}: Amazon's last list was not believed: {dataset.table.name} stays as it is.",
                why=f"{line.reason}.",
                done="What Amazon sent is in the archive, and it is asked for again the next day: what is said twice"
                " is believed.",
                todo="Nothing, where you have taken that much off the shelves. Else see in Seller Central whether"
                " your listings are there.",
            )


def totals_differ(health: Health) -> Iterator[Concern]:
    """Yield the marketplaces with days of the last month that were accepted though they do not add up."""
    since, part = health.now.date() - health.chosen.span(DIFFERS_WITHIN), health.chosen.share(DIFFERS_BY)
    found: dict[Marketplace, list[Line]] = {}
    for _, m, line in _lines(health, _WITH_TOTALS):
        if line.state is SliceState.DIFFERS and line.slice.day >= since and _share(line) >= part:
            found.setdefault(m, []).append(line)
    for m, lines in found.items():
        newest = max(lines, key=lambda line: line.slice.day)
        days = ", ".join(
            str(line.slice.day) for line in sorted(lines, key=lambda line: line.slice.day, reverse=True)[:5]
        )
        more = f" and {len(lines) - 5} more" if len(lines) > 5 else ""
        yield Concern(
            subject=m.code,
            what=f"{m.code}: the rows of {days}{more} do not add up to Amazon's own total.",
            why=f"{newest.slice.day}: {newest.reason or 'they differ'}.",
            done="More answers did not change it: they are accepted, with the difference in sp_slices.residual.",
            todo="Nothing has to be done. Figures by ASIN lack what the total has more: use totals where it matters.",
            grade=max(steps(len(lines), 3, 7, 14), max(steps(_share(line), 0.05, 0.2) for line in lines)),
        )


def restated(health: Health) -> Iterator[Concern]:
    """Yield the days that Amazon changed by much after they had settled."""
    names = {dataset.name for dataset in _WITH_TOTALS}
    for one in health.restatements:
        m = by_scope(one.scope)
        if m is None or one.dataset not in names or one.at < day_ends(one.day, m.zone) + GUARDED_AFTER:
            continue
        if (share := restated_by(one, health.chosen.figure(RESTATED_UNITS))) > health.chosen.share(RESTATED_BY):
            yield Concern(
                subject=f"{m.code} {one.day}",
                what=f"{m.code} {one.day}: Amazon has restated the day by {share:.0%}: {_before_and_after(one, m)}.",
                why="Amazon corrects days afterwards: cancelled orders, late data, rows withdrawn.",
                done="The new figures are in; before and after are in sp_restatements.",
                todo="Nothing, but to know it where the day was reported already.",
                grade=steps(share, 0.25, 0.5),
            )


def restated_by(one: Restatement, units: float = SHRUNK_UNITS) -> float:
    """Return the larger part of units or sales by which a day was changed; 0 for at most so many `units`."""
    if one.units_before is None or one.units_after is None or abs(one.units_after - one.units_before) <= units:
        return 0
    parts = [abs(one.units_after - one.units_before) / max(one.units_before, 1)]
    if one.sales_before and one.sales_after is not None:
        parts.append(float(abs(one.sales_after - one.sales_before) / one.sales_before))
    return max(parts)


def _before_and_after(one: Restatement, m: Marketplace) -> str:
    sales = (
        f", sales from {one.sales_before} to {one.sales_after} {m.currency}" if one.sales_before is not None else ""
    )
    return f"units from {one.units_before} to {one.units_after}{sales}"


def _lines(health: Health, datasets: tuple[Dataset, ...]) -> Iterator[tuple[Dataset, Marketplace, Line]]:
    """Yield the lines of the last month in the marketplaces that are ours, and of older days that are not closed."""
    for dataset in datasets:
        for m in (m for account in health.accounts for m in account.marketplaces):
            known = health.coverage.get((dataset.name, m.scope), Known())
            for line in (*known.recent.values(), *known.others.values()):
                yield dataset, m, line


def _share(line: Line) -> float:
    """Return which part of Amazon's total the rows lack or have too much, of units or of sales."""
    residual, sums = line.residual or Sums(), line.sums or Sums()
    whole = residual + sums
    return max(
        abs(residual.units) / whole.units if whole.units > 0 else 0.0,
        float(abs(residual.sales) / whole.sales) if whole.sales > 0 else 0.0,
    )
