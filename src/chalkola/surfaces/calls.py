"""`chalkola calls`: what Amazon was called for, and what came of it. For finding out, and for a support case."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import click
from rich.console import Console
from rich.table import Table

from chalkola.amazon.operations import OPERATIONS
from chalkola.calls import DOWNLOAD, LOGIN, Call
from chalkola.errors import UsageError
from chalkola.marketplaces import MARKETPLACES, Region, marketplaces
from chalkola.periods import read_day
from chalkola.settings import Settings, read_settings
from chalkola.store.calls import Tally, Which, newest_pull, read_calls, tally
from chalkola.surfaces import screen, words
from chalkola.surfaces.opening import data_address, opened, run
from chalkola.surfaces.server import demo_home

_OPERATIONS = (*OPERATIONS, LOGIN, DOWNLOAD)
_ACCOUNTS = (*(region.value for region in Region), *(m.code for m in MARKETPLACES))
_UNITS = {"s": "seconds", "m": "minutes", "min": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_AGO = re.compile(rf"(\d{{1,4}})\s*({'|'.join(sorted(_UNITS, key=len, reverse=True))})")


@click.command("calls")
@click.option("--account", metavar="KEY", help="NA, EU, FE, or a marketplace that is an account of its own.")
@click.option("--operation", "operations", metavar="NAME", multiple=True,
              help="getReport, login, download, ...; may be repeated.")  # fmt: skip
@click.option("--pull", metavar="ID", type=click.IntRange(min=1), help="Made for this pull.")
@click.option("--marketplace", "codes", metavar="CODE", multiple=True,
              help="Made for a pull of this marketplace: US, DE, ...; may be repeated.")  # fmt: skip
@click.option("--date", "day", metavar="DAY", help="Made for a pull of this day, like 2026-11-20.")
@click.option("--failed", is_flag=True, help="Only those that were not answered with a 2xx, or not whole.")
@click.option("--since", metavar="WHEN", help="2h or 1d ago, a day, or an instant like 2026-11-20T02:00Z.")
@click.option("--limit", metavar="N", type=click.IntRange(1, 100_000), default=50, show_default=True,
              help="Show the newest so many.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output.")
@click.option("--demo", "of_demo", is_flag=True, help="Of the demo's database.")
def calls_command(
    account: str | None, operations: tuple[str, ...], pull: int | None, codes: tuple[str, ...], day: str | None,
    failed: bool, since: str | None, limit: int, as_json: bool, of_demo: bool,
) -> int:  # fmt: skip
    """Show the calls to Amazon, newest last: time, outcome, duration and Amazon's request id. Asks Amazon nothing.

    A filter on marketplace or date leaves out calls that belong to no pull.
    """
    settings = read_settings({"CHALKOLA_HOME": str(demo_home())}) if of_demo else read_settings()
    which = Which(
        account=read_account(account) if account is not None else None,
        operations=tuple(map(read_operation, operations)),
        pull=pull,
        scopes=tuple(m.scope for m in marketplaces(codes)),
        day=read_day(day) if day is not None else None,
        failed=failed,
        since=read_since(since, settings.clock.now()) if since is not None else None,
    )
    return run(_calls(settings, data_address(settings), which, limit, as_json=as_json))


async def _calls(settings: Settings, url: str, which: Which, limit: int, *, as_json: bool) -> int:
    async with opened(settings, url) as store:
        if which.pull is not None and which.pull > (newest := await newest_pull(store.pool)):
            there = f"The newest pull is {newest}." if newest else "Nothing has been pulled yet."
            raise UsageError(f"There is no pull {which.pull}.", remedy=f"{there} `chalkola status` lists the last.")
        calls, tallies = await read_calls(store.pool, which, limit), await tally(store.pool, which)
    if as_json:
        screen.emit(as_object(calls, tallies))
    elif calls:
        show(screen.console(whole=True), calls, tallies)
    else:
        screen.say(_nothing(settings, which))
    return 0


def read_account(typed: str) -> str:
    """Return an account's key. Raises `UsageError` that lists the accepted ones."""
    if (key := typed.strip().upper()) in _ACCOUNTS:
        return key
    raise UsageError(f"{typed!r} is no account.", remedy=f"Accepted are: {' '.join(_ACCOUNTS)}.")


