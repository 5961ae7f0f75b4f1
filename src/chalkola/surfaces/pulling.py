"""`chalkola pull`: ask for what is due, or for the days named, and load it."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from chalkola.clock import Clock
from chalkola.datasets import CATALOG, DAILY
from chalkola.pipeline.run import Report
from chalkola.settings import Settings, read_settings
from chalkola.store import Store
from chalkola.store.lines import read_coverage
from chalkola.store.slices import Line
from chalkola.surfaces import screen, words
from chalkola.surfaces.alerts import alerting
from chalkola.surfaces.choosing import Chosen, choose, filters
from chalkola.surfaces.events import tell_run
from chalkola.surfaces.logs import log_of
from chalkola.surfaces.opening import data_address, run
from chalkola.surfaces.progress import watched_pull
from chalkola.surfaces.standing import next_to_ask
from chalkola.surfaces.summarising import summarise_pull

_LINES_SHOWN = 60
_OF_DAYS = {dataset.name for dataset in DAILY}


@click.command("pull")
@filters
@click.option("--again", is_flag=True, help="Ask for days that are closed too.")
@click.option("--early", is_flag=True, help="Yesterday and the day before too, preliminary, where that is cheap.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output.")
def pull_command(again: bool, early: bool, as_json: bool, **typed: Any) -> int:
    """Ask Amazon for what is due, newest day first, and load it.

    Without days: the newest settled day of every marketplace, what was missed in the last two weeks, and what Amazon
    may have to be asked again. A day that has not settled, named or by --early, is loaded as preliminary and asked
    again later.
    """
    chosen = choose(**typed)
    settings = read_settings(for_amazon=True)
    chosen.request(settings)
    return run(_pull(settings, data_address(settings), chosen, again=again, early=early, as_json=as_json))


async def _pull(
    settings: Settings, url: str, chosen: Chosen, *, again: bool, early: bool, as_json: bool
) -> int:  # fmt: skip
    console = screen.console(stderr=as_json)
    async with alerting(settings, url, console) as store:
        request = chosen.request(settings, again=again, early=early)
        report, _ = await watched_pull(settings, store, request, console, only=chosen.marketplaces)
        if log := log_of(settings, console):
            tell_run(log, report)
        elif not as_json:
            show(console, report)
            await say_if_nothing_was_due(console, store, settings.clock, report)
        if as_json:
            screen.emit(as_object(report))
        await summarise_pull(settings, store, report)
    return report.exit_code


def show(console: Console, report: Report) -> None:
    """Print how a run ended: the days, then what a person should know."""
    lines = [line for line in report.lines if not line.state.is_closed] if _is_long(report) else list(report.lines)
    if report.lines:
        screen.show(console, _table(lines))
        console.print(_summary(report), soft_wrap=True)
    for s in report.plan.unreachable:
        where = words.of_scope(s.scope)
        console.print(f"{where} {s.day} {s.dataset}: no open source. `chalkola status` says why.", soft_wrap=True)
    show_faults(console, report)
    if report.worked.left:
        console.print(_left(report), soft_wrap=True)


def show_faults(console: Console, report: Report) -> None:
    """Print what a person has to do, account by account."""
    for name, fault in report.worked.faults.items():
        console.print(f"\n{words.of_fault(name)}: {fault.what}", style="red", soft_wrap=True)
        for sentence in filter(None, (fault.why, fault.remedy)):
            console.print(f"  {sentence}", soft_wrap=True)


async def say_if_nothing_was_due(console: Console, store: Store, clock: Clock, report: Report) -> None:
    """Say that nothing is due, and when something will be."""
    if report.plan.pulls or report.plan.unreachable or report.worked.ended or report.worked.faults:
        return
    if report.plan.closed:
        days = words.count(report.plan.closed, "day is", "days are")
        console.print(f"Nothing to ask: {days} closed already. --again asks for them all the same.", soft_wrap=True)
        return
    console.print("Nothing is due.", soft_wrap=True)
    coverage = await read_coverage(store.pool, [dataset.name for dataset in CATALOG], clock.now())
    if next_one := next_to_ask(coverage, clock.now()):
        console.print(
            f"Next: {next_one} at {words.instant(next_one.at)}, in {words.about(next_one.at - clock.now())}.",
            soft_wrap=True,
        )  # fmt: skip


def as_object(report: Report) -> dict[str, object]:
    """Return a report as `--json` prints it."""
    return {
        "began": report.began,
        "finished": report.finished,
        "exit_code": report.exit_code,
        "stopped": report.worked.stopped,
        "asked": len(report.plan.pulls),
        "loaded": sum(ended.stage == "loaded" for ended in report.worked.ended),
        "left_in_ledger": report.worked.left,
        "closed_already": report.plan.closed,
        "slices": [_line(line) for line in report.lines],
        "failures": [
            {"account": e.pull.account, "source": e.pull.source, "day": e.pull.first_day, "failure": e.failure}
            for e in report.worked.ended
            if e.stage == "refused"
        ],
        "unreachable": [
            {"dataset": s.dataset, "marketplace": words.of_scope(s.scope), "day": s.day}
            for s in report.plan.unreachable
        ],
        "faults": [
            {
                "account": name.partition(" ")[0], "source": name.partition(" ")[2] or None,
                "what": fault.what, "why": fault.why, "remedy": fault.remedy,
            }
            for name, fault in report.worked.faults.items()
        ],
    }  # fmt: skip


def _line(line: Line) -> dict[str, object]:
    return {
        "dataset": line.slice.dataset,
        "marketplace": words.of_scope(line.slice.scope),
        "day": line.slice.day,
        "state": line.state,
        "rows": line.row_count,
        "reason": line.reason,
        "next_at": line.next_at,
    }


def _is_long(report: Report) -> bool:
    return sum(line.slice.dataset in _OF_DAYS for line in report.lines) > _LINES_SHOWN * 2


def _table(lines: Sequence[Line]) -> Table:
    table = screen.table("marketplace", "day", ">rows", "state", "why, and what happens next")
    for (scope, day), some in _by_day(lines).items():
        rows = max((line.row_count for line in some if line.row_count is not None), default=None)
        table.add_row(words.of_scope(scope), str(day), _counted(rows), _states(some), next_of(some))
    for (scope, dataset), some in _beside(lines).items():
        days = [line.slice.day for line in some]
        known = [line.row_count for line in some if line.row_count is not None]
        table.add_row(
            words.of_scope(scope), f"{words.days(min(days), max(days))} ({dataset})",
            _counted(sum(known) if known else None), _states(some), next_of(some),
        )  # fmt: skip
    return table


def _counted(rows: int | None) -> str:
    return "" if rows is None else f"{rows:,}"


def _states(lines: Sequence[Line]) -> Text:
    return screen.state(", ".join(dict.fromkeys(line.state for line in lines)))


def next_of(lines: Sequence[Line]) -> str:
    """Return why a day is not closed and when it is asked again; empty for one that is."""
    reason = next((line.reason for line in lines if line.reason), "")
    at: datetime | None = min((line.next_at for line in lines if line.next_at), default=None)
    return "; ".join(filter(None, (reason, f"asked again from {words.instant(at)}" if at else "")))


def _by_day(lines: Sequence[Line]) -> dict[tuple[str, date], list[Line]]:
    found: dict[tuple[str, date], list[Line]] = {}
    for line in lines:
        if line.slice.dataset in _OF_DAYS:
            found.setdefault((line.slice.scope, line.slice.day), []).append(line)
    return found


def _beside(lines: Sequence[Line]) -> dict[tuple[str, str], list[Line]]:
    """Return the lines of lists and rates, by scope and dataset: a line for each period would be hundreds."""
    found: dict[tuple[str, str], list[Line]] = {}
    for line in lines:
        if line.slice.dataset not in _OF_DAYS:
            found.setdefault((line.slice.scope, line.slice.dataset), []).append(line)
    return found


def _summary(report: Report) -> str:
    ended = report.worked.ended
    loaded = [one for one in ended if one.stage == "loaded"]
    rows = words.count(sum(one.row_count for one in loaded), "row")
    took = words.span(report.finished - report.began)
    failed = sum(one.stage == "refused" for one in ended)
    said = f"{words.count(len(loaded), 'pull')} loaded, {rows}, in {took} of Amazon's time."
    return f"{said} {words.count(failed, 'pull')} failed." if failed else said


def _left(report: Report) -> str:
    left = words.count(report.worked.left, "pull is", "pulls are")
    why = "Stopped in good order" if report.worked.stopped else "This run does not wait any longer"
    return f"{why}: {left} left in the ledger, and the next `chalkola pull` goes on with them."
