"""`chalkola backfill`: two years of history, newest months first, until every day is closed."""

import re
import shutil
from dataclasses import dataclass
from datetime import timedelta

import click

from chalkola.datasets import DAILY, dataset
from chalkola.datasets.model import Dataset
from chalkola.errors import Setback, SourceClosed, UsageError
from chalkola.marketplaces import MARKETPLACES, Marketplace, marketplaces
from chalkola.periods import read_day
from chalkola.pipeline.backfill.lacking import Aim, check
from chalkola.pipeline.backfill.outlook import Progress
from chalkola.pipeline.backfill.run import Outlook, Report, look_ahead, read_progress
from chalkola.pipeline.checkup.finding import Finding
from chalkola.pipeline.checkup.room import Size, is_supabase, judge_room
from chalkola.pipeline.work import Bounds
from chalkola.settings import Settings, read_settings
from chalkola.store import Store
from chalkola.store.checks import read_database
from chalkola.surfaces import backfill_words, screen
from chalkola.surfaces.alerts.telling import alerting
from chalkola.surfaces.backfill_progress import watched_backfill
from chalkola.surfaces.logs import log_of
from chalkola.surfaces.opening import data_address, opened, run
from chalkola.surfaces.summarising import summarise_backfill

LEAVE_AFTER = timedelta(minutes=5)
_LENGTH = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?:in)?)?(?:(\d+)s)?")


@click.command("backfill")
@click.option("--since", metavar="DAY", help="From this day on; without it all that Amazon still answers.")
@click.option("--days", type=int, metavar="N", help="Only the newest N days.")
@click.option("--marketplace", "codes", metavar="CODE", multiple=True, help="US, DE, ...; may be repeated.")
@click.option(
    "--dataset", "names", metavar="NAME", multiple=True,
    help="Without it children and totals; daily_parents takes a question a day.",
)  # fmt: skip
@click.option("--max-runtime", metavar="TIME", help="Stop in good order after so long: 5h30m, 45m.")
@click.option("--leave-when-waiting", is_flag=True, help="Stop when nothing can be asked for five minutes.")
@click.option("--plan", "plan_only", is_flag=True, help="Only say what there is to do and how long it takes.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output.")
def backfill_command(
    since: str | None, days: int | None, codes: tuple[str, ...], names: tuple[str, ...], max_runtime: str | None,
    leave_when_waiting: bool, plan_only: bool, as_json: bool,
) -> int:  # fmt: skip
    """Fill the history: every day that Amazon still answers, newest months first, each held against Amazon's total.

    It leaves the nightly pull its share of Amazon's quotas, can be stopped or killed at any time, and goes on where
    it was. Exit code 0 also when it leaves early: what is left, and when it can be done, is said.
    """
    if since is not None and days is not None:
        raise UsageError("--since and --days both say where to begin.", remedy="Write one or the other.")
    aim = Aim(
        datasets=tuple(map(_with_history, dict.fromkeys(names))) or tuple(d for d in DAILY if not d.extra),
        since=read_day(since) if since is not None else None, days=days,
    )  # fmt: skip
    longest = read_length(max_runtime) if max_runtime is not None else None
    only = marketplaces(codes)
    settings = read_settings(for_amazon=True)
    check(aim, settings.clock.now(), only or settings.marketplaces or MARKETPLACES)
    asked = _Asked(aim=aim, only=only, longest=longest, leaves=leave_when_waiting, as_json=as_json)
    url = data_address(settings)
    return run(_plan(settings, url, asked) if plan_only else _backfill(settings, url, asked))


def _with_history(name: str) -> Dataset:
    found = dataset(name)
    if found not in DAILY:
        accepted = ", ".join(d.name for d in DAILY)
        raise UsageError(
            f"{name} has no history to fill: a pull asks for all that there is of it.",
            remedy=f"Try `chalkola pull --dataset {name}`. Accepted here: {accepted}.",
        )
    return found


def read_length(typed: str) -> timedelta:
    """Return a length of time like 5h30m or 45m. Raises `UsageError` for anything else, and for none at all."""
    found = _LENGTH.fullmatch(typed.strip().lower().replace(" ", ""))
    days, hours, minutes, seconds = (int(part or 0) for part in (found.groups() if found else "0000"))
    length = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    if not length:
        raise UsageError(f"--max-runtime {typed} is no length of time.", remedy="Write it like 5h30m or 45m.")
    return length


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """What was typed, understood."""

    aim: Aim
    only: tuple[Marketplace, ...]
    longest: timedelta | None
    leaves: bool
    as_json: bool

    def bounds(self, settings: Settings) -> Bounds:
        return Bounds(
            until=settings.clock.now() + self.longest if self.longest else None,
            leave_when_waiting=LEAVE_AFTER if self.leaves else None,
        )


async def _plan(settings: Settings, url: str, asked: _Asked) -> int:
    """Say what there is to do."""
    async with opened(settings, url) as store:
        outlook = await look_ahead(settings, store, asked.aim, only=asked.only)
        done = await read_progress(store, outlook)
        room = await _room(settings, store, url, outlook)
    if asked.as_json:
        screen.emit(backfill_words.outlook_as_object(outlook, done))
    else:
        backfill_words.begin(screen.console(), outlook, done, room)
    return 1 if outlook.opened.faults else 0


async def _backfill(settings: Settings, url: str, asked: _Asked) -> int:
    """Say what there is to do, do it, and say what came of it and what is left."""
    bounds, console = asked.bounds(settings), screen.console(stderr=asked.as_json)
    log = log_of(settings, console)
    async with alerting(settings, url, console) as store:
        outlook = await look_ahead(settings, store, asked.aim, only=asked.only)
        done = await read_progress(store, outlook)
        if log:
            log("plan", **backfill_words.outlook_as_object(outlook, done))
        else:
            backfill_words.begin(console, outlook, done, await _room(settings, store, url, outlook))
        report = await watched_backfill(
            settings, store, asked.aim, console, only=asked.only, bounds=bounds, free_bytes=free_bytes(settings)
        )
        done = await read_progress(store, report.outlook)
        code = exit_code(report, done)
        if log:
            log("run", exit_code=code, **backfill_words.report_as_object(report, done))
        elif not asked.as_json:
            backfill_words.end(console, report, done)
        if asked.as_json:
            screen.emit({"exit_code": code, **backfill_words.report_as_object(report, done)})
        await summarise_backfill(settings, store, report, done, code)
    return code


def exit_code(report: Report, done: list[Progress]) -> int:
    """Return 1 for what a person must do, 3 for days that failed, else 0: also with the rest in the ledger."""
    faults = report.worked.faults.values()
    stuck = bool(report.outlook.steps.unreachable)
    if any(not isinstance(f, Setback | SourceClosed) or (stuck and isinstance(f, SourceClosed)) for f in faults):
        return 1
    failed = stuck or any(isinstance(f, Setback) for f in faults) or any(one.failed for one in done)
    return 3 if failed and report.worked.why_left is None else 0


async def _room(settings: Settings, store: Store, url: str, outlook: Outlook) -> Finding:
    facts = await read_database(store.pool)
    size = Size(size_bytes=facts.size_bytes, row_count=facts.row_count, rows_added=outlook.estimate.rows)
    return judge_room(size, supabase=is_supabase(url), free_bytes=free_bytes(settings))


def free_bytes(settings: Settings) -> int | None:
    """Return what the disk of the embedded database has left; None where the database is elsewhere."""
    if not settings.is_embedded or not settings.home.exists():
        return None
    return shutil.disk_usage(settings.home).free
