"""`chalkola plan`: what would be asked now, how long that takes, what it adds. Asks nothing."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from chalkola.datasets import CATALOG
from chalkola.datasets.model import Pull
from chalkola.pipeline.forecast import Expected, forecast
from chalkola.pipeline.metering import creation_buckets
from chalkola.pipeline.plan import Plan
from chalkola.pipeline.run import Opened, Store, look_ahead
from chalkola.quotas import Quota
from chalkola.settings import Settings, read_settings
from chalkola.store.lines import read_coverage, read_lines
from chalkola.store.overview import last_row_counts
from chalkola.surfaces import screen, words
from chalkola.surfaces.choosing import Chosen, choose, filters
from chalkola.surfaces.opening import database_url, opened, run
from chalkola.surfaces.standing import Next, next_to_ask

_SHOWN = 24


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """A plan with what it costs. `rows` and `bytes` are estimates from the last day of each marketplace; `unknown`
    counts the pulls of marketplaces that were never loaded, of which nothing can be said."""

    now: datetime
    plan: Plan
    opened: Opened
    expected: Sequence[Expected]
    rows: int
    bytes: int
    unknown: int
    quotas: Mapping[str, Quota | None]
    next: Next | None

    @property
    def end(self) -> datetime:
        """Return when all of it should be in."""
        return max((one.done_at for one in self.expected), default=self.now)


@click.command("plan")
@filters
@click.option("--again", is_flag=True, help="As if closed days were asked for too.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output.")
def plan_command(again: bool, as_json: bool, **typed: Any) -> int:
    """Show what `pull` would ask now, how long Amazon's quotas make it take, and how much it adds.

    No report is asked for. Where an account was never seen, Amazon is asked which marketplaces it opens.
    """
    chosen = choose(**typed)
    settings = read_settings(for_amazon=True)
    chosen.request(settings)
    return run(_plan(settings, database_url(settings), chosen, again=again, as_json=as_json))


async def _plan(settings: Settings, url: str, chosen: Chosen, *, again: bool, as_json: bool) -> int:
    async with opened(settings, url) as store:
        outlook = await look(settings, store, chosen, again=again)
    if as_json:
        screen.emit(as_object(outlook))
    else:
        show(screen.console(), outlook)
    return 1 if outlook.opened.faults else 0


async def look(settings: Settings, store: Store, chosen: Chosen, *, again: bool = False) -> Outlook:
    """Return the plan for what was chosen, and what it costs as the buckets stand now."""
    request = chosen.request(settings, again=again)
    accounts, planned = await look_ahead(settings, store, request, only=chosen.marketplaces)
    now = settings.clock.now()
    keys = [creation_buckets(one.source, one.box.account, settings.quotas) for one in planned.pulls]
    buckets = {bucket.key: bucket for bucket in await store.buckets.read()}
    rows, byte_count, unknown = await _estimate(store, planned.pulls)
    coverage = await read_coverage(store.pool, [dataset.name for dataset in CATALOG])
    return Outlook(
        now=now, plan=planned, opened=accounts, expected=forecast(keys, buckets, now),
        rows=rows, bytes=byte_count, unknown=unknown, next=next_to_ask(coverage, now),
        quotas={one.source.name: settings.quotas.get(one.source.name, one.source.quota) for one in planned.pulls},
    )  # fmt: skip


async def _estimate(store: Store, pulls: Sequence[Pull]) -> tuple[int, int, int]:
    """Return rows, bytes, and the pulls of which nothing is known. A slice that has rows already adds none."""
    usual = await last_row_counts(store.pool)
    lines = await read_lines(store.pool, [s for one in pulls for s in one.slices])
    held = {line.slice for line in lines if line.row_count}
    rows = byte_count = unknown = 0
    for one in pulls:
        added = [usual.get((s.dataset, s.scope)) for s in one.slices if s not in held]
        known = sum(count for count in added if count is not None)
        unknown += any(count is None for count in added)
        rows += known
        byte_count += known * one.source.bytes_per_row
    return rows, byte_count, unknown


def show(console: Console, outlook: Outlook) -> None:
    """Print a plan for people."""
    for account, fault in outlook.opened.faults.items():
        console.print(f"Account {account}: {fault}", style="red", soft_wrap=True)
    pulls = outlook.plan.pulls
    if not pulls:
        _show_nothing(console, outlook)
    else:
        screen.show(console, _table(outlook))
        if (more := len(pulls) - _SHOWN) > 0:
            console.print(f"And {words.count(more, 'more', 'more')}, down to {pulls[-1].box.first}.")
        for sentence in _sentences(outlook):
            console.print(sentence, soft_wrap=True)
    for s in outlook.plan.unreachable:
        console.print(f"{words.of_scope(s.scope)} {s.day} {s.dataset}: no open source.", soft_wrap=True)


def _table(outlook: Outlook) -> Table:
    table = screen.table("marketplace", "day", "source", "account", "can be asked", "loaded about")
    for one, expected in list(zip(outlook.plan.pulls, outlook.expected, strict=True))[:_SHOWN]:
        asked = "now" if expected.asked_at <= outlook.now else words.instant(expected.asked_at)
        table.add_row(
            words.listed(one.box.marketplaces), str(one.box.last) + ("" if one.settled else " (preliminary)"),
            one.source.name, one.box.account, asked, words.instant(expected.done_at),
        )  # fmt: skip
    return table


def _sentences(outlook: Outlook) -> list[str]:
    said = [
        f"{words.count(number, 'question')} to account {account} by {source}."
        for (source, account), number in _by_source(outlook).items()
    ]
    said += [f"Amazon allows {source}: {quota}." for source, quota in outlook.quotas.items() if quota]
    took = words.about(outlook.end - outlook.now)
    said.append(f"Amazon's quotas make it take {took}: all of it should be in about {words.instant(outlook.end)}.")
    if outlook.unknown < len(outlook.plan.pulls):
        said.append(f"It adds about {words.count(outlook.rows, 'row')}, {words.size(outlook.bytes)}.")
    if outlook.unknown:
        whose = words.count(outlook.unknown, "question")
        said.append(f"How much {whose} will add is not known: nothing of that marketplace was loaded yet.")
    return said


def _show_nothing(console: Console, outlook: Outlook) -> None:
    if outlook.plan.closed:
        days = words.count(outlook.plan.closed, "day is", "days are")
        console.print(f"Nothing to ask: {days} closed already. --again asks for them all the same.", soft_wrap=True)
    elif not outlook.opened.faults:
        console.print("Nothing is due.")
        if outlook.next:
            at = words.instant(outlook.next.at)
            console.print(f"Next: {outlook.next.marketplace.code} {outlook.next.day}, {outlook.next.why} at {at}.")


def _by_source(outlook: Outlook) -> Counter[tuple[str, str]]:
    return Counter((one.source.name, one.box.account) for one in outlook.plan.pulls)


def as_object(outlook: Outlook) -> dict[str, object]:
    """Return a plan as `--json` prints it."""
    return {
        "now": outlook.now,
        "questions": [
            {
                "source": one.source.name,
                "account": one.box.account,
                "marketplaces": [m.code for m in one.box.marketplaces],
                "first_day": one.box.first,
                "last_day": one.box.last,
                "settled": one.settled,
                "can_be_asked_at": expected.asked_at,
                "loaded_about": expected.done_at,
            }
            for one, expected in zip(outlook.plan.pulls, outlook.expected, strict=True)
        ],
        "by_source": [
            {"source": source, "account": account, "questions": number, "quota": str(outlook.quotas[source] or "")}
            for (source, account), number in _by_source(outlook).items()
        ],
        "seconds": outlook.end - outlook.now,
        "end": outlook.end,
        "adds_rows": outlook.rows,
        "adds_bytes": outlook.bytes,
        "questions_of_unknown_size": outlook.unknown,
        "closed_already": outlook.plan.closed,
        "unreachable": outlook.plan.unreachable,
        "faults": {account: str(fault) for account, fault in outlook.opened.faults.items()},
        "next": outlook.next and {"marketplace": outlook.next.marketplace.code, "day": outlook.next.day,
                                  "at": outlook.next.at},
    }  # fmt: skip