def read_operation(typed: str) -> str:
    """Return an operation in Amazon's spelling. Raises `UsageError` that lists the accepted ones."""
    for name in _OPERATIONS:
        if name.lower() == typed.strip().lower():
            return name
    raise UsageError(f"{typed!r} is no operation.", remedy=f"Accepted are: {', '.join(_OPERATIONS)}.")


def read_since(typed: str, now: datetime) -> datetime:
    """Return the instant that is meant by `2h`, `30min`, `1d`, a day or an instant; one without a zone is UTC's.

    Raises `UsageError` for anything else.
    """
    if ago := _AGO.fullmatch(typed.strip().lower()):
        return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
    try:
        instant = datetime.fromisoformat(typed.strip())
        return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        accepted = "Write how long ago (45min, 2h, 1d), a day (2026-11-20), or an instant (2026-11-20T02:00Z)."
        raise UsageError(f"{typed!r} is no time to begin from.", remedy=accepted) from error


def show(console: Console, calls: Sequence[Call], tallies: Sequence[Tally]) -> None:
    """Print the calls, then the sums by operation of all that meet the filters."""
    screen.show(console, _table(calls))
    found = sum(one.calls for one in tallies)
    if found > len(calls):
        console.print(f"The newest {len(calls):,} of {found:,}; --limit shows more.", soft_wrap=True)
    screen.show(console, _sums(tallies))


def _table(calls: Sequence[Call]) -> Table:
    table = screen.table("time (UTC)", "account", "operation", "outcome", ">ms", ">rate/s", ">pull", "request id")
    for call in calls:
        at, rate = call.at.astimezone(UTC), "" if call.rate_per_second is None else f"{call.rate_per_second:g}"
        table.add_row(
            f"{at:%Y-%m-%d %H:%M:%S}", call.account, call.operation, outcome(call), f"{_ms(call):,}", rate,
            "" if call.pull is None else str(call.pull), call.request_id,
        )  # fmt: skip
    return table


def _sums(tallies: Sequence[Tally]) -> Table:
    table = screen.table("operation", ">calls", ">429", ">failed", ">median ms", ">95 % within ms")
    for one in tallies:
        figures = one.calls, one.throttled, one.failed, one.median_ms, one.p95_ms
        table.add_row(one.operation, *(f"{figure:,}" for figure in figures))
    return table


def outcome(call: Call) -> str:
    """Return what came of a call: `200`, `reset`, or `200, then reset` of an answer that did not arrive whole."""
    if not call.failure:
        return str(call.status)
    return call.failure if call.status is None else f"{call.status}, then {call.failure}"


def as_object(calls: Sequence[Call], tallies: Sequence[Tally]) -> dict[str, object]:
    """Return the calls as `--json` prints them; `found` are all that meet the filters."""
    return {
        "found": sum(one.calls for one in tallies),
        "calls": [
            {
                "at": call.at.astimezone(UTC), "account": call.account, "operation": call.operation,
                "status": call.status, "failure": call.failure or None, "ms": _ms(call),
                "request_id": call.request_id or None, "rate_per_second": call.rate_per_second, "pull": call.pull,
            }
            for call in calls
        ],
        "operations": tallies,
    }  # fmt: skip


def _ms(call: Call) -> int:
    return round(call.seconds * 1000)


def _nothing(settings: Settings, which: Which) -> str:
    if not settings.calls_kept:
        return "No call is kept: CHALKOLA_CALLS_KEPT_DAYS is 0."
    kept = words.count(settings.calls_kept.days, "day")
    return f"No call is written down{'' if which == Which() else ' that meets this'}. They are kept for {kept}."
