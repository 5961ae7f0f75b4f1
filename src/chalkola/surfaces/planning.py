"""`chalkola plan`: what would be asked now, how long that takes, what it adds. Asks nothing."""

from collections import Counter
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from chalkola.datasets import dataset
from chalkola.datasets.model import Past, Pull
from chalkola.settings import Settings, read_settings
from chalkola.surfaces import screen, words
from chalkola.surfaces.choosing import Chosen, choose, filters
from chalkola.surfaces.opening import data_address, opened, run
from chalkola.surfaces.outlook import Outlook, look

_SHOWN = 24


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
    return run(_plan(settings, data_address(settings), chosen, again=again, as_json=as_json))


async def _plan(settings: Settings, url: str, chosen: Chosen, *, again: bool, as_json: bool) -> int:
    async with opened(settings, url) as store:
        outlook = await look(settings, store, chosen, again=again)
    if as_json:
        screen.emit(as_object(outlook))
    else:
        show(screen.console(), outlook)
    return 1 if outlook.opened.faults else 0


def show(console: Console, outlook: Outlook) -> None:
    """Print a plan for people."""
    for name, fault in outlook.opened.faults.items():
        console.print(f"{words.of_fault(name)}: {fault}", style="red", soft_wrap=True)
    pulls = outlook.plan.pulls
    if not pulls:
        _show_nothing(console, outlook)
    else:
        screen.show(console, _table(outlook))
        if (more := len(pulls) - _SHOWN) > 0:
            console.print(f"And {words.count(more, 'more', 'more')}, down to {pulls[-1].box.first}.")
        for sentence in _sentences(outlook):
            console.print(sentence, soft_wrap=True)
        screen.show(console, _ways(outlook))
    for s in outlook.plan.unreachable:
        console.print(f"{words.of_scope(s.scope)} {s.day} {s.dataset}: no open source.", soft_wrap=True)


def _table(outlook: Outlook) -> Table:
    table = screen.table("marketplace", "day", "source", "account", "can be asked", "loaded about")
    for one, expected in list(zip(outlook.plan.pulls, outlook.expected, strict=True))[:_SHOWN]:
        asked = "now" if expected.asked_at <= outlook.now else words.instant(expected.asked_at)
        table.add_row(
            words.listed(one.box.places), words.days(one.box.first, one.box.last) + _remark(one),
            one.source.name, one.box.account, asked, words.instant(expected.done_at),
        )  # fmt: skip
    return table


def _remark(pull: Pull) -> str:
    return " (preliminary)" if not pull.settled else " (again)" if _reads_again(pull) else ""


def _reads_again(pull: Pull) -> bool:
    """Return whether a question is about days that were answered before: lists are asked late, and not again."""
    return bool(pull.rank) and any(dataset(name).past is not Past.GONE for name in pull.source.fills)


def _ways(outlook: Outlook) -> Table:
    """Return the ways that were compared. Those without figures were no choice."""
    table = screen.table("account", "dataset", "days", "way", ">questions", "rows in about", "taken")
    for one in outlook.comparisons:
        for way in one.ways:
            ready = words.instant(way.ready_at) if way.ready_at else ""
            table.add_row(
                one.account, one.dataset, one.what, way.source, "" if way.creations is None else f"{way.creations:,}",
                ready, f"no: {way.why_not}" if way.why_not else "yes",
            )  # fmt: skip
    return table


def _sentences(outlook: Outlook) -> list[str]:
    said = [
        f"{words.count(number, 'question')}{words.to_account(account)} by {source}."
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
    if held_back := outlook.plan.held_back:
        left = words.count(held_back, "slice")
        said.append(f"{left} that Amazon may have restated must wait: the quota leaves no turns for more.")
    if outlook.plan.extras_closed:
        names = ", ".join(sorted({s.dataset for s in outlook.plan.extras_closed}))
        said.append(f"Without {names}, for which no source is open; a night is complete without it.")
    return said


def _show_nothing(console: Console, outlook: Outlook) -> None:
    if outlook.plan.closed:
        days = words.count(outlook.plan.closed, "day is", "days are")
        console.print(f"Nothing to ask: {days} closed already. --again asks for them all the same.", soft_wrap=True)
    elif not outlook.opened.faults:
        console.print("Nothing is due.")
        if outlook.next:
            at = words.instant(outlook.next.at)
            console.print(f"Next: {outlook.next} at {at}.")


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
                "marketplaces": [m.code for m in one.box.places],
                "first_day": one.box.first,
                "last_day": one.box.last,
                "settled": one.settled,
                "again": _reads_again(one),
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
        "under_way_already": len(outlook.plan.under_way),
        "held_back": outlook.plan.held_back,
        "comparisons": outlook.comparisons,
        "unreachable": outlook.plan.unreachable,
        "extras_closed": outlook.plan.extras_closed,
        "faults": {account: str(fault) for account, fault in outlook.opened.faults.items()},
        "next": outlook.next and {"marketplace": outlook.next.place.code, "day": outlook.next.day,
                                  "at": outlook.next.at},
    }  # fmt: skip
