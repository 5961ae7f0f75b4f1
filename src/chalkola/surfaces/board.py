"""The live table: one line a marketplace, with a countdown in Amazon's time. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from rich.console import Group
from rich.text import Text

from chalkola.marketplaces import MARKETPLACES
from chalkola.pipeline.ending import Ended
from chalkola.pipeline.forecast import Expected
from chalkola.store.buckets import Bucket
from chalkola.store.overview import OpenPull
from chalkola.surfaces import screen, words
from chalkola.surfaces.waiting import doing, expectations

_ORDER = ("ready", "asked", "asking", "looking", "planned")


@dataclass(frozen=True, kw_only=True)
class _Line:
    """What a marketplace is at, and since when it was nearest to being done."""

    day: date
    doing: Text
    countdown: str = ""


def board(
    opened: Sequence[OpenPull],
    ended: Sequence[Ended],
    buckets: Mapping[str, Bucket],
    now: datetime,
    is_stopping: bool = False,
) -> Group:
    """Return the table as of `now`: of each marketplace the pull that is furthest on, or else that ended last."""
    expected = expectations(opened, buckets, now)
    lines: dict[str, _Line] = {words.of_scope(t.slice.scope): _of_ended(one) for one in ended for t in one.told}
    left: dict[str, int] = {}
    for one in sorted(opened, key=lambda pull: _ORDER.index(pull.stage), reverse=True):
        for code in map(words.of_scope, one.scopes):
            lines[code] = _of_open(one, expected[one.id], now)
            left[code] = left.get(code, 0) + 1
    table = screen.table("marketplace", "day", "what is going on", ">in Amazon's time", ">left")
    for code in sorted(lines, key=_place):
        line = lines[code]
        table.add_row(code, str(line.day), line.doing, line.countdown, str(left.get(code, "")))
    return Group(table, Text(_foot(opened, ended, expected, now, is_stopping), style="dim"))


def _place(code: str) -> tuple[int, str]:
    return next((i for i, m in enumerate(MARKETPLACES) if m.code == code), len(MARKETPLACES)), code


def _of_open(one: OpenPull, expected: Expected, now: datetime) -> _Line:
    countdown = "" if one.in_hand or expected.asked_at <= now else words.span(expected.asked_at - now)
    return _Line(day=one.last_day, doing=Text(doing(one)), countdown=countdown)


def _of_ended(ended: Ended) -> _Line:
    match ended.stage:
        case "loaded":
            states = ", ".join(dict.fromkeys(told.state for told in ended.told))
            said = Text(f"{words.count(ended.row_count, 'row')}, {states}", style="green")
        case "empty":
            said = Text("Amazon has no data", style="green")
        case _:
            said = Text(f"failed: {ended.failure}", style="red")
    return _Line(day=ended.pull.last_day, doing=said)


def _foot(
    opened: Sequence[OpenPull], ended: Sequence[Ended], expected: Mapping[int, Expected], now: datetime, stop: bool
) -> str:
    if stop:
        return "Stopping: what is in hand is finished first. Ctrl-C once more leaves at once."
    done = f"Amazon's time {words.instant(now)} · {len(ended)} of {len(ended) + len(opened)} done"
    if not opened:
        return done
    end = max(expected[one.id].done_at for one in opened)
    return f"{done} · all of it about {words.instant(end)}, in {words.about(end - now)}"
