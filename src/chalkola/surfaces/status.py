"""`chalkola status`: what is here, what is late and why, what is waited for."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import click
from rich.console import Console

from chalkola.datasets import CATALOG
from chalkola.pipeline.forecast import Expected
from chalkola.pipeline.run import Store
from chalkola.settings import Settings, read_settings
from chalkola.store.archive import Archive
from chalkola.store.buckets import Bucket
from chalkola.store.lines import read_coverage
from chalkola.store.overview import (
    Alert,
    KnownAccount,
    OpenPull,
    PastPull,
    read_accounts,
    read_alerts,
    read_open_pulls,
    read_past_pulls,
)  # fmt: skip
from chalkola.surfaces import screen, words
from chalkola.surfaces.board import doing, expectations
from chalkola.surfaces.opening import database_url, opened, run
from chalkola.surfaces.standing import Late, Standing, standings

_SHOWN = 12


@dataclass(frozen=True, kw_only=True)
class Status:
    """Everything that `status` says, as of `now` (Amazon's time)."""

    now: datetime
    marketplaces: tuple[Standing, ...]
    accounts: Sequence[KnownAccount]
    waiting: Sequence[OpenPull]
    expected: dict[int, Expected]
    last: Sequence[PastPull]
    failures: Sequence[PastPull]
    alerts: Sequence[Alert]
    buckets: Sequence[Bucket]
    archive_bytes: int | None


@click.command("status")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output.")
def status_command(as_json: bool) -> int:
    """Show what is here, what is late and why, and what is waited for. Asks Amazon nothing."""
    settings = read_settings()
    return run(_status(settings, database_url(settings), as_json=as_json))


async def _status(settings: Settings, url: str, *, as_json: bool) -> int:
    async with opened(settings, url) as store:
        status = await read_status(settings, store)
    if as_json:
        screen.emit(as_object(status))
    else:
        show(screen.console(), status)
    return 0


async def read_status(settings: Settings, store: Store) -> Status:
    """Return the status as the database has it now."""
    now = settings.clock.now()
    coverage = await read_coverage(store.pool, [dataset.name for dataset in CATALOG])
    waiting, buckets = await read_open_pulls(store.pool), await store.buckets.read()
    last = await read_past_pulls(store.pool, 200)
    archive = Archive(folder=settings.archive)
    return Status(
        now=now,
        marketplaces=standings(coverage, settings.marketplaces, now),
        accounts=await read_accounts(store.pool),
        waiting=waiting,
        expected=expectations(waiting, {bucket.key: bucket for bucket in buckets}, now),
        last=last[:_SHOWN],
        failures=[one for one in last if one.stage == "refused"][:_SHOWN],
        alerts=await read_alerts(store.pool),
        buckets=buckets,
        archive_bytes=await asyncio.to_thread(archive.size_bytes) if settings.archive else None,
    )


def show(console: Console, status: Status) -> None:
    """Print the status for people; parts with nothing to say are left out."""
    if not status.marketplaces and not status.accounts:
        console.print("Nothing has been pulled yet. `chalkola pull` begins.", soft_wrap=True)
        return
    _show_marketplaces(console, status)
    _show_accounts(console, status.accounts)
    _show_waiting(console, status)
    _show_last(console, status.last)
    _show_failures(console, status.failures)
    for alert in status.alerts:
        raised = words.instant(alert.raised_at)
        console.print(f"Alert since {raised}: {alert.rule}, {alert.subject}. {alert.message}", soft_wrap=True)
    _show_quotas(console, status)
    kept = "not kept" if status.archive_bytes is None else words.size(status.archive_bytes)
    console.print(f"Amazon's documents: {kept}.")


def _show_marketplaces(console: Console, status: Status) -> None:
    columns = (
        "marketplace",
        "newest closed day",
        "newest loaded",
        ">days closed",
        "not closed",
        "why, and what next",
    )
    table = screen.table(*columns, title=f"Marketplaces, {words.instant(status.now)}")
    for one in status.marketplaces:
        first = one.late[0] if one.late else None
        table.add_row(
            one.marketplace.code, str(one.newest_closed or "none"), str(one.newest_loaded or "none"),
            f"{one.closed_days:,}", _late_days(one.late), _why(first, status.now) if first else "",
        )  # fmt: skip
    screen.show(console, table)


def _late_days(late: Sequence[Late]) -> str:
    if not late:
        return ""
    return f"{late[0].day}" + (f" and {words.count(len(late) - 1, 'more', 'more')}" if len(late) > 1 else "")


def _why(late: Late, now: datetime) -> str:
    if late.next_at is None or late.next_at <= now:
        return f"{late.state}: {late.why}; the next run asks"
    return f"{late.state}: {late.why}; asked again from {words.instant(late.next_at)}"


def _show_accounts(console: Console, accounts: Sequence[KnownAccount]) -> None:
    for one in accounts:
        if one.fault:
            console.print(f"Account {one.account} is closed. {one.fault}", style="red", soft_wrap=True)
        for source, reason in one.closed.items():
            console.print(f"{source} is closed to account {one.account}. {reason}", style="red", soft_wrap=True)


def _show_waiting(console: Console, status: Status) -> None:
    if not status.waiting:
        return
    table = screen.table("pull", "marketplace", "day", "what is going on", "until", title="Under way")
    for one in status.waiting[:_SHOWN]:
        at = status.expected[one.id].asked_at
        until = "" if one.in_hand else words.instant(at) if at > status.now else "the next run"
        table.add_row(str(one.id), _scopes(one.scopes), str(one.last_day), doing(one), until)
    screen.show(console, table)
    if (more := len(status.waiting) - _SHOWN) > 0:
        end = max(expected.done_at for expected in status.expected.values())
        console.print(f"And {words.count(more, 'more', 'more')}; Amazon's quotas allow the last about "
                      f"{words.instant(end)}.", soft_wrap=True)  # fmt: skip


def _show_last(console: Console, last: Sequence[PastPull]) -> None:
    table = screen.table("pull", "marketplace", "day", "ended", "as", ">rows", "document", "note", title="Last pulls")
    for one in last:
        rows = "" if one.row_count is None else f"{one.row_count:,}"
        table.add_row(
            str(one.id), _scopes(one.scopes), str(one.first_day), words.instant(one.finished_at),
            screen.state(one.stage), rows, words.size(one.byte_count or 0), one.note or "",
        )  # fmt: skip
    if last:
        screen.show(console, table)


def _show_failures(console: Console, failures: Sequence[PastPull]) -> None:
    for one in failures:
        where = f"{_scopes(one.scopes)} {one.first_day}"
        console.print(f"Failed {words.instant(one.finished_at)}: {where}. {one.failure}", soft_wrap=True)


def _show_quotas(console: Console, status: Status) -> None:
    table = screen.table("quota", ">turns left", ">of", ">left today", "next turn", title="Amazon's quotas in use")
    for bucket in status.buckets:
        left = turns_left(bucket, status.now)
        if left == bucket.burst and not bucket.turns:
            continue
        daily = "" if bucket.daily is None else f"{bucket.daily - len(bucket.turns)} of {bucket.daily}"
        waits = bucket.open_at is not None and bucket.open_at > status.now
        next_turn = words.instant(bucket.open_at) if bucket.open_at and waits else "now"
        table.add_row(bucket.key, str(left), str(bucket.burst), daily, next_turn)
    if table.row_count:
        screen.show(console, table)


def turns_left(bucket: Bucket, now: datetime) -> int:
    """Return how many turns a bucket would grant at once, its daily limit and a 429 included."""
    if bucket.blocked_until is not None and bucket.blocked_until > now:
        return 0
    taken = max((bucket.full_at or now) - now, timedelta()) / timedelta(seconds=bucket.seconds_per_turn)
    left = bucket.burst - int(-(-taken // 1))
    return max(0, left if bucket.daily is None else min(left, bucket.daily - len(bucket.turns)))


def as_object(status: Status) -> dict[str, object]:
    """Return the status as `--json` prints it."""
    return {
        "now": status.now,
        "marketplaces": [
            {
                "marketplace": one.marketplace.code,
                "newest_settled": one.newest_settled,
                "newest_closed": one.newest_closed,
                "newest_loaded": one.newest_loaded,
                "closed_days": one.closed_days,
                "late": one.late,
            }
            for one in status.marketplaces
        ],
        "accounts": status.accounts,
        "waiting": [_waiting(one, status.expected[one.id]) for one in status.waiting],
        "last": status.last,
        "failures": status.failures,
        "alerts": status.alerts,
        "quotas": [_quota(bucket, status.now) for bucket in status.buckets],
        "archive_bytes": status.archive_bytes,
    }


def _waiting(one: OpenPull, expected: Expected) -> dict[str, object]:
    return {
        "pull": one.id,
        "account": one.account,
        "source": one.source,
        "marketplaces": [words.of_scope(scope) for scope in one.scopes],
        "day": one.last_day,
        "stage": one.stage,
        "waiting_for": doing(one),
        "until": expected.asked_at,
        "in_hand": one.in_hand,
        "ticket": one.ticket,
    }


def _quota(bucket: Bucket, now: datetime) -> dict[str, object]:
    return {
        "key": bucket.key,
        "turns_left": turns_left(bucket, now),
        "of": bucket.burst,
        "daily": bucket.daily,
        "left_today": bucket.daily and bucket.daily - len(bucket.turns),
        "next_turn_at": bucket.open_at,
        "refused_until": bucket.blocked_until,
    }


def _scopes(scopes: Sequence[str]) -> str:
    return " ".join(map(words.of_scope, scopes))
