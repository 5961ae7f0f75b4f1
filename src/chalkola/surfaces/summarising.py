"""The end of a run on GitHub: what its page shows is read, composed and written. Elsewhere nothing happens here."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

from chalkola.datasets import CATALOG, SOURCES
from chalkola.errors import ChalkolaError
from chalkola.marketplaces import Marketplace
from chalkola.pipeline.backfill import run as backfilling
from chalkola.pipeline.backfill.lacking import Aim
from chalkola.pipeline.backfill.outlook import Progress
from chalkola.pipeline.checkup import Finding
from chalkola.pipeline.health import upkeep
from chalkola.pipeline.health.model import Health
from chalkola.pipeline.metering import creation_buckets
from chalkola.pipeline.run import Report
from chalkola.settings import Settings, read_step_summary
from chalkola.store import Store
from chalkola.store.figures import read_figures
from chalkola.store.lines import Coverage, Known, read_coverage
from chalkola.surfaces import words
from chalkola.surfaces.standing import Standing, standings
from chalkola.surfaces.summary import (
    Day,
    History,
    Summary,
    Trouble,
    annotations,
    compose,
    compose_failure,
    compose_findings,
    failure_as_annotation,
    findings_as_annotations,
    publish,
)

_ROWS = next(dataset for dataset in CATALOG if dataset.totals_in)
"""The dataset whose state a day is shown with: the rows that are held against totals."""
_NIGHTLY = tuple(dataset for dataset in CATALOG if not dataset.extra)


async def summarise_pull(settings: Settings, store: Store, report: Report) -> None:
    """Write what GitHub shows of a pull."""
    if settings.step_summary is None:
        return
    history = await _read_history(settings, store)
    ended = _ended(report)
    await _summarise(
        settings, store, settings.step_summary, f"chalkola pull: {_OUTCOME[report.exit_code]}", ended,
        report.exit_code, report.worked.faults, history,
    )  # fmt: skip


async def summarise_backfill(
    settings: Settings, store: Store, report: backfilling.Report, done: Sequence[Progress], exit_code: int
) -> None:
    """Write what GitHub shows of a backfill."""
    if settings.step_summary is None:
        return
    answered = words.count(len(report.worked.ended), "question")
    ended = f"{answered} answered in {words.span(report.finished - report.began)} of Amazon's time."
    await _summarise(
        settings, store, settings.step_summary, f"chalkola backfill: {_OUTCOME[exit_code]}", ended, exit_code,
        report.worked.faults, history_of(done, report.outlook.done_at),
    )  # fmt: skip


def summarise_findings(findings: Sequence[Finding]) -> None:
    """Write what GitHub shows of a preflight."""
    if path := read_step_summary():
        publish(path, compose_findings(findings), findings_as_annotations(findings))


def summarise_failure(error: ChalkolaError) -> None:
    """Write what GitHub shows of a command that could not do its work."""
    if path := read_step_summary():
        publish(path, compose_failure(error), [failure_as_annotation(error)])


def history_of(done: Sequence[Progress], done_at: datetime | None) -> History:
    """Return how far all accounts are together."""
    return History(
        closed=sum(one.closed for one in done), days=sum(one.days for one in done),
        questions=sum(one.questions for one in done), done_at=done_at,
    )  # fmt: skip


async def _summarise(
    settings: Settings, store: Store, path: Path, title: str, ended: str, exit_code: int,
    faults: Mapping[str, ChalkolaError], history: History | None,
) -> None:  # fmt: skip
    """Publish a summary. What cannot be read is left out: the run has ended as it has."""
    troubles = [Trouble(subject=words.of_fault(name), what=f.what, remedy=f.remedy) for name, f in faults.items()]
    summary = Summary(
        title=title, ended=ended, exit_code=exit_code, now=settings.clock.now(), history=history, troubles=troubles,
        warnings=list(_warnings(settings)),
    )  # fmt: skip
    with suppress(ChalkolaError):
        summary = await _with_days(settings, store, summary)
    publish(path, compose(summary), annotations(summary))


async def _with_days(settings: Settings, store: Store, summary: Summary) -> Summary:
    now = summary.now
    coverage = await read_coverage(store.pool, [dataset.name for dataset in CATALOG], now)
    stand = standings(coverage, settings.marketplaces, now)
    accounts = [account.key for account in settings.accounts]
    asking = {key for s in SOURCES for account in accounts for key in creation_buckets(s, account, settings.quotas)}
    buckets = [bucket for bucket in await store.buckets.read() if bucket.key in asking]
    return replace(summary, standings=stand, days=await _read_days(store, stand, coverage), buckets=buckets)


async def _read_days(store: Store, stand: Sequence[Standing], coverage: Coverage) -> list[Day]:
    """Return the days to show: of each marketplace the newest that has settled, the newest that is closed where that
    is another, and before them those that are preliminary."""
    wanted = [(one.marketplace, day) for one in stand for day in days_shown(one, _known(coverage, one.marketplace))]
    figures = await read_figures(store.pool, [(m.uuid, day) for m, day in wanted])
    return [
        Day(
            marketplace=m, day=day, state=_state(_known(coverage, m), day),
            asins=(one := figures[m.uuid, day]).asins, units=one.units, sales=one.sales,
        )
        for m, day in wanted
    ]  # fmt: skip


def days_shown(one: Standing, known: Known) -> list[date]:
    """Return the days of a marketplace that are shown, newest first."""
    early = {day for day, line in known.others.items() if day > one.newest_settled and line.row_count}
    closed = {one.newest_closed} if one.newest_closed else set()
    return sorted(early | closed | {one.newest_settled}, reverse=True)


def _known(coverage: Coverage, m: Marketplace) -> Known:
    return coverage.get((_ROWS.name, m.scope), Known())


def _state(known: Known, day: date) -> str:
    line = known.others.get(day) or known.recent.get(day)
    return line.state if line else "closed" if day.toordinal() in known.closed else "due"


async def _read_history(settings: Settings, store: Store) -> History | None:
    """Return how far the history is, None where it cannot be told."""
    try:
        outlook = await backfilling.look_ahead(settings, store, Aim(datasets=_NIGHTLY))
        return history_of(await backfilling.read_progress(store, outlook), outlook.done_at)
    except ChalkolaError:
        return None


def _warnings(settings: Settings) -> Iterator[Trouble]:
    health = Health(now=settings.clock.now(), repository_active=settings.repository_active)
    for concern in upkeep.schedules_end(health):
        yield Trouble(subject="GitHub's schedules", what=concern.what, remedy=concern.todo)


def _ended(report: Report) -> str:
    ended = report.worked.ended
    loaded = [one for one in ended if one.stage == "loaded"]
    rows = words.count(sum(one.row_count for one in loaded), "row")
    said = f"{words.count(len(loaded), 'pull')} loaded, {rows}, in {words.span(report.finished - report.began)}."
    failed = sum(one.stage == "refused" for one in ended)
    left = report.worked.left
    if failed:
        said += f" {words.count(failed, 'pull')} failed."
    return (
        f"{said} {words.count(left, 'pull is', 'pulls are')} left in the ledger for the next run." if left else said
    )


_OUTCOME = {0: "in good order", 1: "a person is needed", 3: "some days failed or are late"}
