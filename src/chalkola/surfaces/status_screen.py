"""`chalkola status` on screen."""

from collections.abc import Sequence
from datetime import datetime

from rich.console import Console
from rich.table import Table

from chalkola.marketplaces import by_amazon_id
from chalkola.store.day_zones import DayZone
from chalkola.store.overview import (
    KnownAccount,
    PastPull,
)  # fmt: skip
from chalkola.surfaces import screen, words
from chalkola.surfaces.standing import Late
from chalkola.surfaces.status_value import SHOWN, Status, turns_left
from chalkola.surfaces.waiting import doing


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
    _show_day_zones(console, status.day_zones)
    _show_archive(console, status)


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
    _print(console, table)


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
    for one in status.waiting[:SHOWN]:
        at = status.expected[one.id].asked_at
        until = "" if one.in_hand else words.instant(at) if at > status.now else "the next run"
        table.add_row(str(one.id), _scopes(one.scopes), str(one.last_day), doing(one), until)
    _print(console, table)
    if (more := len(status.waiting) - SHOWN) > 0:
        end = max(expected.done_at for expected in status.expected.values())
        console.print(f"And {words.count(more, 'more', 'more')}; Amazon's quotas allow the last about "
                      f"{words.instant(end)}.", soft_wrap=True)  # fmt: skip


def _show_last(console: Console, last: Sequence[PastPull]) -> None:
    head = ("pull", "source", "marketplace", "days", "ended", "as", ">rows", "document", "note")
    table = screen.table(*head, title="Last pulls")
    for one in last:
        rows = "" if one.row_count is None else f"{one.row_count:,}"
        table.add_row(
            str(one.id), one.source, _scopes(one.scopes), words.days(one.first_day, one.last_day),
            words.instant(one.finished_at),
            screen.state(one.stage), rows, words.size(one.byte_count or 0), one.note or "",
        )  # fmt: skip
    if last:
        _print(console, table)


def _show_failures(console: Console, failures: Sequence[PastPull]) -> None:
    for one in failures:
        where = f"{one.source} {_scopes(one.scopes)} {words.days(one.first_day, one.last_day)}"
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
        _print(console, table)


def _show_day_zones(console: Console, found: Sequence[DayZone]) -> None:
    """Print the marketplaces whose days are not the local ones."""
    for one in found:
        m = by_amazon_id(one.amazon_marketplace_id)
        if m and one.zone not in (None, m.time_zone):
            console.print(f"{m.code}: Amazon's days run in {one.zone}, not in {m.time_zone}.", soft_wrap=True)


def _show_archive(console: Console, status: Status) -> None:
    kept = status.archive
    if kept is None:
        console.print("Amazon's documents: not kept.")
        return
    some = words.count(kept.holding.count, "document")
    size, how_long = words.size(kept.holding.byte_count), words.kept_for(kept.time)
    console.print(f"Amazon's documents: {size}, {some} in {kept.place}, {how_long}.", soft_wrap=True)
    for one in status.unkept:
        lacking = words.count(one.count, "document is", "documents are")
        console.print(
            f"{lacking} not there, the last of {words.instant(one.last_at)}; the rows are loaded. {one.why}",
            style="red", soft_wrap=True,
        )  # fmt: skip


def _print(console: Console, table: Table) -> None:
    console.print(table)
    console.print()


def _scopes(scopes: Sequence[str]) -> str:
    return words.scopes(scopes)
